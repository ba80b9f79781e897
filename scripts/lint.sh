#!/usr/bin/env bash
# Formatting, lints, types and the house rules, for all languages. Runs all of them and fails if any failed.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=()
step() { # step NAME COMMAND...
    printf '==> %s\n' "$1"
    "${@:2}" || failed+=("$1")
}
step "cargo fmt" cargo fmt --all -- --check
make --no-print-directory ui/dist/index.html >/dev/null || failed+=("ui build")
step "cargo clippy" cargo clippy --workspace --all-targets --quiet -- -D warnings
step "tidy" python3 tests/tidy/tidy.py
step "ruff" .venv/bin/ruff check --quiet python tests examples benches scripts/stubs.py
step "mypy" bash -c 'cd python && ../.venv/bin/mypy --no-error-summary'
if grep -q '"lint"' ui/package.json 2>/dev/null; then step "ui lint" npm --prefix ui run --silent lint; fi
if grep -q '"typecheck"' ui/package.json 2>/dev/null; then step "ui typecheck" npm --prefix ui run --silent typecheck; fi
if [ ${#failed[@]} -gt 0 ]; then
    printf '==> lint failed: %s\n' "${failed[*]}"
    exit 1
fi
echo "==> lint: all good"
