#!/bin/bash
# Entry point of the PostgreSQL and Redis images that from-scratch.sh makes, for places without a registry.
#   postgres   POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, PGDATA (default /var/lib/postgresql/data)
#   redis      REDIS_PASSWORD; further arguments go to redis-server
#   prepare SERVICE   while the image is made
set -euo pipefail
bin=/usr/lib/postgresql/15/bin

prepare() {
    case $1 in
        postgres)
            # As in the usual images: uid 999; any other works on a volume that it may write to.
            groupmod --gid 999 postgres 2>/dev/null || true
            usermod --uid 999 --gid 999 postgres
            mkdir -p /var/lib/postgresql/data /bitnami/postgresql /run/postgresql
            chown -R 999:999 /var/lib/postgresql /bitnami
            chmod 3777 /run/postgresql
            rm -rf /var/lib/postgresql/15 /etc/postgresql/15/main
            ;;
        redis)
            groupmod --gid 999 redis 2>/dev/null || true
            usermod --uid 999 --gid 999 redis
            mkdir -p /data && chown 999:999 /data
            ;;
    esac
    chmod 666 /etc/passwd
}

postgres() {
    data=${PGDATA:-/var/lib/postgresql/data}
    # initdb wants a name for the user that a pod's security context chose.
    whoami >/dev/null 2>&1 || echo "postgres-pod:x:$(id -u):$(id -g)::/tmp:/bin/sh" >>/etc/passwd
    if [ ! -s "$data/PG_VERSION" ]; then
        mkdir -p "$data" && chmod 700 "$data"
        : "${POSTGRES_PASSWORD:?POSTGRES_PASSWORD must be set for a new database}"
        "$bin/initdb" --pgdata "$data" --username "${POSTGRES_USER:-postgres}" --auth-local trust --auth-host scram-sha-256 \
            --pwfile <(printf '%s\n' "$POSTGRES_PASSWORD") --encoding UTF8 --locale C.UTF-8 >/dev/null
        printf 'host all all all scram-sha-256\n' >>"$data/pg_hba.conf"
        if [ "${POSTGRES_DB:-postgres}" != postgres ]; then
            printf 'CREATE DATABASE "%s";\n' "$POSTGRES_DB" | "$bin/postgres" --single -j -D "$data" postgres >/dev/null
        fi
    fi
    exec "$bin/postgres" -D "$data" -c listen_addresses='*' -c unix_socket_directories=/run/postgresql "$@"
}

redis() {
    cd /data
    [ -z "${REDIS_PASSWORD:-}" ] || set -- --requirepass "$REDIS_PASSWORD" "$@"
    exec redis-server --bind '*' --protected-mode no --dir /data "$@"
}

# Started as root, as the usual images are: what a volume or a bind mount brings becomes the service's, and root's
# rights go. Any other user stays as it is.
as_service() {
    local folder=/data
    [ "$1" != postgres ] || folder=${PGDATA:-/var/lib/postgresql/data}
    mkdir -p "$folder"
    find "$folder" ! -uid 999 -exec chown --no-dereference 999:999 {} +
    exec setpriv --reuid=999 --regid=999 --clear-groups "$0" "$@"
}

if [ "$(id -u)" = 0 ] && [ "$1" != prepare ]; then as_service "$@"; fi
command=$1; shift
# A chart's or compose file's own command line for the server.
if [ "$command" != prepare ]; then case ${1:-} in postgres | redis-server) shift ;; esac; fi
"$command" "$@"
