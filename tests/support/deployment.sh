# shellcheck shell=bash
# A whole deployment on loopback, for tests; to be sourced by bash scripts (set -euo pipefail) that ctest runs: TOC_BUILD
# says where the programs are. Everything is made by the programs themselves, as an operator and its members would.
#
#   deployment_make DIR [PARTITIONS]       authorities, keys, genesis, topics, rights. Under with-broker.sh it lives on the
#                                          shared broker, behind TOC_PREFIX; else it gets a broker of its own
#   deployment_files DIR                   of that only the files and the broker: all that is there before `tocsinctl init`
#   deployment_member DIR ID ROLE CLEARANCE [option of `tocsinctl member admit`]...
#                                          enrols and admits; DIR/ID/member.conf has one feed, "main", TLP:GREEN
#   deployment_hub DIR NAME [LINE]...      DIR/NAME/hub.conf, with more lines for it
#   deployment_start DIR NAME              starts that hub and waits until it is ready; its words: DIR/NAME/log
#   deployment_page DIR NAME PAGE          /metrics, /readyz, ... of that hub
#   deployment_stop DIR NAME               SIGTERM; fails unless it ends within 5 s and with exit code 0
#   deployment_kill DIR NAME               SIGKILL
#   deployment_end DIR                     kills every hub, stops an own broker: trap 'deployment_end DIR' EXIT
#   deployment_ctl DIR ARGUMENT...         tocsinctl with the operator's configuration
#   deployment_for_script PARTITIONS       one in a folder of its own, $work, that ends with the script; when that fails,
#                                          its hubs' last words are told
#   fail WORD...                           says why, and ends the script
#   DIR/op                                 the operator's folder        DIR/env  TOC_KAFKA..., TOC_PREFIX, as assignments
#
# A hub dies with the script that started it, however that ends.

deployment_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
deployment_bin=${TOC_BUILD:?the build folder}/bin
# Sanitizers make every program some three times slower, and two tests share two cores.
deployment_slow=1
if grep -q '^TOC_SANITIZE:STRING=.' "$TOC_BUILD/CMakeCache.txt" 2>/dev/null; then deployment_slow=4; fi
# shellcheck source=kafka.sh
. "$deployment_root/tests/support/kafka.sh"

# The broker's authorities are the deployment's: with a broker of its own those that `tocsinctl ca` made.
deployment_own_broker() {
    local dir=$1 pki=$1/kafka/pki name
    mkdir -p "$pki"
    for name in hub-ca member-ca; do
        cp "$dir/op/$name.crt" "$pki/$name.pem"
        cp "$dir/op/$name.key" "$pki/"
    done
    for name in broker admin hub; do
        cp "$dir/op/$name.key" "$dir/op/$name.crt" "$pki/"
        cat "$dir/op/$name.key" "$dir/op/$name.crt" "$dir/op/hub-ca.crt" >"$pki/$name.pem"
    done
    kafka_start "$dir/kafka" >&2
    # shellcheck source=/dev/null
    . "$dir/kafka/env"
    TOC_PREFIX=tocsin.
    # librdkafka below 2.2 cannot grant transactional ids.
    kafka_tool "$dir/kafka" org.apache.kafka.tools.AclCommand --add --allow-principal User:hub --operation Write \
        --operation Describe --transactional-id "$TOC_PREFIX" --resource-pattern-type prefixed >/dev/null
}

deployment_shared_broker() {
    local op=$1/op name
    for name in hub-ca member-ca; do
        cp "$TOC_KAFKA_PKI/$name.pem" "$op/$name.crt"
        cp "$TOC_KAFKA_PKI/$name.key" "$op/"
    done
    for name in admin hub; do
        cp "$TOC_KAFKA_PKI/$name.key" "$TOC_KAFKA_PKI/$name.crt" "$op/"
    done
}

deployment_files() {
    local dir=$1
    mkdir -p "$dir"
    "$deployment_bin/tocsinctl" ca --dir "$dir/op" >/dev/null
    if [ -n "${TOC_KAFKA:-}" ]; then
        deployment_shared_broker "$dir"
    else
        deployment_own_broker "$dir"
    fi
    printf 'TOC_KAFKA=%q TOC_KAFKA_MEMBER=%q TOC_PREFIX=%q\n' "$TOC_KAFKA" "$TOC_KAFKA_MEMBER" "$TOC_PREFIX" >"$dir/env"
    cat >"$dir/op/operator.conf" <<END_OF_CONF
operator = "operator";
dir = ".";
member_brokers = "$TOC_KAFKA_MEMBER";
replicas = 1;
kafka = {
  brokers = "$TOC_KAFKA"; ca = "hub-ca.crt"; certificate = "admin.crt"; key = "admin.key"; prefix = "$TOC_PREFIX";
};
END_OF_CONF
}

deployment_make() {
    deployment_files "$1"
    deployment_ctl "$1" init --partitions "${2:-4}" --apply >"$1/op/init.out"
}

deployment_ctl() {
    local dir=$1
    shift
    "$deployment_bin/tocsinctl" -c "$dir/op/operator.conf" "$@"
}

deployment_member() {
    local dir=$1 id=$2 role=$3 clearance=$4
    shift 4
    "$deployment_bin/tocsin-publish" enrol --name "$id" --out "$dir/$id" >/dev/null
    deployment_ctl "$dir" member admit --request "$dir/$id/request.json" --role "$role" --clearance "$clearance" \
        --out "$dir/$id" "$@" >/dev/null
    cat "$dir/$id/deployment.conf" - >"$dir/$id/member.conf" <<END_OF_CONF
member = "$id";
state = "state";
signing_key = "signing.key";
feeds = ( { id = "main"; marking = "TLP:GREEN"; } );
END_OF_CONF
}

deployment_hub() {
    local dir=$1 name=$2 digest file sockets=()
    shift 2
    digest=$(sed -n 's/^genesis_digest = "\(.*\)".*/\1/p' "$dir/op/init.out")
    mkdir -p "$dir/$name"
    chmod 700 "$dir/$name"
    {
        # shellcheck source=/dev/null
        . "$dir/env"
        cat <<END_OF_CONF
hub_id = "$name";
genesis_digest = "$digest";
deployment_key = "../op/deployment.key";
signing_key = "../op/hub.signing.key";
workers = 2;
http = { port = 0; };
kafka = {
  brokers = "$TOC_KAFKA"; ca = "../op/hub-ca.crt"; certificate = "../op/hub.crt"; key = "../op/hub.key";
  prefix = "$TOC_PREFIX";
};
END_OF_CONF
        [ $# = 0 ] || printf '%s\n' "$@"
    } >"$dir/$name/hub.conf"
    # status and explain ask every hub made so far.
    for file in "$dir"/*/hub.conf; do
        sockets+=("\"$(realpath "$(dirname "$file")")/hub.sock\"")
    done
    sed -i '/^hub_sockets/d' "$dir/op/operator.conf"
    (IFS=, && echo "hub_sockets = [ ${sockets[*]} ];") >>"$dir/op/operator.conf"
}

deployment_port() {
    sed -n 's/.* http on port \([0-9]*\).*/\1/p' "$1/$2/log" | tail -n 1
}

deployment_page() {
    curl -sS --fail-with-body --max-time 10 "http://127.0.0.1:$(deployment_port "$1" "$2")$3"
}

deployment_start() {
    local dir=$1 name=$2 pid deadline=$((SECONDS + 60))
    : >"$dir/$name/log"
    # The kernel kills it when this script is gone.
    setpriv --pdeathsig KILL "$deployment_bin/tocsin-hub" -c "$dir/$name/hub.conf" >>"$dir/$name/log" 2>&1 &
    pid=$!
    echo "$pid" >"$dir/$name/pid"
    until [ -n "$(deployment_port "$dir" "$name")" ] && deployment_page "$dir" "$name" /readyz >/dev/null 2>&1; do
        if ! kill -0 "$pid" 2>/dev/null || [ $SECONDS -ge $deadline ]; then
            echo "hub $name is not ready:" >&2
            tail -n 20 "$dir/$name/log" >&2
            return 1
        fi
        sleep 0.1
    done
}

deployment_stop() {
    local dir=$1 name=$2 pid code=0 began=${EPOCHREALTIME/./} took
    pid=$(cat "$dir/$name/pid")
    rm -f "$dir/$name/pid"
    kill -TERM "$pid"
    wait "$pid" || code=$?
    took=$(((${EPOCHREALTIME/./} - began) / 1000))
    if [ $code != 0 ] || [ $took -gt $((deployment_slow * 5000)) ]; then
        echo "hub $name ended with code $code after $took ms:" >&2
        tail -n 20 "$dir/$name/log" >&2
        return 1
    fi
}

deployment_kill() {
    local pid
    pid=$(cat "$1/$2/pid" 2>/dev/null) || return 0
    rm -f "$1/$2/pid"
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

deployment_end() {
    local file
    for file in "$1"/*/pid; do
        [ ! -e "$file" ] || deployment_kill "$1" "$(basename "$(dirname "$file")")"
    done
    [ ! -d "$1/kafka/data" ] || kafka_stop "$1/kafka" >&2
}

# Its exit code in front: what runs in a trap has others.
deployment_leave() {
    [ "$1" = 0 ] || tail -n 40 "$work"/*/log >&2 2>/dev/null || true
    deployment_end "$work"
    rm -rf "$work"
}

deployment_for_script() {
    work=$(mktemp -d)
    trap 'deployment_leave $?' EXIT
    deployment_make "$work" "$1"
}

fail() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}
