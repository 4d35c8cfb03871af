"""A check that has never failed proves nothing: each one here is given a clean tree, then one with a planted violation,
and must find that one and name its place."""

import os
import subprocess
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))

CLEAN = {
    "lib/base/err.h": "#pragma once\n#include <stdbool.h>\n",
    "lib/base/err.c": '#include "lib/base/err.h"\n\n#include <openssl/evp.h>\n// strcpy(a, b) in words\n',
    "lib/base/file.h": "#pragma once\n",
    "lib/bus/bus.h": '#pragma once\n#include "lib/base/err.h"\n',
    "lib/bus/bus.c": '#include "lib/bus/bus.h"\n\n#include <librdkafka/rdkafka.h>\n',
    "lib/indicator/kind.h": '#pragma once\n#include "lib/base/err.h"\n#include "schemas/tick.h"\n',
    "schemas/tick.avsc": "{}\n",
    "hub/state/block.avsc": "{}\n",
    "hub/state/state.c": '#include "hub/state/block.h"\n#include "hub/state/table.inc"\n#include "schemas/refusal.h"\n',
    "hub/state/table.inc": "1, 2,\n",
    "schemas/refusals.tsv": "code\n",
    "producers/reader/reader.h": "#pragma once\n",
    "producers/reader/csv.h": '#pragma once\n#include "producers/reader/reader.h"\n',
    "producers/reader/list.h": '#pragma once\n#include "producers/reader/reader.h"\n',
    "producers/reader/reader.c": '#include "producers/reader/reader.h"\n\n#include "producers/reader/csv.h"\n',
    "hub/fuse/fuse.h": '#pragma once\n#include "lib/indicator/kind.h"\n',
    "hub/fuse/fuse.c": '#include "hub/fuse/fuse.h"\n\nint f(void)\n{\n    return puts("open(1)");\n}\n',
    "hub/route/route.h": "#pragma once\n",
    "README.md": "A hub for indicators. Fields: /work, a work/root path.\n",
    "tests/data/feed/list.txt": "http://re" "po.maven.example/home/user/x\n",
}

# check, file to add or replace, its text, what the finding must say
PLANTED = [
    ("check-includes", "lib/base/err.c", '#include <stdio.h>\n#include "lib/base/err.h"\n', "lib/base/err.c:1: the first"),
    ("check-includes", "lib/base/low.c", '#include "lib/bus/bus.h"\n', "lib/base/low.c:1: lib/base may not include"),
    ("check-includes", "lib/bus/low.c", '\n#include "lib/indicator/kind.h"\n', "lib/bus/low.c:2: lib/bus may not"),
    ("check-includes", "lib/stix/low.c", '#include "lib/privacy/x.h"\n', "not a path from the repository root"),
    ("check-includes", "lib/indicator/low.c", '#include "lib/bus/bus.h"\n', "lib/indicator may not include lib/bus"),
    ("check-includes", "producers/p.c", '#include "hub/fuse/fuse.h"\n', "producers may not include hub/fuse"),
    ("check-includes", "consumers/c.c", '#include "producers/reader/reader.h"\n', "consumers may not include producers"),
    ("check-includes", "hub/h.c", '#include "producers/reader/reader.h"\n', "hub may not include producers"),
    ("check-includes", "hub/h.c", '#include "err.h"\n', '"err.h" is not a path'),
    ("check-includes", "hub/h.c", '#include "schemas/tock.h"\n', '"schemas/tock.h" is not a path'),
    ("check-includes", "lib/avro/x.c", '#include "schemas/tick.h"\n', "lib/avro may not include schemas/tick.h"),
    ("check-includes", "gateway/g.c", '#include "hub/fuse/fuse.h"\n', "gateway may not include hub"),
    ("check-includes", "elsewhere/x.c", "int x;\n", "no row in check-includes"),
    ("check-includes", "producers/reader/list.c",
     '#include "producers/reader/list.h"\n#include "producers/reader/csv.h"\n', "list may not know csv"),
    ("check-includes", "hub/worker.c", "#include <librdkafka/rdkafka.h>\n", "<librdkafka/rdkafka.h> belongs to lib/bus"),
    ("check-includes", "hub/worker.c", "#include <avro.h>\n", "<avro.h> belongs to lib/avro"),
    ("check-includes", "hub/worker.c", "#  include <libconfig.h>\n", "<libconfig.h> belongs to lib/base"),
    ("check-includes", "hub/worker.c", "#include <openssl/evp.h>\n", "<openssl/evp.h> belongs to lib/base, lib/http"),
    ("check-includes", "lib/base/x.c", "#include <microhttpd.h>\n", "<microhttpd.h> belongs to lib/http"),
    ("check-includes", "lib/avro/x.c", "#include <cmocka.h>\n", "<cmocka.h> belongs to tests"),
    ("check-includes", "hub/fuse/fuse.c", '#include "hub/fuse/fuse.h"\n#include "hub/route/route.h"\n',
     "hub/fuse may not include hub/route"),
    ("check-includes", "hub/fuse/fuse.c", '#include "hub/fuse/fuse.h"\n#include "lib/bus/bus.h"\n', "a step may not reach"),
    ("check-includes", "hub/route/x.c", "#include <time.h>\n", "hub/route/x.c:1: a step may not reach time.h"),
    ("check-includes", "hub/correlate/x.c", '#include "lib/base/file.h"\n', "a step may not reach lib/base/file.h"),
    ("check-includes", "lib/indicator/kind.h", '#pragma once\n#include "lib/base/file.h"\n',
     "a step may not reach lib/base/file.h (hub/fuse/fuse.c -> hub/fuse/fuse.h -> lib/indicator/kind.h)"),
    ("check-includes", "hub/fuse/fuse.c", '#include "hub/fuse/fuse.h"\nint f(void)\n{\n    return time (0);\n}\n',
     "hub/fuse/fuse.c:4: a step may not call time()"),
    ("check-banned", "hub/x.c", "/* a\nb */ void f(void)\n{\n    strcpy (a, b);\n}\n", "hub/x.c:4: strcpy() is banned"),
    ("check-banned", "tests/x.c", "int a = atoi(b);\n", "tests/x.c:1: atoi() is banned"),
    ("check-banned", "lib/x.h", "int a = x ? strtol(b) : 0;\n", "strtol() is banned: use toc_parse_u64"),
    ("check-banned", "hub/x.c", "void f(void)\n{\n    usleep(1);\n}\n", "hub/x.c:3: usleep() outside lib/"),
    ("check-banned", "hub/x.c", "void f(void)\n{\n" + "    g();\n" * 101 + "}\n", "hub/x.c:2: a function of 101 lines"),
    ("check-banned", "hub/x.c", "int x;\n" * 601, "hub/x.c:1: 601 lines"),
    ("check-words", "deploy/x.sh", "ls\ncd /ho" "me/somebody/tocsin\n", "deploy/x.sh:2: a path of somebody's machine"),
    ("check-words", "x.md", "in /wo" "rk/tocsin\n", "x.md:1: a path"),
    ("check-words", "deploy/pom.xml", "<url>re" "po.maven.example.org</url>\n", "the host of a package registry"),
    ("check-words", "x.md", "see py" "pi.org\n", "the host of a package registry"),
    ("check-words", "lib/x.c", "// TO" "DO: later\n", "lib/x.c:1: a note to do something later"),
    ("check-words", "hub/reference/x.c", "// FIX" "ME\n", "a note to do something later"),
    ("check-words", "x.pem", "-----BEGIN PRIVATE " "KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n", "x.pem:1: a private key"),
    ("check-headers", "lib/base/low.h", "#pragma once\nsize_t length(void);\n", "lib/base/low.h does not compile alone"),
    ("check-headers", "lib/base/low.h", "struct twice {\n    int x;\n};\n", "lib/base/low.h does not compile alone"),
]


def run(name, tree):
    with tempfile.TemporaryDirectory() as root:
        for path, text in tree.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as stream:
                stream.write(text)
        done = subprocess.run([os.path.join(HERE, name), root], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=dict(os.environ, TOC_BUILD=os.path.join(root, "build")), check=False)
        return done.returncode, done.stdout.decode()


class Checks(unittest.TestCase):
    def test_clean_tree_passes(self):
        tree = dict(CLEAN, **{"build/generated/schemas/tick.h": "#pragma once\n"})
        for name in sorted({row[0] for row in PLANTED}):
            with self.subTest(name):
                code, output = run(name, tree)
                self.assertEqual(code, 0, output)

    def test_planted_violation_is_found(self):
        for name, path, text, says in PLANTED:
            with self.subTest(says):
                tree = dict(CLEAN, **{"build/generated/schemas/tick.h": "#pragma once\n", path: text})
                code, output = run(name, tree)
                self.assertIn(says, output)
                self.assertEqual(code, 1, output)


if __name__ == "__main__":
    unittest.main()
