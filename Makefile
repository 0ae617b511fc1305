# Every habit of this project, one target each; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help run demo test lint format bench docs conformance certificates clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runs: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(STAMP): $(VENV)/.runs
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

run: $(VENV)/.runs ## serve both APIs on http://127.0.0.1:8080, kept in tmfserver.db
	$(BIN)/tmfserver serve

demo: $(VENV)/.runs ## load a small telephone company, and print commands to try it with
	$(BIN)/python -m demo

test: lint ## lint, then run all tests on SQLite and on a real PostgreSQL
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: $(STAMP) ## style, types and floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy src/tmfserver handlers demo
	$(BIN)/lint-imports

format: $(STAMP) ## put the source into the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## measure against FastAPI and against the bare database, side by side
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,bench]'
	$(BIN)/python -m benchmarks

docs: $(STAMP) ## write the generated pages anew
	$(BIN)/python docs/generate.py

conformance: $(STAMP) ## all checks on both databases, and Schemathesis at length; CONTRACT=FILE: of that one
	$(BIN)/tmfserver conformance --level full $(CONTRACT:%=--contract %)
	$(BIN)/python -m tests.conformance.on_postgresql --level full $(CONTRACT:%=--contract %)
ifdef CONTRACT
	$(BIN)/python -m tests.schemathesis $(CONTRACT)
else
	TMFSERVER_EXAMPLES=20 $(BIN)/python -m pytest -n 2 --dist loadfile --timeout 0 tests/conformance tests/schemathesis
endif

certificates: $(VENV)/.runs ## the examples of report and certification documents, from a real run
	$(BIN)/tmfserver conformance --report docs/conformance --certificate docs/conformance/example-telecom.yaml
	rm docs/conformance/report.xml docs/conformance/report.json

clean: ## remove what was built
	rm -rf $(VENV) build dist *.egg-info src/*.egg-info
