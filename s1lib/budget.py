"""Budget forcing, as pure logic: no model and no torch in it.

One `Thinker` follows one sequence. It is told each sampled token and says what the text
really continues with: that token, or others in its place. Semantics are those of the s1
evaluation (paper section 3.1; eval/lm-evaluation-harness in the s1 repository), except that
the limit is one total over all rounds.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Budget:
    """How much thinking is asked for.

    max_thinking: at most so many thinking tokens, forced words counted (None: no limit).
    waits: how often an end of thinking is ignored.
    string: what is appended in its place (None: nothing, Table 4's "without string").
    max_answer: at most so many tokens of answer.
    """

    max_thinking: int | None = 512
    waits: int = 0
    string: str | None = "Wait"
    max_answer: int = 12

    def __post_init__(self) -> None:
        for name in ("max_thinking", "waits", "max_answer"):
            value = getattr(self, name)
            if value is None and name == "max_thinking":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValueError(f"{name} must be a whole number of at least 0, not {value!r}")
        if self.string == "":
            raise ValueError("string must not be empty: use None to append nothing")


@dataclass(frozen=True)
class Delimiters:
    """Token ids of the s1 format, from the tokenizer (see `delimiters`)."""

    think: tuple[int, ...]  # <|im_start|>think, put behind the prompt
    stop: frozenset[int]  # a sampled <|im_start|>, <|im_end|> or <|endoftext|> ends the thinking
    answer: tuple[int, ...]  # <|im_start|>answer, after an end of its own
    final: tuple[int, ...]  # <|im_start|>answer\nFinal Answer:, after a cut
    newline: int


def delimiters(tokenizer) -> Delimiters:
    """The delimiters in the ids of this tokenizer.

    Raises ValueError if it lacks Qwen2.5's control tokens.
    """

    def ids(text: str) -> tuple[int, ...]:
        return tuple(tokenizer.encode(text, add_special_tokens=False))

    names = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
    missing = [n for n in names if len(ids(n)) != 1]
    if missing:
        raise ValueError(f"the tokenizer has no single token for {missing}: s1 needs a ChatML one")
    return Delimiters(
        think=ids("<|im_start|>think"),
        stop=frozenset(ids(n)[0] for n in names),
        answer=ids("<|im_start|>answer"),
        final=ids("<|im_start|>answer\nFinal Answer:"),
        newline=ids("\n")[0],
    )


@dataclass
class Thinker:
    """The state of one sequence: thinking, then answer, then done.

    `queue` holds forced tokens that the driver must append before it samples again;
    `barred` the tokens that may not be sampled next (after a forced string at least one
    token is written before the thinking may end again, as in the s1 harness).
    """

    budget: Budget
    marks: Delimiters
    string_ids: tuple[int, ...] = ()
    phase: str = "thinking"
    thinking: list[int] = field(default_factory=list)
    answer: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)  # thinking length at each ignored end
    queue: list[int] = field(default_factory=list)
    barred: frozenset[int] = frozenset()
    hit_limit: bool = False

    def __post_init__(self) -> None:
        if self.budget.max_thinking == 0:
            self._cut()

    def push(self, token: int) -> None:
        """Take one sampled token; what the text continues with stands in `queue`."""
        self.barred = frozenset()
        if self.phase == "thinking":
            if token in self.marks.stop:
                self._end()
            else:
                self.thinking.append(token)
                self.queue.append(token)
                if len(self.thinking) == self.budget.max_thinking:
                    self._cut()
        elif self.phase == "answer":
            if token in self.marks.stop:
                self.phase = "done"
                return
            self.answer.append(token)
            self.queue.append(token)
            if len(self.answer) >= self.budget.max_answer:
                self.phase = "done"

    def _end(self) -> None:
        """The model wants to stop thinking: ignore it while there are Waits left."""
        limit = self.budget.max_thinking
        fits = limit is None or len(self.thinking) + len(self.string_ids) < limit
        if len(self.ends) < self.budget.waits and fits:
            self.ends.append(len(self.thinking))
            self.thinking += self.string_ids
            self.queue += self.string_ids
            self.barred = self.marks.stop
        else:
            self.queue += self.marks.answer
            self.phase = "answer"

    def _cut(self) -> None:
        """The limit is reached: force the end and ask for the final answer."""
        self.hit_limit = True
        if not self.thinking or self.thinking[-1] != self.marks.newline:
            self.queue.append(self.marks.newline)
        self.queue += self.marks.final
        self.phase = "answer"
