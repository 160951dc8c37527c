# Needs Python 3.11 or newer and nothing else: everything comes into .venv from requirements.lock, hashes checked.
.DEFAULT_GOAL := help
IS_SUPPORTED := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$name -c '$(IS_SUPPORTED)' 2>/dev/null && { echo $$name; break; }; done)
BIN := .venv/bin
INSTALLED := .venv/installed

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

run: $(INSTALLED) ## the whole exchange with its demo world, at http://127.0.0.1:8000 (PORT, HOST, DEMO, DATABASE_URL, VALKEY_URL)
	@DEMO=$${DEMO:-on} $(BIN)/python manage.py runexchange

test: $(INSTALLED) ## every test but the long ones
	$(BIN)/python -m pytest -n auto --dist loadfile
	$(BIN)/python -m tests.pages.chromium
	$(BIN)/python -m pytest -m browser tests/pages

lint: $(INSTALLED) ## style, types of the pure packages, who may import whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

sim: $(INSTALLED) ## long simulations and differential tests of the engine
	HYPOTHESIS_PROFILE=explore $(BIN)/python -m pytest -m long tests/core tests/simulation

chaos: $(INSTALLED) ## kills processes of a real exchange under load, and counts what is there afterwards
	$(BIN)/python -m pytest -m long -s tests/chaos

streams: $(INSTALLED) ## ten minutes of books followed over the WebSocket, and three of kills (MARKET_DATA_DIR)
	$(BIN)/python -m pytest -m long -s tests/streams

bench: $(INSTALLED) ## performance, as a table of ratios
	$(BIN)/python -m tests.performance

screenshots: $(INSTALLED) ## pictures of the pages for docs/, of the demo world that `make run` runs beside
	$(BIN)/python -m tests.pages.screenshots

compile: $(INSTALLED) ## the pure packages as machine code (needs a C compiler); ENGINE=compiled uses them
	$(BIN)/python -m exchange.compiled

lock: $(INSTALLED) ## requirements.txt resolved into requirements.lock
	$(BIN)/uv pip compile --quiet requirements.txt -o requirements.lock --python-version 3.11.7 \
		--generate-hashes --no-emit-index-url

clean: ## what builds and tests left behind; var/ stays
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

$(INSTALLED): requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with its venv module is needed, and was not found."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the locked requirements into .venv"
	@{ $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.8 && \
		UV_SYSTEM_CERTS=true UV_LINK_MODE=copy $(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock; } || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock || \
		{ echo "The locked requirements could not be installed: is the package index reachable?"; exit 1; }
	@touch $@

.PHONY: help run test lint sim chaos streams bench screenshots compile lock clean
