"""deploy/kafka/verify.sh, before which no java starts: it takes the named jars and nothing else."""

import hashlib
import os
import shutil
import subprocess
import tempfile
import unittest

VERIFY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../deploy/kafka/verify.sh")
JARS = {"a-1.jar": b"first", "b-2.jar": b"second"}


class Verify(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.TemporaryDirectory()
        self.addCleanup(self.root.cleanup)
        self.script = shutil.copy(VERIFY, self.root.name)
        self.jars = os.path.join(self.root.name, "jars of Kafka")
        os.mkdir(self.jars)
        with open(os.path.join(self.root.name, "jars.sha256"), "w", encoding="utf-8") as sums:
            for name, content in JARS.items():
                sums.write(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
                self.write(name, content)

    def write(self, name, content):
        with open(os.path.join(self.jars, name), "wb") as jar:
            jar.write(content)

    def verify(self, folder=None):
        done = subprocess.run([self.script, folder or self.jars], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def refuses(self, *words):
        code, out, err = self.verify()
        self.assertEqual((code, out), (1, ""), err)
        for word in words:
            self.assertIn(word, err)

    def test_prints_the_class_path(self):
        code, out, err = self.verify()
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out, f"{self.jars}/a-1.jar:{self.jars}/b-2.jar\n")

    def test_refuses_a_changed_jar(self):
        self.write("b-2.jar", b"Second")
        self.refuses("wrong sum: b-2.jar")

    def test_refuses_a_missing_jar(self):
        os.remove(os.path.join(self.jars, "a-1.jar"))
        self.refuses("missing: a-1.jar")

    def test_refuses_an_extra_jar_hidden_file_or_folder(self):
        self.write("c.jar", b"")
        self.write(".hidden", b"")
        os.mkdir(os.path.join(self.jars, "META-INF"))
        self.refuses("extra: c.jar", "extra: .hidden", "extra: META-INF")

    def test_refuses_an_empty_folder(self):
        for name in JARS:
            os.remove(os.path.join(self.jars, name))
        self.refuses("missing: a-1.jar", "missing: b-2.jar")

    def test_refuses_no_folder(self):
        code, out, err = self.verify(os.path.join(self.root.name, "none"))
        self.assertEqual((code, out), (1, ""))
        self.assertIn("run deploy/kafka/fetch.sh", err)


if __name__ == "__main__":
    unittest.main()
