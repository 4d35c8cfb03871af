#!/usr/bin/env python3
"""What one member may hold: limits count contributions, heavy ones more than once, and give back what is forgotten."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from raw_log import DAY, Log  # noqa: E402
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


def main():
    checks, log = Checks(), Log()
    # ceil(1.25 x limit / 2) a partition: 5 and 50.
    small, large, grows = log.admit("small", live_limit=8), log.admit("large", live_limit=80), log.admit("grows", live_limit=80)
    hasty = log.admit("hasty", hourly_limit=8)
    log.tick()
    small.say([observation("domain", v) for v in values(log, "small", 20)])
    large.say([heavy(v, 8) for v in values(log, "large", 20)])  # 9 each
    grown = values(log, "grows", 6)
    grows.say([observation("domain", v) for v in grown])
    grows.say([heavy(v, 8) for v in grown])
    hasty.say([observation("domain", v) for v in values(log, "hasty", 20)])
    log.tick()
    now = log.replay()
    checks.same("light ones count once", len(held(now, "small")), 5)
    checks.same("heavy ones count by their weight", len(held(now, "large")), 5)
    grown_heavy = [v for v in grown if now.views["green"]["domain", v].get("relations")]
    checks.same("growing counts, too", (len(held(now, "grows")), len(grown_heavy)), (6, 5))
    checks.same("new ones an hour are counted", len(held(now, "hasty")), 5)

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
    large.say([heavy(v, 8) for v in values(log, "large-later", 20)])
    hasty.say([observation("domain", v) for v in values(log, "hasty-later", 20)])
    log.tick()
    later = log.replay()
    checks.same("what is forgotten is given back, by its weight", (len(held(later, "small-later")), len(held(later, "large-later"))), (5, 5))
    checks.same("another hour, other new ones", len(held(later, "hasty-later")), 5)
    checks.same("any batch, abort and restart: the same", log.replay("--batch", "3", "--abort", "5", "--restart", "4").digest, later.digest)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
