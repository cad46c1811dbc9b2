# `make help` lists the targets. The run targets need nothing but Python 3.11 and make;
# everything else is installed into .venv the first time it is wanted.

# Plain `=`: only make's own command line changes these, as in `make run-server PORT=7000`.
# Shells, build tools and platforms export variables of the same names that mean other
# things (HOST, PORT, PYTHON), and a server must not listen where nobody has told it to.
PYTHON = python3
HOST = localhost
PORT = 7777
V = 0
ARGS =
MODE =
PRIVATE = 0
TICKET =
SECONDS = 60
FILE = harness/conversations/assignment.chat

# One more than there are CPUs: for a third of its time a test waits for other programs.
WORKERS = $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# With it Python would not find the modules of this folder. PYTHONPATH stays: games that
# are not installed may be there, and this folder comes before it.
unexport PYTHONSAFEPATH

BIN := .venv/bin
PLACE = --host '$(HOST)' --port '$(PORT)'
SEAL = $(if $(filter 1,$(PRIVATE)),--private) $(if $(TICKET),--ticket '$(TICKET)')
# A ticket names a place; only what stands on make's own command line comes before it.
OTHER_PLACE = $(if $(filter command,$(origin HOST)),--host '$(HOST)') $(if $(filter command,$(origin PORT)),--port '$(PORT)')
OPTIONS = $(SEAL) $(if $(filter 1,$(V)),-v) $(if $(filter-out 0 1,$(V)),-vv) $(ARGS)
# Where .venv cannot be made, the bare interpreter serves, with the plain terminal.
RUN = $$(if test -x $(BIN)/python; then echo $(BIN)/python; else echo $(PYTHON); fi)
CONVERSATIONS := $(wildcard harness/conversations/*.chat)

# CHAT_MAKE=1: advice of the programs then names make's words, and at a terminal they end
# with 0, because make writes a line of its own under any other code (chatlib/advice.py).

.DEFAULT_GOAL := help
.PHONY: run-server run-client demo play test e2e lint types coverage mutants pairs resizes private crashes fuzz bench check docs help clean

run-server: .venv/run ## start the server (HOST, PORT, MODE=free, PRIVATE=1, TICKET=file, V=1 or 2, ARGS)
	@exec env CHAT_MAKE=1 $(RUN) -m chatd $(if $(MODE),--mode '$(MODE)') $(PLACE) $(OPTIONS)

run-client: .venv/run ## start the client (HOST, PORT, PRIVATE=1, TICKET=file, V=1 or 2, ARGS)
	@$(if $(MODE),echo "make: MODE is for run-server: the client takes it from there." >&2;) \
	exec env CHAT_MAKE=1 $(RUN) -m chatc $(if $(strip $(SEAL)),$(OTHER_PLACE),$(PLACE)) $(OPTIONS)

demo: .venv/dev ## play the assignment's conversation in this terminal
	@$(BIN)/python -m harness play harness/conversations/assignment.chat

play: .venv/dev ## play a conversation file (FILE; ARGS='--piece 1' delivers byte by byte)
	@$(BIN)/python -m harness play $(ARGS) $(FILE)

test: .venv/dev ## run all tests, conversations between both real programs included (takes 5 min)
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

e2e: .venv/dev ## play every conversation on both terminals, and byte by byte
	$(BIN)/python -m harness play $(CONVERSATIONS)
	$(BIN)/python -m harness play --piece 1 $(CONVERSATIONS)
	$(BIN)/python -m harness play --terminal edited $(CONVERSATIONS)

lint: .venv/dev ## check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev ## check types
	$(BIN)/mypy

coverage: .venv/dev ## each module of chatlib: covered by its own tests alone? (ARGS='reader link')
	$(BIN)/python -m tests.coverage $(ARGS)

mutants: .venv/dev ## try wrong versions of the code: some test must notice each (ARGS='reader frames'; all take 3 min)
	$(BIN)/python -m tests.mutants $(ARGS)

pairs: .venv/dev ## test the referee on a right pair and on wrong ones with one mistake each (takes 4 min)
	$(BIN)/python -m tests.referee.matrix

resizes: .venv/dev ## resize a window in tmux while a line is typed, in every way (takes 2 min)
	CHAT_WHOLE=1 $(BIN)/python -m pytest -n $(WORKERS) tests/terminal/test_reflow.py

crashes: .venv/dev ## crash a journal in every way and start again, power cuts included (takes 4 min)
	CHAT_WHOLE=1 $(BIN)/python -m pytest -n $(WORKERS) tests/simulation/test_crashes.py tests/programs/test_journal_programs.py

private: .venv/dev ## attack private talks, cut them at every byte, play all conversations so (takes 2 min)
	CHAT_WHOLE=1 $(BIN)/python -m pytest -n $(WORKERS) tests/core/test_ticket.py tests/simulation/test_sealed_cuts.py tests/programs/test_attacks.py
	CHAT_WHOLE=1 $(BIN)/python -m pytest -n $(WORKERS) tests/programs/test_conversations.py -k in_private

fuzz: .venv/dev ## feed random bytes to the frame reader and the screen's filter (SECONDS=60)
	$(BIN)/python -m tests.core.fuzz $(SECONDS)

bench: .venv/bench ## measure speed beside other programs (takes 12 min; ARGS=--quick 2 min)
	$(BIN)/python -m tests.bench $(ARGS)

check: lint types test ## run all that must pass before a change lands (takes 6 min)

docs: .venv/dev ## regenerate the transcripts and tables in the documentation
	$(BIN)/python -m harness.documents

help: ## show this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

clean: ## remove everything that make and the tools created
	rm -rf .venv .venv.lock build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -exec rm -rf {} +

# One make at a time prepares .venv, and shows that something moves; see prepare.py.
# The run targets want the two commands, installed from this folder. Where that cannot be
# done the bare interpreter serves. Everything else wants the tools and the test packages
# too, and bench who is measured beside us.
.venv/run .venv/dev .venv/bench: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	|| { echo "make: $(PYTHON) is not there or older than 3.11: install Python 3.11, or say PYTHON=..." >&2; exit 1; }; \
	exec $(PYTHON) -I prepare.py $(notdir $@) '$(PYTHON)'
