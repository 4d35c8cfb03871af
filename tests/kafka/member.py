#!/usr/bin/env python3
"""What an operator does with members' keys: looks at a request before deciding, compares the fingerprint, adds a key, revokes
one, voids what a stolen one signed."""

import json
import os
import re
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from deployment import BIN, Deployment, must, until  # noqa: E402
from raw_member import Checks, Member, observation, private_key  # noqa: E402

BEFORE, SINCE, NEW = ("domain", "said-before.com"), ("domain", "said-since.com"), ("domain", "said-with-the-new.com")
PRINT = r"[0-9a-f]{4}(?: [0-9a-f]{4}){7}"


def enrol(d, name, folder):
    """The fingerprint that the member sees."""
    said = must(os.path.join(BIN, "tocsin-publish"), "enrol", "--name", name, "--out", d.path(folder))
    return re.search(PRINT, said).group(0)


def admit(d, folder, *more):
    return d.ctl("member", "admit", "--request", d.path(folder, "request.json"), "--role", "clinic", "--clearance", "GREEN", "--out",
                 d.path(folder), *more)


def requests(d, checks):
    seen = enrol(d, "north", "north")
    shown = d.ctl("member", "request", d.path("north", "request.json"))
    checks.that("a request: member and fingerprint are shown", shown.returncode == 0 and "north" in shown.stdout and re.search(
        r"(?m)^fingerprint  %s$" % seen, shown.stdout), shown.stdout)
    checks.that("a request: nothing was decided", "north" not in d.ctl_must("member", "list"))
    with open(d.path("north", "request.json"), encoding="utf-8") as stream:
        request = json.load(stream)
    for field in ("signed_by_signing_key", "signed_by_tls_key", "member"):
        value = request[field]
        forged = "south" if field == "member" else value[:-1] + ("0" if value[-1] != "0" else "1")
        path = d.write("forged.json", [json.dumps({**request, field: forged})])
        done = d.ctl("member", "request", path)
        checks.that("a request whose %s was changed is refused" % field, done.returncode == 1 and "fingerprint" not in done.stdout, done.stdout)
    other = enrol(d, "north", "elsewhere")
    done = admit(d, "north", "--fingerprint", other)
    checks.that("another fingerprint is refused, and the right one told", done.returncode == 1 and seen in done.stdout and
                "nothing was decided" in done.stdout, done.stdout)
    for text in (seen[:-1], seen + " 0", "x" * 32, ""):
        done = admit(d, "north", "--fingerprint", text)
        checks.that("%r is no fingerprint" % text, done.returncode == 2, done.stdout)
    checks.that("refused: nobody was admitted, no certificate made", "north" not in d.ctl_must("member", "list") and
                not os.path.exists(d.path("north", "tls.crt")))
    done = admit(d, "north", "--fingerprint", seen.upper().replace(" ", ":"))
    checks.that("the fingerprint as it was read out is enough", done.returncode == 0 and "as it was read out" in done.stdout, done.stdout)
    enrol(d, "west", "west")
    done = admit(d, "west")
    checks.that("without one it is to be compared", done.returncode == 0 and "compare it by telephone" in done.stdout, done.stdout)


def keys(d):
    """{fingerprint: state}"""
    return dict(re.findall(r"(?m)^(%s)  (.*)$" % PRINT, d.ctl_must("member", "key", "list", "alpha")))


def stream_time(d):
    return min(p["stream_time"] for p in d.status()["by_partition"])


def pass_tick(d):
    """A time between two ticks of every partition; what is said before it and after it differs in the log's time."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    until(lambda: stream_time(d) > at, "the log's time passes " + at)
    return at


def add_key(d, checks, first):
    seen = enrol(d, "alpha", "alpha-new")
    request = ("member", "key", "add", "alpha", "--request", d.path("alpha-new", "request.json"))
    for words, code, why in ((("--fingerprint", first), 1, "another than was read out"),):
        done = d.ctl(*request, *words)
        checks.that("key add %s: refused" % (words,), done.returncode == code and why in done.stdout, done.stdout)
    done = d.ctl("member", "key", "add", "beta", *request[4:])
    checks.that("key add: another's request is refused", done.returncode == 1 and "is of alpha, not of beta" in done.stdout, done.stdout)
    done = d.ctl("member", "key", "add", "nobody", "--request", d.path("nobody", "request.json"))
    checks.same("key add: no such file", done.returncode, 1)
    checks.same("refused: one key", keys(d), {first: "in force"})
    done = d.ctl(*request, "--fingerprint", seen, "--out", d.path("alpha-new"))
    checks.that("key add", done.returncode == 0 and "one key more" in done.stdout and seen in done.stdout, done.stdout)
    checks.same("key add: both are in force", keys(d), {first: "in force", seen: "in force"})
    done = d.ctl(*request)
    checks.that("key add: twice is refused", done.returncode == 1 and "has that key already" in done.stdout, done.stdout)
    return seen


def revoke(d, checks, alpha, fresh, first, second, between):
    for words, code in ((("alpha", second[:-1]), 2), (("alpha", "0" * 32), 1), (("beta", first), 1), (("nobody", first), 1),
                        (("alpha", first, "--distrust-from", "2999-01-01"), 2), (("alpha", first, "--distrust-from", "soon"), 2)):
        checks.same("key revoke %s: exit code" % (words,), d.ctl("member", "key", "revoke", *words).returncode, code)
    checks.same("refused: both are in force", keys(d), {first: "in force", second: "in force"})
    done = d.ctl("member", "key", "revoke", "alpha", first.replace(" ", ""))
    checks.that("key revoke", done.returncode == 0 and "refused (decision" in done.stdout and "no key left" not in done.stdout, done.stdout)
    checks.same("key revoke: list tells", keys(d), {first: "revoked", second: "in force"})
    segment = alpha.segment([observation("domain", "said-with-the-revoked.com")])
    refused = alpha.send_bytes(segment["partition"], alpha.sealed(segment)).quarantined()
    checks.same("what the revoked key signs is refused", refused and refused["code"], "segment.key")
    receipt = fresh.send([observation(*NEW)]).receipt()
    checks.same("what the new key signs, over its new certificate, is taken", (receipt["changed"], receipt["code"]), (1, ""))
    held = d.live("green")
    checks.that("what the revoked key said before stays", BEFORE in held and SINCE in held, sorted(held))
    done = d.ctl("member", "key", "revoke", "alpha", first, "--distrust-from", between)
    checks.that("key revoke --distrust-from", done.returncode == 0 and "does not count" in done.stdout and "revoked before" in done.stdout,
                done.stdout)
    until(lambda: SINCE not in d.live("green"), "what it said since is gone")
    checks.that("what it said before that counts", BEFORE in d.live("green") and NEW in d.live("green"), sorted(d.live("green")))
    checks.same("key list tells since when", keys(d), {first: "revoked, distrusted from " + between, second: "in force"})


def last_key(d, checks, fresh, second):
    done = d.ctl("member", "key", "revoke", "alpha", second, "--distrust-from", "1h")
    checks.that("the last key: it is said that none is left", done.returncode == 0 and "alpha has no key left" in done.stdout, done.stdout)
    until(lambda: NEW not in d.live("green"), "nothing of the new key counts")
    segment = fresh.segment([observation("domain", "said-after-all.com")])
    refused = fresh.send_bytes(segment["partition"], fresh.sealed(segment)).quarantined()
    checks.same("the last key: refused", refused and refused["code"], "segment.key")
    done = d.ctl("member", "key", "add", "alpha", "--request", d.path("alpha-new", "request.json"))
    checks.that("a revoked key does not come back", done.returncode == 1 and "revoked, and that is for good" in done.stdout, done.stdout)
    d.ctl_must("member", "revoke", "alpha")
    done = d.ctl("member", "key", "add", "alpha", "--request", d.path("alpha-new", "request.json"))
    checks.that("a revoked member gets no key", done.returncode == 1 and "that is for good" in done.stdout, done.stdout)
    checks.that("conservation holds", d.status()["conserved"])


def rotation(d, checks):
    d.member("alpha", "hospital", "AMBER", "--no-probation")
    d.member("beta", "hospital", "AMBER")
    hub = d.hub("h1")
    hub.start()
    first, = keys(d)
    alpha = Member(d, "alpha")
    checks.same("the first key: before", alpha.send([observation(*BEFORE)]).receipt()["changed"], 1)
    between = pass_tick(d)
    checks.same("the first key: since", alpha.send([observation(*SINCE)]).receipt()["changed"], 1)
    second = add_key(d, checks, first)
    fresh = Member(d, "alpha")
    fresh.key, fresh.connection = private_key(d.path("alpha-new", "signing.key")), d.connect("alpha-new")
    revoke(d, checks, alpha, fresh, first, second, between)
    last_key(d, checks, fresh, second)
    hub.stop(seconds=20)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        d = Deployment(os.path.join(folder, "d"), 2)
        try:
            requests(d, checks)
            rotation(d, checks)
        finally:
            d.end()
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
