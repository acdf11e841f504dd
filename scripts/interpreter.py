"""The Python that runs the course: the active one if it has the packages, else that of `.venv`."""

import subprocess
import sys

from environment import ROOT, child_environment
from install import COMPLETE, locked, make_venv, stamp, venv_python

import course


def why_not(python: list[str], extras: list[str]) -> str | None:
    """Return why this Python, a command, cannot run the course; None: it can."""
    version = course.version_of(python)
    if version is None:
        return "it does not start"
    if not course.is_supported(version):
        return f"it is Python {version[0]}.{version[1]}"
    command = [*python, str(ROOT / "scripts/what_is_missing.py"), *extras]
    done = subprocess.run(command, capture_output=True, text=True, env=child_environment())
    if done.returncode == 0:
        return None
    return done.stdout.strip() or f"it does not start: {done.stderr.strip()[-200:]}"


def find(extras: list[str]) -> tuple[list[str] | None, str]:
    """Find a Python that has the course's packages and `extras`.

    Returns its command, or None; and why the active one is not used.
    """
    reason = None
    for python in ([sys.executable], ["python"], ["python3"]):
        why = why_not(python, extras)
        if why is None:
            return python, ""
        reason = reason or why
    own = [str(venv_python())]
    complete = COMPLETE.exists() and COMPLETE.read_text(encoding="utf-8") == stamp()
    if complete and why_not(own, extras) is None:
        return own, ""
    return None, str(reason)


def require(extras: list[str], wheels: str | None = None) -> list[str]:
    """Return the command of a Python that can run the course, after installing if need be.

    `wheels` is a folder to install from instead of the network. Raises SystemExit with a sentence
    if there can be no such Python.
    """
    python, _ = find(extras)
    if python is None:
        with locked():
            python, reason = find(extras)  # another command may have installed meanwhile
            if python is None:
                python = make_venv(reason, extras, wheels)
    return python
