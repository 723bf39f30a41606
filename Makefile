# One command a chore. Each makes what it needs: a virtual environment in .venv, the package built and installed in it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# How many random calls of each function `make properties` makes.
CASES ?= 10000
# What `make test` installs. Without the peers (make test TEST_EXTRAS=test,peers) what needs them is skipped by name.
TEST_EXTRAS ?= test
CPP := $(shell find cpp -name '*.cpp' -o -name '*.hpp')
# The install is editable, so a changed Python file needs no new one; but it knows its modules by name, so a new or
# moved one does: build/modules changes when their list does.
MODULES := $(shell mkdir -p build; find src -name '*.py' | sort > build/modules.new; \
	cmp -s build/modules.new build/modules || cp build/modules.new build/modules; echo build/modules)
INSTALLED := pyproject.toml CMakeLists.txt $(shell find cpp -name CMakeLists.txt) $(CPP) $(MODULES)

.PHONY: help demo test properties check format bench accuracy docs clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# One stamp a set of extras.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "multinoulli needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
$(VENV)/installed-test: SETTINGS := --config-settings=cmake.define.MULTINOULLI_TESTS=ON
$(VENV)/installed-test,%: SETTINGS := --config-settings=cmake.define.MULTINOULLI_TESTS=ON
$(VENV)/installed-%: $(VENV)/bin/python $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(SETTINGS) --editable '.[$*]'
	@touch $@

demo: $(VENV)/installed-cli  ## fit, show and use a model on examples/penguins.csv
	$(BIN)/multinoulli fit examples/penguins.csv --target species --out build/penguins.model
	$(BIN)/multinoulli show build/penguins.model
	$(BIN)/multinoulli predict build/penguins.model examples/penguins.csv --out build/penguins-predicted.csv
	@head -n 4 build/penguins-predicted.csv

test: $(VENV)/installed-$(TEST_EXTRAS)  ## all tests: of the compiled kernels, of the package, of the examples in the docstrings
	$(BIN)/ctest --test-dir build/core --output-on-failure
	$(BIN)/python -m pytest -n auto

# Without `site` (-S), or the editable install would come before the build that is meant.
properties: $(VENV)/installed-test  ## the kernels' tests and many random calls, stopped at any wrong use of memory
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target build/sanitized \
		--config-settings=build-dir=build/sanitized-core --config-settings=cmake.define.MULTINOULLI_SANITIZE=ON \
		--config-settings=cmake.define.MULTINOULLI_TESTS=ON .
	$(BIN)/ctest --test-dir build/sanitized-core --output-on-failure
	LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libstdc++.so)" \
		ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc MULTINOULLI_PROPERTIES=$(CASES) \
		PYTHONPATH="build/sanitized:$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
		$(BIN)/python -S -m pytest tests/functions/test_properties.py tests/core/test_linear.py \
		tests/core/test_naive_bayes.py tests/core/test_steps.py tests/losses

check: $(VENV)/installed-check  ## formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/clang-format --dry-run --Werror $(CPP)
	$(BIN)/mypy

format: $(VENV)/installed-check  ## rewrite the sources in the house style
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CPP)

bench: $(VENV)/installed-test,peers  ## measure us and the peers, and write docs/benchmarks.md (an hour)
	$(BIN)/python -m benchmarks

accuracy: $(VENV)/installed-test,peers  ## find the largest errors, ours and the peers', and write docs/accuracy.md
	$(BIN)/python -m benchmarks.accuracy

docs: $(VENV)/installed-docs  ## build the documentation in docs/_build
	$(BIN)/python -m sphinx -W --keep-going -q docs docs/_build
	@echo "open docs/_build/index.html"

clean:  ## remove everything that was built
	rm -rf $(VENV) build docs/_build
