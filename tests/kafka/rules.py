#!/usr/bin/env python3
"""What an operator decides about the rules, on a real deployment: reference sets (added, used, dropped, and what is not whole
in the topic is not used), policy, the column of a wrong expression; and how fast status says that the hub goes."""

import json
import os
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from deployment import BIN, Deployment, until  # noqa: E402
from raw_kafka import array, batch, record, text  # noqa: E402
from raw_member import Checks, Member, observation  # noqa: E402

LISTED, LONE = ("domain", "portal.listed-name.com"), ("domain", "said-by-one.com")


def sets(d):
    """{name: (type, effect, version)} of those that count."""
    rows = [line.split() for line in d.ctl_must("reference", "list").splitlines()[1:]]
    return {r[0]: (r[1], r[2], r[3]) for r in rows}


def decided(said):
    return int(re.search(r"\(decision (\d+)\)|decision (\d+) is in the log", said).group(0).strip("()").split()[1])


def annotated(d, what):
    held = d.live("green").get(what)
    return held is not None and "inventory" in held["now"]["lists"] and [a["set"] for a in held["annotations"]] == ["inventory"]


def warninglist(d, name, entries):
    return d.write(name, [json.dumps({"name": "listed", "description": "listed", "version": 1, "type": "hostname",
                                      "matching_attributes": ["hostname", "domain"], "list": entries})])


def references(d, checks, alpha):
    small = warninglist(d, "small.json", ["listed-name.com"])
    words = (small, "--name", "inventory", "--type", "warninglist", "--version", "v7")
    checks.same("reference: none at first", sets(d), {})
    said = d.ctl_must("reference", "add", *words)
    checks.that("reference add: stored, not decided", "1 entries" in said and "decision" not in said, said)
    checks.same("reference add: it does not count", sets(d), {})
    checks.same("a listed name is said", alpha.send([observation(*LISTED)]).receipt()["changed"], 1)
    checks.that("before use: not annotated", not annotated(d, LISTED))
    said = d.ctl_must("reference", "use", *words)
    checks.that("reference use: it counts", "inventory counts from here on" in said, said)
    checks.same("reference use: list tells", sets(d), {"inventory": ("warninglist", "annotate", "v7")})
    until(lambda: annotated(d, LISTED), "the view tells of the list")
    said = d.ctl_must("reference", "drop", "inventory")
    checks.that("reference drop: it counts no more", "inventory counts no more" in said, said)
    checks.same("reference drop: list tells", sets(d), {})
    until(lambda: not annotated(d, LISTED), "the view tells no more of the list")
    for words in (("drop", "inventory"), ("drop", "never-was"), ("drop",), ("use", small, "--name", "x"), ("use", small, "--name", "X", "--type",
                  "warninglist"), ("use", small, "--name", "x", "--type", "nonsense"), ("add", d.path("no-such-file"), "--name", "x", "--type",
                  "warninglist"), ("use", d.write("bad.json", ["{"]), "--name", "x", "--type", "warninglist")):
        done = d.ctl("reference", *words)
        checks.that("reference %s: refused" % (words[:1] + words[2:],), done.returncode != 0 and "counts" not in done.stdout, done.stdout)
    checks.same("refused: none counts", sets(d), {})


def cut(d, checks):
    """A set of two chunks, of which the broker takes only the last: what lies in the topic is not whole."""
    big = warninglist(d, "big.json", ["name-%d.listed-many.com" % i for i in range(16000)])
    assert 400 * 1024 < os.path.getsize(big) < 800 * 1024
    words = ("use", big, "--name", "many", "--type", "warninglist")
    topic = d.topic("reference")
    assert d.admin.alter_topic(topic, "max.message.bytes", "300000") == 0
    done = until(lambda: (lambda r: r if r.returncode else None)(d.ctl("reference", *words)), "the broker refuses large chunks")
    checks.that("a set that is cut is not put to use", "counts" not in done.stdout and "too large" in done.stdout, done.stdout)
    checks.same("a set that is cut: none counts", sets(d), {})
    assert d.admin.alter_topic(topic, "cleanup.policy", "compact") == 0  # names all there is: max.message.bytes goes
    d.ctl_must("init", "--apply")


def begin(d, topic):
    """A transaction that stays open before what is written next: nobody reads behind it."""
    name = d.topic("rules-test")
    coordinator = d.connect("op", "admin")
    coordinator.find_coordinator(name, 1)

    def made():
        error, pid, epoch = coordinator.init_producer(name)
        return (pid, epoch) if error == 0 else None
    pid, epoch = until(made, "a producer id")
    answer = coordinator.ask(24, 0, text(name) + struct.pack(">qh", pid, epoch) + array([text(topic) + array([struct.pack(">i", 0)])]))
    answer.num("i")
    errors = answer.array(lambda: (answer.text(), answer.array(lambda: (answer.num("i"), answer.num("h"))[1])))
    assert errors == [(topic, [0])], errors
    one = batch([record(0, b"nothing", key=b"nothing")], attributes=0x10, producer=(pid, epoch, 0))
    error, _ = coordinator.produce(topic, 0, one, transactional_id=name)
    assert error == 0, error

    def abort():
        done = coordinator.ask(26, 0, text(name) + struct.pack(">qhb", pid, epoch, 0))
        done.num("i")
        return done.num("h") == 0
    return abort


def unread(d, checks):
    small = warninglist(d, "other.json", ["other-name.com"])
    words = ("use", small, "--name", "other", "--type", "warninglist")
    abort = begin(d, d.topic("reference"))
    done = d.ctl("reference", *words)
    checks.that("what does not read back is not put to use", done.returncode == 1 and "not put to use: other does not read back by its digest"
                in done.stdout and "counts" not in done.stdout, done.stdout)
    checks.same("what does not read back: none counts", sets(d), {})
    until(abort, "the transaction ends")
    d.settled("reference")
    d.ctl_must("reference", *words)
    checks.same("once it reads back it is", list(sets(d)), ["other"])
    d.ctl_must("reference", "drop", "other")


def policy(d, checks, alpha):
    checks.same("one says it", alpha.send([observation(*LONE, confidence=90)]).receipt()["changed"], 1)
    advice = lambda: d.live("green")[LONE]["now"]["advice"]  # noqa: E731
    checks.same("policy: as it is, an alert", advice(), "alert")
    first = decided(d.ctl_must("policy", "alert-score", "100"))
    until(lambda: advice() == "none", "alert-score 100: no alert any more")
    second = decided(d.ctl_must("policy", "alert-score", "20"))
    checks.same("policy: each is a decision", second, first + 1)
    until(lambda: advice() == "alert", "alert-score 20: an alert again")
    explained = json.loads(d.ctl_must("explain", LONE[1], "--json"))
    checks.that("policy: explain names the number", '"alert-score": 20' in json.dumps(explained), explained)
    for words in (("nonsense", "5"), ("alert-score", "-1"), ("alert-score", "many"), ("alert-score", "36501"), ("alert-score",), ()):
        done = d.ctl("policy", *words)
        checks.that("policy %s: refused" % (words,), done.returncode == 2 and "decision" not in done.stdout, done.stdout)
    checks.same("refused: no decision was spent", decided(d.ctl_must("policy", "k-anonymity", "3")), second + 1)


def expression(d, checks):
    done = d.ctl("interest", "add", "alpha", "wrong", "kind = url and advice =")
    checks.that("a wrong expression: the column once", done.returncode != 0 and done.stdout.count("column") == 1 and
                "\n" + " " * 23 + "^" in "\n" + done.stdout, done.stdout)


def rate(d, checks, alpha):
    for i in range(20):
        alpha.send([observation("domain", "before-%d.com" % i)])
    d.settle()
    idle = json.loads(d.ctl_must("status", "--rate", "--json"))
    checks.same("status --rate: nothing comes", idle["observations_per_second"], 0)
    checks.that("status: without it none is said", "observations_per_second" not in d.status())
    command = [os.path.join(BIN, "tocsinctl"), "-c", d.path("op", "operator.conf"), "status", "--rate", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as asking:
        sent = 0
        while asking.poll() is None:
            alpha.send([observation("domain", "rate-%d.com" % sent)]).receipt()
            sent += 1
        busy = json.loads(asking.stdout.read())
    checks.that("status --rate: what came in its two seconds", 0 < busy["observations_per_second"] <= sent / 2,
                (busy["observations_per_second"], sent))
    checks.that("status --rate in words", re.search(r"(?m)^[\d,]+ observations a second$", d.ctl_must("status", "--rate")))
    d.settle()
    checks.same("status: all that were sent", d.status()["observations"], idle["observations"] + sent)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        d = Deployment(os.path.join(folder, "d"), 2)
        try:
            d.member("alpha", "hospital", "AMBER", "--no-probation")
            d.hub("h1").start()
            alpha = Member(d, "alpha")
            references(d, checks, alpha)
            cut(d, checks)
            unread(d, checks)
            policy(d, checks, alpha)
            expression(d, checks)
            rate(d, checks, alpha)
        finally:
            d.end()
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
