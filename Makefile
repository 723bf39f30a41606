# One command a chore. Each makes what it needs: a virtual environment in .venv, the package built and installed in it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORE := CMakeLists.txt pyproject.toml $(shell find cpp -name '*.cpp' -o -name '*.hpp' -o -name '*.h')

.PHONY: help demo test check format bench docs clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# One stamp a set of extras. Python files need none: the install is editable.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "multinoulli needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
$(VENV)/installed-test: SETTINGS := --config-settings=cmake.define.MULTINOULLI_TESTS=ON
$(VENV)/installed-%: $(VENV)/bin/python $(CORE)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(SETTINGS) --editable '.[$*]'
	@touch $@

demo: $(VENV)/installed-cli  ## fit, show and use a model on examples/penguins.csv
	$(BIN)/multinoulli fit examples/penguins.csv --target species --out build/penguins.model
	$(BIN)/multinoulli show build/penguins.model
	$(BIN)/multinoulli predict build/penguins.model examples/penguins.csv --out build/penguins-predicted.csv

test: $(VENV)/installed-test  ## all tests: of the compiled kernels, of the package, of the examples in the docstrings
	$(BIN)/ctest --test-dir build/core --output-on-failure
	$(BIN)/python -m pytest -n auto

check: $(VENV)/installed-check  ## formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/clang-format --dry-run --Werror $(filter cpp/%,$(CORE))
	$(BIN)/mypy

format: $(VENV)/installed-check  ## rewrite the sources in the house style
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(filter cpp/%,$(CORE))

bench: $(VENV)/installed-test,peers  ## measure us and the peers, and write docs/benchmarks.md
	$(BIN)/python -m benchmarks

docs: $(VENV)/installed-docs  ## build the documentation in docs/_build
	$(BIN)/python -m sphinx -W --keep-going -q docs docs/_build
	@echo "open docs/_build/index.html"

clean:  ## remove everything that was built
	rm -rf $(VENV) build docs/_build
