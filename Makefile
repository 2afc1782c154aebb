# Two commands do all the set-up: `make run` and `make test`.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
READY  := $(VENV)/.ready
SAMPLE := sample:transformer
TARGET ?= $(SAMPLE)
# make bench BENCH='--device cuda --json results.json', or the names of some of them
BENCH  ?=
# The sample trains at once; a model of one's own waits for its person.
RUN    := $(if $(filter $(SAMPLE),$(TARGET)),--run)
# Two cores: one worker a core, and torch must not take all of them in each.
WORKERS ?= 2

.PHONY: run test lint bench soak clean libraries

run: $(READY) libraries
	$(PY) -m moduleview $(TARGET) $(RUN)

test: $(READY) libraries lint
	QT_QPA_PLATFORM=offscreen OMP_NUM_THREADS=1 $(PY) -m pytest -n $(WORKERS) --dist loadfile \
	    --cov --cov-report=term:skip-covered -q

lint: $(READY)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

bench: $(READY) libraries
	$(PY) tests/benchmarks/run_all.py $(BENCH)

soak: $(READY) libraries
	QT_QPA_PLATFORM=offscreen OMP_NUM_THREADS=1 $(PY) -m pytest -m soak -q --timeout 0 tests/benchmarks

# Says which of Qt's shared libraries a Debian lacks, and installs them where it may.
libraries: $(READY)
	@missing="$$($(PY) -m moduleview.doctor --missing-packages)"; \
	if [ -n "$$missing" ]; then \
	    echo "Qt needs these packages: $$missing"; \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing; \
	    else \
	        echo "Install them with: sudo apt-get install $$missing"; \
	    fi; \
	fi

# torch first and pinned: whatever depends on it would otherwise bring a newer build with gigabytes of CUDA.
$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade pip
	$(PY) -m pip install --quiet torch==2.13.0
	$(PY) -m pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .venv-peers build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage*
