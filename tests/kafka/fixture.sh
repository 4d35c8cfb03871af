#!/usr/bin/env bash
# fixture.sh up|down: the one broker that all tests of one ctest run share, in $TOC_BUILD/kafka. It ends with ctest too,
# should "down" never be called.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC2034 # kafka.sh reads it: ctest is the parent
kafka_guardian=$PPID
# shellcheck source=../support/kafka.sh
. "$here/../support/kafka.sh"
dir=${TOC_BUILD:?the build folder}/kafka

up() {
    kafka_stop "$dir"
    rm -rf "$dir"
    kafka_start "$dir"
    # The hub's right to transactional ids, which librdkafka 2.0.2 cannot express; tests name theirs as they like.
    kafka_tool "$dir" org.apache.kafka.tools.AclCommand --add --allow-principal User:hub --operation Write \
        --operation Describe --transactional-id '*'
}

down() {
    kafka_stop "$dir"
}

case ${1:-} in
up | down) "$1" ;;
*) echo "usage: fixture.sh up|down" >&2; exit 2 ;;
esac
