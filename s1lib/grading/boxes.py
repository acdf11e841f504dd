r"""Find what `\boxed{...}` holds: nested, linked, without braces, or unclosed."""

import re
from dataclasses import dataclass

from s1lib.grading.normalize import closing, normalize

MAX_ANSWER_CHARS = 2000  # of an answer; longer ones are not compared
TAIL_CHARS = 20_000  # of the end of a text, in which statements are looked for

# A box, also where its backslash was lost: \boxed{, \fbox {, boxed{
BOX = re.compile(r"(?:\\|\x08|(?<![A-Za-z]))(?:boxed|f(?:rame)?box|oxed)(?![A-Za-z])\s{0,4}")
# What a box without braces holds: \boxed 36, \boxed\frac12, \boxed(C)
BARE_BOX = re.compile(
    r"-?[0-9][0-9.,/]*(?<![.,])|\\[A-Za-z]+(?:\{[^{}]*\})*[0-9]*|\([^()]*\)|[A-Za-z]"
)
# Between boxes that are one answer: \boxed{1} and \boxed{-2}
BOX_LINK = re.compile(
    r"[\s$\\()\[\]*]{0,9}(?:,|;|,?\s*(?:\band\b|\bor\b|&|和"
    r"|或))[\s$\\()\[\]*]{0,9}(?:[a-z]\w?\s*=\s*)?"
)


@dataclass(frozen=True)
class Box:
    """What a box holds, and where it stands in the text."""

    content: str
    start: int
    end: int


def boxes(text: str) -> tuple[list[Box], int]:
    r"""Return the boxes near the end of a text in their order, and where an unclosed last one is.

    The second value is the length of the text if every box is closed.
    """
    offset = max(0, len(text) - 10 * TAIL_CHARS)
    found: list[Box] = []
    cut = len(text)
    for mark in list(BOX.finditer(text, offset))[-50:]:
        box = _box(text, mark)
        if box is None:
            cut = min(cut, mark.start())
        elif not found or box.start >= found[-1].end:  # a box in a box is part of the outer one
            found.append(box)
            cut = len(text)
    return found, cut


def _box(text: str, mark: re.Match) -> Box | None:
    if text[mark.end() : mark.end() + 1] == "{":
        end = closing(text, mark.end(), MAX_ANSWER_CHARS)
        if end >= 0:
            return Box(text[mark.end() + 1 : end].strip(), mark.start(), end + 1)
        # The brace was forgotten, but the formula ends: $\boxed{204$
        rest = re.match(
            r"\{([^$\n{}]{1,200}?)(?:\\\)|\\\]|\$)", text[mark.end() : mark.end() + 205]
        )
        return rest and Box(rest[1].strip(), mark.start(), mark.end() + rest.end())
    bare = BARE_BOX.match(text, mark.end(), mark.end() + 200)
    if bare is None or not mark.group().startswith("\\"):
        return None
    return Box(bare.group(), mark.start(), bare.end())


def boxed(text: str) -> str | None:
    r"""Return what the last `\boxed{...}` holds, its own braces kept; None if there is none.

    Boxes linked by a comma, "and" or "or" are one answer: "\boxed{1} and \boxed{-2}" is "1, -2".
    """
    filled = [box for box in boxes(text)[0] if normalize(box.content)]
    if not filled:
        return None
    parts = [filled.pop()]
    while filled and BOX_LINK.fullmatch(text, filled[-1].end, parts[0].start):
        parts.insert(0, filled.pop())
    return ", ".join(dict.fromkeys(box.content for box in parts))


def without(text: str, empty: list[Box], cut: int) -> str:
    """Return a text up to `cut` without its empty boxes."""
    places = [0, *(place for box in empty for place in (box.start, box.end)), cut]
    return "".join(text[a:b] for a, b in zip(places[::2], places[1::2], strict=True))
