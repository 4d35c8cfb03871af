"""Avro's binary form and single-object framing in plain Python, straight from the specification (Avro 1.11) and the
.avsc files of schemas/: a second opinion on what our C writes. Uses the standard library only."""

import json
import os
import struct

EMPTY = 0xC15D213AA4D7A795


def load(folder, stem):
    """The schema of schemas/<stem>.avsc as self-contained JSON."""
    named = {}
    for other in sorted(os.listdir(folder)):
        if other.endswith(".avsc"):
            with open(os.path.join(folder, other), encoding="utf-8") as stream:
                gather(json.load(stream), named)
    with open(os.path.join(folder, stem + ".avsc"), encoding="utf-8") as stream:
        return close(as_list(json.load(stream))[-1], named, set())


def gather(schema, named):
    """Every named type, also those defined inside of others."""
    for part in as_list(schema):
        if isinstance(part, dict):
            if "name" in part:
                named[part["name"]] = part
            for field in part.get("fields", []):
                gather(field["type"], named)
            gather(part.get("items", []), named)
            gather(part["type"] if isinstance(part["type"], (dict, list)) else [], named)


def as_list(schema):
    return schema if isinstance(schema, list) else [schema]


def close(schema, named, seen):
    """Every named type defined where it is first used, and referred to by its name after that."""
    if isinstance(schema, list):
        return [close(branch, named, seen) for branch in schema]
    if isinstance(schema, str):
        if schema not in named or schema in seen:
            return schema
        schema = named[schema]
    schema = dict(schema)
    if "name" in schema:
        seen.add(schema["name"])
    if isinstance(schema["type"], (dict, list)) and "name" not in schema:
        return close(schema["type"], named, seen)
    if schema["type"] == "record":
        schema["fields"] = [dict(f, type=close(f["type"], named, seen)) for f in schema["fields"]]
    if schema["type"] == "array":
        schema["items"] = close(schema["items"], named, seen)
    return schema


def canonical(schema, space="tocsin"):
    """Parsing Canonical Form: names in full, only what matters for reading, in a fixed order."""
    if isinstance(schema, list):
        return [canonical(branch, space) for branch in schema]
    if isinstance(schema, str):
        return schema if schema in PRIMITIVE else space + "." + schema
    kind = schema["type"]
    if kind in PRIMITIVE:
        return kind
    if kind == "array":
        return {"type": "array", "items": canonical(schema["items"], space)}
    out = {"name": space + "." + schema["name"], "type": kind}
    if kind == "record":
        out["fields"] = [{"name": f["name"], "type": canonical(f["type"], space)} for f in schema["fields"]]
    elif kind == "enum":
        out["symbols"] = schema["symbols"]
    else:
        out["size"] = schema["size"]
    return out


PRIMITIVE = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}


def fingerprint(schema):
    """CRC-64-AVRO, little-endian as in the framing."""
    value = EMPTY
    for byte in json.dumps(canonical(schema), separators=(",", ":"), ensure_ascii=False).encode():
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (EMPTY if value & 1 else 0)
    return struct.pack("<Q", value)


class Codec:
    """Reads and writes one schema. Records are dicts, fixed and bytes are bytes, enums their symbols."""

    def __init__(self, schema):
        self.schema, self.named = schema, {}
        self.collect(schema)

    def collect(self, schema):
        if isinstance(schema, list):
            for branch in schema:
                self.collect(branch)
        elif isinstance(schema, dict):
            if "name" in schema:
                self.named[schema["name"]] = schema
            for part in schema.get("fields", []):
                self.collect(part["type"])
            self.collect(schema.get("items"))

    def decode(self, body):
        value, rest = self.read(self.schema, body)
        if rest:
            raise ValueError("%d bytes too many" % len(rest))
        return value

    def read(self, schema, data):
        if isinstance(schema, list):
            branch, data = read_long(data)
            return self.read(schema[branch], data)
        kind = schema if isinstance(schema, str) else schema["type"]
        if isinstance(schema, str) and schema in self.named:
            return self.read(self.named[schema], data)
        if kind == "null":
            return None, data
        if kind == "boolean":
            return bool(data[0]), data[1:]
        if kind in ("int", "long"):
            return read_long(data)
        if kind in ("bytes", "string"):
            length, data = read_long(data)
            raw, data = take(data, length)
            return (raw if kind == "bytes" else raw.decode()), data
        if kind == "fixed":
            return take(data, schema["size"])
        if kind == "enum":
            index, data = read_long(data)
            return schema["symbols"][index], data
        if kind == "array":
            return self.read_array(schema["items"], data)
        out = {}
        for field in schema["fields"]:
            out[field["name"]], data = self.read(field["type"], data)
        return out, data

    def read_array(self, items, data):
        out = []
        while True:
            count, data = read_long(data)
            if count == 0:
                return out, data
            if count < 0:
                _, data = read_long(data)
            for _ in range(abs(count)):
                item, data = self.read(items, data)
                out.append(item)

    def encode(self, value, schema=None):
        schema = self.schema if schema is None else schema
        if isinstance(schema, list):
            branch = 0 if value is None else next(i for i, b in enumerate(schema) if b != "null")
            return long(branch) + self.encode(value, schema[branch])
        if isinstance(schema, str) and schema in self.named:
            return self.encode(value, self.named[schema])
        kind = schema if isinstance(schema, str) else schema["type"]
        if kind == "null":
            return b""
        if kind == "boolean":
            return bytes([value])
        if kind in ("int", "long"):
            return long(value)
        if kind in ("bytes", "string"):
            raw = value if kind == "bytes" else value.encode()
            return long(len(raw)) + raw
        if kind == "fixed":
            assert len(value) == schema["size"]
            return value
        if kind == "enum":
            return long(schema["symbols"].index(value))
        if kind == "array":
            body = b"".join(self.encode(item, schema["items"]) for item in value)
            return (long(len(value)) + body if value else b"") + long(0)
        return b"".join(self.encode(value[f["name"]], f["type"]) for f in schema["fields"])


def take(data, length):
    if length < 0 or length > len(data):
        raise ValueError("length %d of %d left" % (length, len(data)))
    return data[:length], data[length:]


def read_long(data):
    value = shift = 0
    for at, byte in enumerate(data[:10]):
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), data[at + 1:]
    raise ValueError("varint")


def long(value):
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
