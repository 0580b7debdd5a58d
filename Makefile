# Two commands: `make demo` grades the bundled class, `make test` passes the tests.  Both set everything up.
# They need Python >= 3.11 and make.  PYTHON=python3.12 chooses another interpreter.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PYTEST = $(BIN)/python -m pytest tests -q
# a class that a test grades in two slots fills two cores itself; a file is one process's, as its zygotes are
IN_TWO = -n 2 --dist loadfile
READY = $(VENV)/.ready

.PHONY: demo test test-slow bench verify build lint setup clean
.DEFAULT_GOAL := demo

setup: $(READY)

# torch is pinned by version in requirements.lock, so that pip takes the build this machine's index offers
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.lock
	@# on all cores, where pip uses one; a sandbox cannot keep what it compiles
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib autograder || true
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY)
	$(BIN)/autograder grade docs/example-class --out build/demo --fresh

test: $(READY)
	$(PYTEST) $(IN_TWO) -m "not slow and not alone"
	$(PYTEST) -m "not slow and alone"

test-slow: $(READY)
	$(PYTEST) $(IN_TWO) -m "slow and not alone"
	$(PYTEST) -m "slow and alone"

bench: $(READY)
	$(BIN)/python -m pytest tests/benchmarks -q --benchmark-only

verify: $(READY)
	$(BIN)/autograder verify

build: $(READY)
	$(BIN)/autograder build

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build dist *.egg-info
