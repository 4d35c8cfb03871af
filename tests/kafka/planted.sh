#!/usr/bin/env bash
# What a member plants and nobody else may ever see: stricter markings than are shared, patients' data, text that would move
# a terminal. By tocsin-publish and by a client of its own. planted.py has the cases.
set -euo pipefail

# shellcheck source=../support/deployment.sh
. "$(dirname "$0")/../support/deployment.sh"
deployment_for_script 2
deployment_member "$work" alpha hospital AMBER --no-probation --descriptions --own-name mercy-clinic.org
deployment_member "$work" beta hospital AMBER --no-probation
deployment_hub "$work" h1
deployment_start "$work" h1
TOC_PAGE=http://127.0.0.1:$(deployment_port "$work" h1) python3 "$(dirname "$0")/planted.py" "$work"
deployment_stop "$work" h1
