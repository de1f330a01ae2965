# Everything a developer does with Bareme. `make` alone lists it.
# The first target that needs Python makes .venv from the pinned requirements; nothing outside this folder is touched.

PORT ?= 8010
LISTEN ?= 127.0.0.1
PYTHON3 ?= python3
ARGS ?=

PYTHON := .venv/bin/python
READY := .venv/.done
EMBEDDED := $(PYTHON) -m config.embedded
# What Python compiles is kept, beside the cache of pytest, also where it shall not lie among the sources: it takes every process
# of the tests five seconds.
PYTEST := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX="$(CURDIR)/.pytest_cache/bytecode" \
	$(EMBEDDED) --throwaway -- $(PYTHON) -m pytest
# A process per core, each with databases of its own; the tests with browsers, workers and clocks want the machine for themselves.
QUICK := -n auto --maxprocesses 8 -m "not slow and not browser"
SLOW := -m "slow or browser"

export PYTHON3

.DEFAULT_GOAL := help

.PHONY: help
help: ## List these targets
	@echo "make TARGET, where TARGET is one of:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: $(READY) ## Run Bareme with a demo world on this machine (PORT=8010, LISTEN=0.0.0.0 for all); Ctrl-C stops it, the data stay
	@$(PYTHON) -m config.demo --host $(LISTEN) --port $(PORT)

.PHONY: demo-reset
demo-reset: $(READY) ## Throw the demo world away; the next `make demo` starts over
	@$(PYTHON) -m config.demo --reset

.PHONY: test
ifeq ($(ARGS),)
test: quick slow ## Run the whole test suite on temporary servers (ARGS="tests/test_x.py -k word" chooses)
else
test: $(READY)
	@$(PYTHON) -m config.translations
	@$(PYTEST) $(ARGS)
endif

.PHONY: quick slow
quick: $(READY) ## Run the tests that need no browser, no worker and no killing, on every core: what a developer runs all day
	@$(PYTHON) -m config.translations
	@$(PYTEST) -q $(QUICK) $(ARGS)
slow: $(READY) ## Run the other tests, one after the other
	@$(PYTHON) -m config.translations
	@$(PYTEST) -q $(SLOW) $(ARGS)

.PHONY: simulate
simulate: $(READY) ## Let visitors come to the running demo: they open, click, read, submit (ARGS=--help)
	@$(EMBEDDED) -- $(PYTHON) manage.py simulate $(ARGS)

.PHONY: bench
bench: $(READY) ## Measure on generated worlds, beside bare SQL (ARGS="--contacts 100000 --events 1000000", ARGS=--help)
	@$(PYTHON) -m benchmarks $(ARGS)

.PHONY: fuzz
fuzz: $(READY) ## Send 100,000 requests, right and wrong, to every public address (ARGS="--requests 10000", ARGS=--help)
	@$(EMBEDDED) --throwaway -- $(PYTHON) -m tests.security.fuzz $(ARGS)

.PHONY: manage
manage: $(READY) ## Run a command on the demo world (ARGS="explain EMAIL"; ARGS=help lists them)
	@$(EMBEDDED) -- $(PYTHON) manage.py $(ARGS)

.PHONY: shell
shell: $(READY) ## Open Django's shell on the demo world
	@$(EMBEDDED) -- $(PYTHON) manage.py shell

# Each check is a target of its own, so that `make -k lint` runs them all and `make lint-types` just one.
.PHONY: lint lint-style lint-format lint-types lint-imports lint-migrations lint-deploy
lint: lint-style lint-format lint-types lint-imports lint-migrations lint-deploy ## Check style, types, imports, migrations and production settings
lint-style: $(READY)
	$(PYTHON) -m ruff check .
lint-format: $(READY)
	$(PYTHON) -m ruff format --check .
lint-types: $(READY)
	$(EMBEDDED) --throwaway -- $(PYTHON) -m mypy
lint-imports: $(READY)
	.venv/bin/lint-imports
lint-migrations: $(READY)
	$(EMBEDDED) --throwaway -- $(PYTHON) manage.py makemigrations --check --dry-run
lint-deploy: $(READY)
	DEBUG=0 PUBLIC_URL=https://bareme.example SECRET_KEY=0123456789-not-a-secret-but-as-long-as-one-9876543210 \
		DATABASE_URL=postgres://host/bareme REDIS_URL=redis://host EMAIL_URL=smtp://host ENV_FILE= \
		$(PYTHON) manage.py check --deploy --fail-level WARNING

.PHONY: messages messages-check
messages: $(READY) ## Bring the French catalogue up to the code (needs gettext), ready to translate
	$(EMBEDDED) --throwaway -- $(PYTHON) -m config.translations --update
messages-check: $(READY) ## Check that the translation is complete (needs gettext)
	$(EMBEDDED) --throwaway -- $(PYTHON) -m config.translations --check

.PHONY: format
format: $(READY) ## Put the code into the shape `make lint` asks for
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

# A requirements file names exact versions and hashes, for every platform, and no address: your pip.conf decides where from.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header
.PHONY: requirements
requirements: ## Pin the requirements again after a change of pyproject.toml (needs uv; ARGS=--upgrade for newer ones)
	@command -v uv >/dev/null || { echo "This needs uv: pip install uv."; exit 1; }
	$(COMPILE) $(ARGS) pyproject.toml -o requirements.txt
	$(COMPILE) $(ARGS) --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	$(COMPILE) $(ARGS) requirements-embedded.in -o requirements-embedded.txt
	$(COMPILE) $(ARGS) --no-deps requirements-data.in -o requirements-data.txt

.PHONY: clean
clean: ## Remove .venv and caches (not the demo's data)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# A .venv whose interpreter is gone (an upgrade of the system, say) is made again, whatever its stamp says.
ifneq ($(shell $(PYTHON) -c 'print("runs")' 2>/dev/null),runs)
.PHONY: $(READY)
endif
$(READY): requirements-dev.txt requirements-embedded.txt requirements-data.txt
	@.ci/venv
