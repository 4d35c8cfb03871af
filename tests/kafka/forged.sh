#!/usr/bin/env bash
# What was forged, altered, played again, or signed by the wrong hand changes nothing that anybody sees, and is counted.
# forged.py has the cases.
set -euo pipefail

# shellcheck source=../support/deployment.sh
. "$(dirname "$0")/../support/deployment.sh"
deployment_for_script 2
deployment_member "$work" alpha hospital AMBER --no-probation
deployment_member "$work" beta hospital AMBER --no-probation
deployment_hub "$work" h1
deployment_start "$work" h1
TOC_PAGE=http://127.0.0.1:$(deployment_port "$work" h1) python3 "$(dirname "$0")/forged.py" "$work"
deployment_stop "$work" h1
