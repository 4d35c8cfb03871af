#!/bin/bash
# publish.sh: a member's submissions on a real deployment: said again nothing changes; killed while sending, the next
# start sends the rest and everything is counted once; a full list withdraws; a suspended member is told so; a pipe is
# followed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/support/deployment.sh
. "$root/tests/support/deployment.sh"
dir=$(mktemp -d)
trap 'deployment_end "$dir"; rm -rf "$dir"' EXIT
publish=$TOC_BUILD/bin/tocsin-publish

fail() {
    echo "publish.sh: $*" >&2
    exit 1
}

# send FILE ARGUMENT...: publishes as st-mary, its words into FILE; gives the exit code.
send() {
    local out=$1 code=0
    shift
    "$publish" -c "$dir/st-mary/member.conf" --feed main "$@" >"$out" 2>&1 || code=$?
    return $code
}

# total FIELD: the hub's count of st-mary's observations, over all partitions.
total() {
    deployment_ctl "$dir" status --json | python3 -c '
import json, sys
print(json.load(sys.stdin)["members"].get("st-mary", {}).get(sys.argv[1], 0))' "$1"
}

# wait_taken NUMBER: until the hub accepted so many, each counted once; never more.
wait_taken() {
    local taken deadline=$((SECONDS + 120))
    until taken=$(total accepted) && [ "$taken" -ge "$1" ]; do
        [ $SECONDS -lt $deadline ] || fail "the hub took $taken of $1"
    done
    [ "$taken" = "$1" ] || fail "the hub took $taken, more than the $1 there are"
    [ "$(total sent)" = $(($1 + $(total quarantined) + $(total repeated))) ] || fail "conservation: $(deployment_ctl "$dir" status)"
}

deployment_make "$dir" 4
deployment_member "$dir" st-mary hospital GREEN
deployment_hub "$dir" hub-1
deployment_start "$dir" hub-1

echo "a feed, and the same again: nothing changes"
send "$dir/out" "$root/tests/data/feeds/gru-aa25.intel" || fail "$(cat "$dir/out")"
wait_taken 122
[ "$(total changed)" = 122 ] || fail "$(total changed) changed"
send "$dir/out" "$root/tests/data/feeds/gru-aa25.intel" || fail "$(cat "$dir/out")"
wait_taken $((2 * 122))
[ "$(total changed)" = 122 ] || fail "$(total changed) changed"

echo "killed while sending"
lines=200000
seq 1 $lines | sed 's/\(.*\)/host\1.example.com/' >"$dir/many"
spool=$dir/st-mary/state/spool/$(printf %019d 3)
"$publish" -c "$dir/st-mary/member.conf" --feed main "$dir/many" 2>"$dir/killed.err" &
pid=$!
until [ -s "$spool/acks" ] || ! kill -0 $pid 2>/dev/null; do :; done
kill -KILL $pid 2>/dev/null || fail "it ended before it could be killed: $(cat "$dir/killed.err")"
wait $pid 2>/dev/null || true
[ -s "$spool/segments" ] || fail "nothing is left to be sent: $(ls -R "$dir/st-mary/state")"
noted=$(($(stat -c %s "$spool/acks") / 4))
echo "  $noted segments were noted as stored"
send "$dir/out" || fail "$(cat "$dir/out")"
[ ! -e "$spool" ] || fail "the spool was not emptied"
wait_taken $((122 + 122 + lines))
[ "$(total gaps)" = 0 ] || fail "the hub misses segments"
echo "  the hub took $(total repeated) a second time, and counted them once"

echo "a full list withdraws"
printf '%s.example.org\n' a b c d >"$dir/list"
send "$dir/out" --full-list "$dir/list" || fail "$(cat "$dir/out")"
wait_taken $((2 * 122 + lines + 4))
changed=$(total changed)
printf '%s.example.org\n' a b c >"$dir/list"
send "$dir/out" --full-list "$dir/list" || fail "$(cat "$dir/out")"
wait_taken $((2 * 122 + lines + 8))
[ "$(total changed)" = $((changed + 1)) ] || fail "$(total changed) changed, not one more than $changed"

echo "suspended: refused, and told so"
deployment_ctl "$dir" member suspend st-mary >/dev/null
code=0
send "$dir/out" "$root/tests/data/feeds/akira.txt" || code=$?
[ $code = 1 ] || fail "a suspended member published: $(cat "$dir/out")"
grep -q "not allowed" "$dir/out" || fail "$(cat "$dir/out")"

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
