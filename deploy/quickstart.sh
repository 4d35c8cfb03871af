#!/usr/bin/env bash
# One command from a clone to a running Tocsin: packages, build, Apache Kafka on loopback with mutual TLS, a deployment
# with one government source and three members, real feeds in, block lists out.
#
#   deploy/quickstart.sh            stays up until Ctrl-C; a second run keeps its data and takes seconds
#   deploy/quickstart.sh --once     stops everything at the end; exit 0 only if conservation holds
#   deploy/quickstart.sh --fresh    starts over
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
dir=$root/quickstart
bin=$root/build/release/bin
feeds=$root/deploy/quickstart/feeds
ports=19092,19094,19093
once=false
fresh=false
for word in "$@"; do
    case $word in
    --once) once=true ;;
    --fresh) fresh=true ;;
    *)
        echo "usage: deploy/quickstart.sh [--once] [--fresh]" >&2
        exit 2
        ;;
    esac
done

began=$SECONDS
say() { printf '\n[%3d s] %s\n' $((SECONDS - began)) "$*"; }
ctl() { "$bin/tocsinctl" -c "$dir/operator/operator.conf" "$@"; }

# --- stopping ------------------------------------------------------------------------------------------

pids=()
stop_all() {
    trap - EXIT INT TERM
    local pid
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    "$root/deploy/kafka/broker.sh" stop --dir "$dir/kafka" >/dev/null 2>&1 || true
}
trap stop_all EXIT
trap 'exit 130' INT TERM

# --- steps ---------------------------------------------------------------------------------------------

build() {
    cmake -S "$root" --preset release >"$dir/log/build.log" 2>&1 &&
        cmake --build "$root/build/release" --target tocsin-hub tocsinctl tocsin-publish tocsin-subscribe tocsin-replay \
            >>"$dir/log/build.log" 2>&1 || {
        tail -n 20 "$dir/log/build.log" >&2
        exit 1
    }
}

start_broker() {
    "$root/deploy/kafka/broker.sh" start --dir "$dir/kafka" --jars "$dir/jars" --keystore "$dir/operator/broker.pem" \
        --hub-ca "$dir/operator/hub-ca.crt" --member-ca "$dir/operator/member-ca.crt" --ports $ports --while $$
}

make_deployment() {
    local op=$dir/operator
    [ -e "$op/hub-ca.crt" ] || "$bin/tocsinctl" ca --dir "$op" --quickstart >"$dir/log/ca.log"
    cat >"$op/operator.conf" <<'CONF'
operator = "quickstart"; dir = "."; member_brokers = "127.0.0.1:19094"; replicas = 1; quickstart = true;
hub_sockets = [ "HUB_SOCKET" ];
kafka = { brokers = "127.0.0.1:19092"; ca = "hub-ca.crt"; certificate = "admin.crt"; key = "admin.key"; };
CONF
    sed -i "s|HUB_SOCKET|$dir/hub/hub.sock|" "$op/operator.conf"
}

init_deployment() {
    ctl init --name quickstart --partitions 4 --apply >"$dir/log/init.log"
    # librdkafka before 2.2 cannot grant transactional ids; Kafka's own tool can.
    if grep -q 'cannot grant transactional ids' "$dir/log/init.log"; then
        "$root/deploy/kafka/tool.sh" --jars "$dir/jars" --keystore "$dir/operator/broker.pem" --ca "$dir/operator/hub-ca.crt" \
            org.apache.kafka.tools.AclCommand --bootstrap-server 127.0.0.1:19092 --add --allow-principal User:hub \
            --operation Write --operation Describe --transactional-id tocsin. --resource-pattern-type prefixed >>"$dir/log/init.log" 2>&1
    fi
}

# ID ROLE CLEARANCE ATTRIBUTION FEED...
admit() {
    local id=$1 role=$2 clearance=$3 attribution=$4 home=$dir/members/$1 feed
    shift 4
    [ ! -e "$home/tls.crt" ] || return 0
    "$bin/tocsin-publish" enrol --name "$id" --out "$home" >"$dir/log/enrol-$id.log"
    ctl member admit --request "$home/request.json" --role "$role" --clearance "$clearance" --no-probation --out "$home" \
        >"$dir/log/admit-$id.log"
    {
        cat "$home/deployment.conf"
        echo "member = \"$id\"; state = \"state\"; signing_key = \"signing.key\";"
        echo "feeds = ("
        for feed in "$@"; do
            echo "  { id = \"${feed%%:*}\"; marking = \"TLP:${feed##*:}\"; assume_scheme = true; attribution = \"$attribution\"; federal = \"yes\"; },"
        done
        echo ");"
    } | sed 'N;$!P;$!D;s/,\n);/\n);/' >"$home/member.conf"
}

put_references_to_use() {
    local name type effect file
    while IFS=$'\t' read -r name type effect file; do
        case $name in '' | \#*) continue ;; esac
        ctl reference use "$root/deploy/reference/$file" --name "$name" --type "$type" --effect "$effect" >>"$dir/log/reference.log"
    done <"$root/deploy/reference/sets.tsv"
}

start_hub() {
    local digest
    digest=$(sed -n 's/^genesis_digest = "\(.*\)"$/\1/p' "$dir/log/init.log")
    mkdir -p "$dir/hub"
    chmod 700 "$dir/hub"
    cat >"$dir/hub/hub.conf" <<CONF
hub_id = "quickstart-1"; genesis_digest = "$digest"; workers = 2;
deployment_key = "../operator/deployment.key"; signing_key = "../operator/hub.signing.key";
http = { port = 0; };
kafka = { brokers = "127.0.0.1:19092"; ca = "../operator/hub-ca.crt"; certificate = "../operator/hub.crt"; key = "../operator/hub.key"; };
CONF
    : >"$dir/log/hub.log"
    "$bin/tocsin-hub" -c "$dir/hub/hub.conf" >>"$dir/log/hub.log" 2>&1 &
    pids+=($!)
    local hub=$! port i
    for ((i = 0; i < 600; i++)); do
        port=$(sed -n 's/.* http on port \([0-9]*\).*/\1/p' "$dir/log/hub.log" | tail -n 1)
        if [ -n "$port" ] && ready "$port"; then
            echo "hub is ready: http://127.0.0.1:$port/metrics"
            return 0
        fi
        kill -0 $hub 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$dir/log/hub.log" >&2
    exit 1
}

# A health page without curl, which is no package we need.
ready() {
    local answer
    exec 9<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf 'GET /readyz HTTP/1.0\r\n\r\n' >&9
    read -r answer <&9 || true
    exec 9>&-
    case $answer in *' 200 '*) return 0 ;; *) return 1 ;; esac
}

# MEMBER FEED FILE...: one submission a file
publish() {
    local id=$1 feed=$2 file
    shift 2
    for file in "$@"; do
        printf '  %-11s %-11s %-36s ' "$id" "$feed" "$(basename "$file")"
        "$bin/tocsin-publish" -c "$dir/members/$id/member.conf" --feed "$feed" --wait \
            --rejects "$dir/out/rejects/$id-$(basename "$file").txt" "$file" >"$dir/log/publish.tmp" 2>"$dir/log/publish.err" || true
        cat "$dir/log/publish.tmp" "$dir/log/publish.err" >>"$dir/log/publish.log"
        awk '$1 == "sent" || $1 == "accepted" || $1 == "quarantined" { printf "%s %d  ", $1, $2 } END { print "" }' "$dir/log/publish.tmp"
    done
}

publish_all() {
    cat "$feeds"/maltrail/*.txt >"$dir/work/maltrail.txt"
    publish gov-desk kev "$feeds/kev/known_exploited_vulnerabilities.csv"
    publish gov-desk reports "$feeds"/unit42-stix/*.json
    publish st-marys trails "$dir/work/maltrail.txt"
    publish blue-river blacklists "$feeds"/ipsum/[2-8].txt
    publish two-docs covid "$feeds/covid19/newly_registered_domains-cut"
    # The same campaign seen by the clinic too: what two organisations say is blocked for everybody.
    publish two-docs seen "$feeds/ipsum/5.txt" "$feeds/maltrail/qakbot.txt"
}

wait_until_merged() {
    local i
    for ((i = 0; i < 600; i++)); do
        ctl status --json >"$dir/work/status.json" 2>"$dir/work/status.err" || true
        grep -q '"lag_records": 0,' "$dir/work/status.json" && return 0
        sleep 0.2
    done
    echo "the hub is still behind after two minutes: $dir/log/hub.log" >&2
    exit 1
}

subscribe() {
    "$bin/tocsin-subscribe" -c "$dir/members/two-docs/member.conf" --sink list:"$dir/out/block.list" --sink rpz:"$dir/out/block.rpz" \
        --sink csv:"$dir/out/indicators.csv" --sink jsonl:"$dir/out/indicators.jsonl" --sink stix:"$dir/out/indicators.stix.json" "$@" \
        >>"$dir/log/subscribe.log" 2>&1
}

# --- the screen ------------------------------------------------------------------------------------------

screen() {
    say "what happened"
    ctl status
    echo
    echo "kept back by the hub, and why:"
    ctl quarantine list | grep -E '^ +[0-9]+ ' || echo "  nothing"
    echo
    echo "kept back by the members' own programs, and why (all of it: quickstart/out/rejects/):"
    awk -F'\t' '!/^#/ { n[$4]++ } END { for (c in n) printf "  %7d  %s\n", n[c], c }' "$dir"/out/rejects/*.txt | sort -rn | sed 5q
    echo
    echo "blocked for a two-doctor clinic (GREEN), on whose word:"
    awk -F, '!/^#/ && $3 == "block" { why = $20; n[why]++ } END { for (w in n) printf "  %7d  %s\n", n[w], w }' "$dir/out/indicators.csv" | sort -rn | sed 5q
    echo
    echo "strongest correlations:"
    ctl correlations --audience green --top 5
    echo
    echo "defences, written by tocsin-subscribe:"
    (cd "$root" && wc -l quickstart/out/block.list quickstart/out/block.rpz quickstart/out/indicators.* | grep -v total)
    local one
    one=$(sed -n '/^[#;]/!{p;q;}' "$dir/out/block.list")
    cat <<NEXT

try next:
  build/release/bin/tocsinctl -c quickstart/operator/operator.conf explain ${one:-example.com}
  build/release/bin/tocsinctl -c quickstart/operator/operator.conf doctor
  printf 'bad.example.com\n' | build/release/bin/tocsin-publish -c quickstart/members/st-marys/member.conf --feed trails --wait -
  build/release/bin/tocsin-subscribe -c quickstart/members/two-docs/member.conf allow ${one:-example.com} --for 24h --why "our own"
NEXT
}

# --- all of it -------------------------------------------------------------------------------------------

if $fresh && [ -e "$dir" ]; then
    "$root/deploy/kafka/broker.sh" stop --dir "$dir/kafka" >/dev/null 2>&1 || true
    find "$dir" -mindepth 1 -maxdepth 1 ! -name jars -exec rm -rf {} +
fi
mkdir -p "$dir"/{log,out/rejects,work,members}
chmod 700 "$dir"

say "packages"
"$root/deploy/install-packages.sh" build run
say "building (log: quickstart/log/build.log)"
build
say "Apache Kafka"
"$root/deploy/kafka/fetch.sh" "$dir/jars" >/dev/null
make_deployment
start_broker
say "a deployment: genesis, topics, rights, one government source and three members"
init_deployment
admit gov-desk government AMBER named kev:CLEAR reports:GREEN
admit st-marys hospital AMBER anonymous trails:GREEN
admit blue-river payer GREEN named blacklists:GREEN
admit two-docs clinic GREEN anonymous covid:GREEN seen:GREEN
if [ ! -e "$dir/work/references-in-use" ]; then
    put_references_to_use
    ctl interest add two-docs clinic-blocks 'advice = block and kind in (domain, url, ipv4, endpoint)' >>"$dir/log/reference.log"
    touch "$dir/work/references-in-use"
fi
say "the hub, two workers"
start_hub
if [ ! -e "$dir/work/published" ]; then
    say "publishing real feeds, each segment signed by its member"
    publish_all
    touch "$dir/work/published"
fi
say "merging"
wait_until_merged
say "writing defences"
subscribe --once
screen
if $once; then
    grep -q '^  "conserved": true' "$dir/work/status.json" || { echo "conservation does not hold" >&2; exit 1; }
    say "done; stopping everything"
    exit 0
fi
subscribe &
pids+=($!)
say "up; Ctrl-C stops everything and keeps its data"
wait "${pids[0]}"
