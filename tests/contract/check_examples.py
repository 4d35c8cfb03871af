"""The example configurations: each is what --print-config prints, loads as it is, and loads with every commented value
put in force."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

BIN = os.path.join(os.environ["TOC_BUILD"], "bin")
EXAMPLES = {"hub.conf": "tocsin-hub", "operator.conf": "tocsinctl", "member.conf": "tocsin-publish"}
# A value, or a line of a list of groups, behind a mark; what else stands behind one is a comment.
COMMENTED = re.compile(r"^( *)# ( *(?:\w+ = .*|\} \);|# .*))$", re.M)


def run(program, *words):
    return subprocess.run([os.path.join(BIN, program), *words], capture_output=True, text=True)


def put_in_force(text):
    return COMMENTED.sub(r"\1\2", text)


def check(name, program, text, place, what):
    with open(os.path.join(place, name), "w", encoding="utf-8") as file:
        file.write(text)
    done = run(program, "-c", os.path.join(place, name), "--check")
    return [] if done.returncode == 0 else [f"{name}, {what}: {done.stderr.strip()}"]


def main():
    wrong = []
    with tempfile.TemporaryDirectory() as place:
        home = os.path.join(place, "m") # what a member's --check looks for besides
        run("tocsin-publish", "enrol", "--name", "st-mary", "--out", home)
        shutil.move(os.path.join(home, "signing.key"), place)
        for name, program in EXAMPLES.items():
            with open(os.path.join("deploy/examples", name), encoding="utf-8") as file:
                text = file.read()
            if run(program, "--print-config").stdout != text:
                wrong.append(f"{name} is not what {program} --print-config prints: write it anew")
            wrong += check(name, program, text, place, "as it is")
            whole = put_in_force(text)
            if name == "member.conf": # its genesis cannot be an example
                whole = re.sub(r"^(genesis(_digest)? = )", r"# \1", whole, flags=re.M)
            if name != "hub.conf" and whole == text:
                wrong.append(f"{name}: no commented value was found")
            wrong += check(name, program, whole, place, "every value in force")
    print("\n".join(wrong) or f"{len(EXAMPLES)} examples load")
    return bool(wrong)


sys.exit(main())
