#!/bin/sh
# validate.sh PROGRAM: what PROGRAM prints, one STIX bundle a line, passes the OASIS validator.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=$("$here/../../support/venv.sh" stix)
"$1" | "$python" "$here/validate.py"
