#!/usr/bin/env bash
# tocsinctl init: a look changes nothing, --apply makes all of it, a second one finds nothing to do. init.py has the steps.
set -euo pipefail

# shellcheck source=../support/deployment.sh
. "$(dirname "$0")/../support/deployment.sh"
work=$(mktemp -d)
trap 'deployment_end "$work"; rm -rf "$work"' EXIT
deployment_files "$work"
python3 "$(dirname "$0")/init.py" "$work"
