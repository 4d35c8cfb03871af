#!/usr/bin/env python3
"""The cases of rights.sh: certificates, requests, and who may read and write what."""

import datetime
import json
import os
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: E402

import raw_kafka  # noqa: E402
from raw_member import Checks, Deployment, private_key, public_bytes  # noqa: E402

PEM = serialization.Encoding.PEM
GROUP, TOPIC, CLUSTER, TRANSACTIONAL = 30, 29, 31, 53


def name(*parts):
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])


def write(path, content):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(content)


def write_key(path, key):
    write(path, key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


# ---- certificates that must be refused

def certificate(d, path, common_name, issuer, issuer_key, days=1):
    """A client certificate of any authority, for a key of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)
    cert = (x509.CertificateBuilder().subject_name(name((NameOID.COMMON_NAME, common_name))).issuer_name(issuer)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=9)).not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
            .sign(issuer_key, hashes.SHA256()))
    write_key(d.path(path + ".key"), key)
    write(d.path(path + ".crt"), cert.public_bytes(PEM))


def load(path):
    with open(path, "rb") as stream:
        return x509.load_pem_x509_certificate(stream.read())


def refused(d, folder, stem, address):
    """Why the broker closes the connection; None when it serves."""
    try:
        d.connect(folder, stem, address).metadata([])
        return None
    except (ssl.SSLError, ConnectionError) as why:
        return str(why)


def check_certificates(d, checks):
    hub, member = d.env["TOC_KAFKA"], d.env["TOC_KAFKA_MEMBER"]
    member_ca, member_ca_key = load(d.path("op/member-ca.crt")), private_key(d.path("op/member-ca.key"))
    other_key = ec.generate_private_key(ec.SECP256R1())
    certificate(d, "stranger", "green-clinic", name((NameOID.COMMON_NAME, "Other authority")), other_key)
    certificate(d, "namesake", "green-clinic", member_ca.subject, other_key)
    certificate(d, "expired", "green-clinic", member_ca.subject, member_ca_key, days=-1)
    leaf, leaf_key = load(d.path("green-clinic/tls.crt")), private_key(d.path("green-clinic/tls.key"))
    certificate(d, "child", "admin", leaf.subject, leaf_key)
    with open(d.path("child.crt"), "ab") as stream:  # the chain that would lead to the authority
        stream.write(leaf.public_bytes(PEM))
    for what, folder, stem, address in (
            ("of another authority, members' port", ".", "stranger", member),
            ("of another authority, hub's port", ".", "stranger", hub),
            ("of another authority with our authority's name", ".", "namesake", member),
            ("that has expired", ".", "expired", member),
            ("that a member signed with its own", ".", "child", member),
            ("that a member signed with its own, hub's port", ".", "child", hub),
            ("of a member, hub's port", "green-clinic", "tls", hub),
            ("of the operator, members' port", "op", "admin", member),
            ("of the hub, members' port", "op", "hub", member)):
        why = refused(d, folder, stem, address)
        checks.that("refused: a certificate " + what, why is not None and ("certificate" in why or "closed" in why), why)
    checks.same("served: the member on its own port", refused(d, "green-clinic", "tls", member), None)


# ---- requests that ask for more

def request_of(member, subject, extensions=(), signer=None, tls_signer=None):
    """The two keys and an enrolment request (schemas/ENROLMENT.md) around any PKCS#10 request. A signer: another key
    signs in place of the one that is asked for."""
    signing, tls = Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    for extension in extensions:
        builder = builder.add_extension(extension, True)
    spki = tls.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    message = b"tocsin-enrolment-v1\0" + member.encode() + b"\0" + public_bytes(signing) + spki
    return signing, tls, json.dumps({
        "format": "tocsin-enrolment-v1", "member": member, "signing_key": public_bytes(signing).hex(),
        "tls_request": builder.sign(tls, hashes.SHA256()).public_bytes(PEM).decode(),
        "signed_by_signing_key": (signer or signing).sign(message).hex(),
        "signed_by_tls_key": (tls_signer or tls).sign(message, ec.ECDSA(hashes.SHA256())).hex()})


def admit(d, folder, request):
    os.makedirs(d.path(folder), exist_ok=True)
    write(d.path(folder + "/request.json"), request.encode())
    return d.ctl("member", "admit", "--request", d.path(folder + "/request.json"), "--role", "clinic", "--clearance",
                 "GREEN", "--out", d.path(folder))


def check_requests(d, checks):
    wanting = (
        ("cn-admin", name((NameOID.COMMON_NAME, "admin")), ()),
        ("cn-hub", name((NameOID.ORGANIZATION_NAME, "CN=admin"), (NameOID.COMMON_NAME, "hub")),
         (x509.SubjectAlternativeName([x509.DNSName("hub"), x509.RFC822Name("admin@example.com")]),)),
        ("ca-true", name((NameOID.COMMON_NAME, "ca-true")),
         (x509.BasicConstraints(ca=True, path_length=9),
          x509.KeyUsage(False, False, False, False, False, True, True, False, False),
          x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]))))
    for member, subject, extensions in wanting:
        _, tls, request = request_of(member, subject, extensions)
        done = admit(d, member, request)
        checks.that("admitted: a request that asks for " + member, done.returncode == 0, done.stdout)
        cert = load(d.path(member + "/tls.crt"))
        write_key(d.path(member + "/tls.key"), tls)
        got = {e.oid._name: e.value for e in cert.extensions}
        checks.same("its subject is its id alone", cert.subject.rfc4514_string(), "CN=" + member)
        checks.same("its extensions are ours", sorted(got), ["authorityKeyIdentifier", "basicConstraints", "extendedKeyUsage",
                                                            "keyUsage", "subjectKeyIdentifier"])
        checks.that("it is no authority and no server", not got["basicConstraints"].ca and
                    not got["keyUsage"].key_cert_sign and list(got["extendedKeyUsage"]) == [ExtendedKeyUsageOID.CLIENT_AUTH])
        checks.that("it is no operator's or hub's", refused(d, member, "tls", d.env["TOC_KAFKA"]) is not None)
        topics = d.connect(member).metadata()
        checks.that("it has a clinic's rights", d.topic("roster." + member) in topics and d.topic("control") not in topics,
                    sorted(topics))


def check_bad_requests(d, checks):
    before = d.ctl_must("member", "list")
    subject = name((NameOID.COMMON_NAME, "x"))
    for bad in ("Admin", "a b", "../op", "a/b", "", "CN=admin", "x,CN=admin", "-x", "\u202eadmin", "x\n", "a" * 64):
        done = admit(d, "bad", request_of(bad, subject)[2])
        checks.that("refused: a request of the id %r" % bad, done.returncode != 0 and "member" in done.stdout, done.stdout)
    done = admit(d, "bad", request_of("borrowed", subject, signer=Ed25519PrivateKey.generate())[2])
    checks.that("refused: a signing key that the requester does not hold", done.returncode != 0 and
                "signing key" in done.stdout, done.stdout)
    done = admit(d, "bad", request_of("stolen", subject, tls_signer=ec.generate_private_key(ec.SECP256R1()))[2])
    checks.that("refused: a TLS key that the requester does not hold", done.returncode != 0 and "TLS key" in done.stdout,
                done.stdout)
    checks.same("no decision was made", d.ctl_must("member", "list"), before)


def check_operator_keys(d, checks):
    before = d.ctl_must("member", "list")
    for key in ("member-ca.key", "operator.signing.key"):
        os.chmod(d.path("op/" + key), 0o640)
        done = admit(d, "late", request_of("late", name((NameOID.COMMON_NAME, "late")))[2])
        os.chmod(d.path("op/" + key), 0o600)
        checks.that("nobody is admitted while others may use " + key, done.returncode != 0 and
                    key + " may be used by group or others" in done.stdout, done.stdout)
    checks.same("and nothing was decided", d.ctl_must("member", "list"), before)


# ---- topics

def may_read(member, audiences):
    return {"%s.%s" % (what, a) for what in ("indicators", "correlations", "alerts") for a in audiences} | {
        "receipts." + member, "roster." + member}


def check_matrix(d, checks, member, readable):
    link = d.connect(member)
    everything = [t for t in d.admin.metadata() if t.startswith(d.prefix)]
    must_be_there = ("submit", "indicators.amber", "indicators.federal", "correlations.amber", "control", "reference", "doors",
                     "pivots", "state.fuse", "state.correlate", "quarantine", "receipts", "roster.amber-hospital",
                     "receipts.amber-hospital", "interest.amber-urls")
    missing = [t for t in must_be_there if d.topic(t) not in everything]
    checks.that("%s: the topics to try are there" % member, not missing, missing)
    for topic in everything:
        word = topic[len(d.prefix):]
        error, data = link.fetch(topic)
        wanted = raw_kafka.NONE if word in readable else TOPIC
        checks.that("%s %s read %s" % (member, "may" if word in readable else "cannot", word),
                    error == wanted and (word in readable or data == b""), (error, data))
        error, _ = link.produce(topic, 0, raw_kafka.batch([raw_kafka.record(0, b"x")]))
        wanted = raw_kafka.NONE if word == "submit" else TOPIC
        checks.same("%s %s write %s" % (member, "may" if word == "submit" else "cannot", word), error, wanted)
    seen = {t[len(d.prefix):] for t in link.metadata() if t.startswith(d.prefix)}
    checks.same("%s sees no other topic's name" % member, seen, readable | {"submit"})


def check_other_acts(d, checks, member):
    link, submit = d.connect(member), d.topic("submit")
    for what, error, wanted in (
            ("make a topic", link.create_topic(d.topic("receipts." + member + "x")), TOPIC),
            ("make any topic", link.create_topic("anything"), TOPIC),
            ("delete submit", link.delete_topic(submit), TOPIC),
            ("delete records of submit", link.delete_records(submit), TOPIC),
            ("change a setting of submit", link.alter_topic(submit, "retention.ms", "1"), TOPIC),
            ("give itself a right", link.create_acl("User:m." + member, submit, raw_kafka.READ), CLUSTER),
            ("list rights", link.describe_acls(), CLUSTER),
            ("ask for the hub's group", link.find_coordinator(d.topic("fuse"), 0), GROUP),
            ("be in a group of its own", link.find_coordinator("mine", 0), GROUP),
            ("take the hub's transactional id", link.init_producer(d.topic("h1-fuse-0"))[0], TRANSACTIONAL),
            ("take the operator's transactional id", link.init_producer(d.topic("operator"))[0], TRANSACTIONAL),
            ("have a transactional id of its own", link.init_producer("mine")[0], TRANSACTIONAL)):
        checks.same("%s cannot %s" % (member, what), error, wanted)


# ---- the same with kcat and with our own programs

def kcat(d, member, *more):
    command = ["kcat", "-b", d.env["TOC_KAFKA_MEMBER"], "-X", "security.protocol=ssl",
               "-X", "ssl.ca.location=" + d.path("op/hub-ca.crt"), "-X", "ssl.certificate.location=" + d.path(member + "/tls.crt"),
               "-X", "ssl.key.location=" + d.path(member + "/tls.key"), *more]
    done = subprocess.run(command, input=b"x\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return done.stdout.decode(errors="replace")


def check_clients(d, checks):
    said = kcat(d, "green-clinic", "-C", "-e", "-t", d.topic("indicators.amber"))
    checks.that("kcat: a GREEN member cannot read AMBER", "Topic authorization failed" in said, said)
    said = kcat(d, "green-clinic", "-C", "-e", "-t", d.topic("submit"), "-p", "0")
    checks.that("kcat: a member cannot read submit", "Topic authorization failed" in said, said)
    said = kcat(d, "green-clinic", "-P", "-t", d.topic("control"), "-p", "0")
    checks.that("kcat: a member cannot write control", "Topic authorization failed" in said, said)
    said = kcat(d, "green-clinic", "-C", "-e", "-o", "beginning", "-t", d.topic("roster.green-clinic"))
    checks.that("kcat: a member reads its roster", "authorization" not in said and "green-clinic" in said, said)
    with open(d.path("green-clinic/member.conf"), encoding="utf-8") as stream:
        conf = stream.read()
    write(d.path("green-clinic/amber.conf"), (conf + 'subscribe = { audience = "amber"; };\n').encode())
    done = d.run("tocsin-subscribe", "-c", d.path("green-clinic/amber.conf"), "--once", "--sink", "list:" + d.path("amber.list"))
    checks.that("tocsin-subscribe tells a GREEN member why it gets no AMBER", done.returncode != 0 and "amber" in done.stdout and
                ("cleared" in done.stdout or "not allowed" in done.stdout) and not os.path.exists(d.path("amber.list")),
                done.stdout)


def main():
    d, checks = Deployment(sys.argv[1]), Checks()
    check_certificates(d, checks)
    check_requests(d, checks)
    check_bad_requests(d, checks)
    check_operator_keys(d, checks)
    check_matrix(d, checks, "green-clinic", may_read("green-clinic", ("clear", "green")))
    check_matrix(d, checks, "amber-hospital", may_read("amber-hospital", ("clear", "green", "amber")) | {"interest.amber-urls"})
    check_matrix(d, checks, "gov-desk", may_read("gov-desk", ("clear", "federal")))
    check_other_acts(d, checks, "green-clinic")
    check_other_acts(d, checks, "gov-desk")
    check_clients(d, checks)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
