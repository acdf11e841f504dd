"""The environment variables of the course's processes, and how they are started."""

import getpass
import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def say(text: str = "") -> None:
    """Print a line of our own on stderr; letters that the terminal does not know become signs."""
    encoding = sys.stderr.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr, flush=True)


def build_dir() -> Path:
    """Return the folder of a run; a relative S1_BUILD starts at the course's folder."""
    return ROOT / (os.environ.get("S1_BUILD") or "build")


def child_environment() -> dict[str, str]:
    """Return the variables that every process of the course gets, notebook kernels included.

    This is the one place where they are set.
    """
    env = dict(os.environ)
    # Packages of another installation would shadow the course's own.
    env.pop("PYTHONHOME", None)
    paths = env.get("PYTHONPATH", "").split(os.pathsep)
    own = [path for path in paths if path and Path(path).absolute().is_relative_to(ROOT)]
    env["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([*own, str(ROOT)]))
    env["PYTHONUTF8"] = "1"  # Windows and old locales would read the course's files wrongly
    env["S1_BUILD"] = str(build_dir())
    env["JUPYTER_PREFER_ENV_PATH"] = "1"  # a kernel of the same name may lie in the home folder
    # glibc gives large buffers back to the system after every step; to keep them saves minutes.
    env.setdefault("MALLOC_MMAP_MAX_", "0")
    env.setdefault("MALLOC_TRIM_THRESHOLD_", "100000000000")
    # Threads that wait in a loop for long slow each other down on a busy computer.
    env.setdefault("GOMP_SPINCOUNT", "1000")
    # The toy world's teacher and JupyterLab are on this computer: no proxy leads there.
    for name in ("no_proxy", "NO_PROXY"):
        hosts = [host for host in env.get(name, "").split(",") if host]
        env[name] = ",".join(dict.fromkeys([*hosts, "127.0.0.1", "localhost"]))
    return env | _identity(env)


def _identity(env: dict[str, str]) -> dict[str, str]:
    """Return a name and writable folders, for a user who has none (a container's bare number)."""
    extra = {}
    try:
        getpass.getuser()
    except (KeyError, OSError):  # OSError since Python 3.13
        extra |= {"USER": "learner", "LOGNAME": "learner"}
    home = Path(os.path.expanduser("~"))
    if home.is_absolute() and os.access(home, os.W_OK):
        return extra
    instead = build_dir() / "home"
    if not home.is_absolute():
        extra["HOME"] = str(instead)
    folders = {
        "JUPYTER_CONFIG_DIR": "jupyter",
        "JUPYTER_DATA_DIR": "jupyter/data",
        "JUPYTER_RUNTIME_DIR": "jupyter/runtime",
        "IPYTHONDIR": "ipython",
        "MPLCONFIGDIR": "matplotlib",
        "XDG_CACHE_HOME": "cache",
    }
    return extra | {name: str(instead / path) for name, path in folders.items() if name not in env}


def call(command: list[str], env: dict[str, str] | None = None) -> int:
    """Run a command in the course's folder and return its exit code.

    Ctrl-C reaches it too, and it says in its own way what it leaves: it is waited for.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda number, frame: None)  # the command does not inherit it
    try:
        return subprocess.call(command, cwd=ROOT, env=env)
    finally:
        signal.signal(signal.SIGINT, before)


def hand_over(command: list[str], held: bool = False) -> int:
    """Let `command` take this process's place; where that cannot be (Windows), wait for it.

    With `held` it begins with Ctrl-C held back, until it is ready for it.
    """
    sys.stdout.flush()
    env = child_environment()
    if os.name != "nt":
        if held:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        os.execvpe(command[0], command, env)
    process = subprocess.Popen(command, env=env)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # the command got it too, and ends in its own way
            continue
