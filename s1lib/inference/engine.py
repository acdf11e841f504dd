"""What all engines share: their interface, sampling, traces, and the checks before any work."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from s1lib.control_tokens import why_refused
from s1lib.errors import CourseError
from s1lib.inference.budget import (
    Budget,
    Delimiters,
    Format,
    Thinker,
    appended,
    delimiters,
    encode,
)
from s1lib.inference.formats import choose_format, prompt_text


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen. Temperature 0 is greedy, as in the paper's evaluation.

    Otherwise tokens are drawn at that temperature from the smallest set whose probability
    reaches `top_p`; `seeds` has one number per question. Words in `suppress` are never begun
    while thinking: the first token of each is barred, as in NoWait (arXiv 2506.08343).
    """

    temperature: float = 0.0
    top_p: float = 1.0
    seeds: Sequence[int] = ()
    suppress: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.temperature >= 0:
            raise ValueError(f"temperature must be 0 or more, not {self.temperature!r}")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be above 0 and at most 1, not {self.top_p!r}")
        if not isinstance(self.suppress, tuple) or not all(
            isinstance(word, str) and word for word in self.suppress
        ):
            raise ValueError(f'suppress must hold words, as ("Wait",), not {self.suppress!r}')


GREEDY = Sampling()


@dataclass
class Trace:
    """The thinking and the answer to one question, and how the thinking ended."""

    question: str
    thinking: str | None  # None: answered directly
    answer: str
    ids: list[int] = field(default_factory=list)  # the thinking, as token ids
    ends: list[int] = field(default_factory=list)  # thinking tokens at each end that was ignored
    stops: list[str] = field(default_factory=list)  # see s1lib.inference.budget.Thinker
    string: str | None = "Wait"  # what was appended at each of `ends`
    asked: bool = False  # "Final Answer:" was written before the answer, without a cut

    @property
    def thinking_tokens(self) -> int:
        """Tokens of thinking, forced words counted."""
        return len(self.ids)

    @property
    def waits(self) -> int:
        """How many ends of thinking were ignored."""
        return len(self.ends)

    @property
    def hit_limit(self) -> bool:
        """Whether the limit cut the thinking."""
        return "limit" in self.stops

    @property
    def gradable_text(self) -> str:
        """The text to grade: a forced "Final Answer:" belongs to the answer."""
        forced = self.hit_limit or self.asked
        return f"Final Answer:{self.answer}" if forced else self.answer


# Takes how many questions are done, and how many there are.
ProgressCallback = Callable[[int, int], object]


class Engine(Protocol):
    """A model that is ready to answer, whatever runs it."""

    def think(
        self,
        questions: Iterable[str],
        budget: Budget,
        progress: ProgressCallback | None = None,
        sampling: Sampling = GREEDY,
    ) -> list[Trace]:
        """Think about each question under the budget, and answer it."""
        ...

    def answer_from_prefix(
        self, traces: list[Trace], limit: int | None = None, waits: int | None = None
    ) -> list[Trace]:
        """Write the answers that these greedy traces lead to under a smaller budget."""
        ...

    def answer_directly(
        self, questions: Iterable[str], progress: ProgressCallback | None = None
    ) -> list[Trace]:
        """Answer without any thinking, in the model's ordinary chat format."""
        ...

    def close(self) -> None:
        """Free the model's memory."""
        ...


def prefix_of(
    trace: Trace, string: tuple[int, ...], marks: Delimiters, limit: int | None, waits: int | None
) -> tuple[list[int], list[int], list[str]]:
    """Return what a smaller budget leaves of a greedy trace: its thinking, ends and stops.

    Greedy thinking under a smaller budget is a prefix of the longer thinking. It is cut at
    `limit` tokens, or at the end that came after `waits` Waits; `string` is a Wait's ids.
    """

    def fits(end: int, limit: int) -> bool:
        return end + len(appended(string, trace.ids[:end], marks)) <= limit and end < limit

    kept = len(trace.ends) if waits is None else min(waits, len(trace.ends))
    if limit is not None:  # a string that does not fit is not begun
        kept = sum(fits(end, limit) for end in trace.ends[:kept])
    ids, how = trace.ids, trace.stops[kept]
    if kept < len(trace.ends):
        ids = ids[: trace.ends[kept]]
    if limit is not None and len(ids) >= limit:
        ids, how = ids[:limit], "limit"
    return ids, trace.ends[:kept], [*trace.stops[:kept], how]


def trace_from(tokenizer: Any, question: str, thinker: Thinker, thought: bool = True) -> Trace:
    """Make the trace of a thinker that is done; `thought=False` if it answered directly."""
    return Trace(
        question,
        tokenizer.decode(thinker.thinking) if thought else None,
        tokenizer.decode(thinker.answer),
        thinker.thinking,
        thinker.ends,
        thinker.stops,
        thinker.budget.string,
        thought and thinker.marks.asks and not thinker.hit_limit,
    )


def prompt_ids(
    tokenizer: Any, question: str, form: Format | str | None = None, thinking: bool = True
) -> list[int]:
    """Encode chat template and question in token ids, up to where the assistant's text begins.

    `form` is the model's format (None: the one that is found); `thinking=False` gives the prompt
    of a direct answer.
    Raises CourseError for a question that is empty or holds a control token, or a format that does
    not fit.
    """
    if not question.strip():
        raise CourseError("a question is empty: there is nothing to think about.")
    if not isinstance(form, Format):
        form = choose_format(tokenizer, form)
    if reason := why_refused(question, tokenizer, form.marks):
        raise CourseError(f"the question {question[:60]!r} {reason}: take it out.")
    text = prompt_text(tokenizer, question, form, thinking)
    return tokenizer.encode(text, add_special_tokens=False)


def marks_and_string(
    tokenizer: Any, form: Format, string: str | None
) -> tuple[Delimiters, tuple[int, ...]]:
    """Return the delimiters of a format, and the string that is appended, in token ids.

    Raises ValueError if the string tokenizes to nothing or holds control tokens.
    """
    marks = delimiters(tokenizer, form)
    if string and string[0].isspace():
        marks = replace(marks, separator=())  # it brings its own white space
    return marks, string_ids(tokenizer, string, marks)


def string_ids(tokenizer: Any, string: str | None, marks: Delimiters) -> tuple[int, ...]:
    """Encode the string that is appended in token ids.

    Raises ValueError if it tokenizes to nothing or holds control tokens.
    """
    if string is None:
        return ()
    ids = encode(tokenizer, string)
    if not ids:
        raise ValueError(f"the string {string!r} tokenizes to nothing: choose another, or None.")
    if set(ids) & (marks.stop | marks.control) or why_refused(string, tokenizer):
        raise ValueError(f"the string {string!r} holds control tokens: choose plain text.")
    return ids


def suppressed_ids(tokenizer: Any, sampling: Sampling, marks: Delimiters) -> tuple[int, ...]:
    """Find the tokens that begin the suppressed words: each word's first token, and the word with a
    space before it or in small letters, where the tokenizer has one token for that.

    Raises ValueError for a word that begins with a control token.
    """
    ids = set()
    for word in sampling.suppress:
        ids.add(encode(tokenizer, word)[0])
        for written in (f" {word}", word.lower(), f" {word.lower()}"):
            tokens = encode(tokenizer, written)
            ids.update(tokens if len(tokens) == 1 else ())
    if ids & (marks.stop | marks.control):
        raise ValueError(f"suppress holds control tokens: {sampling.suppress!r}. Name plain words.")
    return tuple(sorted(ids))


def unused_ids(tokenizer: Any, vocab_size: int) -> list[int]:
    """List the ids of a model's embeddings that stand for no token: they are never sampled."""
    return sorted(set(range(vocab_size)) - set(tokenizer.get_vocab().values()))


@dataclass(frozen=True)
class Job:
    """One checked question: its prompt and the budget with its limit set."""

    question: str
    prompt: list[int]
    budget: Budget

    @property
    def limit(self) -> int:
        """The limit in thinking tokens."""
        assert self.budget.max_thinking is not None  # `prepare` sets it
        return self.budget.max_thinking


def prepare(
    tokenizer: Any,
    questions: Iterable[str],
    budget: Budget,
    context: int,
    form: Format | str | None = None,
    thinking: bool = True,
) -> tuple[list[Job], Delimiters, tuple[int, ...]]:
    """Check everything before any work: the jobs, the delimiters and the string in token ids.

    `context` is how many tokens the model can take. A budget without a limit gets the largest
    that fits beside the prompt, the delimiters and the answer (the harness's "auto").
    Without `thinking` the prompts are those of direct answers.
    Raises CourseError for a question or a limit that does not fit, or a format that does not fit
    the model's template (see `s1lib.inference.formats`), ValueError for a string that cannot be
    used.
    """
    form = choose_format(tokenizer, form)
    marks, string = marks_and_string(tokenizer, form, budget.string)
    jobs = []
    for question in questions:
        prompt = prompt_ids(tokenizer, question, form, thinking)
        fixed = len(prompt) + len(marks.think) + 1 + len(marks.final) + budget.max_answer
        room = context - fixed
        limit = budget.max_thinking if budget.max_thinking is not None else room
        if room < 0:
            raise CourseError(
                f"the question is too long: with an answer of {budget.max_answer} tokens it "
                f"takes {fixed} tokens, and the model {context}. Shorten the question, or "
                "lower max_answer."
            )
        if limit > room:
            raise CourseError(
                f"the limit of {limit} thinking tokens is too high: beside this question the "
                f"model has room for {room}. Lower max_thinking."
            )
        jobs.append(Job(question, prompt, replace(budget, max_thinking=limit)))
    return jobs, marks, string


def seeds_for(sampling: Sampling, questions: int) -> list[int] | None:
    """Return one seed per question; None for greedy decoding.

    Raises ValueError if their number differs from that of the questions.
    """
    if sampling.temperature == 0:
        return None
    if len(sampling.seeds) != questions:
        raise ValueError(
            f"sampling needs one seed per question: {len(sampling.seeds)} for {questions}"
        )
    return list(sampling.seeds)


def seed_at(seed: int, tokens: int) -> int:
    """Derive the seed of the round that starts after so many tokens: rounds must differ."""
    return random.Random(f"{seed}/{tokens}").randrange(2**31)
