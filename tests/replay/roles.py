#!/usr/bin/env python3
"""Sources shown by role: readers learn what kind of member asserts it, and nothing that tells two of a kind apart."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from raw_log import DAY, START, Log  # noqa: E402
from raw_member import Checks, observation  # noqa: E402

WHAT = ("domain", "shown-by-role.com")
MEMBERS = {"st-mary": "hospital", "st-john": "hospital", "coverall": "payer", "centre": "government"}


def views(*statements, hidden=()):
    """{audience: Indicator} after (member, attribution[, action]) in this order, each about WHAT; `hidden`: who says it
    to nobody's eyes beside them."""
    log = Log()
    members = {name: log.admit(name, role=role) for name, role in MEMBERS.items()}
    log.tick()
    for name, attribution, *action in statements:
        fields = {"first_seen": START - 3 * DAY - 12345, "references": [{"source": "x", "id": "R-1", "url": ""}]}
        o = observation(*WHAT, action=action[0] if action else "assert", **fields)
        members[name].say([o], attribution=attribution, release={"federal": "yes", "communities": []})
        for other in hidden:
            members[other].say([o], attribution="role", marking="red")
    log.tick()
    return {audience: found[WHAT] for audience, found in log.replay("--batch", "3", "--abort", "2").views.items() if WHAT in found}


def roles(found):
    assert set(found) == {"green", "amber", "federal"}, set(found)
    told = {tuple(view.get("roles", [])) for view in found.values()}
    assert len(told) == 1, told
    return list(told.pop())


def main():
    checks = Checks()
    mary, john = views(("st-mary", "role")), views(("st-john", "role"))
    checks.same("a hospital says it", roles(mary), ["hospital"])
    checks.same("either hospital: the same to the byte", mary, john)
    one = mary["green"]
    checks.same("no row, no reference, no time finer than a day", (one.get("sources", []), one.get("references", []), one["now"]["first_seen"]),
                ([], [], views(("st-mary", "anonymous"))["green"]["now"]["first_seen"]))
    checks.that("nothing names it", "st-mary" not in repr(mary) and "'main'" not in repr(mary), mary)
    checks.same("two hospitals are one kind", roles(views(("st-mary", "role"), ("st-john", "role"))), ["hospital"])
    both = ("st-mary", "role"), ("coverall", "role")
    checks.same("two kinds, in the order of the contract", [roles(views(*both)), roles(views(*reversed(both)))], [["hospital", "payer"]] * 2)
    checks.same("government, too", roles(views(("centre", "role"))), ["government"])
    checks.same("anonymous and named are not among them", roles(views(("st-mary", "anonymous"), ("coverall", "named"))), [])
    checks.same("who only refutes is not", roles(views(("coverall", "anonymous"), ("st-mary", "role", "refute"))), [])
    checks.same("who has withdrawn is not", roles(views(("coverall", "anonymous"), ("st-mary", "role"), ("st-mary", "role", "withdraw"))), [])

    stricter = views(("st-mary", "role"), ("st-mary", "anonymous"))["green"]
    checks.same("a stricter mode rewrites the view", (stricter.get("roles", []), stricter["n"]), ([], one["n"] + 1))
    named = views(("st-mary", "named"), ("st-mary", "role"))
    checks.same("from its name to its role", (roles(named), named["green"].get("sources", [])), (["hospital"], []))
    checks.same("what nobody may see moves nothing", views(("coverall", "role"), ("st-mary", "role"), hidden=["st-john"]),
                views(("coverall", "role"), ("st-mary", "role")))
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
