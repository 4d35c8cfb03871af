#!/usr/bin/env python3
"""consume_kcat.py [--once] [--now MS] BROKERS AUDIENCE FOLDER: a subscriber after schemas/CONSUMING.md, of schemas/, a plain
Avro reader and kcat. AUDIENCE is a topic; FOLDER has what a member got: genesis.toc, ca.pem, tls.crt, tls.key. Prints
what is advised (=), then, without --once, what enters (+) and leaves (-). MS: the clock by which a silent hub's picture ages."""
import argparse
import hashlib
import os
import subprocess
import time

import avro_plain

SCHEMAS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "schemas")
SILENT, STALE, CHANGES_HANDS = 15 * 60000, 7 * 86400000, ("ipv4", "ipv6", "cidr", "endpoint", "url")
parser = argparse.ArgumentParser()
parser.add_argument("--once", action="store_true")
parser.add_argument("--now", type=int, default=int(time.time() * 1000))
parser.add_argument("place", nargs=3)
arg = parser.parse_args()
BROKERS, AUDIENCE, FOLDER = arg.place
LOADED = {stem: avro_plain.load(SCHEMAS, stem) for stem in ("signed_segment", "control", "head", "indicator")}
READERS = {b"\xc3\x01" + avro_plain.fingerprint(schema): (stem, avro_plain.Codec(schema)) for stem, schema in LOADED.items()}


def read(value, wanted):
    name, reader = READERS.get(value[:10], (value[:10].hex(), None))
    assert name == wanted, "%s instead of %s: is schemas/ older than the hub?" % (name, wanted)
    return reader.decode(value[10:])


def partition_of(key):
    return int(key[:16], 16) % P


def aged(view):
    """While its hub speaks, the hub says when something ends; only when it is silent we have to."""
    silent = arg.now - heads[partition_of(view["id"])]
    over = (view["drop_after"] or arg.now) < arg.now or silent > STALE and view["kind"] in CHANGES_HANDS
    return silent > SILENT and over


with open(FOLDER + "/genesis.toc", "rb") as genesis:
    P = read(read(genesis.read(), "signed_segment")["payload"], "control")["genesis"]["partitions"]
tls = ["ssl.%s.location=%s/%s" % (n, FOLDER, f) for n, f in (("ca", "ca.pem"), ("certificate", "tls.crt"), ("key", "tls.key"))]
options = [word for o in ["security.protocol=ssl", "isolation.level=read_committed", *tls] for word in ("-X", o)]
kcat = subprocess.Popen(["kcat", "-C", "-u", "-o", "beginning", "-f", "%p %K %S\n%k%s", "-b", BROKERS, "-t", AUDIENCE, *options],
                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
picture, heads, ended, told = {}, {}, set(), False


def take(partition, key, value):
    """One record; what it changes is told once the start picture was."""
    if key == "head":
        heads[partition] = read(value, "head")["stream_time"]
        return
    view = read(value, "indicator") if value else None  # None: a tombstone
    digest = hashlib.sha256(b"%b\0%b" % (view["kind"].encode(), view["value"].encode())).hexdigest()[:32] if view else key
    assert key == digest and partition == partition_of(key), "a false key: " + key
    was = picture.pop(key, None)
    if view and view["now"]["status"] in ("active", "disputed") and view["now"]["advice"] != "none":
        picture[key] = view
    if told and bool(was) != (key in picture):
        print("-" if was else "+", key, (view or was)["value"], flush=True)


for line in kcat.stdout:
    if line.startswith(b"% Reached end"):
        ended.add(line.split()[6])
    elif line[:1].isdigit():
        place, key_length, length = map(int, line.split())
        take(place, kcat.stdout.read(key_length).decode(), kcat.stdout.read(max(length, 0)))
    if not told and len(ended) == len(heads) == P:
        told, shown = True, sorted(key for key in picture if not aged(picture[key]))
        print("".join("= %s %s\n" % (key, picture[key]["value"]) for key in shown), end="", flush=True)
        if arg.once:
            break
kcat.kill()
