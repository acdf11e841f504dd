"""Whether two mathematical answers say the same, asked of math-verify in a process of its own.

Model text may be anything: a tower of powers, 100,000 brackets, a megabyte. math-verify parses it
with sympy, which can take for ever; so it runs in `worker`, with little memory, and is killed
when its time is over. The time limit holds on every system; the limit of memory where the system
has one (Linux). Each question has a number, and any exception while the asker waits ends the
worker, so that no verdict can be that of another question.
"""

import atexit
import contextlib
import itertools
import json
import os
import queue
import subprocess
import sys
import threading
import warnings
from pathlib import Path

from s1lib.errors import CourseError
from s1lib.grading.boxes import MAX_ANSWER_CHARS

SECONDS = 2.0  # for one pair; a fresh worker gets START more to import sympy
START = 60.0
MEMORY = 3 * 2**30  # bytes of the worker's address space
WORKER = ("-m", "s1lib.grading.worker")  # what Python runs
PACKAGE_ROOT = Path(__file__).resolve().parents[2]

_worker: "Worker | None" = None
_lock = threading.Lock()
_numbers = itertools.count(1)
_warned = False


class Worker:
    """The process beside us. A thread starts it and reads its lines, so that a read can time out.

    The thread lives as long as the process: Linux kills a process that asked for it when the
    thread that started it ends.
    """

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None
        self.lines: queue.Queue[bytes] = queue.Queue()
        self.ended = False
        threading.Thread(target=self._run, name="grading worker", daemon=True).start()

    def _run(self) -> None:
        path = os.pathsep.join(filter(None, [str(PACKAGE_ROOT), os.environ.get("PYTHONPATH")]))
        try:
            # -P: no module of the working directory is imported in place of a real one
            self.process = subprocess.Popen(
                [sys.executable, "-P", *WORKER, str(MEMORY), str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": path},
            )
            if self.ended:  # `kill` came before there was a process
                self.process.kill()
            for line in self.process.stdout or ():
                self.lines.put(line)
        finally:
            self.lines.put(b"")  # the end: nobody waits in vain
            if self.process is not None:
                self.process.kill()
                self.process.wait()
                for pipe in (self.process.stdin, self.process.stdout):
                    with contextlib.suppress(OSError):  # what was not yet written is lost
                        pipe.close()  # type: ignore[union-attr]

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self.process is not None
        return self.process.pid

    def alive(self) -> bool:
        """Tell whether the process can be asked."""
        return not self.ended and self.process is not None and self.process.poll() is None

    def send(self, message: object) -> None:
        """Write one line. Raises OSError if the process is gone."""
        assert self.process is not None and self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")  # ASCII: any text survives
        self.process.stdin.flush()

    def receive(self, seconds: float) -> object:
        """Return the next line's content. Raises TimeoutError, or EOFError if the process ended."""
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None
        if not line:
            raise EOFError
        return json.loads(line)

    def kill(self) -> None:
        """End the process, without waiting for it. Can be called twice, and at any time."""
        self.ended = True
        if self.process is not None:
            self.process.kill()

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the process has ended."""
        if self.process is not None:
            self.process.wait(timeout)


def equivalent(given: str, reference: str, seconds: float | None = None) -> bool | None:
    """Ask whether `given` means the same as `reference`: 1/2 and 0.5, 2*sqrt(3) and sqrt(12).

    None if it could not be decided: an answer that is too long, or took too much memory or more
    than `seconds` (default: SECONDS). Safe from any thread. Raises CourseError if math-verify
    does not start.
    """
    if max(len(given), len(reference)) > MAX_ANSWER_CHARS:
        return None
    with _lock:
        try:
            if _worker is None or not _worker.alive():
                _start()
            return _ask(given, reference, SECONDS if seconds is None else seconds)
        except (TimeoutError, EOFError, OSError, ValueError):  # out of time, or of memory
            stop()
            return None
        except BaseException:  # Ctrl-C, a signal handler: its verdict must not reach the next one
            stop()
            raise


def _start() -> None:
    """Start a worker and wait until it has imported math-verify."""
    global _worker, _warned
    stop()
    _worker = Worker()
    try:
        ready = _worker.receive(START)
    except (TimeoutError, EOFError):
        raise CourseError("math-verify does not start: pip install math-verify") from None
    if isinstance(ready, dict) and not ready["limited"] and not _warned:
        _warned = True
        warnings.warn(
            "this system does not limit the memory of a process: grading has its time limit only.",
            RuntimeWarning,
            stacklevel=2,
        )


def _ask(given: str, reference: str, seconds: float) -> bool | None:
    """Ask the worker one question. Raises EOFError if the verdict is that of another one."""
    assert _worker is not None
    number = next(_numbers)
    _worker.send([number, given, reference, seconds])
    answer = _worker.receive(seconds)
    if not isinstance(answer, list) or answer[0] != number:
        raise EOFError
    return answer[1]


@atexit.register
def stop() -> None:
    """End the worker, if there is one."""
    global _worker
    worker, _worker = _worker, None
    if worker is not None:
        worker.kill()


def _forget() -> None:
    """Leave the worker to the process that started it: a fork of it starts its own."""
    global _worker, _lock
    if _worker is not None and _worker.process is not None:
        null = os.open(os.devnull, os.O_RDWR)
        for pipe in (_worker.process.stdin, _worker.process.stdout):
            if pipe is not None:
                os.dup2(null, pipe.fileno())  # a copy of the pipe would keep the worker alive
        os.close(null)
    _worker, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
