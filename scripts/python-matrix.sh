#!/usr/bin/env bash
# Runs the Python tests, and a small test of the whole system, on every supported version of Python that is here.
#   scripts/python-matrix.sh [--core] [VERSION]...     default: 3.9 3.10 3.11 3.12 3.13; with --core: 3.9 3.13
# --core: without the whole system, and of the tests only the core, in an environment that has nothing but what the
# package itself needs: what CI can afford.
# Environment: TRADEWIND_BIN, the binary for the whole-system part (default: the debug build).
# Interpreters are looked for on PATH and among pyenv's. One that is not here is skipped, and the summary says so.
set -uo pipefail
cd "$(dirname "$0")/.."
core=
if [ "${1:-}" = --core ]; then core=yes; shift; fi
versions=("$@")
if [ $# = 0 ] && [ -n "$core" ]; then versions=(3.9 3.13); elif [ $# = 0 ]; then versions=(3.9 3.10 3.11 3.12 3.13); fi
core_tests=(imports parse runtime flow mapping triggers)
export TRADEWIND_BIN=${TRADEWIND_BIN:-$(realpath "${CARGO_TARGET_DIR:-target}")/debug/tradewind}
summaries=()
bad=0

# A line for every version that ran or was skipped.
note() { summaries+=("$(printf '%-5s %s' "$1" "$2")"); printf -- '--> Python %s: %s\n' "$1" "$2"; }

interpreter() { # interpreter VERSION: its path, if there is one
    local candidate
    for candidate in "$(command -v "python$1")" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python; do
        # pyenv's shims exist for versions that are not switched on.
        if [ -x "$candidate" ] && [ "$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$1" ]; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

wanted=core
[ -n "$core" ] || wanted=$(cat tests/requirements.txt tests/providers.txt | sha256sum | cut -d" " -f1)
for version in "${versions[@]}"; do
    if ! python=$(interpreter "$version"); then
        note "$version" "skipped: there is no python$version here"
        continue
    fi
    venv=$PWD/.venv-matrix/${core:+core-}$version
    if [ "$(cat "$venv/.installed" 2>/dev/null)" != "$wanted" ]; then
        printf '==> Python %s: preparing %s\n' "$version" "$venv"
        rm -rf "$venv"
        # uv, where the tests' own environment has it, takes seconds where pip takes minutes.
        if [ -x .venv/bin/uv ]; then
            pip=(.venv/bin/uv pip install --quiet --python "$venv/bin/python")
        else
            pip=("$venv/bin/pip" install --quiet --disable-pip-version-check)
        fi
        # What the `airflow` package itself needs has to be there for every version.
        if ! "$python" -m venv "$venv" || ! "${pip[@]}" jinja2 markupsafe pendulum python-dateutil pytest; then
            note "$version" "FAILED: its environment could not be made"
            bad=1
            continue
        fi
        # Others end their support of old versions of Python sooner than we do; tests that need them skip themselves.
        one_by_one() { # one_by_one FILE [OPTION...]
            grep -v '^#' "$1" | while read -r requirement; do
                "${pip[@]}" "${@:2}" "$requirement" >/dev/null 2>&1 || echo "    no $requirement for this version of Python"
            done
        }
        if [ -z "$core" ]; then
            "${pip[@]}" -r tests/requirements.txt >/dev/null 2>&1 || one_by_one tests/requirements.txt
            "${pip[@]}" --no-deps -r tests/providers.txt >/dev/null 2>&1 || one_by_one tests/providers.txt --no-deps
        fi
        echo "$wanted" >"$venv/.installed"
    fi
    printf '==> Python %s (%s)\n' "$version" "$python"
    log=$(mktemp)
    tests=(python/tests)
    [ -z "$core" ] || tests=("${core_tests[@]/#/python/tests/test_}") tests=("${tests[@]/%/.py}")
    PYTHONPATH=python "$venv/bin/python" -m pytest "${tests[@]}" 2>&1 | tee "$log"
    unit=${PIPESTATUS[0]} whole=0
    line=$(grep -E '(passed|failed|error).* in ' "$log" | tail -1 | tr -d =)
    if [ -z "$core" ]; then
        TRADEWIND_TEST_PYTHON=$venv/bin/python .venv/bin/python -m pytest tests/e2e/test_python_version.py 2>&1 | tee "$log"
        whole=${PIPESTATUS[0]}
        line="$line; whole system: $(grep -E '(passed|failed|error).* in ' "$log" | tail -1 | tr -d =)"
    fi
    rm -f "$log"
    if [ "$unit" = 0 ] && [ "$whole" = 0 ]; then note "$version" "ok $line"; else note "$version" "FAILED $line"; bad=1; fi
done

printf '\n==> Summary\n'
printf '    %s\n' "${summaries[@]}"
exit $bad
