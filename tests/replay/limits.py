#!/usr/bin/env python3
"""What one member may hold: limits count contributions, heavy ones more than once, and give back what is forgotten."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from raw_log import DAY, START, Log  # noqa: E402
from raw_member import Checks, observation  # noqa: E402


def heavy(value, kib, **fields):
    """A contribution of so many KiB beside its fixed part."""
    links = [{"type": "part_of", "kind": "url", "value": "https://r.com/%02d/" % i + "x" * 984} for i in range(kib)]
    return observation("domain", value, relations=links, **fields)


def values(log, what, count):
    """Names of one partition."""
    found, i = [], 0
    while len(found) < count:
        if log.partition_of("domain", "%s-%d.com" % (what, i)) == 0:
            found.append("%s-%d.com" % (what, i))
        i += 1
    return found


def held(replayed, what):
    return [v for (_, v) in replayed.views["green"] if v.startswith(what + "-")]


def ends_at_once(hidden):
    """2,000 heavy indicators whose validity ends at one moment; hidden: with as much beside it that no audience sees."""
    log = Log()
    member, other = log.admit("heavy"), log.admit("hidden")
    log.tick()
    names = values(log, "ends", 2000)
    for at in range(0, len(names), 100):
        member.say([heavy(v, 3, valid_until=START + 3600000) for v in names[at:at + 100]])
        if hidden:
            other.say([heavy(v, 3) for v in names[at:at + 100]], marking="red")
    log.tick(3600000)
    return log


def check_ticks(checks):
    """A tick does no more than fits into a transaction; the next ones go on. What is hidden changes nothing of it."""
    log = ends_at_once(hidden=False)
    first = log.replay("--batch", "10").views
    ended = [sum(1 for i in first[a].values() if i["now"]["status"] == "expired") for a in ("green", "amber")]
    checks.that("one tick ends some of them", all(500 < n < 1900 for n in ended), ended)
    checks.that("with as much hidden beside them, the same", ends_at_once(hidden=True).replay("--batch", "10").views == first)
    for _ in range(3):
        log.tick()
    last = log.replay("--batch", "10").views["green"]
    checks.same("a few more end all", {i["now"]["status"] for i in last.values()}, {"expired"})


def main():
    checks, log = Checks(), Log()
    check_ticks(checks)
    # ceil(1.25 x limit / 2) a partition: 5 and 20.
    small, large, grows = log.admit("small", live_limit=8), log.admit("large", live_limit=32), log.admit("grows", live_limit=32)
    hasty = log.admit("hasty", hourly_limit=8)
    log.tick()
    small.say([observation("domain", v) for v in values(log, "small", 20)])
    large.say([heavy(v, 3) for v in values(log, "large", 20)])  # 4 each
    grown = values(log, "grows", 6)
    grows.say([observation("domain", v) for v in grown])
    grows.say([heavy(v, 3) for v in grown])
    hasty.say([observation("domain", v) for v in values(log, "hasty", 20)])
    log.tick()
    now = log.replay()
    checks.same("light ones count once", len(held(now, "small")), 5)
    checks.same("heavy ones count by their weight", len(held(now, "large")), 5)
    grown_heavy = [v for v in grown if now.views["green"]["domain", v].get("relations")]
    checks.same("growing counts, too", (len(held(now, "grows")), len(grown_heavy)), (6, 4))
    checks.same("new ones an hour are counted", len(held(now, "hasty")), 5)

    refused = log.refused()
    told = {q["member"]: headers for q, headers in refused}
    checks.same("quarantine's headers: the code once, and how many", told["small"],
                [["tocsin.error.code", "limit.live"], ["tocsin.error.observations", "15"]])
    checks.same("any batch, abort and restart: the same are refused", log.refused("--batch", "7", "--abort", "2", "--restart", "3"), refused)

    small.say([observation("domain", v, action="withdraw") for v in values(log, "small", 20)])
    large.say([observation("domain", v, action="withdraw") for v in values(log, "large", 20)])
    hasty.say([observation("domain", v, action="withdraw") for v in values(log, "hasty", 20)])
    log.tick(1800000)
    small.say([observation("domain", v) for v in values(log, "small-again", 20)])
    hasty.say([observation("domain", v) for v in values(log, "hasty-again", 20)])
    log.tick()
    checks.same("what is withdrawn is held still", len(held(log.replay(), "small-again")), 0)
    log.tick(91 * DAY)
    log.tick()
    small.say([observation("domain", v) for v in values(log, "small-later", 20)])
    large.say([heavy(v, 3) for v in values(log, "large-later", 20)])
    hasty.say([observation("domain", v) for v in values(log, "hasty-later", 20)])
    log.tick()
    later = log.replay()
    checks.same("what is forgotten is given back, by its weight", (len(held(later, "small-later")), len(held(later, "large-later"))), (5, 5))
    checks.same("another hour, other new ones", len(held(later, "hasty-later")), 5)
    checks.same("any batch, abort and restart: the same", log.replay("--batch", "3", "--abort", "5", "--restart", "4").digest, later.digest)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
