"""One question thought about live: what the widget shows, without the widget.

A `Try` grows token by token. After each end that is ignored, and at the last one, it holds the
answer that the model would give there, so that a reader sees the answer change.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from s1lib.budget import Budget, Thinker, closed, delimiters, reopened
from s1lib.engines.common import Trace, prepare, string_ids
from s1lib.engines.transformers import Step, stream
from s1lib.grade import is_right
from s1lib.store import CourseError
from s1lib.world.families import answer, parse


@dataclass
class Answer:
    """What the model answers after so many Waits and thinking tokens."""

    waits: int
    thinking_tokens: int
    text: str
    right: bool | None  # None: there is nothing to check against


@dataclass
class Piece:
    """A run of tokens of one kind; the phases are those of `s1lib.budget.Token`."""

    phase: str
    forced: bool
    ids: list[int] = field(default_factory=list)
    text: str = ""


@dataclass
class Try:
    """One question under one budget, as far as it has come."""

    question: str
    budget: Budget
    reference: str | None  # None: not a question of this world
    prompt: list[int]
    thinker: Thinker
    pieces: list[Piece] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    earlier_waits: int = 0  # those before a Wait by hand
    status: str = "new"  # then "done", or "stopped" before its end

    @property
    def waits(self) -> int:
        """Ends ignored so far."""
        return self.earlier_waits + len(self.thinker.ends)

    @property
    def thinking_tokens(self) -> int:
        """Thinking tokens so far, forced words counted."""
        return len(self.thinker.thinking)


def new_try(model, tokenizer, question: str, budget: Budget) -> Try:
    """A checked try that has not begun.

    Raises CourseError for a question or limit that the model has no room for, ValueError for
    a string that cannot be appended.
    """
    question = question.strip()
    context = model.config.max_position_embeddings
    [job], marks, string = prepare(tokenizer, [question], budget, context)
    problem = parse(question)
    reference = answer(problem) if problem else None
    thinker = Thinker(job.budget, marks, string)
    return Try(question, job.budget, reference, job.prompt, thinker)


def told_to_wait(model, tokenizer, tried: Try, budget: Budget) -> Try:
    """The same try, told the budget's string once more by hand; it then goes on to think.

    Raises CourseError if the budget's limit leaves no room for it.
    """
    checked = new_try(model, tokenizer, tried.question, replace(budget, waits=0))
    new = checked.thinker
    # What is on the page: a stop may have come in the middle of a forced string.
    pieces = [p for p in tried.pieces if p.phase == "thinking"]
    thinking = [token for piece in pieces for token in piece.ids]
    earlier = min(tried.waits, len(tried.answers))
    think = list(new.marks.think)
    try:
        thinker = reopened(checked.budget, new.marks, new.string, thinking)
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
        answers=tried.answers[: earlier + 1],
        earlier_waits=earlier,
    )


def run(model, tokenizer, tried: Try) -> Iterator[Try]:
    """Go on with a try to its end and yield it after each token.

    To stop it, close the generator: the try keeps what was written, with status "stopped".
    """
    thinker, before = tried.thinker, tried.prompt
    if thinker.ends:  # a Wait by hand: the thinking before it is read again
        before = _text(tried, thinker.thinking[: thinker.ends[0]])
    tried.status = "stopped"  # unless it comes to its end
    for step in stream(model, tokenizer, [before], [thinker]):
        while len(tried.answers) < tried.waits:
            yield from _answer_at(model, tokenizer, tried)
            if not thinker.string:  # nothing is appended, but the place is worth a mark
                tried.pieces.append(Piece("thinking", True))
        _append(tokenizer, tried.pieces, step)
        yield tried
    _judge(tokenizer, tried, tried.waits, thinker)
    tried.status = "done"
    yield tried


def try_once(model, tokenizer, question: str, budget: Budget) -> Try:
    """A try from beginning to end. Raises what `new_try` raises."""
    tried = new_try(model, tokenizer, question, budget)
    for _ in run(model, tokenizer, tried):
        pass
    return tried


def pieces_of(tokenizer, trace: Trace) -> list[Piece]:
    """A stored trace in the same pieces."""
    marks = delimiters(tokenizer)
    string = list(string_ids(tokenizer, trace.string, marks))
    end = closed(Budget(None), marks, trace.ids, trace.stops[-1] if trace.stops else "end")
    parts, at = [("delimiter", True, list(marks.think))], 0
    for place in trace.ends:
        parts += [("thinking", False, trace.ids[at:place]), ("thinking", True, string)]
        at = place + len(string)
    parts += [
        ("thinking", False, trace.ids[at:]),
        ("delimiter", True, [token.id for token in end.opening]),
    ]
    pieces = [Piece(phase, forced, ids, tokenizer.decode(ids)) for phase, forced, ids in parts]
    return [*pieces, Piece("answer", False, [], trace.answer)]


def _append(tokenizer, pieces: list[Piece], step: Step) -> None:
    if not pieces or (pieces[-1].phase, pieces[-1].forced) != (step.phase, step.forced):
        pieces.append(Piece(step.phase, step.forced))
    pieces[-1].ids.append(step.id)
    pieces[-1].text = tokenizer.decode(pieces[-1].ids)


def _answer_at(model, tokenizer, tried: Try) -> Iterator[Try]:
    """Find the answer that the model would have given at the first end without one."""
    thinker, waits = tried.thinker, len(tried.answers)
    thinking = thinker.thinking[: thinker.ends[waits - tried.earlier_waits]]
    side = closed(thinker.budget, thinker.marks, thinking, "end")
    for _ in stream(model, tokenizer, [_text(tried, thinking)], [side]):
        yield tried
    _judge(tokenizer, tried, waits, side)


def _judge(tokenizer, tried: Try, waits: int, thinker: Thinker) -> None:
    text = tokenizer.decode(thinker.answer).strip()
    right = None if tried.reference is None else is_right(text, tried.reference)
    tried.answers.append(Answer(waits, len(thinker.thinking), text, right))


def _text(tried: Try, thinking: list[int]) -> list[int]:
    return [*tried.prompt, *tried.thinker.marks.think, *thinking]
