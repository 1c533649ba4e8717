# `make run` makes everything and opens the program; `make test` makes everything and runs every test.
# Written for GNU make 3.81, which is what macOS has. PYTHON=/path/to/python chooses the Python.

VENV := .venv
BIN := $(VENV)/bin
MADE := $(VENV)/made
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
WANTED := --constraint constraints.txt --editable '.[dev]'

.PHONY: all run dev test test-fast test-long coverage check exercises format bench lesson-figures wheel wheel-test data sprout cuda12 cuda13 clean help
.DELETE_ON_ERROR:

all: $(MADE)

# uv, where it is, takes seconds; pip does without compiling all of transformers, which would double its time.
$(MADE): pyproject.toml constraints.txt .ci/venv .ci/python
	@sh .ci/venv $(VENV)
	@echo "Installing what pyproject.toml asks for; the first time takes a minute or more"
	@{ command -v uv && uv pip install --quiet --python $(BIN)/python $(WANTED); } >/dev/null || $(PIP) install --no-compile $(WANTED)
	@touch $(MADE)

run: $(MADE)
	@$(BIN)/python -m tui

# The program with live CSS. `.venv/bin/textual console` in a second terminal shows its messages, events and prints.
dev: $(MADE)
	@$(BIN)/textual run --dev -c '$(BIN)/python -m tui'

# Each worker takes whole files, since the tests of one file share what they trained; those that train come first, unless
# asked for another order: `make test ORDER=random` says its seed, and FLAGS=--randomly-seed=… repeats it.
TESTS := -m pytest -n auto --dist loadfile --no-loadscope-reorder $(if $(filter random,$(ORDER)),-p randomly) $(FLAGS)

# What everybody runs before a commit.
test: check
	$(BIN)/python $(TESTS)

# The rooms without a screen, and the main paths through the program; no training, no pictures.
test-fast: $(MADE)
	$(BIN)/python $(TESTS) -m 'not slow and not long and not exercises'

# What takes minutes and rarely breaks: kill and race loops, training matrices, further pictures; and what properties
# promise, for ten times as many examples. CI runs it after `make test`.
test-long: $(MADE)
	$(BIN)/python $(TESTS) -m 'long or hypothesis' --hypothesis-profile=thorough

# Lines and branches that `make test` reaches, engines apart, as text and as pages below htmlcov/.
coverage: $(MADE)
	$(BIN)/python $(TESTS) --cov --cov-report=term:skip-covered --cov-report=html

check: $(MADE)
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports --no-logo
	LOWRANK_HOME=$(VENV)/home $(BIN)/python -m tui check

format: $(MADE)
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

# The exercise of every lesson to its end: about ten minutes, since the outcomes are those of whole runs.
exercises: $(MADE)
	$(BIN)/python -m pytest -m exercises tests/e2e/test_exercises.py

# What lessons quote, from real runs; some hours, and it goes on where it was broken off.
lesson-figures: $(MADE)
	$(BIN)/python -m benchmarks.figures $(FLAGS)
	for part in data spectrum rounding step fidelity; do $(BIN)/python -m benchmarks.$${part}_figures || exit 1; done

# Beside stock mlx-lm, and beside PEFT if FLAGS names a Python that has it: docs/performance.md.
bench: $(MADE)
	$(BIN)/python -m benchmarks.speed $(FLAGS)

wheel: $(MADE)
	rm -rf dist
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .

# The wheel in an environment of its own, run from another folder with another home.
wheel-test: wheel
	sh .ci/wheel-test $(BIN)/python dist/*.whl

# mlx-cpu and mlx-cuda-* bring the same libmlx.so, and whichever is installed last wins: so the CPU's goes first.
cuda12 cuda13: $(MADE)
	$(PIP) install --constraint constraints.txt --editable '.[dev,$@]'
	$(PIP) uninstall --yes mlx-cpu
	$(PIP) install --constraint constraints.txt --force-reinstall --no-deps mlx-$(subst cuda,cuda-,$@)

# The bundled data sets and base model, made again from their seeds; the model takes about an hour on 2 cores.
data: $(MADE)
	$(BIN)/python -m lab.bundled.generate

sprout: $(MADE)
	$(BIN)/python -m lab.engine.pretrain

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov

help:
	@echo "make run | dev | test | test-fast | test-long | coverage | check | exercises | format | bench | lesson-figures | wheel | wheel-test | data | sprout | cuda12 | cuda13 | clean"
