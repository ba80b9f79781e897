#!/usr/bin/env bash
# Runs the tests that need a real Kubernetes: docs/development/kubernetes.md says what has to be there.
#   k8s-test.sh [PYTEST-ARGUMENT]...
set -euo pipefail
cd "$(dirname "$0")/.."
missing() { echo "k8s-test: $1 (docs/development/kubernetes.md)" >&2; exit 2; }
command -v kubectl >/dev/null || missing "kubectl is not on the PATH"
[ -n "${KUBECONFIG:-}" ] || missing "set KUBECONFIG to the cluster's configuration"
[ -n "${K8S_TEST_IMAGE:-}" ] || missing "set K8S_TEST_IMAGE to an image of Tradewind that the cluster has"
[ -n "${K8S_TEST_HOST:-}" ] || missing "set K8S_TEST_HOST to an address of this machine that pods reach"
kubectl get --raw /readyz >/dev/null || missing "the cluster of $KUBECONFIG does not answer"
# Tasks beside the scheduler and on Celery workers use the operators' provider from here; pods have it in their image.
.venv/bin/pip install --quiet --disable-pip-version-check kubernetes_asyncio aiofiles
.venv/bin/pip install --quiet --disable-pip-version-check --no-deps "apache-airflow-providers-cncf-kubernetes>=10"
export TRADEWIND_BIN=${TRADEWIND_BIN:-$(realpath "${CARGO_TARGET_DIR:-target}")/debug/tradewind}
export K8S_TEST_KUBECONFIG=$KUBECONFIG
status=0
.venv/bin/python -m pytest -q tests/e2e/test_kubernetes_double.py "$@" || status=$?
.venv/bin/python -m pytest -q tests/k8s "$@" || status=$?
exit $status
