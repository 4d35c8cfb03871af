#!/usr/bin/env python3
"""What no honest connector sends: every number at its ends, arrays and texts that lie about their size, compression that
does, records that are no records. Signed by a member, so that all of it reaches the steps. Nothing stops, nothing is
undefined (the programs are built with sanitizers), what honest members say afterwards is there, and the log reads back."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from raw_log import DAY, Log  # noqa: E402
from raw_member import Checks, Schema, avro_plain, framed, observation, seal, zstd  # noqa: E402

ENDS = [-(1 << 63), -(1 << 63) + 1, -(1 << 31) - 1, -(1 << 31), -1, 0, 1, (1 << 31) - 1, 1 << 31, 1 << 53, (1 << 63) - 2, (1 << 63) - 1]
WHAT = ("domain", "extreme.com")


def segments(log, member):
    """A good segment with one number each at its ends."""
    here = log.partition_of(*WHAT)
    base = {"member": member.name, "partition": here, "partitions": log.partitions, "created": log.now, "feed": "main",
            "marking": "green", "attribution": "named"}
    writer = iter(range(1, 1 << 60))

    def sealed(observations, **fields):
        number = next(writer)
        fields = {**base, "writer": bytes([number % 60]) * 8, "seq": number, "observations": observations, **fields}
        return seal(log.id, member.key, framed("segment", **fields), len(observations))
    for end in ENDS:
        for name in ("seq", "index", "count", "partition", "partitions", "created"):
            yield sealed([observation(*WHAT)], **{name: end})
        for name in ("seq", "index"):
            yield sealed([observation(*WHAT)], previous={"seq": 1, "index": 1, name: end})
        yield sealed([observation(*WHAT)], totals=dict.fromkeys(Schema.of("segment").blank(Schema.of("segment").codec.named["Totals"]), end))
        for action in ("assert", "sight", "hit", "withdraw", "refute", "purge", "unknown"):
            for name in ("confidence", "first_seen", "last_seen", "count", "valid_until"):
                yield sealed([observation(*WHAT, action=action, **{name: end})])
        yield sealed([observation(*WHAT, first_seen=end, last_seen=-end if end else 0, valid_until=end)])


def frames(log, member):
    """Payloads that are none, or lie."""
    here = log.partition_of(*WHAT)
    good = framed("segment", member=member.name, writer=b"framefra", seq=1, partition=here, partitions=log.partitions,
                  created=log.now, feed="main", marking="green", observations=[observation(*WHAT)])
    header, long = Schema.of("segment").header, avro_plain.long
    for payload in (b"", b"\xc3", header, good[:-1], good + b"\0", good[:40], header + bytes(200), header + b"\xff" * 200,
                    header + long(63) + b"x", header + long(-1), header + long(1 << 62), header + long((1 << 63) - 1)):
        for count in (0, 1, 1000):
            yield seal(log.id, member.key, payload, count)
    # The observations of a segment are its last field: every way to write the head of that array.
    head = framed("segment", member=member.name, writer=b"framefra", seq=2, partition=here, partitions=log.partitions,
                  created=log.now, feed="main", marking="green", observations=[])[:-1]
    one = Schema.of("observation").codec.encode(observation(*WHAT))
    for blocks in (long(1 << 62), long(-(1 << 62)) + long(1), long(-1) + long(-5) + one, long(-1) + long(len(one) + 9) + one + long(0),
                   long(1001) + one * 1001 + long(0), long(1) + one, long(2) + one + long(0), (long(1) + one) * 1001 + long(0),
                   (long(-1) + long(len(one)) + one) * 2 + long(0), long(-(1 << 63)) + long(0), long(0) * 3, b"\x80" * 11):
        yield seal(log.id, member.key, head + blocks, 1)
    for fields in ({"raw_length": -1}, {"raw_length": len(good) - 1}, {"raw_length": 1 << 62}, {"raw_length": 0}, {"encryption": b"x"},
                   {"observations": -1}, {"observations": 1001}, {"observations": 0}, {"codec": "unknown"}, {"codec": "zstd"}):
        yield seal(log.id, member.key, good, **{"observations": 1, **fields})
    for packed, raw in compressed(good):
        yield seal(log.id, member.key, packed, 1, codec="zstd", raw_length=raw)


def compressed(good):
    """(packed, raw length it says)"""
    frame, bomb = zstd(good), zstd(bytes(100 << 20), 19)
    yield from ((frame, len(good) + n) for n in (-1, 1, 1000, -len(good)))
    yield from ((frame[:-1], len(good)), (frame + b"\0", len(good)), (frame + frame, len(good)), (frame + frame, 2 * len(good)),
                (b"", 0), (b"", len(good)), (frame[4:], len(good)))
    yield from ((bomb, 524288), (bomb, len(good)), (bomb, 0), (zstd(bytes(524288)), 524288), (zstd(b""), 0))
    # Skippable frames around it, and a frame that asks for a window of 2 GiB.
    skip = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"skip"
    yield from ((skip + frame, len(good)), (skip, 0), (b"\x28\xb5\x2f\xfd\x00\xa8" + frame[6:], len(good)))


def texts(log, member):
    """Texts and values of every length around their limits, in every place."""
    here = log.partition_of(*WHAT)

    def sealed(o, seq, **fields):
        return seal(log.id, member.key, framed("segment", **{
            "member": member.name, "writer": b"textstex", "seq": seq, "partition": here, "partitions": log.partitions,
            "created": log.now, "feed": "main", "marking": "green", "observations": [o], **fields}), 1)
    seq = 0
    for size in (62, 63, 64, 127, 128, 129, 253, 256, 257, 1023, 1024, 1025, 2047, 2048, 2049, 4097, 70000):
        text = "a" * size
        for o in (observation("domain", text), observation("url", "https://e.com/" + text), observation(*WHAT, tags=[text]),
                  observation(*WHAT, tags=["t%d" % i for i in range(min(size, 2000))]), observation(*WHAT, description=text),
                  observation(*WHAT, origin=text), observation(*WHAT, references=[{"source": text, "id": text, "url": text}]),
                  observation(*WHAT, relations=[{"type": "part_of", "kind": "url", "value": "https://e.com/" + text}]),
                  observation(*WHAT, relations=[{"type": "unknown", "kind": "domain", "value": "e.com"}]),
                  observation(*WHAT, relations=[{"type": "part_of", "kind": "unknown", "value": ""}])):
            seq += 1
            yield sealed(o, seq)
        for fields in ({"feed": text}, {"member": text}, {"submitted_by": text}, {"agreement": text},
                       {"release": {"federal": "yes", "communities": [text[:63]] * min(size, 200)}}):
            seq += 1
            yield sealed(observation(*WHAT), seq, **fields)


def ticks(log):
    """Of a hub whose clock, or whose key, is in wrong hands."""
    for end in (*ENDS, log.now + 400 * DAY):
        yield seal(log.id, log.hub, framed("tick", hub="h1", partition=0, time=end))


def main():
    checks = Checks()
    log = Log()
    gov = log.admit("gov-desk", role="government", feed={"may_block": True})
    member = log.admit("any")
    log.tick()
    count = 0
    for value in [*segments(log, member), *frames(log, member), *texts(log, member), *ticks(log), b"", b"\0", b"\xff" * 1000, bytes(524545)]:
        for partition in range(log.partitions):
            log.put(partition, value)
        count += 1
    log.tick()
    gov.say([observation("domain", "honest.com", confidence=90), observation(*WHAT, confidence=90)])
    member.say([observation("domain", "honest.com", confidence=90)])
    at_once = log.replay("--batch", "64")
    for what in (("domain", "honest.com"), WHAT):
        checks.same("after %d such records %s is there" % (count, what[1]), at_once.views["green"][what]["now"]["advice"], "block")
    # Whatever times they brought: every timer fires, every end comes.
    for days in (1, 30, 100, 400, 400):
        log.tick(days * DAY)
        log.tick()
    later = log.replay("--batch", "64")
    checks.that("in the end nothing is left of it", not any(later.views[a] for a in later.views), later.views)
    checks.same("any batch, abort and restart: the same", log.replay("--batch", "5", "--abort", "7", "--restart", "40").digest, later.digest)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
