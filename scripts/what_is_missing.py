"""Say what the running interpreter lacks to run the course: exit code 0, else 1 and the reason.

    python scripts/what_is_missing.py [extra ...]

It reads the versions of what is installed and imports nothing heavy, so every command can afford
it. course.py asks it of each Python that it finds.
"""

import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def wanted(extras, exact_torch=True):
    """List what pyproject.toml asks for, as strings; torch exactly as in constraints.txt."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = list(project["dependencies"])
    for extra in extras:
        texts += project["optional-dependencies"][extra]
    if not exact_torch:
        return texts
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pin = re.search(r"^torch==\S+", pins, re.M).group()
    return [pin if re.match(r"torch\b(?!-)", text) else text for text in texts]


def lacks(texts, found=version):
    """List (requirement, installed version or None) for what does not hold.

    `found` returns the version of a package and raises PackageNotFoundError.
    """
    try:
        from packaging.requirements import Requirement
        from packaging.version import Version
    except ImportError:  # pip carries a copy
        from pip._vendor.packaging.requirements import Requirement
        from pip._vendor.packaging.version import Version

    missing = []
    for text in texts:
        need = Requirement(text)
        if need.marker and not need.marker.evaluate():
            continue
        try:
            there = found(need.name)
        except PackageNotFoundError:
            missing.append((need, None))
            continue
        # A build label such as +cpu is the same version.
        if not need.specifier.contains(Version(there).public, prereleases=True):
            missing.append((need, there))
    return missing


def why_not(extras):
    """Return the first reason why this interpreter cannot run the course, or None."""
    try:
        missing = lacks(wanted(extras))
    except ImportError:  # neither packaging nor pip
        return "it lacks the course's packages"
    for need, there in missing:
        if there is None:
            return f"it lacks {need.name}"
        return f"it has {need.name} {there}, and the course needs {need.specifier}"
    return None


if __name__ == "__main__":
    reason = why_not(sys.argv[1:])
    if reason:
        print(reason)
    sys.exit(1 if reason else 0)
