#!/usr/bin/env python3
"""Writes one value at a time into `tocsin-publish --follow` and waits for it in the block list that
`tocsin-subscribe` keeps; prints p50, p99 and the worst. Usage: latency.py BIN member.conf LIST PROBES"""
import os
import subprocess
import sys
import time

bin_dir, conf, path, probes = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
subscriber = subprocess.Popen(
    [f"{bin_dir}/tocsin-subscribe", "-c", conf, "--interest", 'value under "probe.com" or value = "probe.com"',
     "--sink", f"list:{path}"], stderr=subprocess.DEVNULL)
publisher = subprocess.Popen(
    [f"{bin_dir}/tocsin-publish", "-c", conf, "--feed", "main", "--confidence", "100", "--follow", "-"], stdin=subprocess.PIPE,
    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)


def await_value(value, deadline):
    needle = f"\n{value}\n".encode()
    while time.monotonic() < deadline:
        try:
            with open(path, "rb") as f:
                if needle in f.read():
                    return True
        except FileNotFoundError:
            pass
        time.sleep(0.001)
    return False


taken = []
try:
    for i in range(-3, probes):  # the first ones start the programs
        value = f"p{os.getpid()}x{i + 3}.probe.com"
        began = time.monotonic()
        publisher.stdin.write(value + "\n")
        publisher.stdin.flush()
        if not await_value(value, began + 60):
            sys.exit(f"{value} did not arrive within a minute")
        if i >= 0:
            taken.append((time.monotonic() - began) * 1000)
finally:
    publisher.stdin.close()
    publisher.wait(30)
    subscriber.terminate()
    subscriber.wait(30)
taken.sort()
print(f"{len(taken)} values: p50 {taken[len(taken) // 2]:.0f} ms, p99 {taken[int(len(taken) * 0.99) - 1]:.0f} ms, "
      f"worst {taken[-1]:.0f} ms; the pipe is cut every 100 ms")
