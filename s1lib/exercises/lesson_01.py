"""The exercises of notebook 1: a teacher's responses, its habits, and grading."""

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from s1lib.config import load_profile
from s1lib.exercises.model import Case, Exercise, Remark
from s1lib.grading.boxes import boxed
from s1lib.grading.graders import grade_text
from s1lib.toyworld.questions import FAMILIES, draw_problem, parse, question
from s1lib.toyworld.teacher import Habits, respond, stops_early

Parts = list[dict[str, Any]]
THOUGHT: dict[str, Any] = {"text": "Looks like 7.", "thought": True}
ANSWER: dict[str, Any] = {"text": "Answer: 7"}
# Responses as Gemini sends them, by what the reader is told of them: parts and finish reason
RESPONSES: dict[str, tuple[Parts | None, str | None]] = {
    "a thought and an answer, ended with STOP": ([THOUGHT, ANSWER], "STOP"),
    "the same, cut at its limit of tokens (MAX_TOKENS)": ([THOUGHT, ANSWER], "MAX_TOKENS"),
    "an answer without a thought, ended with STOP": ([ANSWER], "STOP"),
    "a thought without an answer, ended with STOP": ([THOUGHT], "STOP"),
    "two thoughts and an answer in two parts, ended with STOP": (
        [THOUGHT, {"text": "Wait, 8.", "thought": True}, ANSWER, {"text": "!"}],
        "STOP",
    ),
    "a thought and an answer of nothing but spaces, ended with STOP": (
        [THOUGHT, {"text": "  "}],
        "STOP",
    ),
    "a candidate without content, ended for SAFETY": (None, "SAFETY"),
    "a question that was blocked: there is no candidate": (None, None),
}


def response(parts: Parts | None, ending: str | None) -> Any:
    """Make a response of Google's client from its parts and its finish reason."""
    from google.genai import types

    candidate = {"content": parts and {"parts": parts}, "finishReason": ending}
    found: dict[str, Any] = {"candidates": [candidate]}
    if ending is None:
        found = {"promptFeedback": {"blockReason": "SAFETY"}}
    return types.GenerateContentResponse.model_validate(found)


def _response_cases() -> list[Case]:
    from s1lib.distillation.replies import parse_gemini

    teacher = load_profile("laptop").teacher
    made = {name: response(*how) for name, how in RESPONSES.items()}
    return [
        Case((given,), parse_gemini(given, teacher).failure is None, name)
        for name, given in made.items()
    ]


def _texts_of(response: Any) -> tuple[str, str]:
    """Join the thoughts of a response and its other parts; nothing where there are none."""
    candidate = response.candidates[0] if response.candidates else None
    parts = (candidate and candidate.content and candidate.content.parts) or []
    thoughts = "".join(part.text for part in parts if part.thought)
    return thoughts, "".join(part.text for part in parts if not part.thought)


def _trusting(response: Any) -> bool:
    """Judge as if there were always a candidate with content."""
    candidate = response.candidates[0]
    thoughts = [part.text for part in candidate.content.parts if part.thought]
    answers = [part.text for part in candidate.content.parts if not part.thought]
    whole = "".join(thoughts).strip() and "".join(answers).strip()
    return bool(whole) and candidate.finish_reason.name == "STOP"


# Traces of teachers with other habits, and who stops at a glance among them
TEACHERS = {
    "120 traces of the published teacher": (Habits(), 120),
    "80 traces of a teacher that never stops early": (Habits(early_stop=0), 80),
    "80 traces of a teacher that trusts every glance": (Habits(early_stop=1), 80),
    "80 traces of a teacher that says nothing half of the time": (Habits(silent=0.5), 80),
}


def teacher_rows(habits: Habits, number: int) -> list[dict[str, Any]]:
    """Let a teacher think about questions of all kinds; rows in the columns of s1K."""
    rng, rows = random.Random(number), []
    for i in range(number):
        problem = draw_problem(rng, list(FAMILIES)[i % len(FAMILIES)], rng.randint(1, 6))
        said = respond(problem, habits, seed=i)
        thinking = [said.thinking] if said else []
        rows.append({"question": question(problem), "thinking_trajectories": thinking})
    return rows


def _glance_cases() -> list[Case]:
    cases = []
    for name, (habits, number) in TEACHERS.items():
        rows = teacher_rows(habits, number)
        problems = [parse(row["question"]) for row in rows if row["thinking_trajectories"]]
        wanted = {p.theme: float(stops_early(p, habits)) for p in problems if p}
        cases.append(Case((rows,), wanted, name))
    return cases


def _shares(judged: Iterable[tuple[str, bool]]) -> dict[str, float]:
    """Return the share of each kind for which the judgement is true."""
    found: dict[str, list[bool]] = {}
    for kind, glance in judged:
        found.setdefault(kind, []).append(glance)
    return {kind: sum(glances) / len(glances) for kind, glances in found.items()}


def _kind(row: dict[str, Any]) -> str:
    problem = parse(row["question"])
    return problem.theme if problem else "other"


def _with_thinking(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(_kind(r), r["thinking_trajectories"][0]) for r in rows if r["thinking_trajectories"]]


@dataclass(frozen=True)
class Answer:
    """An answer to be judged. `about` is what makes it hard, `kind` its grader."""

    about: str
    question: str
    reference: str
    text: str
    kind: str = "math"


TEN_ANSWERS = (
    Answer(
        "decimals",
        "A fair die is thrown. What is the chance of a 1 or a 2?",
        r"\frac{1}{3}",
        "Two of six sides, so the chance is 0.33.",
    ),
    Answer(
        "order",
        "Where do the lines y = 2x and y = 3 - x meet?",
        "(1, 2)",
        r"They meet in \boxed{(2, 1)}.",
    ),
    Answer(
        "choices",
        "What does a catalyst change? (A) the rate (B) the heat (C) the yield (D) the mass",
        "A",
        "A catalyst lowers the barrier, so the reaction is faster.",
        "gpqa",
    ),
    Answer(
        "signs",
        "Half of the 40 seats are taken. What share is that?",
        r"50\%",
        "20 of 40 seats, which is 0.5.",
    ),
    Answer(
        "the last word",
        "Ten posts stand 2 m apart in a row. How long is the row, in metres?",
        "18",
        r"I get \boxed{20}. But ten posts have nine gaps: \boxed{18}",
        "aime",
    ),
    Answer(
        "order",
        "Solve x² + x = 2.",
        "1, -2",
        "So x = -2 or x = 1.",
    ),
    Answer(
        "signs",
        "A square has an area of 144 cm². How long is a side?",
        r"12\text{ cm}",
        "Each side is 12 m long.",
    ),
    Answer(
        "decimals",
        "What is the mean of 2 and 3?",
        r"\frac{5}{2}",
        "The mean is 2.5.",
    ),
    Answer(
        "the last word",
        "m and n are whole numbers with m + n = 12 and m - n = 2. What is m?",
        "7",
        "Adding both gives 2m = 14 and m = 7. Then n = 5, so m + n = 12.",
        "aime",
    ),
    Answer(
        "choices",
        "Which of these is a noble gas? (A) nitrogen (B) chlorine (C) argon (D) hydrogen",
        "C",
        "It cannot be (B), which reacts with nearly everything. The answer is (C).",
        "gpqa",
    ),
)


def _verdicts() -> list[bool]:
    return [grade_text(a.text, a.reference, a.kind).right for a in TEN_ANSWERS]


def _answer_cases() -> list[Case]:
    wanted = "the grader's judgement on all ten"
    return [Case((_verdicts(),), {"as the grader": 10}, "your ten judgements", wanted)]


def _judged(mine: list[Any], verdicts: list[bool]) -> dict[str, Any] | Remark:
    """Count the judgements that are the grader's, and name what the first other one is about."""
    if len(mine) != len(verdicts):
        return Remark(f"{len(mine)} judgements for {len(verdicts)} answers")
    if not all(judgement in (True, False) for judgement in mine):
        return Remark("a judgement that is neither True nor False")
    wrong = [a.about for a, m, v in zip(TEN_ANSWERS, mine, verdicts, strict=True) if m != v]
    alike = {"as the grader": len(mine) - len(wrong)}
    return alike | ({"misjudged first": wrong[0]} if wrong else {})


def _alike(outcome: Any, expected: Any) -> bool:
    """Compare what is misjudged first; the count beside it is for the reader."""
    if isinstance(outcome, Remark) or isinstance(expected, Remark):
        return bool(outcome == expected)
    return bool(outcome.get("misjudged first") == expected.get("misjudged first"))


def _misjudging(about: str) -> list[bool]:
    """Judge as the grader, but for the first answer about something."""
    first = next(i for i, answer in enumerate(TEN_ANSWERS) if answer.about == about)
    return [verdict != (i == first) for i, verdict in enumerate(_verdicts())]


def _box_cases() -> list[Case]:
    texts = (
        r"So the area is \boxed{36}.",
        r"First \boxed{12}. But the corners count twice, so it is \boxed{8}.",
        r"The chance is \boxed{\frac{1}{2}}, and {this} is no box.",
        r"In all \boxed{x^{2^{n}} + \frac{1}{x}} is left.",
        "I cannot find the answer.",
        "",
        r"It is \boxed{7}. Let me check that with \boxed{9",
    )
    return [Case((text,), boxed(text)) for text in texts]


def _by_pattern(pattern: str, place: int) -> Any:
    """Make an answer that searches with a regular expression."""

    def last_box(text: str) -> str | None:
        found = re.findall(pattern, text)
        return found[place] if found else None

    return last_box


def _first_box(text: str) -> str | None:
    end = text.find(r"\boxed{", text.find(r"\boxed{") + 1)
    return boxed(text[:end] if end > 0 else text)


def _up_to_its_brace(rest: str) -> str:
    """Count braces to the one that closes the box, or to the end of the text."""
    depth = 1
    for place, sign in enumerate(rest):
        depth += (sign == "{") - (sign == "}")
        if depth == 0:
            return rest[:place]
    return rest


def _unclosed(text: str) -> str | None:
    _, mark, rest = text.rpartition(r"\boxed{")
    return _up_to_its_brace(rest) if mark else None


EXERCISES = {
    "whole_responses": Exercise(
        _response_cases,
        mistakes={
            "only the ending": lambda r: (
                bool(r.candidates) and r.candidates[0].finish_reason.name == "STOP"
            ),
            "only the texts": lambda r: all(text.strip() for text in _texts_of(r)),
            "spaces": lambda r: all(_texts_of(r)) and r.candidates[0].finish_reason.name == "STOP",
            "trusting": _trusting,
        },
    ),
    "glances": Exercise(
        _glance_cases,
        mistakes={
            "no Wait": lambda rows: _shares(
                (kind, "Wait" not in text) for kind, text in _with_thinking(rows)
            ),
            "by lines": lambda rows: _shares(
                (kind, "\n" not in text) for kind, text in _with_thinking(rows)
            ),
            "only glances": lambda rows: {
                kind: share
                for kind, share in _shares(
                    (kind, ":" not in text) for kind, text in _with_thinking(rows)
                ).items()
                if share
            },
            "silence": lambda rows: _shares(
                (_kind(r), ":" not in "".join(r["thinking_trajectories"])) for r in rows
            ),
            "silence counted": lambda rows: _shares(
                (_kind(r), any(":" not in text for text in r["thinking_trajectories"]))
                for r in rows
            ),
        },
    ),
    "ten_answers": Exercise(
        _answer_cases,
        mistakes={
            about: _misjudging(about) for about in dict.fromkeys(a.about for a in TEN_ANSWERS)
        },
        outcome=_judged,
        agrees=_alike,
        kind="a list",
    ),
    "last_box": Exercise(
        _box_cases,
        mistakes={
            "the first": _first_box,
            "the first closing brace": _by_pattern(r"\\boxed\{(.*?)\}", -1),
            "the last closing brace": _by_pattern(r"\\boxed\{(?!.*\\boxed)(.*)\}", -1),
            "one level": _by_pattern(r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}", -1),
            "always a box": lambda text: _up_to_its_brace(text.split(r"\boxed{")[1:][-1]),
            "not closed": _unclosed,
        },
    ),
}
