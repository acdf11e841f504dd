"""The error that a reader can fix, and how a command reports it."""

import importlib
import os
import sys
from collections.abc import Callable

from s1lib.stopping import end_on_signals


class CourseError(Exception):
    """Something the reader can fix; the message names the problem and the fix."""


def printable(text: str, most: int | None = None) -> str:
    """Return a text from outside as one line that a terminal shows and does not obey.

    Escape sequences, line breaks and marks that turn the direction of writing become spaces.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if most is None or len(line) <= most else line[: most - 1] + "…"


def run_command(main: Callable[[], None]) -> None:
    """Run a command's `main` and report a CourseError as one sentence, without a traceback.

    Ctrl-C and SIGTERM end it with one line; so does a reader of its output that is gone.
    """
    end_on_signals()
    try:
        main()
        sys.stdout.flush()
    except CourseError as error:
        text = "".join(c if c.isprintable() or c == "\n" else " " for c in str(error))
        raise SystemExit(f"error: {text}") from None
    except BrokenPipeError:  # `s1 plan | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python would fail to flush at its end
        raise SystemExit(1) from None


def run_module(name: str) -> None:
    """Run the command in a module: what it imports, torch among it, is already stoppable."""
    run_command(lambda: importlib.import_module(name).main())
