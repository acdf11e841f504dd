"""One question thought about live, token by token: what the widget runs in the kernel.

Each call goes on from the thinking so far: to its next end, past an end that is ignored, or to the
answer at a cut. The page's engine (s1lib/notebook/wait/engine/engine.js) is called in the same way.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from s1lib.errors import CourseError
from s1lib.grading.graders import find_answer, grade_text
from s1lib.inference.budget import (
    Budget,
    Format,
    Thinker,
    appended,
    force_answer,
    resume_thinking,
)
from s1lib.inference.engine import Trace, marks_and_string, prepare, trace_from
from s1lib.inference.formats import choose_format
from s1lib.inference.hf import HFEngine, context_of, stream


class LiveToken(NamedTuple):
    """One token as it is decided, with its text; see `s1lib.inference.budget.Token`.

    A character of several tokens comes with the last of them.
    """

    id: int
    text: str
    forced: bool
    phase: str


@dataclass(frozen=True)
class Thought:
    """A thinking that came to its end, and its answer.

    `ends` are its lengths where an end was ignored; `stop` is "end", "turn" or "limit". `shown` is
    the answer in short, as it is graded; `right` None if there is nothing to check it against.
    """

    ids: list[int]
    ends: list[int]
    stop: str
    thinking: str
    answer: str
    shown: str
    right: bool | None
    truth: str | None


def think_on(
    engine: HFEngine,
    question: str,
    budget: Budget,
    kept: Sequence[int] = (),
    ends: Sequence[int] = (),
    ignore_end: bool = False,
    reference: str | None = None,
    kind: str = "integer",
) -> Generator[LiveToken, None, Thought]:
    """Think about a question from the tokens `kept` on, and answer it; yields each new token.

    `ends` are the lengths of `kept` where an end was ignored. With `ignore_end`, the end that the
    thinking came to is ignored once more, and the budget's string appended. A thinking of more
    than the budget's limit is cut there and answered. `kind` says how the answer is found and
    compared with the `reference`. Closing the generator stops the work.

    Raises CourseError for a question, limit or Wait that there is no room for, ValueError for a
    string that cannot be appended.
    """
    model, tokenizer = engine.model, engine.tokenizer
    jobs = prepare(tokenizer, [question.strip()], budget, context_of(model), engine.form)
    [job], marks, string = jobs
    some, before = list(kept[: job.limit]), job.prompt + list(marks.think)
    if ignore_end:
        try:
            thinker = resume_thinking(job.budget, marks, string, some)
        except ValueError:
            raise CourseError(
                f"{len(kept)} of {job.limit} thinking tokens are spent: there is no room for "
                "another Wait. Raise the limit."
            ) from None
    elif len(kept) > 0 and len(kept) >= job.limit:
        thinker = force_answer(job.budget, marks, some, "limit")
    else:
        thinker = Thinker(job.budget, marks, thinking=some)
        # Stopped right behind an end that was ignored: it must not come again at once.
        thinker.waited = bool(kept) and len(kept) in ends
    if not kept:
        before = job.prompt  # the thinker opens the thinking
    earlier = [end for end in ends if end <= len(some)]
    texts = _TextStream(tokenizer)
    for step in stream(model, tokenizer, [before + some], [thinker]):
        yield LiveToken(step.id, texts.push(step.id), step.forced, step.phase)
    answer = tokenizer.decode(thinker.answer)
    graded = trace_from(tokenizer, question, thinker).gradable_text  # as an evaluation would
    return Thought(
        ids=list(thinker.thinking),
        ends=earlier + thinker.ends,
        stop=thinker.stops[-1],
        thinking=tokenizer.decode(thinker.thinking),
        answer=answer,
        shown=(find_answer(graded, kind) or answer.strip())[:40],
        right=None if reference is None else grade_text(graded, reference, kind).right,
        truth=reference,
    )


@dataclass
class Piece:
    """A run of tokens of one kind; the phases are those of `s1lib.inference.budget.Token`."""

    phase: str
    forced: bool
    ids: list[int] = field(default_factory=list)
    text: str = ""


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


class _TextStream:
    """Decodes tokens one at a time; what is not a whole character yet comes with a later one."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.ids: list[int] = []  # the last tokens: a tokenizer may look at the one before
        self.read = 0  # how many of them were given out

    def push(self, token: int) -> str:
        """Take a token; returns the text that it completes."""
        self.ids.append(token)
        before = self.tokenizer.decode(self.ids[: self.read])
        text = self.tokenizer.decode(self.ids)
        if text.endswith("\ufffd") and len(self.ids) - self.read < 4:
            return ""  # the middle of a character, which has four bytes at most
        self.ids, self.read = self.ids[self.read :], len(self.ids) - self.read
        return text[len(before) :]
