# weft: everything a person or a machine runs. `make help` lists it.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
DEMO   ?= demo-output

# A folder of wheels that pip was told about; uv has to be told again.
export UV_FIND_LINKS := $(shell $(PYTHON) -m pip config get global.find-links 2>/dev/null)
# Two busy threads on two busy cores slow small array work down many times over.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test check format bench docs clean

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "weft needs Python 3.11, 3.12 or 3.13; name one with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV) \
		|| { echo "this Python cannot make environments; on Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.setup: pyproject.toml constraints-cpu.txt | $(BIN)/uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet -e '.[face,speech]' -c constraints-cpu.txt
	@touch $@

# torch comes from the folder of CPU wheels where there is one that fits; its tests skip elsewhere.
$(VENV)/.setup-dev: $(VENV)/.setup
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet -e '.[face,speech,warp,dev]' -c constraints-cpu.txt
	@if [ -n "$(UV_FIND_LINKS)" ] && $(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then \
		VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet -e '.[torch]' -c constraints-cpu.txt; fi
	@touch $@

setup: $(VENV)/.setup ## Build the environment in .venv, so that .venv/bin/weft runs

setup-dev: $(VENV)/.setup-dev

demo: setup ## Set up and build a dataset from the shipped recordings
	$(BIN)/weft demo --out $(DEMO)

test: setup-dev ## Set up and run the tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -q

check: setup-dev ## Style, types and documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python docs/make_reference.py --check

format: setup-dev ## Put the code into its style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup-dev ## Write the command and format references anew
	$(BIN)/python docs/make_reference.py

bench: setup-dev ## Measure against the named peers; results go to benchmarks/results
	$(BIN)/python benchmarks/run.py

bench-%: setup-dev ## One benchmark, as in `make bench-audio`
	$(BIN)/python benchmarks/run.py $*

clean: ## Remove what was built here
	rm -rf $(VENV) $(DEMO) .pytest_cache .mypy_cache .ruff_cache .hypothesis
