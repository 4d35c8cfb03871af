#!/usr/bin/env bash
# Suspend, restore, revoke: what the log does with a member from that place on, what happens to what it said before, and to
# a connection it has open. suspension.py has the steps.
set -euo pipefail

# shellcheck source=../support/deployment.sh
. "$(dirname "$0")/../support/deployment.sh"
deployment_for_script 2
deployment_member "$work" alpha hospital AMBER --no-probation
deployment_member "$work" beta hospital AMBER --no-probation
deployment_hub "$work" h1
deployment_start "$work" h1
echo waiting-to-be-sent.com >"$work/list"
python3 "$(dirname "$0")/suspension.py" "$work"
deployment_stop "$work" h1
