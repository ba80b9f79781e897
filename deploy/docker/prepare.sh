#!/bin/bash
# Makes a Debian root folder with Python the image's own: user 50000 of group 0, AIRFLOW_HOME, an environment for DAGs.
# Runs inside the image, as root, with the binary at /usr/local/bin/tradewind; twice is harmless.
#   prepare.sh REQUIREMENTS
set -euo pipefail
requirements=$1
home=${AIRFLOW_HOME:-/opt/airflow}
venv=/home/airflow/.local

getent passwd airflow >/dev/null || useradd --uid 50000 --gid 0 --create-home --shell /bin/bash airflow
# Any other user may be asked for (OpenShift): the entry point adds a name for it.
chmod g=u /etc/passwd
mkdir -p "$home"/{dags,logs,plugins,config} /home/airflow
ln -sf tradewind /usr/local/bin/airflow
# Where puckel/docker-airflow has them.
ln -sfn "$home" /usr/local/airflow
ln -sf entrypoint /entrypoint.sh

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
export VIRTUAL_ENV=$venv PATH=$venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1
# What the engine itself needs; then the engine, which pip takes for Airflow's distributions from there on.
python -c 'import jinja2, pendulum, dateutil' 2>/dev/null ||
    pip install --quiet 'jinja2>=3.1' 'markupsafe>=2.1' 'pendulum>=3' 'python-dateutil>=2.8'
scratch=$(mktemp -d)
AIRFLOW_HOME=$scratch tradewind plugins >/dev/null
rm -rf "$scratch"
[ "$requirements" = - ] || pip install --quiet --requirement "$requirements"
[ "$requirements" = - ] || python -m compileall -q "$venv/lib" >/dev/null || true

# Group 0 may do what the user may: pods run as any user of that group.
# Only what is not so yet: in a layer on top of another, a touched file is a copied file.
find "$home" /home/airflow \( ! -uid 50000 -o ! -gid 0 \) -exec chown --no-dereference 50000:0 {} +
find "$home" /home/airflow ! -type l \( -perm -u=w ! -perm -g=w -o -perm -u=x ! -perm -g=x \) -exec chmod g=u {} +
