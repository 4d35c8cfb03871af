#!/usr/bin/env python3
"""The steps of init.sh."""

import os
import re
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import raw_kafka  # noqa: E402
from raw_member import ROOT, Checks, Schema  # noqa: E402

WORK = os.path.abspath(sys.argv[1])
PREFIX, BROKER = os.environ["TOC_PREFIX"], os.environ["TOC_KAFKA"]
TOPICS, RIGHTS = 21, 5  # of four audiences; without those that old releases of librdkafka cannot set
NOTHING = "nothing to do"


def path(*names):
    return os.path.join(WORK, "op", *names)


def init(*words):
    return ctl("init", *words)


def ctl(*words):
    program = os.path.join(os.environ["TOC_BUILD"], "bin", "tocsinctl")
    done = subprocess.run([program, "-c", path("operator.conf"), *words],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=120, text=True)
    return done.returncode, done.stdout


def topics(connection):
    """Names without the prefix."""
    return sorted(name[len(PREFIX):] for name in connection.metadata() if name.startswith(PREFIX))


def rights(*words):
    """Kafka's own tool on the hub's rights on topics of this deployment."""
    script = ". %s; kafka_tool %s org.apache.kafka.tools.AclCommand %s" % (
        shlex.quote(os.path.join(ROOT, "tests/support/kafka.sh")), shlex.quote(os.environ["TOC_KAFKA_DIR"]), shlex.join(
            [*words, "--topic", PREFIX, "--resource-pattern-type", "prefixed"]))
    return subprocess.run(["bash", "-c", "set -euo pipefail; " + script], stdout=subprocess.PIPE, check=True, text=True).stdout


def decisions():
    with subprocess.Popen(["kcat", "-q", "-b", BROKER, "-C", "-t", PREFIX + "control", "-o", "beginning", "-e", "-f", "%k %s\\n",
                           "-X", "security.protocol=ssl", "-X", "ssl.ca.location=" + path("hub-ca.crt"), "-X",
                           "ssl.certificate.location=" + path("admin.crt"), "-X", "ssl.key.location=" + path("admin.key")],
                          stdout=subprocess.PIPE) as reader:
        return len(re.findall(rb"(?m)^(?:genesis|key/[0-9a-f]{32}) ", reader.stdout.read()))


def look(checks, broker):
    code, said = init("--partitions", "3", "--name", "trial")
    checks.same("a look: exit code", code, 0)
    checks.that("a look: what genesis would be", "genesis.toc: is missing (deployment trial, 3 partitions)" in said, said)
    checks.same("a look: every topic is named", len(re.findall(r"(?m)^  \S+: is missing \(\d+ partitions?\)$", said)), TOPICS)
    checks.same("a look: every right is named", len(re.findall(r"(?m)^  User:hub: \w+ on every .*: is missing$", said)), RIGHTS)
    checks.same("a look: the decisions", re.findall(r"(?m)^  decision (\d): (.*) \(is missing\)$", said), [
        ("1", "genesis"), ("2", "operator signs as operator"), ("3", "hub signs as hub")])
    checks.that("a look: the sum", "%d topics missing, 0 differ; %d rights of the hub to set; 3 decisions missing\n" % (TOPICS, RIGHTS)
                in said and said.endswith("nothing was changed; --apply does it\n"), said)
    checks.that("a look: no digest of what is not there", "genesis_digest" not in said, said)
    checks.that("a look: no genesis", not os.path.exists(path("genesis.toc")))
    checks.same("a look: no topic", topics(broker), [])
    checks.same("a look: no right", rights("--list").strip(), "")


def apply(checks, broker):
    code, said = init("--partitions", "3", "--name", "trial", "--apply")
    checks.same("apply: exit code", code, 0)
    checks.that("apply: the sum", "%d topics made, 0 changed; %d rights of the hub set; 3 decisions made\n" % (TOPICS, RIGHTS) in said, said)
    checks.that("apply: the digest", re.search(r'(?m)^genesis_digest = "[0-9a-f]{64}"$', said), said)
    checks.same("apply: topics", len(topics(broker)), TOPICS)
    checks.same("apply: partitions of submit", broker.metadata([PREFIX + "submit"])[PREFIX + "submit"][1], 3)
    checks.same("apply: rights on topics", len(re.findall("principal=User:hub", rights("--list"))), 4)
    checks.same("apply: decisions", decisions(), 3)
    with open(path("genesis.toc"), "rb") as stream:
        genesis = Schema.of("control").get(Schema.of("signed_segment").get(stream.read())["payload"])["genesis"]
    checks.same("apply: genesis", (genesis["name"], genesis["partitions"]), ("trial", 3))


def again(checks, broker):
    with open(path("genesis.toc"), "rb") as stream:
        before = stream.read(), topics(broker), decisions()
    for words in (("--apply",), (), ("--apply", "--partitions", "3", "--name", "trial")):
        code, said = init(*words)
        checks.that("again %s: nothing to do, and it says so" % (words,), code == 0 and NOTHING in said and "genesis_digest" in said, said)
    for words, why in ((("--partitions", "24"), "says 3 partitions, for good: not 24"),
                       (("--name", "other"), "is named trial, for good: not other"),
                       (("--partitions", "3", "--name", "other"), "is named trial")):
        for mode in ((), ("--apply",)):
            code, said = init(*words, *mode)
            checks.that("another %s is refused" % (words + mode,), code == 1 and why in said and NOTHING not in said, (code, said))
    with open(path("genesis.toc"), "rb") as stream:
        checks.same("again: nothing moved", (stream.read(), topics(broker), decisions()), before)


def mend(checks, broker):
    rights("--remove", "--force", "--allow-principal", "User:hub", "--operation", "Write")
    broker.delete_topic(PREFIX + "doors")
    broker.alter_topic(PREFIX + "quarantine", "retention.ms", "1000")
    found = (r"(?m)^  User:hub: Write on every topic \S+\*: %s$", r"(?m)^  \S+doors: %s \(1 partition\)$",
             r"(?m)^  \S+quarantine: retention.ms is 1000, %s 2592000000$")
    code, said = init()
    checks.that("taken away by hand: a look finds it", code == 0 and all(
        re.search(f % w, said) for f, w in zip(found, ("is missing", "is missing", "should be"))), said)
    checks.that("taken away by hand: nothing else is found", "1 topics missing, 1 differ; 1 rights of the hub to set; 0 decisions" in said, said)
    code, said = ctl("doctor")
    checks.that("taken away by hand: doctor names it", code == 1 and "WRONG  1 topics are missing, 1 differ, 1 rights of the hub are missing"
                in said, said)
    checks.same("taken away by hand: a look sets no right", len(re.findall("operation=WRITE", rights("--list"))), 0)
    code, said = init("--apply")
    checks.that("taken away by hand: it is made again", code == 0 and all(
        re.search(f % w, said) for f, w in zip(found, ("set", "made", "becomes"))), said)
    checks.same("taken away by hand: the right is there", len(re.findall("operation=WRITE", rights("--list"))), 1)
    code, said = init("--apply")
    checks.that("taken away by hand: then nothing is left to do", code == 0 and NOTHING in said, said)


def lost(checks, _):
    """A log that has a genesis takes no second one."""
    os.rename(path("genesis.toc"), path("aside"))
    for mode in ((), ("--apply",)):
        code, said = init(*mode)
        checks.that("a lost genesis.toc is not made anew %s" % (mode,), code == 1 and "another genesis already" in said and
                    not os.path.exists(path("genesis.toc")), said)
    os.rename(path("aside"), path("genesis.toc"))


def main():
    checks = Checks()
    broker = raw_kafka.Connection(BROKER, path("hub-ca.crt"), path("admin.crt"), path("admin.key"))
    for step in (look, apply, again, mend, lost):
        step(checks, broker)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
