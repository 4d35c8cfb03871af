#!/usr/bin/env bash
# One organisation with three member ids of ten feeds each against the whole way: broker, hub, carried reference sets,
# two subscribers' blocking outputs. attack.py has the steps.
set -euo pipefail

# shellcheck source=../support/deployment.sh
. "$(dirname "$0")/../support/deployment.sh"
deployment_for_script 2
deployment_member "$work" gov-desk government AMBER
deployment_member "$work" st-marys hospital AMBER --no-probation
deployment_member "$work" blue-river payer GREEN --no-probation
for id in loud-1 loud-2 loud-3; do
    deployment_member "$work" $id hospital AMBER --no-probation --organisation loud
done
sets=$deployment_root/deploy/reference
while IFS=$'\t' read -r name type effect file; do
    case $name in '' | \#*) continue ;; esac
    deployment_ctl "$work" reference use "$sets/$file" --name "$name" --type "$type" --effect "$effect" >/dev/null
done <"$sets/sets.tsv"
deployment_hub "$work" h1
deployment_start "$work" h1
python3 "$(dirname "$0")/attack.py" "$work"
deployment_stop "$work" h1
