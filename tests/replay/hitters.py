#!/usr/bin/env python3
"""The rule of suspected false positives ("30 % of the organisations that report hits") with more than ten of them: the same
whatever order the hits of an hour come in, and as ADVICE.md says.

    TOC_SEED=n runs one seed, TOC_SEEDS=n the first n"""

import collections
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from raw_log import Log  # noqa: E402
from raw_member import Checks, observation  # noqa: E402

HOUR, MEMBERS = 3600000, 16


def begin():
    """Sixteen organisations that hit, one that may block alone and lists some names of one partition."""
    log = Log()
    lister = log.admit("lister", role="government", feed={"may_block": True})
    members = [log.admit("m%02d" % i) for i in range(MEMBERS)]
    log.tick(HOUR)
    names = [n for n in ("listed-%d.com" % i for i in range(60)) if log.partition_of("domain", n) == 0][:6]
    lister.say([observation("domain", n, confidence=100) for n in names])
    return log, members, names


def hit(member, name):
    member.say([observation("domain", name, action="hit")])


def told(log, *options):
    return {value: (v["now"]["advice"], tuple(v["reasons"]), v["now"]["hits"], v["now"]["organisations"])
            for (_, value), v in log.replay(*options).views["green"].items()}


def of_order(hours, shuffle):
    """[{name: facts}] after each hour. The hits of an hour in an order of their own, with ticks between hours alone; each
    member's own order is kept, as a log would keep it."""
    log, members, names = begin()
    for hits in hours:
        queues = collections.defaultdict(list)
        for member, name in hits:
            queues[member].append(name)
        turns = [member for member, _ in hits]
        shuffle(turns)
        for member in turns:
            hit(members[member], names[queues[member].pop(0)])
        log.tick(HOUR)
    return told(log, "--batch", "5", "--abort", "3")


def check_order(checks, seed):
    rng = random.Random(seed)

    def hour(names):
        """Some names hit by three to five, while eleven or more report hits at all: the number crosses ten within the hour."""
        few = [(member, name) for name in names for member in rng.sample(range(MEMBERS), rng.randrange(3, 6))]
        return few + [(member, 5) for member in rng.sample(range(MEMBERS), rng.randrange(11, MEMBERS + 1))]
    hours = [hour(range(3)), hour(range(2, 5))]
    first = of_order(hours, lambda turns: None)
    for order in range(6):
        checks.same("seed %d, order %d" % (seed, order), of_order(hours, random.Random(seed * 100 + order).shuffle), first)
    return {reason for _, reasons, _, _ in first.values() for reason in reasons}


def check_rule(checks):
    """Twelve reported hits yesterday: three are a quarter, four a third of them."""
    log, members, names = begin()
    for member in members[:12]:
        hit(member, names[0])
    log.tick(HOUR)
    for count, name in ((3, names[1]), (4, names[2])):
        for member in members[:count]:
            hit(member, name)
    suspected = "note.suspected-false-positive"
    now = told(log)
    checks.same("three of twelve", (now[names[1]][0], suspected in now[names[1]][1]), ("block", False))
    checks.same("four of twelve", (now[names[2]][0], suspected in now[names[2]][1]), ("alert", True))
    log.tick(25 * HOUR)
    for member in members[12:15]:
        hit(member, names[3])
    log.tick()
    checks.same("a day and an hour later the twelve count no more", told(log)[names[3]][0], "alert")
    checks.same("batch, abort and restart", told(log, "--batch", "4", "--abort", "2", "--restart", "3"), told(log))


def main():
    checks, reasons = Checks(), set()
    check_rule(checks)
    seeds = [int(os.environ["TOC_SEED"])] if "TOC_SEED" in os.environ else range(1, int(os.environ.get("TOC_SEEDS", 6)) + 1)
    for seed in seeds:
        reasons |= check_order(checks, seed)
    if len(seeds) > 1:
        checks.that("some are suspected and some are not", {"note.suspected-false-positive", "block.right"} <= reasons, reasons)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
