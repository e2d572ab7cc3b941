# The words a developer types. Each installs what it needs first: see deploy/bootstrap.
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin

.PHONY: help setup demo test laws test-transports check bench bench-rig bench-exporter format lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 18

setup: ## install what is missing: the virtual environment and, as root, the Debian packages
	@PYTHON=$(PYTHON) deploy/bootstrap

demo: setup ## the whole chain on this machine, live in the terminal (ARGS="--help" lists options)
	@$(BIN)/python -m deploy.demo $(ARGS)

test: setup ## every test, the real components included, on two cores (ARGS go to pytest)
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder $(ARGS)

laws: setup ## the laws of the decision core, 10,000 examples of each: half an hour (ARGS go to pytest)
	@HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest tests/controller/decision --hypothesis-show-statistics $(ARGS)

test-transports: setup ## the drive over each transport, and the switch between two, judged: 20 minutes, as root
	@mkdir -p .demo; for one in mptcp srtla hybrid; do echo "== $$one"; \
	  $(BIN)/python -m deploy.demo --for 300s --transport $$one --report .demo/$$one.json && \
	  $(BIN)/python -m deploy.demo.verdict .demo/$$one.json || exit 1; done; \
	  echo "== switch"; $(BIN)/python -m tests.bench.switching

check: setup ## format, lint, types, import contracts, rules, scripts
	@$(BIN)/python -m deploy.check

bench: ## score the policies on synthetic drives: a minute, no root (ARGS="--traces DIR" for recorded ones)
	@PYTHON=$(PYTHON) deploy/bootstrap --python-only
	@$(BIN)/python -m tests.bench $(ARGS)

bench-rig: setup ## hold the bench's model against the real thing: 45 minutes, as root, in parts if wanted
	@$(BIN)/python -m tests.bench.rig $(ARGS)

bench-exporter: setup ## what the MPTCP exporter costs, and how true it is
	@$(BIN)/python -m tests.bench.exporters $(ARGS)

format: setup ## let the formatter and the linter mend what they can
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lock: setup ## resolve the dependencies anew and write both lock files
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --custom-compile-command "make lock" pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --custom-compile-command "make lock" --all-extras pyproject.toml -o requirements-dev.lock

clean: ## remove what the commands above made
	rm -rf .venv .demo build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
