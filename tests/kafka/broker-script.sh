#!/usr/bin/env bash
# deploy/kafka/broker.sh with brokers of its own: what stays from start to start, what a crash leaves, whose absence ends
# a broker, and that it starts with checked jars only.
set -euo pipefail

# shellcheck source=../support/kafka.sh
. "$(dirname "$0")/../support/kafka.sh"
dir=$(mktemp -d "${TOC_BUILD:?the build folder}/broker-script.XXXXXX")
script=$kafka_root/deploy/kafka/broker.sh
jars=$("$kafka_root/deploy/kafka/fetch.sh")

finish() {
    local rc=$?
    kafka_stop "$dir" >/dev/null
    if [ $rc = 0 ]; then
        rm -rf "$dir"
    else
        echo "failed; the broker's log: $dir/log/broker.log"
    fi
}
trap finish EXIT

fail() {
    echo "FAILED: $*"
    exit 1
}

runs() {
    "$script" status --dir "$dir" >/dev/null
}

topics() {
    kafka_tool "$dir" org.apache.kafka.tools.TopicCommand --list
}

step() {
    echo "-- $* ($SECONDS s)"
}

# The command that kafka_start would give, for what it would not.
start_raw() { # JARS [option]...
    local with=$1
    shift
    "$script" start --dir "$dir" --jars "$with" --keystore "$dir/pki/broker.pem" --hub-ca "$dir/pki/hub-ca.pem" \
        --member-ca "$dir/pki/member-ca.pem" "$@"
}

step "start, twice"
kafka_start "$dir"
pid=$(cat "$dir/broker.pid")
kafka_tool "$dir" org.apache.kafka.tools.TopicCommand --create --topic kept
ports=$(sed -n 's/^listeners=SSL:.*:\([0-9]*\),MEMBER:.*:\([0-9]*\),CONTROLLER:.*:\([0-9]*\)$/\1,\2,\3/p' "$dir/server.properties")
[[ $(start_raw "$jars" --ports "$ports") == *"runs already (PID $pid)" ]] || fail "a second start did not see the first"

step "a taken port is named"
mkdir "$dir/other"
said=$("$script" start --dir "$dir/other" --jars "$jars" --keystore "$dir/pki/broker.pem" --hub-ca "$dir/pki/hub-ca.pem" \
    --member-ca "$dir/pki/member-ca.pem" --ports "$ports" 2>&1) && fail "two brokers on one port"
[[ $said == *"port ${ports%%,*} is taken"* ]] || fail "the taken port is not named: $said"

step "stop and start: data is kept"
kafka_stop "$dir"
! runs || fail "it still runs"
kafka_stop "$dir" >/dev/null
kafka_start "$dir"
[ "$(topics)" = kept ] || fail "the topic is gone after a stop"

step "kill -9 and start: data is kept, a PID file of the dead broker fools nobody"
kill -KILL "$(cat "$dir/broker.pid")"
tail -s 0.05 --pid="$(cat "$dir/broker.pid")" -f /dev/null
! runs || fail "a killed broker is said to run"
echo $$ >"$dir/broker.pid"
! runs || fail "a PID file that names another process is believed"
# The controller waits for the dead broker's session to end before it takes the new one in; shorter here.
kafka_start "$dir" --set broker.session.timeout.ms=2000 --set broker.heartbeat.interval.ms=300
[ "$(topics)" = kept ] || fail "the topic is gone after kill -9"

step "--fresh forgets"
kafka_start "$dir" --fresh
[ -z "$(topics)" ] || fail "a topic outlived --fresh"
kafka_stop "$dir"

step "a jar that is not the fetched one: no java starts"
bad=$dir/jars
mkdir "$bad"
cp "$jars"/* "$bad"
printf x >>"$bad/kafka-clients-4.3.1.jar"
touch "$bad/extra.jar"
said=$(start_raw "$bad" 2>&1) && fail "it started with a changed jar"
[[ $said == *"extra: extra.jar"*"wrong sum: kafka-clients-4.3.1.jar"* ]] || fail "the wrong jars are not named: $said"
! runs || fail "it runs with a changed jar"

step "a key store that does not fit: an error with its reason, nothing left running"
cp "$dir/pki/broker.pem" "$dir/pki/good.pem"
cp "$dir/pki/hub-ca.pem" "$dir/pki/broker.pem"
said=$(start_raw "$jars" --ports "$(kafka_free_ports)" 2>&1) && fail "it started without a key"
[[ $said == *"No matching PRIVATE KEY"* ]] || fail "no reason given: $said"
! runs || fail "it runs without a key"
mv "$dir/pki/good.pem" "$dir/pki/broker.pem"

step "the process it was started for dies: the broker ends by itself"
sleep 600 &
guardian=$!
kafka_guardian=$guardian
kafka_start "$dir"
pid=$(cat "$dir/broker.pid")
kill -KILL $guardian
timeout 30 tail -s 0.1 --pid="$pid" -f /dev/null || fail "it still runs 30 s later"

step "done"
