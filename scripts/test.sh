#!/usr/bin/env bash
# All tests: the code's style, tests/, and every notebook from top to bottom in the smoke profile.
# Nothing is written to notebooks/ or build/. Usage: scripts/test.sh PYTHON
set -euo pipefail
python="$1"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

"$python" -m ruff check .
"$python" -m ruff check --select E501 --config 'line-length = 76' notebooks
# Two processes of one thread are faster than one of two; a file's tests share what they load.
OMP_NUM_THREADS=1 "$python" -m pytest -n 2 --dist loadfile

# The notebooks' kernels get what tests/conftest.py gives the other tests.
S1_BUILD="$(mktemp -d)"
trap 'rm -rf "$S1_BUILD"' EXIT
export S1_BUILD S1_PROFILE=smoke
export PYTHONPATH="$PWD/tests/offline:$PWD${PYTHONPATH:+:$PYTHONPATH}"
export HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 TOKENIZERS_PARALLELISM=false
[ "${OMP_NUM_THREADS:-}" = 1 ] || export OMP_NUM_THREADS=2
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
copies="$S1_BUILD/notebooks"
mkdir "$copies" && cp notebooks/*.ipynb "$copies"
"$python" -m pytest --nbmake --nbmake-timeout=600 --overwrite "$copies"
# What nbmake lets pass: an error in a callback, an Output widget, a thread or a task.
"$python" scripts/outputs.py "$copies"/*.ipynb
