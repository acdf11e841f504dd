"""What the widget shows beside the model's words: texts, questions, rates, a recorded try."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from s1lib.errors import CourseError
from s1lib.inference.budget import Budget
from s1lib.inference.hf import HFEngine
from s1lib.inference.live import LiveToken, Thought, think_on
from s1lib.io import DATA, read_rows
from s1lib.toyworld.questions import parse, reference_answer

FOLDER = Path(__file__).parent
RECORDED = FOLDER / "recorded.json"
PER_FAMILY = 40  # questions of the page: the first of each family, in the held-out set's order


def texts(language: str = "en") -> dict[str, str]:
    """Read the table of all texts of the widget; `texts.json` is English, `texts.de.json` German.

    Raises CourseError for a language that has no table.
    """
    path = FOLDER / ("texts.json" if language == "en" else f"texts.{language}.json")
    if not path.exists():
        raise CourseError(
            f"the widget has no texts in {language!r}: translate texts.json into {path.name}."
        )
    return json.loads(path.read_text(encoding="utf-8"))


def named_questions(questions: Iterable[str]) -> list[dict[str, str]]:
    """Add to each question its family, "" if it is not of the toy world."""
    pairs = ((question, parse(question)) for question in questions)
    return [{"question": q, "family": p.family if p else ""} for q, p in pairs]


def page_questions() -> list[dict[str, str]]:
    """Choose the questions of the page: the first held-out ones of each family."""
    count: Counter[str] = Counter()
    chosen = []
    for row in read_rows(DATA / "heldout.jsonl"):
        count[row["family"]] += 1
        if count[row["family"]] <= PER_FAMILY:
            chosen.append({"question": row["question"], "family": row["family"]})
    return chosen


def recorded_rates() -> dict[str, int]:
    """Count what one Wait did to the held-out questions, over the recorded seeds."""
    main = json.loads((DATA / "results" / "main_result.json").read_text(encoding="utf-8"))
    rows = [row for row in main["comparisons"] if row["name"] == "wait-1-vs-sft"]
    [pooled] = [row for row in rows if row["seed"] == "all"]
    seeds = [row for row in rows if row["seed"] != "all"]
    return {
        "questions": seeds[0]["n"],
        "seeds": len(seeds),
        "tries": pooled["n"],
        "fixed": pooled["fixed"],
        "broken": pooled["broken"],
    }


def recorded() -> dict[str, Any]:
    """Read the recorded try (see `record`)."""
    return json.loads(RECORDED.read_text(encoding="utf-8"))


def record(engine: HFEngine, limit: int) -> dict[str, Any]:
    """Record the try that the widget opens with.

    The rule, so that nobody chose a pretty one: the first question of the held-out set, in the
    file's order, whose answer changes with one "Wait".
    """
    for row in read_rows(DATA / "heldout.jsonl"):
        first, before = _attempt(engine, row["question"], limit)
        second, after = _attempt(engine, row["question"], limit, before)
        if before.shown != after.shown:
            second = [*_thinking(first), *second]
            attempts = [(first, before, []), (second, after, ["Wait"])]
            return {
                "question": row["question"],
                "attempts": [
                    {"path": path, "tokens": [list(t) for t in tokens], "thought": asdict(thought)}
                    for tokens, thought, path in attempts
                ],
            }
    raise CourseError("no Wait changes any answer: there is nothing to record.")


def _attempt(
    engine: HFEngine, question: str, limit: int, before: Thought | None = None
) -> tuple[list[LiveToken], Thought]:
    """Run one attempt to its end: from the beginning, or on from `before` after a Wait."""
    budget = Budget(limit, max_answer=engine.max_answer)
    steps = think_on(
        engine,
        question,
        budget,
        before.ids if before else (),
        before.ends if before else (),
        ignore_end=before is not None,
        reference=reference_answer(question),
    )
    tokens = []
    while True:
        try:
            tokens.append(next(steps))
        except StopIteration as end:
            return tokens, end.value


def _thinking(tokens: list[LiveToken]) -> list[LiveToken]:
    last = max(i for i, token in enumerate(tokens) if token.phase == "thinking")
    return tokens[: last + 1]
