"""Run the reader's code for a limited time.

It runs in a thread of its own, so that the notebook answers in time whatever the code does: a
loop that never ends is stopped by an exception, and a call that cannot be stopped is left behind.
A process of its own would be safer, but cannot be given functions that were written in a cell.
"""

import ctypes
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class TooLong(BaseException):
    """Raised inside the reader's code when its time is over."""


@dataclass(frozen=True)
class Raised:
    """What the reader's code raised, and where."""

    kind: str
    message: str
    line: str = ""

    def __str__(self) -> str:
        where = f", in the line `{self.line}`" if self.line else ""
        return f"{self.kind}: {self.message}{where}" if self.message else f"{self.kind}{where}"


@dataclass(frozen=True)
class Stopped:
    """The reader's code took too long. `alive`: it could not be stopped and still runs."""

    seconds: float
    alive: bool


def catch(call: Callable[[], Any]) -> Any:
    """Return what the call returns; a `Raised` for any exception but the end of time."""
    try:
        return call()
    except TooLong:
        raise
    except BaseException as error:  # also a SystemExit: the reader's `exit()` must not end us
        return raised(error)


def raised(error: BaseException) -> Raised:
    """Describe an exception, with the last line of the reader's own code that is known."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "s1lib" not in f.filename and "site-packages" not in f.filename]
    try:
        message = str(error)
    except Exception:  # the reader's own exception may have a broken __str__
        message = ""
    return Raised(type(error).__name__, message, (own[-1].line or "") if own else "")


def limited(call: Callable[[], Any], seconds: float) -> Any:
    """Return what `call` returns, a `Raised`, or a `Stopped` after so many seconds.

    Raises KeyboardInterrupt if the reader stops the cell; the code is then stopped, too.
    """
    box: list[Any] = []

    def run() -> None:
        try:
            box.append(catch(call))
        except TooLong:
            pass

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        thread.join(seconds)
    except KeyboardInterrupt:
        stop(thread)
        raise
    if thread.is_alive():
        stop(thread)
        return Stopped(seconds, thread.is_alive())
    return box[0]


def stop(thread: threading.Thread) -> None:
    """Raise TooLong in a thread, again while its code catches it; give up after a second."""
    for _ in range(20):
        if not thread.is_alive():
            return
        ident = ctypes.c_ulong(thread.ident or 0)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(TooLong))
        thread.join(0.05)
