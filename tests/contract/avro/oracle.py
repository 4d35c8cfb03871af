#!/usr/bin/env python3
"""oracle.py SAMPLES TOC_AVRO_GEN: the avro package of Python as the second oracle, with the JSON form made by code of
its own from the schemas alone.

Container files and bodies that we write it reads as the same values; those it writes we read as the same values; the
canonical forms and fingerprints agree; the JSON Schemas take what we write.
"""

import base64
import datetime
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest

import avro.datafile
import avro.io
import avro.schema
import jsonschema

SAMPLES, GEN = sys.argv[1:3]
del sys.argv[1:3]
ROWS = 25
HISTORY = "schemas/history"
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
LAST_MS = 253402300799999  # the end of the year 9999
INT, LONG = 2**31, 2**63


def schemas():
    """Current schema of each record, from its newest version on file."""
    newest = {}
    for name in os.listdir(HISTORY):
        record, _, version = name[:-5].rpartition(".")
        if name.endswith(".avsc") and int(version) > newest.get(record, (0, ""))[0]:
            newest[record] = (int(version), os.path.join(HISTORY, name))
    for _, path in sorted(newest.values()):
        with open(path, encoding="utf-8") as f:
            yield path, json.load(f)


class Form:
    """One schema: its JSON form, and random values in what the avro package takes."""

    def __init__(self, schema):
        self.schema = schema
        self.named = {}
        self.note(schema, "")

    def note(self, schema, space):
        if isinstance(schema, list):
            for each in schema:
                self.note(each, space)
        elif isinstance(schema, dict):
            space = schema.get("namespace", space)
            if schema.get("type") in ("record", "enum", "fixed"):
                self.named[f"{space}.{schema['name']}"] = schema
            for part in [schema.get("type"), schema.get("items")] + [f["type"] for f in schema.get("fields", [])]:
                self.note(part, space)

    def resolve(self, schema):
        return self.named.get(schema, schema) if isinstance(schema, str) else schema

    # The JSON form of a value. Rules as schemas/JSON.md states them.
    def json(self, schema, value):
        schema = self.resolve(schema)
        kind = schema["type"] if isinstance(schema, dict) else schema
        if kind == "record":
            return self.record_json(schema, value)
        if kind == "enum":
            return schema.get("spelling", {}).get(value, value)
        if kind == "fixed":
            return value.hex()
        if kind == "bytes":
            return base64.b64encode(value).decode()
        if kind == "array":
            return [self.json(schema["items"], item) for item in value]
        if isinstance(schema, dict) and schema.get("logicalType"):
            return value.astimezone(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return value

    def record_json(self, schema, value):
        out = {}
        for field in schema["fields"]:
            kind, item = field["type"], value[field["name"]]
            if isinstance(kind, list):
                if item is not None:
                    out[field["name"]] = self.json(kind[1], item)
                continue
            empty = item in ("", b"", []) if isinstance(item, (str, bytes, list)) else item == EPOCH
            if not empty:
                out[field["name"]] = self.json(kind, item)
        return out

    def any(self, rng, schema, limits):
        schema = self.resolve(schema)
        kind = schema["type"] if isinstance(schema, dict) else schema
        if isinstance(schema, list):
            return rng.choice([None, self.any(rng, schema[1], limits)])
        if kind == "record":
            return {f["name"]: self.any(rng, f["type"], f) for f in schema["fields"]}
        if kind == "array":
            return [self.any(rng, schema["items"], limits) for _ in range(min(rng.choice([0, 1, 2, 9]), limits["max"]))]
        if kind == "enum":
            return rng.choice(schema["symbols"])
        if kind == "fixed":
            return rng.randbytes(schema["size"])
        if kind == "bytes":
            return rng.randbytes(min(rng.choice([0, 1, 17, 70000]), limits["maxBytes"]))
        if kind == "string":
            text = "".join(rng.choice("aZ0. \"\\\u00e9\u20ac\U0001f514") for _ in range(rng.choice([0, 1, 5, 2100])))
            return text.encode()[:limits["maxBytes"]].decode(errors="ignore")
        if kind == "boolean":
            return rng.choice([True, False])
        if isinstance(schema, dict) and schema.get("logicalType"):
            return EPOCH + datetime.timedelta(milliseconds=rng.choice([0, 1, rng.randrange(LAST_MS), LAST_MS]))
        edge = INT if kind == "int" else LONG
        return rng.choice([-edge, edge - 1, 0, rng.randrange(-edge, edge), rng.randrange(-99, 99)])


class Oracle(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = folder.name

    def test_it_reads_ours(self):
        subprocess.run([SAMPLES, "write", self.dir, str(ROWS)], check=True)
        for _, schema in schemas():
            form, stem = Form(schema), os.path.join(self.dir, schema["name"])
            with self.subTest(schema["name"]):
                with open(stem + ".jsonl", encoding="utf-8") as f:
                    ours = [json.loads(line) for line in f]
                with avro.datafile.DataFileReader(open(stem + ".avro", "rb"), avro.io.DatumReader()) as reader:
                    theirs = [form.json(schema, row) for row in reader]
                self.assertEqual(len(ours), ROWS)
                self.assertEqual(ours, theirs)

    def test_we_read_its(self):
        rng, want = random.Random(5), []
        for _, schema in schemas():
            form, parsed = Form(schema), avro.schema.parse(json.dumps(schema))
            path = os.path.join(self.dir, schema["name"] + ".avro")
            with avro.datafile.DataFileWriter(open(path, "wb"), avro.io.DatumWriter(), parsed) as writer:
                for _ in range(ROWS):
                    row = form.any(rng, schema, {})
                    writer.append(row)
                    want.append((schema["name"], form.json(schema, row)))
        done = subprocess.run([SAMPLES, "read", self.dir], check=True, stdout=subprocess.PIPE, text=True)
        lines = [line.partition(" ") for line in done.stdout.split("\n") if line]
        got = [(name, json.loads(row)) for name, _, row in lines]
        self.assertEqual(sorted(map(repr, got)), sorted(map(repr, want)))

    def test_canonical_forms_agree(self):
        for path, schema in schemas():
            with self.subTest(path):
                done = subprocess.run([GEN, "canonical", path], check=True, stdout=subprocess.PIPE, text=True)
                fingerprint, _, form = done.stdout.rstrip("\n").partition(" ")
                theirs = once(json.loads(avro.schema.parse(json.dumps(plain(schema))).canonical_form), set())
                self.assertEqual(form, json.dumps(theirs, separators=(",", ":")))
                self.assertEqual(int(fingerprint, 16), crc64(form.encode()))

    def test_json_schemas_take_what_we_write(self):
        subprocess.run([SAMPLES, "write", self.dir, str(ROWS)], check=True)
        names = [name for name in os.listdir("schemas/json") if name.endswith(".schema.json")]
        self.assertEqual(sorted(names), ["indicator.schema.json", "observation.schema.json", "receipt.schema.json"])
        for name in names:
            with open(os.path.join("schemas/json", name), encoding="utf-8") as f:
                schema = json.load(f)
            jsonschema.Draft202012Validator.check_schema(schema)
            validator = jsonschema.Draft202012Validator(schema)
            with open(os.path.join(self.dir, schema["title"] + ".jsonl"), encoding="utf-8") as f:
                rows = [json.loads(line) for line in f]
            for row in rows:
                self.assertIsNone(jsonschema.exceptions.best_match(validator.iter_errors(row)))
                self.assertIsNotNone(jsonschema.exceptions.best_match(validator.iter_errors(dict(row, more=1))))
                for field in schema["required"]:
                    less = {k: v for k, v in row.items() if k != field}
                    self.assertIsNotNone(jsonschema.exceptions.best_match(validator.iter_errors(less)))


def plain(schema):
    """Without logical types: against [PRIMITIVES] the package leaves {"type": "long"} of them in its canonical form."""
    if isinstance(schema, list):
        return [plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return schema["type"] if "logicalType" in schema else {key: plain(value) for key, value in schema.items()}


def once(schema, seen):
    """Every type defined at its first use only: the package defines a fixed at each."""
    if isinstance(schema, list):
        return [once(each, seen) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "fixed":
        if schema["name"] in seen:
            return schema["name"]
        seen.add(schema["name"])
    return {key: once(value, seen) for key, value in schema.items()}


def crc64(data):
    """CRC-64-AVRO as the specification's own Java code has it."""
    empty = 0xC15D213AA4D7A795
    table = []
    for i in range(256):
        for _ in range(8):
            i = (i >> 1) ^ (empty if i & 1 else 0)
        table.append(i)
    crc = empty
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return crc


unittest.main()
