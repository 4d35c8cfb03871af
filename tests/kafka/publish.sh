#!/bin/bash
# publish.sh: a member's submissions on a real deployment: said again nothing changes; killed while sending, the next
# start sends the rest and everything is counted once; a full list withdraws; a suspended member is told so; a pipe is
# followed.
set -euo pipefail

# shellcheck source=../support/deployment.sh
. "$(dirname "$0")/../support/deployment.sh"
publish=$deployment_bin/tocsin-publish
feeds=$deployment_root/tests/data/feeds

# send FILE ARGUMENT...: publishes as st-mary, its words into FILE; gives the exit code.
send() {
    local out=$1 code=0
    shift
    "$publish" -c "$work/st-mary/member.conf" --feed main "$@" >"$out" 2>&1 || code=$?
    return $code
}

# total FIELD: the hub's count of st-mary's observations, over all partitions.
total() {
    deployment_ctl "$work" status --json | python3 -c '
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
    [ "$(total sent)" = $(($1 + $(total quarantined) + $(total repeated))) ] || fail "conservation: $(deployment_ctl "$work" status)"
}

deployment_for_script 4
deployment_member "$work" st-mary hospital GREEN
deployment_hub "$work" hub-1
deployment_start "$work" hub-1

echo "a feed, and the same again: nothing changes"
send "$work/out" "$feeds/gru-aa25.intel" || fail "$(cat "$work/out")"
wait_taken 122
[ "$(total changed)" = 122 ] || fail "$(total changed) changed"
send "$work/out" "$feeds/gru-aa25.intel" || fail "$(cat "$work/out")"
wait_taken $((2 * 122))
[ "$(total changed)" = 122 ] || fail "$(total changed) changed"

echo "killed while sending"
lines=200000
seq 1 $lines | sed 's/\(.*\)/host\1.example.com/' >"$work/many"
spool=$work/st-mary/state/spool/$(printf %019d 3)
"$publish" -c "$work/st-mary/member.conf" --feed main "$work/many" 2>"$work/killed.err" &
pid=$!
until [ -s "$spool/acks" ] || ! kill -0 $pid 2>/dev/null; do :; done
kill -KILL $pid 2>/dev/null || fail "it ended before it could be killed: $(cat "$work/killed.err")"
wait $pid 2>/dev/null || true
[ -s "$spool/segments" ] || fail "nothing is left to be sent: $(ls -R "$work/st-mary/state")"
noted=$(($(stat -c %s "$spool/acks") / 4))
echo "  $noted segments were noted as stored"
send "$work/out" || fail "$(cat "$work/out")"
[ ! -e "$spool" ] || fail "the spool was not emptied"
wait_taken $((122 + 122 + lines))
[ "$(total gaps)" = 0 ] || fail "the hub misses segments"
echo "  the hub took $(total repeated) a second time, and counted them once"

echo "a full list withdraws"
printf '%s.example.org\n' a b c d >"$work/list"
send "$work/out" --full-list "$work/list" || fail "$(cat "$work/out")"
wait_taken $((2 * 122 + lines + 4))
changed=$(total changed)
printf '%s.example.org\n' a b c >"$work/list"
send "$work/out" --full-list "$work/list" || fail "$(cat "$work/out")"
wait_taken $((2 * 122 + lines + 8))
[ "$(total changed)" = $((changed + 1)) ] || fail "$(total changed) changed, not one more than $changed"

echo "suspended: refused, and told so"
deployment_ctl "$work" member suspend st-mary >/dev/null
code=0
send "$work/out" "$feeds/akira.txt" || code=$?
[ $code = 1 ] || fail "a suspended member published: $(cat "$work/out")"
grep -q "not allowed" "$work/out" || fail "$(cat "$work/out")"

echo "a pipe that never ends"
deployment_ctl "$work" member restore st-mary >/dev/null
mkfifo "$work/pipe"
"$publish" -c "$work/st-mary/member.conf" --feed main --follow - <"$work/pipe" 2>"$work/follow.err" &
pid=$!
exec 7>"$work/pipe"
echo followed.example.net >&7
until deployment_ctl "$work" explain followed.example.net 2>/dev/null | grep st-mary >/dev/null; do
    kill -0 $pid 2>/dev/null || fail "it ended: $(cat "$work/follow.err")"
done
kill -TERM $pid
wait $pid || fail "--follow ended with $?: $(cat "$work/follow.err")"
exec 7>&-
deployment_stop "$work" hub-1
echo "publish.sh: good"
