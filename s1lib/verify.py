"""Whether two mathematical answers say the same, asked of math-verify in a process of its own.

Model text may be anything: a tower of powers, 100,000 brackets, a megabyte. math-verify parses it
with sympy, which can take for ever; so it runs beside us, with little memory, and is killed when
its time is over. Nothing of the text is ever evaluated as Python.
"""

import atexit
import json
import os
import select
import subprocess
import sys
import threading

from s1lib.store import ROOT

SECONDS = 2.0  # for one pair; a fresh worker gets START more to import sympy
START = 30.0
LONGEST = 2000  # characters of an answer; longer ones are not asked about
MEMORY = 3 * 2**30  # bytes of the worker's address space

_worker: subprocess.Popen | None = None
_lock = threading.Lock()


def equivalent(given: str, reference: str, seconds: float | None = None) -> bool | None:
    """Whether `given` means the same as `reference`: 1/2 and 0.5, 2*sqrt(3) and sqrt(12).

    None if it could not be decided: an answer that is too long, or took too much memory or more
    than `seconds` (default: SECONDS). Safe from any thread.
    """
    if max(len(given), len(reference)) > LONGEST:
        return None
    with _lock:
        fresh = _worker is None or _worker.poll() is not None
        if fresh:
            _start()
            if _ask(["1", "1"], START) is None:  # it imports sympy
                raise RuntimeError("math-verify does not start: pip install math-verify")
        return _ask([given, reference], SECONDS if seconds is None else seconds)


def _start() -> None:
    global _worker
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    _worker = subprocess.Popen(
        [sys.executable, "-c", "from s1lib.verify import serve; serve()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": path},
    )


def _ask(pair: list[str], seconds: float) -> bool | None:
    """One question to the worker; it is killed if no answer comes in time."""
    try:
        _worker.stdin.write(json.dumps(pair).encode() + b"\n")  # ASCII: any text survives
        _worker.stdin.flush()
        if select.select([_worker.stdout], [], [], seconds)[0]:
            line = _worker.stdout.readline()
            if line:
                return json.loads(line)
    except BrokenPipeError:
        pass  # it ran out of memory
    stop()
    return None


@atexit.register
def stop() -> None:
    """End the worker, if there is one."""
    global _worker
    if _worker is not None:
        _worker.kill()
        _worker.wait()
        _worker.stdin.close()
        _worker.stdout.close()
    _worker = None


def serve() -> None:
    """The worker: a pair of answers on each line of its input, true, false or null on its output.

    It does not stop what a text makes it do; the process that asks does.
    """
    import logging
    import resource

    from math_verify import parse, verify
    from math_verify.parser import ExprExtractionConfig, LatexExtractionConfig

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    logging.disable()
    kinds = [LatexExtractionConfig(), ExprExtractionConfig()]
    for line in sys.stdin.buffer:
        try:
            given, reference = (
                parse(f"${text}$", extraction_config=kinds, parsing_timeout=None)
                for text in json.loads(line)
            )
            same = bool(verify(reference, given, timeout_seconds=None))
        except MemoryError:
            same = None
        except Exception:  # whatever sympy makes of it: it is no answer that can be compared
            same = False
        print(json.dumps(same), flush=True)
