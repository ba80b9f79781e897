#!/usr/bin/env bash
# Runs every test suite, goes on after a failure, and prints each suite's summary at the end.
#   scripts/test.sh [rust|cron|python|matrix|ui|e2e|browser]...    only these suites
set -uo pipefail
cd "$(dirname "$0")/.."
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
summaries=()
bad=0
wanted=" $* "

suite() { # suite NAME SUMMARY-PATTERN COMMAND...
    local name=$1 pattern=$2 began=$SECONDS
    shift 2
    [ "$wanted" = "  " ] || [[ $wanted == *" $name "* ]] || return 0
    printf '\n==> %s: %s\n' "$name" "$*"
    "$@" 2>&1 | tee "$logs/$name"
    local status=${PIPESTATUS[0]}
    local line
    line=$(sed 's/\x1b\[[0-9;]*m//g' "$logs/$name" | grep -E "$pattern" | tail -n "${LINES_OF_SUMMARY:-1}" | sed 's/^[= ]*//; s/[= ]*$//' | paste -sd' ' -)
    [ "$status" = 0 ] || bad=1
    summaries+=("$(printf '%-7s %s  %s (%ss)' "$name" "$([ "$status" = 0 ] && echo ok || echo FAILED)" "$line" "$((SECONDS - began))")")
}

make --no-print-directory ui/dist/index.html || exit 1
# More worlds of the simulator than a developer's own run plays, and always the same.
export TRADEWIND_SIM_SCENARIOS=${TRADEWIND_SIM_SCENARIOS:-4000}
target=${CARGO_TARGET_DIR:-target}
if cargo nextest --version >/dev/null 2>&1; then
    rust=(cargo nextest run --workspace) pattern='^ *Summary '
else
    rust=(cargo test --workspace) pattern='^test result: '
fi
building=
if [[ $wanted == "  " || $wanted == *" rust "* ]]; then
    # The compiler leaves a processor idle for minutes: what needs nothing of it runs meanwhile.
    printf '==> rust: building, as long as other suites run\n'
    "${rust[@]}" --no-run >"$logs/build" 2>&1 &
    building=$!
fi
[ -d python/tests ] && PYTHONPATH=python suite python '(passed|failed|error).* in ' .venv/bin/python -m pytest python/tests
LINES_OF_SUMMARY=2 suite matrix '^ +3\.[0-9]+ ' scripts/python-matrix.sh --core
if grep -q '"test"' ui/package.json 2>/dev/null; then LINES_OF_SUMMARY=2 suite ui '^ *(Test Files|Tests) ' npm --prefix ui test --silent; fi
if [ -n "$building" ]; then wait "$building" || tail -n 100 "$logs/build"; fi
suite rust "$pattern" "${rust[@]}" --no-fail-fast
suite cron '^test result: ' scripts/cron-parity.sh
# The Rust suite has built the binary for its own tests; building it without theirs would build every dependency again.
if [[ ($wanted == *" e2e "* || $wanted == *" browser "*) && $wanted != *" rust "* ]]; then
    cargo build --quiet --bin tradewind || bad=1
fi
TRADEWIND_BIN=$(realpath "$target")/debug/tradewind
export TRADEWIND_BIN
suite e2e '(passed|failed|error).* in ' .venv/bin/python -m pytest -q -n 3 --dist loadfile tests/e2e --ignore tests/e2e/test_browser.py
# A browser waits for nobody: it has the machine to itself.
suite browser '(passed|failed|error).* in ' .venv/bin/python -m pytest -q tests/e2e/test_browser.py

printf '\n==> Summary\n'
printf '    %s\n' "${summaries[@]}"
exit $bad
