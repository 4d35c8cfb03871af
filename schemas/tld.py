#!/usr/bin/env python3
"""Writes schemas/tld.txt (the last labels a canonical domain may have) and lib/indicator/tld.inc (the
same as a table for the C library) from the carried public suffix list. With --check: says whether both
are what it would write. Run from the repository root after replacing the list:

    schemas/tld.py [--check] 2026-08-19
    (the date of the list; without one, the date that schemas/tld.txt already has)
"""
import re
import sys

LIST = "deploy/reference/public-suffixes.dat"
TEXT = "schemas/tld.txt"
TABLE = "lib/indicator/tld.inc"
SLOTS = 4096
LEFT_OUT = {
    "onion": "special-use, never resolved (RFC 7686)",
    "arpa": "the Internet's own infrastructure: reverse and special-use names (RFC 3172)",
}


def to_ascii(label):
    """The list holds normalised lower-case labels, so Punycode (RFC 3492) is all there is to do."""
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


def last_labels(path):
    labels = set()
    with open(path, encoding="utf-8") as lines:
        text = lines.read()
    icann = text.split("===BEGIN ICANN DOMAINS===")[1].split("// ===END ICANN DOMAINS===")[0]
    for line in icann.splitlines()[1:]:
        rule = line.split()[0] if line.split() else ""
        if rule and not rule.startswith("//"):
            labels.add(to_ascii(rule.lstrip("!").rsplit(".", 1)[-1]))
    return sorted(labels - set(LEFT_OUT))


def text_of(labels, date):
    head = [
        "# Last labels a canonical domain may have (CANONICAL.md): those of the ICANN section of the",
        f"# public suffix list of {date} (publicsuffix.org, MPL-2.0; carried as {LIST}),",
        "# in ASCII, without:",
    ] + [f"#   {label}: {why}" for label, why in LEFT_OUT.items()]
    return "\n".join(head + labels) + "\n"


def fnv1a(label):
    value = 2166136261
    for byte in label.encode("ascii"):
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


def table_of(labels, date):
    slots = [0] * SLOTS
    for number, label in enumerate(labels, 1):
        slot = fnv1a(label) % SLOTS
        while slots[slot]:
            slot = (slot + 1) % SLOTS
        slots[slot] = number
    rows = ",\n        ".join(", ".join(map(str, slots[i:i + 16])) for i in range(0, SLOTS, 16))
    names = "\n".join(f'        "{label}",' for label in labels)
    width = max(map(len, labels)) + 1
    return f"""// Made by schemas/tld.py from the public suffix list of {date} (ICANN section; MPL-2.0). Do not edit.
// tld_slots: open addressing by FNV-1a (32 bits) mod TLD_SLOTS, linear probing; a slot is a row of
// tld_names, 0 = empty.
#define TLD_SLOTS {SLOTS}u
#define TLD_NAME_SIZE {width}
static const uint16_t tld_slots[TLD_SLOTS] = {{
        {rows}}};

static const char tld_names[][TLD_NAME_SIZE] = {{
        "",
{names}
}};
"""


def main():
    arguments = [a for a in sys.argv[1:] if a != "--check"]
    if arguments:
        date = arguments[0]
    else:
        with open(TEXT, encoding="ascii") as known:
            date = re.search(r"list of (\d{4}-\d\d-\d\d)", known.read()).group(1)
    labels = last_labels(LIST)
    wanted = {TEXT: text_of(labels, date), TABLE: table_of(labels, date)}
    for path, content in wanted.items():
        if "--check" not in sys.argv:
            with open(path, "w", encoding="ascii") as out:
                out.write(content)
            continue
        with open(path, encoding="ascii") as have:
            if have.read() != content:
                sys.exit(f"{path} is not what schemas/tld.py makes of {LIST}: run it")
    print(f"{len(labels)} last labels, list of {date}")


main()
