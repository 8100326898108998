# `make run` and `make test` are all one needs; both set up .venv first.
VENV := .venv
PYTHON := $(VENV)/bin/python
# The first interpreter that answers fast, else the first that answers: see app/interpreter.py.
PYTHON_HOME ?= $(shell for wanted in --optimised ""; do for name in python3.12 python3.11 python3 /usr/bin/python3; do \
	"$$name" -I app/interpreter.py $$wanted 2>/dev/null && command -v "$$name" && exit; done; done)
INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps
COMPILE := $(VENV)/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-strip-extras --custom-compile-command "make lock" --quiet
.DEFAULT_GOAL := help

.PHONY: help run test lint format lock audit clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.run ## start everything; Ctrl-C stops it
	@exec $(PYTHON) -m app run

test: lint ## everything that guards the code
	$(PYTHON) -m pytest --cov --cov-report=term

lint: $(VENV)/.dev ## style, types, and the arrows of the architecture
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

format: $(VENV)/.dev ## mend what can be mended by a program
	$(VENV)/bin/ruff check --fix-only
	$(VENV)/bin/ruff format

lock: $(VENV)/bin/python ## resolve the dependencies of pyproject.toml again
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check uv
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --group dev --constraint requirements.lock --output-file requirements-dev.lock

audit: $(VENV)/.dev ## look for known vulnerabilities in what is locked (asks pypi.org's database)
	$(VENV)/bin/pip-audit --require-hashes --disable-pip -r requirements.lock -r requirements-dev.lock

clean: ## remove what the tools left; .venv and the data in .data stay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@test -n "$(PYTHON_HOME)" || { \
		echo "Python 3.11 or 3.12 is needed and was not found ($$(python3 --version 2>&1 || echo no python3));" >&2; \
		echo "install one, or name it: make PYTHON_HOME=/path/to/python3.12 …" >&2; exit 1; }
	@"$(PYTHON_HOME)" -m venv $(VENV) || { \
		echo "The venv module is missing (Debian and Ubuntu: apt-get install python3-venv)." >&2; rm -rf $(VENV); exit 1; }

# The stamps are older than a changed lock, which is then installed again.
$(VENV)/.run: requirements.lock | $(VENV)/bin/python
	@echo "Installing the dependencies into $(VENV) …"
	@$(INSTALL) -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@echo "Installing the tools of the developers …"
	@$(INSTALL) -r requirements-dev.lock
	@touch $@
