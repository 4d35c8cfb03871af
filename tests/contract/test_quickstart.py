"""What deploy/quickstart.sh says before it does anything: a port that is taken, a second run beside the first, wrong words,
certificates that have run out. Nothing is built, nothing is started."""

import fcntl
import os
import socket
import subprocess
import tempfile
import unittest

DEPLOY = os.path.abspath("deploy")


class Quickstart(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.root = place.name
        os.symlink(DEPLOY, self.path("deploy"))
        self.free = ",".join(str(port) for port in self.ports(3))

    def path(self, name):
        return os.path.join(self.root, name)

    def ports(self, count):
        """So many that are free now; bound together, so they differ."""
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        numbers = [one.getsockname()[1] for one in sockets]
        for one in sockets:
            one.close()
        return numbers

    def run_it(self, *words):
        done = subprocess.run([self.path("deploy/quickstart.sh"), *words], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def did_nothing(self):
        left = os.listdir(self.path("quickstart")) if os.path.exists(self.path("quickstart")) else []
        self.assertLessEqual(set(left), {"lock", "ports", "operator"})

    def test_a_port_that_is_taken_is_said_first(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            number = taken.getsockname()[1]
            first, second, _ = self.free.split(",")
            for ports in (f"{number},{first},{second}", f"{first},{number},{second}", f"{first},{second},{number}"):
                code, out, err = self.run_it("--ports", ports)
                self.assertEqual((code, out), (1, ""))
                self.assertIn(f"port {number} of 127.0.0.1 is taken", err)
                self.assertIn("--ports 29092,29094,29093", err) # what to do
                self.did_nothing()

    def test_one_at_a_time(self):
        os.mkdir(self.path("quickstart"))
        with open(self.path("quickstart/lock"), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            code, out, err = self.run_it("--ports", self.free, "--fresh")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("running already", err)
        self.did_nothing()

    def test_kept_data_keeps_its_ports(self):
        os.mkdir(self.path("quickstart"))
        with open(self.path("quickstart/ports"), "w", encoding="ascii") as ports:
            ports.write("1,2,3\n")
        code, _, err = self.run_it("--ports", self.free)
        self.assertEqual(code, 1)
        self.assertIn("the kept data has ports 1,2,3; other ones need --fresh", err)

    def test_certificates_that_have_run_out(self):
        os.makedirs(self.path("quickstart/operator"))
        subprocess.run("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=QUICKSTART' -keyout key |"
                       " openssl x509 -req -signkey key -days -1 -out quickstart/operator/hub-ca.crt",
                       shell=True, check=True, cwd=self.root, stderr=subprocess.DEVNULL)
        code, out, err = self.run_it("--ports", self.free)
        self.assertEqual(code, 1)
        self.assertIn("have run out", err)
        self.assertIn("--fresh", err)
        self.assertNotIn("building", out)

    def test_a_folder_too_deep_for_a_socket(self):
        deep = self.path("d" * 90)
        os.mkdir(deep)
        os.symlink(DEPLOY, os.path.join(deep, "deploy"))
        done = subprocess.run([os.path.join(deep, "deploy/quickstart.sh")], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("too long", done.stderr)
        self.assertEqual(os.listdir(deep), ["deploy"])

    def test_wrong_words(self):
        for words in (["--twice"], ["--ports"], ["--ports", "1,2"], ["--bin", "/nowhere"], ["--bin"]):
            code, out, err = self.run_it(*words)
            self.assertEqual((code, out), (2, ""), words)
            self.assertNotIn("unbound", err)
            self.assertTrue(err)
            self.did_nothing()
        code, out, err = self.run_it("--help")
        self.assertEqual((code, err), (0, ""))
        for option in ("--once", "--fresh", "--ports", "--bin"):
            self.assertIn(option, out)


unittest.main()
