#!/bin/bash
# Starts what the container was asked for, with the same conveniences as Airflow's image:
#   airflow|tradewind COMMAND…, a role (scheduler, api-server, webserver, dag-processor, triggerer, worker, flower,
#   standalone …) or any other command of the command line, python …, bash …, or an absolute path.
# Variables: _AIRFLOW_DB_MIGRATE, _AIRFLOW_WWW_USER_CREATE and _AIRFLOW_WWW_USER_*, _PIP_ADDITIONAL_REQUIREMENTS,
# CONNECTION_CHECK_MAX_COUNT, CONNECTION_CHECK_SLEEP_TIME; and those of puckel/docker-airflow: EXECUTOR, FERNET_KEY,
# LOAD_EX, POSTGRES_*, REDIS_*, /requirements.txt.
set -euo pipefail
# What the user makes in a volume, others of group 0 may change.
umask 0002

say() { printf '%s\n' "$*" >&2; }
die() { say "ERROR: $*"; exit 1; }

# A user that the pod's security context chose has no name; ssh and getpass want one.
if ! whoami >/dev/null 2>&1 && [ -w /etc/passwd ]; then
    echo "default:x:$(id -u):0:default user:/home/airflow:/sbin/nologin" >>/etc/passwd
fi
export HOME=${HOME:-/home/airflow}
[ "$HOME" != / ] || export HOME=/home/airflow

# Kubernetes gives every pod addresses of services under names like POSTGRES_PORT: `tcp://10.0.0.5:5432`.
for name in POSTGRES_PORT REDIS_PORT FLOWER_PORT; do
    case ${!name:-} in tcp://*) export "$name=${!name##*:}" ;; esac
done

# puckel/docker-airflow's words, unless Airflow's own are there. Its compose files name neither database nor broker
# where they have the usual names, and no secret but the Fernet key.
escaped() { python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1], safe=""))' "$1"; }
if [ -n "${EXECUTOR:-}" ]; then
    export AIRFLOW__CORE__EXECUTOR=${AIRFLOW__CORE__EXECUTOR:-${EXECUTOR%Executor}Executor}
    case $EXECUTOR in Sequential*) ;; *) POSTGRES_HOST=${POSTGRES_HOST:-postgres} ;; esac
    case $EXECUTOR in Celery*)
        REDIS_HOST=${REDIS_HOST:-redis}
        server=webserver
        if ! getent hosts webserver >/dev/null && getent hosts web >/dev/null; then server=web; fi
        export AIRFLOW__CORE__EXECUTION_API_SERVER_URL=${AIRFLOW__CORE__EXECUTION_API_SERVER_URL:-http://$server:8080/execution/}
        ;;
    esac
    if [ -n "${FERNET_KEY:-}" ] && [ -z "${AIRFLOW__API_AUTH__JWT_SECRET:-}${AIRFLOW__API_AUTH__JWT_SECRET_CMD:-}" ]; then
        AIRFLOW__API_AUTH__JWT_SECRET=$(printf 'signs tokens: %s' "$FERNET_KEY" | sha256sum | cut -c1-64)
        export AIRFLOW__API_AUTH__JWT_SECRET
    fi
fi
if [ -n "${FERNET_KEY:-}" ]; then export AIRFLOW__CORE__FERNET_KEY=${AIRFLOW__CORE__FERNET_KEY:-$FERNET_KEY}; fi
case ${LOAD_EX:-} in y | Y) export AIRFLOW__CORE__LOAD_EXAMPLES=${AIRFLOW__CORE__LOAD_EXAMPLES:-True} ;; esac
if [ -n "${POSTGRES_HOST:-}" ] &&
    [ -z "${AIRFLOW__DATABASE__SQL_ALCHEMY_CONN:-}${AIRFLOW__CORE__SQL_ALCHEMY_CONN:-}${AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD:-}" ]; then
    user=$(escaped "${POSTGRES_USER:-airflow}") password=$(escaped "${POSTGRES_PASSWORD:-airflow}")
    export AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="postgresql://$user:$password@$POSTGRES_HOST:${POSTGRES_PORT:-5432}/${POSTGRES_DB:-airflow}${POSTGRES_EXTRAS:-}"
fi
if [ -n "${REDIS_HOST:-}" ] &&
    [ -z "${AIRFLOW__CELERY__BROKER_URL:-}${AIRFLOW__CELERY__BROKER_URL_CMD:-}" ]; then
    secret=${REDIS_PASSWORD:+:$(escaped "$REDIS_PASSWORD")@}
    export AIRFLOW__CELERY__BROKER_URL="${REDIS_PROTO:-redis://}$secret$REDIS_HOST:${REDIS_PORT:-6379}/${REDIS_DBNUM:-1}"
fi

true_() { case ${1:-} in '' | 0 | [nN]* | [fF]*) return 1 ;; *) return 0 ;; esac }

# Packages for trying things out: installed at every start, so an image of your own is the better place.
if [ -n "${_PIP_ADDITIONAL_REQUIREMENTS:-}" ]; then
    say "Installing $_PIP_ADDITIONAL_REQUIREMENTS (at every start; build an image of your own for production)"
    # shellcheck disable=SC2086
    pip install --no-cache-dir --quiet $_PIP_ADDITIONAL_REQUIREMENTS
fi
if [ -e /requirements.txt ]; then pip install --no-cache-dir --quiet --requirement /requirements.txt; fi

[ $# -gt 0 ] || set -- --help
case "$1 ${2:-}" in
    "airflow "* | "tradewind "*) shift ;;
    "celery worker" | "celery flower" | "celery stop") ;;
    "bash "* | "sh "* | "python "* | "python3 "* | "pip "* | "celery "* | /*) exec "$@" ;;
esac
[ $# -gt 0 ] || set -- --help

# Roles that talk to the database wait for it; workers and tasks never do.
case $1 in
    scheduler | api-server | webserver | dag-processor | triggerer | kerberos | db | users) database=1 ;;
    *) database= ;;
esac
tries=${CONNECTION_CHECK_MAX_COUNT:-20}
if [ -n "$database" ] && [ "$tries" -gt 0 ]; then
    tradewind db check --retry "$tries" --retry-delay "${CONNECTION_CHECK_SLEEP_TIME:-3}" >&2 ||
        die "the database does not answer; its address is [database] sql_alchemy_conn (AIRFLOW__DATABASE__SQL_ALCHEMY_CONN)"
fi
if true_ "${_AIRFLOW_DB_MIGRATE:-${_AIRFLOW_DB_UPGRADE:-}}"; then
    tradewind db migrate
fi
if true_ "${_AIRFLOW_WWW_USER_CREATE:-}"; then
    if [ -z "${_AIRFLOW_WWW_USER_PASSWORD:-}" ] && [ -n "${_AIRFLOW_WWW_USER_PASSWORD_CMD:-}" ]; then
        _AIRFLOW_WWW_USER_PASSWORD=$(bash -c "$_AIRFLOW_WWW_USER_PASSWORD_CMD")
    fi
    [ -n "${_AIRFLOW_WWW_USER_PASSWORD:-}" ] || die "_AIRFLOW_WWW_USER_CREATE needs _AIRFLOW_WWW_USER_PASSWORD"
    tradewind users create \
        --username "${_AIRFLOW_WWW_USER_USERNAME:-admin}" \
        --firstname "${_AIRFLOW_WWW_USER_FIRSTNAME:-Airflow}" \
        --lastname "${_AIRFLOW_WWW_USER_LASTNAME:-Admin}" \
        --email "${_AIRFLOW_WWW_USER_EMAIL:-airflowadmin@example.com}" \
        --role "${_AIRFLOW_WWW_USER_ROLE:-Admin}" \
        --password "$_AIRFLOW_WWW_USER_PASSWORD"
fi

# In its containers a webserver makes the tables, the scheduler reads the DAG files, and without Celery the webserver's
# container has all roles.
together() { # together ROLE…: they end together, and are let to an end
    local status=0 told=''
    trap 'told=1' TERM INT
    for role in "$@"; do airflow "$role" & done
    wait -n || status=$?
    [ -z "$told" ] || status=0
    for job in $(jobs -p); do kill -TERM "$job" 2>/dev/null || true; done
    wait
    exit $status
}
case ${EXECUTOR:-} in
    '') ;;
    Celery*)
        case "$#:$1" in
            1:webserver) tradewind db migrate ;;
            1:scheduler)
                tradewind db check-migrations --migration-wait-timeout=120
                together dag-processor scheduler triggerer
                ;;
        esac
        ;;
    *)
        if [ "$#:$1" = 1:webserver ]; then
            tradewind db migrate
            together api-server scheduler dag-processor triggerer
        fi
        ;;
esac
exec airflow "$@"
