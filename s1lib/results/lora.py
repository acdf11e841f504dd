"""Full fine-tuning against LoRA: `make results-lora` makes `data/results/lora.json` again.

Three ranks and three seeds on the embedded model, at ten times the learning rate of full
fine-tuning ("LoRA Without Regret", thinkingmachines.ai, 2025), on the whole held-out set. About
35 minutes on two cores; an interrupted run goes on (its parts lie in `build/proof/`).
"""

import argparse
from dataclasses import replace

from s1lib.evaluate import Runs, comparison_row, grade
from s1lib.metrics import compare
from s1lib.profile import Profile
from s1lib.results.parts import (
    about,
    begin,
    bits,
    in_workers,
    seed_rows,
    thinking_runs,
    training,
    tuned,
    write,
)
from s1lib.sizes import shape_of
from s1lib.store import command, locate, read_rows

RANKS = (4, 16, 64)
SEEDS = (0, 1, 2)
MULTIPLE = 10  # of the learning rate of full fine-tuning
WAITS = (1,)


def with_rank(profile: Profile, rank: int) -> Profile:
    """The same run with adapters of this rank on all linear layers."""
    return replace(
        profile,
        method="lora",
        lora=profile.lora | {"r": rank},
        sft=profile.sft | {"learning_rate": MULTIPLE * profile.sft["learning_rate"]},
    )


def measure(
    name: str, rows: list[dict], evals: list[dict], profile: Profile, seed: int
) -> tuple[Runs, float]:
    """The traces without and with one Wait of one fine-tuned model, and its last loss."""
    folder = tuned(f"{name}-{seed}", rows, profile, seed)
    only = replace(profile, limits=())
    runs = thinking_runs(f"{name}-{seed}", folder, evals, only, WAITS)
    return runs, training([f"{name}-{seed}"])[f"{name}-{seed}"]["last"]["loss"]


def compare_methods(profile: Profile, ranks=RANKS, seeds=SEEDS) -> dict:
    """Rows, paired comparisons with full fine-tuning, and what each method trains."""
    rows, evals = read_rows(locate("curated.jsonl")), read_rows(locate("heldout.jsonl"))
    shape = shape_of(profile.place(profile.model))
    methods = {"full": ("sft", profile, shape.parameters)} | {
        f"lora-{r}": (f"lora-{r}", with_rank(profile, r), shape.adapters(r)) for r in ranks
    }
    in_workers(
        [
            (measure, name, rows, evals, settings, seed)
            for name, settings, _ in methods.values()
            for seed in seeds
        ]
    )
    results: dict[str, list] = {"rows": [], "comparisons": [], "methods": []}
    right: dict[str, dict[str, list[list[bool]]]] = {}
    for method, (name, settings, trained) in methods.items():
        measured = [measure(name, rows, evals, settings, seed) for seed in seeds]
        losses = [loss for _, loss in measured]
        results["methods"].append(
            {"method": method, "trained": trained, "share": trained / shape.parameters}
            | {"learning_rate": settings.sft["learning_rate"], "last_losses": losses}
        )
        right[method] = {}
        for system in ("sft", *(f"sft-wait-{n}" for n in WAITS)):
            traces = [runs[system] for runs, _ in measured]
            grades = right[method][system] = [grade(t, evals) for t in traces]
            rated = seed_rows(system, seeds, traces, grades)
            results["rows"] += [{"method": method} | row for row in rated]
            if method != "full":
                difference = compare(right["full"][system], grades)
                results["comparisons"].append(
                    {"method": method} | comparison_row(f"{system}-vs-full", "all", difference)
                )
    every = {
        method: {system: bits(grades) for system, grades in systems.items()}
        for method, systems in right.items()
    }
    models = [f"lora-{rank}-{seed}" for rank in ranks for seed in seeds]
    trained = {"training": training(models), "right": every}
    return results | trained | {"about": about(profile, seeds)}


def main() -> None:
    """Make the comparison and write it to data/results/."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--profile", help="laptop by default")
    profile = begin(parser.parse_args().profile)
    results = compare_methods(profile)
    write("lora", results)
    for row in results["rows"]:
        if row["seed"] == "all":
            print(f"{row['method']:8} {row['name']:12} {row['accuracy']:.1%}")


if __name__ == "__main__":
    command(main)
