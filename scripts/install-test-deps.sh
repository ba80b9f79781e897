#!/usr/bin/env bash
# Installs what the tests need and is not there yet.
#   install-test-deps.sh          everything
#   install-test-deps.sh python   only the Python environment in .venv
#   install-test-deps.sh helm     that, and helm
#   install-test-deps.sh parity   that, and what drivers of providers are built with
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '==> %s\n' "$*"; }

missing=()
need() { # need PACKAGE TEST...: the Debian package is needed when the test fails
    local package=$1; shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}
need python3-venv python3 -c 'import venv, ensurepip'
if [ "${1:-}" = parity ]; then
    need build-essential command -v cc
    need pkg-config command -v pkg-config
    need default-libmysqlclient-dev bash -c 'pkg-config --exists mysqlclient || pkg-config --exists mariadb'
elif [ "${1:-}" != python ] && [ "${1:-}" != helm ]; then
    need postgresql bash -c 'ls /usr/lib/postgresql/*/bin/postgres || command -v postgres'
    need chromium bash -c 'command -v chromium || command -v chromium-browser || command -v google-chrome'
    need procps command -v pgrep
    need git command -v git
    need openssl command -v openssl
    need openssh-server bash -c 'command -v sshd || ls /usr/sbin/sshd'
    need redis-server command -v redis-server
    need rabbitmq-server bash -c 'test -x /usr/lib/rabbitmq/bin/rabbitmq-server || command -v rabbitmq-server'
    need iproute2 command -v ip
    need slapd bash -c 'command -v slapd || ls /usr/sbin/slapd'
    need ldap-utils command -v ldapadd
fi
if [ ${#missing[@]} -gt 0 ]; then
    say "Installing Debian packages: ${missing[*]}"
    if [ "$(id -u)" = 0 ]; then sudo=(); elif command -v sudo >/dev/null; then sudo=(sudo); else
        echo "These Debian packages are missing and only root can install them: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    # What Debian's packages would start is of no use: tests start their own servers.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee $policy >/dev/null
        "${sudo[@]}" chmod +x $policy
        trap '"${sudo[@]}" rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    "${sudo[@]}" mkdir -p /etc/postgresql-common
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        echo 'create_main_cluster = false' | "${sudo[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

wanted=$(cat tests/requirements.txt tests/providers.txt | sha256sum | cut -d" " -f1)
if [ "$(cat .venv/.installed 2>/dev/null)" != "$wanted" ]; then
    say "Preparing the Python environment of the tests in .venv"
    python3 -m venv .venv
    .venv/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r tests/providers.txt
    echo "$wanted" >.venv/.installed
fi

# A helm binary ships in an npm package; HELM or one on the PATH wins.
if [ -z "${1:-}" ] || [ "${1:-}" = helm ]; then
    if [ -z "${HELM:-}" ] && ! command -v helm >/dev/null && [ ! -x .venv/helm/helm ]; then
        say "Fetching helm"
        fetched=$(mktemp -d)
        (cd "$fetched" && npm pack --silent @aws-cdk/asset-kubectl-v20@2.1.4 >/dev/null && tar -xzf ./*.tgz package/lib/layer.zip)
        python3 -m zipfile -e "$fetched/package/lib/layer.zip" "$fetched/layer"
        mkdir -p .venv/helm
        install -m 755 "$fetched/layer/helm/helm" .venv/helm/helm
        rm -rf "$fetched"
    fi
fi

if [ -z "${1:-}" ]; then
    say "Preparing Airflow's task SDK in .venv-sdk"
    .venv/bin/python tests/e2e/task_sdk.py
fi

if [ -z "${1:-}" ] && ! cmp -s tests/celery.txt .venv/celery/.installed; then
    say "Preparing Celery and Flower in .venv/celery"
    python3 -m venv .venv/celery
    .venv/celery/bin/pip install --quiet --disable-pip-version-check -r tests/celery.txt
    cp tests/celery.txt .venv/celery/.installed
fi

if [ -z "${1:-}" ] && [ -f ui/package.json ]; then
    make --no-print-directory ui/node_modules/.package-lock.json
fi
