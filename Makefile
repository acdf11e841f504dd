# Every target finds or makes its Python environment by itself: see scripts/setup.sh.
SHELL := /bin/bash
# glibc gives large buffers back to the system after every step; to keep them saves minutes.
export MALLOC_MMAP_MAX_ := 0
export MALLOC_TRIM_THRESHOLD_ := 100000000000
export PYTHONPATH := $(CURDIR)$(if $(PYTHONPATH),:$(PYTHONPATH))

.PHONY: help run lab test test-slow test-vllm notebooks clean

help:
	@echo "make run        execute the course, notebook by notebook; continues where it stopped"
	@echo "make lab        open the notebooks in JupyterLab"
	@echo "make test       check the code, and every notebook on few questions"
	@echo "make test-slow  the long tests: equality grids, trainings, FSDP, kills (15 minutes)"
	@echo "make test-vllm  check the vLLM drivers with the real engine, on a CPU (4 GB more)"
	@echo "make notebooks  execute the notebooks as on a first run and save their outputs in them (for authors)"
	@echo "make results-X  make data/results/X.json again; X: main_result, lora, table4 ... (for authors)"
	@echo "make clean      remove build/ and caches"
	@echo
	@echo "S1_PROFILE=smoke make run takes few questions; the profiles are in s1lib/profiles/."

run:
	@python="$$(scripts/setup.sh)" && "$$python" scripts/run_course.py

lab:
	@python="$$(scripts/setup.sh)" && "$$python" -m jupyterlab notebooks

test:
	@python="$$(scripts/setup.sh dev)" && scripts/test.sh "$$python"

test-slow:
	@python="$$(scripts/setup.sh dev)" && scripts/test.sh "$$python" slow

test-vllm:
	@python="$$(scripts/setup.sh dev)" && scripts/test_vllm.sh "$$python"

notebooks:
	@python="$$(scripts/setup.sh)" && rm -rf build/first-run && S1_BUILD=build/first-run \
	  "$$python" scripts/run_course.py --in-place --profile laptop

results-%:
	@python="$$(scripts/setup.sh)" && "$$python" -m s1lib.results $*

clean:
	rm -rf build .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name '.venv*' -prune -o -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) \
	  -prune -exec rm -rf {} +
