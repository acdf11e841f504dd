"""How a command ends when it is asked to: Ctrl-C, SIGTERM, or a terminal that is closed.

A command may be killed at any moment and loses nothing: files are written in one go (`s1lib.io`),
answers are committed one by one, training goes on from its last checkpoint. So a signal ends the
process at once. An exception in its place could be lost in a library's callback, or show a
traceback.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # a system has some of them
_ending = False


def _signals() -> list[signal.Signals]:
    return [getattr(signal, name) for name in NAMES if hasattr(signal, name)]


def starts_a_command() -> bool:
    """Tell whether this process is just starting one of the course's commands.

    While Python looks for the module of `python -m s1lib.curation`, the arguments begin with "-m".
    """
    program = os.path.basename((getattr(sys, "argv", None) or [""])[0])
    return program in ("-m", "s1", "s1.exe")


def end_on_signals() -> None:
    """From here on a signal ends this process and its children at once, with one line.

    A signal that is ignored, as by `nohup`, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # a program that runs a command in a thread has its own ways
    for number in _signals():
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def _end(number: int, frame: Any) -> None:
    global _ending
    if _ending:  # Ctrl-C twice
        return
    _ending = True
    kill_children()
    with contextlib.suppress(Exception):  # it may be in the middle of a write
        sys.stdout.flush()
    if os.environ.get("RANK", "0") == "0":  # one line of all the processes of a training
        with contextlib.suppress(OSError):  # the terminal is gone
            os.write(2, b"\nstopped: what was finished is kept, the same command goes on.\n")
    os._exit(128 + number)


def kill_children() -> None:
    """Kill all processes that this one started, and theirs."""
    with contextlib.suppress(Exception):  # also where a signal came while psutil was imported
        import psutil

        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.kill()


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while processes are started: they begin with it held back.

    A terminal sends Ctrl-C to a whole group. The parent ends its children; a child that got it
    too would show a traceback of its own.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
