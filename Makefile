# The verbs of this project. Each sets up what it needs; a second call does nothing twice.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(PYTHON) -m pip --python $(BIN)/python install --disable-pip-version-check --no-input
INSTALL := $(PIP) --require-hashes
say = printf 'presslight: %s\n' "$(1)" >&2
# $(call quietly,what it is for,command): the log keeps every line; a failure shows its last one and where the rest is.
quietly = $(call say,installing $(1)); $(2) >$(VENV)/install.log 2>&1 || { \
	$(call say,could not install $(1): $$(grep -v '^\s*$$' $(VENV)/install.log | tail -n 1) (all of it: $(VENV)/install.log)); exit 1; }

.PHONY: help venv demo test check bench lock clean

help: ## list these verbs
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' Makefile | expand -t 16

venv: $(VENV)/.dev $(VENV)/.stubs ## set up the virtual environment with everything (tests, checks, flashing)

demo: $(VENV)/.run ## start the embedded stack with three simulated lights; Ctrl-C ends it
	@$(BIN)/python -m presslight.micropython >/dev/null
	@exec $(BIN)/presslight up --demo

lock: $(VENV)/.dev ## resolve the versions anew and write the hash-checked lock files
	@set -e; lock="$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-config --no-header \
		--generate-hashes --no-emit-index-url --no-emit-find-links"; \
	$$lock pyproject.toml --group build -o requirements.lock; \
	$$lock pyproject.toml --group build --extra flash -c requirements.lock -o requirements-flash.lock; \
	$$lock pyproject.toml --group build --extra dev -c requirements-flash.lock -o requirements-dev.lock; \
	$$lock --group stubs -o requirements-stubs.lock

$(BIN)/python:
	@$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml $(BIN)/python
	@$(call quietly,what presslight runs on,$(INSTALL) -r requirements.lock)
	@$(call quietly,presslight itself,$(PIP) --no-build-isolation --no-deps --no-index --editable .)
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@$(call quietly,what tests and checks need,$(INSTALL) -r requirements-dev.lock)
	@touch $@

$(VENV)/.stubs: requirements-stubs.lock $(BIN)/python
	@$(call quietly,stubs of the ESP32,$(INSTALL) --no-deps --target $(VENV)/stubs --upgrade -r requirements-stubs.lock)
	@touch $@
