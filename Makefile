# Everything runs from a virtual environment in .venv, made from locked, hashed requirements.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: audit test check corpus machine laws faults formats format docs differential fuzz lock wheel bench clean
.DEFAULT_GOAL := audit

$(VENV)/.run: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "tuner needs Python 3.11 or later; try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "no venv module: on Debian or Ubuntu, apt-get install python3-venv" >&2; exit 1; }
	@echo "installing locked requirements into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@echo "installing locked development requirements into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# The main job on this very machine. Findings (exit code 1) are a result, not a failure of make.
audit: $(VENV)/.run
	@$(BIN)/tuner audit inventory.example.yml; code=$$?; \
	  echo "(exit code $$code)"; [ $$code -le 1 ] || exit $$code

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests
	$(BIN)/shellcheck tuner/remote/probe.sh tuner/apply/*.sh tests/plan/parsers.sh .ci/run

test: $(VENV)/.dev check
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile

# Everything that can go wrong, at every step of a change, on real hosts: root, some minutes.
faults: $(VENV)/.dev
	$(BIN)/pytest -m long --timeout 7200 -s tests/apply

# The laws of a plan over many made-up hosts: make laws EXAMPLES=20000
EXAMPLES ?= 5000
laws: $(VENV)/.dev
	TUNER_LAWS=$(EXAMPLES) $(BIN)/pytest -m long tests/plan/test_laws.py

# What `tuner render` writes against butane and Talos' schema, which a folder has to hold:
# make formats TUNER_PARSERS=/path with root/usr/bin/butane and schemas/talos.json
formats: $(VENV)/.dev
	$(BIN)/pytest -m long tests/plan/test_formats.py

# Hold the rules against a folder of real files that is not here: make corpus CORPUS=/path
corpus: $(VENV)/.dev
	@test -n "$(CORPUS)" || { echo "say where it is: make corpus CORPUS=/path" >&2; exit 2; }
	$(BIN)/python -m tests.corpus.check $(CORPUS)
	TUNER_CORPUS=$(CORPUS) $(BIN)/pytest -m long tests/inventory/test_corpus.py

# Make the trouble of a whole machine in a user-mode Linux (package user-mode-linux), and find it.
machine: $(VENV)/.dev
	TUNER_MACHINE=1 $(BIN)/pytest -m long tests/e2e/test_machine.py

format: $(VENV)/.dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

# Render the manual, which is what `tuner explain` shows, into docs/.
docs: $(VENV)/.run
	$(BIN)/python -m tuner.cli.docs docs

wheel: $(VENV)/.dev
	$(BIN)/python -m build --no-isolation --outdir dist .

bench: $(VENV)/.dev
	$(BIN)/python bench/run.py

# The simulated loaders against the real ones of this machine on N random trees of files. With
# SUITES=bullseye,trixie,sid also against those of other Debian releases, which debootstrap fetches
# into ~/.cache/tuner-suites. Needs root, strace and iproute2.
N ?= 10000
SUITES ?=
differential: $(VENV)/.dev
	$(BIN)/python -m tests.differential.compare --trees $(N) --suites "$(SUITES)"

# Coverage-guided fuzzing of the readers and loaders.
RUNS ?= 1000000
fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.fuzz.loaders -runs=$(RUNS) -max_len=400

# Renew the lock files; needs uv.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header -q pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header -q --extra dev pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
