#!/usr/bin/env bash
# Installs what is missing of the given sections of packages.list (default: build run); nothing if nothing is.
# Needs Debian 12 or 13, and root or sudo only when something is missing.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
list=$here/packages.list

usage() {
    echo "usage: install-packages.sh [build|run|test|full]..." >&2
    exit 2
}

die() {
    echo "install-packages.sh: $*" >&2
    exit 1
}

# Prints the entries of the sections given, one a line: "name" or "name|name".
entries_of() {
    local section
    for section in "$@"; do
        grep -qx "\[$section\]" "$list" || usage
        awk -v want="[$section]" '
            /^\[/ { inside = ($0 == want); next }
            inside { sub(/#.*/, ""); gsub(/[ \t]/, ""); if ($0 != "") print }' "$list"
    done
}

# Prints those entries of standard input of which no alternative is installed.
missing_of() {
    local installed entry
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p')
    while read -r entry; do
        grep -qxE "${entry//+/\\+}" <<<"$installed" || echo "$entry"
    done
}

# The first alternative that this release offers.
choose() {
    local name policy
    for name in ${1//|/ }; do
        policy=$(LC_ALL=C apt-cache policy "$name")
        if grep -q 'Candidate: [^(]' <<<"$policy"; then
            echo "$name"
            return
        fi
    done
    die "no package source of this machine has: $1"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

# A mirror that answers badly once is not worth a failed build; twice is.
update_lists() {
    as_root apt-get -q update && return
    echo "apt-get update failed; trying once more" >&2
    as_root apt-get -q update
}

# Debian starts a service as it installs it. bind9 is wanted for its programs alone, so while packages are installed
# services may not start (policy-rc.d is Debian's own switch for that), and named does not come with the next boot.
install_quietly() {
    local policy=/usr/sbin/policy-rc.d ours=''
    if [ ! -e "$policy" ]; then
        ours=$policy
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    local rc=0
    as_root apt-get -q install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" || rc=$?
    [ -z "$ours" ] || as_root rm -f "$ours"
    if [[ " $* " == *' bind9 '* ]] && command -v systemctl >/dev/null; then
        as_root systemctl disable --quiet named 2>/dev/null || true
    fi
    return "$rc"
}

[ $# -gt 0 ] || set -- build run
command -v dpkg-query >/dev/null || die "this is not a Debian machine; install by hand what $list names"
wanted=$(entries_of "$@")
mapfile -t missing < <(missing_of <<<"$wanted")
if [ ${#missing[@]} = 0 ]; then
    echo "packages: all $(wc -l <<<"$wanted") present ($*)"
    exit 0
fi

echo "packages: ${#missing[@]} missing ($*):"
printf '  %s\n' "${missing[@]}"
if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    die "neither root nor sudo: let somebody who is run deploy/install-packages.sh $*"
fi
update_lists
names=()
for entry in "${missing[@]}"; do
    names+=("$(choose "$entry")")
done
install_quietly "${names[@]}"
mapfile -t missing < <(missing_of <<<"$wanted")
[ ${#missing[@]} = 0 ] || die "still missing: ${missing[*]}"
echo "packages: installed ${names[*]}"
