#!/usr/bin/env bash
# One Apache Kafka broker (KRaft, mutual TLS, authorizer) on 127.0.0.1. What it is set to: server.properties here.
set -euo pipefail
umask 077

usage() {
    cat <<'END'
usage: broker.sh start --dir DIR --jars DIR --keystore FILE --hub-ca FILE --member-ca FILE [option...]
       broker.sh stop --dir DIR
       broker.sh status --dir DIR
start returns when the broker answers; if it runs already, at once. stop returns when it has ended.
  --dir DIR          data, settings, logs and PID of this broker; data is kept from start to start
  --jars DIR         what fetch.sh made; checked before every start
  --keystore FILE    PEM: PKCS#8 key, certificate (CN=broker, subjectAltName 127.0.0.1), the hub's authority
  --hub-ca FILE      PEM: who may use the port of operator and hub; CN=x is principal x
  --member-ca FILE   PEM: who may use the members' port; CN=x is principal m.x
  --ports H,M,C      operator and hub, members, controller (default 19092,19094,19093)
  --fresh            remove the data of earlier runs first
  --bench            2 GB heap and the optimising compiler; else 512 MB and a quick start
  --heap SIZE        another heap size, as java's -Xmx takes it
  --set KEY=VALUE    one more broker setting; may be repeated
  --while PID        stop by itself once process PID is gone, however it went
status: exit 0 = runs, 3 = does not.
END
}

die() {
    echo "broker.sh: $*" >&2
    exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
command=${1:-}
case $command in
start | stop | status) shift ;;
-h | --help) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac

dir='' jars='' keystore='' hub_ca='' member_ca='' ports=19092,19094,19093 fresh='' bench='' heap='' guardian=''
settings=()
while [ $# -gt 0 ]; do
    case $1 in
    --fresh) fresh=1; shift; continue ;;
    --bench) bench=1; shift; continue ;;
    esac
    [ $# -ge 2 ] || { usage >&2; exit 2; }
    case $1 in
    --dir) dir=$2 ;;
    --jars) jars=$2 ;;
    --keystore) keystore=$(realpath "$2") ;;
    --hub-ca) hub_ca=$(realpath "$2") ;;
    --member-ca) member_ca=$(realpath "$2") ;;
    --ports) ports=$2 ;;
    --heap) heap=$2 ;;
    --set) settings+=("$2") ;;
    --while) guardian=$2 ;;
    *) usage >&2; exit 2 ;;
    esac
    shift 2
done
[ -n "$dir" ] || { usage >&2; exit 2; }
[ "$command" != start ] || mkdir -p "$dir/log"
dir=$(realpath "$dir")
IFS=, read -r hub_port member_port controller_port <<<"$ports"

# Prints the broker's PID if it lives. The PID file alone proves nothing (the number may belong to another process by
# now): the process must be a Kafka of this very folder.
running() {
    local pid
    pid=$(cat "$dir/broker.pid" 2>/dev/null) || return 1
    [[ $(tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline") == *kafka.Kafka$'\n'"$dir/server.properties" ]] || return 1
    echo "$pid"
}

write_settings() {
    cat "$here/server.properties"
    cat <<END

# of this broker
listeners=SSL://127.0.0.1:$hub_port,MEMBER://127.0.0.1:$member_port,CONTROLLER://127.0.0.1:$controller_port
advertised.listeners=SSL://127.0.0.1:$hub_port,MEMBER://127.0.0.1:$member_port
controller.quorum.voters=1@127.0.0.1:$controller_port
log.dirs=$dir/data
ssl.keystore.location=$keystore
ssl.truststore.location=$hub_ca
listener.name.member.ssl.truststore.location=$member_ca
END
    [ ${#settings[@]} = 0 ] || printf '%s\n' "${settings[@]}"
}

# Kafka writes a cluster id as 16 bytes in base64url; one that starts with "-" would look like an option.
format_data() {
    local id=-
    while [[ $id == -* ]]; do
        id=$(openssl rand -base64 16 | tr -d '=' | tr '+/' '-_')
    done
    java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dtoc.log.dir="$dir/log" \
        -Dlog4j2.configurationFile="$here/log4j2.properties" -cp "$1" \
        kafka.tools.StorageTool format --ignore-formatted -t "$id" -c "$dir/server.properties" >"$dir/log/format.log" 2>&1 ||
        die "formatting failed: see $dir/log/format.log"
}

# Asks the broker for its metadata (request 3, version 1, no topics) over TLS, with its own certificate, and reads the
# number of live brokers out of the answer: true once there is one. Needs nothing but openssl.
answers() {
    local reply to
    # If openssl fails, the reader must see the end and the writer must not: cat keeps taking what is written.
    coproc TLS {
        timeout 5 openssl s_client -quiet -no_ign_eof -verify_quiet -connect "127.0.0.1:$hub_port" -CAfile "$hub_ca" \
            -cert "$keystore" -key "$keystore" -verify_return_error -verify_ip 127.0.0.1 2>"$dir/log/probe.log" || true
        exec >/dev/null
        cat
    }
    local pid=$!
    to=${TLS[1]}
    exec 7<&"${TLS[0]}" # a copy: bash keeps a coprocess's own descriptors from a pipeline
    printf '\0\0\0\x0e\0\x03\0\x01\0\0\0\x01\xff\xff\0\0\0\0' >&"$to"
    # size (4 bytes), the request's number (4), number of brokers (4)
    reply=$(head -c 12 <&7 | od -An -tu1)
    exec 7<&- {to}>&-
    wait "$pid" 2>/dev/null || true
    [ -n "$reply" ] && [ "${reply##* }" != 0 ]
}

launch() {
    local flags=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1) max=${heap:-512m}
    if [ -n "$bench" ]; then
        flags=()
        max=${heap:-2g}
    fi
    # setsid: Ctrl-C at the terminal is for whoever started the broker, which then stops it in its own order.
    setsid java "-Xmx$max" "${flags[@]}" -Djava.awt.headless=true -Dtoc.log.dir="$dir/log" \
        -Dlog4j2.configurationFile="$here/log4j2.properties" -cp "$1" kafka.Kafka "$dir/server.properties" \
        </dev/null >"$dir/log/console.log" 2>&1 9>&- &
    echo $! >"$dir/broker.pid"
}

complain() {
    echo "broker.sh: $1; the end of its log ($dir/log/broker.log):" >&2
    { cat "$dir/log/console.log"; grep -E ' (ERROR|FATAL) |^Caused by' "$dir/log/broker.log" || true; } 2>/dev/null | tail -n 12 >&2
    exit 1
}

start() {
    local pid class_path file port deadline
    for file in "$keystore" "$hub_ca" "$member_ca"; do
        [ -r "$file" ] || die "start needs --keystore, --hub-ca and --member-ca, each a file that can be read"
    done
    [[ $ports =~ ^[0-9]+,[0-9]+,[0-9]+$ ]] || die "--ports wants three numbers"
    if pid=$(running); then
        [ -n "$fresh" ] || { echo "broker runs already (PID $pid)"; return; }
        stop
    fi
    class_path=$("$here/verify.sh" "$jars")
    [ -z "$fresh" ] || rm -rf "$dir/data" "$dir/log"
    mkdir -p "$dir/log"
    rm -f "$dir/log/console.log" "$dir/log/broker.log"
    for port in "$hub_port" "$member_port" "$controller_port"; do
        ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || die "port $port is taken by another program; choose with --ports"
    done
    write_settings >"$dir/server.properties"
    [ -e "$dir/data/meta.properties" ] || format_data "$class_path"
    launch "$class_path"
    pid=$(cat "$dir/broker.pid")
    # shellcheck disable=SC2064 # now: functions called from here have a pid of their own
    trap "kill -TERM $pid; exit 130" INT TERM HUP
    if [ -n "$guardian" ]; then
        (exec </dev/null >/dev/null 2>&1 9>&-; guard "$pid") &
    fi
    deadline=$((SECONDS + 120))
    until answers; do
        [ -e "/proc/$pid/exe" ] || complain "the broker ended while starting"
        [ $SECONDS -lt $deadline ] || { stop; complain "the broker did not answer within 120 s"; }
        sleep 0.1
    done
    trap - INT TERM HUP
    echo "broker answers on 127.0.0.1: operator and hub $hub_port, members $member_port (PID $pid)"
}

# Outlives this script: ends the broker (PID $1) when the process it was started for is gone, unless it has ended before.
guard() {
    trap '' INT HUP
    while kill -0 "$guardian" 2>/dev/null; do
        [ -e "/proc/$1/exe" ] || return
        sleep 1
    done
    [ "$(running)" != "$1" ] || exec "$here/broker.sh" stop --dir "$dir"
}

stop() {
    local pid
    pid=$(running) || { rm -f "$dir/broker.pid"; echo "no broker runs"; return; }
    kill -TERM "$pid"
    if ! timeout 60 tail -s 0.05 --pid="$pid" -f /dev/null; then
        kill -KILL "$pid"
        tail -s 0.05 --pid="$pid" -f /dev/null
        echo "broker.sh: the broker did not end within 60 s and was killed" >&2
    fi
    rm -f "$dir/broker.pid"
    echo "broker stopped"
}

if [ "$command" = status ]; then
    pid=$(running) || { echo "no broker runs"; exit 3; }
    echo "broker runs (PID $pid): $(sed -n 's/^advertised.listeners=//p' "$dir/server.properties")"
    exit 0
fi
[ -d "$dir" ] || { echo "no broker runs"; exit 0; }
# One start or stop at a time for one folder.
exec 9>"$dir/lock"
flock 9
"$command"
