# Thin: `gemulator` and `pytest` are the real entrances. The stamps make a second run quick.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip install --quiet --disable-pip-version-check

# Tests that start servers, browsers, other languages or containers.
WHOLE  := acceptance browser clients containers fuzz how_to

.PHONY: serve test quick fast format clean

serve: $(VENV)/.serve
	@$(BIN)/gemulator serve --speed realistic

test: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -n auto

quick: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@$(MAKE) --no-print-directory fast

fast:
	$(BIN)/python -m pytest -q -m 'not slow' $(WHOLE:%=--ignore=tests/%)

format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "gemulator needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "The venv module is incomplete here. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.serve: pyproject.toml | $(BIN)/pip
	@echo "Installing gemulator into $(VENV) (once) ..."
	@$(PIP) --editable .
	@touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/pip
	@echo "Installing gemulator and its checks into $(VENV) (once) ..."
	@$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.serve

clean:
	rm -rf $(VENV)
