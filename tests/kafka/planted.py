#!/usr/bin/env python3
"""The cases of planted.sh."""

import base64
import json
import os
import sys
import unicodedata
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from raw_member import Checks, Deployment, Member, Schema, observation  # noqa: E402

# ---- patients

SECRETS = ("jane.doe@example.com", "Jane+Doe", "4711-MRN-99", "1970-01-31", "078-05-1120", "portal.mercy-clinic.org",
           "db01.mercy.internal", "10.77.1.23", "POLICY-778899")
URLS = ("https://evil-host.com/login?mrn=4711-MRN-99", "https://evil-host.com/a?patient_name=Jane+Doe&dob=1970-01-31",
        "https://evil-host.com/p?u=jane.doe@example.com", "https://evil-host.com/mail/jane.doe@example.com/open",
        "https://evil-host.com/x?policyNumber=POLICY-778899", "https://portal.mercy-clinic.org/chart?id=9",
        "https://evil-host.com/r?to=portal.mercy-clinic.org", "https://evil-host.com/?ssn=078-05-1120",
        "https://evil-host.com/?q=" + urllib.parse.quote("mrn=4711-MRN-99", safe=""),
        "https://evil-host.com/?e=" + base64.urlsafe_b64encode(b"jane.doe@example.com").decode().rstrip("="))
TEXTS = ("Mail to jane.doe@example.com, MRN: 4711-MRN-99", "patient: Jane+Doe, dob 1970-01-31", "ssn 078-05-1120",
         "seen at portal.mercy-clinic.org", "policy number: POLICY-778899")


def spellings(secret):
    """How a secret may lie in bytes."""
    return {secret, urllib.parse.quote(secret, safe=""), base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
            secret.lower()}


def reference(**fields):
    return {"source": "", "id": "", "url": "", **fields}


def planted_observations():
    """Every place of an observation that holds text, with every text."""
    plain = ("domain", "evil-host.com")
    for url in URLS:
        yield observation("url", url)
        yield observation(*plain, relations=[{"type": "part_of", "kind": "url", "value": url}])
        yield observation(*plain, references=[reference(url=url)])
    for text in TEXTS:
        yield observation(*plain, description=text)
        yield observation(*plain, references=[reference(source=text)])
        yield observation(*plain, references=[reference(id=text)])
        yield observation(*plain, origin=text)
    for tag in ("mrn=4711-mrn-99", "dob:1970-01-31", "ssn:078-05-1120", "host=portal.mercy-clinic.org"):
        yield observation(*plain, tags=[tag])
    yield observation("domain", "portal.mercy-clinic.org")
    yield observation("domain", "db01.mercy.internal")
    yield observation("ipv4", "10.77.1.23")
    yield observation("email", "jane.doe@example.com")
    yield observation(*plain, relations=[{"type": "resolves_to", "kind": "ipv4", "value": "10.77.1.23"}])
    yield observation(*plain, relations=[{"type": "part_of", "kind": "domain", "value": "portal.mercy-clinic.org"}])


def plant_by_publish(d, checks):
    """A log as a hospital may hand it over by mistake."""
    rows = ["value,kind,description"]
    rows += ['%s,url,"%s"' % (url, TEXTS[i % len(TEXTS)]) for i, url in enumerate(URLS)]
    rows += ["%s,domain," % v for v in ("portal.mercy-clinic.org", "db01.mercy.internal")] + ["10.77.1.23,ipv4,",
                                                                                           "jane.doe@example.com,email,"]
    with open(d.path("log.csv"), "w", encoding="utf-8") as stream:
        stream.write("\n".join(rows) + "\n")
    with open(d.path("alpha/member.conf"), encoding="utf-8") as stream:
        conf = stream.read()
    with open(d.path("alpha/member.conf"), "w", encoding="utf-8") as stream:
        stream.write(conf + 'privacy = { own_names = [ "mercy-clinic.org" ]; };\n')
    done = d.run("tocsin-publish", "-c", d.path("alpha/member.conf"), "--feed", "main", "--marking", "TLP:GREEN", d.path("log.csv"))
    checks.that("tocsin-publish sends what is left", done.returncode == 0 and "privacy." in done.stdout, done.stdout)
    return done.stdout


def plant_raw(d, checks, alpha):
    """All of it, each in a segment of its own; and in the places of a segment."""
    sent = []
    for o in planted_observations():
        sent.append((o, alpha.send([o], attribution="named")))
    one = [observation("domain", "evil-host.com")]
    release = {"federal": "yes", "communities": [TEXTS[0]]}
    here = d.partition_of("domain", "evil-host.com")
    alpha.send_bytes(here, alpha.sealed({**alpha.segment(one), "agreement": TEXTS[1]}))  # taken, and kept nowhere
    for fields in ({"release": release}, {"feed": "jane.doe@example.com"}, {"feed": "ssn:078-05-1120"},
                   {"submitted_by": TEXTS[1]}, {"member": TEXTS[0]}):
        sent.append((fields, alpha.send_bytes(here, alpha.sealed({**alpha.segment(one), **fields}))))
    for what, where in sent:
        checks.that("refused: %s" % shown(what), where.quarantined() is not None)


def shown(o):
    plain = Schema.of("observation").blank()
    return {k: v for k, v in o.items() if k not in plain or v != plain[k]}


def check_leaks(d, checks, texts):
    """No secret in any topic but submit, nor in what programs say."""
    places = dict(texts)
    for topic in d.admin.metadata():
        word = topic[len(d.prefix):]
        if topic.startswith(d.prefix) and word != "submit":
            places["topic " + word] = b"".join((r.key or b"") + b"\0" + (r.value or b"") + b"\0" + r.headers for r in d.read(word))
    with open(d.path("h1/log"), "rb") as stream:
        places["the hub's log"] = stream.read()
    with urllib.request.urlopen(os.environ["TOC_PAGE"] + "/metrics", timeout=20) as page:
        places["metrics"] = page.read()
    for words in (("status", "--json"), ("status",), ("quarantine", "list"), ("explain", "evil-host.com"), ("doctor",)):
        places["tocsinctl " + " ".join(words)] = d.ctl(*words).stdout.encode(errors="surrogateescape")
    for folder, _, names in os.walk(d.path("alpha/state")):
        for name in names:
            with open(os.path.join(folder, name), "rb") as stream:
                places["state/" + name] = stream.read()
    checks.that("the places to look at are there", len(places) > 25 and len(places["topic quarantine"]) > 1000, sorted(places))
    for where, held in sorted(places.items()):
        lower = held.lower()
        found = [s for secret in SECRETS for s in spellings(secret) if s.lower().encode() in lower]
        if where in ("topic control", "topic roster.alpha", "topic state.fuse"):
            found = [s for s in found if "mercy-clinic.org" not in s]  # the operator's own decision names it
        checks.that("nothing of a patient in " + where, not found, found)
    secret = SECRETS[2].encode()
    checks.that("submit alone holds it", any(secret in (r.value or b"") for r in d.read("submit")))


# ---- markings

def check_markings(d, checks, alpha, beta):
    """AMBER+STRICT and RED reach the hub when their owner sends them by name: kept, and republished to nobody."""
    shared = ("domain", "strictly-shared.com")
    checks.same("one says it GREEN", beta.send([observation(*shared, confidence=90)]).receipt()["changed"], 1)
    before = d.views()
    for marking in ("amber_strict", "red"):
        alone = ("domain", "only-%s.com" % marking.replace("_", "-"))
        for what in (shared, alone):
            receipt = alpha.send([observation(*what, confidence=100)], marking=marking, release={"federal": "yes", "communities": []}).receipt()
            checks.same("%s of %s is kept" % (marking, what[1]), (receipt["changed"], receipt["code"]), (1, ""))
        said = json.loads(d.ctl_must("explain", alone[1], "--json"))
        checks.that("the operator sees who says it", [c["member"] for c in said["contributions"]] == ["alpha"] and
                    not any(v["published"] for v in said["audiences"]), said)
    checks.same("no view has it, and none moved for it", d.views(), before)
    for marking, words in (("", "main"), ("TLP:PINK", "no marking")):
        with open(d.path("alpha/bad.conf"), "w", encoding="utf-8") as stream, open(d.path("alpha/member.conf"), encoding="utf-8") as conf:
            stream.write(conf.read().replace('marking = "TLP:GREEN"', 'marking = "%s"' % marking))
        done = d.run("tocsin-publish", "-c", d.path("alpha/bad.conf"), "--feed", "main", d.path("log.csv"))
        checks.that("a feed's marking %r is no marking" % marking, done.returncode == 2 and "marking" in done.stdout, done.stdout)
    with open(d.path("alpha/bad.conf"), "w", encoding="utf-8") as stream, open(d.path("alpha/member.conf"), encoding="utf-8") as conf:
        stream.write(conf.read().replace('marking = "TLP:GREEN"; ', ""))
    end = [d.admin.end(d.topic("submit"), p) for p in range(d.partitions)]
    done = d.run("tocsin-publish", "-c", d.path("alpha/bad.conf"), "--feed", "main", d.path("log.csv"))
    checks.that("without a marking nothing is sent", done.returncode != 0 and "marking.missing" in done.stdout, done.stdout)


# ---- terminals

ESCAPES = ("\x1b[2J\x1b[31mowned", "\x9b31m", "\x07\x08", "a\nb", "a\rb", "\u202etxt.exe", "\u2066x\u2069", "zero\u200bwidth", "\ufeffbom",
           "\u00adsoft", "\u2028line", "tag\U000e0041", "\x7f")


def check_terminal(d, checks, alpha):
    plain = ("domain", "evil-host.com")
    here = d.partition_of(*plain)
    sent = []
    for text in ESCAPES:
        for fields in ({"tags": [text]}, {"description": text}, {"origin": text}, {"references": [reference(source=text)]},
                       {"references": [reference(id=text)]}, {"references": [reference(url=text)]},
                       {"relations": [{"type": "part_of", "kind": "domain", "value": text}]}, {"value": text + ".com"}):
            o = {**observation(*plain), **fields}
            sent.append((fields, alpha.send_bytes(here, alpha.sealed(alpha.segment([o], partition=here)))))
        for fields in ({"feed": text}, {"member": text}, {"submitted_by": text}, {"agreement": text},
                       {"release": {"federal": "no", "communities": [text]}}):
            segment = {**alpha.segment([observation(*plain)], partition=here), **fields}
            sent.append((fields, alpha.send_bytes(here, alpha.sealed(segment))))
    last = sent[-1][1]
    d.until_taken(last.partition, last.offset)
    refused = {(q["partition"], q["offset"]) for q in (Schema.of("quarantine").get(r.value) for r in d.read("quarantine"))}
    for fields, where in sent:
        checks.that("refused: %s" % ascii(fields), (where.partition, where.offset) in refused)
    for words in (("status",), ("status", "--json"), ("quarantine", "list"), ("explain", plain[1]), ("explain", plain[1], "--json"),
                  ("quarantine", "show", "%d/%d" % (last.partition, last.offset)), ("member", "list"), ("member", "show", "alpha"),
                  ("doctor",), ("correlations", "--audience", "green"), ("explain", "\x1b[31mevil\u202e.com"),
                  ("member", "show", "\x1b[31m\u202ex"), ("quarantine", "show", "\x1b[31m"), ("\x1b[31m",), ("interest", "list"),
                  ("interest", "add", "alpha", "escape", "kind = \x1b[31m\u202e"), ("member", "\x1b[31m")):
        said = d.ctl(*words).stdout
        checks.that("tocsinctl %s prints what can be read" % ascii(" ".join(words)), said != "" and printable(said), ascii(said)[:300])
    with open(d.path("h1/log"), encoding="utf-8", errors="surrogateescape") as stream:
        checks.that("so does the hub's log", printable(stream.read()))
    with open(d.path("escapes.csv"), "w", encoding="utf-8") as stream:
        stream.write("".join("%s,x\n" % t for t in ESCAPES))
    for words in (("--feed", "main", d.path("escapes.csv")), ("--feed", "\x1b[31m", d.path("escapes.csv")), ("\x1b[31m\u202e.csv",),
                  ("--marking", "\x1b[31m", d.path("escapes.csv"))):
        done = d.run("tocsin-publish", "-c", d.path("alpha/member.conf"), *words)
        checks.that("tocsin-publish %s, too" % ascii(words[:2]), printable(done.stdout), ascii(done.stdout)[:300])
    for words in (("--interest", "\x1b[31m\u202e", "--sink", "list:x"), ("--sink", "list\x1b[31m:x"), ("allow", "\x1b[31m", "--for", "1h", "--why", "x")):
        done = d.run("tocsin-subscribe", "-c", d.path("alpha/member.conf"), "--once", *words)
        checks.that("tocsin-subscribe %s, too" % ascii(words[:2]), printable(done.stdout), ascii(done.stdout)[:300])


def printable(text):
    """Nothing that moves, hides or turns what stands beside it."""
    return all(c in "\n\t" or unicodedata.category(c)[0] not in "C" and unicodedata.category(c) not in ("Zl", "Zp")
               for c in text)


def main():
    d, checks = Deployment(sys.argv[1]), Checks()
    alpha, beta = Member(d, "alpha"), Member(d, "beta")
    said = plant_by_publish(d, checks)
    for r in d.read("submit"):
        found = [s for secret in SECRETS for s in spellings(secret) if s.encode() in r.value and "mercy-clinic.org" not in s]
        checks.that("nothing of a patient left tocsin-publish", not found, found)
    plant_raw(d, checks, alpha)
    check_leaks(d, checks, {"what tocsin-publish says": said.encode()})
    check_markings(d, checks, alpha, beta)
    check_terminal(d, checks, alpha)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
