#!/usr/bin/env python3
"""Two hubs under one hub_id, while members publish: the older says what is wrong and what to do, and ends with 1; the newer
goes on with all partitions; nothing is lost or counted twice.

    test_twins.py [--rounds N]"""

import argparse
import collections
import os
import re
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from deployment import COUNTERS, Deployment, Schema, until  # noqa: E402

SENTENCE = r'hub_id "hub" is in use by another process, which started later.*Stop one of them.*or give each a hub_id of its own'
REBUILDS = "tocsin_worker_rebuilds_total"


class Feeder(threading.Thread):
    """Publishes until it is told to stop: transactions are under way whenever a hub comes or goes."""

    def __init__(self, deployment, member):
        super().__init__(daemon=True)
        self.d, self.member, self.count, self.failure, self.over = deployment, member, 0, None, threading.Event()
        self.start()

    def run(self):
        try:
            while not self.over.is_set():
                lines = ["%s-%d-%d.com" % (self.member, self.count, i) for i in range(50)]
                self.d.publish(self.member, self.d.write("in/%s.txt" % self.member, lines))
                self.count += len(lines)
        except Exception as failure:  # noqa: BLE001 (told to the main thread)
            self.failure = failure

    def end(self):
        self.over.set()
        self.join()
        if self.failure:
            raise self.failure


def twin(d, name):
    """A hub of its own folder, and of the one name."""
    hub = d.hub(name)
    path = d.path(name, "hub.conf")
    with open(path, encoding="utf-8") as conf:
        lines = conf.read().replace('hub_id = "%s"' % name, 'hub_id = "hub"').splitlines()
    d.write(name + "/hub.conf", lines)
    return hub


def older_ends(older, newer, feeders):
    counts = [feeder.count for feeder in feeders]
    newer.start()
    began = time.monotonic()
    until(lambda: older.process.poll() is not None, lambda: "the older ends: " + older.words())
    print("the older ended %.1f s after the newer was ready" % (time.monotonic() - began))
    assert older.process.returncode == 1, "the older ended with %d" % older.process.returncode
    assert re.search(SENTENCE, older.words()), older.words()
    assert "building anew" not in older.words(), "the older stood up against the newer: " + older.words()
    until(lambda: all(f.failure or f.count > n for f, n in zip(feeders, counts)), "members go on publishing")
    assert newer.is_ready(), newer.words()
    assert newer.metric(REBUILDS) == 0, newer.words()


def each_once(d, feeders):
    receipts = collections.Counter(record.key for record in d.read("receipts"))
    twice = [key for key, count in receipts.items() if count > 1]
    assert not twice, "%d segments have more than one receipt" % len(twice)
    status = d.status()
    assert status["conserved"] and (status["hubs"], status["partitions"]) == (1, d.partitions), status
    got = d.sums("receipts")
    for feeder in feeders:
        want = {"sent": feeder.count, "changed": feeder.count, "unchanged": 0, "quarantined": 0, "repeated": 0}
        assert got[feeder.member] == want, "%s: receipts say %s, sent were %d" % (feeder.member, got[feeder.member], feeder.count)
        assert {name: status["members"][feeder.member][name] for name in COUNTERS} == want, status
    seen = {Schema.of("indicator").get(value)["value"] for value in d.last("green").values()}
    assert len(seen) == sum(feeder.count for feeder in feeders), len(seen)
    print("%d observations, each once" % len(seen))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    folder = tempfile.mkdtemp()
    d = Deployment(os.path.join(folder, "d"))
    try:
        hubs = [d.hub("hub"), twin(d, "twin")]
        for member in ("north", "south"):
            d.member(member, "hospital", "AMBER", "--no-probation")
        hubs[0].start()
        feeders = [Feeder(d, member) for member in ("north", "south")]
        until(lambda: all(feeder.failure or feeder.count > 0 for feeder in feeders), "members publish")
        for turn in range(options.rounds):
            older_ends(hubs[turn % 2], hubs[(turn + 1) % 2], feeders)
        for feeder in feeders:
            feeder.end()
        d.settle()
        each_once(d, feeders)
        hubs[options.rounds % 2].stop()
    except Exception:
        for hub in d.hubs:
            print("--- log of", hub.folder, "---", hub.words() if hub.process else "", sep="\n", file=sys.stderr)
        raise
    finally:
        d.end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
