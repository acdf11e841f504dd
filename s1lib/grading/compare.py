"""Compare two answers: as texts, as exact numbers, part by part, else through math-verify."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass

from s1lib.grading import math_equivalence
from s1lib.grading.boxes import MAX_ANSWER_CHARS
from s1lib.grading.math_equivalence import equivalent
from s1lib.grading.normalize import clean, key, normalize
from s1lib.grading.values import MAX_CHARS, equal_numbers, parse_number

MAX_PARTS = 20  # of a list that is compared part by part
MAX_SECONDS = 20.0  # for all parts of a list together
MAX_DEPTH = 4  # of lists in lists

EQUALS = re.compile(r"(?<![<>!\\:])=(?!=)|\\equiv(?![A-Za-z])")
MEMBER = re.compile(r"[A-Za-z]\w*\\in ?(?=[\[(\\])")
# "(B) 23", the choice of a contest before its value
LABEL = re.compile(r"^\([A-E]\)(?=.*[0-9])")
ARROW = re.compile(r"\\(?:Rightarrow|Longrightarrow|implies|therefore|to|rightarrow)(?![A-Za-z])")
MODULUS = re.compile(r"\(?\\?(?:pmod|bmod|mod)(?![A-Za-z]) ?(?:\{[^{}]*\}|[0-9]+)\)?$")
RELATION = re.compile(r"[<>]|\\(?:le|ge|ne|lt|gt|in|approx|equiv|pmod|mid)(?![A-Za-z])")
ABOUT = re.compile(r"^(?:approximately|approx\.?|about|roughly|around)(?=[-0-9.\\])")
APPROXIMATELY = re.compile(r"\\(?:approx|simeq|sim)(?![A-Za-z])")
BASE = re.compile(r"(?:\(?)([0-9A-Fa-f]+)(?:\)?)_\{?([0-9]{1,2})\}?")
WORD = re.compile(r"[A-Za-z][A-Za-z'\- ]*[A-Za-z]")
ARTICLES = ("", "the", "a", "an")
MATH_WORDS = re.compile(r"sin|cos|tan|log|ln|exp|sqrt|pi|frac|inf")
# A unit in words, or in letters behind a number: "5 cm^2", "12\text{ square inches}"
UNIT = re.compile(
    r"(?P<value>.*[0-9)}\]a-z])(?P<unit>\\ ?[A-Z][a-z]+|"
    r"(?<=[0-9)}\]])(?:per)?(?:square|sq\.?|cubic|cu\.?)?(?:units?|[a-z]?m|in|inch(?:es)?|ft|foot"
    r"|feet|yards?|yd|"
    r"miles?|mi|mph|kmh|km/h|m/s|m/s\^\{?2\}?|[mk]?g|lbs?|pounds?|[mc]?l|lit(?:er|re)s?|s"
    r"|sec(?:ond)?s?|min(?:ute)?s?|"
    r"h|hrs?|hours?|days?|weeks?|months?|years?|cents?|dollars?|euros?|coins?|ways|people|"
    r"(?:centi|milli|kilo)?(?:met(?:er|re)|gram)s?|deg(?:ree)?s?|rad(?:ian)?s?|[eEkM]V|eV|J|kJ|N|W"
    r"|V|Hz|K|Pa|mol|AM|PM|"
    r"a\.?m\.?|p\.?m\.?|points?|apples?|students?|integers?|solutions?|triangles?|numbers?|pairs?"
    r"|times|"
    r"hours?perday|milesperhour))(?P<power>\^\{?[23]\}?)?\.?"
)
TRAILING_TEXT = re.compile(
    r"(?P<value>.*\S) ?\\(?:text|mathrm|mbox"
    r"|rm)\w* ?\{(?P<unit>[^{}]*)\}(?P<power> ?\^ ?\{?[23]\}?)?[.\s]*",
    re.DOTALL,
)


class NotLists(Exception):
    """Raised where two answers are not two lists that can be compared part by part."""


@dataclass(frozen=True)
class Limits:
    """How far into lists of lists a comparison goes, and when its time is over."""

    depth: int
    deadline: float


def same_answer(given: str, reference: str) -> bool | None:
    """Compare two answers: as texts, as exact numbers, as lists, else as math-verify reads them.

    A decimal counts for a closed form by the tolerance in `values`. None if math-verify ran out
    of time or memory. Raises CourseError if math-verify is not installed.
    """
    given = given[: MAX_ANSWER_CHARS + 1]
    text, expected = ABOUT.sub("", normalize(given)), normalize(reference)
    (value, unit), (expected_value, expected_unit) = split_unit(given), split_unit(reference)
    if unit and expected_unit and unit != expected_unit:
        return key(text) == key(expected)
    limits = Limits(MAX_DEPTH, time.monotonic() + MAX_SECONDS)
    verdict = _same(text, expected, limits)
    if not verdict and (unit or expected_unit):
        unitless = _same(value, expected_value, limits)
        verdict = unitless if unitless or verdict is False else verdict
    return verdict


def is_words(text: str) -> bool:
    r"""Tell whether an answer is words, as \text{even} and Evelyn, and no letters of a formula."""
    return bool(re.fullmatch(r"[A-Za-z]{2,}(?: ?[A-Za-z]{2,})*", normalize(text))) and not (
        MATH_WORDS.match(normalize(text))
    )


def whole_number(text: str) -> int | None:
    """Return the whole number that an answer is: 23, 023, 23.0, 23 cm, m+n = 23; else None."""
    for form in (normalize(text[:MAX_ANSWER_CHARS]), *_bare(text[:MAX_ANSWER_CHARS])):
        form = LABEL.sub("", ARROW.split(MODULUS.sub("", form))[-1].strip())
        number = parse_number(EQUALS.split(form)[-1].strip())
        if number is not None and number.value.denominator == 1 and not number.percent:
            return int(number.value)
    return None


def _bare(text: str) -> list[str]:
    value, unit = split_unit(text)
    return [value] if unit else []


def split_unit(text: str) -> tuple[str, str]:
    """Split an answer into its normalized value and its unit; the unit is empty without one."""
    found = TRAILING_TEXT.fullmatch(clean(text).strip(" $"))
    if found and re.search(r"[0-9A-Za-z]", found["value"]):
        value = normalize(found["value"])
        if value and not re.search(r"(?:=|,|and|or)$", value):
            return value, _unit_name(found["unit"], found["power"])
    flat = normalize(text)
    if len(flat) <= MAX_CHARS and (found := UNIT.fullmatch(flat)) and len(found["unit"]) <= 20:
        if found["unit"] and re.search(r"[0-9]", found["value"]):
            return normalize(found["value"]), _unit_name(found["unit"], found["power"])
    return flat, ""


def _unit_name(unit: str, power: str | None) -> str:
    """Return what two units are compared by: their first letter, and m for metres and minutes."""
    unit = re.sub(r"^(?:square|sq|cubic|cu)\.? ?", "", unit.strip().lower())
    unit = {"lb": "p", "lbs": "p"}.get(unit, unit)
    prefix = re.match(r"(?:cm|centim|mm|millim|km|kilom|kg|kilog)", unit)
    return prefix.group()[0] + "-" if prefix else unit[:1] or (power or "").strip()


def _same(given: str, reference: str, limits: Limits) -> bool | None:
    if not given or not reference:
        return False
    if key(given) == key(reference):
        return True
    number, expected = parse_number(given), parse_number(reference)
    if number is not None and expected is not None:
        return equal_numbers(number, expected)
    for compare in (_same_words, _same_base):
        verdict = compare(given, reference)
        if verdict is not None:
            return verdict
    if limits.depth > 0:
        inner = Limits(limits.depth - 1, limits.deadline)
        if sides := _sides(given, reference):
            return _any(_same(side, other, inner) for side, other in sides)
        try:
            return _same_lists(given, reference, inner)
        except NotLists:
            pass
    left = limits.deadline - time.monotonic()
    return equivalent(given, reference, min(left, math_equivalence.SECONDS)) if left > 0 else None


def _any(verdicts: Iterable[bool | None]) -> bool | None:
    undecided = False
    for verdict in verdicts:
        if verdict:
            return True
        undecided |= verdict is None
    return None if undecided else False


def _same_words(given: str, reference: str) -> bool | None:
    """Compare answers in words; None where they are none."""
    given, reference = given.replace(" ", ""), reference.replace(" ", "")
    words = [bool(WORD.fullmatch(text)) and len(text) > 2 for text in (given, reference)]
    if not any(words):
        return None
    if all(words):
        one, other = (re.sub(r"[' \-]", "", text).casefold() for text in (given, reference))
        if any(one == article + other or other == article + one for article in ARTICLES):
            return True
        return None if sorted(one) == sorted(other) else False  # abc may be the product cba
    text, other = (given, reference) if words[0] else (reference, given)
    number = parse_number(other)
    return False if number is not None and not MATH_WORDS.search(text) else None


def _same_base(given: str, reference: str) -> bool | None:
    """Compare numbers with a written base: 101_2. The base may be left out by one of them."""
    mine, other = BASE.fullmatch(given), BASE.fullmatch(reference)
    if mine and other:
        return mine.groups() == other.groups()
    if not mine and not other:
        return None
    digits, plain = (mine[1], reference) if mine else (other[1] if other else "", given)
    is_plain = re.fullmatch("[0-9A-Fa-f]+", plain)
    return digits.lstrip("0") == plain.lstrip("0") if is_plain else None


def _sides(given: str, reference: str) -> list[tuple[str, str]]:
    """Return the pairs to compare where one answer names what it is the value of: x = 5."""
    if APPROXIMATELY.search(given) and not APPROXIMATELY.search(reference):
        return [(side, reference) for side in APPROXIMATELY.split(given)[:3]]
    for addition, part in ((MODULUS, 0), (ARROW, -1), (LABEL, -1)):
        if addition.search(given) and not addition.search(reference):
            return [(addition.split(given)[part].strip(), reference)]
    for mine, other, first in ((given, reference, True), (reference, given, False)):
        if MEMBER.match(mine) and not MEMBER.match(other):
            side = MEMBER.sub("", mine, count=1)
            return [(side, other) if first else (other, side)]
        if len(split_list(mine)) > 1 or EQUALS.search(other):
            continue
        parts = EQUALS.split(mine)
        if len(parts) > 1 and not RELATION.search(mine):
            return [(parts[-1], other) if first else (other, parts[-1])]
    return []


def split_list(text: str) -> list[str]:
    """Split an answer at the commas, "and" and "or" that stand outside of its brackets.

    A comma in 32,349 is none of them, and a sign "plus or minus" makes two parts.
    """
    depth, parts, start, place = 0, [], 0, 0
    while place < len(text):
        sign = text[place]
        if sign == "\\":
            place += 1
            depth += {"{": 1, "}": -1}.get(text[place : place + 1], 0)
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        elif depth == 0 and (width := _separator(text, place)):
            parts.append(text[start:place])
            start = place + width
            place = start
            continue
        place += 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def _separator(text: str, place: int) -> int:
    """Return how many characters of a separator stand here."""
    if text[place] == ";":
        return 1
    if text[place] == ",":
        thousands = re.match(r",[0-9]{3}(?![0-9])", text[place : place + 5])
        return 0 if thousands and text[place - 1 : place].isdigit() else 1
    word = re.match(r"(?:and|or)(?![a-z])|(?:and|or)(?=[a-z](?![a-z]))", text[place : place + 5])
    return len(word.group()) if word and not text[place - 1 : place].isalpha() else 0


BRACKETS = (  # left, right, and what such a list is called here
    (r"\{", r"\}", "set"),
    (r"\langle", r"\rangle", "()"),
    ("(", ")", "()"),
    ("[", "]", "[]"),
    ("(", "]", "(]"),
    ("[", ")", "[)"),
)


def _open_list(text: str) -> tuple[str, list[str]]:
    """Return the kind of a list ("set", "()", "[)", or "" without brackets) and its parts."""
    for left, right, kind in BRACKETS:
        if text.startswith(left) and text.endswith(right) and len(text) > len(left + right):
            inner = text[len(left) : -len(right)]
            if _balanced(inner):
                # In brackets, every comma separates: (100,200) is a pair
                return kind, split_list(re.sub(r",(?! )", ", ", inner))
    parts = [half for part in split_list(text) for half in _plus_minus(part)]
    return "", parts


def _plus_minus(part: str) -> list[str]:
    if part.count("\\pm") != 1:
        return [part]
    return [re.sub(r"\\pm ?", sign, part).removeprefix("+") for sign in ("+", "-")]


def _balanced(text: str) -> bool:
    depth = 0
    for sign in text.replace("\\{", "(").replace("\\}", ")"):
        depth += (sign in "([") - (sign in ")]")
        if depth < 0:
            return False
    return depth == 0


def _same_lists(given: str, reference: str, limits: Limits) -> bool | None:
    """Compare two lists part by part. Raises NotLists where there are none of this kind."""
    (kind, parts), (expected_kind, expected) = _open_list(given), _open_list(reference)
    unordered = kind in ("", "set") and expected_kind in ("", "set")
    if unordered:
        parts, expected = _distinct(parts), _distinct(expected)
    if not parts or not expected:  # nothing but commas
        raise NotLists
    longest = max(len(parts), len(expected))
    if longest == 1 and (parts[0], expected[0]) != (given, reference):
        return _same(parts[0], expected[0], limits)
    relations = any(RELATION.search(part) for part in parts + expected)
    if relations and len(parts) > 1 and len(union := reference.split("\\cup")) == len(parts):
        return _same_sets(parts, union, limits)  # x<2 or x>5
    if not 2 <= longest <= MAX_PARTS or relations or "matrix" in given + reference:
        raise NotLists
    if len(parts) != len(expected) or (kind != expected_kind and kind and expected_kind):
        return False
    if unordered:
        return _same_sets(_named_alike(parts, expected), expected, limits)
    return _every(_same(a, b, limits) for a, b in zip(parts, expected, strict=True))


def _distinct(parts: list[str]) -> list[str]:
    """Drop the parts of a set that say the same as another: "1 - 1/4 = 3/4, or 75%"."""

    def identity(part: str) -> object:
        name, *_, value = ["", *EQUALS.split(part)][-2:]
        number = parse_number(value)
        if number is None or re.match("[A-Za-z]", name):
            return key(part)
        return number.value / 100 if number.percent else number.value

    return list({identity(part): part for part in reversed(parts)}.values())[::-1]


def _named_alike(parts: list[str], expected: list[str]) -> list[str]:
    """Take the names off "x=1, x=-2" where the reference has none."""
    names = {EQUALS.split(part)[0] for part in parts if EQUALS.search(part)}
    names = {re.sub(r"_\{?[0-9]\}?", "", name) for name in names}
    if len(names) == 1 and not any(EQUALS.search(part) for part in expected):
        return [EQUALS.split(part)[-1] for part in parts]
    return parts


def _same_sets(parts: list[str], expected: list[str], limits: Limits) -> bool | None:
    left = list(expected)
    for part in parts:
        for other in left:
            verdict = _same(part, other, limits)
            if verdict is None:
                return None
            if verdict:
                left.remove(other)
                break
        else:
            return False
    return True


def _every(verdicts: Iterable[bool | None]) -> bool | None:
    for verdict in verdicts:
        if not verdict:
            return verdict
    return True
