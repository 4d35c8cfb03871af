#!/usr/bin/env bash
# How fast: observations per core-second of the steps alone and through Kafka, and how long a value takes from a
# publisher's pipe to a subscriber's file. Prints figures; README.md beside it says how to read them.
#
#   tests/bench/run.sh [--indicators N] [--redeliveries N] [--probes N]
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
indicators=400000 # below what one member may say anew in an hour (500,000)
redeliveries=3
probes=100
while [ $# -gt 0 ]; do
    case $1 in
    --indicators) indicators=$2 ;;
    --redeliveries) redeliveries=$2 ;;
    --probes) probes=$2 ;;
    *)
        echo "usage: tests/bench/run.sh [--indicators N] [--redeliveries N] [--probes N]" >&2
        exit 2
        ;;
    esac
    shift 2
done

export TOC_BUILD=$root/build/release
cmake -S "$root" --preset release >/dev/null
cmake --build "$TOC_BUILD" >/dev/null
export TOC_KAFKA_JARS
TOC_KAFKA_JARS=$("$root/deploy/kafka/fetch.sh")
# shellcheck source=tests/support/deployment.sh
. "$root/tests/support/deployment.sh"
work=$(mktemp -d)
trap 'deployment_end "$work"; rm -rf "$work"' EXIT

echo "machine: $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1); load $(cut -d' ' -f1 /proc/loadavg)"
echo
echo "the steps alone (bench_fuse), one core:"
"$TOC_BUILD/tests/bench_fuse" "$indicators" "$redeliveries"

# --- through Kafka ---------------------------------------------------------------------------------------

cpu_ms() { awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 1000 / hz) }' "/proc/$1/stat"; }

# Starts the hub with what is waiting in the log and measures its CPU until nothing is left.
drain() {
    local what=$1 observations=$2 pid began cpu wall
    deployment_start "$work" hub >/dev/null
    pid=$(cat "$work/hub/pid")
    began=$(date +%s%N)
    # Read to its end: with pipefail a writer that grep -q leaves alone would count as a failure, at times for ever.
    until deployment_ctl "$work" status --json 2>/dev/null | grep '"lag_records": 0,' >/dev/null; do :; done
    cpu=$(cpu_ms "$pid")
    wall=$((($(date +%s%N) - began) / 1000000))
    printf '%-20s %10.0f observations per core-second of hub CPU, %d ms wall, state read back included\n' "$what" \
        "$(awk -v n="$observations" -v ms="$cpu" 'BEGIN { print n * 1000 / ms }')" "$wall"
    grep VmRSS "/proc/$pid/status" | sed 's/^/                     hub /'
    deployment_stop "$work" hub
}

echo
echo "through Kafka, exactly once, TLS, $indicators domains, two views each:"
deployment_make "$work" 12
deployment_member "$work" north hospital AMBER --no-probation --may-block
deployment_hub "$work" hub 'fetch_kbytes = 262144;'
awk -v n="$indicators" 'BEGIN { for (i = 0; i < n; i++) printf "h%08x.x%05x.com\n", (i * 2654435761) % 4294967296, i % 1048576 }' >"$work/list.txt"
publish() { "$TOC_BUILD/bin/tocsin-publish" -c "$work/north/member.conf" --feed main "$work/list.txt"; }
publish 2>/dev/null >/dev/null
drain "all new" "$indicators"
for ((i = 0; i < redeliveries; i++)); do publish 2>/dev/null >/dev/null; done
drain "redelivered" $((indicators * redeliveries))

echo
echo "from a publisher's pipe to a subscriber's file, TLS:"
deployment_start "$work" hub >/dev/null
/usr/bin/python3 "$root/tests/bench/latency.py" "$TOC_BUILD/bin" "$work/north/member.conf" "$work/out.list" "$probes"
