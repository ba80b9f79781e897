#!/usr/bin/env bash
# Makes the metadata database of a real Airflow for the tests of `db import-airflow`.
#   make_source.sh install VERSION             installs Airflow VERSION into $ADOPTION_DIR/VERSION
#   make_source.sh fill VERSION NAME URL       migrates the database at URL, seeds it and runs the DAGs of dags/
#   make_source.sh run VERSION NAME URL COMMAND …  runs a command of that installation on it
# Pythons: python3.7 for 1.10.15, 3.8 for 2.2.4, 3.11 for 2.11.0, 3.12 for 3.3.2, from pyenv or PATH.
# Package versions are those of the day of the release (uv's --exclude-newer), as Airflow's constraint files have them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=${ADOPTION_DIR:-/tmp/tradewind-adoption}
command=$1 version=$2
shift 2
venv=$root/$version
export SSL_CERT_FILE=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt} UV_HTTP_TIMEOUT=180

python_of() {
    case $1 in 1.10.*) echo 3.7 ;; 2.2.*) echo 3.8 ;; 2.*) echo 3.11 ;; *) echo 3.12 ;; esac
}

install() {
    [ -x "$venv/bin/airflow" ] && return
    mkdir -p "$root"
    [ -x "$root/uv/bin/uv" ] || { python3 -m venv "$root/uv" && "$root/uv/bin/pip" install -q uv; }
    local uv=$root/uv/bin/uv python day more=()
    python=$(python_of "$version")
    case $version in
    1.10.15) day=2021-03-20 more=('sqlalchemy<1.4') ;;
    2.2.4) day=2022-02-25 ;;
    2.11.0) day=2025-06-15 more=('apache-airflow-providers-fab<2') ;;
    *) day=2099-01-01 more=(apache-airflow-providers-fab asyncpg) ;;
    esac
    "$uv" venv -q -p "$(ls -d "$HOME"/.pyenv/versions/"$python".*/bin/python 2>/dev/null | head -1 || echo "$python")" "$venv"
    "$uv" pip install -q -p "$venv" --exclude-newer "$day" "apache-airflow==$version" psycopg2-binary "${more[@]}"
}

# The settings of the installation; its Fernet key is the same everywhere, so that tests can read what it wrote.
environment() { # environment NAME URL
    export AIRFLOW_HOME=$root/home-$version-$1
    mkdir -p "$AIRFLOW_HOME"
    export AIRFLOW__CORE__DAGS_FOLDER=$here/dags AIRFLOW__CORE__LOAD_EXAMPLES=False
    export AIRFLOW__CORE__SQL_ALCHEMY_CONN=$2 AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=$2
    export AIRFLOW__CORE__FERNET_KEY=ZmVybmV0LWtleS1vZi10aGUtYWRvcHRpb24tdGVzdHM=
    export AIRFLOW__CORE__UNIT_TEST_MODE=False PATH=$venv/bin:$PATH
    case $version in
    1.10.*) export AIRFLOW__WEBSERVER__RBAC=True AIRFLOW__CORE__EXECUTOR=SequentialExecutor ;;
    2.*) export AIRFLOW__CORE__EXECUTOR=DebugExecutor ;;
    *)
        export AIRFLOW__CORE__EXECUTOR=LocalExecutor AIRFLOW__API_AUTH__JWT_SECRET=of-the-adoption-tests-and-long-enough-for-hmac
        export AIRFLOW__CORE__AUTH_MANAGER=airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager
        ;;
    esac
    case $version,$2 in 1.10.*,postgres*) export AIRFLOW__CORE__EXECUTOR=LocalExecutor ;; esac
}

fill_1_10() {
    airflow initdb
    python "$here/seed.py"
    airflow sync_perm
    airflow create_user -u ann -p ann-secret -e ann@example.org -f Ann -l Lee -r Admin
    airflow create_user -u bob -p bob-secret -e bob@example.org -f Bob -l Ray -r analyst
    airflow backfill shop_orders -s 2021-03-02 -e 2021-03-03 || true
    airflow backfill shop_quiet -s 2021-03-02 -e 2021-03-02
    airflow trigger_dag shop_quiet -r manual_left -e 2021-04-01 --conf '{"who": "me", "n": [1, 2.5]}'
    airflow pause shop_stopped
    airflow unpause shop_quiet
}

fill_2() {
    airflow db migrate || airflow db init
    python "$here/seed.py"
}

fill_3() {
    airflow db migrate
    python "$here/seed.py"
    airflow dags reserialize
    # Some of its tasks fail, as they should.
    for dag in shop_orders shop_mapped shop_stock; do
        airflow dags test $dag 2021-03-02 || true
    done
    airflow dags unpause shop_orders -y
    airflow dags unpause shop_quiet -y
    airflow dags trigger shop_quiet -r manual_left -l 2021-04-01 --conf '{"who": "me", "n": [1, 2.5]}'
}

case $command in
install) install ;;
fill)
    environment "$1" "$2"
    case $version in 1.10.*) fill_1_10 ;; 2.*) fill_2 ;; *) fill_3 ;; esac
    ;;
run)
    environment "$1" "$2"
    shift 2
    exec "$@"
    ;;
*) echo "install, fill or run?" >&2; exit 2 ;;
esac
