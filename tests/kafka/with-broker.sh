#!/usr/bin/env bash
# with-broker.sh NAME COMMAND...: runs a test against the shared broker (fixture.sh): its environment has what
# tests/support/kafka.sh lists, and TOC_PREFIX, a prefix for topics, groups and transactional ids that no other test
# and no earlier run of this one has used.
set -euo pipefail

name=$1
shift
# shellcheck source=/dev/null
. "${TOC_BUILD:?the build folder}/kafka/env"
export TOC_PREFIX=${name//_/-}-$$.
rc=0
"$@" || rc=$?
[ $rc = 0 ] || echo "$name failed ($rc); the broker's log: $TOC_KAFKA_DIR/log/broker.log" >&2
exit $rc
