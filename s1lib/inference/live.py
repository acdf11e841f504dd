"""One question thought about live: what the widget shows, without the widget.

A `LiveRun` grows token by token. After each end that is ignored, and at the last one, it holds the
answer that the model would give there, so that a reader sees the answer change.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from s1lib.errors import CourseError
from s1lib.grading.graders import grade_text
from s1lib.inference.budget import (
    Budget,
    Format,
    Thinker,
    appended,
    force_answer,
    resume_thinking,
)
from s1lib.inference.engine import Trace, marks_and_string, prepare
from s1lib.inference.formats import choose_format
from s1lib.inference.hf import Step, context_of, stream


@dataclass
class LiveAnswer:
    """What the model answers after so many Waits and thinking tokens."""

    waits: int
    thinking_tokens: int
    text: str
    right: bool | None  # None: there is nothing to check against


@dataclass
class Piece:
    """A run of tokens of one kind; the phases are those of `s1lib.inference.budget.Token`."""

    phase: str
    forced: bool
    ids: list[int] = field(default_factory=list)
    text: str = ""


@dataclass
class LiveRun:
    """One question under one budget, as far as it has come."""

    question: str
    budget: Budget
    prompt: list[int]
    thinker: Thinker
    reference: str | None = None  # None: there is nothing to check an answer against
    kind: str = "integer"  # the grader: a key of s1lib.grading.graders.GRADERS
    pieces: list[Piece] = field(default_factory=list)
    answers: list[LiveAnswer] = field(default_factory=list)
    earlier_waits: int = 0  # those before a Wait by hand
    status: str = "new"  # then "done", or "stopped" before its end
    form: Format | str | None = None  # None: found from the model's chat template

    @property
    def waits(self) -> int:
        """Ends ignored so far."""
        return self.earlier_waits + len(self.thinker.ends)

    @property
    def thinking_tokens(self) -> int:
        """Thinking tokens so far, forced words counted."""
        return len(self.thinker.thinking)


def start(
    model: Any,
    tokenizer: Any,
    question: str,
    budget: Budget,
    reference: str | None = None,
    kind: str = "integer",
    form: Format | str | None = None,
) -> LiveRun:
    """Check a question and a budget and return a run that has not begun.

    Answers are graded against `reference`, if there is one, by the grader `kind`.

    Raises CourseError for a question or limit that the model has no room for, ValueError for
    a string that cannot be appended.
    """
    question = question.strip()
    [job], marks, string = prepare(tokenizer, [question], budget, context_of(model), form)
    thinker = Thinker(job.budget, marks, string)
    return LiveRun(question, job.budget, job.prompt, thinker, reference, kind, form=form)


def wait_again(model: Any, tokenizer: Any, run: LiveRun, budget: Budget) -> LiveRun:
    """Append the budget's string to a run once more, by hand, and return the run that goes on.

    Raises CourseError if the budget's limit leaves no room for it.
    """
    checked = start(
        model, tokenizer, run.question, replace(budget, waits=0), run.reference, run.kind, run.form
    )
    new = checked.thinker
    # What is on the page: a stop may have come in the middle of a forced string.
    pieces = [p for p in run.pieces if p.phase == "thinking"]
    thinking = [token for piece in pieces for token in piece.ids]
    earlier = min(run.waits, len(run.answers))
    think = list(new.marks.think)
    try:
        thinker = resume_thinking(checked.budget, new.marks, new.string, thinking)
    except ValueError:
        raise CourseError(
            f"{len(thinking)} of {checked.budget.max_thinking} thinking tokens are spent: "
            "there is no room for another Wait. Raise the limit."
        ) from None
    return replace(
        checked,
        thinker=thinker,
        pieces=[
            Piece("delimiter", True, think, tokenizer.decode(think)),
            *(replace(piece, ids=[*piece.ids]) for piece in pieces),
        ],
        answers=run.answers[: earlier + 1],
        earlier_waits=earlier,
    )


def advance(model: Any, tokenizer: Any, run: LiveRun) -> Generator[LiveRun]:
    """Continue a run to its end and yield it after each token.

    To stop it, close the generator: the run keeps what was written, with status "stopped".
    """
    thinker, before = run.thinker, run.prompt
    if thinker.ends:  # a Wait by hand: the thinking before it is read again
        before = _text(run, thinker.thinking[: thinker.ends[0]])
    run.status = "stopped"  # unless it comes to its end
    for step in stream(model, tokenizer, [before], [thinker]):
        while len(run.answers) < run.waits:
            yield from _answer_at(model, tokenizer, run)
            if not thinker.string:  # nothing is appended, but the place is worth a mark
                run.pieces.append(Piece("thinking", True))
        _append(tokenizer, run.pieces, step)
        yield run
    _add_answer(tokenizer, run, run.waits, thinker)
    run.status = "done"
    yield run


def run_to_end(
    model: Any,
    tokenizer: Any,
    question: str,
    budget: Budget,
    reference: str | None = None,
    kind: str = "integer",
    form: Format | str | None = None,
) -> LiveRun:
    """Run a question from beginning to end. Raises what `start` raises."""
    run = start(model, tokenizer, question, budget, reference, kind, form)
    for _ in advance(model, tokenizer, run):
        pass
    return run


def pieces_of(tokenizer: Any, trace: Trace, form: Format | str | None = None) -> list[Piece]:
    """Split a stored trace into the same pieces."""
    marks, string = marks_and_string(tokenizer, choose_format(tokenizer, form), trace.string)
    end = force_answer(Budget(None), marks, trace.ids, trace.stops[-1] if trace.stops else "end")
    parts, at = [("delimiter", True, list(marks.think))], 0
    for place in trace.ends:
        waited = list(appended(string, trace.ids[:place], marks))
        parts += [("thinking", False, trace.ids[at:place]), ("thinking", True, waited)]
        at = place + len(waited)
    parts += [
        ("thinking", False, trace.ids[at:]),
        ("delimiter", True, [token.id for token in end.opening]),
    ]
    pieces = [Piece(phase, forced, ids, tokenizer.decode(ids)) for phase, forced, ids in parts]
    return [*pieces, Piece("answer", False, [], trace.answer)]


def _append(tokenizer: Any, pieces: list[Piece], step: Step) -> None:
    if not pieces or (pieces[-1].phase, pieces[-1].forced) != (step.phase, step.forced):
        pieces.append(Piece(step.phase, step.forced))
    pieces[-1].ids.append(step.id)
    pieces[-1].text = tokenizer.decode(pieces[-1].ids)


def _answer_at(model: Any, tokenizer: Any, run: LiveRun) -> Iterator[LiveRun]:
    """Find the answer that the model would have given at the first end without one."""
    thinker, waits = run.thinker, len(run.answers)
    thinking = thinker.thinking[: thinker.ends[waits - run.earlier_waits]]
    side = force_answer(thinker.budget, thinker.marks, thinking, "end")
    for _ in stream(model, tokenizer, [_text(run, thinking)], [side]):
        yield run
    _add_answer(tokenizer, run, waits, side)


def _add_answer(tokenizer: Any, run: LiveRun, waits: int, thinker: Thinker) -> None:
    text = tokenizer.decode(thinker.answer).strip()
    right = None if run.reference is None else grade_text(text, run.reference, run.kind).right
    run.answers.append(LiveAnswer(waits, len(thinker.thinking), text, right))


def _text(run: LiveRun, thinking: list[int]) -> list[int]:
    return [*run.prompt, *run.thinker.marks.think, *thinking]
