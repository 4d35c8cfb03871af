"""A whole deployment for tests in Python: made by the functions of deployment.sh, looked at through raw_member.py.

    d = Deployment("path", partitions=4)      made, nothing runs yet
    d.member("north", "hospital", "GREEN")    admitted; its feed "main" is shown by name
    hub = d.hub("hub-1"); hub.start()         ready when it returns; hub.kill(), hub.stop(), hub.page("/metrics")
    d.publish("north", path, "--full-list")   tocsin-publish
    d.settle()                                until the hubs have consumed all there is
    d.last("green")                           id -> bytes of the last record, gone ones left out
    d.end()                                   kills what runs
"""

import argparse
import contextlib
import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import raw_member
from raw_member import PATIENCE, ROOT, Schema, until

import avro_container  # raw_member knows where it is

BIN = os.path.join(os.path.abspath(os.environ["TOC_BUILD"]), "bin")
COUNTERS = ("sent", "changed", "unchanged", "quarantined", "repeated")
NAMED = '{ id = "main"; marking = "TLP:GREEN"; attribution = "named"; }'


def must(*command, ok=(0,), **options):
    """Standard output; an error with all it said when it ends with another code."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          timeout=300, text=True, errors="replace", **options)
    assert done.returncode in ok, "%s\nended with %d:\n%s%s" % (
        shlex.join(command), done.returncode, done.stdout[-4000:], done.stderr[-4000:])
    return done.stdout


def under_us(*command, **options):
    """A program that the kernel kills when this test is gone, in a process group of its own."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], stdin=subprocess.DEVNULL, start_new_session=True, **options)


def replay(*arguments):
    """What tocsin-replay --raw prints: {(audience, id): bytes}."""
    rows = (line.split("\t") for line in must(os.path.join(BIN, "tocsin-replay"), "--raw", *arguments).splitlines())
    return {(audience, key): bytes.fromhex(value) for audience, key, value in rows}


def segment_of(value):
    """The Segment of a record of submit; None when it holds something else."""
    signed = Schema.of("signed_segment").get(value)
    payload = signed["payload"] if signed["codec"] == "none" else avro_container.unzstd(signed["payload"], signed["raw_length"])
    return Schema.of("segment").get(payload) if payload.startswith(Schema.of("segment").header) else None


def captured(path):
    """The Segments of a capture."""
    return [segment_of(row["value"]) for row in avro_container.rows(path, Schema.of("capture").codec)]


def view(value):
    return Schema.of("indicator").get(value)


class Hub:
    def __init__(self, folder):
        self.folder, self.process, self.port = folder, None, None
        self.log = os.path.join(folder, "log")

    def start(self, ready=True):
        self.port = None
        with open(self.log, "ab") as log:
            self.began = log.tell()
            self.process = under_us(os.path.join(BIN, "tocsin-hub"), "-c", os.path.join(self.folder, "hub.conf"), stdout=log, stderr=log)
        if ready:
            until(self.is_ready, lambda: "%s is ready:\n%s" % (self.folder, self.words()))

    def words(self):
        """The end of its log since the last start."""
        with open(self.log, "rb") as log:
            log.seek(self.began)
            return log.read().decode(errors="replace")[-4000:]

    def page(self, path):
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (self.port, path), timeout=10) as answer:
            return answer.read().decode()

    def is_ready(self):
        assert self.process.poll() is None, "%s ended with %d:\n%s" % (self.folder, self.process.returncode, self.words())
        found = re.search(r" http on port (\d+)", self.words())
        self.port = int(found.group(1)) if found else None
        try:
            return self.port is not None and self.page("/readyz")
        except (urllib.error.URLError, OSError):
            return False

    def metric(self, name):
        """The sum over all its labels."""
        rows = re.findall(r"^%s(?:\{[^}]*\})? ([0-9.e+]+)$" % re.escape(name), self.page("/metrics"), re.M)
        assert rows, "no metric " + name
        return sum(map(float, rows))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=5):
        """SIGTERM: it must end within the time and with exit code 0. Gives how long it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        took = time.monotonic() - began
        assert code == 0 and took <= seconds, "%s ended with %d after %.1f s:\n%s" % (self.folder, code, took, self.words())
        return took


class Deployment(raw_member.Deployment):
    def __init__(self, folder, partitions=4):
        self.folder, self.hubs, self.children = os.path.abspath(folder), [], []
        os.makedirs(self.folder)
        self.shell("deployment_make", str(partitions))
        super().__init__(folder)

    def shell(self, function, *words):
        script = ". %s; %s" % (shlex.quote(os.path.join(ROOT, "tests/support/deployment.sh")), shlex.join([function, self.folder, *words]))
        # A broker of its own, made by the first call, must outlive that call's shell.
        must("bash", "-c", "set -euo pipefail; kafka_guardian=%d; %s" % (os.getpid(), script), cwd=ROOT)

    def end(self):
        for child in self.children + [hub.process for hub in self.hubs if hub.process]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        self.admin.close()
        self.shell("deployment_end")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, lines):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as out:
            out.write("".join(line + "\n" for line in lines))
        return path

    # ---- hubs

    def hub(self, name="hub", *lines):
        self.shell("deployment_hub", name, *lines)
        self.hubs.append(Hub(self.path(name)))
        return self.hubs[-1]

    def status(self, ok=(0,)):
        return json.loads(must(os.path.join(BIN, "tocsinctl"), "-c", self.path("op", "operator.conf"), "status", "--json", ok=ok))

    def unread(self):
        """Records of submit that no hub has committed; also what only ends a transaction."""
        submit, parts = self.topic("submit"), range(self.partitions)
        taken = self.admin.committed(self.topic("fuse"), submit, parts)
        return sum(self.admin.end(submit, p, committed=True)[1] - max(taken[p], 0) for p in parts)

    def settle(self):
        """Until the hubs have consumed all there is and no job is open."""
        until(lambda: self.unread() == 0, lambda: "the hubs keep up: " + self.ctl("status").stdout)
        until(lambda: self.status()["jobs"] == 0, "the jobs end")

    def capture(self):
        path = self.path("submit.avro")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self.ctl_must("capture", path)
        return path

    def replay_conf(self, references):
        """The file for tocsin-replay --deployment; `references`: the folder of the sets in use."""
        with open(self.path("op", "init.out"), encoding="utf-8") as words:
            digest = re.search(r'genesis_digest = "[0-9a-f]{64}"', words.read()).group(0)
        return self.write("op/replay.conf", [digest + ";", 'deployment_key = "deployment.key";', 'references = "%s";' % references])

    # ---- members

    def member(self, name, role, clearance, *options, feeds=NAMED):
        self.shell("deployment_member", name, role, clearance, *options)
        with open(self.path(name, "member.conf"), encoding="utf-8") as conf:
            self.write(name + "/member.conf", re.sub(r"(?m)^feeds = .*", "feeds = ( %s );" % feeds, conf.read()).splitlines())

    def publish(self, member, file, *options, feed="main", ok=(0,)):
        return must(os.path.join(BIN, "tocsin-publish"), "-c", self.path(member, "member.conf"), "--feed", feed, *options, file, ok=ok)

    def subscriber(self, member, *arguments):
        """A running tocsin-subscribe; its words are in subscribe.log of the member's folder."""
        with open(self.path(member, "subscribe.log"), "ab") as log:
            child = under_us(os.path.join(BIN, "tocsin-subscribe"), "-c", self.path(member, "member.conf"), *arguments, stdout=log, stderr=log)
        self.children.append(child)
        return child

    # ---- records

    def last(self, audience, what="indicators"):
        """What compaction would leave."""
        values = {r.key.decode(): r.value for r in self.read(what + "." + audience) if r.key != b"head"}
        return {key: value for key, value in values.items() if value is not None}

    def ends(self, topic):
        name = self.topic(topic)
        return [self.admin.end(name, p, committed=True)[1] for p in range(self.admin.metadata([name])[name][1])]

    def since(self, topic, ends):
        """Records that came after ends()."""
        return [r for r in self.read(topic) if r.offset >= ends[r.partition]]

    def segments(self, member, ends):
        """[(record of submit, Segment)] that a member sent after ends("submit")."""
        opened = ((record, segment_of(record.value)) for record in self.since("submit", ends))
        return [(record, segment) for record, segment in opened if segment and segment["member"] == member]

    def sums(self, topic):
        """Receipts of a topic added up, by member, under the names of status --json."""
        out = {}
        for record in self.read(topic):
            receipt = Schema.of("receipt").get(record.value)
            sums = out.setdefault(receipt["member"], dict.fromkeys(COUNTERS, 0))
            for name in COUNTERS:
                sums[name] += receipt["observations" if name == "sent" else name]
        return out


def run_trial(make, steps, kills):
    """A test program: steps(trial, kills) with trial = make(folder, seed), which has its deployment in `d`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=kills)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    print("seed", options.seed, flush=True)
    folder = tempfile.mkdtemp()
    trial = make(os.path.join(folder, "d"), options.seed)
    try:
        steps(trial, options.kills)
    except Exception:
        for hub in trial.d.hubs:
            if hub.process:
                print("--- log of", hub.folder, "---", hub.words(), sep="\n", file=sys.stderr)
        raise
    finally:
        trial.d.end()
        shutil.rmtree(folder, ignore_errors=True)
