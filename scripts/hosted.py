"""Prepare a notebook in Colab or Kaggle; each notebook's first cell runs this file there.

The course was cloned beside this kernel's folder. What the runtime lacks is installed; what fits
stays, above all its torch, whose build matches its GPU. Elsewhere this file is not run.
"""

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from what_is_missing import lacks, wanted  # noqa: E402

# Not used by the notebooks in a page of Colab or Kaggle: they have a page of their own.
NOT_NEEDED = {"jupyterlab", "nbclient", "nbconvert", "nbformat", "ipykernel"}


def plan(found=version) -> tuple[list[str], list[str]]:
    """Decide what to install: pip's arguments (empty: nothing), and sentences to show.

    `found` returns the installed version of a package and raises PackageNotFoundError.
    """
    # A torch within pyproject.toml's bounds fits, also if it is not the one of constraints.txt.
    lacking = lacks(wanted([], exact_torch=False), found)
    missing = [(need, there) for need, there in lacking if need.name not in NOT_NEEDED]
    if not missing:
        return [], ["Everything that the course needs is here."]
    names = [f"{need.name} {there or '(missing)'}" for need, there in missing]
    said = [f"Installing what this runtime lacks or has in another version: {', '.join(names)}."]
    pins = dict(re.findall(r"^(\S+)(==\S+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.M))
    # Only these are pinned: what they need themselves stays in the runtime's version if it fits.
    arguments = [f"{need.name}{pins[need.name]}" for need, _ in missing]
    torch = next((there for need, there in missing if need.name == "torch"), None)
    if torch:
        said.append(f"Its torch {torch} does not fit, so another comes: this takes minutes.")
    elif "torch" not in [need.name for need, _ in missing]:
        arguments.append(f"torch=={found('torch')}")  # stays as it is
    return arguments, said


def stale(modules: dict, arguments: list[str]) -> list[str]:
    """List packages that were just installed and that this kernel holds in their old version."""
    names = [argument.split("==")[0] for argument in arguments]
    return sorted(name for name in names if name.replace("-", "_") in modules and name != "torch")


def enter() -> None:
    """Let this kernel and its children find the course, from its folder of notebooks."""
    os.chdir(ROOT / "notebooks")
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([str(ROOT), *filter(None, paths)]))


def main(found=version, run=subprocess.run, modules=None) -> None:
    """Install what is missing, go to the notebooks, and say what was done."""
    arguments, said = plan(found)
    print("\n".join(said))
    if arguments:
        pip = [sys.executable, "-m", "pip", "install", "--quiet"]
        if run([*pip, *arguments]).returncode:
            raise RuntimeError("pip could not install the packages: its reason is above.")
    enter()
    old = stale(sys.modules if modules is None else modules, arguments)
    if old:
        print(
            f"This kernel had already loaded another version of {', '.join(old)}: restart it "
            "(Runtime > Restart session, or Run > Restart) and run this cell again."
        )
    else:
        print("Ready: go on with the next cell.")


if __name__ != "hosted":  # a cell executes this file; the tests import it
    main()
