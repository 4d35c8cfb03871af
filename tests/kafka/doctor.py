#!/usr/bin/env python3
"""tocsinctl doctor on a real deployment: well when it is well, and each thing that is not is named with its next step. Also
what plain `tocsinctl status` says of the same."""

import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from deployment import Deployment, until  # noqa: E402
from raw_member import ROOT, Checks, Member, framed, observation, private_key, public_bytes, seal  # noqa: E402

PARTITIONS = 4
SET = os.path.join(ROOT, "deploy/reference/sets/never-block.jsonl")


def doctor(d):
    """Exit code, [what is wrong], all it said. Each wrong thing has a next step."""
    done = d.ctl("doctor")
    wrong = re.findall(r"(?m)^  WRONG  (.*)\n         next: \S.*$", done.stdout)
    assert len(wrong) == done.stdout.count("WRONG"), done.stdout
    assert (done.returncode, "all is well" in done.stdout) == ((1, False) if wrong else (0, True)), (done.returncode, done.stdout)
    return wrong, done.stdout


def named(wrong, *patterns):
    """Each pattern fits one of them, and none is left."""
    left = list(wrong)
    for pattern in patterns:
        fit = [w for w in left if re.search(pattern, w)]
        if len(fit) != 1:
            return False
        left.remove(fit[0])
    return not left


def nothing_runs(d, checks):
    wrong, said = doctor(d)
    checks.that("no hub: each is named, and each partition", named(wrong, "no hub listens on .*h1/hub.sock", "no hub listens on .*h2/hub.sock",
                                                                   "^partitions 0, 1, 2, 3: held by no hub"), said)
    done = d.ctl("status")
    checks.that("no hub: status fails and says so", done.returncode == 1 and "not held by a hub on this machine: partitions 0, 1, 2, 3;"
                in done.stdout and "no hub answers" in done.stdout, done.stdout)


def all_is_well(d, checks, alpha):
    for hub in d.hubs:
        hub.start()
    d.ctl_must("reference", "use", SET, "--name", "floor", "--type", "never-block", "--effect", "never-block")
    checks.same("a member says something", alpha.send([observation("domain", "said-by-alpha.com")]).receipt()["changed"], 1)
    d.settle()
    wrong, said = until(lambda: (lambda w, s: (w, s) if not w else None)(*doctor(d)), "all is well")
    for word in ("the hub on .*h1/hub.sock holds", "the hub on .*h2/hub.sock holds", "all 4 partitions are held", "nothing is lost of 1 member",
                 "1 reference set in force reads back", "every topic is there with its settings, the hub has its rights", "records? behind"):
        checks.that("well: " + word, re.search("(?m)^  ok     .*" + word, said), said)
    plain = d.ctl_must("status")
    checks.that("well: status has no remark", "gap" not in plain and "alarm" not in plain and "not held" not in plain, plain)
    status = d.status()
    checks.same("well: status --json has what --rate is the growth of", (status["observations"], status["not_here"]), (1, []))


def losses(d, checks, alpha):
    """A segment that names a previous one nobody has; the same number with other contents."""
    what = ("domain", "said-by-alpha.com")
    twin = Member(d, "alpha", writer=alpha.writer)
    again = twin.send([observation(*what, confidence=3)]).receipt()
    checks.same("the hub raises the alarm", again["alarm"], "key-in-use-twice")
    gap = alpha.send([observation(*what, confidence=20)], previous={"seq": 77, "index": 0}).receipt()
    checks.same("the hub sees the gap", gap["missing_after"], {"seq": 1, "index": 0})
    wrong, said = doctor(d)
    where = "partition %d, writer %s" % (gap["partition"], alpha.writer.hex())
    checks.that("losses: both are named, with the place", named(
        wrong, "^alpha: key in use twice, 1 time within a day; last %s, segment 1/0, 20" % where,
        "^alpha: segments are missing, 1 time within a day; last %s, behind 1/0, 20" % where), said)
    plain = d.ctl_must("status")
    checks.that("losses: status has them beside the member", re.search(r"(?m)^  alpha .*  1 gap  1 alarm: key in use twice$", plain), plain)


def no_key(d, checks):
    """The hubs' key is taken away, past tocsinctl: their ticks no longer count."""
    control = framed("control", sequence=5 + 1, operator="operator", key={
        "public_key": public_bytes(private_key(d.path("op/hub.signing.key"))), "role": "hub", "holder": "hub", "revoked": True})
    value = seal(d.id, private_key(d.path("op/root.signing.key")), control)
    for p in range(d.partitions):
        d.until_taken(p, d.admin.send(d.topic("submit"), p, [value]))
    checks.same("the hubs take that decision", {p["control"] for p in d.status()["by_partition"]}, {6})


def dead_hub(d, checks):
    d.hubs[1].kill()
    held = {p["partition"] for p in d.status()["by_partition"]}
    wrong, said = doctor(d)
    left = sorted(set(range(PARTITIONS)) - held)
    checks.that("a dead hub: some were its", 0 < len(left) < PARTITIONS, held)
    unheld = [w for w in wrong if "held by no hub" in w]
    checks.that("a dead hub: it is named, and what it held", "no hub listens on" in "".join(wrong) and len(unheld) == 1 and unheld[0].startswith(
        "partition%s %s:" % ("" if len(left) == 1 else "s", ", ".join(map(str, left)))), said)
    checks.that("a dead hub: status tells what is not held", "not held by a hub on this machine: partition" in d.ctl("status").stdout)
    until(lambda: len(d.status()["by_partition"]) == PARTITIONS, "the other hub takes over")
    wrong, said = doctor(d)
    checks.that("taken over: partitions are held, the dead hub is still named", "all 4 partitions are held" in said and
                any("h2/hub.sock" in w for w in wrong) and not any("held by no hub" in w for w in wrong), said)


def lost_set(d, checks):
    d.admin.delete_topic(d.topic("reference"))
    until(lambda: d.topic("reference") not in d.admin.metadata(), "the topic goes")
    wrong, said = doctor(d)
    checks.that("a topic is gone: named", any(re.search("^1 topics are missing", w) for w in wrong), said)
    checks.that("a reference set is gone: named", any(re.search("^the reference set floor is in force and does not read back", w) for w in wrong), said)
    d.ctl_must("init", "--apply")
    wrong, said = doctor(d)
    checks.that("the topic is there, its bytes are not", any("set floor is in force and does not" in w for w in wrong) and
                "every topic is there" in said, said)
    d.ctl_must("reference", "add", SET, "--name", "floor", "--type", "never-block", "--effect", "never-block")
    checks.that("what it says next helps", not any("reference set" in w for w in doctor(d)[0]))


def still_time(d, checks):
    """Each partition's time stands where its last tick that counted put it: a minute later all are named."""
    start = r"^partition %d: time stands still since 20"
    until(lambda: all(any(re.search(start % p, w) for w in doctor(d)[0]) for p in range(PARTITIONS)), lambda: "each is named: " +
          d.ctl("doctor").stdout, 120)
    checks.that("time stands still: status too", "ticks do not count" in d.ctl("status").stdout)


def certificate(d, checks):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "5", "-subj",
                    "/CN=soon", "-keyout", "/dev/null", "-out", d.path("op", "broker.crt")], check=True, stderr=subprocess.DEVNULL)
    os.rename(d.path("op", "root.signing.key"), d.path("op", "aside"))
    wrong, said = doctor(d)
    checks.that("a certificate that ends soon is named", any(re.search(r"broker.crt \(.*soon.*\) runs out within 30 days", w) for w in wrong), said)
    checks.that("a root key that is off line is well", "root.signing.key" not in said, said)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        d = Deployment(os.path.join(folder, "d"), PARTITIONS)
        try:
            d.hub("h1")
            d.hub("h2")
            d.member("alpha", "hospital", "AMBER")
            alpha = Member(d, "alpha")
            nothing_runs(d, checks)
            all_is_well(d, checks, alpha)
            losses(d, checks, alpha)
            no_key(d, checks)
            dead_hub(d, checks)
            lost_set(d, checks)
            certificate(d, checks)
            still_time(d, checks)
        finally:
            d.end()
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
