# MITA: from bank statements to a budget for every single day.
# Every target sets up what it needs; nothing but Python 3.11 or later is required.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
CLIENT := .venv-client
export DO_NOT_TRACK = 1

.DEFAULT_GOAL := help
.PHONY: help demo up down test bench lint format docs lock clean

help: ## List these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

demo: $(VENV)/ready ## Start everything, ingest statements of simulated people, show today's budget
	@$(RUN)/mita demo

up: $(VENV)/ready ## Start Postgres, the API, the Prefect server and its worker in the background
	@$(RUN)/mita up --detach

down: $(VENV)/ready ## Stop what 'make up' or 'make demo' started; the data stays
	@$(RUN)/mita down

test: $(VENV)/ready-dev $(CLIENT)/ready ## Run all tests against a real Postgres
	@$(RUN)/python -m pytest -n auto --dist worksteal

bench: $(VENV)/ready-dev ## Measure speed, each figure as a ratio to a floor of the same run
	@$(RUN)/python -m tests.benchmarks

lint: $(VENV)/ready-dev ## Check style, types, the direction of imports, SQL
	@$(RUN)/ruff check .
	@$(RUN)/ruff format --check .
	@$(RUN)/mypy .
	@$(RUN)/lint-imports
	@$(RUN)/sqlfluff lint dbt_project --processes 2

format: $(VENV)/ready-dev ## Format the code
	@$(RUN)/ruff format .
	@$(RUN)/ruff check --fix .

docs: $(VENV)/ready ## Build the dbt docs and serve them
	@$(RUN)/mita docs

lock: $(VENV)/ready ## Renew the lock files from pyproject.toml
	@$(RUN)/python tools/lock.py

clean: ## Stop what runs and remove the virtual environment and caches; the data stays
	@-test -x $(RUN)/mita && $(RUN)/mita down
	@rm -rf $(VENV) $(CLIENT) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dbt_project/target

$(VENV)/ready: requirements.lock pyproject.toml tools/bootstrap.py
	@$(PYTHON) tools/bootstrap.py $(VENV) requirements.lock
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready requirements-dev.lock
	@$(PYTHON) tools/bootstrap.py $(VENV) requirements-dev.lock
	@touch $@

$(CLIENT)/ready: requirements-client.lock tools/bootstrap.py
	@$(PYTHON) tools/bootstrap.py $(CLIENT) requirements-client.lock --tool
	@touch $@
