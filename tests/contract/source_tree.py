"""What the checks beside this file share: which files there are, and C source without its comments and literals."""

import os
import re
import subprocess
import sys

SKIPPED = {".git", ".cache", "build", "quickstart", "__pycache__"}


def files(root):
    """Every file of the tree, relative to root: in a git work tree what git tracks or would track, else all."""
    if os.path.exists(os.path.join(root, ".git")):
        listed = subprocess.run(
            ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, stdout=subprocess.PIPE).stdout.decode().split("\0")
        return sorted(f for f in set(listed) if f and os.path.isfile(os.path.join(root, f)))
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in SKIPPED]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def c_files(root):
    return [f for f in files(root) if f.endswith((".c", ".h"))]


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as stream:
        return stream.read()


def bare_c(text):
    """C without comments and with empty literals; every line keeps its number."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        found = match.group(0)
        if found[0] == "/":
            return " " + "\n" * found.count("\n")
        return found[0] * 2

    return token.sub(blank, text)


def run(check):
    """The main of a check: check(root) yields (path, line, what is wrong); any finding is failure."""
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    count = 0
    for path, line, what in check(root):
        print(f"{path}:{line}: {what}")
        count += 1
    if count:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {count} found")
