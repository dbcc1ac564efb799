# Everything a checkout needs: `make demo` runs all of it here, `make test` tries it, `make help` lists the rest.

PYTHON ?= python3
PORT ?= 8000
UV = uv==0.13.9
BIN = .venv/bin
# One environment: `make demo` installs what runs, `make test` adds the tools of tests and checks, whose lock has the
# same versions of all that runs. So neither takes away what the other needs.
READY = .venv/.ready
TOOLS = .venv/.tools
PYTEST = $(BIN)/pytest -p no:cacheprovider
# What takes longest comes first, so that no worker is left alone with it at the end; three workers keep two cores busy,
# for most of a test above the unit level is waiting.
SUITES = integration component contract unit

.PHONY: help demo test test-system test-pages test-compose test-containers lint drift bench audit lock clean

help:
	@echo "make demo        Kafka, Postgres and all services on this machine: http://127.0.0.1:$(PORT)"
	@echo "make test        unit, contract, component and integration tests, on a real Kafka and Postgres"
	@echo "make test-system the demo as a person starts it, its year, a restored backup, everything killed at random"
	@echo "make test-pages  the pages in a real browser (needs chromium)"
	@echo "make test-compose     the containers of docker-compose.yml: the flow, the boundary, kills (needs Docker, root)"
	@echo "make test-containers  the component tests on testcontainers' Kafka and Postgres (needs Docker)"
	@echo "make lint        ruff, mypy, import-linter"
	@echo "make drift       do the generated documents say what the code says, and can readers bear it?"
	@echo "make bench       the hot paths beside their limits and peers"
	@echo "make audit       known vulnerabilities of the locked packages (needs an advisory service)"
	@echo "make lock        resolve pyproject.toml anew into the two lock files"
	@echo "make clean       remove the environment, caches and var/ with all data of the demo"

demo: $(READY)
	@$(BIN)/yhdyspinta demo --port $(PORT)

test: $(TOOLS)
	$(PYTEST) -n 3 --dist loadscope --no-loadscope-reorder $(addprefix tests/,$(SUITES))

test-system: $(TOOLS)
	$(PYTEST) tests/system --ignore=tests/system/test_compose.py

test-pages: $(TOOLS)
	$(PYTEST) -n 2 --dist loadscope tests/pages

test-compose: $(TOOLS)
	$(PYTEST) tests/system/test_compose.py

# what is tried of the embedded servers' own files and processes is not for others
test-containers: $(TOOLS)
	TESTS_ON=containers $(PYTEST) -n 2 --dist loadscope tests/component \
		--ignore tests/component/test_embedded.py --ignore tests/component/test_keys_restored.py

lint: $(TOOLS)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

drift: $(TOOLS)
	$(BIN)/python -m contracts.documents check
	$(BIN)/python -m yhdyspinta.documents check
	$(BIN)/python -m contracts.compatibility

bench: $(TOOLS)
	$(BIN)/python bench/run.py

audit: $(TOOLS)
	$(BIN)/python .ci/audit.py

lock: $(TOOLS)
	$(BIN)/uv pip compile --universal --generate-hashes -q --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --universal --generate-hashes -q --no-header --extra dev -c requirements.lock \
		pyproject.toml -o requirements-dev.lock
	echo $(UV) | $(BIN)/uv pip compile --universal --generate-hashes -q --no-header - -o installer.lock
	echo cyclonedx-bom | $(BIN)/uv pip compile --universal --generate-hashes -q --no-header - -o deploy/sbom.lock

clean:
	@$(call unless-running,remove its data)
	rm -rf .venv var dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# $(call unless-running,DOING): fails with a sentence while the demo runs from this folder.
unless-running = if [ -e var/running.lock ] && command -v flock >/dev/null && ! flock -n var/running.lock true; then \
	echo "The demo runs from this folder: end it with Ctrl-C before you $(1)."; exit 1; fi

# $(call install,LOCK): makes the environment hold exactly what the lock names, each checked by its hash.
define install
	@$(call unless-running,change its packages)
	$(BIN)/uv pip sync -q --require-hashes $(1)
	$(BIN)/uv pip install -q --no-deps --no-build-isolation -e .
endef

$(READY): requirements.lock pyproject.toml | $(BIN)/uv
	$(call install,$(if $(wildcard $(TOOLS)),requirements-dev.lock,requirements.lock))
	@touch $@ $(wildcard $(TOOLS))

$(TOOLS): requirements-dev.lock pyproject.toml | $(BIN)/uv
	$(call install,requirements-dev.lock)
	@touch $(READY) $@

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed: set PYTHON to one, such as make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python cannot make environments here: install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r installer.lock
