"""What an exercise is: cases to try an answer on, and wrong answers that are known.

The exercises of a lesson are in `lesson_05.py`; their titles, hints and other texts in
`lesson_05.toml`, so that the prose can be translated without touching code.
"""

import importlib
import math
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One trial of an answer.

    inputs: the arguments of the reader's function; none if the answer is a value.
    expected: what the right answer gives (see `Exercise.agrees`).
    put_in, wanted: sentences to show in place of inputs and expected, where these are long or
        would give the answer away.
    """

    inputs: tuple[Any, ...]
    expected: Any
    put_in: str | None = None
    wanted: str | None = None


def call(answer: Any, *inputs: Any) -> Any:
    """Call the reader's function; a value is its own outcome."""
    return answer(*inputs) if callable(answer) else answer


def plain(value: Any) -> Any:
    """Turn arrays, tensors, tuples and iterators into lists, and their numbers into Python's."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, str | bytes):
        return value
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return set(value)
    return [plain(item) for item in value] if isinstance(value, Iterable) else value


@dataclass(frozen=True)
class Below:
    """Stands in an expectation for any number smaller than a limit."""

    limit: float


@dataclass(frozen=True)
class Remark:
    """What is said of an answer that cannot be measured; shown without quotation marks."""

    text: str

    def __repr__(self) -> str:
        return self.text


def same(outcome: Any, expected: Any) -> bool:
    """Compare as a learner would: 1 and 1.0, a list and a tuple, and rounding do not matter."""
    outcome, expected = plain(outcome), plain(expected)
    if isinstance(expected, Below):
        return isinstance(outcome, int | float) and outcome < expected.limit
    if isinstance(expected, list):
        if not isinstance(outcome, list) or len(outcome) != len(expected):
            return False
        return all(map(same, outcome, expected))
    if isinstance(expected, dict):
        if not isinstance(outcome, dict) or outcome.keys() != expected.keys():
            return False
        return all(same(outcome[key], value) for key, value in expected.items())
    if isinstance(expected, float) and isinstance(outcome, int | float):
        return math.isclose(outcome, expected, rel_tol=1e-6, abs_tol=1e-9)
    return bool(outcome == expected)


@dataclass(frozen=True)
class Exercise:
    """How an answer is examined.

    cases: makes the trials, in order; the first that fails is told.
    mistakes: known wrong answers by name. The reader's error is told by the hint of the mistake
        that gives the same outcome.
    outcome: what is compared: by default what the reader's function returns.
    agrees: whether an outcome is as expected.
    kind: what the answer is: "a function", "a number", "a whole number", "a text", "a list" or
        "a dictionary".
    seconds: how long the reader's code may take, all cases together.
    """

    cases: Callable[[], Iterable[Case]]
    mistakes: Mapping[str, Any]
    outcome: Callable[..., Any] = call
    agrees: Callable[[Any, Any], bool] = same
    kind: str = "a function"
    seconds: float = 8.0


@dataclass(frozen=True)
class Texts:
    """The words of an exercise. Hints grow: each try shows the next."""

    name: str
    lesson: str
    title: str
    minutes: int
    difficulty: int  # 1 to 3
    hints: tuple[str, ...]
    mistakes: Mapping[str, str]  # the hint for each known wrong answer

    @property
    def heading(self) -> str:
        """The line below the exercise's title in its notebook."""
        return f"*{self.minutes} minutes · difficulty {'●' * self.difficulty:○<3}*"


@cache
def all_texts() -> Mapping[str, Texts]:
    """Read the words of every exercise, in the order of the lessons."""
    found = {}
    for path in sorted(HERE.glob("lesson_*.toml")):
        for name, words in tomllib.loads(path.read_text(encoding="utf-8")).items():
            found[name] = Texts(
                name,
                path.stem.removeprefix("lesson_"),
                words["title"],
                words["minutes"],
                words["difficulty"],
                tuple(words["hints"]),
                words["mistakes"],
            )
    return found


def load(name: str) -> Exercise:
    """Import the exercise of this name; each lesson's module has a table EXERCISES."""
    module = importlib.import_module(f"s1lib.exercises.lesson_{all_texts()[name].lesson}")
    return module.EXERCISES[name]
