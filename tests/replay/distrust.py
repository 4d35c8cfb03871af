#!/usr/bin/env python3
"""A member's key is stolen, and the operator distrusts it from the hour of the theft: what it said since then is void in every
view, what it said before stands, and the member speaks on with another key. And what the operator may not decide."""

import hashlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from raw_log import DAY, START, Log  # noqa: E402
from raw_member import Checks, observation, public_bytes  # noqa: E402

HOUR = 3600000
BEFORE, SINCE, ALONE, OTHERS = (("domain", "%s-the-theft.com" % w) for w in ("before", "since", "only-since", "all-through"))
WAYS = (("--batch", "1"), ("--batch", "7"), ("--batch", "3", "--abort", "2"), ("--batch", "2", "--restart", "2"),
        ("--batch", "4", "--abort", "3", "--restart", "3"))


def say(member, *values, **fields):
    """One segment each: the step is the segment."""
    for value in values:
        member.say([observation(*value, confidence=90, **fields)])


def key_id(log, name):
    return hashlib.sha256(public_bytes(log.new_key(name))).digest()[:16]


def renewed(log, name):
    """The member again, speaking with a second key and from another state directory."""
    keys = [{"public_key": public_bytes(log.new_key(n)), "role": "member", "revoked": False} for n in (name, name + "-2")]
    member = log.admit(name, keys=keys)
    member.key, member.writer = log.new_key(name + "-2"), b"anew" + member.writer[:4]
    return member


def stolen():
    """Two members of two organisations agree on all but what the thief alone said."""
    log = Log()
    mine, other = log.admit("mine"), log.admit("other")
    log.tick()
    say(other, BEFORE, SINCE, OTHERS)
    say(mine, BEFORE, OTHERS)
    log.tick(HOUR)
    theft = log.now
    say(mine, SINCE, ALONE, first_seen=START - 300 * DAY, last_seen=theft)
    say(mine, OTHERS, first_seen=START - 300 * DAY, last_seen=theft)
    log.tick()
    return log, mine, theft


def facts(replayed, value):
    view = replayed.views["green"].get(value)
    return view and (view["now"]["advice"], [row["member"] for row in view["sources"]])


def same_any_way(checks, what, log):
    first = log.replay(*WAYS[0])
    checks.same(what + ": any batch, abort and restart", [log.replay(*way).digest for way in WAYS[1:]], [first.digest] * (len(WAYS) - 1))
    return first


def check_void(checks):
    log, mine, theft = stolen()
    both, other = ("block", ["mine", "other"]), ("alert", ["other"])
    told = log.replay()
    checks.same("agreed on by two, blocked", [facts(told, v) for v in (BEFORE, SINCE, OTHERS)], [both] * 3)
    checks.same("and one says more", facts(told, ALONE), ("alert", ["mine"]))

    log.decide(distrust={"key_id": key_id(log, "mine"), "from": theft})
    undecided = log.replay()
    checks.same("the job waits for a tick", undecided.views, told.views)
    log.tick()
    void = same_any_way(checks, "distrusted", log)
    checks.same("what it said before stands", facts(void, BEFORE), both)
    checks.same("what it said since is void", [facts(void, v) for v in (SINCE, OTHERS)], [other] * 2)
    checks.same("a view of its word alone is gone", facts(void, ALONE), None)
    checks.that("nothing of it shows", all(void.views["green"][v]["now"]["first_seen"] > "2025-12-01" for v in (SINCE, OTHERS)))

    say(mine, SINCE, ALONE)
    refused = log.refused()[-2:]
    checks.same("it says no more", [(q["code"], q.get("member", ""), h) for q, h in refused], [
        ("segment.key", "", [["tocsin.error.code", "segment.key"], ["tocsin.error.observations", "0"]])] * 2)
    log.decide(distrust={"key_id": key_id(log, "mine"), "from": log.now + DAY})
    log.tick()
    checks.same("a later hour gives nothing back", same_any_way(checks, "distrusted again", log).views, void.views)
    return log, void


def check_renewed(checks, log):
    """The same words, signed by a key that is trusted, are said by the member."""
    again = renewed(log, "mine")
    log.tick()
    say(again, SINCE, ALONE, OTHERS)
    log.tick()
    after = same_any_way(checks, "said by another key", log)
    checks.same("the member says it itself", [facts(after, v) for v in (SINCE, ALONE, OTHERS)],
                [("block", ["mine", "other"]), ("alert", ["mine"]), ("block", ["mine", "other"])])
    checks.that("and builds on nothing of the thief's", all(
        after.views["green"][v]["now"]["first_seen"] > "2025-12-01" for v in (SINCE, ALONE, OTHERS)), after.views["green"])


def check_same_words():
    """The thief said word for word what the member says next; within the same day, so that nothing else differs."""
    log = Log()
    mine = log.admit("mine")
    log.tick()
    theft, words = log.now, {"first_seen": START - DAY, "last_seen": START - DAY}
    say(mine, SINCE, **words)
    log.decide(distrust={"key_id": key_id(log, "mine"), "from": theft})
    again = renewed(log, "mine")
    log.tick()
    gone = facts(log.replay(), SINCE)
    say(again, SINCE, **words)
    log.tick()
    return gone, facts(log.replay(), SINCE)


def check_limits():
    """What a stolen key refuted counts against the member until it takes it back, with any key."""
    log = Log()
    mine, other = log.admit("mine"), log.admit("other")
    log.tick()
    names = [v for i in range(300) for v in ["refuted-%d.com" % i] if log.partition_of("domain", v) == 0][:70]
    other.say([observation("domain", v) for v in names])
    theft = log.now
    mine.say([observation("domain", v, action="refute") for v in names])  # 63 of them: ceil(1.25 x 100 / 2)
    log.decide(distrust={"key_id": key_id(log, "mine"), "from": theft})
    again = renewed(log, "mine")
    log.tick()
    again.say([observation("domain", v, action="withdraw") for v in names[:10]])
    again.say([observation("domain", v, action="refute") for v in names[60:]])
    log.tick()
    refuted = [v["value"] for v in log.replay("--batch", "2", "--abort", "2").views["green"].values()
               if any((row["member"], row["says"]) == ("mine", "refute") for row in v["sources"])]
    return sorted(refuted), sorted(names[60:])


def check_decisions(checks):
    """Refused with a code, and numbered all the same: the next decision counts."""
    log = Log()
    member = log.admit("mine")
    gateway = {"public_key": public_bytes(log.new_key("gateway")), "role": "gateway", "holder": "gateway", "revoked": False}
    for what, by, decision in (
            ("a skip is reserved", None, {"skip": {"partition": 0, "offset": 0}}),
            ("a key of a gateway is no grant", log.root, {"key": gateway}),
            ("a key nobody knows", None, {"distrust": {"key_id": bytes(16), "from": START}}),
            ("distrust since no time", None, {"distrust": {"key_id": key_id(log, "mine"), "from": 0}}),
            ("two decisions in one", None, {"distrust": {"key_id": key_id(log, "mine"), "from": START}, "skip": {"partition": 0, "offset": 0}})):
        log.decide(by, **decision)
        checks.same(what, [(q["code"], h) for q, h in log.refused()[-1:]], [
            ("control.decision", [["tocsin.error.code", "control.decision"], ["tocsin.error.observations", "0"]])])
    log.decide(policy={"settings": [{"name": "alert-score", "value": 1}]})
    log.tick()
    say(member, SINCE)
    checks.same("one each in both partitions, and no more", [q["code"] for q, _ in log.refused()], ["control.decision"] * 10)
    checks.same("the member is trusted still", facts(log.replay(), SINCE), ("alert", ["mine"]))


def main():
    checks = Checks()
    log, _ = check_void(checks)
    check_renewed(checks, log)
    checks.same("the same words by another key are a word of their own", check_same_words(), (None, ("alert", ["mine"])))
    checks.same("limits come back by withdrawing", *check_limits())
    check_decisions(checks)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
