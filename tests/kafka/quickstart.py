"""A newcomer's way, on a real broker: deploy/quickstart.sh --once --fresh with these programs, its screen, then the run that
goes on with what is kept, the lines of "TRY NEXT" as they stand on the screen, and Ctrl-C."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile

ROOT = os.getcwd()
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

from raw_member import until  # noqa: E402

BIN = os.path.abspath(os.path.join(os.environ["TOC_BUILD"], "bin"))
HEADINGS = ("SENT, AND WHAT BECAME OF IT", "KEPT BACK, AND WHY", "WHO IS TOLD HOW MUCH", "BLOCKED, AND ON WHOSE WORD", "STRONGEST CORRELATIONS", "DEFENCES",
            "TRY NEXT")
OUTPUTS = ("block.list", "block.rpz", "indicators.csv", "indicators.jsonl", "indicators.stix.json")
PATIENCE = 300


def ensure(good, what, shown=""):
    if not good:
        sys.exit(f"quickstart: {what}\n{shown[-4000:]}")


def free_ports():
    script = f". '{ROOT}/tests/support/kafka.sh'; kafka_free_ports"
    return subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=True).stdout.strip()


def look_at_the_screen(place):
    screen = read(f"{place}/quickstart/out/screen.txt")
    places = [screen.find(heading) for heading in HEADINGS]
    ensure(-1 not in places and places == sorted(places), "the screen lacks one of its parts", screen)
    status = json.loads(read(f"{place}/quickstart/work/status.json"))
    sums = status["members"].values()
    ensure(status["conserved"] and all(s["sent"] == s["accepted"] + s["quarantined"] + s["repeated"] for s in sums),
           "sent is not accepted + quarantined + repeated", json.dumps(status))
    ensure(sum(s["sent"] for s in sums) >= 100000, "less than 100,000 observations were sent", screen)
    for name in OUTPUTS:
        entries = re.search(rf"^ +([\d,]+)  {re.escape(name)} ", screen, re.M)
        ensure(entries and int(entries[1].replace(",", "")) > 1000, f"{name} is nearly empty", screen)
    told = {member: int(live.replace(",", "")) for member, live in
            re.findall(r"^ +(\S+) +(?:AMBER|GREEN|CLEAR) +\w+ +([\d,]+) ", screen, re.M)}
    ensure(told["st-marys"] > told["two-docs"] > told["blue-river"] > 0, "members of different clearance are told the same", screen)
    return screen


def first_run(place):
    command = [f"{place}/deploy/quickstart.sh", "--once", "--fresh", "--bin", BIN, "--ports", free_ports()]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    ensure(done.returncode == 0, f"exit {done.returncode}", done.stdout)
    ensure(" warn " not in done.stdout, "it warns", done.stdout)
    return look_at_the_screen(place)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def wait_for(path, words, process):
    def said():
        ensure(process.poll() is None, "it ended by itself", read(path))
        return words in read(path)
    until(said, lambda: f"it says: {words}\n{read(path)[-4000:]}", PATIENCE)


def try_next(place, screen):
    lines = re.findall(r"^    (\S.*)$", screen[screen.index("TRY NEXT"):], re.M)
    ensure(len(lines) >= 5, "little to try next", screen)
    for line in lines:
        done = subprocess.run(["bash", "-c", line], cwd=place, env={**os.environ, "PATH": BIN + ":" + os.environ["PATH"]},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        ensure(done.returncode == 0, f"exit {done.returncode} of: {line}", done.stdout)
    allowed = re.search(r" allow (\S+) ", screen)[1]
    until(lambda: allowed + "\n" not in read(f"{place}/quickstart/out/block.list"), f"{allowed} is allowed and no longer blocked")


def second_run(place):
    """Keeps its data, takes the programs' own words, ends at Ctrl-C as a terminal sends it: to all of its process group."""
    told = f"{place}/told"
    with open(told, "w", encoding="utf-8") as out:
        process = subprocess.Popen([f"{place}/deploy/quickstart.sh", "--bin", BIN], stdout=out, stderr=subprocess.STDOUT,
                                   start_new_session=True)
    try:
        wait_for(told, "up; Ctrl-C stops everything", process)
        text = read(told)
        ensure("publishing real feeds" not in text, "it published again", text)
        try_next(place, look_at_the_screen(place))
        os.killpg(process.pid, signal.SIGINT)
        ensure(process.wait(60) == 0, "Ctrl-C is no failure", text)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)
    ensure(read(told).endswith("stopping; the data is kept: deploy/quickstart.sh goes on with it\n"), "its last words are others")
    left = subprocess.run(["pgrep", "-af", place + "/"], capture_output=True, text=True).stdout
    ensure(place not in left, "something still runs", left)


def main():
    with tempfile.TemporaryDirectory() as place:
        os.symlink(os.path.join(ROOT, "deploy"), os.path.join(place, "deploy"))
        os.symlink(os.path.join(ROOT, ".cache"), os.path.join(place, ".cache"))
        first_run(place)
        counted = subprocess.run([sys.executable, "tests/count_quickstart.py", "--finished", f"{place}/quickstart"],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        ensure(counted.returncode == 0, "an independent count differs", counted.stdout)
        second_run(place)


main()
