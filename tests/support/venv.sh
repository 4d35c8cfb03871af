#!/bin/sh
# venv.sh NAME: prints the Python of a virtual environment with what tests/support/venv/NAME.txt lists, every
# package pinned by digest. Made once in the build folder (TOC_BUILD, else build), again when the list changes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
name=$1
list=$here/venv/$name.txt
root=${TOC_BUILD:-$here/../../build}/venv
python=/usr/bin/python3
[ -x "$python" ] || python=python3
stamp=$(cat "$list" "$0" | sha256sum | cut -c1-16)-$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
venv=$root/$name-$stamp
if [ ! -f "$venv/done" ]; then
    mkdir -p "$root"
    rm -rf "$venv" "$root/$name.new.$$"
    "$python" -m venv "$root/$name.new.$$" >&2
    pip="$root/$name.new.$$/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps"
    # What is built from source is built with the setuptools of the list, not with whatever is newest.
    awk '/^setuptools==/ { on = 1 } on { print } on && !/\\$/ { exit }' "$list" > "$root/$name.build.$$"
    if [ -s "$root/$name.build.$$" ]; then
        # shellcheck disable=SC2086 # a command with its options
        $pip -r "$root/$name.build.$$" >&2
    fi
    rm -f "$root/$name.build.$$"
    # shellcheck disable=SC2086
    $pip --no-build-isolation -r "$list" >&2
    touch "$root/$name.new.$$/done"
    # Another run may have been quicker; either will do. The scripts inside name the old folder: use the Python.
    mv -T "$root/$name.new.$$" "$venv" 2>/dev/null || rm -rf "$root/$name.new.$$"
fi
echo "$venv/bin/python"
