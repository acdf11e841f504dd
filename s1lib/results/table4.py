"""Table 4 of the paper: what to append. `make results-table4` makes `data/results/table4.json`.

The three fine-tuned models of the proof think on the held-out set with two continuations each
time: after "Wait", after "Hmm", after "Alternatively", and with nothing written. About half an
hour on two cores; an interrupted run goes on.
"""

import argparse

from s1lib.engines.common import Trace
from s1lib.evaluate import comparison_row, grade
from s1lib.metrics import compare
from s1lib.profile import Profile
from s1lib.results.parts import (
    about,
    begin,
    bits,
    heldout_traces,
    in_workers,
    proof_runs,
    seed_rows,
    write,
)
from s1lib.store import command, locate, read_rows

STRINGS: dict[str, str | None] = {
    "nothing": None,
    "Alternatively": "Alternatively",
    "Hmm": "Hmm",
    "Wait": "Wait",
}
TIMES = 2  # as in the paper
SEEDS = (0, 1, 2)
PAPER = {  # AIME24, MATH500, GPQA Diamond
    "no extrapolation": (50.0, 93.0, 57.6),
    "nothing": (50.0, 90.2, 55.1),
    "Alternatively": (50.0, 92.2, 59.6),
    "Hmm": (50.0, 93.0, 59.6),
    "Wait": (53.3, 93.0, 59.6),
}


def appended(name: str, profile: Profile, seed: int) -> list[Trace]:
    """The held-out traces of the proof's model of this seed, with this string appended."""
    budget = profile.budget(waits=TIMES, string=STRINGS[name])
    return heldout_traces(f"table4-{name}-{seed}", profile, seed, budget)


def measure(profile: Profile, seeds: tuple[int, ...] = SEEDS) -> dict:
    """A row for each string and seed, and paired comparisons with not going on at all."""
    evals = read_rows(locate("heldout.jsonl"))
    in_workers([(proof_runs, profile, seed) for seed in seeds])  # "Wait" is among the proof's
    others = [name for name in STRINGS if name != "Wait"]
    in_workers([(appended, name, profile, seed) for name in others for seed in seeds])
    traces = {name: [] for name in ("no extrapolation", *STRINGS)}
    for seed in seeds:
        once = proof_runs(profile, seed)
        traces["no extrapolation"].append(once["sft"])
        traces["Wait"].append(once[f"sft-wait-{TIMES}"])
        for name in others:
            traces[name].append(appended(name, profile, seed))
    right = {name: [grade(t, evals) for t in runs] for name, runs in traces.items()}
    results: dict = {"rows": [], "comparisons": []}
    for name, runs in traces.items():
        results["rows"] += seed_rows(name, seeds, runs, right[name])
        for other in ("no extrapolation", "Wait"):
            if name not in ("no extrapolation", other):
                difference = compare(right[other], right[name])
                row = comparison_row(f"{name} against {other}", "all", difference)
                results["comparisons"].append(row)
    same = {
        name: sum(
            a.thinking.strip() == b.thinking.strip()
            for one, other in zip(runs, traces["Wait"], strict=True)
            for a, b in zip(one, other, strict=True)
        )
        for name, runs in traces.items()
    }
    every = {name: bits(grades) for name, grades in right.items()}
    results |= {"same_thinking_as_wait": same, "right": every}
    return results | {"paper": PAPER, "about": about(profile, seeds)}


def main() -> None:
    """Measure, and write it to data/results/."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--profile", help="laptop by default")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="how many fine-tuning seeds")
    args = parser.parse_args()
    results = measure(begin(args.profile), tuple(range(args.seeds)))
    write("table4", results)
    for row in results["rows"]:
        if row["seed"] == "all":
            print(f"{row['name']:18} {row['accuracy']:.1%}")


if __name__ == "__main__":
    command(main)
