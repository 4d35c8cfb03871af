"""Manual pages: every long option and every command that a program's --help names stands in its page, and the other way
round; every page is installed beside its program."""

import os
import re
import subprocess
import sys
import tempfile

BUILD = os.environ["TOC_BUILD"]
BIN = os.path.join(BUILD, "bin")
PAGES = {
    "tocsin-hub": "hub/tocsin-hub.8",
    "tocsin-publish": "producers/tocsin-publish.1",
    "tocsin-replay": "hub/replay/tocsin-replay.1",
    "tocsin-subscribe": "consumers/tocsin-subscribe.1",
    "tocsinctl": "hub/ctl/tocsinctl.8",
}
OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]*)")
COMMAND = re.compile(r"^  ([a-z]+)  ", re.M)
MACRO = re.compile(r"^[A-Z][a-z]$")


def help_of(*command):
    done = subprocess.run([os.path.join(BIN, command[0]), *command[1:], "--help"], capture_output=True, text=True)
    if done.returncode != 0 or done.stderr or not done.stdout:
        sys.exit(f"{' '.join(command)} --help: exit {done.returncode}, {done.stderr or 'nothing said'}")
    return done.stdout


def helps(program):
    """What --help names: options, and commands where a program has such."""
    text = help_of(program)
    commands = COMMAND.findall(text) if program == "tocsinctl" else []
    whole = text + "".join(help_of(program, command) for command in commands)
    return set(OPTION.findall(whole)), set(commands)


def flags(line):
    """The arguments of Fl on a line of mdoc that are long options."""
    inside = False
    for word in line[1:].split():
        if MACRO.match(word):
            inside = word == "Fl"
        elif inside and (option := re.match(r"-([a-z][a-z-]*)", word)):
            yield option[1]


def page_of(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    options = {option for line in lines if line.startswith(".") for option in flags(line)}
    commands = {m[1] for line in lines if (m := re.match(r"\.It Cm ([a-z]+)", line))}
    return options, commands


def compare(what, path, said, written):
    wrong = [f"{path}: {what} {name} is in --help, not in the page" for name in sorted(said - written)]
    return wrong + [f"{path}: {what} {name} is in the page, not in --help" for name in sorted(written - said)]


def check_installed():
    with tempfile.TemporaryDirectory() as prefix:
        subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
        there = {name for _, _, names in os.walk(prefix) for name in names}
    wanted = [*PAGES, *map(os.path.basename, PAGES.values())]
    return [f"{name} is not installed" for name in wanted if name not in there]


def main():
    wrong = []
    for program, path in PAGES.items():
        options, commands = helps(program)
        if len(options) < 3:
            wrong.append(f"{program} --help names hardly an option: is it read rightly?")
        written_options, written_commands = page_of(path)
        wrong += compare("option", path, options, written_options)
        if commands:
            wrong += compare("command", path, commands, written_commands)
    wrong += check_installed()
    print("\n".join(wrong) or f"{len(PAGES)} pages say what the programs say")
    return bool(wrong)


sys.exit(main())
