"""A deployment's log made by hand, without a broker: genesis, decisions, ticks, segments, from schemas/ alone, and what
tocsin-replay makes of it. The steps are the hub's own, so what holds here holds there; only faster."""

import collections
import hashlib
import json
import os
import subprocess
import tempfile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from raw_member import Schema, avro_plain, framed, key_of, public_bytes, seal

START = 1767225600000  # 2026-01-01
DAY = 86400000
AUDIENCES = [("clear", "sector", "clear"), ("green", "sector", "green"), ("amber", "sector", "amber"),
             ("federal", "federal", "amber")]
Replayed = collections.namedtuple("Replayed", "views digest said")


class LogMember:
    def __init__(self, log, name, key):
        self.log, self.name, self.key, self.seq, self.previous = log, name, key, 0, {}
        self.writer = hashlib.sha256(name.encode()).digest()[:8]

    def say(self, observations, **fields):
        """One submission; the observations in order, each partition's in one segment."""
        by_partition = collections.defaultdict(list)
        for o in observations:
            by_partition[self.log.partition_of(o["kind"], o["value"])].append(o)
        self.seq += 1
        for index, (partition, held) in enumerate(sorted(by_partition.items())):
            segment = {"member": self.name, "writer": self.writer, "seq": self.seq, "index": index, "count": len(by_partition),
                       "partition": partition, "partitions": self.log.partitions, "created": self.log.now, "feed": "main",
                       "marking": "green", "attribution": "named", "observations": held,
                       "previous": self.previous.get(partition), **fields}
            self.previous[partition] = {"seq": self.seq, "index": index}
            self.log.put(partition, seal(self.log.id, self.key, framed("segment", **segment), len(held)))


class Log:
    def __init__(self, partitions=2):
        self.partitions, self.now, self.sequence, self.rows = partitions, START, 1, []
        self.folder = tempfile.TemporaryDirectory()
        self.root, self.operator, self.hub = (self.new_key(n) for n in ("root", "operator", "hub"))
        self.id = hashlib.sha256(b"deployment").digest()[:16]
        secret = hashlib.sha256(b"deployment key").digest()
        with open(os.open(self.path("deployment.key"), os.O_WRONLY | os.O_CREAT, 0o600), "wb") as stream:
            stream.write(secret)
        genesis = {**Schema.of("control").blank(Schema.of("control").codec.named["Genesis"]), "deployment": self.id,
                   "name": "test", "root_keys": [public_bytes(self.root)], "partitions": partitions,
                   "audiences": [{"name": n, "type": t, "highest": h} for n, t, h in AUDIENCES],
                   "first_stream_time": START, "deployment_key_digest": hashlib.sha256(secret).digest()}
        self.genesis = seal(self.id, self.root, framed("control", sequence=1, time=START, operator="operator", genesis=genesis))
        self.put_everywhere(self.genesis)
        for key, role in ((self.operator, "operator"), (self.hub, "hub")):
            self.decide(self.root, key={"public_key": public_bytes(key), "role": role, "holder": role, "revoked": False})

    @staticmethod
    def new_key(name):
        return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def partition_of(self, kind, value):
        return int.from_bytes(key_of(kind, value)[:8], "big") % self.partitions

    # ---- what is said

    def put(self, partition, value):
        self.rows.append((partition, self.now, value))

    def put_everywhere(self, value):
        for partition in range(self.partitions):
            self.put(partition, value)

    def decide(self, by=None, **decision):
        self.sequence += 1
        self.put_everywhere(seal(self.id, by or self.operator, framed(
            "control", sequence=self.sequence, time=self.now, operator="operator", **decision)))

    def tick(self, ms=5000):
        self.now += ms
        for partition in range(self.partitions):
            self.put(partition, seal(self.id, self.hub, framed("tick", hub="h1", partition=partition, time=self.now)))

    def admit(self, name, organisation=None, role="hospital", feed=None, **fields):
        key = self.new_key(name)
        schema = Schema.of("control")
        row = {**schema.blank(schema.codec.named["Feed"]), "reliability": 700, **(feed or {})}
        member = {**schema.blank(schema.codec.named["Member"]), "id": name, "organisation": organisation or name,
                  "role": role, "clearance": "amber", "status": "active", "admitted": START - 400 * DAY,
                  "keys": [{"public_key": public_bytes(key), "role": "member", "revoked": False}], "feeds": [row], **fields}
        self.decide(member=member)
        return LogMember(self, name, key)

    def use(self, name, kind, effect, content):
        """A reference set comes into force; its bytes lie in the folder."""
        with open(self.path("sets-" + name), "wb") as stream:
            stream.write(content)
        self.decide(reference_use={"name": name, "type": kind.replace("-", "_"), "effect": effect.replace("-", "_"), "version": "1",
                                   "digest": hashlib.sha256(content).digest(), "length": len(content), "removed": False})

    # ---- what comes of it

    def capture(self, path):
        schema = Schema.of("capture")
        offsets, body = collections.Counter(), b""
        for partition, time, value in self.rows:
            body += schema.codec.encode({"partition": partition, "offset": offsets[partition], "append_time": time, "value": value})
            offsets[partition] += 1
        meta = {b"avro.schema": json.dumps(avro_plain.canonical(schema.schema)).encode(), b"avro.codec": b"null"}
        sync = bytes(range(16))
        head = b"Obj\1" + avro_plain.long(len(meta))
        for name, value in meta.items():
            head += avro_plain.long(len(name)) + name + avro_plain.long(len(value)) + value
        with open(path, "wb") as stream:
            stream.write(head + avro_plain.long(0) + sync)
            stream.write(avro_plain.long(len(self.rows)) + avro_plain.long(len(body)) + body + sync)

    def run(self, *options):
        self.capture(self.path("log.avro"))
        with open(self.path("replay.conf"), "w", encoding="utf-8") as stream:
            stream.write('genesis_digest = "%s"; deployment_key = "deployment.key"; references = ".";\n' %
                         hashlib.sha256(self.genesis).hexdigest())
        done = subprocess.run([os.path.join(os.environ["TOC_BUILD"], "bin", "tocsin-replay"), "--deployment",
                               self.path("replay.conf"), *options, self.path("log.avro")], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, universal_newlines=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done

    def refused(self, *options):
        """What is quarantined: [(Quarantine, headers)]."""
        rows = map(json.loads, self.run("--refused", *options).stdout.splitlines())
        return [(row["quarantine"], row["headers"]) for row in rows]

    def replay(self, *options):
        done = self.run(*options)
        views = collections.defaultdict(dict)
        for line in done.stdout.splitlines():
            row = json.loads(line)
            views[row["audience"]][row["indicator"]["kind"], row["indicator"]["value"]] = row["indicator"]
        return Replayed(views, done.stderr.rsplit(None, 1)[-1], done.stderr)
