"""Grading: is the answer right? Exact, and model text is never evaluated."""

import re

NUMBER = re.compile(r"-?[0-9]{1,18}")


def extract(text: str) -> str | None:
    """The answer in what a model wrote after its thinking; None if there is none.

    It stands behind the last "Answer:" if there is one, and is the first whole number there.
    """
    found = NUMBER.search(text.rsplit("Answer:", 1)[-1])
    return str(int(found.group())) if found else None


def is_right(text: str, reference: str) -> bool:
    """Whether the extracted answer equals the reference as a number; no answer is wrong."""
    given = extract(text)
    return given is not None and int(given) == int(reference)
