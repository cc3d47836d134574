# Two commands for a newcomer: `make run` and `make test`. Both set up .venv first, once.

.DEFAULT_GOAL := help
# The first interpreter that really runs; Bytewax has no wheels past 3.12.
PYTHON ?= $(shell for p in python3.11 python3.12 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && command -v $$p && break; done)
BIN := .venv/bin
# Of tests: half as many more than processors, as they wait now and then; each takes up to a gigabyte.
WORKERS ?= $(shell n=$$(( ($$(getconf _NPROCESSORS_ONLN) * 3 + 1) / 2 )); echo $$(( n < 8 ? n : 8 )))

.PHONY: help setup run test lint fmt docs boards schema kill kill-switch venues faults money bench bench-peers simulate soak fuzz mutation damage clean

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.ready  ## build .venv from requirements.lock; quick when nothing changed

.venv/.ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed and was not found; install one, or name it: make PYTHON=/path/to/python3.12"; exit 1; }
	@echo "setting up .venv with $(PYTHON) (about a minute, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "$(PYTHON) has no venv module; on Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: setup  ## everything at once on the simulated exchange, until Ctrl-C
	@$(BIN)/barograph up

test: setup lint  ## lint, types, import rules and all tests, on all processors
	@$(BIN)/python -m flows.warm
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal

lint: setup  ## lint, types and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fmt: setup  ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: setup  ## write the pages that come from the code: tables, operators, metrics, cookbook
	@$(BIN)/python docs/table_page.py > docs/tables.md
	@$(BIN)/python docs/operator_page.py > docs/operators.md
	@$(BIN)/python docs/metric_page.py > docs/metrics.new && mv docs/metrics.new docs/metrics.md
	@$(BIN)/python docs/cookbook_page.py > docs/cookbook.new && mv docs/cookbook.new docs/cookbook.md

boards: setup  ## write Grafana's boards and alert rules as JSON
	@$(BIN)/python -m dashboards.build

schema: setup  ## requests made up from the API's description (BAROGRAPH_SCHEMA of each kind)
	@BAROGRAPH_SCHEMA=$${BAROGRAPH_SCHEMA:-50} $(BIN)/python -m pytest tests/gateway/test_description.py --timeout 0

kill: setup  ## 200 random kill -9 of every process (BAROGRAPH_KILLS, BAROGRAPH_SEED), then a crash at every point (hours)
	@BAROGRAPH_KILLS=$${BAROGRAPH_KILLS:-200} $(BIN)/python -m pytest tests/kill/test_kill.py -s --timeout 0
	@BAROGRAPH_POINTS=$${BAROGRAPH_POINTS:-all} $(BIN)/python -m pytest tests/kill tests/sinks/orders -k 'crash or token' -s --timeout 0
	@BAROGRAPH_DEATHS=$${BAROGRAPH_DEATHS:-30} $(BIN)/python -m pytest tests/flows/test_outside.py -s --timeout 0

kill-switch: setup  ## 1 000 kills at random moments amid random faults (BAROGRAPH_KILL_MOMENTS, BAROGRAPH_SEED), half an hour
	@BAROGRAPH_KILL_MOMENTS=$${BAROGRAPH_KILL_MOMENTS:-1000} $(BIN)/python -m pytest tests/flows/test_kill_simulated.py tests/flows/test_kill_moments.py -s -n0 --timeout 0

bench: setup  ## what the performance claims rest on; needs the captures that BAROGRAPH_CAPTURES names
	@$(BIN)/python benchmarks/hot_path.py
	@$(BIN)/python benchmarks/decode.py
	@$(BIN)/python benchmarks/scale.py
	@$(BIN)/python benchmarks/impact.py
	@$(BIN)/python benchmarks/bar_statistics.py
	@$(BIN)/python benchmarks/regimebench.py
	@$(BIN)/python benchmarks/regimes.py
	@$(BIN)/python benchmarks/transport.py
	@$(BIN)/python benchmarks/latency.py
	@$(BIN)/python benchmarks/orders.py
	@$(BIN)/python benchmarks/orders.py --faults --rate 300 --seconds 30
	@$(BIN)/python benchmarks/queries.py
	@$(BIN)/python benchmarks/explain.py
	@$(BIN)/python benchmarks/stream.py
	@$(BIN)/python benchmarks/page.py

venues: setup  ## what recorded captures prove by their venues' own rules; needs the captures that BAROGRAPH_CAPTURES names
	@$(BIN)/python benchmarks/venue_rules.py

bench-peers: setup  ## the environment of benchmarks/peers, apart from our own
	@test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/peers/requirements.txt

faults: setup  ## mock venues under 2 000 random fault scripts each, and a fault at every position (an hour)
	@BAROGRAPH_FAULTS=$${BAROGRAPH_FAULTS:-2000} BAROGRAPH_POSITIONS=1 $(BIN)/python -m pytest tests/faults --timeout 0

money: setup  ## a million random events of money through the account, against slow double entry (ten minutes; BAROGRAPH_MONEY_EVENTS, BAROGRAPH_SEED)
	@BAROGRAPH_MONEY_EVENTS=$${BAROGRAPH_MONEY_EVENTS:-1000000} $(BIN)/python -m pytest tests/operators/execution/test_money.py -s --timeout 0

simulate: setup  ## whole worlds in virtual time by seed, 2 000 of them, and the table of which fault struck in which state (an hour)
	@POLARS_MAX_THREADS=1 $(BIN)/python -m tests.simulation.run --worlds $${BAROGRAPH_WORLDS:-2000} --first $${BAROGRAPH_WORLDS_FROM:-0}

soak: setup  ## a day of stream in virtual time: does anything grow? (BAROGRAPH_SOAK_HOURS for less)
	@POLARS_MAX_THREADS=1 $(BIN)/python -m tests.simulation.soak --hours $${BAROGRAPH_SOAK_HOURS:-24}

fuzz: setup  ## the scanner against msgspec for an hour (BAROGRAPH_FUZZ=seconds), then a million frames of every venue
	@BAROGRAPH_FUZZ=$${BAROGRAPH_FUZZ:-3600} $(BIN)/python -m pytest tests/operators/scan/test_fuzz.py -s --timeout 0
	@BAROGRAPH_FUZZED=$${BAROGRAPH_FUZZED:-1000000} $(BIN)/python -m pytest tests/faults/test_fuzz.py --timeout 0

mutation: setup  ## small faults put into book, sequence, journal, dedup, token and recovery code: which do their tests notice (hours)
	@$(BIN)/python -m tests.mutation.mutate --sample $${BAROGRAPH_MUTANTS:-100}

damage: setup  ## a bit flipped, a block zeroed, an end cut off at every 512 bytes of a recovery store
	@BAROGRAPH_DAMAGE=1 $(BIN)/python -m pytest tests/flows/test_checkpoints.py --timeout 0

clean:  ## remove .venv and caches; data stays
	rm -rf .venv .venv-peers .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
