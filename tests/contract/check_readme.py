"""The lines of README.md under "Without Kafka" do what the text around them says, word for word."""

import os
import re
import subprocess
import sys
import tempfile

ROOT = os.getcwd()
BIN = os.path.join(os.environ["TOC_BUILD"], "bin")


def block_under(heading):
    text = open("README.md", encoding="utf-8").read()
    return re.search(r"```\n(.*?)```\n(.*?)\n\n(?:##|$)", text[text.index(heading):], re.S).groups()


def main():
    lines, words = block_under("## Without Kafka\n")
    promised = re.search(r"([\d,]+) addresses", words)[1].replace(",", "")
    built = "export PATH=$PWD/build/release/bin:$PATH\n"
    if not lines.startswith(built):
        sys.exit("the lines no longer begin with the programs' folder")
    with tempfile.TemporaryDirectory() as place:
        os.symlink(os.path.join(ROOT, "deploy"), os.path.join(place, "deploy"))
        script = f"set -euo pipefail\nexport PATH='{os.path.abspath(BIN)}':$PATH\n" + lines[len(built):]
        done = subprocess.run(["bash", "-c", script], cwd=place, capture_output=True, text=True)
    told = done.stdout.splitlines()
    if done.returncode != 0 or not told or told[-1] != promised:
        sys.exit(f"exit {done.returncode}, {promised} promised, told: {told[-1:]}\n{done.stderr[-2000:]}")
    if not re.search(r"views, digest [0-9a-f]{64}", done.stderr):
        sys.exit(f"no digest: {done.stderr}")
    print(f"as README says: {promised}")


main()
