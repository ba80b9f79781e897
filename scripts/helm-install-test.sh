#!/usr/bin/env bash
# Installs the chart on a real cluster, with DAG files from a Git server in it, runs a DAG, pushes a commit in the middle
# and looks on: each task's pod is completed and goes (KubernetesExecutor), workers that are scaled in end their tasks
# first and Flower shows them (CeleryExecutor), an upgrade keeps data and secrets. A development test: needs kubectl and helm, a cluster that KUBECONFIG names, and the images in it.
#   scripts/helm-install-test.sh [EXECUTOR]      LocalExecutor, KubernetesExecutor, EdgeExecutor or CeleryExecutor
#     IMAGE, POSTGRES_IMAGE, REDIS_IMAGE         default: those of deploy/docker/from-scratch.sh
#     NAMESPACE                                  default: tradewind-helm-test; removed afterwards (KEEP=1: not)
set -Eeuo pipefail
trap 'echo "helm-install-test: line $LINENO: failed: $BASH_COMMAND" >&2' ERR
cd "$(dirname "$0")/.."
executor=${1:-LocalExecutor}
image=${IMAGE:-docker.io/library/tradewind:scratch}
postgres=${POSTGRES_IMAGE:-docker.io/library/tradewind-postgres:scratch}
redis=${REDIS_IMAGE:-docker.io/library/tradewind-redis:scratch}
namespace=${NAMESPACE:-tradewind-helm-test}
kube() { kubectl --namespace "$namespace" "$@"; }
say() { printf '%s %s\n' "$(date +%T)" "$*"; }

kubectl create namespace "$namespace" >/dev/null
watched=$(mktemp)
kube get pods --watch --no-headers >"$watched" 2>/dev/null &
watcher=$!
cleanup() {
    status=$?
    kill $watcher 2>/dev/null || true
    rm -f "$watched"
    if [ $status != 0 ]; then
        kube get pods,events || true
        for part in scheduler dag-processor webserver; do kube logs "deployment/airflow-$part" --tail=40 || true; done
    fi
    [ -n "${KEEP:-}" ] || kubectl delete namespace "$namespace" --wait=false >/dev/null
}
trap cleanup EXIT

say "a Git server"
kube apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: git, labels: {app: git}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: git
      image: $image
      imagePullPolicy: IfNotPresent
      command: [/bin/bash, -c]
      args:
        - |
          set -e
          git init --quiet --bare --initial-branch=main /tmp/repo.git
          git clone --quiet /tmp/repo.git /tmp/work
          exec git daemon --reuseaddr --export-all --base-path=/tmp
---
apiVersion: v1
kind: Service
metadata: {name: git}
spec: {selector: {app: git}, ports: [{port: 9418}]}
YAML
kube wait --for=condition=Ready pod/git --timeout=120s >/dev/null
commit() { # commit WORD: the DAG's tasks print it
    kube exec -i git -- bash -c 'cd /tmp/work && git checkout --quiet -B main && mkdir -p dags && cat >dags/pinned.py &&
        git add . && git -c user.name=t -c user.email=t@example.com commit --quiet --message x &&
        git push --quiet origin main' <<PYTHON
from airflow.sdk import dag, task

@dag(schedule=None, tags=["$1"], is_paused_upon_creation=False)
def pinned():
    @task
    def first():
        print("this is $1")

    @task
    def pause():
        import time
        time.sleep(20)

    @task
    def last():
        print("this is $1")

    first() >> pause() >> last()

pinned()
PYTHON
}
commit one

say "the chart with the $executor"
helm install airflow deploy/helm/tradewind --namespace "$namespace" --timeout 10m --values - >/dev/null <<YAML
executor: $executor
defaultAirflowRepository: ${image%:*}
defaultAirflowTag: ${image##*:}
images: {redis: {repository: ${redis%:*}, tag: ${redis##*:}}}
postgresql: {image: {registry: "", repository: ${postgres%:*}, tag: ${postgres##*:}}, primary: {persistence: {enabled: false}}}
redis: {persistence: {enabled: false}}
triggerer: {enabled: false}
flower: {enabled: $([[ $executor = Celery* ]] && echo true || echo false)}
dags: {gitSync: {enabled: true, repo: "git://git/repo.git", branch: main, subPath: dags, depth: 1, wait: 2, maxFailures: 100}}
YAML
for part in webserver scheduler dag-processor; do kube rollout status "deployment/airflow-$part" --timeout=300s; done
kube get pods

cli() { kube exec deployment/airflow-scheduler --container scheduler -- tradewind "$@" 2>/dev/null; }
until_() { # until_ WHAT SECONDS COMMAND…
    local what=$1 left=$2; shift 2
    until "$@"; do left=$((left - 1)); [ $left -gt 0 ] || { say "not there: $what"; return 1; }; sleep 1; done
}
state_is() { cli tasks states-for-dag-run pinned "$1" --output json | tr -d ' \n' | grep -q "\"task_id\":\"$2\"[^}]*\"state\":\"$3\""; }
until_ "the DAG" 120 bash -c "kubectl -n $namespace exec deployment/airflow-scheduler -c scheduler -- tradewind dags details pinned >/dev/null 2>&1"
say "a run, and a commit in the middle of it"
cli dags trigger pinned --run-id r1 >/dev/null
until_ "the pause" 180 state_is r1 pause running
kube get pods
commit two
until_ "the end" 240 state_is r1 last success
kube get pods
token=$(kube exec deployment/airflow-webserver -- curl --silent --fail localhost:8080/auth/token -H 'Content-Type: application/json' -d '{"username": "admin", "password": "admin"}' | sed 's/.*"access_token": *"\([^"]*\)".*/\1/')
rest() { kube exec deployment/airflow-webserver -- curl --silent --fail -H "Authorization: Bearer $token" "localhost:8080/api/v2/$1"; }
log() { rest "dags/pinned/dagRuns/$1/taskInstances/$2/logs/1"; }
if [ "$executor" != LocalExecutor ]; then # its logs are in the scheduler's pod
    log r1 last | grep -q "this is one" || { say "the run did not stay with its commit"; exit 1; }
    cli dags trigger pinned --run-id r2 >/dev/null
    until_ "the second run" 240 state_is r2 last success
    log r2 last | grep -q "this is two" || { say "the second run has an old commit"; exit 1; }
else
    kube exec deployment/airflow-scheduler -- bash -c 'cat logs/dag_id=pinned/run_id=r1/task_id=last/*.log' | grep -q "this is one"
fi

gone() { ! kube get pods --no-headers | grep "$1" | grep -q .; }
case $executor in
    KubernetesExecutor)
        say "a pod for each task, completed and gone"
        until_ "pods that are gone" 60 gone ^pinned-
        for task in first pause last; do
            [ "$(grep "^pinned-$task-" "$watched" | cut -d' ' -f1 | sort -u | wc -l)" = 2 ] || { say "not one pod a run: $task"; exit 1; }
            grep -qE "^pinned-$task-[a-z0-9]+ .* Completed " "$watched" || { say "never completed: $task"; exit 1; }
        done
        ;;
    CeleryExecutor)
        say "Flower, and workers that are scaled in"
        kube rollout status deployment/airflow-flower --timeout=120s
        until_ "the worker in Flower" 60 bash -c "kubectl -n $namespace exec deployment/airflow-flower -- curl --silent 'localhost:5555/workers?json=1' | grep -q '\"status\": true'"
        cli dags trigger pinned --run-id r3 >/dev/null
        until_ "the pause" 120 state_is r3 pause running
        kube scale --replicas=0 deployment/airflow-worker >/dev/null
        until_ "no workers" 120 gone ^airflow-worker-
        state_is r3 pause success || { say "a worker went before its task had ended"; exit 1; }
        kube scale --replicas=1 deployment/airflow-worker >/dev/null
        until_ "the end" 120 state_is r3 last success
        rest dags/pinned/dagRuns/r3/taskInstances/pause | grep -qE '"try_number": ?1\b' || { say "there was a second try"; exit 1; }
        ;;
esac

say "an upgrade"
secrets() { kube get secrets --selector tier=airflow --output jsonpath='{range .items[*]}{.metadata.name}{.data}{"\n"}{end}'; }
before=$(secrets)
helm upgrade airflow deploy/helm/tradewind --namespace "$namespace" --reuse-values --wait --timeout 10m \
    --set 'env[0].name=AIRFLOW__CORE__DEFAULT_TIMEZONE' --set 'env[0].value=Asia/Seoul' \
    --set migrateDatabaseJob.useHelmHooks=false --set createUserJob.useHelmHooks=false >/dev/null
[ "$before" = "$(secrets)" ] || { say "the upgrade changed secrets"; exit 1; }
until_ "the run from before the upgrade" 60 state_is r1 last success
kube get pods
say "good"
