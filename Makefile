# Everything happens in .venv; the only thing needed beforehand is Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin
RUNTIME := .venv/.made-from-requirements
DEV := .venv/.made-from-requirements-dev
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Tests are played by several processes; one after the other: make test TOGETHER=
TOGETHER ?= -n auto --maxprocesses 4 --dist worksteal
EDITABLE := $(INSTALL) --no-deps --no-build-isolation --editable .

.DEFAULT_GOAL := help
.PHONY: help demo test browser-test lint format bench screenshot requirements clean install install-dev

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
		printf '  make %-14s %s\n' "$$name" "$$text"; done

demo: $(RUNTIME)  ## Start Caravan on the local platform: nothing to sign up for
	$(BIN)/caravan demo

test: $(DEV)  ## Run every test but those that need a browser
	$(BIN)/python -m pytest $(TOGETHER) -m "not browser"

browser-test: $(DEV)  ## Run the tests that drive Chromium (CARAVAN_CHROMIUM names it)
	$(BIN)/python -m pytest -m browser

lint: $(DEV)  ## Check style, types and who imports whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV)  ## Mend style where a tool can
	$(BIN)/ruff check --fix-only --exit-zero
	$(BIN)/ruff format

bench: $(DEV)  ## Measure pairing, delivery and a large rehearsal
	$(BIN)/python -m tests.bench

screenshot: $(DEV)  ## Take the pictures that the README shows
	$(BIN)/python -m tests.browser.screenshots

install: $(RUNTIME)  ## Install what Caravan needs to run, into .venv

install-dev: $(DEV)  ## Install what its tests and checks need too

clean:  ## Remove what these targets made; databases and config stay
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'Caravan needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ...' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo 'This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv' >&2; \
		exit 1; }
	$(PYTHON) -m venv --clear .venv

$(RUNTIME): requirements.txt pyproject.toml | $(BIN)/python
	$(INSTALL) --require-hashes --requirement requirements.txt
	$(EDITABLE)
	@touch $@

$(DEV): requirements-dev.txt pyproject.toml | $(BIN)/python
	$(INSTALL) --require-hashes --requirement requirements-dev.txt
	$(EDITABLE)
	@touch $(RUNTIME) $@

# --- pinning -----------------------------------------------------------------------------------------------
# Run with the oldest Python we support: its dependencies contain those of the newer ones, except for the
# packages in NEWER, which are pinned by hand below. Local wheel folders are ignored, so that every hash is
# the registry's. UPGRADE=--upgrade takes the newest versions; without it, pins stay.
UPGRADE ?=
PIN := build/pin
REGISTRY := env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL PIP_CONFIG_FILE=/dev/null
COMPILE := $(REGISTRY) CUSTOM_COMPILE_COMMAND='make requirements' $(PIN)/bin/pip-compile --quiet --generate-hashes \
	--strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	--build-deps-for editable $(UPGRADE)
NEWER := audioop-lts==0.2.2
NEWER_MARKER := python_version >= "3.13"

requirements:  ## Pin every dependency again, with hashes, from pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
		echo 'Pin with Python 3.11: make requirements PYTHON=python3.11' >&2; exit 1; }
	$(PYTHON) -m venv --clear $(PIN)
	$(PIN)/bin/python -m pip install --quiet --disable-pip-version-check pip==26.3 pip-tools==7.6.2
	$(COMPILE) --output-file requirements.txt pyproject.toml
	$(COMPILE) --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml
	for platform in manylinux2014_x86_64 manylinux2014_aarch64; do \
		$(REGISTRY) $(PIN)/bin/python -m pip download --quiet --no-deps --only-binary :all: --python-version 3.13 \
			--platform $$platform --dest $(PIN)/newer '$(NEWER)'; done
	{ printf '%s ; %s' '$(NEWER)' '$(NEWER_MARKER)'; \
		sha256sum $(PIN)/newer/*.whl | sed 's/ .*//' | sort -u | while read -r hash; do \
			printf ' \\\n    --hash=sha256:%s' "$$hash"; done; \
		printf '\n    # via discord-py, where Python itself no longer has it\n'; } > $(PIN)/newer.txt
	cat $(PIN)/newer.txt >> requirements.txt
	cat $(PIN)/newer.txt >> requirements-dev.txt
	@! grep -nE '://|^-|file:|find-links|--index' requirements.txt requirements-dev.txt || { \
		echo 'The pins must not name an address or a folder.' >&2; exit 1; }
