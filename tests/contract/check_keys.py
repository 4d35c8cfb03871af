#!/usr/bin/env python3
"""Reproduces schemas/vectors/keys.tsv from the words of schemas/KEYS.md with nothing but hashlib, and the
keys of the accepted values of schemas/vectors/canon.jsonl as far as they stand there: what a connector
in another language has to do."""
import hashlib
import json
import sys


def key_of(kind, value):
    return hashlib.sha256(kind.encode("ascii") + b"\x00" + value.encode("ascii")).digest()[:16]


def partition_of(key, partitions):
    return int.from_bytes(key[:8], "big") % partitions


def check_keys(path):
    keys = {}
    with open(path, encoding="ascii") as rows:
        for number, row in enumerate(rows, 1):
            if row.startswith("#"):
                continue
            kind, value, key_hex, of_12, of_1000 = row.rstrip("\n").split("\t")
            key = key_of(kind, value)
            if key.hex() != key_hex or partition_of(key, 12) != int(of_12) or partition_of(key, 1000) != int(of_1000):
                sys.exit(f"{path}:{number}: {kind} {value} has key {key.hex()}, "
                         f"partition {partition_of(key, 12)} of 12, {partition_of(key, 1000)} of 1000")
            if keys.setdefault(key, (kind, value)) != (kind, value):
                sys.exit(f"{path}:{number}: two indicators have one key")
    return keys


def check_canonical(path, keys):
    """Spellings of one value end in one key; each kind has at least one value in both files."""
    kinds, by_value = set(), {}
    with open(path, encoding="ascii") as rows:
        for number, row in enumerate(rows, 1):
            case = json.loads(row)
            if "value" not in case:
                continue
            kind = case.get("becomes", case["kind"])
            key = key_of(kind, case["value"])
            if by_value.setdefault(key, (kind, case["value"])) != (kind, case["value"]):
                sys.exit(f"{path}:{number}: two indicators have one key")
            if key in keys:
                kinds.add(kind)
    missing = {kind for kind, _ in keys.values()} - kinds
    if missing:
        sys.exit(f"{path} has no value of {', '.join(sorted(missing))} that keys.tsv has")


found = check_keys("schemas/vectors/keys.tsv")
if len(found) < 24:
    sys.exit("schemas/vectors/keys.tsv is too short")
check_canonical("schemas/vectors/canon.jsonl", found)
print(f"{len(found)} keys reproduced")
