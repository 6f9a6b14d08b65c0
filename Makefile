# Everything that a checkout can do. `make help` lists it; all of it happens inside .venv.

PYTHON ?= python3
PORT ?= 8888
# torch's builds without CUDA for Linux. Where it cannot be reached, pip says so and goes on without it.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
FRONT_END := $(BIN)/python lifelong_widgets/widgets/_build.py
LAB_SETTINGS := mkdir -p $(VENV)/share/jupyter/lab/settings && cp binder/overrides.json $(VENV)/share/jupyter/lab/settings/
DEBIAN = libatomic1 fonts-wqy-microhei tuxpaint-stamps-default $(if $(shell command -v chromium),,chromium)
NOTEBOOK := notebooks/01-quickstart.ipynb

# One thread a process: the tests already use every core, and a small model is slower on more.
TEST_ENV := OMP_NUM_THREADS=1

# A module is compiled when it is first imported, and then kept: pip would compile all 18,000, most of them
# for nothing, and without keeping, each process that a test starts would do it again.
INSTALL := $(PIP) install --quiet --no-compile --constraint .constraints.txt
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test suite benchmarks soak bench ablation lint format js binder-check clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/installed-lab ## open the quickstart in JupyterLab (BROWSER=none serves without opening; PORT=8888)
	$(FRONT_END)
	$(BIN)/lifelong-widgets fetch movielens-100k
	@JUPYTER_TOKEN=$$($(BIN)/python -c 'import secrets; print(secrets.token_hex(16))'); export JUPYTER_TOKEN; \
	printf '\nThe quickstart (on another port: make demo PORT=8889):\n  %s\n\n' \
	    "http://127.0.0.1:$(PORT)/lab/tree/$(NOTEBOOK)?token=$$JUPYTER_TOKEN"; \
	exec $(BIN)/jupyter lab --ServerApp.root_dir='$(CURDIR)' \
	    --LabApp.default_url=/lab/tree/$(NOTEBOOK) --ServerApp.ip=127.0.0.1 \
	    --ServerApp.port=$(PORT) --ServerApp.port_retries=0 \
	    $(if $(filter none,$(BROWSER)),--no-browser) $$(test "$$(id -u)" != 0 || echo --allow-root)

test: lint suite benchmarks ## everything: lint, types, and the whole test suite

suite: $(VENV)/chromium | lint
	$(BIN)/lifelong-widgets fetch movielens-100k
	$(TEST_ENV) $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m 'not (benchmark or binder)'

# What compares durations runs when nothing else does, with `make --jobs=2 test binder-check`, too.
benchmarks: $(VENV)/chromium | suite $(filter binder-check,$(MAKECMDGOALS))
	$(TEST_ENV) $(BIN)/python -m pytest -m benchmark tests/benchmarks

binder-check: $(VENV)/chromium ## make the environment that Binder would make, and click in it
	$(TEST_ENV) $(BIN)/python -m pytest -m binder tests/packaging

soak: $(VENV)/installed-test ## try to break it for some minutes: kill -9, hostile files, a million events
	$(FRONT_END)
	$(TEST_ENV) $(BIN)/python -m tests.soak

bench: $(VENV)/installed-test ## learners against each other on MovieLens-100K, about half an hour (docs/bench.md)
	$(TEST_ENV) $(BIN)/python -m tests.bench $(BENCH)

ablation: $(VENV)/installed-test ## what each featurizer and network is worth (docs/ablation.md); ABLATION="--log mars=FOLDER"
	$(TEST_ENV) $(BIN)/python -m tests.bench.blocks $(or $(ABLATION),--log movielens-100k)

lint: $(VENV)/installed-test ## ruff, mypy, the floors of the house (import-linter) and tsc
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(FRONT_END) typecheck
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/installed-test ## put the Python sources in order
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

js: $(VENV)/installed-lab ## bundle the front end, if a source has changed
	$(FRONT_END)

$(VENV)/installed-torch: .constraints.txt | $(BIN)/python
	@echo 'Installing into $(VENV), which takes some minutes the first time'
	@# By itself and first: only this step looks at the second index, and only once.
	$(INSTALL) --no-deps --retries 1 --extra-index-url $(TORCH_INDEX) torch
	@touch $@

$(VENV)/installed-lab: pyproject.toml binder/overrides.json $(VENV)/installed-torch
	$(INSTALL) --editable '.[build,lab]'
	$(LAB_SETTINGS)
	touch $@

# What the tests want holds what JupyterLab wants, and is installed at one go.
$(VENV)/installed-test: pyproject.toml binder/overrides.json $(VENV)/installed-torch
	$(INSTALL) --editable '.[test]'
	$(LAB_SETTINGS)
	touch $(VENV)/installed-lab $@

$(VENV)/chromium: $(VENV)/installed-test $(VENV)/debian
	$(BIN)/python tests/chromium.py > $@

$(VENV)/debian: | $(BIN)/python
	@# Chromium, the library that Playwright's driver links to, a font without which titles in Chinese are boxes,
	@# and the pictures and sounds of the data set "tuxpaint-stamps". Elsewhere, tests say what they miss.
	@if test "$$(id -u)" = 0 && command -v apt-get >/dev/null && ! dpkg --status $(DEBIAN) >/dev/null 2>&1; then \
	    apt-get update && apt-get install --yes --no-install-recommends $(DEBIAN); fi
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo 'This needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)' >&2; exit 1; }
	@# Debian's python3 comes without ensurepip, and so without working virtual environments.
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
	    || { test "$$(id -u)" = 0 && apt-get update && apt-get install --yes python3-venv; } \
	    || { echo 'This needs Python'"'"'s venv module; on Debian: apt install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

clean: ## remove the environment and whatever was built
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf lifelong_widgets/widgets/static lifelong_widgets/widgets/node_modules
