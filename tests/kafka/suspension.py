#!/usr/bin/env python3
"""The steps of suspension.sh."""

import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from raw_kafka import ERRORS  # noqa: E402
from raw_member import Checks, Deployment, Member, Schema, Sent, framed, observation, private_key, seal, until  # noqa: E402

BOTH, OWN = ("domain", "said-by-both.com"), ("domain", "said-by-alpha.com")
DENIED = next(code for code, name in ERRORS.items() if name == "topic")


def advice(d, what):
    """What a reader of green has; None when it is gone."""
    held = d.live("green").get(what)
    return None if held is None else held["now"]["advice"]


def in_flight(d, alpha, what, **fields):
    """A segment of alpha's that lies in submit behind the decision, as if it had been on its way: sent with the
    operator's hand, since alpha's own is bound."""
    segment = alpha.segment([observation(*what, **fields)])
    value = alpha.sealed(segment)
    offset = d.admin.send(d.topic("submit"), segment["partition"], [value])
    identity = "%s/%d/0" % (segment["writer"].hex(), segment["seq"])
    return Sent(d, segment["partition"], offset, identity.encode())


def told(d, member):
    line = re.search(r"^%s .*$" % member, d.ctl_must("member", "list"), re.M).group(0)
    return line.split()[-1], json.loads(d.ctl_must("member", "show", member))["status"]


def bound(d, checks, alpha, word):
    """What suspension and revocation share, on a connection that was open before."""
    submit, green = d.topic("submit"), d.topic("indicators.green")
    # The broker answers that a right is taken before it has read that.
    until(lambda: alpha.connection.fetch(green)[0] != 0, "the open connection is cut")
    error, data = alpha.connection.fetch(green)
    checks.that("%s: an open connection reads no more" % word, (error, data) == (DENIED, b""), (error, data))
    checks.same("%s: an open connection writes no more" % word, alpha.connection.produce(submit, 0, b"")[0], DENIED)
    checks.same("%s: not even its own roster" % word, alpha.connection.fetch(d.topic("roster.alpha"))[0], DENIED)
    checks.same("%s: nor the names of topics" % word, [t for t in d.connect("alpha").metadata() if t.startswith(d.prefix)], [])
    seen = d.read("indicators.green")
    receipt = in_flight(d, alpha, ("domain", "said-while-%s.com" % word)).receipt()
    checks.same("%s: what comes behind the decision is refused" % word,
                (receipt["code"], receipt["quarantined"], receipt["changed"]), ("segment.suspended", 1, 0))
    receipt = in_flight(d, alpha, BOTH, action="withdraw").receipt()
    checks.same("%s: it takes nothing back either" % word, receipt["code"], "segment.suspended")
    checks.that("%s: no view tells of it" % word, not any(
        r.key != b"head" and b"said-while" in r.value for r in d.read("indicators.green")[len(seen):] if r.value))


def no_way_back(d, checks):
    """A decision that would bring it back, signed with the operator's key past tocsinctl: the last thing this
    deployment sees, since tocsinctl does not know of it."""
    decisions = [Schema.of("control").get(Schema.of("signed_segment").get(r.value)["payload"]) for r in d.read("control")]
    member = max((c for c in decisions if c["member"] and c["member"]["id"] == "alpha"), key=lambda c: c["sequence"])["member"]
    value = seal(d.id, private_key(d.path("op/operator.signing.key")), framed(
        "control", sequence=max(c["sequence"] for c in decisions) + 1, operator="operator",
        member={**member, "status": "active"}))
    sent = [Sent(d, p, d.admin.send(d.topic("submit"), p, [value])) for p in range(d.partitions)]
    checks.same("revoked: the hub itself takes no way back", [s.quarantined()["code"] for s in sent],
                ["control.decision"] * d.partitions)


def another_operator(d, checks):
    """From here on another key decides; every member's roster has what proves that it may."""
    done = d.run("tocsin-publish", "enrol", "--name", "new-operator", "--out", d.path("new-operator"))
    assert done.returncode == 0, done.stdout
    os.replace(d.path("new-operator/signing.key"), d.path("op/operator.signing.key"))
    said = d.ctl_must("init", "--apply")
    checks.that("init grants the operator's new key", "signs as operator" in said, said)
    granted = {r.key: r.value for r in d.read("control") if r.key.startswith(b"key/")}
    for member in ("alpha", "beta"):
        held = {r.key: r.value for r in d.read("roster." + member) if r.key.startswith(b"key/")}
        checks.same("the roster of %s has all three keys" % member, (len(held), held), (3, granted))


def subscribed(d, checks, what):
    """alpha's subscriber takes its roster for proven."""
    done = d.run("tocsin-subscribe", "-c", d.path("alpha/member.conf"), "--once", "--sink", "csv:" + d.path("alpha.csv"))
    checks.that("%s: its subscriber reads amber, all of its roster is proven" % what,
                done.returncode == 0 and "the picture of amber" in done.stdout and "change nothing" not in done.stdout, done.stdout)


def main():
    d, checks = Deployment(sys.argv[1]), Checks()
    alpha, beta = Member(d, "alpha"), Member(d, "beta")
    for who, what in ((alpha, BOTH), (beta, BOTH), (alpha, OWN)):
        checks.same("%s says %s" % (who.name, what[1]), who.send([observation(*what, confidence=90)]).receipt()["changed"], 1)
    checks.same("before: two say it, it is blocked", advice(d, BOTH), "block")
    checks.that("before: one says it, it is there", advice(d, OWN) is not None)
    checks.same("before: both programs tell", told(d, "alpha"), ("active", "active"))

    subscribed(d, checks, "before")
    another_operator(d, checks)

    d.ctl_must("member", "suspend", "alpha")
    checks.same("suspended: list and show tell", told(d, "alpha"), ("suspended", "suspended"))
    bound(d, checks, alpha, "suspended")
    until(lambda: advice(d, OWN) is None, "what a suspended member alone said is gone")
    until(lambda: advice(d, BOTH) != "block", "what it said no longer counts")
    checks.same("suspended: what another says stays", advice(d, BOTH), "alert")
    said = d.ctl_must("explain", BOTH[1])
    checks.that("suspended: explain says why", "does not count: suspended" in said and "one organisation alone" in said, said)
    done = d.run("tocsin-publish", "-c", d.path("alpha/member.conf"), "--feed", "main", "--timeout", "5s", d.path("list"))
    checks.that("suspended: tocsin-publish tells", done.returncode != 0 and "not allowed" in done.stdout, done.stdout)
    checks.same("suspended: others go on", beta.send([observation("domain", "beta-goes-on.com")]).receipt()["changed"], 1)

    d.ctl_must("member", "restore", "alpha")
    checks.same("restored: list and show tell", told(d, "alpha"), ("active", "active"))
    until(lambda: advice(d, BOTH) == "block" and advice(d, OWN) is not None, "what it said counts again")
    until(lambda: alpha.connection.fetch(d.topic("indicators.green"))[0] == 0, "the rights come back")
    subscribed(d, checks, "restored by the new key")
    checks.same("restored: it is taken again", alpha.send([observation("domain", "said-after.com")]).receipt()["changed"], 1)

    d.ctl_must("member", "revoke", "alpha")
    checks.same("revoked: list and show tell", told(d, "alpha"), ("revoked", "revoked"))
    bound(d, checks, alpha, "revoked")
    until(lambda: advice(d, BOTH) == "alert" and advice(d, OWN) is None, "what it said no longer counts")
    for verb in ("restore", "suspend"):
        done = d.ctl("member", verb, "alpha")
        checks.that("revoked: no %s" % verb, done.returncode != 0 and "that is for good" in done.stdout, done.stdout)
    checks.same("revoked: it stays so", told(d, "alpha"), ("revoked", "revoked"))
    no_way_back(d, checks)
    status = json.loads(d.ctl_must("status", "--json"))
    checks.that("conservation holds", status["conserved"], status)
    checks.same("what was refused is counted", status["members"]["alpha"]["quarantined"], 4)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
