#!/usr/bin/env python3
"""The whole way of an indicator, from members' files to readers' files, on a real deployment; each class publishes under a
feed of its own. The mistakes of other exchanges that concern the whole way stand here under the numbers their users
reported them by (tests/unit/indicator/test_rivals.c has those that a value alone can show).

    test_way.py [CLASS[.TEST]]..."""

import json
import os
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from raw_member import Member, observation  # noqa: E402

from deployment import BIN, COUNTERS, ROOT, Deployment, Schema, must, replay, under_us, until, view  # noqa: E402

THREE = ("north", "south", "east")
FEEDS = ("variants", "patterns", "order", "block", "taken-back", "again", "words")
FEED = '{ id = "%s"; marking = "TLP:GREEN"; attribution = "named"; }'
CONSUME = os.path.join(ROOT, "tests", "contract", "consume_kcat.py")


def setUpModule():
    global d, hub, folder
    folder = tempfile.mkdtemp()
    d = Deployment(os.path.join(folder, "d"))
    hub = d.hub()
    hub.start()
    feeds = ", ".join([FEED % feed for feed in FEEDS] + ['{ id = "unmarked"; }', '{ id = "amber"; marking = "TLP:AMBER"; attribution = "named"; }'])
    for member, role in zip(THREE, ("hospital", "payer", "laboratory")):
        d.member(member, role, "AMBER", "--no-probation", feeds=feeds)
    d.member("desk", "government", "AMBER", feeds=feeds)
    d.member("two-docs", "clinic", "GREEN", feeds=feeds)
    d.ctl_must("reference", "use", d.write("references/suffixes", ["com"]), "--name", "suffixes", "--type", "public-suffixes")


def tearDownModule():
    d.end()
    shutil.rmtree(folder, ignore_errors=True)


def live(audience="green", feed=None):
    """{(kind, value): Indicator}, of one feed only when it is named."""
    views = d.live(audience)
    return {k: v for k, v in views.items() if feed is None or any(row["feed"] == feed for row in v["sources"])}


def sources(indicator, says="assert"):
    return [row["member"] for row in indicator["sources"] if row["says"] == says]


class Variants(unittest.TestCase):
    """Three members list the same things, each in its own spelling: one indicator each, with three sources."""

    CASES = {
        "opencti_14645_hash_case": ("sha256", "ab" * 32, ("ab" * 32, "AB" * 32, "Ab" * 32)),
        "opencti_11272_domain_case": ("domain", "c2.campaign-a.com", ("c2.campaign-a.com", "C2.Campaign-A.com", "C2.CAMPAIGN-A.COM")),
        "opencti_11253_trailing_dot": ("domain", "c2.campaign-b.com", ("c2.campaign-b.com.", "c2.campaign-b.com", "C2.campaign-b.com.")),
        "opencti_7555_ipv6_spelling": ("ipv6", "2a03:2880:f003::8a2e:370:7334", (
            "2a03:2880:f003::8a2e:370:7334", "2A03:2880:F003:0000:0000:8A2E:0370:7334", "2a03:2880:f003:0:0:8a2e:370:7334")),
        "opencti_13803_quotes": ("domain", "c2.campaign-c.com", ('"c2.campaign-c.com"', "'c2.campaign-c.com'", "\u201cc2.campaign-c.com\u201d,")),
        "opencti_6708_trailing_space": ("url", "http://drop.campaign-d.com/a", (
            "http://drop.campaign-d.com/a ", "\thttp://drop.campaign-d.com/a\r", "http://drop.campaign-d.com/a\u00a0")),
        "misp_3602_url_spelling": ("url", "http://drop.campaign-e.com/~a/b?c=1", (
            "HTTP://DROP.campaign-e.com:80/%7Ea/./b?c=1#top", "hxxp://drop[.]campaign-e[.]com/~a/x/../b?c=1",
            "http://user:secret@drop.campaign-e.com./%7ea/b?c=1")),
        "default_port_and_path": ("url", "https://drop.campaign-f.com/", (
            "https://drop.campaign-f.com:443", "https://drop.campaign-f.com/", "hxxps[://]drop.campaign-f.com:0443/#x")),
        "idn_in_both_forms": ("domain", "xn--bcher-kva.campaign-g.com", (
            "b\u00fccher.campaign-g.com", "XN--BCHER-KVA.campaign-g.com", "BU\u0308CHER[.]campaign-g[.]com.")),
        "defanged_address": ("ipv4", "45.9.148.3", ("45.9.148.3", "45[.]9[.]148[.]3", "45.9.148.3/32")),
        "defanged_endpoint": ("endpoint", "45.9.148.3:8443", ("45.9.148.3:8443", "45[.]9[.]148[.]3[:]8443", '"45.9.148[.]3:8443"')),
        "cve_case": ("cve", "CVE-2023-34362", ("CVE-2023-34362", "cve-2023-34362", "Cve-2023-34362")),
    }

    @classmethod
    def setUpClass(cls):
        for number, member in enumerate(THREE):
            d.publish(member, d.write("in/variants.txt", [spellings[number] for _, _, spellings in cls.CASES.values()]), "--format", "list", feed="variants")
        d.settle()
        cls.live = live(feed="variants")

    def one(self, name):
        kind, value, _ = self.CASES[name]
        indicator = self.live[kind, value]
        self.assertEqual(sources(indicator), sorted(THREE))
        self.assertEqual(indicator["now"]["organisations"], 3)

    def test_nothing_else_came_of_it(self):
        self.assertEqual(set(self.live), {(kind, value) for kind, value, _ in self.CASES.values()})

    def test_misp_2272_url_meets_its_domain(self):
        """A URL and a domain under one registrable domain: not one indicator, but they correlate."""
        d.publish("north", d.write("in/meet.txt", ["http://a.campaign-h.com/x", "b.campaign-h.com"]), feed="variants")
        d.settle()
        ids = {v["id"] for (_, value), v in live(feed="variants").items() if "campaign-h.com" in value}
        self.assertEqual(len(ids), 2)

        def met():
            found = [Schema.of("correlation").get(r) for r in d.last("green", "correlations").values()]
            return [c for c in found if set(c["first"]) == ids]
        self.assertEqual(until(met, "they correlate")[0]["value"], "campaign-h.com")


for _name in Variants.CASES:
    setattr(Variants, "test_rival_" + _name, lambda self, name=_name: self.one(name))


class Patterns(unittest.TestCase):
    def test_rival_opencti_13803_quoting_in_patterns(self):
        """Spacing, order and quoting of a STIX pattern make no second indicator."""
        patterns = (r"[domain-name:value = 'c2.campaign-p.com'] OR [url:value = 'http://x.campaign-p.com/it\'s']",
                    r"[url:value='http://x.campaign-p.com/it\'s' OR domain-name:value='C2.campaign-p.com.']",
                    r"( [ domain-name:'value'  =  'c2.campaign-p.com' ] )  OR  [ url:value = 'HTTP://x.campaign-p.com:80/it\'s' ]")
        for number, member in enumerate(THREE):
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
            bundle = {"type": "bundle", "id": "bundle--a740531e-63ff-4e49-a9e1-a0a3eed0e3e%d" % number, "objects": [{
                "type": "indicator", "spec_version": "2.1", "id": "indicator--a740531e-63ff-4e49-a9e1-a0a3eed0e3e%d" % number,
                "created": stamp, "modified": stamp, "valid_from": stamp, "pattern_type": "stix", "pattern": patterns[number]}]}
            d.publish(member, d.write("in/pattern.json", [json.dumps(bundle)]), feed="patterns")
        d.settle()
        found = live(feed="patterns")
        self.assertEqual({k: sources(v) for k, v in found.items()}, {
            ("domain", "c2.campaign-p.com"): sorted(THREE), ("url", "http://x.campaign-p.com/it's"): sorted(THREE)})


class Feeds(unittest.TestCase):
    def test_rival_misp_11117_a_repeated_value_drops_nothing(self):
        """One value twice in a block, in another case: the block arrives whole."""
        lines = ["host%d.campaign-q.com" % i for i in range(250)]
        d.publish("north", d.write("in/block.txt", lines[:130] + ["HOST77.campaign-q.com."] + lines[130:]), feed="block")
        d.settle()
        self.assertEqual({value for _, value in live(feed="block")}, set(lines))

    def test_rival_misp_191_characters(self):
        """Two long URLs with the same beginning are two."""
        begin = "http://drop.campaign-r.com/" + "a" * 300
        d.publish("north", d.write("in/long.txt", [begin + "b", begin + "c"]), feed="block")
        d.settle()
        self.assertEqual({value for _, value in live(feed="block") if value.startswith(begin)}, {begin + "b", begin + "c"})

    def test_rival_misp_4200_no_marking_is_nobody(self):
        """An empty marking must not mean everybody: it is refused before anything is sent."""
        before = d.ends("submit")
        path = d.write("in/unmarked.txt", ["unmarked.campaign-s.com"])
        d.publish("north", path, feed="unmarked", ok=(2,))
        d.publish("north", path, "--marking", "", feed="block", ok=(2,))
        d.publish("north", path, "--marking", "TLP:RED", "--dry-run", feed="block", ok=(0,))  # asked for by name
        self.assertEqual(d.segments("north", before), [])

    def test_rival_misp_4200_no_release_is_nobody(self):
        """What names no community and no government goes to the private sector and to nobody else."""
        d.publish("north", d.write("in/kept.txt", ["kept.campaign-t.com"]), feed="amber")
        d.settle()
        where = [a for a in d.audiences if ("domain", "kept.campaign-t.com") in live(a)]
        self.assertEqual(where, ["amber"])

    def test_rival_opencti_sources_are_merged_not_dropped(self):
        """The same value from a second member is a second source, not a duplicate that is thrown away (IntelMQ), nor a second row
        (CIF); told apart by feed and by marking."""
        for member, feed in (("north", "block"), ("north", "amber"), ("south", "block")):
            d.publish(member, d.write("in/merged.txt", ["merged.campaign-u.com"]), feed=feed)
        d.settle()
        rows = {a: [(s["member"], s["feed"], s["marking"]) for s in live(a)["domain", "merged.campaign-u.com"]["sources"]] for a in ("green", "amber")}
        self.assertEqual(rows["green"], [("north", "block", "green"), ("south", "block", "green")])
        self.assertEqual(rows["amber"], [("north", "amber", "amber"), ("north", "block", "green"), ("south", "block", "green")])

    def test_false_positive_stays_away(self):
        """An operator's word outlives tomorrow's feed."""
        path, key = d.write("in/false.txt", ["false.campaign-v.com"]), ("domain", "false.campaign-v.com")
        for member in THREE:
            d.publish(member, path, feed="words")
        d.settle()
        self.assertEqual(live()[key]["now"]["advice"], "block")
        d.ctl_must("overrule", "false.campaign-v.com", "--advice", "none", "--why", "ours", "--until", "7d")
        d.settle()
        self.assertEqual(live()[key]["now"]["advice"], "none")
        for member in THREE:
            d.publish(member, path, "--confidence", "100", feed="words")
        d.settle()
        self.assertEqual(live()[key]["now"]["advice"], "none")


class Order(unittest.TestCase):
    def test_members_in_reverse(self):
        """Real feeds of three members: once through Kafka in this order, by replay in this one and the reverse one: the same
        indicators with the same sources."""
        feeds = os.path.join(ROOT, "tests", "data", "feeds")
        files = [("north", "gru-aa25.intel"), ("north", "akira.txt"), ("south", "volexity-disgomoji.csv"), ("south", "akira.txt"),
                 ("south", "ipsum-8.txt"), ("east", "unit42-azorult.json"), ("east", "gru-aa25.intel"), ("east", "akira.txt")]
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        captures = []
        for member, name in files:
            captures.append(d.path("%s-%s.avro" % (member, name)))
            d.publish(member, os.path.join(feeds, name), "--segments", captures[-1], "--at", at, feed="order")
        forth, back = (self.facts({key: view(value) for (audience, key), value in replay("--lab", "--members", d.folder, *some).items() if audience == "green"})
                       for some in (captures, [c for m in reversed(THREE) for c in captures if os.path.basename(c).startswith(m)]))
        self.assertEqual(forth, back)
        for member, name in reversed(files):
            d.publish(member, os.path.join(feeds, name), feed="order")
        d.settle()
        self.assertEqual(self.facts({v["id"]: v for v in live(feed="order").values()}), forth)
        self.assertGreater(len(forth), 350)
        self.assertTrue(any(len(rows) == 3 for _, _, rows in forth.values()))

    def facts(self, views):
        return {key: (v["kind"], v["value"], [(s["member"], s["feed"], s["marking"], s["says"]) for s in v["sources"] if s["feed"] == "order"])
                for key, v in views.items()}


class TakenBack(unittest.TestCase):
    """Two members follow, each with its five outputs."""

    SINKS = {"list": "{}", "rpz": "{} CNAME .", "csv": "{}", "jsonl": '"{}"', "stix": "'{}'"}

    @classmethod
    def setUpClass(cls):
        d.publish("desk", d.write("in/first.txt", ["standing%d.campaign-w.com" % i for i in range(12)]), feed="taken-back")
        d.settle()
        cls.followers = {}
        for member in ("two-docs", "north"):
            outputs = {sink: d.path(member, "out", sink) for sink in cls.SINKS}
            os.makedirs(d.path(member, "out"))
            d.subscriber(member, *(word for sink, path in outputs.items() for word in ("--sink", "%s:%s" % (sink, path))))
            cls.followers[member] = outputs
        for member in cls.followers:
            cls.until_in(member, "standing0.campaign-w.com", set(cls.SINKS))

    @classmethod
    def holds(cls, member, value):
        """The outputs that have it."""
        out = set()
        for sink, path in cls.followers[member].items():
            if os.path.exists(path):
                with open(path, encoding="utf-8") as text:
                    wanted = cls.SINKS[sink].format(value)
                    out |= {sink for line in text if (line.rstrip("\n") == wanted if sink in ("list", "rpz") else wanted in line)}
        return out

    @classmethod
    def until_in(cls, member, value, wanted):
        until(lambda: cls.holds(member, value) == wanted, lambda: "%s in %s of %s, it is in %s" % (value, wanted, member, cls.holds(member, value)))

    def say(self, values, *options):
        d.publish("desk", d.write("in/list.txt", values), "--full-list", *options, feed="taken-back")

    def test_withdrawn_and_said_again(self):
        """Gone from all five outputs, then back in all five (IntelMQ's and others' exports only ever grow)."""
        values = ["standing%d.campaign-w.com" % i for i in range(12)]
        self.say(values)
        began = time.monotonic()
        self.say(values + ["brief.campaign-w.com"])
        for member in self.followers:
            self.until_in(member, "brief.campaign-w.com", set(self.SINKS))
        print("from the start of tocsin-publish to the last of ten files: %.2f s" % (time.monotonic() - began))
        self.say(values)
        for member in self.followers:
            self.until_in(member, "brief.campaign-w.com", set())
            self.assertEqual(self.holds(member, values[3]), set(self.SINKS))
        d.publish("desk", d.write("in/again.txt", ["brief.campaign-w.com"]), feed="taken-back")
        for member in self.followers:
            self.until_in(member, "brief.campaign-w.com", set(self.SINKS))

    def test_withdrawn_by_statement(self):
        """A withdrawal in JSON Lines does what the missing line of a full list does."""
        value = "stated.campaign-w.com"
        for action, wanted in (("assert", set(self.SINKS)), ("withdraw", set()), ("assert", set(self.SINKS))):
            line = json.dumps({"kind": "domain", "value": value, "action": action})
            d.publish("desk", d.write("in/stated.jsonl", [line]), feed="taken-back")
            self.until_in("two-docs", value, wanted)

    def test_allowed_by_one(self):
        """A member's own word clears its own outputs, and nobody else's."""
        value = "standing5.campaign-w.com"
        subscribe = os.path.join(BIN, "tocsin-subscribe"), "-c", d.path("two-docs/member.conf"), "allow"
        must(*subscribe, value, "--for", "24h", "--why", "our own portal")
        self.until_in("two-docs", value, set())
        with open(self.followers["two-docs"]["rpz"], encoding="utf-8") as zone:
            self.assertIn(value + " CNAME rpz-passthru.", zone.read())
        d.publish("desk", d.write("in/later.txt", ["later.campaign-w.com"]), feed="taken-back")
        self.until_in("north", "later.campaign-w.com", set(self.SINKS))  # whoever has this has read all before it
        self.assertEqual(self.holds("north", value), set(self.SINKS))
        must(*subscribe, "remove", value)
        self.until_in("two-docs", value, set(self.SINKS))


class Again(unittest.TestCase):
    def test_rival_opencti_16282_said_again_next_day(self):
        """The same file the next day moves last-seen and is no repetition; the same bytes once more change nothing."""
        path = d.write("in/daily.txt", ["daily%d.campaign-x.com" % i for i in range(50)])
        captures = []
        for day in ("2026-03-01", "2026-03-02"):
            captures.append(d.path("daily-%s.avro" % day))
            d.publish("east", path, "--segments", captures[-1], "--at", day + "T12:00:00Z", feed="again")
        lab = "--lab", "--members", d.folder
        first, both = replay(*lab, captures[0]), replay(*lab, *captures)
        self.assertEqual(set(first), set(both))
        for key, value in first.items():
            was, now = view(value), view(both[key])
            self.assertGreater(now["now"]["last_seen"], was["now"]["last_seen"])
            self.assertEqual((now["born"], now["n"]), (was["born"], was["n"] + 1))
            self.assertGreater(now["drop_after"], was["drop_after"])
            self.assertEqual(now["now"]["first_seen"], was["now"]["first_seen"])
        self.assertEqual(replay(*lab, *captures, captures[0], captures[1]), both)

    def test_same_bytes_through_kafka(self):
        """A segment sent twice by a client that is not ours, with the member's certificate: counted as repeated."""
        before = d.ends("submit")
        d.publish("north", d.write("in/twice.txt", ["twice%d.campaign-y.com" % i for i in range(40)]), feed="again")
        d.settle()
        sent = d.segments("north", before)
        self.assertEqual(sum(len(segment["observations"]) for _, segment in sent), 40)
        views, counted = d.last("green"), d.status()["members"]["north"]
        connection = d.connect("north")
        self.addCleanup(connection.close)
        for record, _ in sent:
            connection.send(d.topic("submit"), record.partition, [record.value])
        d.settle()
        now = d.status()["members"]["north"]
        self.assertEqual({name: now[name] - counted[name] for name in COUNTERS}, {
            "sent": 40, "changed": 0, "unchanged": 0, "quarantined": 0, "repeated": 40})
        self.assertEqual(d.last("green"), views)


class Reading(unittest.TestCase):
    def test_consumer_in_another_language(self):
        """consume.py and tocsin-subscribe, side by side on the same member's certificate, hold the same."""
        d.publish("desk", d.write("in/read.txt", ["read%d.campaign-z.com" % i for i in range(30)]), feed="words")
        d.settle()
        ours, theirs = self.ours(), self.theirs()
        self.assertLessEqual(ours, theirs)
        self.assertGreaterEqual(len(ours), 30)
        # consume.py has no gate; ours lets no public suffix pass, and real feeds name some (dynamic DNS).
        values = {v["id"]: value for (_, value), v in live().items()}
        with open(os.path.join(ROOT, "deploy", "reference", "public-suffixes.dat"), encoding="utf-8") as rules:
            self.assertLessEqual({values[key] for key in theirs - ours}, set(rules.read().split()))

    def place(self):
        return d.env["TOC_KAFKA_MEMBER"], d.topic("indicators.green"), d.path("two-docs")

    def ours(self):
        path = d.path("two-docs", "once.jsonl")
        with open(d.path("two-docs", "member.conf"), encoding="utf-8") as text:  # its own state: another subscriber may run
            conf = d.write("two-docs/once.conf", text.read().replace('"state"', '"state-once"').splitlines())
        must(os.path.join(BIN, "tocsin-subscribe"), "-c", conf, "--interest", "not advice = none", "--sink", "jsonl:" + path, "--once")
        with open(path, encoding="utf-8") as lines:
            return {row["id"] for row in map(json.loads, lines) if "id" in row}

    def theirs(self, *options):
        told = must(sys.executable, CONSUME, "--once", *options, *self.place())
        return {line.split()[1] for line in told.splitlines()}

    def test_consumer_follows(self):
        """What enters and what leaves, in the order it happens."""
        d.publish("desk", d.write("in/before.txt", ["before.campaign-z.com"]), feed="words")
        d.settle()
        with open(d.path("told"), "wb") as out:
            d.children.append(under_us(sys.executable, CONSUME, *self.place(), stdout=out, stderr=out))

        def told():
            with open(d.path("told"), encoding="utf-8") as text:
                return [(line.split()[0], line.split()[2]) for line in text if "followed" in line or line.startswith("=")]
        until(lambda: any(sign == "=" for sign, _ in told()), "the start picture")
        for action, sign in (("assert", "+"), ("withdraw", "-"), ("assert", "+")):
            line = json.dumps({"kind": "domain", "value": "followed.campaign-z.com", "action": action})
            d.publish("desk", d.write("in/followed.jsonl", [line]), feed="words")
            until(lambda: told()[-1] == (sign, "followed.campaign-z.com"), lambda: "%s after %s" % (sign, told()[-3:]))

    def test_consumer_without_its_hub(self):
        """By its own clock: what is over goes, after 7 days addresses and URLs go, the rest stays."""
        d.publish("desk", d.write("in/aged.txt", ["http://aged.campaign-z.com/x", "45.9.148.99", "aged.campaign-z.com", "ab" * 16]), feed="words")
        d.settle()
        ids = {value: v["id"] for (_, value), v in live(feed="words").items() if "aged" in value or value in ("45.9.148.99", "ab" * 16)}
        now = int(time.time() * 1000)
        for days, stays in ((0, set(ids)), (1, set(ids)), (8, {"aged.campaign-z.com", "ab" * 16}), (500, set())):
            there = self.theirs("--now", str(now + days * 86400000))
            self.assertEqual({value for value, key in ids.items() if key in there}, stays, days)


class Conserved(unittest.TestCase):
    def test_sums(self):
        """After all of this: sent = accepted + quarantined + repeated for every member, and its receipts add up to the same."""
        path = d.write("in/sums.txt", ["sums%d.campaign-k.com" % i for i in range(10)])
        for _ in range(2):
            d.publish("south", path, feed="words")
        client = Member(d, "south")  # one of its own, which sends what our own would not, and sends it twice
        sent = client.segment([observation("ipv4", "10.1.2.3")], feed="words")
        for _ in range(2):
            client.send_bytes(sent["partition"], client.sealed(sent))
        self.addCleanup(client.connection.close)
        d.settle()
        status = d.status()
        self.assertTrue(status["conserved"])
        south = status["members"]["south"]
        self.assertTrue(all(south[name] > 0 for name in COUNTERS), south)
        refused = self.refused()
        self.assertGreater(refused.get("south", 0), 0)
        for member, sums in status["members"].items():
            self.assertEqual(refused.get(member, 0), sums["quarantined"], member)
            self.assertEqual(sums["sent"], sums["accepted"] + sums["quarantined"] + sums["repeated"], member)
            want = {name: sums[name] for name in COUNTERS}
            until(lambda: d.sums("receipts." + member).get(member) == want,
                  lambda: "receipts of %s: %s, status: %s" % (member, d.sums("receipts." + member), want))


    def refused(self):
        """Headers of quarantine say what its records say, without decoding: {member: observations}."""
        sums = {}
        for record in d.read("quarantine"):
            q = Schema.of("quarantine").get(record.value)
            headers = [pair.split("=") for pair in record.headers.decode().split(",")]
            codes = list(dict.fromkeys(filter(None, [q["code"]] + [r["code"] for r in q["refusals"]])))
            self.assertEqual(headers[:-1], [["tocsin.error.code", code] for code in codes])
            self.assertEqual(headers[-1][0], "tocsin.error.observations")
            sums[q["member"]] = sums.get(q["member"], 0) + int(headers[-1][1])
        return sums


def load_tests(loader, tests, pattern):
    """In the order they stand here: Conserved is the last."""
    del tests, pattern
    return unittest.TestSuite(map(loader.loadTestsFromTestCase, (
        Variants, Patterns, Feeds, Order, TakenBack, Again, Reading, Conserved)))


if __name__ == "__main__":
    unittest.main()
