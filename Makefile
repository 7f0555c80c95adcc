# Two commands: `make up` (needs python3 ≥ 3.11 and nothing else) and `make test`.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help up test test-deep lint unit feature architecture browser system screenshots revision bench faults lock chromium alertmanager clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' $(MAKEFILE_LIST) | expand -t 14

up: $(VENV)/.local  ## start irm with a demo city; Ctrl-C stops everything
	@exec $(BIN)/irm up

test: $(VENV)/.dev lint chromium alertmanager  ## everything that must hold before a commit
	$(BIN)/pytest -q tests/architecture tests/unit tests/feature -n auto --maxprocesses 4 --dist worksteal
	$(BIN)/pytest -q tests/browser tests/system

test-deep: $(VENV)/.dev  ## the properties by 500 random examples each; what it finds becomes a test
	HYPOTHESIS_PROFILE=deep $(BIN)/pytest -q tests/unit tests/feature -n auto --maxprocesses 4 --dist worksteal

lint: $(VENV)/.dev  ## style, types, who may import whom
	$(BIN)/ruff check irm tests alembic bench
	$(BIN)/ruff format --check irm tests alembic bench
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

system: alertmanager
architecture unit feature system: $(VENV)/.dev  ## one kind of tests
	$(BIN)/pytest -q tests/$@

browser: $(VENV)/.dev chromium  ## a real Chromium walks the main job
	$(BIN)/pytest -q tests/browser

screenshots: $(VENV)/.dev chromium  ## the main pages, both widths, languages and themes, to docs/screenshots
	$(BIN)/python -m tests.browser.screenshots

revision: $(VENV)/.dev  ## write a migration for what changed in the rows: make revision m="add rosters"
	$(BIN)/python scripts/revision "$(m)"

bench: $(VENV)/.dev  ## irm against its floors, and every page in a city at full size
	$(BIN)/python -m bench.ratios
	$(BIN)/python -m bench.goals
	$(BIN)/python -m bench.pure
	$(BIN)/python -m bench.rosters

faults: $(VENV)/.dev  ## break irm again and again while it is used, then look what was lost: make faults seconds=900 seed=1
	$(BIN)/python -m tests.faults.run --seconds $(or $(seconds),900) --seed $(or $(seed),1) --history .faults/$(or $(seed),1).jsonl

lock:  ## compile requirements/*.lock anew (needs uv)
	uv pip compile -q --python-version 3.11 --universal --no-emit-index-url --generate-hashes \
		--custom-compile-command "make lock" pyproject.toml --extra local --group build -o requirements/local.lock
	uv pip compile -q --python-version 3.11 --universal --no-emit-index-url --generate-hashes \
		--custom-compile-command "make lock" pyproject.toml --extra local --group dev \
		-c requirements/local.lock -o requirements/dev.lock

chromium:
	@sh scripts/chromium

alertmanager:
	@sh scripts/alertmanager

# The environments are made anew only when a lock or the project's own metadata changed.
$(VENV)/.local: requirements/local.lock pyproject.toml
	@test -e $(VENV)/.dev -a $(VENV)/.dev -nt requirements/dev.lock -a $(VENV)/.dev -nt pyproject.toml || PYTHON=$(PYTHON) sh scripts/environment $(VENV) requirements/local.lock
	@touch $@

$(VENV)/.dev: requirements/dev.lock pyproject.toml
	@PYTHON=$(PYTHON) sh scripts/environment $(VENV) requirements/dev.lock
	@touch $@

clean:  ## forget the environment; data in .irm stay
	rm -rf $(VENV)
