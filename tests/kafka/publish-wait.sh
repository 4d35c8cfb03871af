#!/bin/bash
# publish-wait.sh: --wait on a real deployment: the receipts of a submission, summed up, and the exit code.
set -euo pipefail

# shellcheck source=../support/deployment.sh
. "$(dirname "$0")/../support/deployment.sh"
publish=$deployment_bin/tocsin-publish
feeds=$deployment_root/tests/data/feeds

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
    "$publish" -c "$work/st-mary/member.conf" --feed main --wait --timeout 60s "$@" >"$out" 2>"$out.err" || code=$?
    return $code
}

deployment_for_script 4
deployment_member "$work" st-mary hospital GREEN
deployment_hub "$work" hub-1
deployment_start "$work" hub-1

echo "--wait: what the hub says"
wait_for "$work/out" "$feeds/gru-aa25.intel" || fail "$(cat "$work/out" "$work/out.err")"
expect "$work/out" sent 122
expect "$work/out" accepted 122
expect "$work/out" changed 122
expect "$work/out" quarantined 0
expect "$work/out" repeated 0

echo "said again: accepted, nothing changed"
wait_for "$work/out" "$feeds/gru-aa25.intel" || fail "$(cat "$work/out" "$work/out.err")"
expect "$work/out" accepted 122
expect "$work/out" changed 0

echo "no hub: told, and the exit code says so"
deployment_stop "$work" hub-1
code=0
wait_for "$work/out" --timeout 3s "$feeds/akira.txt" || code=$?
[ $code = 3 ] || fail "no hub, and it ended with $code: $(cat "$work/out")"
grep -q "no receipt for" "$work/out" || fail "$(cat "$work/out")"
deployment_start "$work" hub-1
wait_for "$work/out" "$feeds/rhysida.txt" || fail "$(cat "$work/out" "$work/out.err")"
expect "$work/out" sent 111
expect "$work/out" accepted 111
deployment_stop "$work" hub-1
echo "publish-wait.sh: good"
