"""Work shared among processes of one thread each, which is faster than one process of many threads.

A worker is another Python that is sent jobs through a pipe: functions by their names, and their
arguments. It imports none of the caller's own code, so that it works the same on all systems, in a
notebook, and in a script without `if __name__ == "__main__"`. It ends when the pipe closes: by
`close`, or because the process that started it is gone, however that ended.
"""

import json
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import IO, Any, NamedTuple

from s1lib.errors import CourseError
from s1lib.stopping import interrupts_held

START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from s1lib.workers import serve; serve()"
)
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # of OpenMP, read on import
LENGTH = struct.Struct("<Q")  # before each message

Job = tuple  # a function, and the arguments behind those that all jobs share


class Outcome(NamedTuple):
    """What came of one job: its result, or an error."""

    number: int
    result: Any = None
    error: BaseException | None = None


class Workers:
    """Up to `number` processes, started when there is work for them.

    `shared` are the first arguments of every job. A process gets its copy when it is started.
    """

    def __init__(self, number: int, shared: tuple = ()) -> None:
        self.number, self.shared = number, shared
        self._running: list[_Worker] = []

    @property
    def running(self) -> bool:
        """Whether processes have been started, so that more work for them costs no start."""
        return bool(self._running)

    def run(self, jobs: Sequence[Job], here: bool = True) -> Iterator[tuple[int, Any]]:
        """Run all jobs, and yield the number and the result of each as it is done.

        With `here`, or without workers, this process takes jobs too, and begins at once: a worker
        takes seconds to start. What is yielded is then late by up to one job.
        Raises what a job raises, and CourseError if a worker dies; all workers have ended then.
        """
        left = deque(enumerate(jobs))
        finished: SimpleQueue[Outcome] = SimpleQueue()
        self._start(len(jobs) - here)
        here = here or not self._running
        for worker in self._running:
            worker.feed(left, finished)
        try:
            for _ in jobs:
                done = self._next(left, finished, here)
                if done.error:
                    raise done.error
                yield done.number, done.result
        except BaseException:  # Ctrl-C too, and a caller that does not go on
            self.close()
            raise

    def _start(self, useful: int) -> None:
        missing = min(self.number, useful) - len(self._running)
        if missing <= 0:
            return
        shared = pickle.dumps(self.shared)
        with interrupts_held():  # a terminal sends Ctrl-C to the whole group
            self._running += [_Worker(shared) for _ in range(missing)]

    def _next(self, left: deque, finished: "SimpleQueue[Outcome]", here: bool) -> Outcome:
        """Wait for the next outcome; meanwhile do a job in this process, if there is one left."""
        while True:
            with suppress(Empty):
                return finished.get_nowait()
            if here:
                with suppress(IndexError):
                    number, (function, *arguments) = left.popleft()
                    return Outcome(number, function(*self.shared, *arguments))
            with suppress(Empty):
                return finished.get(timeout=0.2)  # on Windows nothing interrupts a longer wait

    def close(self) -> None:
        """End all processes, whatever they do."""
        while self._running:
            self._running.pop().end()


class _Worker:
    """One process, and the thread that waits for it."""

    def __init__(self, shared: bytes) -> None:
        self.unsent: bytes | None = shared
        self.thread: threading.Thread | None = None
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, json.dumps([*map(str, sys.path)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | ONE_THREAD,
        )
        assert self.process.stdin and self.process.stdout
        self.jobs, self.replies = self.process.stdin, self.process.stdout

    def feed(self, left: deque, finished: "SimpleQueue[Outcome]") -> None:
        """Take jobs as long as there are any, in a thread."""
        self.thread = threading.Thread(target=self._feed, args=(left, finished), daemon=True)
        self.thread.start()

    def _feed(self, left: deque, finished: "SimpleQueue[Outcome]") -> None:
        while True:
            try:
                number, job = left.popleft()
            except IndexError:
                return
            try:
                finished.put(Outcome(number, self._ask(pickle.dumps(job))))
            except BaseException as error:
                finished.put(Outcome(number, error=error))
                return

    def _ask(self, job: bytes) -> Any:
        """Send a job and wait for its result. Raises what it raised, CourseError if it died."""
        reply = None
        with suppress(OSError):
            if self.unsent is not None:
                _send(self.jobs, self.unsent)
                self.unsent = None
            _send(self.jobs, job)
            reply = _receive(self.replies)
        if reply is None:
            raise CourseError(
                f"a process that shared the work has died ({_status(self.process.wait())}), often "
                "for want of memory: close other programs and try again, or set "
                "OMP_NUM_THREADS=1, which does all work in one process."
            )
        result, error = pickle.loads(reply)
        if error:
            raise error
        return result

    def end(self) -> None:
        """Kill the process; the thread that waits for it ends with it."""
        self.process.kill()
        self.process.wait()
        if self.thread:
            self.thread.join()
        for pipe in (self.jobs, self.replies):
            with suppress(OSError):
                pipe.close()


def _status(code: int) -> str:
    with suppress(ValueError):
        return signal.Signals(-code).name if code < 0 else f"status {code}"
    return f"signal {-code}"


def _send(pipe: IO[bytes], message: bytes) -> None:
    pipe.write(LENGTH.pack(len(message)) + message)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes | None:
    """Read a message; None if the other side is gone."""
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    [length] = LENGTH.unpack(head)
    message = pipe.read(length)
    return message if len(message) == length else None


def serve() -> None:
    """Do jobs, in the worker's process, until the pipe closes. What they print goes to stderr."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the parent, which ends us
    jobs, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    received: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_read, args=(jobs, received), daemon=True).start()
    given, shared = received.get(), None
    while True:
        job = received.get()
        try:
            shared = pickle.loads(given) if shared is None else shared
            function, *arguments = pickle.loads(job)
            reply = pickle.dumps((function(*shared, *arguments), None))
        except BaseException as error:
            reply = pickle.dumps((None, _portable(error)))
        try:
            _send(replies, reply)
        except OSError:  # the parent is gone
            os._exit(1)


def _read(jobs: IO[bytes], received: "SimpleQueue[bytes]") -> None:
    """Hand over each message; at the end of the pipe, end this process whatever it does."""
    while (message := _receive(jobs)) is not None:
        received.put(message)
    os._exit(0)


def _portable(error: BaseException) -> BaseException:
    """Return an error that can be sent, with the place where it was raised in a note."""
    told = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # its class lies in a script, or takes other arguments than it says
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(f"In a process that shared the work:\n{told}")
    return error
