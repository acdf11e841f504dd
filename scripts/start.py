"""Start a script of this folder: `python scripts/start.py check.py ...`, as course.py does.

Ctrl-C then ends it with one line at any moment, also while it imports its packages.
"""

import signal
import sys

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is to be ignored
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback, until a handler is there

import runpy
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent


def main() -> None:
    """Run the script that the first argument names, as if Python had been given it."""
    sys.path.insert(1, str(SCRIPTS.parent))
    from s1lib.errors import run_command

    script = str(SCRIPTS / sys.argv[1])
    sys.argv[:2] = [script]

    def run() -> None:
        if hasattr(signal, "pthread_sigmask"):  # course.py held it back while this Python started
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        runpy.run_path(script, run_name="__main__")

    run_command(run)


if __name__ == "__main__":
    main()
