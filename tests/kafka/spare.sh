#!/usr/bin/env bash
# More workers than partitions: every hub becomes ready, and one that had nothing to do goes on when the other is killed.
set -euo pipefail

# shellcheck source=../support/deployment.sh
. "$(dirname "$0")/../support/deployment.sh"
deployment_for_script 1
deployment_member "$work" alpha hospital AMBER --no-probation
deployment_hub "$work" h1 'session = "6s";'
deployment_hub "$work" h2 'session = "6s";'
echo spare.example.com >"$work/list.txt"
publish() { "$deployment_bin/tocsin-publish" -c "$work/alpha/member.conf" --feed main --wait --timeout 60s "$work/list.txt"; }
deployment_start "$work" h1
deployment_start "$work" h2
publish | grep '^  changed *1$' >/dev/null || fail "the first list is not taken"
deployment_kill "$work" h1
publish | grep '^accepted *1$' >/dev/null || fail "the other hub does not go on"
deployment_stop "$work" h2
