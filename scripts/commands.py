"""The commands of course.py. Each finds or makes its Python environment by itself."""

import os
import shutil
import sys
from pathlib import Path

import install
from environment import ROOT, hand_over, say
from interpreter import find, require

import course

HELP = f"""\
Usage: python course.py COMMAND [options]

  run           execute the course, notebook by notebook; continues where it stopped
  lab           open the notebooks in JupyterLab; options are JupyterLab's
  check         look at this computer: ten seconds, each line passed or failed with what to do
  test          check the code, and every notebook on few questions
  test-slow     the long tests: equality grids, trainings, FSDP, kills
  setup         only install the packages, which every command does once if they are missing
  python        the environment's Python: python course.py python -m s1lib.curation --help
  bundle        make a folder to install from without a network; --help lists its options
  clean         remove build/ and caches

For authors:
  notebooks     execute the notebooks as on a first run and save their outputs in them
  results NAME  make data/results/NAME.json again; NAME: main_result, lora, table4 ...
  data          make everything under data/ again (four hours)
  test-vllm     check the vLLM drivers with the real engine, on a CPU (4 GB more)

With make installed, `make run` is the same as `python course.py run`, and so on. `run --profile
smoke` takes few questions; the profiles are in s1lib/profiles/. Needs {course.NEEDED}.
"""


def start(python: list[str], name: str, *arguments: str) -> int:
    """Hand over to a script of ours in this Python; Ctrl-C ends it with one line at any moment."""
    return hand_over([*python, str(ROOT / "scripts/start.py"), name, *arguments], held=True)


def script(name: str, *arguments: str, extras: tuple[str, ...] = ()) -> int:
    """Hand over to a script of ours in the course's Python."""
    return start(require(list(extras)), name, *arguments)


def module(*arguments: str, extras: tuple[str, ...] = ()) -> int:
    """Hand over to `python -m ...` in the course's Python."""
    return hand_over([*require(list(extras)), "-m", *arguments])


def lab_options(is_root: bool, in_container: bool, given: list[str]) -> list[str]:
    """Return what JupyterLab needs beside the user's own options: as root, and in a container."""
    options = ["--allow-root"] if is_root else []
    own_address = any(option.split("=")[0].endswith("ip") for option in given)
    if in_container and not own_address:
        # Only so does a published port lead to it; its token keeps others out.
        options += ["--ip=0.0.0.0", "--no-browser"]
    return options


def in_container() -> bool:
    """Tell whether this is a container with a network of its own."""
    return Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()


def lab(arguments: list[str]) -> int:
    """Open the notebooks in JupyterLab."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    options = lab_options(is_root, in_container(), arguments)
    if "--ip=0.0.0.0" in options:
        say("In a container: publish the port (docker run -p 8888:8888) and open the address below")
        say("that begins with http://127.0.0.1 in the browser of your computer.")
    return module("jupyterlab", str(ROOT / "notebooks"), *options, *arguments)


def check(arguments: list[str]) -> int:
    """Look at this computer, also if the packages are not there yet."""
    python, reason = find([])
    options = [] if python else ["--without-packages", reason]
    return start(python or [sys.executable], "check.py", *options)


def setup(arguments: list[str]) -> int:
    """Install the packages; `--wheels FOLDER` takes them from there and not from the network."""
    if arguments and (len(arguments) != 2 or arguments[0] != "--wheels"):
        say("Usage: python course.py setup [--wheels FOLDER]")
        return 2
    wheels = str(Path(arguments[1]).resolve()) if arguments else None
    if wheels and not Path(wheels).is_dir():
        say(f"There is no folder {wheels}.")
        return 1
    say(f"The course runs with {' '.join(require([], wheels))}")
    return 0


def clean(arguments: list[str]) -> int:
    """Remove what runs and tools leave, but no environment."""
    folders = ["build", ".pytest_cache", ".ruff_cache", ".mypy_cache", ".hypothesis"]
    found = [ROOT / name for name in folders] + list(ROOT.glob("*.egg-info"))
    for folder, names, _ in os.walk(ROOT):
        names[:] = [name for name in names if not name.startswith(".venv") and name != ".git"]
        caches = {"__pycache__", ".ipynb_checkpoints"} & set(names)
        found += [Path(folder) / name for name in caches]
    for path in found:
        shutil.rmtree(path, ignore_errors=True)
    return 0


def notebooks(arguments: list[str]) -> int:
    """Execute the notebooks as on a first run and save their outputs in them."""
    shutil.rmtree(ROOT / "build/first-run", ignore_errors=True)
    os.environ["S1_BUILD"] = "build/first-run"
    return script("run_course.py", "--in-place", "--profile", "laptop", *arguments)


def results(arguments: list[str]) -> int:
    """Make a recorded result again."""
    if not arguments:
        say("Which one? python course.py results main_result, or --list for their names.")
        return 2
    return module("s1lib.results", *arguments)


COMMANDS = {
    "run": lambda options: script("run_course.py", *options),
    "lab": lab,
    "check": check,
    "test": lambda options: script("run_tests.py", "fast", *options, extras=("dev",)),
    "test-slow": lambda options: script("run_tests.py", "slow", *options, extras=("dev",)),
    "test-vllm": lambda options: script("run_vllm_tests.py", *options, extras=("dev",)),
    "setup": setup,
    "python": lambda options: hand_over([*require([]), *options]),
    "bundle": lambda options: script("bundle.py", *options),
    "clean": clean,
    "notebooks": notebooks,
    "results": results,
    "data": lambda options: script("make_data.py", *options),
}


def main(arguments: list[str]) -> int:
    """Run the command that is named first; returns the exit code."""
    command = arguments[0] if arguments else "help"
    if command in ("help", "-h", "--help"):
        print(HELP, end="")
        return 0
    if command not in COMMANDS:
        say(f"There is no command {command!r}. The commands:\n\n{HELP}")
        return 2
    options = arguments[1:]
    if {"-h", "--help"} & set(options) and find([])[0] is None:  # help installs nothing
        print(HELP, end="")
        return 0
    try:
        return COMMANDS[command](options)
    except install.CannotInstall as reason:
        say(str(reason))
        return 1
    except KeyboardInterrupt:
        say("\nStopped. The same command continues.")
        return 130
