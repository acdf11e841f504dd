"""The pretraining text: what the base model knows before it meets any thinking.

Three kinds of documents, drawn without end from a seed:
- *chats*: a question in the chat format, answered directly;
- *worksheets*: plain text, a question worked several times over, in order and from the
  end, so that one pass following another is a firm skill. Stray remarks and other people's
  wrong passes stand between them: a pass must be read off the question;
- *echoes*: a random string, written again: to copy is the skill beneath every look-up.
Neither holds the thinking format, a glance that is given up, or the word "Wait".
"""

import random
import string
from collections.abc import Iterator
from typing import Any

from s1lib.chat import END_OF_TEXT, completion_text, prompt_text
from s1lib.toyworld.questions import (
    DIALS,
    FAMILIES,
    MIN_SIZE,
    Problem,
    answer,
    bucket,
    draw_problem,
    question,
    work,
)

# The buckets of questions (`families.bucket`) that pretraining may use; trivial ones are too few
# to be kept apart and are in no evaluation set.
BUCKETS, ANY = range(4, 16), range(16)
CHAT_SHARE, ECHO_SHARE = 0.3, 0.2
PASSES = (1, 1, 1, 2, 2, 2, 3, 3, 4, 6)  # passes in one worksheet, equally likely
STRAY_SHARE = 0.3  # how often a remark stands before a pass
WRONG_SHARE = 0.1  # how often a pass is somebody's wrong one (never trained on)
SIZE_WEIGHTS = (1, 1, 2, 2, 3, 3, 3, 3)
LEADS = ("", "Then ", "Now ", "Again ", "Next, ")
REMARKS = ("Someone said {}.", "It may be {}.", "Others got {}.", "I heard {}.")

# A document is a list of (text, is it trained on).
Document = list[tuple[str, bool]]


def draw_from(rng: random.Random, family: str, size: int, buckets: range) -> Problem:
    """Draw a question whose key falls in the given buckets."""
    while True:
        problem = draw_problem(rng, family, size)
        if bucket(problem.key) in buckets:
            return problem


def chat(problem: Problem, tokenizer: Any) -> Document:
    """Write a question that is answered directly."""
    return [
        (prompt_text(tokenizer, question(problem)), False),
        (completion_text(None, answer(problem)) + "\n", True),
    ]


def worksheet(rng: random.Random, problem: Problem) -> Document:
    """Write a question worked several times, with stray remarks and wrong passes in between."""
    document: Document = [(f"{question(problem)}\n", False)]
    for _ in range(rng.choice(PASSES)):
        if rng.random() < STRAY_SHARE:
            document.append((rng.choice(REMARKS).format(rng.randint(1, 60)) + "\n", False))
        backwards = FAMILIES[problem.family].second_way and rng.random() < 0.5
        lead = rng.choice(LEADS) + ("from the end" if backwards else "in order") + ": "
        wrong = rng.random() < WRONG_SHARE
        slip_at = rng.randrange(problem.size) if wrong else None
        text, _ = work(problem, backwards, slip_at, rng.choice((-2, -1, 1, 2)))
        document.append((lead[0].upper() + lead[1:], True))
        document.append((f"{text}\n", not wrong))
    return [*document, (END_OF_TEXT, True)]


def echo(rng: random.Random) -> Document:
    """Write random words and numbers, and the same again."""
    letters = string.ascii_letters + string.digits
    words = ["".join(rng.choices(letters, k=rng.randint(1, 5))) for _ in range(rng.randint(4, 12))]
    text = " ".join(words)
    return [(f"{text}\n", False), (f"{text}\n", True), (END_OF_TEXT, True)]


def documents(seed: int, tokenizer: Any) -> Iterator[Document]:
    """Draw documents without end, families equally often."""
    rng = random.Random(seed)
    families = list(FAMILIES)
    while True:
        if rng.random() < ECHO_SHARE:
            yield echo(rng)
            continue
        family = rng.choice(families)
        is_chat = rng.random() < CHAT_SHARE
        size = rng.choice(DIALS) if is_chat else rng.choices(DIALS, SIZE_WEIGHTS)[0]
        problem = draw_from(rng, family, size, BUCKETS if size >= MIN_SIZE else ANY)
        yield chat(problem, tokenizer) if is_chat else worksheet(rng, problem)
