# make book | slides | test | lab | labs | hub | weights | clean. Needs GNU make 3.81 and Python 3.11 or 3.12; fetches the rest.
# Another Python: make book PYTHON=/path/to/python3.12

SUPPORTED := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))
# run each: a version manager's python3.12 may exist and yet refuse
PYTHON := $(shell for p in python3.12 python3.11 python3 python; do \
	$$p -c '$(SUPPORTED)' >/dev/null 2>&1 && { echo $$p; break; }; done)

BIN := .venv/bin
READY := .venv/ready
SCRIPTS := node_modules/.package-lock.json
LABS := .venv/labs-ready
HUB := .venv/hub-ready
# npm's own script asks for "node" on the path
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup book slides test test-style test-package test-notebooks test-labs test-hub test-binder test-book lab labs hub weights clean

help:
	@sed -n 1,2p Makefile

$(READY): requirements.txt pyproject.toml
	@$(if $(PYTHON),:,echo "No Python 3.11 or 3.12 with venv found: install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1)
	@$(PYTHON) -c '$(SUPPORTED)' || { echo "$(PYTHON) is not Python 3.11 or 3.12 with venv" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(SCRIPTS): package.json package-lock.json $(READY)
	$(BIN)/npm ci --loglevel=error
	touch $@

$(LABS): labs/requirements.txt $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r labs/requirements.txt
	touch $@

$(HUB): deploy/hub/requirements.txt deploy/hub/package-lock.json $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r deploy/hub/requirements.txt
	cd deploy/hub && npm ci --loglevel=error
	touch $@

setup: $(READY) $(SCRIPTS)

book: setup
	rm -rf _build
	$(BIN)/jupyter-book build . -W -n --keep-going

# a deck for each chapter, from the built book
slides: setup
	test -d _build/html/book || $(MAKE) book
	$(BIN)/python labs/slides.py

test: test-style test-package test-notebooks test-labs test-hub test-book

test-style: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

# the package: unit tests and the examples in its docstrings
test-package: $(READY)
	$(BIN)/pytest -m "not book and not labs and not hub and not binder"

# every notebook is run, and its outputs compared with the stored ones
test-notebooks: $(READY)
	$(BIN)/pytest book --nbval --nbval-current-env --nbval-sanitize-with=tests/nbval_sanitize.cfg \
		--nbval-cell-timeout=300 -n 2 --dist loadscope

# every lab is built; right, wrong, broken and hostile submissions are graded
test-labs: $(LABS)
	$(BIN)/pytest -m labs tests/test_labs.py -n 2 --dist loadgroup

# a JupyterHub is started and a lab done in it
test-hub: $(HUB)
	$(BIN)/pytest -m hub tests

# repo2docker's steps make an environment; minutes of downloads, so `make test` leaves it out
test-binder: $(LABS)
	$(BIN)/pytest -m binder tests

# the book is built, opened in a browser, its figures turned; chapters are run in JupyterLab
test-book: setup
	$(BIN)/pytest -m book tests

# in a container one is often root, which JupyterLab wants to be told
lab: $(READY)
	$(BIN)/jupyter lab book $$([ "$$(id -u)" != 0 ] || echo --allow-root)

labs: $(LABS)
	$(BIN)/python labs/build.py $(LAB)

# for a class: first write deploy/hub/state/students.txt and teachers.txt, a name a line
hub: $(HUB)
	$(BIN)/jupyterhub -f deploy/hub/jupyterhub_config.py

weights: $(READY)
	$(BIN)/python -m recon3d_lite train -o recon3d_lite/weights/points.safetensors
	$(BIN)/python -m recon3d_lite train --as views -o recon3d_lite/weights/views.safetensors
	$(BIN)/python -m recon3d_lite train --as voxels -o recon3d_lite/weights/voxels.safetensors
	$(BIN)/python -m recon3d_lite train --as mesh -o recon3d_lite/weights/mesh.safetensors
	$(BIN)/python -m recon3d_lite train --as instances -o recon3d_lite/weights/instances.safetensors

clean:
	rm -rf _build labs/dist .venv node_modules deploy/hub/node_modules .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
