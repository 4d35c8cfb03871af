#!/usr/bin/env python3
"""The steps of attack.sh."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import one_organisation as loud  # noqa: E402
from raw_member import Checks, Deployment, Member, observation  # noqa: E402

# What explain says of each code.


def say(d, member, observations, **fields):
    """All of it, by partition; what became of it."""
    sent = []
    for partition in range(d.partitions):
        held = [o for o in observations if d.partition_of(o["kind"], o["value"]) == partition]
        if held:
            sent.append(member.send(held, **fields))
    return sent


def outputs(d, checks, member, label):
    """The lines of a subscriber's blocking outputs, written anew; comments and the zone's serial apart."""
    paths = {sink: d.path("%s-%s.%s" % (member, label, sink)) for sink in ("list", "rpz")}
    state = d.path("%s/state-%s" % (member, label))
    with open(d.path(member + "/member.conf"), encoding="utf-8") as stream:
        conf = stream.read().replace('state = "state"', 'state = "%s"' % state)
    with open(d.path(member + "/out.conf"), "w", encoding="utf-8") as stream:
        stream.write(conf)
    done = d.run("tocsin-subscribe", "-c", d.path(member + "/out.conf"), "--once",
                 *(w for sink, path in paths.items() for w in ("--sink", "%s:%s" % (sink, path))))
    checks.that("%s: %s has its outputs" % (label, member), done.returncode == 0, done.stdout)
    lines = {}
    for sink, path in paths.items():
        with open(path, encoding="utf-8") as stream:
            lines[sink] = [line for line in stream if line[0] not in "#;" and " SOA " not in line]
    return lines


def main():
    d, checks = Deployment(sys.argv[1]), Checks()
    with open(d.path("planted.jsonl"), "w", encoding="utf-8") as stream:
        stream.write(loud.PLANTED)
    d.ctl_must("reference", "use", d.path("planted.jsonl"), "--name", "planted", "--type", "never-block", "--effect", "never-block")
    desk, marys, river = (Member(d, m) for m in ("gov-desk", "st-marys", "blue-river"))
    live = loud.live()
    for who, what in ((desk, live[::2]), (marys, live[1::2]), (river, live[1::2])):
        for sent in say(d, who, [observation(*w, confidence=90) for w in what]):
            checks.that("%s is heard" % who.name, sent.receipt()["changed"] > 0)
    readers = ("blue-river", "gov-desk")
    before = {r: outputs(d, checks, r, "before") for r in readers}
    domains = sum(1 for kind, _ in live if kind == "domain")
    checks.that("live indicators are blocked before", len(before["blue-river"]["list"]) == len(live) and
                len(before["blue-river"]["rpz"]) >= domains, {s: len(v) for s, v in before["blue-river"].items()})

    last = []
    for name in loud.MEMBERS:
        member = Member(d, name)
        for i, feed in enumerate(loud.FEEDS):
            last += say(d, member, loud.claims(), feed=feed, marking=("clear", "green", "amber")[i % 3])
        for action in ("refute", "hit", "withdraw", "assert", "refute"):
            fields = {"pap": "red"} if action == "assert" else {}
            last += say(d, member, [observation(*w, action=action, confidence=100) for w in live], feed=loud.FEEDS[0], **fields)
    for sent in last:
        d.until_taken(sent.partition, sent.offset)
    after = {r: outputs(d, checks, r, "after") for r in readers}
    for reader in readers:
        for sink in ("list", "rpz"):
            checks.same("no line of %s's %s changed" % (reader, sink), after[reader][sink], before[reader][sink])

    for (kind, value), code in loud.CLAIMS.items():
        said = json.loads(d.ctl_must("explain", value, "--json"))
        views = said["audiences"]
        checks.that("explain names the rule against %s" % value, (said["kind"], said["value"]) == (kind, value) and
                    sum(code in v["reasons"] for v in views) >= 3 and all(v["advice"] != "block" for v in views) and
                    (said["lists"] or code not in ("never-block", "cap.list")), said)
    refuted = next(w for w in live if "loud-1/feed-0" in d.ctl_must("explain", w[1]))
    views = json.loads(d.ctl_must("explain", refuted[1], "--json"))["audiences"]
    checks.that("one organisation's refutation asks for a review, no more",
                any("note.needs-review" in v["reasons"] and v["advice"] == "block" for v in views), views)
    status = json.loads(d.ctl_must("status", "--json"))
    checks.that("conservation holds", status["conserved"] and status["members"]["loud-1"]["quarantined"] > 0, status["members"])
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
