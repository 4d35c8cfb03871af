"""The attack of one organisation with three member ids of ten feeds each, as loud as a member can be: what it says, and
the rule that must stand against each of its claims. Said on a broker by tests/kafka/attack.py, and without one by
tests/replay/attack.py."""

import json
import os

from raw_member import ROOT, observation

MEMBERS = ("loud-1", "loud-2", "loud-3")
FEEDS = ["feed-%d" % i for i in range(10)]
FAR = 4070908800000  # 2099-01-01
SETS = os.path.join(ROOT, "deploy", "reference")

# What an operator adds to the carried sets: the EHR that the members of this deployment work with.
PLANTED = "".join(json.dumps({"value": v, "kind": "domain", "match": ["equal", "over", "under"], "why": "EHR of this test"}) + "\n"
                  for v in ("ehr.planted-health.com",))

# (kind, value): the code that stands against it in every view.
CLAIMS = {
    ("domain", "login.microsoftonline.com"): "never-block",
    ("url", "https://login.microsoftonline.com/common/oauth2/authorize"): "never-block",
    ("domain", "ehr.planted-health.com"): "never-block",
    ("domain", "planted-health.com"): "never-block",
    ("domain", "app.ehr.planted-health.com"): "never-block",
    ("domain", "cloudfront.net"): "never-block",
    ("domain", "d1111abcdef8.cloudfront.net"): "cap.list",
    ("cidr", "8.0.0.0/8"): "never-block",
    ("cidr", "8.8.8.0/24"): "never-block",
    ("ipv4", "8.8.8.8"): "never-block",
    ("endpoint", "8.8.8.8:443"): "never-block",
    ("cidr", "0.0.0.0/0"): "never-block",
    ("cidr", "::/0"): "never-block",
    ("domain", "co.uk"): "never-block",
    ("cidr", "45.128.0.0/9"): "cap.wide-network",
    ("domain", "ordinary-victim.com"): "cap.sole-organisation",
    ("url", "https://ordinary-victim.com/"): "cap.sole-organisation",
    ("sha256", "ab" * 32): "cap.sole-organisation",
}


def claims():
    return [observation(kind, value, confidence=100, severity="critical", first_seen=1, last_seen=FAR, valid_until=FAR,
                        count=1000000) for kind, value in CLAIMS]


def live(count=1000):
    """Indicators that others hold, and that are blocked on their word."""
    return [("domain", "live-%d.evil-many.com" % i) if i % 2 else ("sha256", "%064x" % (0xa0000 + i)) for i in range(count)]


def carried_sets():
    """(name, type, effect, path) of deploy/reference/sets.tsv."""
    with open(os.path.join(SETS, "sets.tsv"), encoding="utf-8") as stream:
        rows = [line.rstrip("\n").split("\t") for line in stream if line.strip() and not line.startswith("#")]
    return [(name, kind, effect, os.path.join(SETS, path)) for name, kind, effect, path in rows]
