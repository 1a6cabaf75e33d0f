# make demo       from a clean machine to a report: makes .venv, installs, runs the main job
# make test       installs what the tests need and runs everything that must hold (under 15 minutes on 2 cores)
# make test-slow  what takes longer: simulations, training, whole slides
# make lint       style, types and import contracts only
# make clean      removes .venv and what was made

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= demo-output

.PHONY: demo test test-slow lint clean

demo: $(VENV)/.core
	$(BIN)/ssc demo -o $(DEMO)

test: $(VENV)/.test
	@sh scripts/display-libraries.sh
	sh scripts/check.sh

test-slow: $(VENV)/.test
	@sh scripts/display-libraries.sh
	sh scripts/check.sh slow

lint: $(VENV)/.test
	sh scripts/check.sh lint

$(VENV)/.made:
	@sh scripts/make-venv.sh $(PYTHON) $(VENV)
	@touch $@

$(VENV)/.core: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.core pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[all]" --group test
	@touch $@

clean:
	rm -rf $(VENV) $(DEMO) .mypy_cache .ruff_cache .hypothesis .import_linter_cache
