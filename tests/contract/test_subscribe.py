#!/usr/bin/env python3
"""tocsin-subscribe --check: says what a start would do, or the first thing that is wrong, without a broker and without
changing anything."""

import hashlib
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from raw_log import Log  # noqa: E402 (its folder is known only now)

PROGRAM = os.path.join(os.environ["TOC_BUILD"], "bin", "tocsin-subscribe")
CONF = """member = "two-docs"; state = "state"; signing_key = "signing.key"; genesis = "genesis.toc"; genesis_digest = "%s";
kafka = { brokers = "127.0.0.1:1"; ca = "ca.pem"; certificate = "tls.crt"; key = "tls.key"; }; %s
"""


class Check(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = folder.name
        genesis = Log().genesis
        self.digest = hashlib.sha256(genesis).hexdigest()
        self.write("genesis.toc", genesis)
        self.write("member.conf", CONF % (self.digest, ""))

    def write(self, name, content):
        with open(os.path.join(self.dir, name), "wb") as stream:
            stream.write(content if isinstance(content, bytes) else content.encode())

    def check(self, *words):
        before = sorted(os.walk(self.dir))
        done = subprocess.run([PROGRAM, "-c", "member.conf", "--check", *words], cwd=self.dir, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, universal_newlines=True, timeout=60, check=False)
        self.assertEqual(sorted(os.walk(self.dir)), before, "it changed something")
        return done

    def wrong(self, code, said, *words):
        done = self.check(*words)
        self.assertEqual((done.returncode, said in done.stderr), (code, True), done.stderr)

    def test_good(self):
        self.write("old.txt", "")
        done = self.check("--interest", "score >= 50", "--sink", "list:old.txt", "--sink", "rpz:%s/new.zone" % self.dir)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for line in ("member two-docs, genesis is good", "interest: score >= 50", "0 values in force",
                     "list: old.txt would be replaced", "rpz: %s/new.zone would be made" % self.dir,
                     "reads the highest audience that the hub clears it for"):
            self.assertIn(line, done.stdout)

    def test_what_is_configured(self):
        self.write("member.conf", CONF % (self.digest, 'subscribe = { audience = "green"; interest = "clinic"; allow = "mine"; };'))
        self.write("mine", "good.example.com\t\t\tours\n")
        done = self.check()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for line in ("reads the audience green", "interest clinic, as the hub's roster has it", "1 values in force",
                     "no --sink: nothing would be written"):
            self.assertIn(line, done.stdout)

    def test_command_line(self):
        self.wrong(2, "score >", "--interest", "score > > 50")
        self.wrong(2, "--sink hosts:x", "--sink", "hosts:x")
        self.wrong(1, "nowhere", "--sink", "list:nowhere/block.list")
        self.wrong(1, "no folder", "--sink", "list:member.conf/block.list")
        os.mkdir(os.path.join(self.dir, "folder"))
        self.wrong(1, "no plain file", "--sink", "list:folder")
        self.wrong(1, "two sinks write x", "--sink", "list:x", "--sink", "csv:x")

    def test_files(self):
        os.mkdir(os.path.join(self.dir, "state"))
        self.write("state/allow", "good.example.com\t\t\tours\nnot a value\n")
        self.wrong(2, "allow: line 2 cannot be read")
        os.unlink(os.path.join(self.dir, "state", "allow"))
        self.write("genesis.toc", "forged")
        self.wrong(1, "genesis.toc")
        self.write("member.conf", CONF % (self.digest, 'subscribe = { audience = "purple"; };'))
        self.write("genesis.toc", Log().genesis)
        self.wrong(2, "purple")
        os.rmdir(os.path.join(self.dir, "state"))
        self.write("state", "")
        self.write("member.conf", CONF % (self.digest, ""))
        self.wrong(1, "state")


if __name__ == "__main__":
    unittest.main()
