#!/usr/bin/env python3
"""How many different indicators the quickstart's feeds hold, counted with none of our code: by a reader of each format of
its own, by the words of schemas/CANONICAL.md in Python (tests/contract/check_canonical.py) and by Python's own table of
special-purpose addresses.

    count_quickstart.py                   tocsin-publish takes the same values from every file, and what tocsin-replay
                                          merges from all of them has as many of each kind (TOC_BUILD)
    count_quickstart.py --finished DIR    the same of a folder that deploy/quickstart.sh --once left behind"""

import argparse
import collections
import csv
import datetime
import glob
import ipaddress
import json
import os
import re
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FEEDS = os.path.join(ROOT, "deploy", "quickstart", "feeds")
sys.path[:0] = [os.path.join(ROOT, "tests", folder) for folder in ("contract", "support")]

import check_canonical  # noqa: E402 (its folder is known only now)

# Lifetime in days, speed.
LIVES = {**dict.fromkeys(("ipv4", "ipv6", "cidr", "endpoint", "url"), (47, 0.55)), "domain": (300, 0.7), "email": (90, 0.5),
         **dict.fromkeys(("md5", "sha1", "sha256", "sha512"), (460, 0.3))}
PUBLISHED = "2026-08-25T12:00:00Z"  # when the newest feeds were, so that the lab's count is the same on every day
STIX_KINDS = {"domain-name:value": "domain", "url:value": "url", "ipv4-addr:value": "ipv4", "file:hashes.'SHA-256'": "sha256",
              "file:hashes.MD5": "md5", "file:hashes.'SHA-1'": "sha1"}


def is_private(kind, value):
    """What must not leave a member: special-purpose addresses, e-mail addresses."""
    host = re.sub(r"^\w+://(\[[^]]*\]|[^/:?]*).*", r"\1", value).strip("[]") if kind == "url" else value
    host = host.partition(":")[0] if kind == "endpoint" else host
    try:
        return not ipaddress.ip_network(host).is_global
    except ValueError:
        return kind == "email"


def canonical(kind, raw):
    """{(kind, value)}, empty when it is refused."""
    try:
        value, kind, _ = check_canonical.guess(raw, True) if kind is None else check_canonical.canon(kind, raw)
    except check_canonical.Refused:
        return set()
    return set() if is_private(kind, value) else {(kind, value)}


def of_list(path):
    out = set()
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            text = re.split(r"[ \t](?:#|;|//)", line.strip())[0].strip()
            if text and not re.match("#|;|//", text) and not re.search(r"\s", text):
                out |= canonical(None, text)
    return out


def of_csv(path):
    with open(path, encoding="utf-8", newline="") as stream:
        return set().union(*(canonical("cve", row["cveID"]) for row in csv.DictReader(stream)))


def of_stix(path):
    """Patterns of one comparison; the others are no indicators of ours."""
    with open(path, encoding="utf-8") as stream:
        objects = json.load(stream)["objects"]
    out = set()
    for pattern in (o["pattern"] for o in objects if o["type"] == "indicator"):
        found = re.fullmatch(r"\[\s*(.*?)\s*=\s*'((?:[^'\\]|\\.)*)'\s*\]", pattern)
        if found and found.group(1) in STIX_KINDS:
            kind, value = STIX_KINDS[found.group(1)], re.sub(r"\\(.)", r"\1", found.group(2))
            # The quickstart's feeds let a URL lack its scheme.
            out |= canonical(kind, value) or (canonical(kind, "http://" + value) if kind == "url" else set())
    return out


def live(path, values, at):
    """Those that count at that time: a report's day is what it names last, and what has faded to a fifth is expired
    (ARCHITECTURE.md section 5)."""
    with open(path, encoding="utf-8") as stream:
        day = max(re.findall(r'"valid_from": *"([^"]+)"', stream.read()))
    age = (at - datetime.datetime.fromisoformat(day.replace("Z", "+00:00")).timestamp()) / 86400
    return {(kind, value) for kind, value in values
            if kind == "cve" or 1 - min(age / LIVES[kind][0], 1) ** (1 / LIVES[kind][1]) >= 0.2}


def files(at):
    """(file, its values, those of them that count at that time)"""
    for pattern, read in (("kev/*.csv", of_csv), ("*-stix/*.json", of_stix), ("maltrail/*.txt", of_list), ("ipsum/*.txt", of_list),
                          ("covid19/*", of_list)):
        for path in sorted(glob.glob(os.path.join(FEEDS, pattern))):
            values = read(path)
            yield path, values, live(path, values, at) if read is of_stix else values


def by_kind(values):
    return dict(sorted(collections.Counter(kind for kind, _ in values).items()))


def same(what, ours, theirs):
    if ours != theirs:
        print("%s: %d taken that were not counted, as %s;\n  %d counted that were not taken, as %s" % (
            what, len(ours - theirs), sorted(ours - theirs)[:10], len(theirs - ours), sorted(theirs - ours)[:10]))
    return ours == theirs


def check_programs(folder):
    """What is sent of each file; what becomes of it all."""
    from deployment import BIN, captured, must, replay, view  # wants TOC_BUILD
    publish = os.path.join(BIN, "tocsin-publish")
    must(publish, "enrol", "--name", "counted", "--out", os.path.join(folder, "counted"))
    conf = os.path.join(folder, "counted", "member.conf")
    with open(conf, encoding="utf-8") as text:
        changed = re.sub(r"(?m)^# *feeds =.*", 'feeds = ( { id = "all"; marking = "TLP:GREEN"; assume_scheme = true; } );', text.read())
    with open(conf, "w", encoding="utf-8") as out:
        out.write(changed)
    good, counting, captures = True, set(), []
    for path, values, fresh in files(datetime.datetime.fromisoformat(PUBLISHED.replace("Z", "+00:00")).timestamp()):
        captures.append(os.path.join(folder, "%d.avro" % len(captures)))
        must(publish, "-c", conf, "--feed", "all", "--at", PUBLISHED, "--segments", captures[-1], path, ok=(0, 3))
        sent = {(o["kind"], o["value"]) for segment in captured(captures[-1]) for o in segment["observations"]}
        good = same(os.path.relpath(path, FEEDS), sent, values) and good
        counting |= fresh
    merged = {(v["kind"], v["value"]) for v in map(view, replay("--lab", "--members", folder, *captures).values())}
    print("counted:", by_kind(counting))
    return same("the merged picture", merged, counting) and good


def counting_at(at):
    """What the clinic, cleared for GREEN, is told, by kind; how much there is."""
    of = {os.path.basename(path): fresh for path, _, fresh in files(at)}
    amber = of.pop("ryuk.txt")  # the hospital's own case
    green = set().union(*of.values())
    return by_kind(green), len(green | amber)


def check_folder(folder):
    """The hub's count of entries, its sums per member, and of its picture, as the screen showed it, the live ones of each kind.
    Last seen is kept to the day: what expires today is there or not."""
    most, least = counting_at(time.time()), counting_at(time.time() + 86400)
    with open(os.path.join(folder, "work", "status.json"), encoding="utf-8") as stream:
        status = json.load(stream)
    with open(os.path.join(folder, "out", "screen.txt"), encoding="utf-8") as screen:
        table = re.search(r"(?m)^ +kind +live .*\n((?: +\w+ .*\n)+?) +all ", screen.read()).group(1)
    shown = {row.split()[0]: int(row.split()[1].replace(",", "")) for row in table.splitlines()}
    print("counted:", most)
    good = True
    for what, got, low, high in [("live " + kind, shown.get(kind, 0), least[0].get(kind, 0), most[0].get(kind, 0))
                                 for kind in most[0].keys() | shown.keys()] + [
            ("entries", status["entries"], least[1], most[1])] + [
            ("sent by " + member, sums["sent"], *[sums["accepted"] + sums["quarantined"] + sums["repeated"]] * 2)
            for member, sums in status["members"].items()]:
        if not low <= got <= high:
            good = print("%s: the hub has %s, it must be %s" % (what, got, low if low == high else "%s to %s" % (low, high)))
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--finished", metavar="DIR")
    options = parser.parse_args()
    if options.finished:
        return check_folder(options.finished)
    with tempfile.TemporaryDirectory() as folder:
        return check_programs(folder)


if __name__ == "__main__":
    sys.exit(not main())
