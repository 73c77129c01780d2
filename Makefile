# Everything a newcomer, a developer and CI need. `make` lists it.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
# Processes that the tests run in; each has databases of its own.
WORKERS ?= 2
BROWSER ?= $(or $(CHROMIUM),$(shell command -v chromium || command -v chromium-browser || command -v google-chrome || command -v google-chrome-stable))
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help translations run test check format lint types layers bench bench-scrub quality screenshots clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "prefcenter needs Python 3.11 or newer; name one with PYTHON=…"; exit 1; }
	@echo "Making the environment in $(VENV) (once; takes about a minute) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: $(STAMP) ## Start the product with sample data on http://127.0.0.1:8000
	@$(BIN)/prefcenter demo $(ARGS)

test: $(STAMP) ## Run the tests; those in a browser only where there is Chromium
	@$(if $(BROWSER),,echo "There is no Chromium here, so the browser tests are left out; \`make check\` wants it.";) \
	$(BIN)/python -m pytest -q -n $(WORKERS) $(if $(BROWSER),,-m "not e2e")

check: $(STAMP) lint types layers ## Run all that CI runs
	@$(BIN)/python -m pytest -q -n $(WORKERS)

lint: $(STAMP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(STAMP)
	@$(BIN)/mypy

layers: $(STAMP)
	@$(BIN)/lint-imports

format: $(STAMP) ## Format the code and mend what can be mended by itself
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

translations: $(STAMP) ## Collect what the pages, mails and texts say, update each language's catalogue, and compile them
	@mkdir -p build
	@$(BIN)/pybabel extract -F babel.cfg -k lazy_gettext --no-location -o build/messages.pot .
	@$(BIN)/pybabel update -i build/messages.pot -d prefcenter/translations --no-fuzzy-matching --ignore-obsolete
	@$(BIN)/pybabel compile -d prefcenter/translations

bench: $(STAMP) ## Measure scrub, one-click, events and sending beside their bare baselines, the rate of the check, and pages
	@$(BIN)/python -m benchmarks.scrub
	@$(BIN)/python -m benchmarks.copying
	@$(BIN)/python -m benchmarks.one_click
	@$(BIN)/python -m benchmarks.check_api
	@$(BIN)/python -m benchmarks.webhook_intake
	@$(BIN)/python -m benchmarks.dispatch
	@$(BIN)/python -m benchmarks.page_size

bench-scrub: $(STAMP) ## Measure the postal scrub of 1 to 10 million rows beside a bare exact join (takes long; see docs/speed.md)
	@$(BIN)/python -m benchmarks.scrub_post $(ARGS)

quality: $(STAMP) ## Measure recall, precision and false removals of the address matching, by kind of error
	@$(BIN)/python -m benchmarks.quality

screenshots: $(STAMP) ## Make the pictures in docs/screenshots with headless Chromium
	@$(BIN)/python -m tests.e2e.screenshots docs/screenshots

clean: ## Remove the environment and all caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
