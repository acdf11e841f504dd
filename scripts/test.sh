#!/usr/bin/env bash
# The tests. Nothing is written to notebooks/ or build/. Usage: scripts/test.sh PYTHON [fast | slow]
#   fast: style, types, tests/ without the slow ones, and every notebook in the smoke profile
#   slow: the slow ones: equality grids, trainings, FSDP, kills
set -euo pipefail
python="$1" tier="${2:-fast}"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Two processes of one thread are faster than one of two; a file's tests share what they load.
if [ "$tier" = slow ]; then
  OMP_NUM_THREADS=1 exec "$python" -m pytest -m slow -n 2 --dist loadfile
fi

"$python" -m ruff check .
"$python" -m ruff format --check .
"$python" -m ruff check --select E501 --config 'line-length = 76' notebooks
"$python" -m mypy
OMP_NUM_THREADS=1 "$python" -m pytest -m "not slow" -n 2 --dist loadfile

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
