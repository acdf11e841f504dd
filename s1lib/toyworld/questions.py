"""The toy world: six families of small, exactly verifiable questions.

Every question is a list of tagged items ("Ann 7, Bob 4, ...") that are
worked through one at a time from a starting state. One step (look an item up,
update the state) is easy for a tiny model; the whole at one glance is not.
Families whose items may be taken in any order have a *second way* to check:
the same items from the end. Swapping cups does not commute, so `cups` has
none: it is the control family.
"""

import hashlib
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from s1lib.toyworld.vocabulary import NAMES, PLACES, WORDS

MIN_SIZE, MAX_SIZE = 3, 8  # the difficulty dial of evaluation questions, in items
DIALS = tuple(range(1, MAX_SIZE + 1))  # the pool also holds trivial sizes 1 and 2


@dataclass(frozen=True)
class Problem:
    """One question. `start` and `values` are its parameters; the rest is wording."""

    family: str
    theme: str
    start: int | str | None
    tags: tuple[str, ...]
    values: tuple
    listed: tuple[int, ...]  # the order in which the question names the items

    @property
    def size(self) -> int:
        """Number of items: the difficulty dial."""
        return len(self.values)

    @property
    def key(self) -> str:
        """What the question *is*, whatever its wording: overlap means equal keys."""
        return json.dumps([self.family, self.start, self.values], separators=(",", ":"))


@dataclass(frozen=True)
class Theme:
    """A wording: opening, items, closing question."""

    intro: str
    item: str
    ask: str
    tags: tuple[str, ...] = NAMES


@dataclass(frozen=True)
class Family:
    """One kind of question: how to draw, word, step through and read it back."""

    name: str
    themes: dict[str, Theme]
    draw: Callable[[random.Random, int], tuple]  # size -> (start, values)
    step: Callable[[Any, Any, Any], Any]  # (state, value, start) -> state
    word: Callable[[Any], dict] = lambda value: {"v": value}  # fields of an item's wording
    show: Callable[[Any, Any], str] = lambda start, value: str(value)  # in a worked pass
    read: Callable[[dict], Any] = lambda found: int(found["v"])  # fields -> value
    initial: Callable[[Any], Any] = lambda start: start
    wrap: Callable[[int], int] = lambda state: max(state, 0)  # a slipped state stays sensible
    shows_start: bool = True
    second_way: bool = True
    fields: dict[str, str] = field(default_factory=lambda: {"v": r"\d+"})


def _draw_sum(rng: random.Random, size: int) -> tuple:
    return None, tuple(rng.randint(1, 9) for _ in range(size))


def _draw_ride(rng: random.Random, size: int) -> tuple:
    # Both orders must stay between 0 and 99 so that every intermediate state makes sense.
    while True:
        start = rng.randint(5, 40)
        values = tuple(rng.choice((1, -1)) * rng.randint(1, 9) for _ in range(size))
        both = (values, values[::-1])
        if all(0 <= start + sum(v[:i]) <= 99 for v in both for i in range(size + 1)):
            return start, values


def _draw_clock(rng: random.Random, size: int) -> tuple:
    return rng.randint(1, 12), tuple(rng.randint(1, 9) for _ in range(size))


def _draw_shop(rng: random.Random, size: int) -> tuple:
    while True:
        values = tuple((rng.randint(2, 5), rng.randint(2, 5)) for _ in range(size))
        if sum(q * p for q, p in values) <= 99:
            return None, values


def _draw_letters(rng: random.Random, size: int) -> tuple:
    words = draw_tags(rng, WORDS, size)
    return rng.choice("".join(words)), words  # frequent letters are asked for more often


def _draw_cups(rng: random.Random, size: int) -> tuple:
    swaps = tuple(tuple(sorted(rng.sample(range(1, 5), 2))) for _ in range(size))
    return rng.randint(1, 4), swaps


def _swap(ball: int, swap: tuple[int, int], start: int) -> int:
    a, b = swap
    return b if ball == a else a if ball == b else ball


PAIR = {"a": r"\d", "b": r"\d"}
FAMILIES: dict[str, Family] = {
    f.name: f
    for f in (
        Family(
            name="sum",
            themes={
                "coins": Theme(
                    "Coins of {n} people: ", "{tag} {v}", "How many coins is that in all?"
                ),
                "books": Theme(
                    "Books read by {n} people: ", "{tag} {v}", "How many books is that in all?"
                ),
                "shells": Theme(
                    "Shells found by {n} people: ", "{tag} {v}", "How many shells are there?"
                ),
                "pies": Theme("Pies baked by {n} people: ", "{tag} {v}", "How many pies in all?"),
            },
            draw=_draw_sum,
            initial=lambda start: 0,
            step=lambda state, value, start: state + value,
            shows_start=False,
        ),
        Family(
            name="ride",
            themes={
                "bus": Theme(
                    "A bus has {start} people and {n} stops: ",
                    "{tag} {v}",
                    "How many people are on the bus?",
                    PLACES,
                ),
                "train": Theme(
                    "A train has {start} riders and {n} stops: ",
                    "{tag} {v}",
                    "How many riders has the train now?",
                    PLACES,
                ),
            },
            draw=_draw_ride,
            step=lambda state, value, start: state + value,
            show=lambda start, v: f"{v:+d}",
            word=lambda v: {"v": f"{v:+d}"},
            fields={"v": r"[+-]\d+"},
        ),
        Family(
            name="clock",
            themes={
                "day": Theme(
                    "It is {start} o'clock and {n} people talk, hours: ",
                    "{tag} {v}",
                    "What hour is it then?",
                ),
                "dial": Theme(
                    "A clock hand is at {start}, {n} people turn it: ",
                    "{tag} {v}",
                    "Where is the hand?",
                ),
            },
            draw=_draw_clock,
            step=lambda state, value, start: (state + value - 1) % 12 + 1,
            wrap=lambda state: (state - 1) % 12 + 1,
        ),
        Family(
            name="shop",
            themes={
                "pens": Theme(
                    "Pens for {n} people, number x price: ", "{tag} {a}x{b}", "What do they pay?"
                ),
                "maps": Theme(
                    "Maps for {n} people, number x price: ", "{tag} {a}x{b}", "What do they cost?"
                ),
                "mugs": Theme(
                    "Mugs for {n} people, number x price: ", "{tag} {a}x{b}", "How much is that?"
                ),
            },
            draw=_draw_shop,
            initial=lambda start: 0,
            step=lambda state, value, start: state + value[0] * value[1],
            word=lambda v: {"a": v[0], "b": v[1]},
            show=lambda start, v: f"{v[0]}x{v[1]}={v[0] * v[1]}",
            read=lambda found: (int(found["a"]), int(found["b"])),
            shows_start=False,
            fields=PAIR,
        ),
        Family(
            name="letters",
            themes={
                "how many": Theme("How many {start} in ", "{tag}", "", WORDS),
                "count": Theme("Count the letter {start} in ", "{tag}", "", WORDS),
                "often": Theme("How often is there {start} in ", "{tag}", "", WORDS),
            },
            draw=_draw_letters,
            initial=lambda start: 0,
            step=lambda state, word, letter: state + word.count(letter),
            word=lambda v: {},
            show=lambda start, v: f"{start}{v.count(start)}",
            shows_start=False,
            fields={},
        ),
        Family(
            name="cups",
            themes={
                "cups": Theme(
                    "The ball is under cup {start}; {n} swaps, by name: ",
                    "{tag} {a}-{b}",
                    "Which cup has it?",
                ),
                "boxes": Theme(
                    "The coin is in box {start}; {n} swaps, by name: ",
                    "{tag} {a}-{b}",
                    "Which box has it?",
                ),
            },
            draw=_draw_cups,
            step=_swap,
            wrap=lambda state: (state - 1) % 4 + 1,
            word=lambda v: {"a": v[0], "b": v[1]},
            show=lambda start, v: f"{v[0]}-{v[1]}",
            read=lambda found: (int(found["a"]), int(found["b"])),
            second_way=False,
            fields=PAIR,
        ),
    )
}


def draw_tags(rng: random.Random, pool: tuple[str, ...], size: int) -> tuple[str, ...]:
    """Draw `size` tags with initials that follow one another: names from A, words from anywhere."""
    initials = sorted({tag[0] for tag in pool})
    first = rng.randint(0, len(initials) - size) if pool is WORDS else 0
    chosen = initials[first : first + size]
    return tuple(rng.choice([tag for tag in pool if tag[0] == c]) for c in chosen)


def draw_problem(rng: random.Random, family: str, size: int, theme: str | None = None) -> Problem:
    """Draw one question of `family` with `size` items (1 to 8)."""
    fam = FAMILIES[family]
    theme = theme or rng.choice(list(fam.themes))
    start, values = fam.draw(rng, size)
    if family == "letters":
        return Problem(family, theme, start, values, values, tuple(range(size)))
    tags = draw_tags(rng, fam.themes[theme].tags, size)
    return Problem(family, theme, start, tags, values, tuple(rng.sample(range(size), size)))


def question(problem: Problem) -> str:
    """Write the question in words."""
    fam = FAMILIES[problem.family]
    theme = fam.themes[problem.theme]
    tags, values = problem.tags, problem.values
    named = ", ".join(theme.item.format(tag=tags[i], **fam.word(values[i])) for i in problem.listed)
    end = ". " + theme.ask if theme.ask else "." if theme.intro.startswith("Count") else "?"
    return theme.intro.format(start=problem.start, n=problem.size) + named + end


@cache
def _patterns() -> list[tuple[Family, str, re.Pattern, re.Pattern]]:
    patterns = []
    flags = re.IGNORECASE | re.ASCII  # digits are 0 to 9, as in the grader of whole numbers
    for fam in FAMILIES.values():
        for name, theme in fam.themes.items():
            item, intro = re.escape(theme.item), re.escape(theme.intro)
            for key, value in ({"tag": "[A-Za-z]+"} | fam.fields).items():
                item = item.replace(re.escape("{" + key + "}"), f"(?P<{key}>{value})")
            intro = intro.replace(re.escape("{start}"), r"(?P<start>[a-z]|\d+)")
            intro = intro.replace(re.escape("{n}"), r"\d+")
            plain = re.sub(r"\(\?P<\w+>", "(?:", item)
            end = re.escape(". " + theme.ask) if theme.ask else "[.?]"
            whole = re.compile(rf"{intro}(?P<items>{plain}(?:, {plain})*){end}", flags)
            patterns.append((fam, name, whole, re.compile(item, flags)))
    return patterns


def parse(text: str) -> Problem | None:
    """Read a question back, whatever stands around it; None if it is not of this world."""
    text = re.sub(r"\s+", " ", text[:2000])
    for fam, theme, whole, item in _patterns():
        found = whole.search(text)
        if not found:
            continue
        parts = [m.groupdict() for m in item.finditer(found["items"])]
        start = found.groupdict().get("start")
        if start is not None:
            start = int(start) if start.isdigit() else start.lower()
        if (fam.name == "letters") != isinstance(start, str):
            continue
        if fam.name == "letters":
            words = tuple(part["tag"].lower() for part in parts)
            return Problem(fam.name, theme, start, words, words, tuple(range(len(words))))
        by_name = sorted(range(len(parts)), key=lambda i: parts[i]["tag"].lower())
        tags = tuple(parts[i]["tag"].capitalize() for i in by_name)
        values = tuple(fam.read(parts[i]) for i in by_name)
        listed = tuple(by_name.index(i) for i in range(len(parts)))
        return Problem(fam.name, theme, start, tags, values, listed)
    return None


def answer(problem: Problem) -> str:
    """Compute the exact answer, as text."""
    return work(problem)[1]


def key_of(text: str) -> str | None:
    """Return what a question in words *is* (`Problem.key`); None if it is not of this world."""
    problem = parse(text)
    return problem.key if problem else None


def subject(text: str) -> str:
    """Name the subject of a question in words: family and theme, or "other"."""
    problem = parse(text)
    return f"{problem.family}: {problem.theme}" if problem else "other"


def reference_answer(text: str) -> str | None:
    """Find the exact answer to a question in words; None if it is not of this world."""
    problem = parse(text)
    return answer(problem) if problem else None


def verify(problem: Problem, given: str) -> bool:
    """Check a given answer exactly; whole numbers, surrounding space ignored."""
    return given.strip() == answer(problem)


def work(
    problem: Problem, backwards: bool = False, slip_at: int | None = None, slip: int = 1
) -> tuple[str, str]:
    """Write a worked pass in words, and its conclusion.

    With `slip_at`, the state after that item is off by `slip` and the rest follows from it.
    Returns (text such as "Ann 7: 7, Bob 4: 11. So 11.", conclusion "11").
    """
    fam = FAMILIES[problem.family]
    state = fam.initial(problem.start)
    pairs = list(zip(problem.tags, problem.values, strict=True))
    parts = [str(state)] if fam.shows_start else []
    for i, (tag, value) in enumerate(reversed(pairs) if backwards else pairs):
        state = fam.step(state, value, problem.start)
        if i == slip_at:
            state = fam.wrap(state + slip)
        parts.append(f"{tag} {fam.show(problem.start, value)}: {state}")
    return f"{', '.join(parts)}. So {state}.", str(state)


def bucket(key: str, buckets: int = 16) -> int:
    """Assign a question to a stable share of all questions: it keeps the splits apart."""
    return hashlib.sha256(key.encode()).digest()[0] % buckets
