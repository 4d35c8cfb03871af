#!/usr/bin/env bash
# verify.sh DIR: every jar of jars.sha256 is in DIR with that sum and nothing else is. Prints the class path on
# standard output. Every script here that starts a java does this first.
set -euo pipefail

sums=$(cd "$(dirname "$0")" && pwd)/jars.sha256
[ $# = 1 ] || { echo "usage: verify.sh DIR" >&2; exit 2; }
dir=$1
[ -d "$dir" ] || { echo "verify.sh: no Kafka jars in $dir: run deploy/kafka/fetch.sh" >&2; exit 1; }
dir=$(cd "$dir" && pwd)
[[ $dir != *:* ]] || { echo "verify.sh: a class path cannot name a folder with a colon: $dir" >&2; exit 1; }

wanted=$(sed 's/^[0-9a-f]*  //' "$sums" | LC_ALL=C sort)
present=$(find "$dir" -mindepth 1 -printf '%P\n' | LC_ALL=C sort)
wrong=$(
    LC_ALL=C comm -23 <(echo "$wanted") <(echo "$present") | sed 's/^/missing: /'
    LC_ALL=C comm -13 <(echo "$wanted") <(echo "$present") | sed 's/^/extra: /'
    cd "$dir"
    { LC_ALL=C sha256sum --check --strict --quiet --ignore-missing "$sums" 2>/dev/null || true; } |
        sed -n 's/^\(.*\): FAILED.*/wrong sum: \1/p'
)
if [ -n "$wrong" ]; then
    printf 'verify.sh: the Kafka jars in %s are not those of deploy/kafka/jars.sha256:\n%s\n' "$dir" "$wrong" >&2
    echo "Remove that folder and run deploy/kafka/fetch.sh; if it happens again, trust nothing that it fetched." >&2
    exit 1
fi
jars=${wanted//$'\n'/:$dir/}
echo "$dir/$jars"
