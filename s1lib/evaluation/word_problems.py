"""Small word problems of our own, with exact answers and a worked solution each.

For a real language model, which knows the toy world's questions as little as it was made for them.
Numbers are drawn, so no model can have read them.
"""

import random

NAMES = ("Ana", "Ben", "Chen", "Dora", "Emil", "Fay", "Gus", "Hana", "Ines", "Jon")
THINGS = ("apples", "pens", "cards", "stamps", "marbles", "books", "shells", "coins")


def word_problems(number: int, seed: int = 0) -> list[dict]:
    """Draw so many different problems: rows of question, answer, kind, thinking and attempt.

    The thinking works the answer out step by step; rows can be trained on as curated ones are.
    """
    rng = random.Random(seed)
    rows: dict[str, dict] = {}
    while len(rows) < number:
        make = KINDS[len(rows) % len(KINDS)]
        name, other = rng.sample(NAMES, 2)
        question, steps, answer = make(rng, name, other, rng.choice(THINGS))
        rows[question] = {
            "question": question,
            "answer": str(answer),
            "kind": "integer",
            "thinking_trajectories": [steps],
            "attempt": f"Final Answer: {answer}",
        }
    return list(rows.values())


def _gained(rng: random.Random, name: str, other: str, things: str) -> tuple[str, str, int]:
    a, b, c = (rng.randint(5, 30) for _ in range(3))
    return (
        f"{name} has {a} {things}. {other} gives {name} {b} more, and then {name} finds {c}. "
        f"How many {things} does {name} have now?",
        f"{name} starts with {a}. {a} + {b} = {a + b}. {a + b} + {c} = {a + b + c}.",
        a + b + c,
    )


def _lost(rng: random.Random, name: str, other: str, things: str) -> tuple[str, str, int]:
    a, b, c = rng.randint(40, 70), rng.randint(5, 18), rng.randint(5, 18)
    return (
        f"{name} has {a} {things}, loses {b} of them and gives {c} to {other}. "
        f"How many {things} are left?",
        f"{name} starts with {a}. {a} - {b} = {a - b}. {a - b} - {c} = {a - b - c}.",
        a - b - c,
    )


def _boxes(rng: random.Random, name: str, other: str, things: str) -> tuple[str, str, int]:
    a, b, c = rng.randint(3, 9), rng.randint(3, 9), rng.randint(2, 12)
    return (
        f"{name} has {a} boxes with {b} {things} in each, and {other} has {c} {things}. "
        f"How many {things} do they have together?",
        f"The boxes hold {a} x {b} = {a * b}. {a * b} + {c} = {a * b + c}.",
        a * b + c,
    )


def _shared(rng: random.Random, name: str, other: str, things: str) -> tuple[str, str, int]:
    a, b, c = rng.randint(2, 6), rng.randint(3, 9), rng.randint(1, 8)
    return (
        f"{name} shares {a * b} {things} equally among {a} friends. {other} is one of them and "
        f"had {c} before. How many {things} does {other} have now?",
        f"Each friend gets {a * b} / {a} = {b}. {b} + {c} = {b + c}.",
        b + c,
    )


KINDS = (_gained, _lost, _boxes, _shared)
