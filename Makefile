# Thin and readable: every target is a command you could type yourself.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

# Passive waiting: OpenMP threads that spin steal the core from whoever has work to do.
export OMP_WAIT_POLICY ?= passive
# Where MuJoCo draws without a screen.
export MUJOCO_GL ?= $(if $(filter Darwin,$(shell uname)),cgl,egl)

.PHONY: help setup demo serve play setup-libero setup-simpler test test-lerobot test-openpi test-vla-eval test-playground test-libero test-simpler bench lint clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

setup: $(READY) ## install everything into .venv, and the system packages that rendering needs
	@scripts/system_packages.sh rendering $(BIN)/python

# torch comes first and pinned: a range would pull the newest build with several GB of GPU libraries.
# robosuite comes last and alone: its MJCF files are needed, its own requirements are not (see pyproject.toml).
$(READY): pyproject.toml packages/sightline-client/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Sightline needs Python 3.11 or newer; this is %d.%d. Try: make setup PYTHON=python3.12" % sys.version_info[:2])'
	@scripts/system_packages.sh venv $(PYTHON)
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet -e packages/sightline-client -e '.[dev]'
	$(BIN)/pip install --quiet --no-deps robosuite==1.5.2
	@touch $(READY)

demo: setup ## 20 episodes in the simulator with the shipped policy: table, videos, report
	$(BIN)/sightline evaluate --policy tiny --suite tabletop --collection full --split seen --episodes 20 --seed 7 \
	    --video demo/videos --report demo/report.html --json demo/result.json
	@echo "Watch demo/videos/*.mp4 and open demo/report.html in a browser; the figures are in demo/result.json."

serve: setup ## the shipped policy for robots and programs: ws://127.0.0.1:8000
	$(BIN)/sightline serve --policy tiny

setup-libero: .venv-libero/.ready ## the benchmark LIBERO in an environment of its own (2 GB): sightline evaluate --suite libero_object

# Its robosuite and MuJoCo exclude ours. Every file is pinned by its hash; robosuite's wish for a keyboard driver is not granted.
.venv-libero/.ready: scripts/libero_requirements.txt
	@scripts/system_packages.sh venv $(PYTHON)
	$(PYTHON) -m venv .venv-libero
	.venv-libero/bin/pip install --quiet --no-deps --require-hashes -r scripts/libero_requirements.txt
	@touch $@

setup-simpler: .venv-simpler/.ready ## SimplerEnv's WidowX tasks in an environment of their own (2 GB): sightline evaluate --suite simpler_widowx

# torch comes first, as in `setup`; all else is pinned by its hash. The software Vulkan lies in the same folder.
.venv-simpler/.ready: scripts/simpler_requirements.txt scripts/simpler_vulkan.sh
	@scripts/system_packages.sh venv $(PYTHON)
	$(PYTHON) -m venv .venv-simpler
	.venv-simpler/bin/pip install --quiet torch==2.13.0
	.venv-simpler/bin/pip install --quiet --no-deps --require-hashes -r scripts/simpler_requirements.txt
	scripts/simpler_vulkan.sh .venv-simpler/vulkan
	@touch $@

play: setup ## the playground in the browser: http://127.0.0.1:8080/
	$(BIN)/sightline play

test: setup ## all tests, the whole chain in miniature included
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 -q

test-lerobot: setup .venv-lerobot/.ready ## our datasets in stock lerobot, which gets an environment of its own (several GB)
	$(BIN)/pytest -m lerobot

.venv-lerobot/.ready:
	$(PYTHON) -m venv .venv-lerobot
	.venv-lerobot/bin/pip install --quiet lerobot==0.4.4
	@touch $@

test-openpi: setup .venv-openpi/.ready ## the unmodified openpi client against our server, in an environment of its own
	$(BIN)/pytest tests/serve/test_openpi.py

# typing_extensions: the client imports it without saying so.
.venv-openpi/.ready:
	$(PYTHON) -m venv .venv-openpi
	.venv-openpi/bin/pip install --quiet openpi-client==0.1.2 typing_extensions
	@touch $@

test-vla-eval: setup .venv-vla-eval/.ready ## unmodified vla-eval drives our policies, in an environment of its own
	$(BIN)/pytest tests/serve/test_vla_eval.py

.venv-vla-eval/.ready:
	$(PYTHON) -m venv .venv-vla-eval
	.venv-vla-eval/bin/pip install --quiet vla-eval==0.8.0
	@touch $@

test-libero: setup setup-libero ## the suites of LIBERO for real, recorded episodes included that SIGHTLINE_LIBERO_GOLDEN names
	$(BIN)/pytest -m libero

test-simpler: setup setup-simpler ## SimplerEnv's tasks for real, with the files that SIGHTLINE_SIMPLER_DATA names
	$(BIN)/pytest -m simpler

test-playground: setup ## the playground in a real browser: Playwright with the system's Chromium
	@scripts/system_packages.sh browser $(BIN)/python
	$(BIN)/pip install --quiet -e '.[browser]'
	OMP_NUM_THREADS=1 $(BIN)/pytest tests/serve/playground/test_browser.py

bench: setup ## speed of data engine, training and policy on this machine
	$(BIN)/python benchmarks/speed.py

lint: $(READY) ## style, imports, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean: ## remove what the targets above have made, .venv excepted
	rm -rf demo outputs build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
