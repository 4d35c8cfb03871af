#!/usr/bin/env python3
"""What every program refuses before it connects to anything: a key file that others may use, and an authority marked
QUICKSTART anywhere but on loopback. No broker is asked: nothing listens where these configurations point to."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import raw_member  # noqa: E402

BIN = os.path.join(os.environ["TOC_BUILD"], "bin")
NOWHERE = "127.0.0.1:9"
ELSEWHERE = "192.0.2.1:9092"


def run(program, *words):
    return subprocess.run([os.path.join(BIN, program), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False, universal_newlines=True)


class Place(unittest.TestCase):
    """A deployment's files and one member's, as far as they come without a broker."""

    quickstart = False

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        run("tocsinctl", "ca", "--dir", cls.path("op"), *(["--quickstart"] if cls.quickstart else []))
        run("tocsin-publish", "enrol", "--name", "st-mary", "--out", cls.path("m"))
        cls.write("list.txt", "evil-host.com\n")
        cls.operator(NOWHERE, NOWHERE)
        cls.make_genesis()
        cls.digest = subprocess.run(["sha256sum", cls.path("op/genesis.toc")], stdout=subprocess.PIPE, check=True,
                                    universal_newlines=True).stdout.split()[0]
        shutil.copy(cls.path("op/hub-ca.crt"), cls.path("m/ca.pem"))
        shutil.copy(cls.path("op/genesis.toc"), cls.path("m/genesis.toc"))
        shutil.copy(cls.path("op/admin.crt"), cls.path("m/tls.crt"))
        shutil.copy(cls.path("op/admin.key"), cls.path("m/tls.key"))
        cls.member(NOWHERE)
        cls.hub(NOWHERE)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.dir, name)

    @classmethod
    def write(cls, name, text):
        with open(cls.path(name), "w", encoding="utf-8") as stream:
            stream.write(text)

    @classmethod
    def make_genesis(cls):
        """By another hand: `tocsinctl init` makes none before a broker answers."""
        def digest(name):
            with open(cls.path(name), "rb") as stream:
                return hashlib.sha256(stream.read()).digest()
        root, deployment = raw_member.private_key(cls.path("op/root.signing.key")), os.urandom(16)
        genesis = {**raw_member.Schema.of("control").blank("Genesis"), "deployment": deployment, "name": "tocsin",
                   "root_keys": [raw_member.public_bytes(root)], "partitions": 12,
                   "audiences": [{"name": "clear", "type": "sector", "highest": "clear"}],
                   "first_stream_time": int(time.time() * 1000), "deployment_key_digest": digest("op/deployment.key")}
        payload = raw_member.framed("control", sequence=1, operator="operator", genesis=genesis)
        with open(cls.path("op/genesis.toc"), "wb") as stream:
            stream.write(raw_member.seal(deployment, root, payload))

    @classmethod
    def operator(cls, brokers, members):
        cls.write("op/operator.conf", """operator = "operator"; dir = "."; member_brokers = "%s"; replicas = 1;
            kafka = { brokers = "%s"; ca = "hub-ca.crt"; certificate = "admin.crt"; key = "admin.key"; };
            """ % (members, brokers))

    @classmethod
    def member(cls, brokers):
        cls.write("m/member.conf", """member = "st-mary"; state = "state"; signing_key = "signing.key";
            genesis = "genesis.toc"; genesis_digest = "%s"; feeds = ( { id = "main"; marking = "TLP:GREEN"; } );
            kafka = { brokers = "%s"; ca = "ca.pem"; certificate = "tls.crt"; key = "tls.key"; };
            """ % (cls.digest, brokers))

    @classmethod
    def hub(cls, brokers, http="127.0.0.1"):
        cls.write("op/hub.conf", """hub_id = "h1"; genesis_digest = "%s"; deployment_key = "deployment.key";
            signing_key = "hub.signing.key"; socket = "hub.sock"; http = { port = 0; address = "%s"; remote = true; };
            kafka = { brokers = "%s"; ca = "hub-ca.crt"; certificate = "hub.crt"; key = "hub.key"; };
            """ % (cls.digest, http, brokers))

    def program(self, name):
        return {
            "publish": lambda: run("tocsin-publish", "-c", self.path("m/member.conf"), "--feed", "main", "--timeout", "1s",
                                   self.path("list.txt")),
            "subscribe": lambda: run("tocsin-subscribe", "-c", self.path("m/member.conf"), "--once", "--sink",
                                     "list:" + self.path("out.list")),
            "hub": lambda: run("tocsin-hub", "-c", self.path("op/hub.conf")),
            "ctl": lambda: run("tocsinctl", "-c", self.path("op/operator.conf"), "init"),
            "replay": lambda: run("tocsin-replay", "--deployment", self.path("op/replay.conf"), self.path("list.txt")),
        }[name]()


class KeyFiles(Place):
    KEYS = (
        ("publish", "m/signing.key"),
        ("publish", "m/tls.key"),
        ("subscribe", "m/tls.key"),
        ("hub", "op/hub.signing.key"),
        ("hub", "op/deployment.key"),
        ("hub", "op/hub.key"),
        ("ctl", "op/admin.key"),
        ("replay", "op/deployment.key"),
    )

    def test_a_key_that_others_may_use_is_refused(self):
        self.write("op/replay.conf", 'genesis_digest = "%s"; deployment_key = "deployment.key";' % self.digest)
        for mode in (0o644, 0o640, 0o602, 0o666):
            for program, key in self.KEYS:
                with self.subTest(program=program, key=key, mode=oct(mode)):
                    os.chmod(self.path(key), mode)
                    done = self.program(program)
                    os.chmod(self.path(key), 0o600)
                    self.assertNotEqual(done.returncode, 0)
                    self.assertRegex(done.stdout, re.escape(os.path.basename(key)) +
                                     r" may be used by group or others \(mode %03o\): chmod 600 it" % mode)

    def test_genesis_needs_the_keys_that_make_it(self):
        os.rename(self.path("op/genesis.toc"), self.path("aside"))
        for key in ("op/root.signing.key", "op/deployment.key"):
            for mode in ([], ["--apply"]):
                with self.subTest(key=key, mode=mode):
                    os.chmod(self.path(key), 0o644)
                    done = run("tocsinctl", "-c", self.path("op/operator.conf"), "init", *mode)
                    os.chmod(self.path(key), 0o600)
                    self.assertFalse(os.path.exists(self.path("op/genesis.toc")))
                    self.assertNotEqual(done.returncode, 0)
                    self.assertIn("%s may be used by group or others" % os.path.basename(key), done.stdout)
        os.rename(self.path("aside"), self.path("op/genesis.toc"))

    def test_no_genesis_is_made_where_no_broker_answers(self):
        os.rename(self.path("op/genesis.toc"), self.path("aside"))
        done = run("tocsinctl", "-c", self.path("op/operator.conf"), "init", "--apply")
        self.assertFalse(os.path.exists(self.path("op/genesis.toc")))
        os.rename(self.path("aside"), self.path("op/genesis.toc"))
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("made", done.stdout)

    def test_a_link_to_such_a_key_and_what_is_no_file_are_refused(self):
        os.rename(self.path("m/signing.key"), self.path("aside"))
        os.chmod(self.path("aside"), 0o644)
        os.symlink(self.path("aside"), self.path("m/signing.key"))
        link = self.program("publish")
        os.unlink(self.path("m/signing.key"))
        os.mkfifo(self.path("m/signing.key"), 0o600)
        pipe = self.program("publish")
        os.unlink(self.path("m/signing.key"))
        os.chmod(self.path("aside"), 0o600)
        os.rename(self.path("aside"), self.path("m/signing.key"))
        self.assertIn("may be used by group or others", link.stdout)
        self.assertIn("is no regular file", pipe.stdout)

    def test_keys_are_made_private(self):
        for folder in ("op", "m"):
            for name in os.listdir(self.path(folder)):
                if name.endswith((".key", "broker.pem")):
                    mode = os.stat(self.path(folder + "/" + name)).st_mode
                    self.assertEqual(mode & 0o077, 0, name)


class Quickstart(Place):
    quickstart = True
    WORDS = r"marked QUICKSTART: it works on loopback only, not with %s"

    def refused(self, program, address):
        done = self.program(program)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout, self.WORDS % re.escape(address))

    def test_hub(self):
        for brokers in (ELSEWHERE, "%s,%s" % (NOWHERE, ELSEWHERE), "127.0.0.1.example.org:9092", "kafka.example.org:9093"):
            with self.subTest(brokers=brokers):
                self.hub(brokers)
                self.refused("hub", brokers)
        self.hub(NOWHERE, http="192.0.2.1")
        self.refused("hub", "192.0.2.1")
        self.hub(NOWHERE, http="0.0.0.0")
        self.refused("hub", "0.0.0.0")

    def test_operator(self):
        self.operator(ELSEWHERE, NOWHERE)
        self.refused("ctl", ELSEWHERE)
        self.operator(NOWHERE, ELSEWHERE)
        self.refused("ctl", ELSEWHERE)

    def test_members(self):
        self.member(ELSEWHERE)
        self.refused("publish", ELSEWHERE)
        self.refused("subscribe", ELSEWHERE)

    def test_the_mark_is_seen_on_the_certificate_too(self):
        """Whoever renames the authority still has what it signed."""
        run("tocsinctl", "ca", "--dir", self.path("real"))
        shutil.copy(self.path("real/hub-ca.crt"), self.path("m/ca.pem"))
        self.member(ELSEWHERE)
        self.refused("publish", ELSEWHERE)
        shutil.copy(self.path("op/hub-ca.crt"), self.path("m/ca.pem"))

    def test_it_lives_seven_days(self):
        shown = subprocess.run(["openssl", "x509", "-in", self.path("op/hub-ca.crt"), "-noout", "-checkend", str(8 * 86400)],
                               stdout=subprocess.PIPE, check=False)
        self.assertNotEqual(shown.returncode, 0)


if __name__ == "__main__":
    unittest.main()
