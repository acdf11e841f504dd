"""Conditions: what is asked of a model in one evaluation, as data."""

from dataclasses import dataclass
from typing import Any

from s1lib.config import Profile


@dataclass(frozen=True)
class Condition:
    """A model under one budget. `name` is what rows, files and tables call it.

    limit: at most so many thinking tokens (None: no thinking at all).
    waits: how often an end of thinking is ignored.
    string: what is appended each time (None: nothing).
    """

    name: str
    limit: int | None
    waits: int = 0
    string: str | None = "Wait"

    @property
    def fields(self) -> dict[str, Any]:
        """What a row of results says of its condition."""
        return {
            "name": self.name,
            "limit": self.limit,
            "waits": self.waits,
            "string": self.string if self.waits else None,
        }


NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 6: "six", 8: "eight"}


def in_words(row: dict[str, Any]) -> str:
    """Say a condition in words, for a legend: "one Wait" and not "sft-wait-1".

    `row` is a row of results or a comparison: it has a `name`, and `limit` and `waits` if the
    model thinks.
    """
    waits = row.get("waits")
    if waits:
        named = NUMBERS.get(waits, str(waits))
        return f"{named} {row.get('string', 'Wait') or 'ignored end'}{'s' * (waits > 1)}"
    name = row["name"]
    known = {
        "base-direct": "base, no thinking",
        "sft-answers-only": "fine-tuned on answers only",
        "sft": "stops by itself",
    }
    return known.get(name) or (f"limit {row['limit']}" if row.get("limit") else name)


BASE = Condition("base-direct", None)  # the model before fine-tuning, which does not think
ANSWERS_ONLY = Condition("sft-answers-only", None)  # fine-tuned on the answers without thinking


def stops_by_itself(profile: Profile) -> Condition:
    """Return the condition of the fine-tuned model with the profile's own limit and no Wait."""
    return Condition("sft", profile.max_thinking)


def with_waits(profile: Profile, waits: int, string: str | None = "Wait") -> Condition:
    """Return the condition of the fine-tuned model with so many Waits."""
    return Condition(f"sft-wait-{waits}", profile.max_thinking_waits, waits, string)


def thinking_conditions(
    profile: Profile, waits: tuple[int, ...], string: str | None = "Wait"
) -> list[Condition]:
    """List the fine-tuned model's conditions: each limit of the profile, none, and each of `waits`.

    They are in the order of the tables: from the least thinking to the most.
    """
    limits = [Condition(f"sft-limit-{limit}", limit) for limit in profile.limits]
    return [*limits, stops_by_itself(profile), *(with_waits(profile, n, string) for n in waits)]
