"""What if "Wait" is forbidden?

As in NoWait (arXiv 2506.08343) the word is suppressed while the model thinks: alone, and with one
end of thinking ignored. The main result's three models on the whole held-out set. About ten
minutes on two cores.
"""

from typing import Any

from s1lib.config import Profile
from s1lib.evaluation.conditions import Condition, stops_by_itself, with_waits
from s1lib.inference.engine import Sampling, Trace
from s1lib.results.builder import ResultBuilder
from s1lib.results.cache import course_rows, heldout_traces, main_runs, run_in_workers

LABELS = ("name",)
SEEDS = (0, 1, 2)
SUPPRESSED = Sampling(suppress=("Wait",))
PAIRS = [  # what is compared: before, after
    ("as trained", "without Wait"),
    ("Wait forced", "without Wait, Hmm forced"),
]


def suppressed_conditions(profile: Profile) -> list[Condition]:
    """Return the conditions with the word suppressed."""
    return [
        Condition("without Wait", profile.max_thinking),
        Condition("without Wait, Hmm forced", profile.max_thinking_waits, 1, "Hmm"),
    ]


def suppressed_traces(condition: Condition, profile: Profile, seed: int) -> list[Trace]:
    """Return the held-out traces of the main model of this seed with the word suppressed."""
    part = f"nowait-{condition.waits}-{seed}"
    return heldout_traces(part, condition, profile, seed, SUPPRESSED)


def main_conditions(profile: Profile) -> dict[Condition, Condition]:
    """Return the main result's conditions to compare with, under their names here."""
    return {
        Condition("as trained", profile.max_thinking): stops_by_itself(profile),
        Condition("Wait forced", profile.max_thinking_waits, 1): with_waits(profile, 1),
    }


def share_with(word: str, runs: list[list[Trace]]) -> float:
    """Return the share of thoughts that contain this word."""
    found = [word in (trace.thinking or "") for traces in runs for trace in traces]
    return round(sum(found) / len(found), 4)


def measure(profile: Profile, seeds: tuple[int, ...] = SEEDS) -> dict[str, Any]:
    """Measure both ways with the word suppressed; compare them with the word allowed."""
    run_in_workers((main_runs, profile, seed) for seed in seeds)  # a model is made by one job only
    suppressed = suppressed_conditions(profile)
    run_in_workers((suppressed_traces, c, profile, seed) for seed in seeds for c in suppressed)
    main = [main_runs(profile, seed) for seed in seeds]
    runs = {
        here: [some[there] for some in main] for here, there in main_conditions(profile).items()
    }
    runs |= {c: [suppressed_traces(c, profile, seed) for seed in seeds] for c in suppressed}
    builder = ResultBuilder(course_rows("heldout"), seeds)
    for condition in sorted(runs, key=lambda c: c.name):
        builder.add(condition.name, condition, runs[condition])
        builder.rows[-1] |= {  # the pooled row
            f"says {word}": share_with(word, runs[condition]) for word in ("Wait", "Hmm")
        }
    for before, after in PAIRS:
        builder.compare(f"{after} against {before}", before, after)
    return builder.as_dict(profile)
