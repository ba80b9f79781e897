#!/usr/bin/env bash
# Compares our cron with croniter itself, on random expressions that nobody has seen before.
#   scripts/cron-parity.sh [ROWS] [SEED]    ten instants a row, both ways; a fresh seed unless one is given
set -euo pipefail
cd "$(dirname "$0")/.."
rows=${1:-300} seed=${2:-$RANDOM$RANDOM}
python=${PYTHON:-.venv/bin/python}
"$python" -c 'import croniter' 2>/dev/null || "$python" -m pip install --quiet 'croniter==7.0.0'
file=$(mktemp)
trap 'rm -f "$file"' EXIT
echo "==> croniter, $rows random expressions; again with: scripts/cron-parity.sh $rows $seed"
"$python" crates/core/tests/parity/cron/dense.py "$rows" "$seed" >"$file"
TRADEWIND_CRON_DENSE_FILE=$file cargo test --quiet --workspace --test cron_dense
