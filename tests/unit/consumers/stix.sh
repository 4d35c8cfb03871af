#!/usr/bin/env bash
# stix.sh SINK_FILE: the bundle that the stix sink writes, fresh and stale, passes the OASIS validator.
set -euo pipefail

sink_file=$1
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python=$("$here/../../support/venv.sh" stix)

indicators() {
    printf '%s\n' 'domain a.example.com' 'ipv4 185.220.101.7' 'ipv6 2a0b:f4c2::7' 'cidr 185.220.101.0/24' \
        'endpoint 185.220.101.7:443' "url https://a.example.com/it's?q=%22x%22" "email o'brien@example.com" \
        'md5 d41d8cd98f00b204e9800998ecf8427e' 'sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709' 'cve CVE-2026-1234'
}

indicators | "$sink_file" stix "$dir/fresh.json"
indicators | "$sink_file" stix "$dir/stale.json" stale
: | "$sink_file" stix "$dir/empty.json"
"$python" "$here/stix_valid.py" "$dir/fresh.json" 13 "$dir/stale.json" 14 "$dir/empty.json" 3
