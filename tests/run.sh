#!/usr/bin/env bash
# tests/run.sh [--full]: from a fresh clone to the result of every test. Installs missing packages, builds with gcc and
# the address and undefined-behaviour sanitizers, fetches Apache Kafka, runs ctest, which starts its own brokers.
#   --full   also: unit tests with clang and with the thread sanitizer, clang-tidy, shellcheck
# Everything is tried even if something failed; exit 0 only if nothing did.
# shellcheck disable=SC2317 # "step" calls the functions
set -uo pipefail

full=''
case "$*" in
'') ;;
--full) full=full ;;
*) sed -n '2,5s/^# //p' "$0" >&2; exit 2 ;;
esac
cd "$(dirname "$0")/.." || exit
cores=$(nproc)
failed=()

step() { # WHAT COMMAND...; says when and what, keeps what failed
    local what=$1 rc=0
    shift
    printf '\n[%2d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$what"
    "$@" || rc=$?
    [ $rc = 0 ] || failed+=("$what")
    return $rc
}

need() { # a step without which the rest makes no sense
    step "$@" || finish
}

build() { # PRESET
    cmake --preset "$1" >"build/$1.configure.log" 2>&1 || { cat "build/$1.configure.log"; return 1; }
    cmake --build --preset "$1" --parallel "$cores"
}

run_ctest() { # PRESET [ctest option]...
    local preset=$1
    shift
    ctest --test-dir "build/$preset" --output-on-failure --parallel "$cores" --no-tests=error "$@" 2>&1 |
        tee "build/$preset.ctest.log"
}

# What the tests say they tried, by label: their lines "cases LABEL NUMBER WHAT" (tests/README.md).
count_cases() { # PRESET
    local log="build/$1/Testing/Temporary/LastTest.log"
    [ -e "build/$1.ctest.log" ] && [ -e "$log" ] || return 0 # else it is of an earlier run
    awk '$1 == "cases" && $3 ~ /^[0-9]+$/ { n[$2] += $3; how[$2]++ }
        END { for (label in n) printf "tried: %-9s %9d cases in %d kinds\n", label, n[label], how[label] }' "$log" | sort
}

sources_of_product() {
    git ls-files 'lib/*.c' 'producers/*.c' 'hub/*.c' 'consumers/*.c' 'gateway/*.c'
}

run_clang_tidy() {
    sources_of_product | xargs -P "$cores" -n 4 clang-tidy -p build/clang --quiet 2>&1 | sed '/warnings generated\.$/d'
}

run_shellcheck() {
    git ls-files '*.sh' .ci/run tests/contract/check-headers | xargs shellcheck
}

finish() {
    local log
    count_cases asan
    for log in build/clang.ctest.log build/tsan.ctest.log build/asan.ctest.log; do
        if [ -e "$log" ]; then
            printf '\n== %s\n' "$log"
            sed -n '/tests passed, .* tests failed/,$p' "$log"
        fi
    done
    # After ctest's own last words only if there is bad news: whoever looks for them finds them at the end.
    if [ ${#failed[@]} -gt 0 ]; then
        printf 'FAILED: %s\n' "${failed[@]}"
        exit 1
    fi
    exit 0
}

mkdir -p build
rm -f build/*.ctest.log
# shellcheck disable=SC2086 # $full is one word or none
need "packages" deploy/install-packages.sh build run test $full
need "Apache Kafka" deploy/kafka/fetch.sh
need "build: gcc, address and undefined-behaviour sanitizers" build asan
# Without --full those of label "long" are left out: they try random moments for as long as it takes.
if [ -n "$full" ]; then
    step "all tests" run_ctest asan
else
    step "all tests but the long ones" run_ctest asan --label-exclude long
fi
if [ -n "$full" ]; then
    if step "build: clang" build clang; then
        step "unit tests: clang" run_ctest clang --label-regex unit
        step "clang-tidy" run_clang_tidy
    fi
    if step "build: gcc, thread sanitizer" build tsan; then
        step "unit tests: thread sanitizer" run_ctest tsan --label-regex unit
    fi
    step "shellcheck" run_shellcheck
fi
finish
