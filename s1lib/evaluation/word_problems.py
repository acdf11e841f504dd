"""Small word problems of our own, with exact answers and a worked solution each.

For a real language model, to which the toy world's questions are strange. Each takes one step with
small numbers. They are graded as mathematics is, by the final value: a model writes "6 + 18 = 24",
and the first number there is not its answer.
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
            "kind": "math",
            "thinking_trajectories": [steps],
            "attempt": f"Final Answer: {answer}",
        }
    return list(rows.values())


def _gained(rng: random.Random, name: str, other: str, things: str) -> tuple[str, str, int]:
    a, b = rng.randint(3, 20), rng.randint(3, 20)
    return (
        f"{name} has {a} {things}. {other} gives {name} {b} more. "
        f"How many {things} does {name} have now?",
        f"{name} starts with {a} and gets {b} more. {a} + {b} = {a + b}.",
        a + b,
    )


def _lost(rng: random.Random, name: str, other: str, things: str) -> tuple[str, str, int]:
    a, b = rng.randint(12, 30), rng.randint(3, 11)
    return (
        f"{name} has {a} {things} and gives {b} of them to {other}. "
        f"How many {things} does {name} have left?",
        f"{name} starts with {a} and gives {b} away. {a} - {b} = {a - b}.",
        a - b,
    )


def _boxes(rng: random.Random, name: str, other: str, things: str) -> tuple[str, str, int]:
    a, b = rng.randint(2, 9), rng.randint(2, 9)
    return (
        f"{name} has {a} boxes with {b} {things} in each. How many {things} does {name} have?",
        f"There are {a} boxes of {b}. {a} x {b} = {a * b}.",
        a * b,
    )


def _shared(rng: random.Random, name: str, other: str, things: str) -> tuple[str, str, int]:
    a, b = rng.randint(2, 9), rng.randint(2, 9)
    return (
        f"{name} shares {a * b} {things} equally among {a} friends. "
        f"How many {things} does each friend get?",
        f"{a * b} {things} go to {a} friends. {a * b} / {a} = {b}.",
        b,
    )


KINDS = (_gained, _lost, _boxes, _shared)
