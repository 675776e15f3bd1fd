# Everything happens in .venv of this checkout. Needs Python 3.11 to 3.14 and make; uv is used where
# it is installed.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null \
	&& echo "$$p" && break; done)
UV := $(shell command -v uv 2>/dev/null)
STAMP := $(VENV)/.set-up
ROOMS := cli config connectors detectors ledger playbooks simulator tasks web
WORKERS ?= 5
# Compiled code is kept, whatever the environment says: tests start hundreds of processes, and each would
# compile all of Rescind anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup demo test fuzz lint types layers format bench bench-hunts detectors-score oracle-score normalised-score lock wheel clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: $(STAMP) ## Install everything into .venv, from requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.14 is needed and was not found; set PYTHON=..." >&2; exit 1; }
	@echo "Setting up $(VENV) (about a minute) ..." >&2
ifneq ($(UV),)
	@test -x $(BIN)/python || uv venv --quiet --python "$(PYTHON)" $(VENV) >&2
	@uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock >&2
	@uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . >&2
else
	@test -x $(BIN)/pip || "$(PYTHON)" -m venv $(VENV) >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . >&2
endif
	@touch $(STAMP)

demo: setup ## Watch a token thief being evicted (DEMO_ARGS=--json for one JSON object)
	@$(BIN)/rescind demo $(DEMO_ARGS)

test: setup ## Run all tests (services and browser are skipped where there are none)
	@$(BIN)/python -m compileall -q -j 0 $(ROOMS) tests
	@ls tests/unit/__pycache__/*-pytest-*.pyc >/dev/null 2>&1 || \
		$(BIN)/python -m pytest -n 0 --collect-only -q >/dev/null || true  # else every worker rewrites them all
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(TEST_ARGS)

fuzz: setup ## Damage every adapter's events, 2,000 cases an adapter and more (about an hour; FUZZ_ARGS='-k okta')
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m fuzz --hypothesis-profile=fuzz --timeout=0 tests/unit $(FUZZ_ARGS)

lint: setup ## Check style and format
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup ## Check types
	@$(BIN)/mypy

layers: setup ## Check that imports run downhill only
	@$(BIN)/lint-imports

format: setup ## Format the code
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: setup ## Measure, as ratios against a floor measured in the same run
	@for script in $(filter-out bench/hunts.py,$(wildcard bench/*.py)); do echo "== $$script"; $(BIN)/python $$script || exit 1; done

bench-hunts: setup ## Hunt for 200 planted thefts in 10 million sign-ins (BENCH_ARGS=--growth)
	@PYTHONPATH=. $(BIN)/python bench/hunts.py $(BENCH_ARGS)

detectors-score: setup ## How well alerts are read (RESCIND_DETECTOR_DATA; FAMILIES="a b" tells each file)
	@PYTHONPATH=. $(BIN)/python tests/score/detector_score.py $(FAMILIES)

oracle-score: setup ## Precision and recall over labelled events (RESCIND_DETECTOR_DATA)
	@PYTHONPATH=. $(BIN)/python tests/score/oracle_score.py $(SCORE_ARGS)

normalised-score: setup ## How other parsers read the same files (RESCIND_DETECTOR_DATA; FAMILIES=all tells each)
	@PYTHONPATH=. $(BIN)/python tests/score/normalised_score.py $(FAMILIES)

lock: setup ## Resolve requirements.lock anew
	@$(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command 'make lock' --group dev -o requirements.lock pyproject.toml

wheel: setup ## Build the wheel into dist/
	@$(BIN)/python -m hatchling build -t wheel

clean: ## Remove what was built and installed
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
