# Python 3.11 (or newer) and make are all this needs. Everything is installed into .venv, nothing outside this folder
# but the demo's state (see `make demo`). Locked dependencies are checked by hash.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
# Options for the program or for pytest: make demo ARGS="--listen 127.0.0.1:9000", make test ARGS="-k vault"
ARGS   ?=
# Twice as many test processes as processors (tests/conftest.py)
XDIST  ?= -n auto
# How `make test` runs its suite; `make coverage` measures it
RUN    ?= -m pytest

# Programs are started hundreds of times in the tests: they are to be compiled once.
unexport PYTHONDONTWRITEBYTECODE

# Installing takes a minute. It is told in one line that counts (on a terminal; elsewhere each tenth package), instead of in
# hundreds or not at all. A pipe hides that its first command failed, so the last word of it has to come.
define install
	@{ $(PIP) install --require-hashes -r $(1) && echo "pip is done"; } | awk -v all="$$(grep -c == $(1))" \
	  -v tty="$$(test -t 1 && echo 1)" ' \
	  function tell(text) { printf (tty ? "\r\033[K  %s" : "  %s\n"), text; fflush() } \
	  /^Collecting / { if (++n % 10 == 1 || tty) tell(n " of at most " all " packages: " $$2) } \
	  /^Installing collected/ { tell("unpacking " n " packages ...") } \
	  /^pip is done/ { done = 1 } \
	  END { if (tty) printf "\r\033[K"; exit !done }'
endef

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1m%-24s\033[0m %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/run.stamp ## the whole thing with an embedded OpenStack: protect a server, show its metadata, keep serving
	@exec $(BIN)/opencbr demo $(ARGS)

test: $(VENV)/dev.stamp ## the fast suite: what needs nothing but Python, of each matrix some cases
	$(BIN)/python $(RUN) $(XDIST) -m "not thorough and not postgres and not openstack and not browser" $(ARGS)

test-thorough: $(VENV)/dev.stamp ## the rest of each matrix, on SQLite: every fault, every wrong id, a death in every step
	$(BIN)/python -m pytest $(XDIST) -m "thorough and not postgres and not openstack and not browser" $(ARGS)

coverage: $(VENV)/dev.stamp ## the fast suite with its line and branch coverage, the programs it starts included
	rm -rf build/coverage
	$(MAKE) test RUN="-m coverage run -m pytest"
	$(MAKE) coverage-report

coverage-report: $(VENV)/dev.stamp ## what the last measured run has covered, lines and branches
	$(BIN)/python -m coverage combine --quiet --keep
	$(BIN)/python -m coverage report

mutants: $(VENV)/dev.stamp ## how many of 300 small faults in model, records, keys and jobs the fast suite finds (an hour)
	$(BIN)/python -m bench.mutants $(ARGS)

test-postgres: $(VENV)/dev.stamp ## the fast suite's and all crash tests on a private PostgreSQL cluster, from the system's own binaries
	$(BIN)/python tests/support/postgres.py $(BIN)/python -m pytest $(XDIST) -m "postgres and (kill or not thorough)" $(ARGS)

test-postgres-thorough: $(VENV)/dev.stamp ## the rest of each matrix there: every fault and every wrong id on PostgreSQL
	$(BIN)/python tests/support/postgres.py $(BIN)/python -m pytest $(XDIST) -m "postgres and thorough and not kill" $(ARGS)

test-browser: $(VENV)/dev.stamp ## the console in a real Chromium (a system package, or the one that OPENCBR_TEST_CHROMIUM names)
	$(BIN)/python -m pytest -m browser tests/browser $(ARGS)

test-openstack: $(VENV)/dev.stamp ## against the real cloud named by OS_CLIENT_CONFIG_FILE and OS_CLOUD
	@test -n "$$OS_CLIENT_CONFIG_FILE" -a -n "$$OS_CLOUD" || { \
	  echo "name a cloud first: export OS_CLIENT_CONFIG_FILE=/path/clouds.yaml OS_CLOUD=name" >&2; exit 2; }
	$(BIN)/python -m pytest -m openstack $(ARGS)

bench: $(VENV)/dev.stamp ## measurements, ratios side by side, as a table
	$(BIN)/python -m bench $(ARGS)

docs: $(VENV)/run.stamp ## the API reference as static pages, into build/docs
	$(BIN)/python -m opencbr.console.reference build/docs

examples: $(VENV)/dev.stamp ## the examples of the OpenAPI document, written anew by a run of the service on the embedded cloud
	PYTHONPATH=tests $(BIN)/python -m support.api_examples

screenshots: $(VENV)/dev.stamp ## the console's main pages in light, dark and as wide as a phone, into build/screenshots
	$(BIN)/python -m bench.screenshots $(ARGS)

lint: $(VENV)/dev.stamp ## style, format and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: $(VENV)/dev.stamp ## mypy, strict; of the tests that every call has its arguments
	$(BIN)/mypy
	cd tests && $(abspath $(BIN))/mypy .

lock: ## write requirements*.txt anew from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 2; }
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra dev \
	  --constraint requirements.txt pyproject.toml -o requirements-dev.txt

clean: ## remove the environment and everything that was built
	rm -rf $(VENV) build dist .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "no Python found: install Python 3.11, or say make PYTHON=/path/to/python" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is older than 3.11: say make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@echo "making $(VENV) with $(PYTHON) ..."
	@$(PYTHON) -m venv $(VENV)

# A stamp says that the environment holds exactly what the lock file of that moment names: a second run is instant.
$(VENV)/run.stamp: requirements.txt pyproject.toml | $(BIN)/python
	@echo "installing locked dependencies into $(VENV), once ..."
	$(call install,requirements.txt)
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@echo "installing what the tests need, once ..."
	$(call install,requirements-dev.txt)
	@touch $@

.PHONY: help demo test test-thorough coverage coverage-report mutants test-postgres test-postgres-thorough test-browser test-openstack bench docs examples screenshots lint types lock clean
