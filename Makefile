# Needs only make and python3 (3.11 or newer, with its venv module).
# `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

$(RUNTIME): requirements.txt requirements-build.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements-build.txt
	@$(PIP) install --require-hashes --no-build-isolation --use-pep517 -r requirements.txt  # stem is published as source only
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUNTIME) requirements-dev.txt
	@echo "Installing the locked development tools into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

.PHONY: venv
venv: $(DEV) ## Make .venv with the locked dependencies and the development tools

.PHONY: lock
lock: $(DEV) ## Rewrite the lock files from pyproject.toml (upgrade with UPGRADE=1)
	@PATH="$(CURDIR)/$(BIN):$$PATH" .ci/lock $(if $(UPGRADE),--upgrade)

.PHONY: demo
demo: $(RUNTIME) ## Make an instance and run all of it on loopback, until Ctrl-C (ONION=public: at an onion address)
ifeq ($(ONION),public)
	@exec $(BIN)/python -m deploy.demo.onion --folder var/demo --public
else
	@exec $(BIN)/python deploy/demo/run.py --folder var/demo
endif

.PHONY: demo-onion
demo-onion: $(RUNTIME) ## The same behind an onion address on a private Tor network, with a picture of a visit
	@exec $(BIN)/python -m deploy.demo.onion --folder var/demo-onion

.PHONY: system-packages
system-packages: ## Install the browsers, PostgreSQL and fonts that the tests use (Debian or Ubuntu, as root)
	@.ci/system-packages

.PHONY: browser-tools
browser-tools: ## Install the locked tools and libraries of browser/
	@.ci/browser-tools

.PHONY: browser
browser: browser-tools ## Build the browser's code into the gateway's static files, the same bytes each time
	@cd browser && node build.mjs page

.PHONY: browser-lock
browser-lock: ## Renew the lock file of browser/ after a change of package.json, on purpose
	@cd browser && npm install --package-lock-only --no-progress --loglevel=error

.PHONY: test
test: $(DEV) system-packages browser-tools ## Install what the tests need and run everything
	@.ci/test

.PHONY: fuzz
fuzz: $(DEV) ## Fuzz every parser that a stranger reaches (CASES=1000000 in all)
	@nice -n 19 $(BIN)/python -m tests.fuzz.all $(CASES)

.PHONY: crash
crash: $(DEV) ## Kill, starve and unplug the desk and intake at every step, then check what is left (RUNS=1000, SEED=1)
	@nice -n 19 $(BIN)/python -m tests.crash.run --runs $(or $(RUNS),1000) --seed $(or $(SEED),1)

.PHONY: bench
bench: $(DEV) system-packages ## Measure what docs/performance.md shows, in var/bench (ONLY="reports upload")
	@$(BIN)/python -m tests.bench.main $(ONLY)

.PHONY: release
release: $(DEV) ## Build wheel, source, bill of materials and manifest from the last commit into dist/, signed with KEY=
	@$(BIN)/python deploy/release.py --into dist $(if $(KEY),--key "$(KEY)")

.PHONY: bench-onion
bench-onion: $(DEV) system-packages ## Measure what a visit costs over an onion service, on a private Tor network, in var/bench
	@$(BIN)/python -m tests.bench.onion

.PHONY: bench-browser
bench-browser: $(DEV) system-packages browser-tools ## Measure sealing and reading in node, with and without JIT, and in browsers, in var/bench
	@$(BIN)/python -m tests.bench.browser

.PHONY: lint
lint: $(DEV) ## Formatting, style, types, import contracts, dependencies, templates
	@.ci/lint

.PHONY: types
types: $(DEV) ## Type-check everything
	@$(BIN)/mypy

.PHONY: format
format: $(DEV) ## Put the code into the project's format and fix what can be fixed
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	@$(BIN)/ruff format .

.PHONY: locale
locale: $(DEV) ## Collect new texts from code and templates into the message catalogues
	@.ci/locale

.PHONY: screenshots
screenshots: $(DEV) system-packages ## Draw every page into docs/screenshots, on a wide and a narrow screen
	@$(BIN)/python -m tests.system.screenshots docs/screenshots

.PHONY: clean
clean: ## Remove what make and the tools made, except the virtual environment
	@rm -rf build dist .coverage .coverage.* htmlcov .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## Remove the virtual environment and the demo's data too
	@rm -rf $(VENV) var *.egg-info
