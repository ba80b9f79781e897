#!/usr/bin/env bash
# Writes generated files anew. The tests fail while any of them is out of date.
set -euo pipefail
cd "$(dirname "$0")/.."
make --no-print-directory ui/dist/index.html
echo "==> docs/reference from the option table and the command line"
TRADEWIND_WRITE_REFERENCE=1 cargo test --quiet -p tradewind-cli --bin tradewind reference
echo "==> python: stubs of names that load on use, and of old import paths"
PYTHONPATH=python .venv/bin/python scripts/stubs.py
if grep -q '"gen"' ui/package.json 2>/dev/null; then npm --prefix ui run gen; fi
