"""The exercises of notebook 4: budget forcing. Words stand for tokens.

What is expected, and most wrong answers too, come from the library's own automaton.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

from s1lib.exercises.model import Case, Exercise
from s1lib.inference.budget import Budget, Delimiters, Thinker


@dataclass
class State:
    """What an automaton has to remember between two tokens."""

    limit: int | None = None  # of the thought, in words; None: none
    waits: int = 0  # how many ends may still be ignored
    string: tuple[str, ...] = ("Wait",)  # what stands in the place of an ignored end
    phase: str = "thinking"  # then "answer", then "done"
    thought: list[str] = field(default_factory=list)


STOP, LINE = "<stop>", "↵"
END, TURN = "</think>", "<|im_end|>"
Push = Callable[[State, str], list[str]]

with_words = cast(Any, Delimiters)  # its tokens are numbers elsewhere
S1: Delimiters = with_words(
    think=("<think>",),
    end=STOP,
    turn=frozenset(),
    answer=("<answer>",),
    final=("<answer>", "Final Answer:"),
    newline=LINE,
    newlines=frozenset({LINE}),
)
ENDING_IN_SPACE = "so ", "so\n", "37.\n", "\n"
TAGS: Delimiters = with_words(
    think=("<think>",),
    end=END,
    turn=frozenset({TURN}),
    answer=(END,),
    final=(END, "\n\nFinal Answer:"),
    newline="\n",
    newlines=frozenset(word for word in ENDING_IN_SPACE if word.endswith("\n")),
    separator=("\n",),
    spaces=frozenset(ENDING_IN_SPACE),
)


def right_push(state: State, token: str, marks: Delimiters = S1) -> list[str]:
    """Do with a State what the library's automaton does."""
    thinker = Thinker(
        Budget(state.limit, state.waits),
        marks,
        cast(Any, state.string),
        phase=state.phase,
        thinking=cast(Any, list(state.thought)),
    )
    text = cast(Any, thinker).push(token)
    state.thought, state.phase = cast(Any, thinker.thinking), thinker.phase
    state.waits -= len(thinker.ends)
    return [word.id for word in text]


def drive(push: Push, right: Push, state: State, script: Iterable[str]) -> Any:
    """Push the words of a script until the right automaton is done, or the first difference.

    Returns a line for each word: what the model samples, and what the text gets.
    """
    lines, truth = [], replace(state, thought=[])
    for token in script:
        if truth.phase == "done":
            break
        text, wanted = push(state, token), right(truth, token)
        if text is None or text is ...:
            return text
        if isinstance(text, str) or not isinstance(text, list | tuple):
            raise TypeError(f"push must return a list of words, and returned {text!r}")
        lines.append(_line(token, text))
        if list(text) != wanted:
            if lines[-1] == _line(token, wanted):  # they only look alike
                lines[-1] = f"{token} → {text!r}"
            break
    return lines


def _line(token: str, text: Iterable[str]) -> str:
    return f"{_visible(token)} → {' + '.join(map(_visible, text)) or '(nothing)'}"


def _visible(word: str) -> str:
    """Show line breaks and the spaces at both ends of a word."""
    middle = str(word).strip(" ")
    before, _, after = str(word).partition(middle) if middle else (word, "", "")
    return ("␣" * len(before) + middle + "␣" * len(after)).replace("\n", LINE)


def _is_end(state: State, token: str) -> bool:
    return state.phase == "thinking" and token in (STOP, END, TURN)


# The automaton

SCRIPTS: list[tuple[str, State]] = [
    ("Looks like 37. <stop> in order: 36. <stop> 36 <stop>", State(waits=1)),
    ("a <stop> b <stop>", State()),
    ("a b c <stop>", State(limit=2)),
    ("a ↵ c <stop>", State(limit=2)),
    ("a <stop> b c d <stop>", State(limit=4, waits=1)),
    ("a <stop> b <stop>", State(limit=3, waits=1, string=("Wait", ","))),
    ("a <stop> b <stop>", State(limit=2, waits=1, string=("Wait", ","))),
    ("a <stop> b <stop> c <stop> d <stop>", State(limit=6, waits=2, string=())),
]


def _random_scripts(words: list[str], count: int) -> list[tuple[list[str], State]]:
    dice = random.Random(0)
    strings = ("Wait",), ("Hmm", ","), ()
    return [
        (
            dice.choices(words, k=12),
            State(dice.choice([None, 3, 5, 9]), dice.randrange(4), dice.choice(strings)),
        )
        for _ in range(count)
    ]


def _case(script: list[str], state: State, right: Push) -> Case:
    expected = drive(right, right, replace(state, thought=[]), script)
    setting = f"limit={state.limit}, waits={state.waits}, string={state.string}"
    return Case((script, state), expected, f"{setting}\nsampled: {_shown(script)}")


def _shown(script: Iterable[str]) -> str:
    return "  ".join(map(_visible, script))


def _automaton_cases() -> list[Case]:
    scripts = [(script.split(), state) for script, state in SCRIPTS]
    scripts += _random_scripts(["a", "b", LINE, STOP], 100)
    return [_case(script, state, right_push) for script, state in scripts]


def _stop_kept(state: State, token: str) -> list[str]:
    return [token] * _is_end(state, token) + right_push(state, token)


def _never_heard(state: State, token: str) -> list[str]:
    waits = state.waits
    text = right_push(state, token)
    state.waits = waits
    return text


def _string_not_counted(state: State, token: str) -> list[str]:
    waits = state.waits
    text = right_push(state, token)
    if state.waits < waits and state.limit is not None:
        state.limit += len(state.string)
    return text


def _one_late(state: State, token: str) -> list[str]:
    later = state if state.limit is None else replace(state, limit=state.limit + 1)
    text = right_push(later, token)
    state.thought, state.phase, state.waits = later.thought, later.phase, later.waits
    return text


def _beyond_the_limit(state: State, token: str) -> list[str]:
    if _is_end(state, token) and state.waits and state.limit is not None:
        state.limit = max(state.limit, len(state.thought) + len(state.string))
    return right_push(state, token)


def _no_cut_after_a_string(state: State, token: str) -> list[str]:
    was_end = _is_end(state, token) and state.waits
    text = right_push(state, token)
    if was_end and text[len(state.string) :]:
        state.phase = "thinking"
    return text[: len(state.string)] if was_end else text


def _endless_answer(state: State, token: str) -> list[str]:
    return [token] if state.phase == "answer" else right_push(state, token)


def _always_a_line(state: State, token: str) -> list[str]:
    return right_push(state, token, replace(S1, newlines=frozenset()))


# At least so many words


def _at_least(state: State, token: str, least: int) -> list[str]:
    """Ignore an end before `least` words, as often as it takes."""
    state.waits = int(_is_end(state, token) and len(state.thought) < least)
    return right_push(state, token)


def _drive_at_least(answer: Any, script: list[str], least: int, most: int) -> Any:
    push = answer(least, most)
    if push is None or push is ...:
        return push
    if not callable(push):
        raise TypeError(f"at_least must return a function, and returned {push!r}")
    right = partial(_at_least, least=least)
    return drive(lambda state, token: push(token), right, State(most), script)


def _closure(push: Callable[..., list[str]]) -> Callable[[int, int], Callable[[str], list[str]]]:
    """Make an answer of a function of state, token and least."""

    def at_least(least: int, most: int) -> Callable[[str], list[str]]:
        state = State(most)
        return lambda token: push(state, token, least)

    return at_least


def _at_least_cases() -> list[Case]:
    trials = [
        ("Looks like 37. <stop> in order: 36. <stop> 36 <stop>", 5, 20),
        ("a <stop> b <stop>", 0, 9),
        ("a b c <stop> d <stop>", 3, 9),
        ("a <stop> <stop> <stop> b <stop> c <stop>", 4, 9),
        ("a <stop> b c d <stop>", 4, 4),
        ("a b c d <stop>", 2, 3),
    ]
    dice = random.Random(1)
    trials += [
        (" ".join(dice.choices(["a", "b", STOP], k=12)), dice.randrange(6), dice.randint(6, 9))
        for _ in range(60)
    ]
    right = _closure(_at_least)
    return [
        Case(
            (script.split(), least, most),
            _drive_at_least(right, script.split(), least, most),
            f"least={least}, most={most}\nsampled: {_shown(script.split())}",
        )
        for script, least, most in trials
    ]


def _only_once(state: State, token: str, least: int) -> list[str]:
    return _at_least(state, token, 0 if "Wait" in state.thought else least)


def _waits_not_counted(state: State, token: str, least: int) -> list[str]:
    return _at_least(state, token, least + state.thought.count("Wait"))


def _nothing_instead(state: State, token: str, least: int) -> list[str]:
    if _is_end(state, token) and len(state.thought) < least:
        return []
    return _at_least(state, token, least)


def _no_most(state: State, token: str, least: int) -> list[str]:
    state.limit = None
    return _at_least(state, token, least)


# Tags


def _tags(**changes: Any) -> Push:
    """Make an automaton for tags, or a wrong one with other marks."""
    return partial(right_push, marks=replace(TAGS, **changes))


def _tags_cases() -> list[Case]:
    scripts: list[tuple[list[str], State]] = [
        (["So", " 37.", END, " 37", TURN], State()),
        (["So", " 37.", END, " no", END, " 36", TURN], State(waits=1)),
        (["So", "37.\n", END, " no", END, " 36", TURN], State(waits=1)),
        (["so ", END, " no", END, " 36", TURN], State(waits=1)),
        ([END, " no", END, " 36", TURN], State(waits=1)),
        (["So", TURN, " no", TURN, " 36", TURN], State(waits=1)),
        (["So", " 37.", " then"], State(limit=2)),
        (["So", "37.\n", " then"], State(limit=2)),
        (["So", "so ", " then"], State(limit=2)),
        (["So", END, " no", END], State(limit=3, waits=1)),
        (["So", " 37.", END, " no", TURN], State(limit=3, waits=1)),
    ]
    scripts += _random_scripts(["a", " b", *ENDING_IN_SPACE, END, TURN], 100)
    return [_case(script, state, _tags()) for script, state in scripts]


def _turn_is_a_word(state: State, token: str) -> list[str]:
    if state.phase == "answer" or token != TURN:
        return _tags()(state, token)
    state.thought.append(token)
    return [token]


# Stop and continue

Generate = Callable[[list[str], int], list[str]]


def babble(text: list[str], most: int, seed: int = 0) -> list[str]:
    """Go on after this text, as a model does that knows five words: by at most `most` words, up
    to and including `<stop>`. Never stops right after "Wait"."""
    new: list[str] = []
    while len(new) < most and STOP not in new:
        new.append(_sampled([*text, *new], seed))
    return new


def _sampled(text: list[str], seed: int) -> str:
    dice = random.Random(f"{seed} {' '.join(text)}")
    words = ["so", "then", "add", "36.", "37."]
    return dice.choice(words if text[-1:] == ["Wait"] else [*words, STOP, STOP])


def _whole_thought(limit: int, waits: int, seed: int) -> list[str]:
    """Write the thought as the library's automaton does, word by word."""
    state = State(limit, waits)
    while state.phase == "thinking":
        right_push(state, _sampled(state.thought, seed))
    return state.thought


def _rounds(
    limit_of: Callable[[int, int, int], int], keep: tuple[str, ...] = (), more: int = 0
) -> Callable[..., list[str]]:
    """Make a wrong answer: `limit_of` says how many words a round may have."""

    def force(generate: Generate, limit: int, waits: int) -> list[str]:
        thought: list[str] = []
        for number in range(waits + more + 1):
            new = generate(thought, limit_of(limit, len(thought), number))
            thought += [word for word in new if word != STOP or word in keep]
            if STOP not in new or number == waits + more:
                break
            thought.append("Wait")
        return thought

    return force


def _whether_it_stopped_or_not(generate: Generate, limit: int, waits: int) -> list[str]:
    thought: list[str] = []
    for number in range(waits + 1):
        new = generate(thought, max(0, limit - len(thought)))
        thought += [word for word in new if word != STOP] + ["Wait"] * (number < waits)
    return thought


def _rounds_cases() -> list[Case]:
    trials = [(20, 0, 5), (20, 2, 5), (4, 0, 2), (6, 2, 1)]
    trials += [
        (limit, waits, seed) for limit in (3, 7, 11) for waits in (1, 3) for seed in range(9)
    ]
    return [
        Case(
            (partial(babble, seed=seed), limit, waits),
            _whole_thought(limit, waits, seed),
            f"generate: a model of a few words; limit={limit}, waits={waits}",
        )
        for limit, waits, seed in trials
    ]


EXERCISES = {
    "automaton": Exercise(
        _automaton_cases,
        mistakes={
            "the stop is kept": _stop_kept,
            "never heard": _never_heard,
            "the answer's stop": _endless_answer,
            "one word late": _one_late,
            "always a line break": _always_a_line,
            "forced words do not count": _string_not_counted,
            "beyond the limit": _beyond_the_limit,
            "not cut after a string": _no_cut_after_a_string,
        },
        outcome=lambda push, script, state: drive(push, right_push, state, script),
    ),
    "at_least": Exercise(
        _at_least_cases,
        mistakes={
            "only once": _closure(_only_once),
            "Wait does not count": _closure(_waits_not_counted),
            "nothing instead": _closure(_nothing_instead),
            "one too many": _closure(lambda state, token, n: _at_least(state, token, n + 1)),
            "no upper limit": _closure(_no_most),
        },
        outcome=_drive_at_least,
    ),
    "think_tags": Exercise(
        _tags_cases,
        mistakes={
            "a delimiter of s1": _tags(answer=("<answer>",)),
            "the end is dropped": _tags(answer=()),
            "Wait is glued on": _tags(separator=()),
            "always a line break": _tags(spaces=frozenset()),
            "the turn's end is a word": _turn_is_a_word,
            "any white space before the end": _tags(newlines=TAGS.spaces),
        },
        outcome=lambda push, script, state: drive(push, _tags(), state, script),
    ),
    "stop_and_continue": Exercise(
        _rounds_cases,
        mistakes={
            "the stop is kept": _rounds(lambda limit, used, number: limit - used, keep=(STOP,)),
            "one Wait too many": _rounds(lambda limit, used, number: limit - used, more=1),
            "a limit for each round": _rounds(lambda limit, used, number: limit),
            "Waits do not count": _rounds(lambda limit, used, number: limit - used + number),
            "whether it stopped or not": _whether_it_stopped_or_not,
        },
    ),
}
