"""Budget forcing, as pure logic: no model and no torch in it.

One `Thinker` follows one sequence. It is told each sampled token and says what the text
really continues with: that token, or others in its place. Semantics are those of the s1
evaluation (paper section 3.1; eval/lm-evaluation-harness/lm_eval/models/vllm_causallms.py in
the s1 repository), except that the limit is one total over all rounds.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Budget:
    """How much thinking is asked for.

    max_thinking: at most so many thinking tokens, forced words counted (None: no limit here;
        the drivers then use what the model's context has room for).
    waits: how often an end of thinking is ignored.
    string: what is appended in its place (None: nothing, Table 4's "without string").
    max_answer: at most so many tokens of answer.

    Raises ValueError that names the setting if one is not usable.
    """

    max_thinking: int | None = 512
    waits: int = 0
    string: str | None = "Wait"
    max_answer: int = 1024

    def __post_init__(self) -> None:
        for name, least in (("max_thinking", 0), ("waits", 0), ("max_answer", 1)):
            value = getattr(self, name)
            if value is None and name == "max_thinking":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"{name} must be a whole number from {least} on, not {value!r}")
        if self.string is not None and not isinstance(self.string, str):
            raise ValueError(f"string must be text or None, not {self.string!r}")
        if self.string == "":
            raise ValueError("string must not be empty: use None to append nothing")


@dataclass(frozen=True)
class Format:
    """How a model's text marks thinking and answer. The defaults are those of s1.

    think: opens the thinking. end: the token with which the model closes it.
    answer: what is written when it does. turn: tokens that end the model's turn.
    final: follows `answer` when the thinking was cut.
    """

    think: str = "<|im_start|>think"
    end: str = "<|im_start|>"
    answer: str = "<|im_start|>answer"
    turn: tuple[str, ...] = ("<|im_end|>", "<|endoftext|>")
    final: str = "\nFinal Answer:"


S1 = Format()
# Models that think between tags, as Qwen3 does. A chat template that already opens the thinking
# (QwQ's does) is refused by the drivers: it would be opened twice.
THINK_TAGS = Format("<think>", "</think>", "</think>", final="\n\nFinal Answer:")


@dataclass(frozen=True)
class Delimiters:
    """A `Format` in token ids (see `delimiters`)."""

    think: tuple[int, ...]
    end: int
    turn: frozenset[int]
    answer: tuple[int, ...]
    final: tuple[int, ...]  # the answer delimiter and "Final Answer:"
    newline: int  # put before `final` ...
    newlines: frozenset[int]  # ... unless the thinking ends with one of these
    control: frozenset[int] = frozenset()  # control tokens without text: never sampled

    @property
    def stop(self) -> frozenset[int]:
        """The tokens that end the thinking, or the answer, when the model samples them."""
        return self.turn | {self.end}


@lru_cache(maxsize=8)
def delimiters(tokenizer: Any, form: Format = S1) -> Delimiters:
    """Translate the delimiters of a format into the ids of this tokenizer.

    Raises ValueError if it lacks the control tokens of the format.
    """

    def ids(text: str) -> tuple[int, ...]:
        return tuple(tokenizer.encode(text, add_special_tokens=False))

    missing = [name for name in (form.end, *form.turn) if len(ids(name)) != 1]
    if missing:
        raise ValueError(
            f"the tokenizer has no single token for {', '.join(missing)}: use a model whose "
            "format has them, or describe its own with s1lib.inference.budget.Format."
        )
    turn = frozenset(ids(name)[0] for name in form.turn)
    added = tokenizer.added_tokens_decoder.items()  # not all of Qwen2.5's are marked special
    special = {i for i, t in added if t.special or re.fullmatch(r"<\|.*\|>", t.content)}
    texts = tokenizer.batch_decode([[i] for i in range(len(tokenizer))])
    return Delimiters(
        think=ids(form.think),
        end=ids(form.end)[0],
        turn=turn,
        answer=ids(form.answer),
        final=ids(form.answer + form.final),
        newline=ids("\n")[0],
        newlines=frozenset(i for i, text in enumerate(texts) if text.endswith("\n")),
        control=frozenset(special) - turn - {ids(form.end)[0]},
    )


class Token(NamedTuple):
    """One token of the text. `phase` is "delimiter", "thinking" or "answer"."""

    id: int
    phase: str
    forced: bool


@dataclass
class Thinker:
    """The state of one sequence: thinking, then answer, then done.

    `opening` holds the forced tokens that come before the first sampled one. `stops` says how
    each attempt to end the thinking came: "end" (the delimiter), "turn" (the model ended its
    whole turn) or "limit"; all but the last of them were ignored.
    """

    budget: Budget
    marks: Delimiters
    string: tuple[int, ...] = ()
    phase: str = "thinking"
    thinking: list[int] = field(default_factory=list)
    answer: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)  # thinking length at each ignored end
    stops: list[str] = field(default_factory=list)
    opening: list[Token] = field(default_factory=list, init=False)
    waited: bool = field(default=False, init=False)  # the last forced token was a Wait's

    def __post_init__(self) -> None:
        if self.phase == "thinking" and not self.thinking:
            self.opening = _delimiter(self.marks.think)
            if self.budget.max_thinking == 0:
                self.opening += self._cut()

    @property
    def hit_limit(self) -> bool:
        """Whether the limit cut the thinking."""
        return "limit" in self.stops

    @property
    def disallowed(self) -> frozenset[int]:
        """Tokens that may not be sampled next: control tokens, and a stop right after a Wait.

        The harness asks for at least one token in each round, for the same reason.
        """
        return self.marks.control | self.marks.stop if self.waited else self.marks.control

    def push(self, token: int) -> list[Token]:
        """Take one sampled token; returns what the text continues with."""
        self.waited = False
        if self.phase == "thinking":
            if token in self.marks.stop:
                return self._end("end" if token == self.marks.end else "turn")
            self.thinking.append(token)
            text = [Token(token, "thinking", False)]
            return text + self._cut() if self._room() == 0 else text
        if self.phase == "done":
            raise ValueError("this text is complete: nothing may follow")
        if token in self.marks.stop:
            self.phase = "done"
            return []
        self.answer.append(token)
        if len(self.answer) == self.budget.max_answer:
            self.phase = "done"
        return [Token(token, "answer", False)]

    def wait(self) -> list[Token]:
        """Ignore the end that the model has just asked for and append the string.

        Raises ValueError if the string does not fit in the limit.
        """
        if (room := self._room()) is not None and len(self.string) > room:
            raise ValueError(f"the limit leaves room for {room} more thinking tokens")
        self.ends.append(len(self.thinking))
        self.thinking += self.string
        self.phase, self.waited = "thinking", True
        text = [Token(i, "thinking", True) for i in self.string]
        return text + self._cut() if self._room() == 0 else text

    def _room(self) -> int | None:
        limit = self.budget.max_thinking
        return None if limit is None else limit - len(self.thinking)

    def _end(self, how: str) -> list[Token]:
        """Ignore that the model wants to stop thinking, while there are Waits left that fit."""
        self.stops.append(how)
        room = self._room()
        if len(self.ends) < self.budget.waits and (room is None or len(self.string) <= room):
            return self.wait()
        self.phase = "answer"
        return _delimiter(self.marks.answer)

    def _cut(self) -> list[Token]:
        """Force the end, since the limit is reached, and ask for the final answer.

        The newline belongs to the delimiter, as in the harness, and is no thinking token.
        """
        self.stops.append("limit")
        self.phase, self.waited = "answer", False
        ends_line = self.thinking and self.thinking[-1] in self.marks.newlines
        return _delimiter((() if ends_line else (self.marks.newline,)) + self.marks.final)


def _delimiter(ids: tuple[int, ...]) -> list[Token]:
    return [Token(i, "delimiter", True) for i in ids]


def without_thinking(budget: Budget, marks: Delimiters) -> Thinker:
    """Return a sequence that is answered without thinking."""
    return Thinker(budget, marks, phase="answer")


def force_answer(budget: Budget, marks: Delimiters, thinking: list[int], how: str) -> Thinker:
    """Return a sequence whose thinking is already written and ends here: only the answer is left.

    `how` is "limit", or the model's own "end" or "turn".
    """
    thinker = Thinker(budget, marks, phase="answer", thinking=list(thinking))
    thinker.opening = thinker._cut() if how == "limit" else _delimiter(marks.answer)
    thinker.stops = [how]
    return thinker


def resume_thinking(
    budget: Budget, marks: Delimiters, string: tuple[int, ...], thinking: list[int]
) -> Thinker:
    """Return a sequence that had stopped thinking and goes on after the string, by hand.

    Raises ValueError if the string does not fit in the limit.
    """
    thinker = Thinker(budget, marks, string, phase="answer", thinking=list(thinking))
    thinker.opening = thinker.wait()
    return thinker
