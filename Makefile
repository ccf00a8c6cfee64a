# Everything a checkout needs, from Python 3.11 or newer (with venv), make and a package index.
# `make` alone lists the commands. Set-up happens once, and again only when a lock or pyproject.toml changes.

WORKSPACE ?= data/sample
PERIOD    ?=
CHROMIUM  := $(or $(CHROMIUM),$(shell command -v chromium || command -v chromium-browser || command -v google-chrome))
# PYTHON names the interpreter to set up with; without it the first of these that will do is taken.
PYTHONS   := $(if $(PYTHON),$(PYTHON),python3 python3.14 python3.13 python3.12 python3.11)

BIN       := .venv/bin
READY     := .venv/.installed
SPARK     := .venv/.installed-spark
PIP       := $(BIN)/python -m pip --disable-pip-version-check install --quiet --quiet --progress-bar off
PYTEST    := $(BIN)/python -m pytest
# One file stays on one worker, so what a module prepares is prepared once.
TWO_CORES := -n 2 --dist loadfile
# `make accept` runs these; no other target repeats them.
NO_ACCEPT := --ignore=tests/acceptance
LOCK      := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header $(UV_FLAGS)

export CHROMIUM
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup report test test-spark test-browser accept lab lint check lock java chromium

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

setup: $(READY)  ## .venv with everything in it; every other target does this first

report: $(READY)  ## the review of the last complete month of the sample company, into reports/
	@$(BIN)/gtmkit report --workspace $(WORKSPACE) $(if $(PERIOD),--period $(PERIOD))

test: $(READY)  ## the tests that need neither Java nor Chromium, and the notebooks' figures of record
	@$(PYTEST) $(TWO_CORES) $(NO_ACCEPT)
	@$(PYTEST) $(TWO_CORES) --nbval-lax --nbval-current-env notebooks/

test-spark: java $(SPARK)  ## the tests on Spark (needs Java 17 or newer)
	@$(PYTEST) -m spark $(NO_ACCEPT)

test-browser: chromium $(READY)  ## the tests in a browser (needs Chromium)
	@$(PYTEST) -m browser $(NO_ACCEPT)

accept: java chromium $(SPARK)  ## the acceptance list: line, figures, pass (needs Java and Chromium)
	@$(PYTEST) $(TWO_CORES) tests/acceptance -m '' --accept

lab: $(READY)  ## JupyterLab, open at notebooks/
	@$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/notebooks

lint: $(READY)  ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

check: lint  ## lint and the quick tests, in under a minute
	@$(PYTEST) $(TWO_CORES) $(NO_ACCEPT) --ignore=tests/sources --ignore=tests/test_sources.py \
	  --ignore=tests/test_cli.py -k 'not engine and not test_run' -m 'not spark and not browser and not slow and not quick_off'

lock: $(READY)  ## compile both locks from pyproject.toml (UV_FLAGS=--upgrade takes newer versions)
	@$(LOCK) --extra dev pyproject.toml --output-file requirements.lock >/dev/null
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["spark"], sep="\n")' \
	  | $(LOCK) --constraint requirements.lock - --output-file requirements-spark.lock >/dev/null

$(READY): requirements.lock pyproject.toml
	@if $(BIN)/python -m pip --version >/dev/null 2>&1; then exit; fi; \
	python=; seen=; \
	for candidate in $(PYTHONS); do \
	  version=$$("$$candidate" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue; \
	  if ! "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	    seen="$$seen $$candidate is $$version;"; \
	  elif ! "$$candidate" -c 'import venv, ensurepip' 2>/dev/null; then \
	    seen="$$seen $$candidate is $$version without venv;"; \
	  else python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "No usable Python:$${seen:- none of $(PYTHONS) runs;} gtmkit needs 3.11 or newer with venv." >&2; \
	  echo "Install one (Debian: apt-get install python3 python3-venv) or name yours: make PYTHON=python3.12" >&2; \
	  exit 1; \
	fi; \
	echo "Setting up .venv with Python $$version, once; this takes about three minutes." >&2; \
	"$$python" -m venv --clear .venv >&2
	@echo "Installing what requirements.lock names ..." >&2
	@$(PIP) --require-hashes --requirement requirements.lock >&2
	@echo "Installing gtmkit itself ..." >&2
	@$(PIP) --no-deps --no-build-isolation --editable . >&2
	@touch $@

$(SPARK): requirements-spark.lock $(READY)
	@echo "Installing what requirements-spark.lock names ..." >&2
	@$(PIP) --require-hashes --requirement requirements-spark.lock >&2
	@touch $@

java:
	@version=$$("$${JAVA_HOME:+$$JAVA_HOME/bin/}java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p'); \
	if [ "$${version:-0}" -lt 17 ]; then \
	  echo "Java is missing: $${version:+version $$version found, }Spark needs 17 or newer." >&2; \
	  echo "Install it (Debian: apt-get install default-jre-headless) or point JAVA_HOME to one." >&2; \
	  exit 1; \
	fi

chromium:
	@if [ -z "$(CHROMIUM)" ]; then \
	  echo "Chromium is missing: the browser tests open the pages in it." >&2; \
	  echo "Install it (Debian: apt-get install chromium) or name yours: make CHROMIUM=/path/to/chrome" >&2; \
	  exit 1; \
	fi
