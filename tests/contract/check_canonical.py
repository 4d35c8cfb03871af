#!/usr/bin/env python3
"""The words of schemas/CANONICAL.md put into Python, without our code, against schemas/vectors/canon.jsonl
and the URL cases: if this agrees with the vectors, so can a connector in any language.

Non-ASCII labels go through NFC, lower case and Punycode only (the standard library has no UTS 46), so
vectors that are refused as canon.domain.idn are left to the C tests."""
import ipaddress
import json
import os
import re
import sys
import unicodedata

MAX = {"ipv4": 15, "ipv6": 39, "cidr": 43, "endpoint": 21, "domain": 253, "url": 2048, "email": 254,
       "md5": 32, "sha1": 40, "sha256": 64, "sha512": 128, "cve": 28}
DEFAULT_PORT = {"http": 80, "https": 443, "ftp": 21}
UNRESERVED = re.compile(rb"[A-Za-z0-9._~-]")
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "schemas", "tld.txt"), encoding="ascii") as lines:
    TLD = {line.strip() for line in lines if not line.startswith("#")}


class Refused(Exception):
    pass


def ensure(condition, code):
    if not condition:
        raise Refused(code)


def is_ipv4(text):
    return re.fullmatch(r"(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}", text, re.A) and \
        all(int(part) < 256 for part in text.split("."))


def ipv4(text):
    ensure(is_ipv4(text), "canon.ipv4")
    return text


def ipv6(text, code="canon.ipv6"):
    ensure(":" in text and "%" not in text, code)
    tail = text.rpartition(":")[2]
    if "." in tail:
        ensure(is_ipv4(tail), code)
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        raise Refused(code) from None
    ensure(int(address) >> 32 != 0xFFFF, "canon.ipv6.mapped")
    groups = [f"{int(group, 16):x}" for group in address.exploded.split(":")]
    runs = [m for m in re.finditer(r"(?:(?<=,)|^)0(?:,0)+(?=,|$)", ",".join(groups))]
    if not runs:
        return ":".join(groups)
    best = max(runs, key=lambda m: (len(m.group()), -m.start()))
    joined = ",".join(groups)
    before, after = joined[:best.start()].strip(","), joined[best.end():].strip(",")
    return before.replace(",", ":") + "::" + after.replace(",", ":")


def cidr(text):
    address, slash, length = text.partition("/")
    try:
        address = ipv6(address) if ":" in address else ipv4(address)
    except Refused as refused:
        raise Refused("canon.ipv6.mapped" if "mapped" in str(refused) else "canon.cidr") from None
    bits = 128 if ":" in address else 32
    ensure(re.fullmatch(r"0|[1-9]\d{0,2}", length, re.A) and int(length) <= bits, "canon.cidr")
    ensure(int(ipaddress.ip_address(address)) & ((1 << bits - int(length)) - 1) == 0, "canon.cidr.host-bits")
    if int(length) == bits:
        return address, {128: "ipv6", 32: "ipv4"}[bits], {"single-address"}
    return f"{address}/{length}"


def endpoint(text):
    ensure(not text.startswith("["), "canon.endpoint.ipv6")
    host, colon, port = text.partition(":")
    ensure(colon and is_ipv4(host), "canon.endpoint")
    ensure(re.fullmatch(r"[1-9]\d{0,4}", port, re.A) and int(port) < 65536, "canon.endpoint.port")
    return text


def domain(text, notes):
    labels = re.split("[.\u3002\uff0e\uff61]", text)
    if len(labels) > 1 and labels[-1] == "":
        labels.pop()
    for i, label in enumerate(labels):
        if label.isascii():
            labels[i] = label.lower()
        else:
            notes.add("idn")
            label = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", label).lower())
            labels[i] = label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
    name = ".".join(labels)
    ensure(labels[0], "canon.domain.label")
    ensure(len(name) <= 253, "canon.length")
    for label in labels:
        bad = re.search(r"[^a-z0-9_-]", label)
        ensure(not bad, "canon.domain.wildcard" if bad and bad.group() == "*" else "canon.domain.character")
        ensure(1 <= len(label) <= 63 and label[0] != "-" and label[-1] != "-", "canon.domain.label")
        ensure(not label.startswith("rpz-"), "canon.domain.rpz")
    ensure(len(labels) > 1, "canon.domain.single")
    ensure(labels[-1] in TLD, "canon.domain.tld")
    return name


def ends_in_number(host):
    last = host.removesuffix(".").rpartition(".")[2]
    return re.fullmatch(r"\d+|0[xX][0-9a-fA-F]*", last, re.A)


def url_host(host, notes):
    if host.startswith("["):
        ensure(host.endswith("]"), "canon.url.host")
        return "[" + ipv6(host[1:-1], "canon.url.host") + "]"
    decoded = re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), host.encode())
    try:
        host = decoded.decode()
    except UnicodeDecodeError:
        raise Refused("canon.url.host") from None
    ensure(host, "canon.url.host")
    if is_ipv4(host):
        return host
    ensure(not ends_in_number(host), "canon.url.host")
    return domain(host, notes)


def encode(text, chosen):
    out, waiting = b"", 0
    for token in re.findall(rb"%[0-9A-Fa-f]{2}|.", text.encode(), re.S):
        byte = bytes([int(token[1:], 16)]) if len(token) == 3 else token
        hexdigit = re.fullmatch(rb"[0-9A-Fa-f]", byte)
        if len(token) == 3:
            keep = not UNRESERVED.fullmatch(byte) or (waiting and hexdigit)
        else:
            keep = byte[0] <= 0x20 or byte[0] >= 0x7F or byte in chosen
        if keep:
            out, waiting = out + b"%%%02X" % byte[0], 0
        else:
            out += byte
            waiting = 2 if token == b"%" else waiting - 1 if waiting and hexdigit else 0
    return out.decode("ascii")


def url_path(path):
    done = []
    segments = re.split(r"[/\\]", path[1:]) if path else [""]
    for i, segment in enumerate(segments):
        segment, last = encode(segment, [bytes([c]) for c in b'"#<>?^`{}']), i == len(segments) - 1
        if segment in (".", ".."):
            if segment == ".." and done:
                done.pop()
            if last:
                done.append("")
        else:
            done.append(segment)
    return "/" + "/".join(done)


def url(text, notes):
    text = re.sub(r"[\t\n\r]", "", text.strip("".join(map(chr, range(0x21)))))
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    ensure(colon and scheme in DEFAULT_PORT, "canon.url.scheme")
    rest, fragment, _ = rest.lstrip("/\\").partition("#")
    rest, mark, query = rest.partition("?")
    authority = re.match(r"[^/\\]*", rest).group()
    path = rest[len(authority):]
    userinfo, at, hostport = authority.rpartition("@")
    bracket = hostport.find("]") if hostport.startswith("[") else 0
    host, _, port = hostport[max(bracket, 0):].partition(":")
    value = scheme + "://" + url_host(hostport[:max(bracket, 0)] + host, notes)
    if port:
        port = port.lstrip("0") or "0"
        ensure(re.fullmatch(r"\d{1,5}", port, re.A) and 0 < int(port) < 65536, "canon.url.port")
        if int(port) == DEFAULT_PORT[scheme]:
            notes.add("default-port")
        else:
            value += ":" + port
    if at:
        notes.add("userinfo-removed")
    if fragment:
        notes.add("fragment-removed")
    return value + url_path(path) + (mark + encode(query, [bytes([c]) for c in b"\"#<>'"]))


def email(text, notes):
    ensure(text.count("@") == 1, "canon.email")
    local, _, host = text.partition("@")
    atoms = r"[A-Za-z0-9!#$%&'*+=^_`{|}~-]+"
    ensure(host and len(local) <= 64 and re.fullmatch(rf"{atoms}(\.{atoms})*", local), "canon.email")
    return local + "@" + domain(host, notes)


def cve(text):
    text = text[:4].upper() + text[4:]
    match = re.fullmatch(r"CVE-(\d{4})-(\d{4}|[1-9]\d{4,18})", text, re.A)
    ensure(match and 1999 <= int(match.group(1)) <= 2999, "canon.cve")
    return text


def canon(kind, raw):
    """(value, kind, notes) or Refused."""
    notes = set()
    raw = raw.strip(" \t\n\v\f\r")
    ensure(raw, "canon.empty")
    ensure(kind == "url" or not re.search("[\x00-\x1f\x7f]", raw), "canon.text")
    if kind == "cidr":
        value = cidr(raw)
        if isinstance(value, tuple):
            return value
    elif kind in ("domain", "url", "email"):
        value = {"domain": domain, "url": url, "email": email}[kind](raw, notes)
    elif kind in ("ipv4", "ipv6", "endpoint", "cve"):
        value = {"ipv4": ipv4, "ipv6": ipv6, "endpoint": endpoint, "cve": cve}[kind](raw)
    else:
        ensure(re.fullmatch(r"[0-9a-fA-F]{%d}" % MAX[kind], raw), "canon.hash")
        value = raw.lower()
    ensure(len(value) <= MAX[kind], "canon.length")
    return value, kind, notes


def guess(raw, assume_scheme):
    raw = raw.strip(" \t\n\v\f\r")
    ensure(raw, "canon.empty")
    if re.match(r"(https?|ftp):|[a-z][a-z0-9+.-]*://", raw, re.I):
        return canon("url", raw)
    address = re.fullmatch(r"(.*)/\d+", raw, re.A)
    if address and (is_ipv4(address[1]) or (":" in address[1] and not re.search(r"[^0-9a-fA-F:.]", address[1]))):
        return canon("cidr", raw)
    if "/" in raw or "?" in raw:
        ensure(assume_scheme and raw[0] != "/" and "@" not in raw.partition("/")[0], "canon.url.scheme")
        value, kind, notes = canon("url", "http://" + raw)
        return value, kind, notes | {"scheme-assumed"}
    if "@" in raw:
        return canon("email", raw)
    if ":" in raw:
        head, _, tail = raw.partition(":")
        if is_ipv4(head) or re.fullmatch(r"\[.*\].+", raw):
            return canon("endpoint", raw)
        ensure(":" in tail, "canon.endpoint" if "." in head else "canon.kind")
        return canon("ipv6", raw)
    if re.fullmatch(r"[0-9a-fA-F]{24,}", raw):
        kinds = [kind for kind in ("md5", "sha1", "sha256", "sha512") if MAX[kind] == len(raw)]
        ensure(kinds, "canon.hash")
        return canon(kinds[0], raw)
    if ends_in_number(raw):
        return canon("ipv4", raw)
    if raw[:4].upper() == "CVE-" and "." not in raw:
        return canon("cve", raw)
    return canon("domain", raw)


def outcome(case):
    try:
        raw = bytes.fromhex(case["raw_hex"]).decode() if "raw_hex" in case else case["raw"]
        value, kind, notes = guess(raw, case.get("assume_scheme")) if case["kind"] == "guess" else canon(case["kind"], raw)
        return value, kind, sorted(notes)
    except UnicodeDecodeError:
        return "canon.text"
    except Refused as refused:
        return str(refused)


def rows(path):
    with open(path, encoding="ascii") as lines:
        for number, line in enumerate(lines, 1):
            yield number, json.loads(line)


def check_vectors(path):
    checked = 0
    for number, case in rows(path):
        if case.get("refusal") == "canon.domain.idn":
            continue
        wanted = case["refusal"] if "refusal" in case else \
            (case["value"], case.get("becomes", case["kind"]), sorted(case.get("notes", [])))
        if outcome(case) != wanted:
            sys.exit(f"{path}:{number}: {case} gives {outcome(case)}")
        checked += 1
    return checked


def check_urls(path, departures):
    """Listed departures give what the list says; the others what WHATWG says, without user info and fragment."""
    checked = 0
    for number, case in rows(path):
        listed = departures.get(case["input"], {})
        got = outcome({"kind": "url", "raw": case["input"]})
        if not case["input"].isascii() or re.match(r"[^/]*//[^/?#]*%[89a-f]", case["input"], re.I):
            continue  # a host that is no ASCII, or hides one
        if listed:
            good = got == listed["refusal"] if "refusal" in listed else got[0] == listed["value"]
        elif case["href"] is None:
            good = isinstance(got, str)
        else:
            good = got[0] == re.sub(r"^(\w+://)[^/?]*@", r"\1", case["href"].partition("#")[0])
        if not good:
            sys.exit(f"{path}:{number}: {case} gives {got}")
        checked += 1
    return checked


def main():
    departures = {case["input"]: case for _, case in rows("schemas/vectors/url-departures.jsonl")}
    total = [check_vectors("schemas/vectors/canon.jsonl"), check_urls("tests/data/url/wpt-url.jsonl", departures),
             check_urls("tests/data/url/wpt-url-hosts.jsonl", departures)]
    if total[0] < 400 or total[1] < 300:
        sys.exit("too few vectors")
    print("agrees with", sum(total), "vectors")


if __name__ == "__main__":
    main()
