#!/usr/bin/env bash
# Who may do what on the broker, proven by trying: certificates that must be refused, requests that ask for more than a
# member's certificate, and every topic against every kind of member. rights.py has the cases.
set -euo pipefail

# shellcheck source=../support/deployment.sh
. "$(dirname "$0")/../support/deployment.sh"
deployment_for_script 2
deployment_member "$work" green-clinic clinic GREEN
deployment_member "$work" amber-hospital hospital AMBER
deployment_member "$work" gov-desk government AMBER
deployment_ctl "$work" interest add amber-hospital amber-urls 'kind = url' >/dev/null
python3 "$(dirname "$0")/rights.py" "$work"
