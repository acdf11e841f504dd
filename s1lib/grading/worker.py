"""The process in which math-verify runs: one question a line in, one verdict a line out.

math-verify parses LaTeX with a grammar and compares with sympy; its reader of plain Python-like
expressions, which evaluates them, is not used. Its comparison of numbers works with floats of 15
digits and takes 1/2031! for 1/2033!; `equal_values` replaces it with an exact one.

It does not stop what a text makes it do: the asking process kills it when the time is over. It
ends by itself when the asker is gone.
"""

import faulthandler
import gc
import json
import os
import queue
import re
import signal
import sys
import threading
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

from s1lib.grading.values import Number, approximates

PRECISION = 60  # digits to which constants such as sqrt(2) + sqrt(3) are compared
GRACE = 2.0  # seconds after the time limit, until the worker ends itself


def serve(memory: int, parent: int) -> None:
    """Answer questions from standard input until it ends or the parent process is gone."""
    questions: queue.Queue[bytes] = queue.Queue()
    end_with_parent(parent)
    threading.Thread(target=_read, args=(questions,), daemon=True).start()
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the asker, who ends us
    judge = make_judge()
    _say({"limited": limit_memory(memory)})
    while True:
        number, given, reference, seconds = json.loads(questions.get())
        # A timer outside of Python's lock: it also ends a power of large numbers
        faulthandler.dump_traceback_later(seconds + GRACE, exit=True)
        verdict = judge(given, reference)
        faulthandler.cancel_dump_traceback_later()
        _say([number, verdict])


def _say(message: Any) -> None:
    print(json.dumps(message), flush=True)


def _read(questions: "queue.Queue[bytes]") -> None:
    """Hand over each line; the end of the input means that the asker closed it or died."""
    for line in sys.stdin.buffer:
        questions.put(line)
    os._exit(0)


def _watch(parent: int) -> None:
    """End this process when its parent is gone, also where a copy of the pipe is still open."""
    wait = threading.Event()
    while os.getppid() == parent:
        wait.wait(1.0)
    os._exit(0)


def end_with_parent(parent: int) -> None:
    """Ask Linux to kill this process when its parent dies: it works in any computation."""
    if sys.platform == "linux":
        import ctypes

        try:
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1 is PR_SET_PDEATHSIG
        except (OSError, AttributeError):
            return
        if os.getppid() != parent:  # it died before the call
            os._exit(0)


def limit_memory(size: int) -> bool:
    """Limit the address space; False where the system refuses: macOS does, Windows has none."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (size, size))
    except (ImportError, AttributeError, ValueError, OSError, OverflowError):
        return False
    return True


def make_judge() -> Callable[[str, str], bool | None]:
    """Import math-verify and return the function that compares two answers.

    It returns None where the memory did not suffice.
    """
    import logging

    from math_verify import grader, parse, verify
    from math_verify.parser import LatexExtractionConfig

    logging.disable()
    grader.sympy_numeric_eq, grader.sympy_symbolic_eq = exact_comparisons(
        grader.sympy_numeric_eq, grader.sympy_symbolic_eq
    )
    parse_twice()
    never_evaluate()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)  # parse trees are many small objects
    kinds = [LatexExtractionConfig()]

    @lru_cache(maxsize=1000)  # many samples have the same reference
    def read(text: str) -> list:
        return parse(f"\\[{text}\\]", extraction_config=kinds, parsing_timeout=None)

    def judge(given: str, reference: str) -> bool | None:
        try:
            return bool(
                verify(
                    read(reference),
                    read(given),
                    timeout_seconds=None,
                    allow_set_relation_comp=True,
                )
            )
        except MemoryError:
            return None
        except Exception:  # whatever sympy makes of it: it is no answer that can be compared
            return False

    return judge


Comparison = Callable[..., bool]


def exact_comparisons(numeric: Comparison, symbolic: Comparison) -> tuple[Comparison, Comparison]:
    """Put `equal_values` before math-verify's comparison in numbers and the one in symbols."""

    def is_matrix(*values: Any) -> bool:
        return any(hasattr(value, "shape") for value in values)

    def exact_numeric(a: Any, b: Any, *settings: Any) -> bool:
        if is_matrix(a, b):  # it comes back here for each element
            return numeric(a, b, *settings)
        return equal_values(a, b) is True

    def exact_symbolic(a: Any, b: Any) -> bool:
        equal = None if is_matrix(a, b) else equal_values(a, b)
        return symbolic(a, b) if equal is None else equal

    return exact_numeric, exact_symbolic


def parse_twice() -> None:
    """Parse LaTeX in ANTLR's fast mode, and in its full one only where that fails.

    The fast mode (SLL) returns the same tree as the full one, or reports an error.
    """
    from antlr4.atn.PredictionMode import PredictionMode
    from antlr4.error.ErrorStrategy import BailErrorStrategy
    from latex2sympy2_extended.antlr_parser import PSParser

    original = PSParser.math

    def math(parser: Any) -> Any:
        usual = parser._errHandler
        parser._interp.predictionMode, parser._errHandler = PredictionMode.SLL, BailErrorStrategy()
        try:
            return original(parser)
        except Exception:
            parser.reset()
            parser._errHandler = usual
            parser._interp.predictionMode = PredictionMode.LL
            return original(parser)

    PSParser.math = math


def never_evaluate() -> None:
    """Read numbers without Python's `eval`, by which sympy reads every string.

    What is left are names that sympy looks up on its own; any other string is refused.
    """
    import sympy
    import sympy.physics.units  # looks up names when it is imported
    from latex2sympy2_extended import latex2sympy2
    from sympy.parsing import sympy_parser

    def read_number(text: str) -> Any:
        text = text.replace(",", "")
        return sympy.Integer(int(text)) if text.isdecimal() else sympy.Float(text)

    evaluate = sympy_parser.parse_expr

    def look_up(text: str, *settings: Any, **options: Any) -> Any:
        if not re.fullmatch("[A-Za-z_][A-Za-z_0-9]*", text):
            raise ValueError("a string is not evaluated")
        return evaluate(text, *settings, **options)

    def read_separated(text: str) -> Any:
        return read_number(
            text.replace(",", ".") if text.startswith("0") else text.replace(" ", "")
        )

    latex2sympy2.convert_number = read_separated
    latex2sympy2._Latex2Sympy.parse_number = lambda _, text: read_number(text)
    sympy_parser.parse_expr = look_up


def equal_values(a: Any, b: Any) -> bool | None:
    """Compare two sympy expressions exactly; None where that cannot be told cheaply.

    A decimal against a closed form is compared by the tolerance in `values`.
    """
    import sympy

    if not (isinstance(a, sympy.Expr) and isinstance(b, sympy.Expr)):
        return None
    decimals = [_decimal(value) for value in (a, b)]
    a, b = _exact(a).doit(), _exact(b).doit()
    if a == b:
        return True
    if a.free_symbols or b.free_symbols:
        return _equal_functions(a, b)
    if decimals.count(None) == 1:
        decimal, closed = (decimals[0], b) if decimals[0] else (decimals[1], a)
        if decimal and _stands_for(decimal, closed):
            return True
    if a.is_Rational and b.is_Rational:
        return bool(a == b)
    if a.is_zero or b.is_zero:
        return None
    return _close(a, b)


def _decimal(value: Any) -> str | None:
    """Return how a decimal is written; None if the expression is anything else."""
    sign = "-" if value.is_Mul and len(value.args) == 2 and value.args[0] == -1 else ""
    number = value.args[1] if sign else value
    text = str(number) if number.is_Float else ""
    return sign + text if text and "e" not in text else None


def _exact(expression: Any) -> Any:
    """Write each decimal as the fraction that it is, and the letter i as the imaginary unit."""
    import sympy

    changes = {number: sympy.Rational(str(number)) for number in expression.atoms(sympy.Float)}
    letters = expression.free_symbols
    changes |= {letter: sympy.I for letter in letters if getattr(letter, "name", "") == "i"}
    return expression.xreplace(changes)


def _close(a: Any, b: Any) -> bool | None:
    """Compare two constants to PRECISION digits of their size; None if they have no value."""
    x, y = a.evalf(PRECISION), b.evalf(PRECISION)
    if not (x.is_number and y.is_number and x.is_finite and y.is_finite):
        return None
    size = max(abs(x), abs(y))
    return bool(abs(x - y) <= size * 10 ** (10 - PRECISION))


def _equal_functions(a: Any, b: Any) -> bool | None:
    """Tell two expressions apart by their values at a few points, or see that they are one."""
    import sympy

    if a.free_symbols != b.free_symbols:
        return None
    if sympy.expand(a - b) == 0:
        return True
    symbols = sorted(a.free_symbols, key=str)
    for shift in (2, 5):
        point = {symbol: sympy.Rational(7 * i + shift, 3) for i, symbol in enumerate(symbols)}
        try:
            if _close(a.subs(point), b.subs(point)) is False:
                return False
        except (TypeError, ValueError, AttributeError):
            return None
    return None


def _stands_for(decimal: str, closed: Any) -> bool:
    if not closed.is_real or closed.is_Integer:
        return False
    whole, _, part = decimal.strip("-").partition(".")
    part = part.rstrip("0")
    digits = (whole + part).lstrip("0")
    number = Number(Fraction(decimal), Fraction(1, 10 ** len(part)), len(digits))
    return approximates(number, Fraction(str(closed.evalf(40))))


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]))
