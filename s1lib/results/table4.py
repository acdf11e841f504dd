"""Table 4 of the paper: which string to append.

The main result's three models think on the held-out set with two continuations each time: after
"Wait", after "Hmm", after "Alternatively", and with nothing appended. About half an hour on two
cores.
"""

from typing import Any

from s1lib.config import Profile
from s1lib.evaluation.conditions import Condition, stops_by_itself, with_waits
from s1lib.inference.engine import Trace
from s1lib.paper_numbers import TABLE_4
from s1lib.results.builder import ResultBuilder
from s1lib.results.cache import course_rows, heldout_traces, main_runs, run_in_workers

LABELS = ("name",)
SEEDS = (0, 1, 2)
STRINGS: dict[str, str | None] = {
    "nothing": None,
    "Alternatively": "Alternatively",
    "Hmm": "Hmm",
    "Wait": "Wait",
}
TIMES = 2  # as in the paper


def with_string(name: str, profile: Profile) -> Condition:
    """Return the condition that appends the string of this name."""
    return Condition(name, profile.max_thinking_waits, TIMES, STRINGS[name])


def traces_with(name: str, profile: Profile, seed: int) -> list[Trace]:
    """Return the held-out traces of the main model of this seed with this string appended."""
    if STRINGS[name] == "Wait":
        return main_runs(profile, seed)[with_waits(profile, TIMES)]
    return heldout_traces(f"table4-{name}-{seed}", with_string(name, profile), profile, seed)


def same_thinking(runs: list[list[Trace]], others: list[list[Trace]]) -> int:
    """Count the thoughts that are equal in both, question by question."""
    return sum(
        (a.thinking or "").strip() == (b.thinking or "").strip()
        for one, other in zip(runs, others, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def measure(profile: Profile, seeds: tuple[int, ...] = SEEDS) -> dict[str, Any]:
    """Measure each string; compare it with no continuation, and with "Wait"."""
    run_in_workers((main_runs, profile, seed) for seed in seeds)  # a model is made by one job only
    run_in_workers((traces_with, name, profile, seed) for name in STRINGS for seed in seeds)
    stop = stops_by_itself(profile)
    alone = Condition("no extrapolation", stop.limit)
    runs = {alone: [main_runs(profile, seed)[stop] for seed in seeds]} | {
        with_string(name, profile): [traces_with(name, profile, seed) for seed in seeds]
        for name in STRINGS
    }
    builder = ResultBuilder(course_rows("heldout"), seeds)
    for condition, traces in runs.items():
        builder.add(condition.name, condition, traces)
    for name in STRINGS:
        for other in (alone.name, "Wait"):
            if name != other:
                builder.compare(f"{name} against {other}", other, name)
    waited = runs[with_string("Wait", profile)]
    same = {condition.name: same_thinking(traces, waited) for condition, traces in runs.items()}
    return builder.as_dict(profile, same_thinking_as_wait=same, paper=TABLE_4)
