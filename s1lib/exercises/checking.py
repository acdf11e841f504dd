"""Check an answer: what was put in, what came out, what was expected, and a hint.

The checks never raise and never show the solution.
"""

import copy
import difflib
import reprlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from s1lib.exercises import memory
from s1lib.exercises.model import Case, Exercise, Texts, all_texts, load, plain
from s1lib.exercises.running import Raised, Stopped, catch, limited, raised
from s1lib.notebook.display import safe_html

SHORT = reprlib.Repr()
SHORT.maxstring = SHORT.maxother = SHORT.maxlong = 300
SHORT.maxlist = SHORT.maxtuple = SHORT.maxdict = SHORT.maxset = 12
SHORT.maxlevel = 4
KINDS: dict[str, tuple[type, ...]] = {
    "a function": (Callable,),  # type: ignore[dict-item]
    "a number": (int, float),
    "a whole number": (int,),
    "a text": (str,),
    "a list": (list,),
    "a dictionary": (dict,),
}
MARKS = {"passed": "✅", "todo": "◻️", "failed": "❌"}


@dataclass(frozen=True)
class Report:
    """What a check found; shown as the value of a cell.

    status: "passed", "todo" (nothing was written yet) or "failed".
    details: pairs of a label and a text. mistake: the known wrong answer that was recognised.
    """

    status: str
    headline: str
    details: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    mistake: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the answer is right."""
        return self.status == "passed"

    def __str__(self) -> str:
        lines = [f"{MARKS[self.status]} {self.headline}"]
        lines += [f"   {label}: {text}" for label, text in self.details]
        return "\n".join([*lines, f"   Hint: {self.hint}"] if self.hint else lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Everything is escaped: what the reader's code returns is data."""
        rows = [*self.details, ("hint", self.hint)] if self.hint else self.details
        head = "padding: .1em 1em .1em 0; text-align: left; vertical-align: top; font-weight: bold"
        cell = "text-align: left; white-space: pre-wrap; overflow-wrap: anywhere"
        body = "".join(
            f"<tr><th scope='row' style='{head}'>{safe_html(label)}</th>"
            f"<td style='{cell}'>{safe_html(text)}</td></tr>"
            for label, text in rows
        )
        title = f"<b>{MARKS[self.status]} {safe_html(self.headline)}</b>"
        return f"<div class='mathjax_ignore tex2jax_ignore'>{title}<table>{body}</table></div>"


def check(name: str, answer: Any) -> Report:
    """Check the reader's answer to an exercise; show the result as the value of the cell.

    name: the exercise. answer: the function or value that the exercise asks for.
    Never raises: what goes wrong is told.
    """
    texts = all_texts().get(name) if isinstance(name, str) else None
    if texts is None:
        near = difflib.get_close_matches(str(name), all_texts(), 1)
        tip = f" Do you mean {near[0]!r}?" if near else ""
        return Report("failed", f"There is no exercise {SHORT.repr(name)}.{tip}")
    try:
        report = examine(texts, load(name), answer)
    except KeyboardInterrupt:
        return Report("failed", f"{texts.title}: you stopped the check.")
    except Exception as error:  # a damaged file of the course, say: not the reader's fault
        return Report("failed", f"{texts.title}: the check itself cannot run: {raised(error)}")
    memory.remember(name, report.status)
    return report


def examine(texts: Texts, exercise: Exercise, answer: Any) -> Report:
    """Try the answer on the cases until one fails."""
    if answer is ... or answer is None:
        return not_done(texts)
    if wrong := wrong_kind(exercise, answer):
        return Report("failed", f"{texts.title}: {wrong}")
    cases = list(exercise.cases())
    told = limited(lambda: first_failure(exercise, cases, answer), exercise.seconds)
    if told is None:
        return Report("passed", f"{texts.title}: passed.")
    tries = memory.tries(texts.name)
    if isinstance(told, Stopped):
        left = " It could not be stopped: restart the kernel." if told.alive else ""
        return Report(
            "failed",
            f"{texts.title}: your code did not end within {told.seconds:g} seconds.{left}",
            hint="Is there a loop whose end never comes?",
        )
    if isinstance(told, Raised):  # outside the reader's function, as in a strange __eq__
        return Report("failed", f"{texts.title}: your answer could not be looked at: {told}")
    number, outcome, details = told
    if number == 0 and is_empty(outcome) and not is_empty(cases[0].expected):
        return not_done(texts)
    mistake = recognise(exercise, cases[: number + 1], outcome)
    if mistake is not None:
        hint = texts.mistakes[mistake]
    else:
        hint = texts.hints[min(tries, len(texts.hints) - 1)]
    what = "your code raised an error." if isinstance(outcome, Raised) else "not yet."
    return Report("failed", f"{texts.title}: {what}", details, hint, mistake)


def not_done(texts: Texts) -> Report:
    """Say that nothing was written yet."""
    return Report("todo", f"{texts.title}: not done yet.")


def is_empty(outcome: Any) -> bool:
    """Tell whether this is what an unwritten function gives."""
    unwritten = isinstance(outcome, Raised) and outcome.kind == "NotImplementedError"
    return outcome is None or outcome is ... or unwritten


def wrong_kind(exercise: Exercise, answer: Any) -> str | None:
    """Say what kind of answer is asked for, if this is another."""
    if isinstance(catch(lambda: plain(answer)), KINDS[exercise.kind]):
        return None
    shown = catch(lambda: SHORT.repr(answer))
    if exercise.kind == "a function":
        return f"give your function itself, not a value ({shown})."
    return f"the answer is {exercise.kind}, not {shown}."


def first_failure(
    exercise: Exercise, cases: list[Case], answer: Any
) -> tuple[int, Any, tuple[tuple[str, str], ...]] | None:
    """Find the first case that fails: its number, its outcome, and what to show of it.

    Runs inside the time limit, for comparing and showing also run the reader's code.
    """
    for number, case in enumerate(cases):
        outcome = attempt(exercise, case, answer)
        if isinstance(outcome, Raised) or not exercise.agrees(outcome, case.expected):
            came = str(outcome) if isinstance(outcome, Raised) else SHORT.repr(outcome)
            if type(outcome) is not type(case.expected) and isinstance(outcome, str):
                came += " (a text)"
            shown = ", ".join(map(SHORT.repr, case.inputs))
            put_in = shown if case.put_in is None else case.put_in
            wanted = SHORT.repr(case.expected) if case.wanted is None else case.wanted
            parts = (("put in", put_in), ("came out", came), ("expected", wanted))
            return number, outcome, tuple((label, text) for label, text in parts if text)
    return None


def attempt(exercise: Exercise, case: Case, answer: Any) -> Any:
    """Return the outcome of one case; the inputs are copies, for the reader may change them."""
    outcome = catch(lambda: exercise.outcome(answer, *copy.deepcopy(case.inputs)))
    if isinstance(outcome, Raised):
        return outcome
    try:
        return plain(outcome)
    except Exception as error:
        return raised(error)


def recognise(exercise: Exercise, cases: list[Case], outcome: Any) -> str | None:
    """Name the known wrong answer that passes where the reader's passed and fails as it failed."""
    *before, last = cases
    for name, mistake in exercise.mistakes.items():
        theirs = attempt(exercise, last, mistake)
        if isinstance(theirs, Raised) or isinstance(outcome, Raised):
            alike = getattr(theirs, "kind", None) == getattr(outcome, "kind", "")
        else:
            alike = catch(partial(exercise.agrees, outcome, theirs)) is True
        if alike and all(
            exercise.agrees(attempt(exercise, case, mistake), case.expected) for case in before
        ):
            return name
    return None
