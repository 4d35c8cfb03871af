"""A whole deployment for tests in Python: the functions of deployment.sh, and what they write read back with none of our
code. Records come from kcat (read_committed), their bodies from tests/contract/avro_plain.py.

    d = Deployment("path", partitions=4)      made, nothing runs yet
    d.member("north", "hospital", "GREEN")    admitted; its feed "main" is shown by name
    hub = d.hub("hub-1"); hub.start()         ready when it returns; hub.kill(), hub.stop(), hub.page("/metrics")
    d.publish("north", path, "--full-list")   tocsin-publish
    d.settle()                                until the hub has consumed all there is
    d.views("green")                          id -> bytes of the last record, gone ones left out
    d.end()                                   kills what runs
"""

import collections
import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ["TOC_BUILD"])
BIN = os.path.join(BUILD, "bin")
PATIENCE = 60  # seconds an awaited event may take on a loaded machine
sys.path.insert(0, os.path.join(ROOT, "tests", "contract"))

import avro_plain  # noqa: E402 (its folder is known only now)

Record = collections.namedtuple("Record", "partition offset time key value")


class Schema:
    """One record of schemas/ in its framing."""

    def __init__(self, stem):
        schema = avro_plain.load(os.path.join(ROOT, "schemas"), stem)
        self.frame = b"\xc3\x01" + avro_plain.fingerprint(schema)
        self.codec = avro_plain.Codec(schema)

    def read(self, value):
        if not value.startswith(self.frame):
            raise ValueError("framed as something else: " + value[:10].hex())
        return self.codec.decode(value[10:])


HEAD = Schema("head")
INDICATOR = Schema("indicator")
RECEIPT = Schema("receipt")


def until(wanted, what, patience=PATIENCE, between=0.05):
    """The first true answer of wanted(); what is said when none comes in time."""
    deadline = time.monotonic() + patience
    while True:
        answer = wanted()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError("not within %d s: %s" % (patience, what() if callable(what) else what))
        time.sleep(between)


def run(*command, ok=(0,), **options):
    """Standard output; an error with all it said when it ends with another code."""
    options.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=300, **options)
    if done.returncode not in ok:
        raise AssertionError("%s\nended with %d:\n%s%s" % (shlex.join(map(str, command)), done.returncode,
                             done.stdout.decode(errors="replace")[-4000:], done.stderr.decode(errors="replace")[-4000:]))
    return done.stdout


def replay(*arguments):
    """The views of tocsin-replay --raw: {(audience, id): bytes}."""
    lines = run(os.path.join(BIN, "tocsin-replay"), "--raw", *arguments).decode().splitlines()
    return {(audience, key): bytes.fromhex(value) for audience, key, value in (line.split("\t") for line in lines)}


def decoded(views):
    return {key: INDICATOR.read(value) for key, value in views.items()}


def named_sources(view):
    return sorted((row["member"], row["feed"], row["marking"], row["says"]) for row in view["sources"])


class Hub:
    def __init__(self, deployment, name):
        self.dir, self.name, self.process = os.path.join(deployment.dir, name), name, None
        self.log = os.path.join(self.dir, "log")

    def start(self, ready=True):
        self.port = None
        with open(self.log, "ab") as log:
            self.began = log.tell()
            # The kernel kills it when this test is gone.
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", os.path.join(BIN, "tocsin-hub"), "-c",
                                             os.path.join(self.dir, "hub.conf")], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if ready:
            until(self.is_ready, lambda: "hub %s is not ready:\n%s" % (self.name, self.words()[-4000:]))

    def words(self):
        with open(self.log, "rb") as log:
            log.seek(self.began)
            return log.read().decode(errors="replace")

    def page(self, path):
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (self.port, path), timeout=10) as answer:
            return answer.read().decode()

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError("hub %s ended with %d:\n%s" % (self.name, self.process.returncode, self.words()[-4000:]))
        found = re.search(r" http on port (\d+)", self.words())
        self.port = int(found.group(1)) if found else None
        try:
            return self.port is not None and self.page("/readyz")
        except (urllib.error.URLError, OSError):
            return False

    def metric(self, name):
        """The sum over all its labels."""
        rows = re.findall(r"^%s(?:\{[^}]*\})? ([0-9.e+]+)$" % re.escape(name), self.page("/metrics"), re.M)
        if not rows:
            raise AssertionError("no metric " + name)
        return sum(map(float, rows))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=5):
        """SIGTERM: it must end within the time and with exit code 0. How long it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        took = time.monotonic() - began
        if code != 0 or took > seconds:
            raise AssertionError("hub %s ended with %d after %.1f s:\n%s" % (self.name, code, took, self.words()[-4000:]))
        return took


class Deployment:
    def __init__(self, path, partitions=4):
        self.dir, self.hubs, self.children = os.path.abspath(path), [], []
        os.makedirs(self.dir)
        self.shell("deployment_make", self.dir, str(partitions))
        self.env = dict(word.split("=", 1) for word in shlex.split(open(os.path.join(self.dir, "env"), encoding="utf-8").read()))

    def shell(self, *words):
        script = ". %s; %s" % (shlex.quote(os.path.join(ROOT, "tests/support/deployment.sh")), shlex.join(words))
        # A broker of its own, made by the first call, must outlive that call's shell.
        return run("bash", "-c", "set -euo pipefail; kafka_guardian=%d; %s" % (os.getpid(), script), cwd=ROOT)

    def end(self):
        for child in self.children + [hub.process for hub in self.hubs if hub.process]:
            if child.poll() is None:
                child.kill()
                child.wait()
        self.shell("deployment_end", self.dir)

    # --- operator ---

    def ctl(self, *arguments, ok=(0,)):
        return run(os.path.join(BIN, "tocsinctl"), "-c", os.path.join(self.dir, "op", "operator.conf"), *arguments, ok=ok).decode()

    def status(self):
        return json.loads(self.ctl("status", "--json"))

    def settle(self):
        """Until the hubs have consumed all there is, with no job open."""
        def behind():
            status = self.status()
            return status if status["lag_records"] == 0 and status["jobs"] == 0 else None
        return until(behind, lambda: "the hub keeps up: " + self.ctl("status", ok=(0, 1)))

    def capture(self, name="submit.avro"):
        path = os.path.join(self.dir, name)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self.ctl("capture", path)
        return path

    def replay_conf(self, references=None):
        """The file for tocsin-replay --deployment."""
        path = os.path.join(self.dir, "op", "replay.conf")
        with open(path, "w", encoding="utf-8") as out:
            out.write('genesis_digest = "%s"; deployment_key = "deployment.key";\n' % self.digest())
            if references:
                out.write('references = "%s";\n' % references)
        return path

    def digest(self):
        with open(os.path.join(self.dir, "op", "init.out"), encoding="utf-8") as words:
            return re.search(r'genesis_digest = "([0-9a-f]{64})"', words.read()).group(1)

    # --- hubs ---

    def hub(self, name="hub", *lines):
        self.shell("deployment_hub", self.dir, name, *lines)
        hub = Hub(self, name)
        self.hubs.append(hub)
        return hub

    # --- members ---

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def member(self, name, role, clearance, *options, feeds='{ id = "main"; marking = "TLP:GREEN"; attribution = "named"; }'):
        self.shell("deployment_member", self.dir, name, role, clearance, *options)
        conf = self.path(name, "member.conf")
        with open(conf, encoding="utf-8") as text:
            changed = re.sub(r"^feeds = .*", "feeds = ( %s );" % feeds, text.read(), flags=re.M)
        with open(conf, "w", encoding="utf-8") as out:
            out.write(changed)

    def write(self, name, lines):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as out:
            out.write("".join(line + "\n" for line in lines))
        return path

    def publish(self, member, file, *options, ok=(0,)):
        if "--feed" not in options:
            options += ("--feed", "main")
        return run(os.path.join(BIN, "tocsin-publish"), "-c", self.path(member, "member.conf"), *options, file, ok=ok).decode()

    def subscriber(self, member, *arguments):
        """A running tocsin-subscribe; its words are in the member's folder."""
        with open(self.path(member, "subscribe.log"), "ab") as log:
            child = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", os.path.join(BIN, "tocsin-subscribe"), "-c",
                                      self.path(member, "member.conf"), *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.children.append(child)
        return child

    # --- records ---

    def kcat(self, who=None):
        """kcat as the operator, or as a member on the members' port."""
        folder, port = (self.path("op"), "TOC_KAFKA") if who is None else (self.path(who), "TOC_KAFKA_MEMBER")
        ca, name = ("hub-ca.crt", "admin") if who is None else ("ca.pem", "tls")
        return ["kcat", "-q", "-b", self.env[port], "-X", "security.protocol=ssl", "-X", "ssl.ca.location=" + os.path.join(folder, ca),
                "-X", "ssl.certificate.location=" + os.path.join(folder, name + ".crt"),
                "-X", "ssl.key.location=" + os.path.join(folder, name + ".key")]

    def topic(self, word):
        return self.env["TOC_PREFIX"] + word

    def read(self, word, who=None, isolation="read_committed"):
        """Every record of a topic up to where it ends now."""
        out = run(*self.kcat(who), "-C", "-t", self.topic(word), "-o", "beginning", "-e", "-X", "isolation.level=" + isolation,
                  "-f", "%p %o %T %K %S\n%k%s")
        records, at = [], 0
        while at < len(out):
            end = out.index(b"\n", at)
            partition, offset, stamp, key, size = map(int, out[at:end].split())
            value = end + 1 + max(key, 0)
            records.append(Record(partition, offset, stamp, out[end + 1:value] if key >= 0 else None,
                                  out[value:value + size] if size >= 0 else None))
            at = value + max(size, 0)
        return records

    def views(self, audience):
        """What compaction would leave: the last word of every id, gone ones left out."""
        last = {r.key.decode(): r.value for r in self.read("indicators." + audience) if r.key != b"head"}
        return {key: value for key, value in last.items() if value is not None}

    def receipts(self, member):
        return [RECEIPT.read(record.value) for record in self.read("receipts." + member)]
