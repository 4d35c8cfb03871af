#!/usr/bin/env python3
"""The cases of forged.sh. Bytes are made from schemas/SEGMENTS.md alone; all are sent by a member, over its own
connection: whoever broke into one can do that much."""

import collections
import hashlib
import json
import os
import re
import sys
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402

from raw_member import Checks, Deployment, Member, Schema, framed, observation, private_key, public_bytes, seal  # noqa: E402

OTHER_ID = bytes(range(16))
LIVE = [("sha256", "%064x" % i) for i in range(3)] + [("domain", "planted-%d.com" % i) for i in range(3)]


class Forger:
    """Sends, and remembers what each record must be refused with."""

    def __init__(self, d, alpha):
        self.d, self.alpha, self.wanted = d, alpha, []

    def send(self, what, value, codes, booked="", partition=0):
        codes = codes if isinstance(codes, tuple) else (codes,)
        self.wanted.append((what, self.alpha.send_bytes(partition, value), codes, booked))

    def verdicts(self, checks):
        for _, sent, _, _ in self.wanted:
            self.d.until_taken(sent.partition, sent.offset)
        found = collections.defaultdict(list)
        for r in self.d.read("quarantine"):
            q = Schema.of("quarantine").get(r.value)
            found[q["partition"], q["offset"]].append((q["code"], q["member"]))
        for what, sent, codes, booked in self.wanted:
            got = found[sent.partition, sent.offset]
            checks.that("%s: %s" % (what, "/".join(codes)),
                        len(got) == 1 and got[0][0] in codes and got[0][1] == booked, got)
        return collections.Counter(found[sent.partition, sent.offset][0][0] for _, sent, _, _ in self.wanted)


def forge(f):
    """Another key, another deployment."""
    alpha, d, other = f.alpha, f.d, Ed25519PrivateKey.generate()
    segment = alpha.segment([observation("domain", "forged.com")], partition=0)
    payload = framed("segment", **segment)
    own_id = Schema.of("signed_segment").get(alpha.sealed(segment))["key_id"]
    f.send("a key that nobody was granted", seal(d.id, other, payload, 1), "segment.key")
    f.send("another key that claims a member's", seal(d.id, other, payload, 1, key_id=own_id), "segment.signature")
    f.send("the member's key, signed for another deployment", seal(OTHER_ID, alpha.key, payload, 1), "segment.deployment")
    f.send("another deployment's segment", seal(OTHER_ID, other, payload, 1), "segment.deployment")
    f.send("another deployment's segment under this one's id", seal(d.id, other, payload, 1), "segment.key")
    f.send("signed without the domain", b"".join(unsigned(d, alpha, payload, b"")), "segment.signature")
    f.send("signed with a zero in place of the signature", alpha.sealed(segment)[:-64] + bytes(64), "segment.signature")
    f.send("the key of small order", small_order(d, payload), "segment.key")


def unsigned(d, alpha, payload, domain):
    body = seal(d.id, alpha.key, payload, 1)[:-64]
    return body, alpha.key.sign(domain + body)


def small_order(d, payload):
    """Under the neutral element as a key, a fixed signature verifies for any message."""
    point = b"\1" + bytes(31)
    header = {"deployment": d.id, "key_id": hashlib.sha256(point).digest()[:16], "codec": "none", "raw_length": len(payload),
              "encryption": b"", "observations": 1, "payload": payload, "signature": point + bytes(32)}
    return framed("signed_segment", **header)


def alter(f):
    """One bit of every byte: framing, header, payload, signature."""
    value = f.alpha.sealed(f.alpha.segment([observation("domain", "altered.com")], partition=0))
    payload_at = value.index(Schema.of("segment").header)
    parts = (("framing", 0, 10), ("deployment", 10, 26), ("key id", 26, 42), ("header", 42, payload_at),
             ("payload", payload_at, len(value) - 64), ("signature", len(value) - 64, len(value)))
    codes = {"framing": "segment.frame", "deployment": "segment.deployment", "key id": "segment.key",
             "header": ("segment.frame", "segment.codec", "segment.large", "segment.signature"),
             "payload": "segment.signature", "signature": "segment.signature"}
    for part, start, end in parts:
        for at in range(start, end):
            other = bytearray(value)
            other[at] ^= 1 << at % 8
            f.send("one bit of %s, byte %d" % (part, at), bytes(other), codes[part])


def wrong_hand(f):
    """Every role with what another role may send."""
    d, alpha, now = f.d, f.alpha, int(time.time() * 1000)
    keys = {"member": (alpha.key, "alpha"), "hub": (private_key(d.path("op/hub.signing.key")), "hub"),
            "operator": (private_key(d.path("op/operator.signing.key")), "operator"),
            "root": (private_key(d.path("op/root.signing.key")), "root")}
    tick = framed("tick", hub="h1", partition=0, time=now + 3600000)
    key_grant = {"public_key": public_bytes(alpha.key), "role": "operator", "holder": "alpha", "revoked": False}
    control = framed("control", sequence=f.sequence + 1, time=now, operator="operator", key=key_grant)
    segment = framed("segment", **alpha.segment([observation("domain", "wrong-hand.com")], partition=0))
    for role, payload, what, count in (
            ("member", tick, "a tick", 0), ("member", control, "a decision", 0), ("hub", segment, "a segment", 1),
            ("hub", control, "a decision", 0), ("operator", segment, "a segment", 1), ("operator", tick, "a tick", 0),
            ("root", segment, "a segment", 1), ("root", tick, "a tick", 0)):
        key, holder = keys[role]
        f.send("%s's key signs %s" % (role, what), seal(d.id, key, payload, count), "segment.role", holder)
    f.send("member's key signs neither of the three", seal(d.id, alpha.key, framed("head", stream_time=now, tick=1)),
           "segment.role", "alpha")
    hub = keys["hub"][0]
    f.send("a hub's tick an hour ahead", seal(d.id, hub, tick), "tick.time")
    f.send("a hub's tick of the past", seal(d.id, hub, framed("tick", hub="h1", partition=0, time=now - 3600000)), "tick.time")
    f.send("a hub's tick of another partition", seal(d.id, hub, framed("tick", hub="h1", partition=1, time=now)), "tick.time")
    return keys


def decisions_again(f, keys):
    """Decisions played again, with a gap, and of another genesis."""
    d, now = f.d, int(time.time() * 1000)
    played = [r.value for r in d.read("control")]
    for value in played:
        what = Schema.of("control").get(Schema.of("signed_segment").get(value)["payload"])
        f.send("decision %d played again" % what["sequence"], value, "control.sequence")
    operator = keys["operator"][0]
    overrule = {"kind": "domain", "value": LIVE[3][1], "advice": "none", "why": "a gap", "until": now + 3600000}
    for gap in (0, 2, 1000):
        f.send("a decision with sequence last + %d" % gap, seal(d.id, operator, framed(
            "control", sequence=f.sequence + gap, time=now, operator="operator", overrule=overrule)), "control.sequence")
    own = Ed25519PrivateKey.generate()
    genesis = {**Schema.of("control").codec.decode(Schema.of("signed_segment").get(d.genesis_value)["payload"][10:])["genesis"],
               "root_keys": [public_bytes(own)]}
    foreign = framed("control", sequence=1, time=now, operator="x", genesis=genesis)
    f.send("a foreign genesis for this deployment", seal(d.id, own, foreign), "segment.key")
    other = framed("control", sequence=1, time=now, operator="x", genesis={**genesis, "deployment": OTHER_ID})
    f.send("a foreign genesis of another deployment", seal(OTHER_ID, own, other), "segment.deployment")


def others_place(f, beta):
    """A member in the name, place and time of others."""
    d, alpha = f.d, f.alpha
    one = [observation("domain", "place.com")]
    here = d.partition_of("domain", "place.com")
    for what, fields, code in (
            ("in another member's name", {"member": "beta"}, "segment.member"),
            ("in nobody's name", {"member": "nobody"}, "segment.member"),
            ("for another member as if a gateway", {"member": "beta", "submitted_by": "alpha"}, "segment.member"),
            ("as another's gateway", {"submitted_by": "beta"}, "segment.member"),
            ("for another partition", {"partition": 1 - here}, "segment.partition"),
            ("for another number of partitions", {"partitions": 3}, "segment.partition"),
            ("31 days old", {"created": int(time.time() * 1000) - 31 * 86400000}, "segment.stale"),
            ("2 days ahead", {"created": int(time.time() * 1000) + 2 * 86400000}, "segment.stale"),
            ("created at the first of all times", {"created": -(1 << 63)}, "segment.stale"),
            ("created at the last of all times", {"created": (1 << 63) - 1}, "segment.stale"),
            ("with an index beyond its count", {"index": 1}, "segment.count"),
            ("with a negative seq", {"seq": -1}, "segment.count"),
            ("of a feed that is no id", {"feed": "Main feed"}, "segment.feed")):
        f.send("a segment " + what, alpha.sealed(alpha.segment(one, partition=here) | fields), code, "alpha", here)
    lying = alpha.sealed(alpha.segment(one, partition=here), observations=2)
    f.send("a segment with fewer observations than it says", lying, "segment.count", "alpha", here)
    alpha.seq += 100


def replay(f, checks, first):
    """The same bytes again: here and in another partition; the same number with another content."""
    alpha, d = f.alpha, f.d
    sent, value, segment = first
    again = alpha.send_bytes(sent.partition, value, sent.identity)
    receipt = again.receipt()
    checks.same("the same bytes again are repeated", (receipt["code"], receipt["repeated"], receipt["changed"],
                                                     receipt["quarantined"]), ("segment.repeated", len(segment["observations"]), 0, 0))
    f.send("the same bytes in another partition", value, "segment.partition", "alpha", 1 - sent.partition)
    other = alpha.sealed({**segment, "agreement": "another"})
    f.send("the number of the last segment with another content", other, "segment.reused", "alpha", sent.partition)


def metric(name, code):
    with urllib.request.urlopen(os.environ["TOC_PAGE"] + "/metrics", timeout=20) as page:
        text = page.read().decode()
    found = re.search(r'^%s\{code="%s"\} (\d+)$' % (name, re.escape(code)), text, re.M)
    return int(found.group(1)) if found else 0


def main():
    d, checks = Deployment(sys.argv[1]), Checks()
    alpha, beta = Member(d, "alpha"), Member(d, "beta")
    alone = Member(d, "alpha")  # a writer whose last segment is played again
    firsts = []
    for who in (alpha, beta, alone):
        for partition in range(d.partitions):
            held = [observation(k, v, confidence=90) for k, v in LIVE if d.partition_of(k, v) == partition]
            segment = who.segment(held, partition=partition)
            value = who.sealed(segment)
            identity = "%s/%d/0" % (who.writer.hex(), segment["seq"])
            firsts.append((who.send_bytes(partition, value, identity.encode()), value, segment))
    for sent, _, segment in firsts:
        receipt = sent.receipt()
        checks.same("planted in partition %d" % sent.partition, receipt["changed"] + receipt["unchanged"],
                    len(segment["observations"]))
    before = d.views()
    checks.that("the views are there, and block", len(before) >= 2 * len(LIVE) and all(
        d.live("green")[k]["now"]["advice"] == "block" for k in LIVE), before)

    f = Forger(d, alpha)
    f.sequence = max(Schema.of("control").get(Schema.of("signed_segment").get(r.value)["payload"])["sequence"]
                     for r in d.read("control"))
    forge(f)
    alter(f)
    decisions_again(f, wrong_hand(f))
    others_place(f, beta)
    replay(f, checks, firsts[-1])
    counted = f.verdicts(checks)

    checks.same("no view moved", d.views(), before)
    for code, n in sorted(counted.items()):
        checks.same("metrics count %s" % code, metric("tocsin_refusals_total", code), n)
    status = d.ctl_must("status", "--json")
    status = json.loads(status)
    nobodys = sum(1 for _, _, _, booked in f.wanted if booked == "") - counted["control.sequence"] - counted["tick.time"]
    checks.same("status counts what had no valid signature", status["unauthenticated"], nobodys)
    checks.that("conservation holds", status["conserved"], status["members"])
    checks.same("nothing was booked to a bystander", status["members"]["beta"]["quarantined"], 0)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
