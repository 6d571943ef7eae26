# Holdfast: everything a developer runs. `make help` lists it.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PACKAGES := shared services/command-api services/stream-gateway deploy/dev
STAMP := $(VENV)/.installed
UV_VERSION := 0.13.8

# GATEWAYS=2 COMMAND_APIS=2 make run, or make run GATEWAYS=2: how many of each service.
export GATEWAYS COMMAND_APIS
# The tests start hundreds of processes: compiled once, each is up a quarter sooner.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run token test lint format bench chaos soak lock clean

help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Run
setup: $(STAMP) ## Make .venv from the locked dependencies (the other targets do this first)

run: $(STAMP) ## Start the whole stack on this machine [GATEWAYS=1 COMMAND_APIS=1]
	@exec $(PY) -m holdfast_dev run

token: $(STAMP) ## Print a development token: make -s token ROLE=manager CLUB=backroom SUB=me
	@$(PY) -m holdfast_dev token $(if $(ROLE),--role '$(ROLE)') $(if $(CLUB),--club '$(CLUB)') $(if $(SUB),--sub '$(SUB)')

##@ Check
test: $(STAMP) ## Run the tests, on all cores [ARGS="-n0 tests/unit -k hold"]
	$(PY) -m pytest -n auto --maxprocesses 4 --dist worksteal -m "not chaos and not bench and not soak" $(ARGS)

lint: $(STAMP) ## Ruff (rules and format) and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: $(STAMP) ## Format the code and mend what ruff can mend
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .

##@ Measure
bench: $(STAMP) ## Measure against the budgets [ARGS="holds relay latency fanout curves storms neighbours"]
	$(PY) -m tests.bench $(ARGS)

chaos: $(STAMP) ## Kill and cut servers under load, then check every invariant [ARGS=]
	$(PY) -m pytest -m chaos -s --timeout=0 $(ARGS)

soak: $(STAMP) ## The long forms: 10,000 schedules, 5,000 clients [ARGS="-k drain" SEEDS=0-9999]
	$(PY) -m pytest -m soak -s --timeout=0 $(ARGS)

##@ Keep house
lock: ## Resolve requirements/*.in into the locked *.txt [ARGS=--upgrade]
	$(PYTHON) -m venv --clear .cache/lock
	.cache/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(COMPILE) requirements/runtime.in -o requirements/runtime.txt
	$(COMPILE) requirements/dev.in -c requirements/runtime.txt -o requirements/dev.txt

clean: ## Remove .venv and caches (keeps .data)
	rm -rf $(VENV) .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Hashes, no index address, one lock for every platform.
COMPILE = .cache/lock/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header --universal --python-version 3.11 $(ARGS)

# Standard output stays free for `make -s token`.
$(STAMP): requirements/dev.txt $(PACKAGES:%=%/pyproject.toml)
	@command -v $(PYTHON) >/dev/null || { \
	  echo "make: $(PYTHON) is missing; install Python 3.11 or newer, or say PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: $(PYTHON) is older than Python 3.11; say PYTHON=python3.11 or the like" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "make: $(PYTHON) has no venv/ensurepip; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "make: installing into $(VENV)" >&2
	@$(PY) -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV) >&2
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt >&2
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
	  $(PACKAGES:%=--editable %) >&2
	@touch $@
