# Everything that one does with this repository. `make help` says what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help build run test lint gen ci helm-test parity adoption compare fuzz python-matrix bench celery-faults clean k8s-test ui release debug

BIN := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
HOST ?= 127.0.0.1
PORT ?= 8080
UI_SOURCES := $(shell find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -type f -print 2>/dev/null)

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ui/dist/index.html ## Build the web interface and target/release/tradewind
	@echo "==> Building the release binary (the first time takes some minutes)"
	cargo build --release --bin tradewind
	@echo "==> Done: $(BIN)/release/tradewind"

run: build ## Build everything and start it on 127.0.0.1:8080 with the example DAGs
	@echo "==> Starting tradewind standalone on http://$(HOST):$(PORT)"
	AIRFLOW__CORE__DAGS_FOLDER="$${AIRFLOW__CORE__DAGS_FOLDER:-$(CURDIR)/examples/dags}" \
	AIRFLOW__API__HOST="$${AIRFLOW__API__HOST:-$(HOST)}" AIRFLOW__API__PORT="$${AIRFLOW__API__PORT:-$(PORT)}" \
	$(BIN)/release/tradewind standalone

test: ## Install what the tests need and run every test
	@scripts/install-test-deps.sh
	@scripts/test.sh

lint: ui/node_modules/.package-lock.json ## Check formatting, lints, types and the house rules
	@scripts/install-test-deps.sh python
	@scripts/lint.sh

gen: ## Write generated files anew (reference pages)
	@scripts/gen.sh

ci: ## What CI runs: lint, generated files are fresh, every test
	@scripts/install-test-deps.sh
	@scripts/lint.sh
	@scripts/test.sh

python-matrix: ## Run the Python tests on every version of Python from 3.9 to 3.13 that is here
	@scripts/install-test-deps.sh python
	cargo build --quiet --bin tradewind
	@scripts/python-matrix.sh

helm-test: ## Lint and render the Helm chart with every set of values
	@scripts/install-test-deps.sh helm
	.venv/bin/python -m pytest -q tests/e2e/test_chart.py

bench: build ## Measure every scenario and write the tables of BENCHMARKS.md
	@scripts/install-test-deps.sh
	benches/run.sh

celery-faults: ## Break brokers, networks and workers of the CeleryExecutor with 500 tasks in flight (as root)
	@scripts/install-test-deps.sh
	cargo build --quiet --bin tradewind
	TASKS=$(or $(TASKS),500) TRADEWIND_BIN=$(realpath $(BIN))/debug/tradewind .venv/bin/python -m pytest -q tests/e2e/test_celery_faults.py tests/e2e/faults

parity: ## Measure how much of Airflow's own wheels runs here and write docs/parity.md (SECTIONS="examples ...")
	@scripts/install-test-deps.sh parity
	@python3 tests/parity $(SECTIONS)

k8s-test: ## Test the KubernetesExecutor on the cluster of KUBECONFIG (docs/development/kubernetes.md)
	@scripts/install-test-deps.sh python
	cargo build --quiet --bin tradewind
	@scripts/k8s-test.sh
adoption: ## Fill databases with real Airflows of four versions, take them over and write back (needs their Pythons)
	cargo build --bin tradewind
	@python3 tests/adoption $(VERSIONS)

compare: ## Run Airflow's example DAGs in a real Airflow and here, and write docs/comparison.md
	cargo build --bin tradewind
	@python3 tests/compare

fuzz: ## Fuzz what people and files give us (FUZZ_SECONDS=60 a target; needs cargo-fuzz and a nightly compiler)
	@cd fuzz && for target in cron config dag_json; do mkdir -p corpus/$$target; \
	  cargo +nightly fuzz run $$target corpus/$$target seeds/$$target -- -max_total_time=$(or $(FUZZ_SECONDS),60) || exit 1; done

clean: ## Remove everything that was built
	cargo clean
	rm -rf ui/dist ui/node_modules .venv

ui/node_modules/.package-lock.json: ui/package.json ui/package-lock.json
	@echo "==> Installing the web interface's packages"
	cd ui && npm ci --no-audit --no-fund
	@touch $@

ui/dist/index.html: ui/node_modules/.package-lock.json $(UI_SOURCES)
	@echo "==> Building the web interface"
	cd ui && npm run build
	@touch $@
