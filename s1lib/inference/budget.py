"""Budget forcing, as pure logic: no model and no torch in it.

One `Thinker` follows one sequence. It is told each sampled token and says what the text
really continues with: that token, or others in its place. Semantics are those of the s1
evaluation (paper section 3.1; eval/lm-evaluation-harness/lm_eval/models/vllm_causallms.py in
the s1 repository), except that the limit is one total over all rounds.
"""

import re
import unicodedata
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

    `s1lib.inference.formats` finds the format of a model from its chat template.

    name: what it is called in messages.
    think: what is written before the thinking; empty where the template has written it.
    end: the token with which the model closes its thinking (None: it just ends its turn).
    answer: what is written when it does. turn: tokens that end the model's turn.
    final: what is written when the thinking was cut, after a newline.
    separator: white space that is put before the string (a "Wait") where the thinking does not end
        with any. s1 appends its "Wait" as it is: its thinking ends with a newline.
    opened: what the template itself writes to open the thinking (None: nothing).
    """

    think: str = "<|im_start|>think"
    end: str | None = "<|im_start|>"
    answer: str = "<|im_start|>answer"
    turn: tuple[str, ...] = ("<|im_end|>", "<|endoftext|>")
    final: str = "<|im_start|>answer\nFinal Answer:"
    separator: str = ""
    opened: str | None = None
    name: str = "s1"

    @property
    def asks(self) -> bool:
        """Whether "Final Answer:" is written before every answer, not only after a cut."""
        return self.answer.endswith("Final Answer:")

    @property
    def marks(self) -> tuple[str, ...]:
        """What opens and closes the thinking: no text from outside may hold it."""
        return tuple(mark for mark in (self.opened or self.think, self.end) if mark)


S1 = Format()


@dataclass(frozen=True)
class Delimiters:
    """A `Format` in token ids (see `delimiters`)."""

    think: tuple[int, ...]
    end: int | None
    turn: frozenset[int]
    answer: tuple[int, ...]
    final: tuple[int, ...]  # the answer delimiter and "Final Answer:"
    newline: int  # put before `final` ...
    newlines: frozenset[int]  # ... unless the thinking ends with one of these
    control: frozenset[int] = frozenset()  # control tokens without text: never sampled
    separator: tuple[int, ...] = ()  # put before the string ...
    spaces: frozenset[int] = frozenset()  # ... unless the thinking ends with one of these
    asks: bool = False  # see `Format.asks`

    @property
    def stop(self) -> frozenset[int]:
        """The tokens that end the thinking, or the answer, when the model samples them."""
        return self.turn if self.end is None else self.turn | {self.end}


def encode(tokenizer: Any, text: str) -> tuple[int, ...]:
    """Encode text that stands inside other text, without what a tokenizer puts at a beginning.

    Raises ValueError if the ids would not be decoded to just this text.
    """
    if not text:
        return ()
    plain = tokenizer.encode(text, add_special_tokens=False)
    if _same_text(_decode(tokenizer, plain), text):
        return tuple(plain)
    anchor = "\n"  # SentencePiece writes a space before the first word of what it is given
    before = tokenizer.encode(anchor, add_special_tokens=False)
    ids = tokenizer.encode(anchor + text, add_special_tokens=False)
    inside = ids[len(before) :]
    written = _decode(tokenizer, [*before, *inside])
    if ids[: len(before)] != before or not _same_text(written, anchor + text):
        raise ValueError(
            f"the tokenizer cannot write {text!r} as it stands: use a model whose tokenizer keeps "
            "white space and marks."
        )
    return tuple(inside)


def _same_text(one: str, other: str) -> bool:
    """Tell whether two texts are one, however their accents are written: Qwen's tokenizer
    composes them."""
    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


def _decode(tokenizer: Any, ids: list[int]) -> str:
    return tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)


def vocabulary_texts(tokenizer: Any) -> dict[int, str]:
    """Return the text of each token that there is, by its id."""
    ids = sorted(tokenizer.get_vocab().values())
    return dict(zip(ids, tokenizer.batch_decode([[i] for i in ids]), strict=True))


@lru_cache(maxsize=8)
def delimiters(tokenizer: Any, form: Format = S1) -> Delimiters:
    """Translate the delimiters of a format into the ids of this tokenizer.

    Raises ValueError if it lacks the control tokens of the format.
    """
    marks = [*([form.end] if form.end else []), *form.turn]
    missing = [name for name in marks if len(encode(tokenizer, name)) != 1]
    if missing:
        raise ValueError(
            f"the tokenizer has no single token for {', '.join(missing)}, which the format "
            f"{form.name} needs: use another format that fits the model (--format plain thinks "
            "in ordinary text), or describe its own with s1lib.inference.budget.Format."
        )
    turn = frozenset(encode(tokenizer, name)[0] for name in form.turn)
    end = encode(tokenizer, form.end)[0] if form.end else None
    added = tokenizer.added_tokens_decoder.items()  # not all of Qwen2.5's are marked special
    special = {i for i, t in added if t.special or re.fullmatch(r"<[|｜].*[|｜]>", t.content)}
    for opening in filter(None, (form.opened, form.end and form.think)):
        if len(ids := encode(tokenizer, opening)) == 1:  # <think>: not to be opened again
            special.add(ids[0])
    texts = vocabulary_texts(tokenizer)
    return Delimiters(
        think=encode(tokenizer, form.think),
        end=end,
        turn=turn,
        answer=encode(tokenizer, form.answer),
        final=encode(tokenizer, form.final),
        newline=encode(tokenizer, "\n")[0],
        newlines=frozenset(i for i, text in texts.items() if text.endswith("\n")),
        control=frozenset(special) - turn - {end},
        separator=encode(tokenizer, form.separator),
        spaces=frozenset(i for i, text in texts.items() if text[-1:].isspace()),
        asks=form.asks,
    )


def appended(string: tuple[int, ...], thinking: list[int], marks: Delimiters) -> tuple[int, ...]:
    """Return what is appended to this thinking in the place of its end: the string, after the white
    space that the text needs. "Wait" right after "Face" would go on as "FaceWaiter"."""
    needs = string and thinking and thinking[-1] not in marks.spaces
    return (*marks.separator, *string) if needs else string


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
        string = appended(self.string, self.thinking, self.marks)
        if (room := self._room()) is not None and len(string) > room:
            raise ValueError(f"the limit leaves room for {room} more thinking tokens")
        self.ends.append(len(self.thinking))
        self.thinking += string
        self.phase, self.waited = "thinking", True
        text = [Token(i, "thinking", True) for i in string]
        return text + self._cut() if self._room() == 0 else text

    def _room(self) -> int | None:
        limit = self.budget.max_thinking
        return None if limit is None else limit - len(self.thinking)

    def _end(self, how: str) -> list[Token]:
        """Ignore that the model wants to stop thinking, while there are Waits left that fit."""
        self.stops.append(how)
        room, string = self._room(), appended(self.string, self.thinking, self.marks)
        if len(self.ends) < self.budget.waits and (room is None or len(string) <= room):
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
