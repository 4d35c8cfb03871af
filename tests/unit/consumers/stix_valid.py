"""stix_valid.py {FILE COUNT}...: each file is a STIX 2.1 bundle of COUNT objects that the OASIS validator accepts,
without the network. {103} is let pass: our ids are UUIDv5 on purpose. A stale bundle carries the note that says so.
The validator is first shown a fault, which it must find."""

import json
import socket
import sys

from stix2validator import ValidationOptions, validate_instance


def no_network(*_args):
    raise RuntimeError("the validator wants the network")


socket.socket.connect = no_network


def faults(bundle):
    result = validate_instance(bundle, ValidationOptions(version="2.1"))
    return [str(e) for e in result.errors] + [str(w) for w in result.warnings if "{103}" not in str(w)]


failed = False
for path, count in zip(sys.argv[1::2], sys.argv[2::2]):
    with open(path, encoding="utf-8") as file:
        bundle = json.load(file)
    found = faults(bundle)
    ids = {o["id"] for o in bundle["objects"]}
    if len(ids) != int(count) or len(bundle["objects"]) != int(count):
        found.append(f"{len(bundle['objects'])} objects with {len(ids)} ids, not {count}")
    notes = [o for o in bundle["objects"] if o["type"] == "note" and o["abstract"] == "STALE"]
    if len(notes) != ("stale" in path.rsplit("/", 1)[1]):
        found.append(f"{len(notes)} notes of a stale picture")
    bundle["objects"][-1].pop("created")
    if not faults(bundle):
        found.append("the validator missed a fault planted here")
    failed |= bool(found)
    print(path, *(found or ["valid"]), sep="\n  ")
sys.exit(failed)
