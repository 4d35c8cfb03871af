#!/usr/bin/env bash
# fetch.sh [DIR]: Apache Kafka's jars into DIR, by Maven, each checked against jars.sha256. Prints the folder's name.
# The folder appears whole or not at all; if it is there already it is checked, not fetched (no network needed).
#   -u  write jars.sha256 from what Maven gives (after a change of pom.xml; review the difference)
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
update=''
[ "${1:-}" != -u ] || { update=1; shift; }
if [ $# -gt 1 ] || [[ "${1:-}" == -* ]]; then
    echo "usage: fetch.sh [-u] [DIR]" >&2
    exit 2
fi

version=$(sed -n '/<artifactId>kafka-jars</{n;s/.*<version>\(.*\)<.*/\1/p}' "$here/pom.xml")
dir=${1:-$here/../../.cache/kafka-$version}
mkdir -p "$(dirname "$dir")"
dir=$(cd "$(dirname "$dir")" && pwd)/$(basename "$dir")
stage=$dir.fetching

die() {
    echo "fetch.sh: $*" >&2
    exit 1
}

# Maven leaves some fifty jars of its own machinery in its repository: that stays apart and is thrown away.
copy_jars() {
    mvn -q -B -f "$here/pom.xml" -Dmaven.repo.local="$stage/repository" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$stage/jars" 2>&1 | sed 's/\x1b\[[0-9;]*m//g' >&2
}

exec 9>"$dir.lock"
flock --nonblock 9 || { echo "waiting for another fetch into $dir" >&2; flock 9; }

if [ -d "$dir" ] && [ -z "$update" ] && [ -n "$(ls -A "$dir")" ]; then
    "$here/verify.sh" "$dir" >/dev/null
    echo "$dir"
    exit 0
fi

command -v mvn >/dev/null || die "no mvn: run deploy/install-packages.sh run"
rm -rf "$stage"
trap 'rm -rf "$stage"' EXIT
mkdir "$stage"
echo "fetching Apache Kafka $version ($(wc -l <"$here/jars.sha256") jars, about 80 MB)" >&2
copy_jars || { echo "Maven failed; trying once more" >&2; copy_jars; } || die "Maven could not fetch the jars (see above)"
if [ -n "$update" ]; then
    (cd "$stage/jars" && LC_ALL=C sha256sum -- *) >"$here/jars.sha256"
    rm -rf "$dir"
else
    "$here/verify.sh" "$stage/jars" >/dev/null
    [ ! -d "$dir" ] || rmdir "$dir"
fi
mv "$stage/jars" "$dir"
echo "$dir"
