#!/usr/bin/env bash
# Runs every scenario on Tradewind and writes the figures: one JSON line a repetition to benches/figures/, and the
# table of BENCHMARKS.md.
#   benches/run.sh [standalone|postgres|celery]...   default: all; celery: PostgreSQL, Redis and one worker
# Environment: REPEAT (3), SCENARIOS (all), IDLE_SECONDS (60), TRADEWIND_BIN, PYTHON (.venv/bin/python), AIRFLOW_VENV (a
# virtual environment with a real Airflow, see airflow.sh: celery then also measures both in turns, within one run).
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD/benches
repeat=${REPEAT:-3}
idle_seconds=${IDLE_SECONDS:-60}
python=${PYTHON:-$PWD/.venv/bin/python}
export TRADEWIND_BIN=${TRADEWIND_BIN:-$PWD/target/release/tradewind}
export no_proxy='*'
modes=("$@")
[ ${#modes[@]} -gt 0 ] || modes=(standalone postgres celery)
mkdir -p "$here/figures"
scratch=$(mktemp -d)
postgres_pid=
redis_pid=

finish() {
    "$here/tradewind.sh" stop >/dev/null 2>&1 || true
    [ ! -d "$scratch/airflow" ] || airflow stop >/dev/null 2>&1 || true
    if [ -n "$postgres_pid" ]; then kill -INT "$postgres_pid" 2>/dev/null || true; fi
    if [ -n "$redis_pid" ]; then kill "$redis_pid" 2>/dev/null || true; fi
    rm -rf "$scratch"
}
trap finish EXIT
chmod 711 "$scratch"

wanted() { [ -z "${SCENARIOS:-}" ] || [[ " $SCENARIOS " == *" $1 "* ]]; }

bench() { # bench SCENARIO [ARGUMENT...]
    wanted "$1" || return 0
    printf -- '--> %s %s\n' "$label" "$1"
    # A scenario that fails is reported and leaves no figures; the others still run.
    # shellcheck disable=SC2046
    "$python" "$here/bench.py" --base-url "http://127.0.0.1:$BENCH_PORT" --poll 0.05 --label "$label" --out "$out" \
        $("$here/tradewind.sh" pids) "$@" || printf -- '--> %s %s FAILED\n' "$label" "$1"
}

wait_healthy() {
    for _ in $(seq 600); do
        curl -fsS "http://127.0.0.1:$BENCH_PORT/api/v2/monitor/health" >/dev/null 2>&1 && return 0
        sleep 0.05
    done
    echo "not healthy after 30 s; see $BENCH_HOME/run" >&2
    tail -n 20 "$BENCH_HOME"/run/*.log >&2
    exit 1
}

programs=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1 || true) # PostgreSQL's, the newest

create_database() { "$programs/createdb" -h 127.0.0.1 -p $((BENCH_PORT + 1)) -U bench "$1"; }

start_postgres() {
    local as=()
    if [ -n "$postgres_pid" ]; then
        # One server for all modes, a database for each.
        local port=$((BENCH_PORT + 1))
        create_database "bench_$mode"
        export BENCH_PG_DATA=$scratch/postgres/data BENCH_DB=postgresql://bench@127.0.0.1:$port/bench_$mode
        return
    fi
    mkdir "$scratch/postgres"
    if [ "$(id -u)" = 0 ]; then
        chown postgres "$scratch/postgres"
        as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    fi
    export BENCH_PG_DATA=$scratch/postgres/data
    local port=$((BENCH_PORT + 1))
    (cd / && "${as[@]}" "$programs/initdb" -D "$BENCH_PG_DATA" -U bench -A trust -E UTF8 >/dev/null)
    (cd / && exec "${as[@]}" "$programs/postgres" -D "$BENCH_PG_DATA" -c "port=$port" -c listen_addresses=127.0.0.1 \
        -c "unix_socket_directories=$scratch/postgres" >"$scratch/postgres.log" 2>&1) &
    for _ in $(seq 200); do "$programs/pg_isready" -q -h 127.0.0.1 -p "$port" && break; sleep 0.05; done
    postgres_pid=$(head -1 "$BENCH_PG_DATA/postmaster.pid")
    create_database bench
    export BENCH_DB=postgresql://bench@127.0.0.1:$port/bench
}

# A real Airflow, and how to ask it for something in its own settings.
airflow() {
    BENCH_HOME=$scratch/airflow BENCH_BROKER=${BENCH_BROKER%/*}/1 \
        BENCH_DB=postgresql://bench@127.0.0.1:$((BENCH_PORT + 1))/airflow BENCH_PORT=$((BENCH_PORT + 3)) \
        "$here/airflow.sh" "$@"
}

# 500 Python tasks here and in a real Airflow by turns: the machine is not always equally fast, but both have it as it is.
in_turns() {
    create_database airflow
    airflow prepare
    airflow start
    local address=http://127.0.0.1:$((BENCH_PORT + 3))
    for _ in $(seq 240); do
        curl -fsS "$address/api/v2/dags/fanout_py_500" >/dev/null 2>&1 && break
        sleep 0.5
    done
    local turn=("$python" "$here/bench.py" --poll 0.05 --timeout 900 --out "$out")
    printf -- '--> Airflow, to warm it up\n'
    "${turn[@]}" --base-url "$address" --label airflow-warm fanout-py >/dev/null
    for _ in $(seq "$repeat"); do
        airflow pause
        SCENARIOS='' label=$mode-turns bench fanout-py-500
        airflow resume
        sleep 12
        printf -- '--> Airflow fanout-py-500\n'
        "${turn[@]}" --base-url "$address" --label airflow-turns fanout-py-500
    done
    airflow stop
}

for mode in "${modes[@]}"; do
    label=$mode
    out=$here/figures/$mode.jsonl
    [ -n "${SCENARIOS:-}" ] || : >"$out"
    export BENCH_HOME=$scratch/$mode BENCH_PORT=${BENCH_PORT:-18080}
    unset BENCH_DB BENCH_PG_DATA
    [ "$mode" = standalone ] || start_postgres
    unset BENCH_BROKER
    if [ "$mode" = celery ]; then
        redis-server --port $((BENCH_PORT + 2)) --bind 127.0.0.1 --save '' --dir "$scratch" >/dev/null &
        redis_pid=$!
        export BENCH_BROKER=redis://127.0.0.1:$((BENCH_PORT + 2))/0
    fi
    "$here/tradewind.sh" prepare
    "$here/tradewind.sh" start
    wait_healthy
    if [ "$mode" = celery ]; then
        # Before anything has run: the memory of a worker that was never asked.
        label=$mode-idle bench idle --over 10
        bench chain-py --repeat "$repeat"
        bench fanout-py --repeat "$repeat"
        bench fanout-py-500 --repeat "$repeat"
        if [ -n "${AIRFLOW_VENV:-}" ] && wanted turns; then in_turns; fi
        "$here/tradewind.sh" stop
        kill "$redis_pid"
        redis_pid=
        unset BENCH_HOME
        continue
    fi
    bench chain-py --repeat "$repeat"
    bench chain-bash --repeat "$repeat"
    bench fanout-py --repeat "$repeat"
    bench fanout-bash --repeat "$repeat"
    bench fanout-empty --repeat "$repeat"
    bench many-runs --repeat "$repeat"
    bench mapped --repeat "$repeat"
    bench latency-py --repeat 2
    bench latency-bash --repeat 2
    bench windmill-40 --repeat "$repeat"
    bench windmill-10 --repeat "$repeat"
    if wanted startup; then
        for _ in $(seq "$repeat"); do
            "$here/tradewind.sh" stop
            printf -- '--> %s startup\n' "$label"
            "$python" "$here/bench.py" --base-url "http://127.0.0.1:$BENCH_PORT" --label "$label" --out "$out" \
                --launch "$here/tradewind.sh start" startup || printf -- '--> %s startup FAILED\n' "$label"
        done
    fi
    if wanted idle; then
        "$here/tradewind.sh" stop
        "$here/tradewind.sh" start
        wait_healthy
        sleep 5
        label=$mode-idle bench idle --over "$idle_seconds"
    fi
    if wanted waiting; then
        label=$mode-waiting bench waiting --timeout 900 --over "$idle_seconds"
    fi
    if wanted parse; then
        "$python" "$here/gen_dags.py" "$scratch/gen" >/dev/null
        bench parse --launch "cp -r $scratch/gen/. $BENCH_HOME/dags/"
        bench unpause-all
        sleep 5
        label=$mode-idle-500 bench idle --over "$idle_seconds"
    fi
    if wanted api; then
        bench fill --count 20000
        bench api
    fi
    if [ "$mode" = postgres ] && wanted browse; then
        cp "$here/dags_history.py" "$BENCH_HOME/dags/"
        browse() { # browse SCENARIO [ARGUMENT...]
            printf -- '--> %s browse %s\n' "$label" "$1"
            # shellcheck disable=SC2046
            "$python" "$here/browse.py" --base-url "http://127.0.0.1:$BENCH_PORT" --label "$label" --out "$out" \
                $("$here/tradewind.sh" pids) "$@" || printf -- '--> %s browse %s FAILED\n' "$label" "$1"
        }
        browse fill --count "${BROWSE_COUNT:-1000000}"
        # As it is after a while: the database's own upkeep done, and a server that has not just made all of it.
        "$programs/psql" -q "$BENCH_DB" -c 'VACUUM ANALYZE'
        "$here/tradewind.sh" stop
        "$here/tradewind.sh" start
        wait_healthy
        browse measure
        "$here/tradewind.sh" command "$python" "$here/browse.py" --label "$label" --out "$out" --tradewind "$TRADEWIND_BIN" commands ||
            printf -- '--> %s browse commands FAILED\n' "$label"
    fi
    "$here/tradewind.sh" stop
    if [ "$mode" = standalone ] && wanted authoring; then
        printf -- '--> %s authoring\n' "$mode"
        "$python" "$here/authoring.py" --repeat "$repeat" --out "$out" || printf -- '--> authoring FAILED\n'
    fi
    if wanted engine; then
        printf -- '--> %s engine\n' "$mode"
        engine_db=()
        if [ "$mode" = postgres ]; then
            create_database engine
            engine_db=("${BENCH_DB%/bench}/engine")
        fi
        cargo run --quiet --release -p tradewind-engine --example figures -- "$mode" "${engine_db[@]}" | tee -a "$out"
        if [ "$mode" = standalone ]; then
            cargo run --quiet --release -p tradewind-core --example planning -- --json "$mode" | tee -a "$out"
        fi
    fi
    unset BENCH_HOME
done
"$python" "$here/table.py"
