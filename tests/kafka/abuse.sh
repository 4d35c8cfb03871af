#!/usr/bin/env bash
# One member with a client of its own tries to stop the exchange, to make it grow, to make it work without end. abuse.py
# has the cases; the hub must neither stumble nor build anything anew.
set -euo pipefail

# shellcheck source=../support/deployment.sh
. "$(dirname "$0")/../support/deployment.sh"
deployment_for_script 2
deployment_member "$work" mallory hospital AMBER --no-probation
deployment_member "$work" honest hospital AMBER --no-probation
deployment_hub "$work" h1
deployment_start "$work" h1
TOC_PAGE=http://127.0.0.1:$(deployment_port "$work" h1) python3 "$(dirname "$0")/abuse.py" "$work"
deployment_stop "$work" h1
