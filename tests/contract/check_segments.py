#!/usr/bin/env python3
"""Proves schemas/SEGMENTS.md with schemas/vectors/segments.json and none of our code: framing, fingerprints, what is
signed, key ids and Ed25519 signatures, from the specifications, the standard library and python3-cryptography.

--write makes the vectors anew from their fields; only for a schema that no release carries yet.
"""

import hashlib
import json
import os
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

import avro_plain

SCHEMAS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "schemas")
VECTORS = os.path.join(SCHEMAS, "vectors", "segments.json")
DOMAIN = b"tocsin-segment-v1\0"
SIGNATURE = 64


def codec(stem):
    schema = avro_plain.load(SCHEMAS, stem)
    return b"\xc3\x01" + avro_plain.fingerprint(schema), avro_plain.Codec(schema)


def plain(value):
    """Bytes stand as {"hex": "..."} in JSON."""
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"]) if set(value) == {"hex"} else {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


def public_bytes(key):
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def seal(case):
    """The Kafka value of a case, from its fields alone."""
    header, payload_codec = codec(case["record"])
    payload = header + payload_codec.encode(plain(case["fields"]))
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(case["seed"]))
    header, signed_codec = codec("signed_segment")
    value = header + signed_codec.encode({
        "deployment": bytes.fromhex(case["deployment"]),
        "key_id": hashlib.sha256(public_bytes(key)).digest()[:16],
        "codec": "none",
        "raw_length": len(payload),
        "encryption": b"",
        "observations": len(case["fields"].get("observations", [])),
        "payload": payload,
        "signature": bytes(SIGNATURE)})
    body = value[:-SIGNATURE]
    return body + key.sign(DOMAIN + body)


def verifies(value, public_key):
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(value[-SIGNATURE:], DOMAIN + value[:-SIGNATURE])
        return True
    except InvalidSignature:
        return False


def check_sealed(case):
    value = bytes.fromhex(case["value"])
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(case["seed"]))
    assert public_bytes(key).hex() == case["public_key"], "public key"
    assert seal(case) == value, "the fields do not give the value"
    header, signed_codec = codec("signed_segment")
    assert value.startswith(header), "framing"
    signed = signed_codec.decode(value[len(header):])
    assert signed["signature"] == value[-SIGNATURE:], "the signature is not the last field"
    assert signed["key_id"] == hashlib.sha256(public_bytes(key)).digest()[:16], "key id"
    header, payload_codec = codec(case["record"])
    assert signed["payload"].startswith(header), "payload framing"
    assert payload_codec.decode(signed["payload"][len(header):]) == plain(case["fields"]), "payload"
    assert verifies(value, public_bytes(key)), "signature"
    for at in range(len(value)):  # every byte counts
        other = bytearray(value)
        other[at] ^= 1
        assert not verifies(bytes(other), public_bytes(key)), "byte %d is not signed" % at


def check_refused(case):
    """A reader that follows the rules refuses it: here for the two reasons that need no limits."""
    value = bytes.fromhex(case["value"])
    header, signed_codec = codec("signed_segment")
    if case["refusal"] == "segment.frame":
        try:
            assert value.startswith(header)
            signed = signed_codec.decode(value[len(header):])
            assert signed["encryption"] == b"" and signed["raw_length"] >= 0
        except (AssertionError, ValueError, IndexError):
            return
        raise AssertionError("is well framed")
    if case["refusal"] == "segment.signature":
        assert not verifies(value, bytes.fromhex(case["public_key"])), "verifies"


def write(vectors):
    by_name = {}
    for case in vectors["sealed"]:
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(case["seed"]))
        case["public_key"] = public_bytes(key).hex()
        by_name[case["name"]] = value = seal(case)
        case["value"] = value.hex()
    for case in vectors["refused"]:
        of = next(c for c in vectors["sealed"] if c["name"] == case["of"])
        case["public_key"] = of["public_key"]
        case["value"] = spoil(case, of, by_name[case["of"]]).hex()
    with open(VECTORS, "w", encoding="utf-8") as stream:
        json.dump(vectors, stream, indent=1)
        stream.write("\n")


def spoil(case, of, value):
    """What a refused case does to a good value; `how` names it."""
    how, key = case["how"], Ed25519PrivateKey.from_private_bytes(bytes.fromhex(of["seed"]))
    body = value[:-SIGNATURE]
    if how == "last byte of the signature turned":
        return value[:-1] + bytes([value[-1] ^ 1])
    if how == "signed without the domain":
        return body + key.sign(body)
    if how == "signed without the framing":
        return body + key.sign(DOMAIN + body[10:])
    if how == "signed by another key":
        return body + Ed25519PrivateKey.from_private_bytes(bytes(32)).sign(DOMAIN + body)
    if how == "one byte behind the signature":
        return value + b"\0"
    if how == "cut off":
        return value[:-1]
    if how == "another schema's fingerprint":
        return codec("segment")[0] + value[10:]
    header, signed_codec = codec("signed_segment")
    signed = signed_codec.decode(value[10:])
    signed.update({"encryption": {"encryption": b"\1"}, "raw length one more": {"raw_length": signed["raw_length"] + 1},
                   "raw length negative": {"raw_length": -1}, "raw length over the limit": {"raw_length": 524289},
                   "observations over the limit": {"observations": 1001}, "codec unknown": {"codec": "unknown"}}[how])
    body = (header + signed_codec.encode(signed))[:-SIGNATURE]
    return body + key.sign(DOMAIN + body)


def main():
    with open(VECTORS, encoding="utf-8") as stream:
        vectors = json.load(stream)
    if sys.argv[1:] == ["--write"]:
        write(vectors)
    failed = 0
    for group, check in (("sealed", check_sealed), ("refused", check_refused)):
        for case in vectors[group]:
            try:
                check(case)
            except AssertionError as why:
                failed += 1
                print("%s, %s: %s" % (group, case["name"], why))
    print("check_segments: %d cases, %d failed" % (sum(len(vectors[g]) for g in vectors), failed))
    return failed != 0 or not vectors["sealed"] or not vectors["refused"]


if __name__ == "__main__":
    sys.exit(main())
