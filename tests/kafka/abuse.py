#!/usr/bin/env python3
"""The cases of abuse.sh."""

import gzip
import json
import os
import re
import struct
import sys
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import raw_kafka  # noqa: E402
from raw_kafka import batch, record, varint  # noqa: E402
from raw_member import Checks, Deployment, Member, Schema, observation  # noqa: E402

PLAIN = ("domain", "plain.com")


def metric(name):
    with urllib.request.urlopen(os.environ["TOC_PAGE"] + "/metrics", timeout=20) as page:
        text = page.read().decode()
    return sum(int(n) for n in re.findall(r"^%s(?:\{[^}]*\})? (\d+)$" % name, text, re.M))


def batches(value):
    """Batches that no client makes, with a record that is good by itself."""
    good = record(0, value)
    whole = batch([good])
    yield "no value", batch([record(0, None)])
    yield "an empty value", batch([record(0, b"")])
    yield "a key", batch([record(0, value, key=b"\x1b[31m" * 100)])
    yield "a thousand headers", batch([record(0, value, headers=[(b"tocsin.error.code\x1b[2J", b"\0" * 100)] * 1000)])
    yield "a packed batch", batch(gzip.compress(good), count=1, attributes=1)
    yield "a packed batch of garbage", batch(gzip.compress(os.urandom(2000)), count=1, attributes=1)
    yield "a packed batch that ends early", batch(gzip.compress(good)[:-12], count=1, attributes=1)
    yield "a packed record of two gigabytes, as it says", batch(gzip.compress(varint((1 << 31) - 10) + good), count=1, attributes=1)
    for codec in (2, 3, 4, 5, 7):
        yield "what is no %d" % codec, batch(os.urandom(500), count=1, attributes=codec)
    for attributes in (0x08, 0x10, 0x20, 0x30, 0x40, 0x7fc0):
        yield "attributes %#x" % attributes, batch([good], attributes=attributes)
    for magic in (0, 1, 3, 127):
        yield "magic %d" % magic, batch([good], magic=magic)
    for count in (0, 2, 1000, -1, (1 << 31) - 1):
        yield "a count of %d" % count, batch([good], count=count)
    yield "a producer that nobody began", batch([good], producer=(123456, 0, 0))
    yield "a producer out of sequence", batch([good], producer=(123456, 0, 77))
    yield "a sum that is wrong", whole[:30] + bytes([whole[30] ^ 1]) + whole[31:]
    yield "a batch cut off", whole[:-5]
    yield "bytes behind it", whole + b"\0" * 30
    yield "two batches", whole + whole
    yield "no bytes", b""
    yield "a record of a negative length", batch([varint(-5) + good[1:]])
    yield "a record longer than its batch", batch([varint(100000) + good[2:]])
    yield "a record too large", batch([record(0, bytes(1100000))])
    yield "a record as large as may be", batch([record(0, bytes(1000000))])


def throw_batches(d, checks, mallory):
    here = d.partition_of(*PLAIN)
    link, submit = d.connect("mallory"), d.topic("submit")
    taken = refused = 0
    for what, data in batches(mallory.sealed(mallory.segment([observation(*PLAIN)]))):
        try:
            error, offset = link.produce(submit, here, data)
        except ConnectionError:
            link = d.connect("mallory")
            error = -1
        if error:
            refused += 1
            continue
        d.until_taken(here, offset)
        taken += 1
    checks.that("the broker refuses some, the hub takes the others", refused > 10 and taken > 5, (refused, taken))
    return link


def crowd(d, checks, mallory):
    """More writers and feeds than a member may have."""
    here = d.partition_of(*PLAIN)
    codes = {"segment.writers": 0, "segment.feed": 0, "": 0}
    last = None
    for i in range(80):
        last = mallory.send([observation(*PLAIN)], writer=struct.pack(">q", i), previous=None)
    for i in range(50):
        last = mallory.send([observation(*PLAIN)], feed="feed-%d" % i, previous=None)
    d.until_taken(here, last.offset)
    for r in d.read("receipts"):
        receipt = Schema.of("receipt").get(r.value)
        codes[receipt["code"]] = codes.get(receipt["code"], 0) + 1
    checks.that("writers beyond 64 and feeds beyond 32 are refused", codes["segment.writers"] >= 16 and codes["segment.feed"] >= 18, codes)


def fat(kind, value, marking, relations, **fields):
    links = [{"type": "part_of", "kind": "url", "value": "https://r.com/%s/%d/" % (marking, i) + "x" * 1990} for i in range(relations)]
    return observation(kind, value, confidence=90, relations=links, **fields)


def weigh_down(d, checks, mallory):
    """Entries as heavy as a member may make them, then one light segment that touches them all."""
    here, values, i = 0, [], 0
    while len(values) < 1000:
        if d.partition_of("domain", "heavy-%d.com" % i) == here:
            values.append("heavy-%d.com" % i)
        i += 1
    last = None
    for marking in ("clear", "green", "amber"):
        for at in range(0, len(values), 200):
            last = mallory.send([fat("domain", v, marking, 1) for v in values[at:at + 200]], codec="zstd", marking=marking, feed="feed-0",
                                release={"federal": "yes", "communities": []})
    d.until_taken(here, last.offset)
    for confidence in (91, 92, 93):
        light = mallory.send([observation("domain", v, confidence=confidence, tags=["t%d" % confidence]) for v in values],
                             marking="clear", feed="feed-1", release={"federal": "yes", "communities": []})
    receipt = light.receipt()
    checks.same("heavy entries are touched all at once", (receipt["changed"], receipt["quarantined"]), (len(values), 0))


def main():
    d, checks = Deployment(sys.argv[1]), Checks()
    mallory, honest = Member(d, "mallory"), Member(d, "honest")
    throw_batches(d, checks, mallory)
    crowd(d, checks, mallory)
    weigh_down(d, checks, mallory)
    for partition in range(d.partitions):
        i = next(i for i in range(1000) if d.partition_of("domain", "honest-%d.com" % i) == partition)
        checks.same("partition %d goes on" % partition, honest.send([observation("domain", "honest-%d.com" % i)]).receipt()["changed"], 1)
    checks.same("nothing was built anew", metric("tocsin_worker_rebuilds_total"), 0)
    checks.same("no transaction was aborted", metric("tocsin_worker_aborts_total"), 0)
    status = json.loads(d.ctl_must("status", "--json"))
    checks.that("conservation holds", status["conserved"], status["members"])
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
