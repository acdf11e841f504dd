#!/usr/bin/env bash
# Resolve every extra on every Python that is admitted: a dry run, which reads metadata and installs
# nothing. It needs the network, which the tests do not have.   scripts/check_resolution.sh [UV]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
uv="${1:-uv}"
for python in 3.11 3.12 3.13; do
  for extra in dev gpu; do
    resolved="$("$uv" pip compile --quiet --python-version "$python" --extra "$extra" \
      --constraint constraints.txt pyproject.toml)"
    grep -q "^torch==2.13.0" <<<"$resolved"
    [ "$extra" != gpu ] || grep -q "^vllm==" <<<"$resolved"
    echo "Python $python, $extra: $(grep -c "^[a-z0-9-]*==" <<<"$resolved") packages"
  done
done
