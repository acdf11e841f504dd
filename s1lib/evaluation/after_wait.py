"""What a model writes after a "Wait": does it check, repeat itself, or drift?"""

import re
from typing import Any

from s1lib.inference.engine import Trace
from s1lib.inference.live import pieces_of

CLASSES = ("stops at once", "repeats", "checks", "drifts")
AT_ONCE = 3  # words
CHECKING = re.compile(
    r"\b(check|verify|mistake|wrong|correct|again|actually|recalculate|recount)", re.IGNORECASE
)
SUM = re.compile(r"\d+\s*[-+*/x×÷]\s*\d+")


def texts_after_waits(tokenizer: Any, trace: Trace) -> list[str]:
    """Return what the model wrote after each Wait of a trace, up to the next."""
    thinking = [p for p in pieces_of(tokenizer, trace) if p.phase == "thinking"]
    waits = [i for i, piece in enumerate(thinking) if piece.forced]
    return [thinking[i + 1].text for i in waits]


def classify(before: str, after: str) -> str:
    """Say what a text after a Wait does, as one of `CLASSES`, from its words alone.

    It stops at once if it has at most three words, repeats if most of its runs of three words
    stood in the thinking before, checks if it calculates or speaks of checking, else it drifts.
    The bounds are simple on purpose: read the texts themselves before you rest much on them.
    """
    words = after.split()
    if len(words) <= AT_ONCE:
        return CLASSES[0]
    runs = [tuple(words[i : i + 3]) for i in range(len(words) - 2)]
    old = before.split()
    known = {tuple(old[i : i + 3]) for i in range(len(old) - 2)}
    if sum(run in known for run in runs) > len(runs) / 2:
        return CLASSES[1]
    return CLASSES[2] if CHECKING.search(after) or SUM.search(after) else CLASSES[3]


def count_after_waits(tokenizer: Any, traces: list[Trace]) -> dict[str, int]:
    """Count the classes of what came after the first Wait of each trace that has one."""
    counts = dict.fromkeys(CLASSES, 0)
    for trace in traces:
        if trace.ends:
            before = tokenizer.decode(trace.ids[: trace.ends[0]])
            counts[classify(before, texts_after_waits(tokenizer, trace)[0])] += 1
    return counts
