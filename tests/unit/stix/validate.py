"""Reads STIX bundles, one a line, and holds each against the OASIS validator, without the network. Exit 1 when one is
invalid, or warned about for a reason that is not one of two: {103}, our ids are UUIDv5 of our own namespace on purpose
(STIX 2.1 section 2.9: SHOULD be v4, MUST NOT use the namespace of OASIS); {302}, nobody told us the hash of the page
that a member's reference names.

Before it believes the validator, it breaks each bundle in ways that must be found.
"""

import copy
import json
import socket
import sys

from stix2validator import ValidationOptions, validate_instance


def no_network(*_args):
    raise RuntimeError("the validator wants the network")


socket.socket.connect = no_network


def faults(bundle):
    result = validate_instance(bundle, ValidationOptions(version="2.1"))
    warnings = [str(w) for w in result.warnings if "{103}" not in str(w) and "{302}" not in str(w)]
    return [str(getattr(e, "message", e)) for e in result.errors] + warnings


def broken(bundle):
    """The bundle with one thing wrong each."""
    def first(copied, kind):
        return next(o for o in copied["objects"] if o["type"] == kind)

    for change in (
        lambda b: first(b, "indicator").pop("pattern"),
        lambda b: first(b, "indicator").update(pattern="[ipv4-addr:value = ]"),
        lambda b: first(b, "indicator").update(valid_until="1999-01-01T00:00:00Z"),
        lambda b: first(b, "indicator").update(id="indicator--1"),
        lambda b: first(b, "vulnerability").update(external_references=[{"source_name": "cve", "external_id": "x"}]),
        lambda b: first(b, "marking-definition").pop("extensions"),
    ):
        copied = copy.deepcopy(bundle)
        change(copied)
        yield copied


failed = count = 0
for line in sys.stdin:
    bundle = json.loads(line)
    count += 1
    ids = [o["id"] for o in bundle["objects"]]
    found = faults(bundle)
    if len(ids) != len(set(ids)):
        found.append("an id stands twice")
    if any(not faults(b) for b in broken(bundle)):
        found.append("the validator missed a fault planted here")
    for fault in found:
        print(f"bundle {count}: {fault}")
    failed += bool(found)
    print(f"bundle {count}: {len(ids)} objects, {'NOT valid' if found else 'valid'}")
sys.exit(1 if failed or count != 5 else 0)
