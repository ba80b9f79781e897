#!/usr/bin/env bash
# Start and stop Tradewind for the benchmarks, configured as Airflow was for its figures.
#   tradewind.sh prepare | start | stop | pids | command PROGRAM [ARGUMENT...]
# Environment: BENCH_HOME (state), BENCH_DB (empty: standalone on SQLite; a postgresql:// address: all roles),
# BENCH_BROKER (a redis:// address: CeleryExecutor with one worker of concurrency 16), TRADEWIND_BIN, BENCH_PORT (8080).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export BENCH_HOME=${BENCH_HOME:?}
bin=${TRADEWIND_BIN:-$here/../target/release/tradewind}
run=$BENCH_HOME/run
mkdir -p "$run" "$BENCH_HOME/home" "$BENCH_HOME/dags"
export AIRFLOW_HOME=$BENCH_HOME/home
export AIRFLOW__CORE__DAGS_FOLDER=$BENCH_HOME/dags
export AIRFLOW__CORE__EXECUTOR=LocalExecutor
export AIRFLOW__CORE__PARALLELISM=32
export AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG=1000
export AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG=1000
export AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS=True
export AIRFLOW__API_AUTH__JWT_SECRET=benchbenchbenchbenchbenchbenchbenchbenchbenchbenchbenchbenchbench00
export AIRFLOW__API__HOST=127.0.0.1
export AIRFLOW__API__PORT=${BENCH_PORT:-8080}
export AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE=20
[ -z "${BENCH_DB:-}" ] || export AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=$BENCH_DB

if [ -n "${BENCH_DB:-}" ]; then roles=(api-server scheduler dag-processor); else roles=(standalone); fi
if [ -n "${BENCH_BROKER:-}" ]; then
    roles+=(worker)
    export AIRFLOW__CORE__EXECUTOR=CeleryExecutor
    export AIRFLOW__CORE__PARALLELISM=600
    export AIRFLOW__CELERY__BROKER_URL=$BENCH_BROKER
    export AIRFLOW__CELERY__WORKER_CONCURRENCY=16
    export AIRFLOW__CORE__EXECUTION_API_SERVER_URL=http://127.0.0.1:$AIRFLOW__API__PORT/execution/
fi

case $1 in
prepare) # everything that happens once: home, Python environment, database
    cp -r "$here/dags/." "$BENCH_HOME/dags/"
    "$bin" db migrate >/dev/null
    "$bin" dags test one_bash >/dev/null
    ;;
start)
    for role in "${roles[@]}"; do
        setsid "$bin" "$role" >>"$run/$role.log" 2>&1 </dev/null &
        echo $! >"$run/$role.pid"
    done
    ;;
stop)
    for role in "${roles[@]}"; do
        [ -f "$run/$role.pid" ] || continue
        pid=$(cat "$run/$role.pid")
        kill -TERM "$pid" 2>/dev/null || true
        for _ in $(seq 200); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
        kill -KILL "$pid" 2>/dev/null || true
        rm -f "$run/$role.pid"
    done
    ;;
pids)
    for role in "${roles[@]}"; do printf -- '--pid %s=%s ' "$role" "$(cat "$run/$role.pid")"; done
    if [ -n "${BENCH_PG_DATA:-}" ]; then printf -- '--pid postgres=%s' "$(head -1 "$BENCH_PG_DATA/postmaster.pid")"; fi
    ;;
command) # a program that sees the same configuration
    shift
    exec "$@"
    ;;
*) sed -n 2,5p "$0"; exit 2 ;;
esac
