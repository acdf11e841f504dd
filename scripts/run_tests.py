"""The tests. Nothing is written to notebooks/ or build/. Usage: run_tests.py fast | slow

fast: style, types, tests/ without the slow ones, and every notebook and set of exercises in the
      smoke profile
slow: the slow ones: equality grids, trainings, FSDP, kills
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from environment import ROOT, call

OFFLINE = ROOT / "tests" / "offline"
EXERCISES = ROOT / "notebooks" / "exercises"


def step(*arguments: str, **variables: str) -> None:
    """Run a module or script in this Python; the first that fails ends the tests."""
    if code := call([sys.executable, *arguments], os.environ | variables):
        raise SystemExit(code)


def style() -> None:
    """Check style and types."""
    step("-m", "ruff", "check", ".")
    step("-m", "ruff", "format", "--check", ".")
    # The notebooks' lines must fit a narrow window.
    step("-m", "ruff", "check", "--select", "E501", "--config", "line-length = 76", "notebooks")
    step("-m", "mypy")


def tests(tier: str, options: list[str]) -> None:
    """Run tests/: two processes of one thread are faster than one of two."""
    which = "slow and not online" if tier == "slow" else "not slow and not online"
    # A file's tests share what they load.
    shared = ["-n", "2", "--dist", "loadfile"]
    step("-m", "pytest", "-m", which, *shared, *options, OMP_NUM_THREADS="1")


def notebooks() -> None:
    """Execute copies of the notebooks in the smoke profile, offline as tests/conftest.py is.

    The exercises are executed as a reader gets them: nothing is solved yet.
    """
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]  # a proxy on this computer would carry requests out of it
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as build:
        copies = Path(build) / "notebooks"
        paths = []
        for path in sorted([*ROOT.glob("notebooks/*.ipynb"), *EXERCISES.glob("*.ipynb")]):
            copy = copies / path.relative_to(ROOT / "notebooks")
            copy.parent.mkdir(parents=True, exist_ok=True)
            paths.append(shutil.copy(path, copy))
        variables = {
            "S1_BUILD": build,
            "S1_PROFILE": "smoke",
            "PYTHONPATH": os.pathsep.join((str(OFFLINE), str(ROOT))),
            "HF_HUB_OFFLINE": "1",
            "HF_DATASETS_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "OMP_NUM_THREADS": "1",
        }
        nbmake = ["-p", "network_namespace", "-n", "2", "--nbmake", "--nbmake-timeout=600"]
        nbmake += ["--overwrite"]
        step("-m", "pytest", *nbmake, str(copies), **variables)
        # What nbmake lets pass: an error in a callback, an Output widget, a thread or a task.
        step(str(ROOT / "scripts/outputs.py"), *map(str, paths), **variables)


def main() -> None:
    """Run a tier; further arguments go to pytest."""
    tier, options = sys.argv[1], sys.argv[2:]
    if tier == "slow" or options:
        tests(tier, options)
        if not options:  # the last: what asks the package index
            step("-m", "pytest", "-m", "online", "-rs", "tests", S1_ONLINE="1")
        return
    style()
    tests(tier, [])
    notebooks()


if __name__ == "__main__":
    main()
