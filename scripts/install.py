"""Make `.venv`, once, with the exact packages that the course was tested with.

When it cannot be done, the sentence says why: what is missing here, or pip's own reason.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from environment import ROOT, child_environment, say

import course

VENV = ROOT / ".venv"
COMPLETE = VENV / ".complete"  # what .venv holds: written when an installation ended well
NEEDED_GB = 4  # of free disk, while installing
CUDA_GB = 10
CPU_INDEX = "https://download.pytorch.org/whl/cpu"  # PyTorch's own, of builds without CUDA
PATIENCE = 5  # seconds for that index to answer

# What pip says, and what to do about it. The first that is found counts.
FIXES = [
    (r"No space left|not enough space", "free some disk space"),
    (r"Permission denied|Access is denied", "give yourself the right to write in this folder"),
    (r"CERTIFICATE_VERIFY_FAILED|SSLError",
     "a proxy that opens encrypted connections has its own certificate: ask for its file and name "
     "it in the environment variable PIP_CERT"),
    (r"ProxyError|Cannot connect to proxy",
     "the proxy does not answer: correct or unset the variables https_proxy and http_proxy"),
    (r"NewConnectionError|NameResolutionError|Temporary failure|getaddrinfo|ConnectTimeout|"
     r"ReadTimeout|Read timed out|Connection reset|Network is unreachable|Max retries",
     "the package index cannot be reached: connect to the network"),
    (r"requires a different Python|require a different python version|Requires-Python",
     f"use another Python: the course supports {course.NEEDED}"),
    (r"from versions: none|No matching distribution",
     "the package index that pip is set to (see `pip config list`) lacks a package, or has no "
     "build of it for this computer: PyTorch 2.13 has none for Macs with Intel processors, for "
     "macOS below 14, for 32-bit systems and for Alpine Linux"),
]  # fmt: skip


class CannotInstall(SystemExit):
    """The reason, and what to do."""


def venv_python() -> Path:
    """Return where .venv's Python is, or would be."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def stamp() -> str:
    """Return a hash of the two files that say what is in .venv."""
    files = (ROOT / "constraints.txt", ROOT / "pyproject.toml")
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


@contextmanager
def locked() -> Iterator[None]:
    """Let one command install at a time; the lock ends with its process."""
    try:
        file = (ROOT / ".venv.lock").open("a")
    except OSError as error:
        raise CannotInstall(f"Nothing can be written in {ROOT}: {error.strerror}.") from None
    with file:
        try:
            _lock(file, wait=False)
        except (BlockingIOError, PermissionError):
            say("Another command is installing the packages: waiting for it.")
            _lock(file, wait=True)
        except OSError:
            pass  # a file system without locks
        yield


def _lock(file, wait: bool) -> None:
    if os.name == "nt":
        import msvcrt

        while True:
            try:
                return msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError:  # LK_LOCK gives up after ten seconds
                if not wait:
                    raise
    import fcntl

    fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def base_python() -> list[str]:
    """Find a Python to make .venv with. Raises CannotInstall if there is none."""
    seen, without_venv = [], ""
    for command in course.pythons():
        version = course.version_of(command)
        if version is None:
            continue
        name = ".".join(map(str, version))
        seen += [name] if name not in seen else []
        if not course.is_supported(version):
            continue
        # The Python under an environment: .venv must not be made again by itself.
        code = "import ensurepip, sys, venv; print(getattr(sys, '_base_executable', ''))"
        done = subprocess.run([*command, "-E", "-c", code], capture_output=True, text=True)
        if done.returncode == 0:
            base = done.stdout.strip()
            return [base] if os.path.exists(base) else command
        without_venv = without_venv or name
    if without_venv:
        raise CannotInstall(
            f"Python {without_venv} is here without its venv module: install it (Debian and "
            f"Ubuntu: sudo apt install python{without_venv}-venv), and give the same command again."
        )
    raise CannotInstall(
        f"The course needs {course.NEEDED} and found {', '.join(seen)}: install one from "
        "python.org or with `conda env create -f environment.yml`, and give the same command again."
    )


def make_venv(reason: str, extras: list[str], wheels: str | None = None) -> list[str]:
    """Make .venv and return the command of its Python. Raises CannotInstall with the reason."""
    base = base_python()
    free = int(shutil.disk_usage(ROOT).free / 1e9)
    if free < NEEDED_GB:
        raise CannotInstall(
            f"The course needs {NEEDED_GB} GB of free disk space for its packages and {free} GB "
            "are free here: make room, and give the same command again."
        )
    say(f"The active Python is not used: {reason}.")
    say("Installing the course's packages into .venv, once: about 2 minutes and 2 GB.")
    COMPLETE.unlink(missing_ok=True)
    command = [*base, "-m", "venv", "--clear", str(VENV)]
    made = subprocess.run(command, capture_output=True, text=True, env=child_environment())
    if made.returncode:
        said = (made.stderr + made.stdout).strip()[-500:]
        raise CannotInstall(f"The folder .venv could not be made: {said}")
    if wheels is None and wants_cpu_build():
        install_cpu_torch(free)
    # One call: pip must see the pin of torch together with everything that needs torch. A folder
    # of wheels holds what the notebooks need, the network has the tools of the tests too.
    extras = extras if wheels else ["dev"]
    source = ["--no-index", "--find-links", wheels] if wheels else []
    course_itself = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    pip(*source, "-c", str(ROOT / "constraints.txt"), "-e", course_itself)
    COMPLETE.write_text(stamp(), encoding="utf-8")
    return [str(venv_python())]


def pip(*arguments: str) -> None:
    """Run `pip install` in .venv; raises CannotInstall with pip's own reason."""
    log = VENV / "pip.log"
    log.unlink(missing_ok=True)
    # Settings for other installations: a --user or --target one would miss .venv.
    env = child_environment() | {"PIP_USER": "0"}
    for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV"):
        env.pop(name, None)
    command = [str(venv_python()), "-m", "pip", "install", "--disable-pip-version-check"]
    # The log has pip's reason, while its progress goes to the terminal.
    done = subprocess.run([*command, "--log", str(log), *arguments], stdout=sys.stderr, env=env)
    if done.returncode:
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        raise CannotInstall(explain(text))


def explain(log: str) -> str:
    """Turn pip's log into a sentence: its reason, and what to do."""
    unfetched = re.findall(r"Could not fetch URL (\S+): .*?Caused by (\w+)", log)
    reasons = [f"{address} cannot be fetched ({cause})." for address, cause in unfetched[:1]]
    for line in re.findall(r"ERROR: (.+)", log):
        line = re.sub(r"\x1b\[[0-9;]*m|\(from versions: .{80,}\) *", "", line).strip()
        reasons.append(line if len(line) < 300 else line[:300] + " ...")
    reason = " ".join(dict.fromkeys(reasons[:4])) or "it gave no reason."
    fix = next((fix for pattern, fix in FIXES if re.search(pattern, log)), "read pip's lines above")
    return (
        f"pip could not install the packages: {reason}\n"
        f"What to do: {fix}, then give the same command again."
    )


def wants_cpu_build() -> bool:
    """Tell whether pip would bring a CUDA build of torch that this computer cannot use."""
    offline = os.environ.get("PIP_NO_INDEX", "").lower() in ("1", "true", "yes", "on")
    return sys.platform == "linux" and not offline and not has_nvidia_card()


def has_nvidia_card() -> bool:
    """Tell whether an NVIDIA driver shows a card."""
    if any(Path("/proc/driver/nvidia/gpus").glob("*")):
        return True
    tool = shutil.which("nvidia-smi") or "/usr/lib/wsl/lib/nvidia-smi"  # Linux inside Windows
    try:
        done = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and "GPU" in done.stdout


def unreachable(address: str, seconds: float = PATIENCE) -> str | None:
    """Ask for an address once; return why it does not answer in time, or None if it does."""
    outcome = [f"no answer in {seconds:.0f} seconds"]

    def ask() -> None:
        try:
            urllib.request.urlopen(address, timeout=seconds).close()
            outcome[0] = ""
        except (OSError, ValueError) as error:
            reason = str(error.reason if isinstance(error, URLError) else error)
            outcome[0] = outcome[0] if "timed out" in reason else reason

    # In a thread: looking up a name has no time limit of its own.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return outcome[0] or None


def install_cpu_torch(free: int) -> None:
    """Install torch from PyTorch's index of CPU builds; if it does not answer, say the cost."""
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    torch = re.search(r"^torch==\S+", pins, re.M).group()
    why = unreachable(f"{CPU_INDEX}/torch/")
    if why is None:
        once = ("--retries", "0", "--timeout", str(PATIENCE))
        try:
            return pip("--no-deps", *once, "--index-url", CPU_INDEX, torch)
        except CannotInstall as error:
            why = str(error).splitlines()[0]
    say(cost_of_cuda(why))
    if free < CUDA_GB:
        say(f"Only {free} GB are free here, and with that build it may need {CUDA_GB} GB.")


def cost_of_cuda(why: str) -> str:
    """Say that PyTorch's index of CPU builds is not used, why, and what that costs."""
    return (
        f"PyTorch's index of CPU builds ({CPU_INDEX}) cannot be used: {why}. torch comes from the "
        "ordinary package index: if that has only the build for NVIDIA cards, this is about 3 GB "
        "more to download and 5 GB more on the disk; the course runs the same."
    )
