"""What all drivers share: the checks before any work, sampling settings, and their result."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from s1lib.budget import S1, Budget, Delimiters, Format, Thinker, delimiters
from s1lib.chat import prompt_text
from s1lib.store import CourseError


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
    """What one question brought forth."""

    question: str
    thinking: str | None  # None: answered directly
    answer: str
    thinking_tokens: int
    waits: int
    hit_limit: bool
    ends: list[int]  # number of thinking tokens at each end that was ignored
    ids: list[int]  # the thinking, as token ids
    stops: list[str] = field(default_factory=list)  # see s1lib.budget.Thinker
    string: str | None = "Wait"  # what was appended at each of `ends`


@dataclass(frozen=True)
class Engine:
    """A model that is ready to answer, whatever runs it.

    think(questions, budget, progress=None), rescore(traces, limit=None, waits=None) and
    direct(questions) return a list of traces; close() frees its memory.
    """

    think: Callable[..., list[Trace]]
    rescore: Callable[..., list[Trace]]
    direct: Callable[..., list[Trace]]
    close: Callable[[], None] = lambda: None


def shortened(
    trace: Trace, width: int, limit: int | None, waits: int | None
) -> tuple[list[int], list[int], list[str]]:
    """What a smaller budget leaves of a greedy trace: its thinking, ends and stops.

    Greedy thinking under a smaller budget is a prefix of the longer thinking. It is cut at
    `limit` tokens, or at the end that came after `waits` Waits, each of `width` tokens.
    """
    kept = len(trace.ends) if waits is None else min(waits, len(trace.ends))
    if limit is not None:  # a string that does not fit is not begun
        kept = sum(end + width <= limit and end < limit for end in trace.ends[:kept])
    ids, how = trace.ids, trace.stops[kept]
    if kept < len(trace.ends):
        ids = ids[: trace.ends[kept]]
    if limit is not None and len(ids) >= limit:
        ids, how = ids[:limit], "limit"
    return ids, trace.ends[:kept], [*trace.stops[:kept], how]


def trace_of(tokenizer, question: str, thinker: Thinker) -> Trace:
    """The result of a thinker that is done."""
    return Trace(
        question,
        tokenizer.decode(thinker.thinking),
        tokenizer.decode(thinker.answer),
        len(thinker.thinking),
        len(thinker.ends),
        thinker.hit_limit,
        thinker.ends,
        thinker.thinking,
        thinker.stops,
        thinker.budget.string,
    )


def prompt_ids(tokenizer, question: str) -> list[int]:
    """Chat template and question in token ids, up to where the assistant's text begins.

    Raises CourseError for an empty question.
    """
    if not question.strip():
        raise CourseError("a question is empty: there is nothing to think about.")
    return tokenizer.encode(prompt_text(tokenizer, question), add_special_tokens=False)


def string_ids(tokenizer, string: str | None, marks: Delimiters) -> tuple[int, ...]:
    """The string that is appended, in token ids.

    Raises ValueError if it tokenizes to nothing or holds control tokens.
    """
    if string is None:
        return ()
    ids = tuple(tokenizer.encode(string, add_special_tokens=False))
    if not ids:
        raise ValueError(f"the string {string!r} tokenizes to nothing: choose another, or None.")
    if set(ids) & (marks.stop | marks.control):
        raise ValueError(f"the string {string!r} holds control tokens: choose plain text.")
    return ids


def suppressed_ids(tokenizer, sampling: Sampling, marks: Delimiters) -> tuple[int, ...]:
    """The first tokens of the words that may not be begun, in token ids; and the word with a space
    before it, or in small letters, where the tokenizer has a token for just that.

    Raises ValueError for a word that begins with a control token.
    """
    ids = set()
    for word in sampling.suppress:
        ids.add(tokenizer.encode(word, add_special_tokens=False)[0])
        for form in (f" {word}", word.lower(), f" {word.lower()}"):
            tokens = tokenizer.encode(form, add_special_tokens=False)
            ids.update(tokens if len(tokens) == 1 else ())
    if ids & (marks.stop | marks.control):
        raise ValueError(f"suppress holds control tokens: {sampling.suppress!r}. Name plain words.")
    return tuple(sorted(ids))


@dataclass(frozen=True)
class Job:
    """One checked question: its prompt and the budget with its limit set."""

    question: str
    prompt: list[int]
    budget: Budget


def prepare(
    tokenizer, questions: Iterable[str], budget: Budget, context: int, form: Format = S1
) -> tuple[list[Job], Delimiters, tuple[int, ...]]:
    """Check everything before any work: the jobs, the delimiters and the string in token ids.

    `context` is how many tokens the model can take. A budget without a limit gets the largest
    that fits beside the prompt, the delimiters and the answer (the harness's "auto").
    Raises CourseError for a question or a limit that does not fit, ValueError for a tokenizer
    or string that cannot be used.
    """
    marks = delimiters(tokenizer, form)
    string = string_ids(tokenizer, budget.string, marks)
    if prompt_text(tokenizer, "").rstrip().endswith(form.think):
        raise ValueError(
            f"the chat template already ends with {form.think}: give the tokenizer one that "
            "does not, or the thinking would be opened twice."
        )
    jobs = []
    for question in questions:
        prompt = prompt_ids(tokenizer, question)
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
    """One seed per question; None for greedy decoding.

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
    """A seed for the round of a question that starts after so many tokens: rounds must differ."""
    return random.Random(f"{seed}/{tokens}").randrange(2**31)
