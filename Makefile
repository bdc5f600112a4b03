# What people do here. Each target makes what it needs first; `make` alone lists them.
PYTHON ?= python3
VENV ?= .venv
BENCH_VENV ?= .venv-bench
TESTS ?= tests examples
BIN := $(VENV)/bin
ASL := tests/cdk_app/node_modules/.package-lock.json
CLIENT := web/client/dist/index.html
CLIENT_PACKAGES := web/client/node_modules/.package-lock.json
CLIENT_SOURCES := $(shell find web/client -maxdepth 1 -type f) $(shell find web/client/src web/client/public -type f -not -name schema.ts)
NPM := sh scripts/npm.sh $(VENV) --prefix web/client --silent
UV_VERSION := 0.13.8
PIP_INSTALL := -m pip --disable-pip-version-check install --quiet
COMPILE := $(BIN)/uv pip compile --quiet --upgrade --universal --fork-strategy fewest --generate-hashes \
           --custom-compile-command "make lock"

.NOTPARALLEL:
.PHONY: help demo test lint format docs client screenshots bench lock clean programs

help:  ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.skyburst  ## search a generated library for a neuron; about a minute
	@BIN=$(BIN) sh scripts/demo.sh

test: $(VENV)/.skyburst $(VENV)/.test $(VENV)/.docs programs $(ASL) $(CLIENT)  ## run all tests; TESTS=path for some
	$(NPM) test
	$(BIN)/python -m pytest -n auto $(TESTS)

lint: $(VENV)/.skyburst $(VENV)/.lint $(CLIENT_PACKAGES)  ## check style and types
	$(NPM) run check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.lint $(CLIENT_PACKAGES)  ## put the code into the one format
	$(NPM) run format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.skyburst $(VENV)/.docs  ## build the documentation into docs/_build/html
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet -b html docs docs/_build/html
	@echo "built docs/_build/html/index.html"

client: $(CLIENT)  ## build the pages that `skyburst serve` shows

screenshots: $(VENV)/.skyburst $(VENV)/.test programs $(CLIENT)  ## make the pictures of the pages in docs/images; some minutes
	PYTHONPATH=. $(BIN)/python scripts/screenshots.py

bench: $(BENCH_VENV)/.bench  ## measure the engine, the search and the generator; about fifteen minutes
	$(BENCH_VENV)/bin/python benchmarks/engine.py
	$(BENCH_VENV)/bin/python -m benchmarks.raw_search
	$(BENCH_VENV)/bin/python benchmarks/recall.py
	$(BENCH_VENV)/bin/python benchmarks/generate.py

lock: $(BIN)/python  ## choose the newest versions that fit pyproject.toml and write requirements/*.txt
	$(BIN)/python $(PIP_INSTALL) uv==$(UV_VERSION)
	$(COMPILE) pyproject.toml -o requirements/run.txt
	$(COMPILE) pyproject.toml --group test --extra aws --extra cloud --extra timeline -c requirements/run.txt -o requirements/test.txt
	$(COMPILE) requirements/functions.in -c requirements/run.txt -c requirements/test.txt -o requirements/functions.txt
	$(COMPILE) requirements/api.in -c requirements/functions.txt -o requirements/api.txt
	$(COMPILE) pyproject.toml --group lint -c requirements/test.txt -o requirements/lint.txt
	$(COMPILE) pyproject.toml --group docs -c requirements/lint.txt -c requirements/test.txt -o requirements/docs.txt
	$(COMPILE) pyproject.toml --group bench -c requirements/run.txt -o requirements/bench.txt
	$(COMPILE) requirements/node.in -o requirements/node.txt
	$(COMPILE) requirements/build.in -c requirements/lint.txt -c requirements/test.txt -o requirements/build.txt

clean:  ## remove everything that was made
	rm -rf tests/cdk_app/node_modules web/client/node_modules web/client/dist .cdk-bundles cdk.out $(VENV) $(BENCH_VENV) build dist demo docs/_build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

programs:
	@sh scripts/program.sh "in which the tests look at the result page" chromium chromium chromium-browser google-chrome
	@sh scripts/program.sh "on which the CDK and functions in JavaScript run" nodejs node

$(BIN)/python $(BENCH_VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else f"Python {sys.version.split()[0]} is too old: give one from 3.11, as in: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(@D)/..

# A validator of the state machines' language, for which there is nothing in Python; its tests are skipped where Node is missing.
$(ASL): tests/cdk_app/package-lock.json
	@if command -v npm > /dev/null; then npm ci --prefix $(<D) --loglevel error --no-audit --no-fund; else echo "no npm: state machines are not validated"; fi

$(CLIENT_PACKAGES): web/client/package-lock.json $(BIN)/python
	$(NPM) ci --loglevel error --no-audit --no-fund
	@touch $@

$(CLIENT): $(CLIENT_PACKAGES) $(CLIENT_SOURCES)
	$(NPM) run build
	@touch $@

# One stamp for each lock file that is installed.
$(VENV)/.%: requirements/%.txt $(BIN)/python
	$(BIN)/python $(PIP_INSTALL) --require-hashes -r $<
	@touch $@

$(VENV)/.skyburst: $(VENV)/.run $(VENV)/.build pyproject.toml skyburst/_version.py
	$(BIN)/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(BENCH_VENV)/.bench: requirements/bench.txt requirements/build.txt $(BENCH_VENV)/bin/python
	$(BENCH_VENV)/bin/python $(PIP_INSTALL) --require-hashes -r requirements/bench.txt -r requirements/build.txt
	$(BENCH_VENV)/bin/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@
