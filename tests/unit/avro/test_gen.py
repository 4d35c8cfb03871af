#!/usr/bin/env python3
"""test_gen.py TOC_AVRO_GEN: what the generator takes and refuses, the rule by which schemas grow, and the canonical
form against Apache's own vectors."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

TOOL = sys.argv.pop(1)


def run(*args):
    return subprocess.run([TOOL, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


def field(name, of="int", **more):
    return {"name": name, "type": of, **more}


def record(*fields, name="Thing", **more):
    return {"type": "record", "name": name, "namespace": "t", "fields": list(fields), **more}


COLOUR = {"type": "enum", "name": "Colour", "default": "grey", "symbols": ["grey", "red"], "spelling": {"red": "Red"}}
MARK = {"type": "fixed", "name": "Mark", "size": 4}


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = folder.name

    def write(self, name, content):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(content if isinstance(content, str) else json.dumps(content))
        return path


class Canonical(Folder):
    def test_vectors(self):
        with open("tests/data/avro/schema-tests.txt", encoding="utf-8") as f:
            text = re.sub(r"^(//|#).*\n", "", f.read(), flags=re.M)
        cases = re.findall(r"<<INPUT(?: (.*)|\n((?:.*\n)*?)INPUT)\n<<canonical (.*)\n(?:<<fingerprint (.*)\n)?", text)
        self.assertEqual(len(cases), 34)
        for line, block, canonical, fingerprint in cases:
            with self.subTest(canonical=canonical):
                path = self.write("a.json", line or block)
                done = run("canonical", path)
                self.assertEqual(done.returncode, 0, done.stderr)
                found, _, form = done.stdout.rstrip("\n").partition(" ")
                self.assertEqual(form, canonical)
                if fingerprint:
                    self.assertEqual(int(found, 16), int(fingerprint) % 2**64)

    def test_refuses_what_is_no_schema(self):
        for text in ("7", "{}", '{"type": "record", "name": "A"}', '{"type": "enum", "name": "A", "symbols": [1]}',
                     '{"type": "fixed", "name": "A"}', '{"type": "record", "fields": []}', '{"type": "array"}',
                     '{"type": "record", "name": "A", "fields": [{"type": "int"}]}', '"a\\"b"'):
            with self.subTest(text=text):
                self.assertNotEqual(run("canonical", self.write("a.json", text)).returncode, 0)


class Subset(Folder):
    def generate(self, schema, *others):
        path = self.write("thing.avsc", schema)
        return run("c", self.dir, self.dir + "/out", "-", path, *others)

    def test_takes(self):
        done = self.generate(record(field("a"), field("colour", COLOUR), field("b", "string", maxBytes=3)))
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.dir + "/out/thing.h", encoding="utf-8") as f:
            self.assertIn("struct toc_thing {", f.read())

    def test_writes_only_what_changed(self):
        self.generate(record(field("a")))
        before = os.stat(self.dir + "/out/thing.h").st_mtime_ns
        self.generate(record(field("a")))
        self.assertEqual(os.stat(self.dir + "/out/thing.h").st_mtime_ns, before)
        self.generate(record(field("b")))
        self.assertNotEqual(os.stat(self.dir + "/out/thing.h").st_mtime_ns, before)

    def test_refuses(self):
        array = {"type": "array", "items": "int"}
        cases = [
            ("a string without limit", record(field("a", "string")), "maxBytes"),
            ("bytes without limit", record(field("a", "bytes")), "maxBytes"),
            ("an array without limit", record(field("a", array)), "max"),
            ("texts without limit", record(field("a", {"type": "array", "items": "string"}, max=3)), "maxBytes"),
            ("a limit on a number", record(field("a", maxBytes=3)), "maxBytes"),
            ("a limit of nothing", record(field("a", "string", maxBytes=0)), "1 .. 2^31-1"),
            ("a limit that is no number", record(field("a", array, max="3")), "1 .. 2^31-1"),
            ("a misspelt limit", record(field("a", "string", maxbytes=3)), "maxbytes"),
            ("a double", record(field("a", "double")), "double"),
            ("a map", record(field("a", {"type": "map", "values": "int"}, max=1)), "map"),
            ("a union of two", record(field("a", ["int", "long"])), "union"),
            ("a union of three", record(field("a", ["null", "int", "long"])), "union"),
            ("an array of arrays", record(field("a", {"type": "array", "items": array}, max=1)), "array"),
            ("another logical type", record(field("a", {"type": "int", "logicalType": "date"})), "int"),
            ("an unknown name", record(field("a", "Other")), "Other"),
            ("itself", record(field("a", ["null", "Thing"])), "contains itself"),
            ("no fields", record(), "no fields"),
            ("a field twice", record(field("a"), field("a")), "two fields"),
            ("a field in capitals", record(field("A")), "a-z"),
            ("a type twice", record(field("a", MARK), field("b", MARK)), "defined in"),
            ("a fixed without size", record(field("a", {"type": "fixed", "name": "Mark"})), "size"),
            ("a symbol in capitals", record(field("a", dict(COLOUR, symbols=["grey", "RED"]))), "symbol"),
            ("a default that is no symbol", record(field("a", dict(COLOUR, default="blue"))), "default"),
            ("a spelling of no symbol", record(field("a", dict(COLOUR, spelling={"blue": "B"}))), "spells"),
            ("a spelling that ends the literal", record(field("a", dict(COLOUR, spelling={"red": 'R"'}))), "plain text"),
            ("a doc of two lines", record(field("a", doc="one\ntwo")), "one line"),
            ("a doc that goes on", record(field("a", doc="one\\"), doc="x"), "one line"),
            ("a default of another type", record(field("a", default="1")), "default"),
            ("a default beyond int", record(field("a", default=2**31)), "default"),
            ("a default text", record(field("a", "string", maxBytes=3, default="x")), "default"),
            ("a default symbol that is none", record(field("a", COLOUR, default="blue")), "default"),
            ("no JSON", "{", "JSON"),
            ("a key twice", '{"type": "record", "type": "record"}', "duplicate"),
        ]
        for name, schema, shows in cases:
            with self.subTest(name):
                done = self.generate(schema)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(shows, done.stderr)

    def test_reads_names_of_other_files(self):
        other = self.write("types.avsc", [dict(MARK, namespace="t")])
        done = self.generate(record(field("a", "Mark")), "--uses", other)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(os.path.exists(self.dir + "/out/types.h"))
        with open(self.dir + "/out/thing.h", encoding="utf-8") as f:
            self.assertIn('#include "types.h"', f.read())


class Growth(Folder):
    BASE = record(field("a", default=1), field("colour", COLOUR, default="grey"), field("mark", MARK),
                  field("text", "string", maxBytes=10, default=""))

    def step(self, now, old=BASE):
        for name in os.listdir(self.dir):
            os.unlink(os.path.join(self.dir, name)) if name.endswith(".avsc") else None
        done = run("release", self.dir + "/history", self.write("thing.avsc", old))
        self.assertEqual(done.returncode, 0, done.stderr)
        done = run("release", self.dir + "/history", self.write("thing.avsc", now))
        return done

    def tearDown(self):
        pass

    def changed(self, change):
        schema = json.loads(json.dumps(self.BASE))
        change(schema["fields"])
        return schema

    def test_takes(self):
        def new_field(f): f.insert(0, field("b", default=2))
        def new_symbol(f): f[1]["type"]["symbols"].append("blue")
        def higher_limit(f): f[3]["maxBytes"] = 11
        def new_record(f): f.append(field("r", ["null", record(field("x"), name="Inner")], default=None))
        for change in (new_field, new_symbol, higher_limit, new_record):
            with self.subTest(change.__name__), tempfile.TemporaryDirectory() as self.dir:
                done = self.step(self.changed(change))
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(os.path.exists(self.dir + "/history/thing.2.avsc"))
                done = run("check", self.dir + "/history", self.dir + "/thing.avsc")
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_refuses(self):
        def without_default(f): f.append(field("b"))
        def dropped(f): del f[0]
        def renamed(f): f[0]["name"] = "b"
        def other_type(f): f[0]["type"] = "long"
        def nullable(f): f[0].update(type=["null", "int"], default=None)
        def other_default(f): f[0]["default"] = 2
        def no_default(f): del f[0]["default"]
        def symbol_gone(f): f[1]["type"].update(symbols=["grey"], spelling={})
        def symbol_inserted(f): f[1]["type"]["symbols"].insert(1, "blue")
        def other_spelling(f): f[1]["type"]["spelling"] = {"red": "Rot"}
        def other_symbol_default(f): f[1]["type"]["default"] = "red"
        def no_symbol_default(f): del f[1]["type"]["default"]
        def other_size(f): f[2]["type"]["size"] = 5
        def other_name(f): f[2]["type"]["name"] = "Sign"
        def lower_limit(f): f[3]["maxBytes"] = 9
        for change in (without_default, dropped, renamed, other_type, nullable, other_default, no_default, symbol_gone,
                       symbol_inserted, other_spelling, other_symbol_default, no_symbol_default, other_size, other_name,
                       lower_limit):
            with self.subTest(change.__name__), tempfile.TemporaryDirectory() as self.dir:
                done = self.step(self.changed(change))
                self.assertEqual(done.returncode, 1)
                self.assertFalse(os.path.exists(self.dir + "/history/thing.2.avsc"))
                done = run("check", self.dir + "/history", self.dir + "/thing.avsc")
                self.assertEqual(done.returncode, 1)

    def test_wants_a_version_for_every_change_but_docs(self):
        def doc(f): f[0]["doc"] = "words"
        def higher_limit(f): f[3]["maxBytes"] = 11
        history, path = self.dir + "/history", self.write("thing.avsc", self.BASE)
        self.assertEqual(run("check", history, path).returncode, 1)  # never released
        self.assertEqual(run("release", history, path).returncode, 0)
        self.assertEqual(run("check", history, path).returncode, 0)
        self.write("thing.avsc", self.changed(doc))
        self.assertEqual(run("check", history, path).returncode, 0)
        self.write("thing.avsc", self.changed(higher_limit))
        done = run("check", history, path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("differs from its newest version", done.stderr)
        self.assertEqual(run("rewrite", history, path).returncode, 0)
        self.assertEqual(run("check", history, path).returncode, 0)
        self.assertEqual(os.listdir(history), ["thing.1.avsc"])

    def test_versions_are_self_contained(self):
        types = self.write("types.avsc", [dict(MARK, namespace="t"), dict(COLOUR, namespace="t")])
        path = self.write("thing.avsc", record(field("a", "Mark"), field("b", "Mark"), field("c", "Colour", default="red")))
        done = run("release", self.dir + "/history", path, "--uses", types)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.dir + "/history/thing.1.avsc", encoding="utf-8") as f:
            fields = json.load(f)["fields"]
        self.assertEqual(fields[0]["type"], dict(MARK, namespace="t"))
        self.assertEqual(fields[1]["type"], "t.Mark")
        self.assertEqual(fields[2]["type"]["spelling"], {"red": "Red"})


class Refusals(Folder):
    def generate(self, text):
        return run("refusals", self.write("r.tsv", text), self.dir + "/r.h", self.dir + "/r.c", "r.h")

    def test_takes(self):
        done = self.generate("# comment\na.b-c\twhat \"it\" is\tdo \\ this\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.dir + "/r.h", encoding="utf-8") as f:
            self.assertIn("TOC_REFUSAL_A_B_C,", f.read())
        with open(self.dir + "/r.c", encoding="utf-8") as f:
            self.assertIn(r'"what \"it\" is"', f.read())

    def test_refuses(self):
        for text in ("a\tb\n", "a\tb\tc\td\n", "a\t\tc\n", "a b\tc\td\n", "A\tb\tc\n", "\tb\tc\n", "a\tb\tc\na\td\te\n"):
            with self.subTest(text=text):
                self.assertEqual(self.generate(text).returncode, 1)


class Usage(unittest.TestCase):
    def test_shows_usage(self):
        for args in ((), ("c",), ("check", "x"), ("paint", "a", "b")):
            done = run(*args)
            self.assertEqual(done.returncode, 2)
            self.assertIn("usage: toc-avro-gen", done.stderr)


unittest.main()
