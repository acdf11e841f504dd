"""Table 2 of the paper: does the choice of the 1,000 matter? `make results-table2` makes
`data/results/table2.json`.

Random, diverse, longest and all rows against the curated 1,000, three seeds each, on the whole
held-out set with and without a Wait. A seed also draws its random and diverse rows anew. About
35 minutes on two cores beside the proof's models; an interrupted run goes on.
"""

from dataclasses import replace

from s1lib.curate import ablation_sets, curate
from s1lib.evaluate import Runs, comparison_row, grade
from s1lib.metrics import compare
from s1lib.profile import Profile
from s1lib.results.parts import (
    about,
    begin,
    bits,
    in_workers,
    proof_runs,
    seed_rows,
    thinking_runs,
    training,
    tuned,
    write,
)
from s1lib.store import command, locate, read_rows

NAMES = ("random", "diverse", "longest", "full")
SEEDS = (0, 1, 2)
FULL_EPOCHS = 2  # not five, for time: still 8,218 rows seen, against 5,000
PAPER = {  # AIME24, MATH500, GPQA Diamond, each with the 95% interval of its difference to s1K
    "random": ((36.7, -26.7, -3.3), (90.6, -4.8, 0.0), (52.0, -12.6, 2.5)),
    "diverse": ((26.7, -40.0, -10.0), (91.2, -4.0, 0.2), (54.6, -10.1, 5.1)),
    "longest": ((33.3, -36.7, 0.0), (90.4, -5.0, -0.2), (59.6, -5.1, 10.1)),
    "full": ((53.3, -13.3, 20.0), (92.8, -2.6, 2.2), (58.1, -6.6, 8.6)),
    "curated": ((50.0,), (93.0,), (57.6,)),
}


def clean_rows(profile: Profile) -> list[dict]:
    """The rows that passed quality and decontamination, from which all sets are drawn."""
    rows = read_rows(locate("traces.jsonl"))
    evals = read_rows(locate("dev.jsonl")) + read_rows(locate("heldout.jsonl"))
    unsolved = {row["question"]: False for row in rows}  # this stage comes later
    return curate(rows, evals, unsolved, profile)[1].clean


def trained_with(name: str, profile: Profile) -> Profile:
    """The settings with which a set is trained on."""
    epochs = {"num_train_epochs": FULL_EPOCHS} if name == "full" else {}
    return replace(profile, sft=profile.sft | epochs)


def set_runs(name: str, rows: list[dict], profile: Profile, seed: int) -> Runs:
    """The held-out traces of the model fine-tuned on one set, without and with one Wait."""
    profile = trained_with(name, profile)
    evals = read_rows(locate("heldout.jsonl"))
    folder = tuned(f"{name}-{seed}", rows, profile, seed)
    return thinking_runs(f"{name}-{seed}", folder, evals, replace(profile, limits=()), (1,))


def measure(profile: Profile, seeds: tuple[int, ...] = SEEDS) -> dict:
    """A row for each set, number of Waits and seed; paired comparisons with the curated set,
    pooled and seed by seed."""
    evals, clean = read_rows(locate("heldout.jsonl")), clean_rows(profile)
    drawn = {seed: ablation_sets(clean, profile.curated, seed) for seed in seeds}
    jobs = [(set_runs, name, drawn[s][name][0], profile, s) for s in seeds for name in NAMES]
    in_workers([(proof_runs, profile, seed) for seed in seeds])
    in_workers(sorted(jobs, key=lambda job: -len(job[2])))  # the long ones first
    runs = {name: [set_runs(name, drawn[s][name][0], profile, s) for s in seeds] for name in NAMES}
    runs["curated"] = [proof_runs(profile, seed) for seed in seeds]
    results: dict = {"rows": [], "comparisons": [], "right": {}}
    for system in ("sft", "sft-wait-1"):
        right = {name: [grade(r[system], evals) for r in some] for name, some in runs.items()}
        for name, some in runs.items():
            rated = seed_rows(system, seeds, [r[system] for r in some], right[name])
            results["rows"] += [{"set": name} | row for row in rated]
            results["right"][f"{name}/{system}"] = bits(right[name])
        for name in NAMES:
            pairs = [(s, right["curated"][s : s + 1], right[name][s : s + 1]) for s in seeds]
            pairs.append(("all", right["curated"], right[name]))
            for seed, curated, other in pairs:
                row = comparison_row(system, seed, compare(curated, other))
                results["comparisons"].append({"set": name} | row)
    cards = {name: card for name, (_, card) in drawn[seeds[0]].items()}
    results["training"] = training([f"{name}-{seed}" for name in NAMES for seed in seeds])
    return results | {"cards": cards, "paper": PAPER, "about": about(profile, seeds)}


def main() -> None:
    """Measure, and write it to data/results/."""
    results = measure(begin())
    write("table2", results)
    for row in results["rows"]:
        if row["seed"] == "all":
            print(f"{row['set']:8} {row['name']:11} {row['accuracy']:.1%}")


if __name__ == "__main__":
    command(main)
