#!/usr/bin/env bash
# bus-doubt.sh PROGRAM: runs it with a broker of its own, which it freezes.
set -euo pipefail

work=$(mktemp -d)
# shellcheck source=../support/kafka.sh
. "$(dirname "$0")/../support/kafka.sh"
trap 'kafka_stop "$work/broker" >/dev/null || true; rm -rf "$work"' EXIT
kafka_start "$work/broker"
# shellcheck source=/dev/null
. "$work/broker/env"
TOC_PREFIX=bus-doubt. "$1"
