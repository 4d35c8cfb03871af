#!/bin/bash
# publish-wait.sh: --wait on a real deployment: the receipts of a submission, summed up, and the exit code.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/support/deployment.sh
. "$root/tests/support/deployment.sh"
dir=$(mktemp -d)
trap 'deployment_end "$dir"; rm -rf "$dir"' EXIT
publish=$TOC_BUILD/bin/tocsin-publish

fail() {
    echo "publish-wait.sh: $*" >&2
    exit 1
}

# expect FILE WORD NUMBER: the line of --wait with that word says that number.
expect() {
    local have
    have=$(sed -n "s/^ *$2 *\([0-9]*\)\$/\1/p" "$1")
    [ "$have" = "$3" ] || fail "$2 is ${have:-not told}, not $3: $(cat "$1")"
}

# wait_for FILE ARGUMENT...: publishes as st-mary with --wait, output into FILE; gives the exit code.
wait_for() {
    local out=$1 code=0
    shift
    "$publish" -c "$dir/st-mary/member.conf" --feed main --wait --timeout 60s "$@" >"$out" 2>"$out.err" || code=$?
    return $code
}

deployment_make "$dir" 4
deployment_member "$dir" st-mary hospital GREEN
deployment_hub "$dir" hub-1
deployment_start "$dir" hub-1

echo "--wait: what the hub says"
wait_for "$dir/out" "$root/tests/data/feeds/gru-aa25.intel" || fail "$(cat "$dir/out" "$dir/out.err")"
expect "$dir/out" sent 122
expect "$dir/out" accepted 122
expect "$dir/out" changed 122
expect "$dir/out" quarantined 0
expect "$dir/out" repeated 0

echo "said again: accepted, nothing changed"
wait_for "$dir/out" "$root/tests/data/feeds/gru-aa25.intel" || fail "$(cat "$dir/out" "$dir/out.err")"
expect "$dir/out" accepted 122
expect "$dir/out" changed 0

echo "no hub: told, and the exit code says so"
deployment_stop "$dir" hub-1
code=0
wait_for "$dir/out" --timeout 3s "$root/tests/data/feeds/akira.txt" || code=$?
[ $code = 3 ] || fail "no hub, and it ended with $code: $(cat "$dir/out")"
grep -q "no receipt for" "$dir/out" || fail "$(cat "$dir/out")"
deployment_start "$dir" hub-1
wait_for "$dir/out" "$root/tests/data/feeds/rhysida.txt" || fail "$(cat "$dir/out" "$dir/out.err")"
expect "$dir/out" sent 111
expect "$dir/out" accepted 111
deployment_stop "$dir" hub-1
echo "publish-wait.sh: good"
