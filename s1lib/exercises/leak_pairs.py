"""Pairs of questions for a rule against leaks: copies in new clothes, and innocent neighbours.

Each story can be told in two ways with any numbers. Two questions are copies if they are the same
story with the same numbers. Neighbours share only their wording, or only their numbers.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

# Two ways to tell each story; {a}, {b} and {c} are numbers.
PRACTICE = (
    (
        "A theatre sells {a} seats at {b} dollars each and {c} seats at half that price. "
        "How many dollars does the theatre take in all?",
        "For a play in a theatre, {c} seats cost half of what the other {a} cost, which is {b} "
        "dollars. Find the money taken.",
    ),
    (
        "A tank holds {a} litres of water. A pump fills in {b} litres each minute while {c} "
        "litres leak out each minute. How many litres does the tank hold after an hour?",
        "Out of a tank leak {c} litres a minute, and a pump brings {b}. It began with {a} litres "
        "of water; how much is it an hour later?",
    ),
    (
        "In how many ways can {a} boys and {b} girls sit in a row of {c} chairs if no two girls "
        "may sit next to each other?",
        "A row has {c} chairs. Count the ways to seat {b} girls, never next to each other, and "
        "{a} boys.",
    ),
    (
        "Let m and n be the two numbers whose sum is {a} and whose difference is {b}. Find the "
        "remainder when the product of m and n is divided by {c}.",
        "Two numbers differ by {b}, and their sum is {a}. What remainder does their product "
        "leave when divided by {c}?",
    ),
)
CHECKED = (
    (
        "A train leaves the station with {a} passengers. At each of the next {b} stops {c} "
        "passengers get on. How many passengers are on the train at the end of the line?",
        "{c} passengers get on a train at every one of {b} stops. When it left the first station "
        "it had {a}. With how many passengers does it arrive?",
    ),
    (
        "A farmer keeps {a} hens and {b} cows in a field, and {c} of the hens are brown. What is "
        "the probability that an animal chosen at random from the field is a brown hen?",
        "Of {a} hens {c} are brown. They share a field with {b} cows. An animal is chosen at "
        "random: how likely is it a brown hen?",
    ),
    (
        "Find the number of ordered pairs of positive integers whose product is {a} and whose "
        "sum is at most {b} but not a multiple of {c}.",
        "How many ordered pairs of positive integers multiply to {a}, if the sum must not exceed "
        "{b} and no multiple of {c} is allowed as sum?",
    ),
    (
        "A rectangular garden is {a} metres long and {b} metres wide. A path of {c} metres runs "
        "around the outside of the whole garden. What is the area of the path?",
        "Around a garden, a rectangle of {b} by {a} metres, runs a path, {c} metres broad. "
        "Compute its area.",
    ),
    (
        "A baker sells {a} loaves of bread in the morning and {b} in the afternoon, and has {c} "
        "left in the evening. How many loaves of bread did the baker bake on that day?",
        "In the evening {c} loaves are left to a baker, of whom people bought {b} after noon and "
        "{a} before. How many loaves came out of the oven?",
    ),
)
DRESSES = ("Please solve this for me: {}", "{} Explain each step.", "Question 7. {}")


@dataclass(frozen=True)
class Pair:
    """A question of a pool beside one of a test, and whether it is a copy of it."""

    question: str
    test: str
    copy: bool


def leak_pairs(stories: tuple[tuple[str, str], ...], seed: int) -> list[Pair]:
    """Make pairs of every sort from each story, in random order."""
    rng, pairs = random.Random(seed), []
    for place, (told, retold) in enumerate(stories):
        numbers, others = ({n: rng.randint(3, 98) for n in "abc"} for _ in range(2))
        elsewhere = stories[place - 1]
        test = told.format(**numbers)
        pairs += [
            Pair(retold.format(**numbers), test, True),
            Pair(test, retold.format(**numbers), True),
            Pair(rng.choice(DRESSES).format(test).upper(), test, True),
            Pair(told.format(**others), test, False),  # the same wording
            Pair(elsewhere[0].format(**numbers), test, False),  # the same numbers, in their order
            Pair(elsewhere[1].format(**others), test, False),
        ]
    rng.shuffle(pairs)
    return pairs


def count_errors(leak: Callable[[str, str], object], pairs: list[Pair]) -> dict[str, int]:
    """Count what a rule gets wrong: copies that it misses, and innocents that it accuses."""
    found = [(pair.copy, bool(leak(pair.question, pair.test))) for pair in pairs]
    return {
        "misses": sum(copy and not said for copy, said in found),
        "false alarms": sum(said and not copy for copy, said in found),
    }
