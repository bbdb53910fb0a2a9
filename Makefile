# Everything runs from .venv, which is made on the first call and then kept until pyproject.toml
# or constraints.txt change. Written for GNU make 3.81, which macOS has.

PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)
PINS := pyproject.toml constraints.txt
# A process per core, and each test file in one of them: what a file shares is made once. In their
# own order, since those that start servers come first and take longest.
PARALLEL := -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# The caches of bytecode are what makes the tools fast; `make clean` removes them.
unexport PYTHONDONTWRITEBYTECODE

ifdef UV
# Compiled like pip does, so that the first run measures no compiling.
INSTALL = $(UV) pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt
else
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
endif

.PHONY: help demo test check docs bench bench-gate constraints picture schema clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

demo: .venv/.installed ## measure the hit rate by worker count, compared with Redis
	@$(BIN)/harness run hit-rate

test: .venv/.installed-dev ## run the whole test suite, real servers included
	@$(BIN)/pytest $(PARALLEL) $(ARGS)

check: .venv/.installed-dev ## check format, style and types, and run the fast tests, in seconds
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/pytest -q --quick $(PARALLEL) -m "not e2e and not servers and not slow"

docs: .venv/.installed-dev ## make the pages that come from the code, and build site/, strictly
	@$(BIN)/python -m tests.docs
	@$(BIN)/zensical build --strict --clean

bench: .venv/.installed-dev ## measure what the harness itself costs, side by side
	@$(BIN)/python -m tests.bench

bench-gate: .venv/.installed-dev ## measure how often duels are right; LIVE=20 adds real ones
	@$(BIN)/python -m tests.bench --only gate $(if $(LIVE),--live $(LIVE))

constraints: .venv/.made ## choose the newest versions and pin them in constraints.txt
	@$(BIN)/uv --version >/dev/null 2>&1 || $(subst -c constraints.txt,,$(INSTALL)) uv
	@$(BIN)/uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 \
	  --all-extras --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
	  --output-file constraints.txt

picture: .venv/.installed ## draw the picture of the README from the recorded run
	@$(BIN)/harness report tests/runs/hit-rate --format svg > tests/runs/hit-rate/report.svg.new
	@mv tests/runs/hit-rate/report.svg.new tests/runs/hit-rate/report.svg

schema: .venv/.installed ## write the JSON Schema of scenario files, from their keys
	@$(BIN)/harness schema > scenario.schema.json.new
	@mv scenario.schema.json.new harness/scenario/scenario.schema.json

clean: ## remove the environment and everything built or cached, but no measurement
	@rm -rf .venv build dist site .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  version=$$($(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null); \
	  echo "Python 3.11 or newer is needed, and $(PYTHON) is $${version:-not there}:" \
	    "name another one, as in make PYTHON=python3.13 demo" >&2; \
	  exit 1; }
ifdef UV
	@$(UV) venv --quiet --allow-existing --python "$$(command -v $(PYTHON))" .venv
else
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "$(PYTHON) has no venv module: install it (Debian: apt install python3-venv)," \
	    "or install uv" >&2; exit 1; }
	@$(PYTHON) -m venv .venv
endif
	@touch $@

.venv/.installed: .venv/.made $(PINS)
	@echo "installing into .venv ..."
	@$(INSTALL) -e .
	@touch $@

.venv/.installed-dev: .venv/.made $(PINS)
	@echo "installing into .venv, with the tools for development ..."
	@$(INSTALL) -e '.[dev]'
	@touch .venv/.installed $@
