#!/usr/bin/env python3
"""From a member's feed to everybody whom it concerns, on a real broker: --wait gets its receipts, a GREEN member reads its
own and nobody else's, interests tell every change in order, what shares something correlates. Then the hub is killed at
random moments, two hubs share the work, a topic is missing and a right is taken away: nothing is lost, nothing overtakes.

    test_route.py [--kills N] [--seed S]

The seed is printed; the scheduling of the machine does not come from it."""

import collections
import json
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from deployment import Deployment, Schema, replay, run_trial, until, view  # noqa: E402
from raw_member import ROOT, read_record  # noqa: E402

AUDIENCES = ("clear", "green", "amber", "federal")
MEMBERS = {"north": ("hospital", "AMBER", "GREEN"), "south": ("clinic", "GREEN", "GREEN"), "gov": ("government", "AMBER", "CLEAR")}


def web(kind, facts):
    return kind in ("domain", "url") and facts["confidence"] >= 40


def addresses(kind, facts):
    return kind == "ipv4"


# id -> whose, expression, the audience its member reads, the same in Python
INTERESTS = {
    "north-web": ("north", "kind in (domain, url) and confidence >= 40", "amber", web),
    "south-net": ("south", "kind = ipv4", "green", addresses),
    "gov-net": ("gov", "kind = ipv4", "federal", addresses),
}


def matches(test, kind, facts):
    return facts is not None and facts["status"] in ("active", "disputed") and test(kind, facts)


def change_of(test, now):
    is_in, was_in = matches(test, now["kind"], now["now"]), matches(test, now["kind"], now["prior"])
    return ("update" if was_in else "enter") if is_in else "leave" if was_in else None


class Trial:
    def __init__(self, path, seed):
        self.random = random.Random(seed)
        self.d = d = Deployment(path)
        self.hub, self.other = d.hub("hub", 'session = "6s";'), d.hub("other", 'session = "6s";')
        for member, (role, clearance, marking) in MEMBERS.items():
            d.member(member, role, clearance, "--no-probation",
                     feeds='{ id = "main"; marking = "TLP:%s"; federal = "yes"; attribution = "named"; }' % marking)
        d.ctl_must("reference", "use", d.write("references/suffixes", ["com", "net"]), "--name", "suffixes", "--type", "public-suffixes")
        for name, (member, expression, _, _) in INTERESTS.items():
            d.ctl_must("interest", "add", member, name, expression)
        self.gone = set()  # interests whose topic is missing

    # ---- statements

    def statement(self):
        n, sub = self.random.randrange(12), self.random.randrange(6)
        kind, value = self.random.choice((("domain", "h%d.campaign%d.com" % (sub, n)), ("ipv4", "45.155.%d.%d" % (n, sub + 1)),
                                          ("url", "http://h%d.drop%d.net/load" % (sub, n)), ("sha256", "%064x" % (n * 64 + sub))))
        out = {"kind": kind, "value": value, "action": self.random.choices(("assert", "withdraw"), (4, 1))[0],
               "confidence": self.random.randrange(101)}
        if self.random.random() < 0.4:
            out["relations"] = [{"type": "downloaded-from", "kind": "domain", "value": "h0.campaign%d.com" % self.random.randrange(4)}]
        if self.random.random() < 0.4:
            out["references"] = [{"source": "report", "id": "report-%d" % self.random.randrange(4), "url": ""}]
        if self.random.random() < 0.2:
            out["tags"] = ["report:report-%d" % self.random.randrange(4)]
        return json.dumps(out)

    def publish(self, member, *options, ok=(0,)):
        lines = [self.statement() for _ in range(self.random.randrange(5, 60))]
        return self.d.publish(member, self.d.write(member + ".jsonl", lines), *options, ok=ok)

    def enter_and_leave(self):
        """What chance may leave out: each interest has something that comes, changes and goes again."""
        for action, confidence in (("assert", 50), ("assert", 95), ("withdraw", 50)):
            for n, member in enumerate(MEMBERS):
                lines = [json.dumps({"kind": kind, "value": value, "action": action, "confidence": confidence})
                         for kind, value in (("ipv4", "45.155.99.%d" % (n + 1)), ("domain", "comes-and-goes%d.com" % n))]
                self.d.publish(member, self.d.write(member + ".jsonl", lines), "--wait", "--timeout", "60s")

    # ---- what was to come of it

    def behind(self, group, topic):
        """Records of a topic that the group has not committed; heads cause nothing."""
        records = [r for r in self.d.read(topic) if r.key != b"head"]
        parts = sorted({r.partition for r in records})
        taken = self.d.admin.committed(self.d.topic(group), self.d.topic(topic), parts) if parts else {}
        return sum(r.offset >= taken[r.partition] for r in records)

    def all_behind(self):
        inputs = [("route", "indicators." + a) for a in AUDIENCES] + [("route", "receipts"), ("correlate", "pivots")]
        return {topic: n for group, topic in inputs for n in [self.behind(group, topic)] if n}

    def settle(self):
        self.d.settle()
        until(lambda: not self.all_behind(), lambda: "route and correlate keep up: %s" % self.all_behind())

    def check_interests(self):
        for name, (_, _, audience, test) in INTERESTS.items():
            if name in self.gone:
                continue
            wanted = collections.defaultdict(list)
            for r in self.d.read("indicators." + audience):
                if r.key != b"head" and r.value is not None:
                    change = change_of(test, view(r.value))
                    if change:
                        wanted[r.partition].append((r.offset, change, r.key, r.value))
            # As a reader does it: what is not above the highest it has of that partition is a repetition.
            got, repeats = collections.defaultdict(list), 0
            for r in self.d.read("interest." + name):
                c = Schema.of("interest_change").get(r.value)
                assert c["audience"] == audience, c
                if got[c["partition"]] and c["offset"] <= got[c["partition"]][-1][0]:
                    repeats += 1
                else:
                    got[c["partition"]].append((c["offset"], c["change"], r.key, Schema.of("indicator").put(**c["indicator"])))
            for p in wanted.keys() | got.keys():
                if wanted[p] != got[p]:
                    lost = [w[:2] for w in wanted[p] if w not in got[p]]
                    raise AssertionError("interest %s, partition %d: lost %s, got %d of %d" % (name, p, lost, len(got[p]), len(wanted[p])))
            kinds = collections.Counter(change for rows in wanted.values() for _, change, _, _ in rows)
            assert min(kinds[c] for c in ("enter", "update", "leave")) > 0, "interest %s proves little: %s" % (name, kinds)
            print("interest %s: %s, %d repeated" % (name, dict(kinds), repeats))

    def check_receipts(self, members=MEMBERS):
        receipts = [(Schema.of("receipt").get(r.value)["member"], r.key, r.value) for r in self.d.read("receipts")]
        for member in members:
            wanted = {key: value for whose, key, value in receipts if whose == member}
            got = {r.key: r.value for r in self.d.read("receipts." + member)}
            assert got == wanted and wanted, "%s: %d receipts of %d" % (member, len(got), len(wanted))

    def end_of_log(self):
        """Stopped with nothing left to do: ticks come by themselves, so it may need another try."""
        for _ in range(10):
            self.settle()
            for hub in self.d.hubs:
                if hub.process and hub.process.poll() is None:
                    hub.stop()
            if self.d.unread() == 0 and not self.all_behind():
                return
            self.hub.start()
        raise AssertionError("the hub never stopped at the end of the log")

    def check_correlations(self):
        """What is in Kafka, key by key, is what tocsin-replay computes from the log."""
        wanted = replay("--deployment", self.d.replay_conf(self.d.path("references")), "--correlations", "--batch", "5", self.d.capture())
        what = collections.Counter()
        for audience in AUDIENCES:
            got = {r.key.decode(): r.value for r in self.d.read("correlations." + audience)}
            got = {key: value for key, value in got.items() if value is not None}
            want = {key: value for (name, key), value in wanted.items() if name == audience}
            for key in sorted(got.keys() | want.keys()):
                if got.get(key) != want.get(key):
                    raise AssertionError("%s %s:\n  Kafka  %s\n  replay %s" % (audience, key, *(
                        Schema.of("correlation").get(v) if v else None for v in (got.get(key), want.get(key)))))
            what.update(Schema.of("correlation").get(v)["what"] for v in got.values())
        assert set(what) == {"registrable_domain", "network", "relation", "report"}, "correlations prove little: %s" % what
        print("correlations equal: %s" % dict(what))

    # ---- acts

    def as_member(self, member, topic):
        """All of a topic, or what the broker says instead, with the member's own certificate."""
        d = self.d
        command = ["kcat", "-q", "-b", d.env["TOC_KAFKA_MEMBER"], "-C", "-e", "-u", "-t", d.topic(topic), "-o", "beginning",
                   "-f", "%p %o %T %K %S %h\\n%k%s", "-X", "security.protocol=ssl", "-X", "ssl.ca.location=" + d.path(member + "/ca.pem"),
                   "-X", "ssl.certificate.location=" + d.path(member + "/tls.crt"), "-X", "ssl.key.location=" + d.path(member + "/tls.key")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            records = list(iter(lambda: read_record(topic, process.stdout), None))
            return records, process.stderr.read().decode()

    def the_whole_way(self):
        self.hub.start()
        for member in MEMBERS:
            said = self.publish(member, "--wait", "--timeout", "60s")
            assert "quarantined         0" in said, said
        self.enter_and_leave()
        self.settle()
        self.check_receipts()
        for member in MEMBERS:
            got, said = self.as_member(member, "receipts." + member)
            assert got and not said, said
        for topic in ("receipts.north", "interest.north-web", "correlations.amber"):
            got, said = self.as_member("south", topic)
            assert not got and "authorization failed" in said, "south reads %s: %s %s" % (topic, got, said)
        got, said = self.as_member("south", "correlations.green")
        assert got and not said, said
        print("--wait answered, each reads its own")

    def killed(self, kills):
        for _ in range(kills):
            sent = self.hub.metric("tocsin_route_sent_total")
            for member in MEMBERS:
                self.publish(member)
            few = self.random.randrange(1, 60)
            until(lambda: self.hub.metric("tocsin_route_sent_total") >= sent + few, "route works")
            time.sleep(self.random.random() * 0.1)  # the moment is what is tried, nothing is awaited
            self.hub.kill()
            self.publish("north")
            self.hub.start()

    def shared(self):
        """Two hubs; then one of them is killed and stays away."""
        self.other.start()
        for _ in range(2):
            for member in MEMBERS:
                self.publish(member)
        until(lambda: self.other.metric("tocsin_route_records_total") > 0, "the other hub routes, too")
        self.other.kill()
        for member in MEMBERS:
            self.publish(member)
        self.settle()

    def kafka_tool(self, name, *arguments):
        script = '. "$1/tests/support/kafka.sh"; shift; kafka_tool "$TOC_KAFKA_DIR" "$@"'
        subprocess.run(["bash", "-c", "set -euo pipefail; " + script, "_", ROOT, "org.apache.kafka.tools." + name, *arguments],
                       check=True, stdout=subprocess.DEVNULL)

    def without_topic_and_right(self):
        """South's topics are missing or barred: the others do not notice."""
        self.gone.add("south-net")
        self.kafka_tool("TopicCommand", "--delete", "--topic", self.d.topic("interest.south-net"))
        self.kafka_tool("AclCommand", "--add", "--deny-principal", "User:hub", "--operation", "Write", "--topic", self.d.topic("receipts.south"))

        def dropped_both():
            self.publish("south")
            words = self.hub.words()
            return all("what is for %s is dropped" % self.d.topic(t) in words for t in ("interest.south-net", "receipts.south"))
        until(dropped_both, self.hub.words, patience=90)
        assert self.hub.metric("tocsin_route_dropped_total") >= 2
        for member in ("north", "gov"):
            self.publish(member, "--wait", "--timeout", "60s")
        self.settle()
        self.check_receipts(("north", "gov"))
        self.check_interests()

    def without_right_to_pivots(self):
        """An internal topic: nothing of it is dropped; it is sent again until it may be written."""
        deny = ("--deny-principal", "User:hub", "--operation", "Write", "--topic", self.d.topic("pivots"))
        self.kafka_tool("AclCommand", "--add", *deny)

        def sent_again():
            self.publish("gov")
            return self.hub.metric("tocsin_route_again_total") > 1
        until(sent_again, "what is refused is sent again")
        assert not self.hub.is_ready(), "a hub that cannot route calls itself ready"
        for member in MEMBERS:
            self.publish(member)
        self.kafka_tool("AclCommand", "--remove", "--force", *deny)
        self.settle()
        until(self.hub.is_ready, "the hub is ready again")
        self.check_receipts()
        self.check_interests()
        print("pivots refused, then taken: sent again %d times" % self.hub.metric("tocsin_route_again_total"))

    def decisions_change(self):
        """A removed interest stops, a new one begins; no restart is needed."""
        self.d.ctl_must("interest", "remove", "gov-net")
        self.d.ctl_must("interest", "add", "gov", "gov-all", "confidence >= 0")
        before = len(self.d.read("interest.gov-net"))

        def told():
            self.publish("gov")
            return self.d.read("interest.gov-all")
        until(told, "the new interest is told of")
        self.settle()
        last = max(r.time for r in self.d.read("interest.gov-net"))
        after = [r for r in self.d.read("interest.gov-all") if r.time >= last]
        assert after, "the new interest goes on"
        count = len(self.d.read("interest.gov-net"))
        self.publish("gov")
        self.settle()
        assert len(self.d.read("interest.gov-net")) == count >= before, "the removed interest goes on"
        print("interests come and go")

    def ends_in_time(self):
        for member in MEMBERS:
            self.publish(member)
        print("SIGTERM under load: ended after %.2f s" % self.hub.stop())
        self.hub.start()


def steps(trial, kills):
    trial.the_whole_way()
    trial.killed(kills)
    trial.shared()
    trial.check_receipts()
    trial.check_interests()
    trial.ends_in_time()
    trial.without_right_to_pivots()
    trial.without_topic_and_right()
    trial.decisions_change()
    trial.end_of_log()
    trial.check_correlations()


if __name__ == "__main__":
    run_trial(Trial, steps, kills=4)
