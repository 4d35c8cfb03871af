#!/usr/bin/env python3
"""One organisation alone (tests/support/one_organisation.py) moves no block: it adds none, lifts none, and each of its
claims meets the rule that stands against it. With the carried reference sets in force."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import one_organisation as loud  # noqa: E402
from raw_log import DAY, Log  # noqa: E402
from raw_member import Checks, observation  # noqa: E402


def world():
    """Everything but the attack: sets, sources, and 1,000 indicators that are blocked."""
    log = Log()
    for name, kind, effect, path in loud.carried_sets():
        with open(path, "rb") as stream:
            log.use(name, kind, effect, stream.read())
    log.use("planted", "never-block", "never-block", loud.PLANTED.encode())
    desk = log.admit("gov-desk", role="government", feed={"reliability": 800, "may_block": True})
    honest = [log.admit("st-marys"), log.admit("blue-river")]
    members = [log.admit(m, organisation="loud") for m in loud.MEMBERS]
    log.tick()
    live = loud.live()
    for i in range(0, len(live), 500):
        desk.say([observation(*what, confidence=90) for what in live[i:i + 500:2]])
        for one in honest:
            one.say([observation(*what, confidence=90) for what in live[i + 1:i + 500:2]])
    log.tick()
    return log, desk, members


def attack(log, members):
    live = loud.live()
    for marking in ("clear", "green", "amber"):
        for member in members:
            for feed in loud.FEEDS:
                member.say(loud.claims(), feed=feed, marking=marking)
    log.tick()
    for member in members:
        for action, fields in (("refute", {}), ("hit", {}), ("sight", {}), ("withdraw", {}), ("assert", {"pap": "red"}), ("refute", {})):
            for i in range(0, len(live), 500):
                member.say([observation(*what, action=action, confidence=100) for what in live[i:i + 500]], feed=loud.FEEDS[0], **fields)
        log.tick()


def blocked(replayed):
    found = {a: {w for w, view in views.items() if view["now"]["advice"] == "block"} for a, views in replayed.views.items()}
    return {a: held for a, held in found.items() if held}


def main():
    checks = Checks()
    log, desk, members = world()
    quiet = log.replay("--batch", "100")
    before = blocked(quiet)
    checks.same("1,000 indicators are blocked before", {a: len(b) for a, b in before.items()},
                {"green": 1000, "amber": 1000, "federal": 500})
    attack(log, members)
    noisy = log.replay("--batch", "100")
    checks.same("the same are blocked after it", blocked(noisy), before)
    for audience in ("clear", "green", "amber"):
        views = noisy.views[audience]
        for what, code in loud.CLAIMS.items():
            now = views[what]["now"]
            checks.that("%s: %s is against %s" % (audience, code, what[1]), now["advice"] != "block" and
                        code in views[what]["reasons"], (now["advice"], views[what]["reasons"]))
            last = now["last_seen"]
            checks.that("%s: %s is not seen in the future" % (audience, what[1]), last < "2026-01-03", last)
    refuted = [v for v in noisy.views["green"].values() if "note.needs-review" in v.get("reasons", [])]
    checks.that("some are refuted, and the refutations are limited", 100 <= len(refuted) <= 400, len(refuted))

    # A source with the right to block alone says the same, and so does time: never-block still stands.
    desk.say([observation(*what, confidence=100) for what in loud.CLAIMS], marking="green")
    log.tick(40 * DAY)
    log.tick(5000)
    heard = log.replay("--batch", "100")
    for what, code in loud.CLAIMS.items():
        if code == "never-block":
            checks.same("nobody blocks %s" % what[1], {a: heard.views[a][what]["now"]["advice"] for a in ("green", "amber", "federal")},
                        {"green": "none", "amber": "none", "federal": "none"})
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
