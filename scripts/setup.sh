#!/usr/bin/env bash
# Print the Python to use: the active environment if it has what the course needs, else .venv,
# which is made once. Messages go to stderr.
#
#     scripts/setup.sh [extra ...]     extras of pyproject.toml that the caller needs
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "$*" >&2; }
fail() { say "$*"; exit 1; }

# 1. The active environment.
reason="there is none"
for python in python python3; do
  command -v "$python" >/dev/null 2>&1 || continue
  if reason="$("$python" scripts/check_environment.py "$@" 2>/dev/null)"; then
    command -v "$python"
    exit
  fi
done

# 2. The .venv of an earlier call. Its stamp is a hash of the two files that say what is in it.
venv="$PWD/.venv"
stamp() { cat constraints.txt pyproject.toml | cksum; }
if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.complete" 2>/dev/null)" = "$(stamp)" ]; then
  echo "$venv/bin/python"
  exit
fi

# 3. A new .venv: it needs Python 3.11 or 3.12, its venv module, and room.
right_version='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))'
base="" without_venv="" seen=""
for python in ${PYTHON:-} python python3 python3.12 python3.11; do
  version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" || continue
  seen="$seen $version"
  "$python" -c "$right_version" || continue
  if "$python" -c 'import ensurepip, venv' 2>/dev/null; then base="$python"; break; fi
  without_venv="$version"
done
if [ -z "$base" ] && [ -n "$without_venv" ]; then
  fail "Python $without_venv is here without its venv module: install it" \
    "(Debian and Ubuntu: sudo apt install python$without_venv-venv) and run the same command again."
elif [ -z "$base" ]; then
  fail "The course needs Python 3.11 or 3.12 and found${seen:- none}: install one from python.org" \
    "or with \`conda env create -f environment.yml\`, and run the same command again."
fi
free="$(df -Pk . | awk 'NR == 2 { print int($4 / 1024 / 1024) }')"
if [ "$free" -lt 4 ]; then
  fail "The course needs 4 GB of free disk space for its packages and $free GB are free here:" \
    "make room and run the same command again."
fi

say "The active Python is not used: ${reason:-it does not start}."
say "Installing the course's packages into .venv, once: about 2 minutes and 2 GB."
"$base" -m venv --clear "$venv" >&2 ||
  fail "The folder .venv could not be made (see above)."
# One command: pip must see the pin of torch together with everything that needs torch.
"$venv/bin/python" -m pip install --disable-pip-version-check \
  -c constraints.txt -e ".[dev]" >&2 ||
  fail "The installation did not finish (pip's reason is above). It needs the network: connect" \
    "and run the same command again."
stamp >"$venv/.complete"
echo "$venv/bin/python"
