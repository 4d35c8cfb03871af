"""The pages of schemas/ name what the code has: every code of advice, every family of refusals, every topic, every file."""

import os
import re
import subprocess
import sys

CTL = os.path.join(os.environ["TOC_BUILD"], "bin/tocsinctl")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def first_cells(page, heading=None):
    """What stands in back quotes in the first column of the page's tables (below a heading)."""
    text = page if heading is None else page[page.index(heading):]
    cells = (line.split("|")[1] for line in text.splitlines() if line.startswith("|"))
    return {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)}


def differ(what, one, other, said, has):
    return [f"{what} {x}: in {one}, not in {other}" for x in sorted(said - has)] + [
        f"{what} {x}: in {other}, not in {one}" for x in sorted(has - said)]


def advice_codes():
    judge = set(re.findall(r'\[REASON_\w+\] = "([^"]+)"', read("hub/fuse/judge.c")))
    told = subprocess.run([CTL, "codes"], capture_output=True, text=True, check=True).stdout
    known = {line.split()[0] for line in told.splitlines() if re.match(r"\S+ +advice: ", line)}
    page = first_cells(read("schemas/ADVICE.md"), "## Codes\n")
    return (differ("code", "schemas/ADVICE.md", "judge.c", page, judge) +
            differ("code", "tocsinctl codes", "judge.c", known, judge))


def refusal_families():
    rows = [line for line in read("schemas/refusals.tsv").splitlines() if line and not line.startswith("#")]
    families = {row.split(".")[0] + "." for row in rows}
    page = first_cells(read("schemas/REFUSALS.md"), "| family |")
    return differ("family", "schemas/REFUSALS.md", "refusals.tsv", page, families)


def topics():
    code = set(re.findall(r'#define TOC_TOPIC_(?!PREFIX)\w+ "([^"]+)"', read("lib/indicator/topics.h")))
    page = {word.split(".<")[0] for word in first_cells(read("schemas/TOPICS.md"))}
    return differ("topic", "schemas/TOPICS.md", "topics.h", page, code)


def files():
    page = read("schemas/README.md")
    tracked = subprocess.run(["git", "ls-files", "schemas"], capture_output=True, text=True, check=True).stdout.split()
    names = {path.split("/")[1] for path in tracked} - {"README.md", "CMakeLists.txt"}
    pages = {name for name in names if name.endswith((".md", ".tsv")) or "." not in name}
    return [f"schemas/README.md does not name {name}" for name in sorted(pages) if name not in page]


def main():
    wrong = advice_codes() + refusal_families() + topics() + files()
    print("\n".join(wrong) or "the pages name what the code has")
    return bool(wrong)


sys.exit(main())
