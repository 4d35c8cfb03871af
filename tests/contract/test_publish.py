#!/usr/bin/env python3
"""tocsin-publish as its users meet it, without a broker: what it says, what it writes, what a kill leaves behind. What
it seals is opened and verified here with none of our code."""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

import avro_container
import avro_plain
import check_segments

PROGRAM = os.path.join(os.environ["TOC_BUILD"], "bin", "tocsin-publish")
FEEDS = os.path.abspath("tests/data/feeds")
AT = "2026-01-31T12:00:00Z"
CAPTURE = check_segments.codec("capture")[1]
SIGNED = check_segments.codec("signed_segment")
SEGMENT = check_segments.codec("segment")
CONTROL = check_segments.codec("control")


def run(*arguments, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          timeout=120, universal_newlines=True, **options)


def number(data):
    """The key's partition among 12, from schemas/KEYS.md."""
    return int.from_bytes(hashlib.sha256(data).digest()[:8], "big") % 12


class Place(unittest.TestCase):
    """A member with its own folder, keys and configuration."""

    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)
        done = run("enrol", "--name", "st-mary", "--out", self.path("m"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.conf = self.path("m", "member.conf")
        with open(self.path("m", "request.json"), encoding="utf-8") as stream:
            self.request = json.load(stream)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as stream:
            stream.write(text)
        return self.path(name)

    def configure(self, old, new):
        with open(self.conf, encoding="utf-8") as stream:
            text = stream.read()
        self.assertRegex(text, old)
        with open(self.conf, "w", encoding="utf-8") as stream:
            stream.write(re.sub(old, lambda _: new, text, count=1))

    def capture(self, *arguments, name="out.avro", at=AT, code=0):
        """Runs into a capture; gives its segments, opened, verified and checked against each other."""
        if os.path.exists(self.path(name)):
            os.unlink(self.path(name))
        done = run("-c", self.conf, "--segments", self.path(name), "--at", at, *arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        self.said = done.stderr
        if not os.path.exists(self.path(name)):
            return []
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.request["signing_key"]))
        segments, offsets = [], {}
        for row in avro_container.rows(self.path(name), CAPTURE):
            value = row["value"]
            key.verify(value[-64:], check_segments.DOMAIN + value[:-64])
            self.assertTrue(value.startswith(SIGNED[0]))
            signed = SIGNED[1].decode(value[10:])
            payload = signed["payload"]
            if signed["codec"] == "zstd":
                payload = avro_container.unzstd(payload, signed["raw_length"])
            self.assertEqual(len(payload), signed["raw_length"])
            segment = SEGMENT[1].decode(payload[10:])
            self.assertEqual(len(segment["observations"]), signed["observations"])
            self.assertEqual(segment["partition"], row["partition"])
            self.assertEqual(row["offset"], offsets.get(row["partition"], 0))
            offsets[row["partition"]] = row["offset"] + 1
            for obs in segment["observations"]:
                self.assertEqual(number(obs["kind"].encode() + b"\0" + obs["value"].encode()), row["partition"])
            segments.append(segment)
        self.check_submission(segments)
        return segments

    def check_submission(self, segments):
        totals = dict.fromkeys(("assert", "sight", "hit", "withdraw", "refute", "purge"), 0)
        for index, segment in enumerate(segments):
            self.assertEqual((segment["index"], segment["count"]), (index, len(segments)))
            self.assertEqual(segment["member"], "st-mary")
            self.assertEqual(segment["totals"], segments[0]["totals"])
            for obs in segment["observations"]:
                totals[obs["action"]] += 1
        if segments:
            self.assertEqual(segments[0]["totals"], totals)

    def said_of(self, segments):
        return {(o["action"], o["value"]) for s in segments for o in s["observations"]}


class Usage(unittest.TestCase):
    def test_usage(self):
        for arguments in ([], ["--nonsense"], ["x.txt"], ["--dry-run"], ["--dry-run", "a", "b"],
                          ["--dry-run", "--format", "xml", "x"], ["--dry-run", "--confidence", "101", "x"],
                          ["--dry-run", "--wait", "x"], ["-c", "x", "--json", "y"], ["enrol"], ["enrol", "--name", "x"],
                          ["--dry-run", "--timeout", "soon", "x"], ["--dry-run", "--at", "now", "x"],
                          ["--dry-run", "--tag", "Not A Tag", "x"], ["--dry-run", "--marking", "purple", "x"],
                          ["-c", "/nonexistent/member.conf", "--accept-shrink", "x"]):
            done = run(*arguments)
            self.assertEqual(done.returncode, 2, (arguments, done.stderr))
            self.assertIn("tocsin-publish", done.stderr)

    def test_answers(self):
        self.assertIn("usage:", run("--help").stdout)
        self.assertRegex(run("--version").stdout, r"^tocsin-publish \d+\.\d+")
        self.assertIn("signing_key", run("--print-config").stdout)

    def test_missing_file(self):
        done = run("--dry-run", "/nonexistent")
        self.assertEqual(done.returncode, 1)
        self.assertIn("No such file", done.stderr)


class DryRun(Place):
    def test_feeds(self):
        """The counts of the carried feeds, counted by hand or by the independent counts of their publishers' form."""
        for name, count in (("akira.txt", 6), ("rhysida.txt", 111), ("ipsum-8.txt", 23), ("maltrail-odd.txt", 0),
                            ("gru-aa25.intel", 122), ("talos.intel", 0), ("volexity-disgomoji.csv", 243),
                            ("unit42-azorult.json", 19)):
            done = run("--dry-run", "--json", os.path.join(FEEDS, name))
            lines = done.stdout.splitlines()
            self.assertEqual(len(lines), count, name)
            self.assertEqual(done.returncode, 3 if name == "maltrail-odd.txt" else 0)
            for line in lines:
                self.assertIn("value", json.loads(line))
            words = run("--dry-run", os.path.join(FEEDS, name))
            self.assertEqual(len(words.stdout.splitlines()), count, name)

    def test_json_comes_back(self):
        """What --json prints is an input like any other, and says the same."""
        once = run("--dry-run", "--json", os.path.join(FEEDS, "volexity-disgomoji.csv")).stdout
        again = run("--dry-run", "--json", self.write("again.jsonl", once)).stdout
        self.assertEqual(once, again)
        self.assertGreater(len(once.splitlines()), 200)

    def test_every_refused_line_is_told(self):
        done = run("--dry-run", self.write("in.txt", "evil.example.com\nnonsense\n999.1.1.1\nok.example.com\n"))
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assertRegex(done.stderr, r'in\.txt:2: canon\.domain\.single: .*"nonsense"')
        self.assertRegex(done.stderr, r'in\.txt:3: canon\.ipv4: .*"999\.1\.1\.1"')
        self.assertIn("2 taken, 2 refused", done.stderr)

    def test_rejects(self):
        old = self.write("rejects.tsv", "old")
        os.chmod(old, 0o644)
        done = run("--dry-run", "--rejects", old, self.write("in.txt", "a\x1b[31m\tb\n10.0.0.1\n"))
        self.assertEqual(stat.S_IMODE(os.stat(old).st_mode), 0o600)
        with open(old, encoding="utf-8") as stream:
            rows = [line.rstrip("\n").split("\t") for line in stream]
        self.assertEqual([row[:1] + row[2:4] for row in rows[1:]],
                         [["1", "read.values", "a[31m b"], ["2", "privacy.address", "10.0.0.1"]])
        self.assertTrue(all(len(row) == 6 and row[4] and row[5] for row in rows[1:]))
        self.assertNotIn("10.0.0.1", done.stderr)
        self.assertIn("the refused lines are in", done.stderr)

    def test_private_things_are_not_shown(self):
        self.configure(r"# *own_names.*", 'own_names = [ "hospital.example.com", "203.0.113.0/24" ];')
        secrets = ["10.1.2.3", "192.168.7.7", "fe80::1", "pc7.hospital.example.com", "203.0.113.9", "jane.roe@example.com",
                   "4711-mrn", "topsecret", "hunter2"]
        text = "\n".join([
            "10.1.2.3", "192.168.7.7", "fe80::1", "pc7.hospital.example.com", "https://pc7.hospital.example.com/x", "203.0.113.9",
            "jane.roe@example.com", "https://evil.example.com/a?mrn=4711-mrn", "https://user:hunter2@evil.example.com/b",
            "https://evil.example.com/c?q=jane.roe@example.com", "https://evil.example.com/d#topsecret", "evil.example.com"])
        for arguments in (["--json"], []):
            done = run("-c", self.conf, "--dry-run", *arguments, self.write("in.txt", text))
            self.assertIn("evil.example.com", done.stdout)
            for secret in secrets:
                self.assertNotIn(secret, done.stdout)
                self.assertNotIn(secret, done.stderr)
        table = "value,notes\nevil.example.com,\"seen by nurse topsecret\"\n"
        self.assertNotIn("topsecret", run("--dry-run", "--json", self.write("in.csv", table)).stdout)

    def test_not_text(self):
        with open(self.path("in.zip"), "wb") as stream:
            stream.write(b"PK\3\4\0\0\0\0")
        done = run("--dry-run", self.path("in.zip"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("no text", done.stderr)

    def test_marking_is_asked_for(self):
        done = run("--dry-run", os.path.join(FEEDS, "ipsum-8.txt"))
        self.assertIn("no marking is stated", done.stderr)
        done = run("--dry-run", "--marking", "TLP:GREEN", os.path.join(FEEDS, "ipsum-8.txt"))
        self.assertEqual(done.stderr, "")  # quiet when all is well


class Captures(Place):
    def test_capture(self):
        segments = self.capture("--marking", "TLP:GREEN", "--feed", "drop", "--confidence", "55", "--tag", "c2",
                                os.path.join(FEEDS, "gru-aa25.intel"))
        self.assertEqual(sum(len(s["observations"]) for s in segments), 122)
        for segment in segments:
            self.assertEqual((segment["marking"], segment["feed"], segment["seq"]), ("green", "drop", 1))
            self.assertEqual(segment["created"], 1769860800000)
            self.assertIsNone(segment["previous"])
            for obs in segment["observations"]:
                self.assertEqual((obs["confidence"], obs["tags"]), (55, ["c2"]))
        again = self.capture("--marking", "TLP:GREEN", os.path.join(FEEDS, "gru-aa25.intel"), name="next.avro")
        self.assertEqual(again[0]["writer"], segments[0]["writer"])
        last = {s["partition"]: s["index"] for s in segments}
        for segment in again:
            self.assertEqual(segment["seq"], 2)
            if segment["partition"] in last:
                self.assertEqual(segment["previous"], {"seq": 1, "index": last[segment["partition"]]})

    def test_same_input_same_bytes(self):
        texts = []
        for name in ("a.avro", "b.avro"):
            shutil.rmtree(self.path("m", "state"), ignore_errors=True)
            self.capture("--marking", "GREEN", os.path.join(FEEDS, "akira.txt"), name=name)
            texts.append([row["value"] for row in avro_container.rows(self.path(name), CAPTURE)])
        self.assertEqual(texts[0], texts[1])

    def test_feed_statements(self):
        self.configure(r"(?s)# *feeds.*?(?=\n\n|\nsubscribe)", 'feeds = ( { id = "drop"; marking = "TLP:AMBER"; pap = "PAP:AMBER"; '
                       'federal = "yes"; attribution = "role"; agreement = "x/1"; tags = [ "t" ]; } );')
        segments = self.capture("--feed", "drop", os.path.join(FEEDS, "ipsum-8.txt"))
        for segment in segments:
            self.assertEqual([segment[n] for n in ("marking", "pap", "release", "attribution", "agreement")],
                             ["amber", "amber", {"federal": "yes", "communities": []}, "role", "x/1"])
        self.capture("--feed", "typo", os.path.join(FEEDS, "ipsum-8.txt"), code=2)
        self.assertIn("has no feed typo", self.said)

    def test_marking_fails_closed(self):
        feed = os.path.join(FEEDS, "ipsum-8.txt")
        self.assertEqual(self.capture(feed, code=2), [])
        self.assertIn("marking.missing", self.said)
        self.configure(r"(?s)# *feeds.*?(?=\n\n|\nsubscribe)", 'feeds = ( { id = "hot"; marking = "TLP:AMBER+STRICT"; } );')
        self.assertEqual(self.capture("--feed", "hot", feed, code=2), [])
        self.assertIn("marking.strict", self.said)
        segments = self.capture("--feed", "hot", "--marking", "TLP:AMBER+STRICT", feed)
        self.assertEqual({s["marking"] for s in segments}, {"amber_strict"})

    def test_nothing_is_overwritten(self):
        self.capture("--marking", "GREEN", os.path.join(FEEDS, "akira.txt"))
        done = run("-c", self.conf, "--segments", self.path("out.avro"), "--marking", "GREEN", os.path.join(FEEDS, "akira.txt"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("there already", done.stderr)

    def test_spellings_meet(self):
        text = "Evil[.]Example[.]com.\nevil.example.com\nEVIL.EXAMPLE.COM\nhxxps://Evil.example.com:443/a\nhttps://evil.example.com/a#x\n"
        segments = self.capture("--marking", "GREEN", self.write("in.txt", text))
        self.assertEqual(self.said_of(segments), {("assert", "evil.example.com"), ("assert", "https://evil.example.com/a")})

    def test_stix_markings(self):
        objects = [{"type": "marking-definition", "spec_version": "2.1", "id": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"}]
        for number_, marking in enumerate(["f88d31f6-486f-44da-b317-01333bde0b82", "34098fce-860f-48ae-8e50-ebd3cc5e41da", None]):
            objects.append({"type": "indicator", "spec_version": "2.1", "id": "indicator--a740531e-63ff-4e49-a9e1-a0a3eed0e3e%d" % number_,
                            "created": AT, "modified": AT, "valid_from": AT, "pattern_type": "stix",
                            "pattern": "[domain-name:value = 'm%d.example.com']" % number_})
            if marking:
                objects[-1]["object_marking_refs"] = ["marking-definition--" + marking]
        bundle = self.write("b.json", json.dumps({"type": "bundle", "id": "bundle--1", "objects": objects}))
        segments = self.capture(bundle)
        self.assertEqual({(s["marking"], o["value"]) for s in segments for o in s["observations"]},
                         {("amber", "m0.example.com"), ("green", "m1.example.com")})
        self.assertIn("marking.missing", self.said)


class FullLists(Place):
    def publish(self, values, *arguments, code=0):
        file = self.write("list.txt", "".join(v + ".example.com\n" for v in values))
        return {(a, v.split(".")[0]) for a, v in
                self.said_of(self.capture("--full-list", "--marking", "GREEN", "--feed", "f", *arguments, file, code=code))}

    def test_withdraw_hold_accept(self):
        self.assertEqual(self.publish("abcd"), {("assert", v) for v in "abcd"})
        self.assertEqual(self.publish("abce"), {("assert", v) for v in "abce"} | {("withdraw", "d")})
        self.assertEqual(self.publish("a", code=3), {("assert", "a")})
        self.assertIn("the list shrank from 4 to 1: 3 missing are held", self.said)
        self.assertEqual(self.publish("", code=3), set())
        self.assertEqual(self.publish("abce"), {("assert", v) for v in "abce"})
        self.assertEqual(self.publish("a", "--accept-shrink"), {("assert", "a")} | {("withdraw", v) for v in "bce"})

    def test_withdrawals_do_not_hide_that_nothing_was_taken(self):
        self.publish("ab")
        file = self.write("list.txt", "not an indicator\n")
        segments = self.capture("--full-list", "--accept-shrink", "--marking", "GREEN", "--feed", "f", file, code=3)
        self.assertEqual(self.said_of(segments), {("withdraw", v + ".example.com") for v in "ab"})

    def test_a_failed_run_keeps_the_last_list(self):
        self.publish("abcd")
        done = run("-c", self.conf, "--segments", "/nonexistent/out.avro", "--full-list", "--marking", "GREEN", "--feed", "f",
                   self.write("list.txt", "a.example.com\nb.example.com\nc.example.com\n"))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.publish("abc"), {("assert", v) for v in "abc"} | {("withdraw", "d")})


class Killed(Place):
    """A deployment whose broker takes connections and never answers."""

    def setUp(self):
        super().setUp()
        self.broker = socket.socket()
        self.addCleanup(self.broker.close)
        self.broker.bind(("127.0.0.1", 0))
        self.broker.listen(8)
        self.broker.settimeout(60)
        root = Ed25519PrivateKey.generate()
        public = check_segments.public_bytes(root)
        control = dict.fromkeys(f["name"] for f in CONTROL[1].schema["fields"])
        control.update(sequence=1, time=0, operator="", genesis={
            "deployment": bytes(range(16)), "name": "trial", "root_keys": [public], "partitions": 5, "audiences": [],
            "first_stream_time": 0, "deployment_key_digest": bytes(32)})
        payload = CONTROL[0] + CONTROL[1].encode(control)
        body = (SIGNED[0] + SIGNED[1].encode({
            "deployment": bytes(range(16)), "key_id": hashlib.sha256(public).digest()[:16], "codec": "none",
            "raw_length": len(payload), "encryption": b"", "observations": 0, "payload": payload, "signature": bytes(64)}))[:-64]
        genesis = body + root.sign(check_segments.DOMAIN + body)
        with open(self.path("m", "genesis.toc"), "wb") as stream:
            stream.write(genesis)
        self.make_certificates()
        self.configure(r"# *genesis = .*", 'genesis = "genesis.toc";')
        self.configure(r"# *genesis_digest = .*", 'genesis_digest = "%s";' % hashlib.sha256(genesis).hexdigest())
        self.configure(r"brokers = .*", 'brokers = "127.0.0.1:%d";' % self.broker.getsockname()[1])

    def make_certificates(self):
        with open(self.path("m", "tls.key"), "rb") as stream:
            key = serialization.load_pem_private_key(stream.read(), None)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "st-mary")])
        now = __import__("datetime").datetime(2026, 1, 1)
        cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
                .not_valid_before(now).not_valid_after(now.replace(year=2099)).sign(key, hashes.SHA256()))
        for file in ("tls.crt", "ca.pem"):
            with open(self.path("m", file), "wb") as stream:
                stream.write(cert.public_bytes(serialization.Encoding.PEM))

    def start(self, *arguments, **options):
        child = subprocess.Popen([PROGRAM, "-c", self.conf, "--marking", "GREEN", *arguments], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, universal_newlines=True, **options)
        self.addCleanup(self.end, child)
        return child

    def end(self, child):
        if child.poll() is None:
            child.kill()
        child.communicate()

    def connected(self):
        """The publisher has come as far as the broker: what it sends is spooled."""
        link = self.broker.accept()[0]
        self.addCleanup(link.close)

    def spooled(self):
        """seq -> bytes of its segments."""
        out = {}
        for name in sorted(os.listdir(self.path("m", "state", "spool"))):
            if name.isdigit():
                with open(self.path("m", "state", "spool", name, "segments"), "rb") as stream:
                    out[int(name)] = stream.read()
        return out

    def test_killed_while_reading(self):
        read, write = os.pipe()
        child = self.start("-", stdin=read)
        os.write(write, b"evil.example.com\n" * 1000)
        while not os.path.exists(self.path("m", "state", "publisher.json")):
            self.assertIsNone(child.poll())
            os.sched_yield()
        child.kill()
        child.wait()
        os.close(read)
        os.close(write)
        self.assertEqual(self.spooled(), {})
        child = self.start(os.path.join(FEEDS, "akira.txt"))
        self.connected()
        child.kill()
        child.wait()
        self.assertEqual(list(self.spooled()), [1])  # the number was not used up
        self.assertNotIn("new", os.listdir(self.path("m", "state", "spool")))

    def test_killed_while_sending(self):
        """The same bytes wait under the same number, whatever comes behind them."""
        child = self.start(os.path.join(FEEDS, "akira.txt"))
        self.connected()
        child.kill()
        child.wait()
        first = self.spooled()
        self.assertEqual(list(first), [1])
        child = self.start()  # only what is spooled
        self.connected()
        child.kill()
        child.wait()
        self.assertEqual(self.spooled(), first)
        child = self.start(os.path.join(FEEDS, "rhysida.txt"))
        self.connected()
        child.kill()
        child.wait()
        both = self.spooled()
        self.assertEqual(list(both), [1, 2])
        self.assertEqual(both[1], first[1])

    def test_one_at_a_time(self):
        child = self.start(os.path.join(FEEDS, "akira.txt"))
        self.connected()
        done = run("-c", self.conf, "--marking", "GREEN", os.path.join(FEEDS, "akira.txt"))
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(child.pid), done.stderr)

    def test_loose_key(self):
        os.chmod(self.path("m", "signing.key"), 0o640)
        done = run("-c", self.conf, "--marking", "GREEN", os.path.join(FEEDS, "akira.txt"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("signing.key", done.stderr)

    def test_wrong_genesis(self):
        with open(self.path("m", "genesis.toc"), "ab") as stream:
            stream.write(b"\0")
        done = run("-c", self.conf, "--check")
        self.assertEqual(done.returncode, 1)
        self.assertIn("genesis", done.stderr)


class Follow(unittest.TestCase):
    def test_pieces_come_while_the_pipe_is_open(self):
        child = subprocess.Popen([PROGRAM, "--dry-run", "--follow", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, universal_newlines=True, bufsize=1)
        for name in ("a", "b"):
            child.stdin.write(name + ".example.com\n")
            child.stdin.flush()
            self.assertIn(name + ".example.com", child.stdout.readline())
        child.send_signal(signal.SIGTERM)
        child.stdin.close()
        self.assertEqual(child.stdout.read(), "")
        self.assertEqual(child.wait(30), 0)
        child.stdout.close()

    def test_an_empty_last_piece_takes_nothing_back(self):
        child = subprocess.Popen([PROGRAM, "--dry-run", "--follow", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, universal_newlines=True, bufsize=1)
        child.stdin.write("nonsense\na.example.com\n")
        child.stdin.flush()
        self.assertIn("a.example.com", child.stdout.readline())
        child.stdin.write("# the feed's last words\n")
        child.stdin.close()
        self.assertEqual(child.stdout.read(), "")
        self.assertEqual(child.wait(30), 0)
        child.stdout.close()

    def test_stix_cannot_be_followed(self):
        done = subprocess.run([PROGRAM, "--dry-run", "--follow", "--format", "stix", "-"], input="{}\n", stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, universal_newlines=True, timeout=60)
        self.assertEqual(done.returncode, 2)


class Large(Place):
    def lines(self, count):
        forms = ("%d.%d.%d.%d\n", "host%d.example%d.com\n", "https://bad%d.example.net/path/%d\n", "%064x\n")
        with open(self.path("large.txt"), "w", encoding="ascii") as stream:
            for i in range(count):
                n = i * 2654435761 % (1 << 32)
                stream.write(forms[i % 4] % ((11 + (n >> 24) % 60, n >> 16 & 255, n >> 8 & 255, 1 + n % 254) if i % 4 == 0 else
                                             (i, i // 10) if i % 4 == 1 else (n % 5000, i) if i % 4 == 2 else n << 128 | i))
        return self.path("large.txt")

    def peak(self, count):
        """Kilobytes resident at most, of a run into a capture."""
        os.path.exists(self.path("l.avro")) and os.unlink(self.path("l.avro"))
        child = subprocess.Popen([PROGRAM, "-c", self.conf, "--marking", "GREEN", "--segments", self.path("l.avro"), self.lines(count)],
                                 stderr=subprocess.PIPE, universal_newlines=True,
                                 env=dict(os.environ, ASAN_OPTIONS="quarantine_size_mb=1:thread_local_quarantine_size_kb=64"))
        said = child.stderr.read()
        child.stderr.close()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(child.returncode, 0, said)
        return usage.ru_maxrss

    def test_memory_does_not_grow(self):
        few, many = self.peak(100000), self.peak(1000000)
        print("resident at most: %d KiB for 100,000 lines, %d KiB for 1,000,000" % (few, many), file=sys.stderr)
        self.assertLess(many, few + 8 * 1024)
        rows = avro_container.rows(self.path("l.avro"), CAPTURE)
        sent = sum(SIGNED[1].decode(row["value"][10:])["observations"] for row in rows)
        self.assertGreater(sent, 990000)


if __name__ == "__main__":
    unittest.main()
