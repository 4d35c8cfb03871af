"""Segments made from schemas/SEGMENTS.md and the .avsc files alone, and what became of them: for tests that play a member
with a client of its own, honest or not. Uses none of our code; reads topics with kcat."""

import collections
import ctypes
import ctypes.util
import hashlib
import os
import shlex
import struct
import subprocess
import sys
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tests", "contract"))

import avro_plain  # noqa: E402
import raw_kafka  # noqa: E402

SCHEMAS = os.path.join(ROOT, "schemas")
DOMAIN = b"tocsin-segment-v1\0"
Record = collections.namedtuple("Record", "topic partition offset time key value headers")
PATIENCE = 60  # seconds an awaited event may take on a loaded machine


def until(wanted, what, patience=PATIENCE):
    """The first true answer of wanted(); what is said when none comes in time."""
    deadline = time.monotonic() + patience
    while True:
        answer = wanted()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError("not within %d s: %s" % (patience, what() if callable(what) else what))
        time.sleep(0.05)


class Schema:
    """One schema of schemas/: framed records in and out."""
    known = {}

    def __init__(self, stem):
        self.schema = avro_plain.load(SCHEMAS, stem)
        self.codec = avro_plain.Codec(self.schema)
        self.header = b"\xc3\x01" + avro_plain.fingerprint(self.schema)

    @classmethod
    def of(cls, stem):
        if stem not in cls.known:
            cls.known[stem] = cls(stem)
        return cls.known[stem]

    def blank(self, schema=None):
        """A record of defaults."""
        schema = self.schema if schema is None else schema
        schema = self.codec.named.get(schema, schema) if isinstance(schema, str) else schema
        return {f["name"]: f["default"] if "default" in f else self.empty(f["type"]) for f in schema["fields"]}

    def empty(self, kind):
        kind = self.codec.named.get(kind, kind) if isinstance(kind, str) else kind
        return bytes(kind["size"]) if kind["type"] == "fixed" else self.blank(kind)

    def put(self, **fields):
        return self.header + self.codec.encode({**self.blank(), **fields})

    def get(self, framed):
        assert framed.startswith(self.header), "another schema"
        return self.codec.decode(framed[len(self.header):])


def framed(stem, **fields):
    return Schema.of(stem).put(**fields)


def observation(kind, value, **fields):
    schema = Schema.of("observation")
    return {**schema.blank(), "kind": kind, "value": value, **fields}


def key_of(kind, value):
    return hashlib.sha256(kind.encode() + b"\0" + value.encode()).digest()[:16]


def private_key(path):
    with open(path, "rb") as stream:
        return serialization.load_pem_private_key(stream.read(), None)


def public_bytes(key):
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def zstd(data, level=3):
    """One frame that holds its content size."""
    library = ctypes.CDLL(ctypes.util.find_library("zstd"))
    library.ZSTD_compress.restype = library.ZSTD_compressBound.restype = ctypes.c_size_t
    room = library.ZSTD_compressBound(ctypes.c_size_t(len(data)))
    out = ctypes.create_string_buffer(room)
    return out.raw[:library.ZSTD_compress(out, ctypes.c_size_t(room), data, ctypes.c_size_t(len(data)), level)]


def seal(deployment, key, payload, observations=0, **header):
    """The Kafka value; `header` overrides what SEGMENTS.md asks for."""
    fields = {"deployment": deployment, "key_id": hashlib.sha256(public_bytes(key)).digest()[:16], "codec": "none",
              "raw_length": len(payload), "encryption": b"", "observations": observations, "payload": payload,
              "signature": bytes(64), **header}
    body = framed("signed_segment", **fields)[:-64]
    return body + key.sign(DOMAIN + body)


class Deployment:
    """What tests/support/deployment.sh made in a folder, in the eyes of its operator."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        with open(self.path("env"), encoding="utf-8") as stream:
            self.env = dict(word.split("=", 1) for word in shlex.split(stream.read()))
        self.prefix = self.env["TOC_PREFIX"]
        with open(self.path("op/genesis.toc"), "rb") as stream:
            self.genesis_value = stream.read()
        signed = Schema.of("signed_segment").get(self.genesis_value)
        genesis = Schema.of("control").get(signed["payload"])["genesis"]
        self.id, self.partitions = genesis["deployment"], genesis["partitions"]
        self.audiences = [a["name"] for a in genesis["audiences"]]
        self.admin = self.connect("op", "admin")

    def path(self, name):
        return os.path.join(self.folder, name)

    def topic(self, name):
        return self.prefix + name

    def connect(self, folder, name="tls", address=None):
        ca = self.path("op/hub-ca.crt")
        address = address or self.env["TOC_KAFKA" if folder == "op" else "TOC_KAFKA_MEMBER"]
        return raw_kafka.Connection(address, ca, self.path("%s/%s.crt" % (folder, name)), self.path("%s/%s.key" % (folder, name)))

    def partition_of(self, kind, value):
        return int.from_bytes(key_of(kind, value)[:8], "big") % self.partitions

    # ---- our own programs

    def run(self, program, *words, **options):
        """Ends with its exit code; what it says is text."""
        binary = os.path.join(os.environ["TOC_BUILD"], "bin", program)
        return subprocess.run([binary, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE * 2,
                              text=True, errors="surrogateescape", **options)

    def ctl(self, *words):
        return self.run("tocsinctl", "-c", self.path("op/operator.conf"), *words)

    def ctl_must(self, *words):
        done = self.ctl(*words)
        assert done.returncode == 0, "tocsinctl %s: %s" % (" ".join(words), done.stdout)
        return done.stdout

    # ---- reading

    def kcat(self, topic, *more):
        command = ["kcat", "-q", "-u", "-b", self.env["TOC_KAFKA"], "-C", "-t", self.topic(topic), "-o", "beginning",
                   "-f", "%p %o %T %K %S %h\\n%k%s", "-X", "isolation.level=read_committed",
                   "-X", "security.protocol=ssl", "-X", "ssl.ca.location=" + self.path("op/hub-ca.crt"),
                   "-X", "ssl.certificate.location=" + self.path("op/admin.crt"),
                   "-X", "ssl.key.location=" + self.path("op/admin.key"), "-X", "fetch.wait.max.ms=50", *more]
        return subprocess.Popen(command, stdout=subprocess.PIPE)

    def settled(self, topic):
        """Nothing is under way in a transaction."""
        name = self.topic(topic)
        for p in range(self.admin.metadata([name])[name][1]):
            until(lambda p=p: self.admin.end(name, p) == self.admin.end(name, p, committed=True), "the transactions on %s end" % topic)

    def read(self, topic):
        """All committed records of a topic, by partition and offset."""
        self.settled(topic)
        return self.records(topic)

    def records(self, topic, *more):
        """Those a reader gets now; `more` goes to kcat."""
        records = []
        with self.kcat(topic, "-e", *more) as process:
            while True:
                one = read_record(topic, process.stdout)
                if one is None:
                    break
                records.append(one)
        assert process.returncode == 0, "kcat cannot read %s" % topic
        return sorted(records, key=lambda r: (r.partition, r.offset))

    def views(self):
        """What every audience was told, but heads: compared before and after an attack."""
        out = []
        for audience in self.audiences:
            out += [(r.topic, r.partition, r.key, r.value, r.time) for r in self.read("indicators." + audience)
                    if r.key != b"head"]
        return out

    def live(self, audience):
        """{(kind, value): Indicator} as a reader has it now."""
        last = {}
        for r in self.read("indicators." + audience):
            if r.key != b"head":
                last[r.key] = Schema.of("indicator").get(r.value) if r.value else None
        return {(i["kind"], i["value"]): i for i in last.values() if i is not None}

    def until_taken(self, partition, offset):
        """Waits until a hub has committed what it made of this record of submit."""
        group, submit = self.topic("fuse"), self.topic("submit")
        until(lambda: self.admin.committed(group, submit, [partition])[partition] > offset, "record %d/%d is taken" % (partition, offset))


def read_record(topic, stream):
    head = stream.readline()
    if not head:
        return None
    partition, offset, stamp, key_len, value_len, headers = head[:-1].split(b" ", 5)
    key = None if key_len == b"-1" else stream.read(int(key_len))
    value = None if value_len == b"-1" else stream.read(int(value_len))
    return Record(topic, int(partition), int(offset), int(stamp), key, value, headers)


class Sent:
    """Where a record came to lie in submit."""

    def __init__(self, deployment, partition, offset, identity=None):
        self.deployment, self.partition, self.offset, self.identity = deployment, partition, offset, identity

    def quarantined(self):
        """Its quarantine record, once the hub has taken it; None when it was not refused."""
        self.deployment.until_taken(self.partition, self.offset)
        for r in self.deployment.read("quarantine"):
            q = Schema.of("quarantine").get(r.value)
            if (q["partition"], q["offset"]) == (self.partition, self.offset):
                return q
        return None

    def receipt(self):
        """Its last receipt."""
        self.deployment.until_taken(self.partition, self.offset)
        found = None
        for r in self.deployment.read("receipts"):
            if r.key == self.identity:
                found = Schema.of("receipt").get(r.value)
        return found


class Member:
    """A member with a client of its own: its keys, one writer, the next seq."""

    def __init__(self, deployment, name, writer=None):
        self.deployment, self.name = deployment, name
        self.key = private_key(deployment.path(name + "/signing.key"))
        self.writer = writer or os.urandom(8)
        self.seq, self.previous = 0, {}
        self.connection = None

    def segment(self, observations, partition=None, **fields):
        """A framed Segment of observations of one partition."""
        if partition is None:
            partition = self.deployment.partition_of(observations[0]["kind"], observations[0]["value"])
        self.seq += 1
        totals = dict.fromkeys(Schema.of("segment").blank()["totals"] or {}, 0)
        for o in observations:
            if o["action"] in totals:
                totals[o["action"]] += 1
        segment = {"member": self.name, "writer": self.writer, "seq": self.seq, "partition": partition,
                   "partitions": self.deployment.partitions, "created": int(time.time() * 1000), "feed": "main",
                   "marking": "green", "attribution": "named", "observations": observations, "totals": totals,
                   "previous": self.previous.get(partition), **fields}
        self.previous[partition] = {"seq": segment["seq"], "index": segment.get("index", 0)}
        return segment

    def sealed(self, segment, **header):
        header = {"observations": len(segment["observations"]), **header}
        payload = framed("segment", **segment)
        if header.get("codec") == "zstd":
            header["raw_length"], payload = len(payload), zstd(payload)
        return seal(self.deployment.id, self.key, payload, **header)

    def send_bytes(self, partition, value, identity=None):
        """To submit, over the member's own connection."""
        if self.connection is None:
            self.connection = self.deployment.connect(self.name)
        offset = self.connection.send(self.deployment.topic("submit"), partition, [value])
        return Sent(self.deployment, partition, offset, identity)

    def send(self, observations, codec="none", **fields):
        segment = self.segment(observations, **fields)
        identity = "%s/%d/%d" % (segment["writer"].hex(), segment["seq"], segment.get("index", 0))
        return self.send_bytes(segment["partition"], self.sealed(segment, codec=codec), identity.encode())


class Checks:
    """Says what was proven; remembers what was not."""

    def __init__(self):
        self.failed = 0

    def that(self, what, good, got=""):
        print("%s: %s%s" % ("ok" if good else "FAILED", what, "" if good else "; got: %s" % (got,)), flush=True)
        self.failed += not good

    def same(self, what, got, wanted):
        self.that(what, got == wanted, "%r instead of %r" % (got, wanted))

    def end(self):
        if self.failed:
            print("%d failed" % self.failed)
        return self.failed != 0


