"""Run the course, open it, check it, test it: `python course.py` lists the commands.

This file works from any folder and starts with any Python, also with one that is too old, so
that it can say what is needed. It is therefore written in the language of old Pythons, and hands
on to scripts/commands.py, which needs a Python that the course supports.
"""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C shows no traceback while this imports

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
OLDEST, NEWEST = (3, 11), (3, 13)  # as in pyproject.toml
NEEDED = "Python 3.11, 3.12 or 3.13"


def is_supported(version):
    """Tell whether a Python of this version, (major, minor, ...), can run the course."""
    return OLDEST <= tuple(version)[:2] <= NEWEST


def pythons():
    """List the commands that may start a Python here, the preferred first, each a list."""
    names = ["python", "python3", "python3.12", "python3.13", "python3.11"]
    launcher = [["py", "-3.12"], ["py", "-3.13"], ["py", "-3.11"]] if os.name == "nt" else []
    chosen = [[os.environ["PYTHON"]]] if os.environ.get("PYTHON") else []
    return chosen + [[sys.executable]] + [[name] for name in names] + launcher


def version_of(command):
    """Return the version of the Python that a command starts, as (major, minor); None: none."""
    code = "import sys; print(sys.version_info[0]); print(sys.version_info[1])"
    try:
        pipe = subprocess.PIPE
        # -E: without PYTHONPATH and PYTHONHOME, which may belong to another Python.
        process = subprocess.Popen(command + ["-E", "-c", code], stdout=pipe, stderr=pipe)
        words = process.communicate()[0].split()
    except OSError:
        return None
    return (int(words[0]), int(words[1])) if len(words) == 2 else None


def other_python():
    """Find a supported Python on this computer; returns its command and the versions seen."""
    seen = []
    for command in pythons():
        version = version_of(command)
        if version is not None and is_supported(version):
            return command, seen
        name = version and str(version[0]) + "." + str(version[1])
        if name and name not in seen:
            seen.append(name)
    return None, seen


def hand_on(command):
    """Run a command and return its exit code; Ctrl-C, which reaches it too, is its own affair."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda number, frame: None)  # the command does not inherit it
    return subprocess.call(command)


def main():
    """Run the command that the arguments name; returns the exit code."""
    if is_supported(sys.version_info):
        sys.path.insert(0, os.path.join(ROOT, "scripts"))
        import commands

        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # from here on it is caught
        return commands.main(sys.argv[1:])
    command, seen = other_python()
    if command is not None:
        return hand_on(command + [os.path.abspath(__file__)] + sys.argv[1:])
    sys.stderr.write(
        "The course needs " + NEEDED + ", and found " + ", ".join(seen) + ".\n"
        "Install one from python.org (or run `conda env create -f environment.yml`, then\n"
        "`conda activate s1-course`), and give the same command again.\n"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
