"""Say whether the running interpreter can run the course: exit code 0, else 1 and the reason.

    python scripts/check_environment.py [extra ...]

It reads the versions of what is installed and imports nothing heavy, so every `make` target can
afford it. It must itself run on any Python 3.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def why_not(extras):
    """The first reason why this interpreter cannot run the course, or None."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 12):
        return "it is Python {}.{}".format(*sys.version_info)
    import tomllib
    from importlib.metadata import PackageNotFoundError, version

    try:
        from packaging.requirements import Requirement
        from packaging.version import Version
    except ImportError:
        return "it lacks the course's packages"

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    wanted.append("torch" + re.search(r"^torch(==\S+)", pins, re.M).group(1))
    for text in wanted:
        need = Requirement(text)
        if need.marker and not need.marker.evaluate():
            continue
        try:
            found = version(need.name)
        except PackageNotFoundError:
            return f"it lacks {need.name}"
        # A build label such as +cpu is the same version.
        if not need.specifier.contains(Version(found).public, prereleases=True):
            return f"it has {need.name} {found}, and the course needs {need.specifier}"
    return None


if __name__ == "__main__":
    reason = why_not(sys.argv[1:])
    if reason:
        print(reason)
    sys.exit(1 if reason else 0)
