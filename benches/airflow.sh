#!/usr/bin/env bash
# Start, stop and pause a real Airflow 3 with the CeleryExecutor, configured as tradewind.sh configures Tradewind, but
# for its own default parallelism of 32 (BENCH_PARALLELISM): enough to keep a worker of 16 busy.
#   airflow.sh prepare | start | stop | pause | resume | pids
# Environment: AIRFLOW_VENV (a virtual environment with apache-airflow[postgres,celery,redis], psycopg2-binary and
# asyncpg), BENCH_HOME (state), BENCH_DB (a postgresql:// address), BENCH_BROKER (a redis:// address), BENCH_PORT (8080).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PATH=${AIRFLOW_VENV:?}/bin:$PATH
run=${BENCH_HOME:?}/run
mkdir -p "$run" "$BENCH_HOME/home" "$BENCH_HOME/dags"
export AIRFLOW_HOME=$BENCH_HOME/home
export AIRFLOW__CORE__DAGS_FOLDER=$BENCH_HOME/dags
export AIRFLOW__CORE__LOAD_EXAMPLES=False
export AIRFLOW__CORE__EXECUTOR=CeleryExecutor
export AIRFLOW__CORE__PARALLELISM=${BENCH_PARALLELISM:-32}
export AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG=1000
export AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG=1000
export AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS=True
export AIRFLOW__CORE__FERNET_KEY=YmVuY2htYXJrYmVuY2htYXJrYmVuY2htYXJrMTIzNDU=
export AIRFLOW__API_AUTH__JWT_SECRET=benchbenchbenchbenchbenchbenchbenchbenchbenchbenchbenchbenchbench00
export AIRFLOW__API__SECRET_KEY=benchbenchbenchbenchbenchbench00
export AIRFLOW__API__HOST=127.0.0.1
export AIRFLOW__API__PORT=${BENCH_PORT:-8080}
export AIRFLOW__CORE__EXECUTION_API_SERVER_URL=http://127.0.0.1:$AIRFLOW__API__PORT/execution/
export AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=postgresql+psycopg2://${BENCH_DB#*://}
# The default pool runs dry with 32 tasks at once: REST answers 500 then.
export AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE=20
export AIRFLOW__DATABASE__SQL_ALCHEMY_MAX_OVERFLOW=30
export AIRFLOW__CELERY__BROKER_URL=$BENCH_BROKER
export AIRFLOW__CELERY__RESULT_BACKEND=db+postgresql://${BENCH_DB#*://}
export AIRFLOW__CELERY__WORKER_CONCURRENCY=16
roles=(api-server scheduler dag-processor triggerer worker)

# The processes of all roles, with their children.
everyone() {
    ps -eo pid=,ppid= | awk -v roots="$(cat "$run"/*.pid 2>/dev/null | tr '\n' ' ')" '
        BEGIN { split(roots, list, " "); for (i in list) mine[list[i]] = 1 }
        { parent[$1] = $2 }
        END {
            do { more = 0; for (p in parent) if (!(p in mine) && (parent[p] in mine)) { mine[p] = 1; more = 1 } } while (more)
            for (p in mine) if (p in parent) print p
        }'
}

case $1 in
prepare)
    cp "$here"/dags/bench_{fanout,chain}.py "$BENCH_HOME/dags/"
    airflow db migrate >/dev/null
    ;;
start)
    for role in "${roles[@]}"; do
        command=("$role")
        [ "$role" != worker ] || command=(celery worker)
        setsid airflow "${command[@]}" >>"$run/$role.log" 2>&1 </dev/null &
        echo $! >"$run/$role.pid"
    done
    ;;
stop)
    mapfile -t all < <(everyone)
    [ ${#all[@]} = 0 ] || kill -KILL "${all[@]}" 2>/dev/null || true
    rm -f "$run"/*.pid
    ;;
pause) everyone | xargs -r kill -STOP 2>/dev/null || true ;;
resume) everyone | xargs -r kill -CONT 2>/dev/null || true ;;
pids) for role in "${roles[@]}"; do printf -- '--pid %s=%s ' "$role" "$(cat "$run/$role.pid")"; done ;;
*) sed -n 2,6p "$0"; exit 2 ;;
esac
