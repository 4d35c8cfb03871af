#!/bin/bash
# publish.sh: a member's submissions on a real deployment: --wait tells what the hub did with them; said again nothing
# changes; killed while sending, the next start sends the rest and everything is counted once; a full list withdraws; a
# suspended member is told so.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/support/deployment.sh
. "$root/tests/support/deployment.sh"
dir=$(mktemp -d)
trap '[ -z "${KEEP:-}" ] || cp -r "$dir" "$KEEP"; deployment_end "$dir"; rm -rf "$dir"' EXIT
publish=$TOC_BUILD/bin/tocsin-publish

fail() {
    echo "publish.sh: $*" >&2
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
    "$publish" -c "$dir/st-mary/member.conf" --feed main --wait --timeout 30s "$@" >"$out" 2>"$out.err" || code=$?
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

echo "killed while sending"
lines=60000
seq 1 $lines | sed 's/\(.*\)/host\1.example.com/' >"$dir/many"
spool=$dir/st-mary/state/spool/$(printf %019d 3)
"$publish" -c "$dir/st-mary/member.conf" --feed main "$dir/many" 2>"$dir/killed.err" &
pid=$!
until [ -s "$spool/acks" ] || ! kill -0 $pid 2>/dev/null; do :; done
kill -KILL $pid 2>/dev/null || fail "it ended before it could be killed: $(cat "$dir/killed.err")"
wait $pid 2>/dev/null || true
[ -s "$spool/segments" ] || fail "nothing is left to be sent: $(ls -R "$dir/st-mary/state")"
noted=$(($(stat -c %s "$spool/acks") / 4))
digest=$(sha256sum <"$spool/segments")
echo "  $noted segments were noted as stored"
wait_for "$dir/out" || fail "$(cat "$dir/out" "$dir/out.err")"
[ ! -e "$spool" ] || fail "the spool was not emptied"
expect "$dir/out" quarantined 0
deployment_ctl "$dir" status --json >"$dir/status.json"
python3 - "$dir/status.json" $((122 + 122 + lines)) <<'END' || fail "conservation: $(cat "$dir/status.json")"
import json, sys

status, want = json.load(open(sys.argv[1])), int(sys.argv[2])
member = [m for m in status["members"] if m["member"] == "st-mary"][0]
accepted = member["accepted"] if "accepted" in member else member["changed"] + member["unchanged"]
assert accepted == want, (accepted, want)
assert member["quarantined"] == 0
END
echo "  $digest: once"

echo "a full list withdraws"
printf '%s.example.org\n' a b c d >"$dir/list"
wait_for "$dir/out" --full-list "$dir/list" || fail "$(cat "$dir/out.err")"
printf '%s.example.org\n' a b c >"$dir/list"
wait_for "$dir/out" --full-list "$dir/list" || fail "$(cat "$dir/out.err")"
expect "$dir/out" sent 4
expect "$dir/out" changed 1

echo "suspended: refused, and told so"
deployment_ctl "$dir" member suspend st-mary >/dev/null
code=0
wait_for "$dir/out" "$root/tests/data/feeds/akira.txt" || code=$?
[ $code != 0 ] || fail "a suspended member published: $(cat "$dir/out" "$dir/out.err")"
cat "$dir/out" "$dir/out.err"

echo "a pipe that never ends"
deployment_ctl "$dir" member restore st-mary >/dev/null
mkfifo "$dir/pipe"
"$publish" -c "$dir/st-mary/member.conf" --feed main --follow - <"$dir/pipe" 2>"$dir/follow.err" &
pid=$!
exec 7>"$dir/pipe"
echo followed.example.net >&7
until deployment_ctl "$dir" explain followed.example.net 2>/dev/null | grep -q st-mary; do
    kill -0 $pid 2>/dev/null || fail "it ended: $(cat "$dir/follow.err")"
done
kill -TERM $pid
wait $pid || fail "--follow ended with $?: $(cat "$dir/follow.err")"
exec 7>&-
deployment_stop "$dir" hub-1
echo "publish.sh: good"
