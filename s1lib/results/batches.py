"""How rows are put into steps, and what that does to "Wait". `make results-batches` makes
`data/results/batches.json`.

The same 1,000 rows, 16 a step, 315 steps: drawn at random, or rows of like length together, which
spares padding and the waiting of many cards. A step of short rows moves the weights as far as one
of long rows, so with like lengths each token of a short row counts for more. Three seeds, the whole
held-out set, and the loss of all useful tokens at the end. About 25 minutes on two cores; an
interrupted run goes on.
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from s1lib.engines.common import Trace
from s1lib.evaluate import Runs, comparison_row, grade
from s1lib.metrics import compare
from s1lib.profile import Profile
from s1lib.results.parts import (
    about,
    begin,
    bits,
    in_workers,
    proof_model,
    proof_runs,
    seed_rows,
    thinking_runs,
    training,
    tuned,
    write,
)
from s1lib.sft import load_base, load_tokenizer, loss_of_all, make_trainer, trainable
from s1lib.store import command, locate, read_rows

SEEDS = (0, 1, 2)
SAMPLINGS = {
    "random": {
        "train_sampling_strategy": "batch_rebalance",
        "per_device_train_batch_size": 2,
        "gradient_accumulation_steps": 8,
    },
    "like lengths": {
        "train_sampling_strategy": "group_by_length",
        "per_device_train_batch_size": 16,
        "gradient_accumulation_steps": 1,
    },
}


def sampled(name: str, profile: Profile) -> Profile:
    """The same run with its rows put into steps in this way."""
    return replace(profile, sft=profile.sft | SAMPLINGS[name])


def is_own(name: str, profile: Profile) -> bool:
    """Whether this is the profile's own way, which is that of the proof."""
    key = "train_sampling_strategy"
    return SAMPLINGS[name][key] == profile.sft[key]


def part(name: str) -> str:
    """The name of its parts."""
    return "batches-" + name.replace(" ", "-")  # Table 2 has random rows


def model(name: str, profile: Profile, seed: int) -> Path:
    """The model of this seed that was trained in this way."""
    if is_own(name, profile):
        return proof_model(profile, seed)
    rows = read_rows(locate("curated.jsonl"))
    return tuned(f"{part(name)}-{seed}", rows, sampled(name, profile), seed)


def runs(name: str, profile: Profile, seed: int) -> Runs:
    """Its held-out traces, without and with one Wait."""
    if is_own(name, profile):
        return proof_runs(profile, seed)
    evals, folder = read_rows(locate("heldout.jsonl")), model(name, profile, seed)
    return thinking_runs(f"{part(name)}-{seed}", folder, evals, replace(profile, limits=()), (1,))


def final_loss(folder: Path, profile: Profile) -> float:
    """The mean loss of a fine-tuned model over all useful tokens of the curated set."""
    tokenizer, _ = load_tokenizer(folder)
    rows = read_rows(locate("curated.jsonl"))
    data = trainable(rows, profile, tokenizer, report=lambda text: None)
    with TemporaryDirectory() as out:
        base = load_base(folder, profile)
        return loss_of_all(make_trainer(base, tokenizer, data, profile, Path(out)))


def glances(traces: list[Trace]) -> float:
    """The share of thoughts that end after the glance: nothing is worked."""
    return sum(":" not in trace.thinking for trace in traces) / len(traces)


def measure(profile: Profile, seeds: tuple[int, ...] = SEEDS) -> dict:
    """Rows with and without a Wait for both ways, what a Wait is worth in each, and the losses."""
    evals = read_rows(locate("heldout.jsonl"))
    in_workers([(runs, name, profile, seed) for name in SAMPLINGS for seed in seeds])
    results: dict = {"rows": [], "comparisons": [], "ways": [], "right": {}}
    for name in SAMPLINGS:
        by_seed, right = [runs(name, profile, seed) for seed in seeds], {}
        for system in ("sft", "sft-wait-1"):
            traces = [some[system] for some in by_seed]
            right[system] = [grade(t, evals) for t in traces]
            rated = seed_rows(system, seeds, traces, right[system])
            results["rows"] += [{"set": name} | row for row in rated]
        waited = compare(right["sft"], right["sft-wait-1"])
        results["comparisons"].append(
            {"set": name} | comparison_row("wait-1-vs-sft", "all", waited)
        )
        losses = [final_loss(model(name, profile, seed), profile) for seed in seeds]
        shares = [round(glances(some["sft"]), 4) for some in by_seed]
        results["ways"].append(
            {"set": name, "final_losses": [round(x, 4) for x in losses], "glances": shares}
        )
        results["right"] |= {f"{name}/{system}": bits(grades) for system, grades in right.items()}
    taught = [row["thinking_trajectories"][0] for row in read_rows(locate("curated.jsonl"))]
    results["glances_taught"] = sum(":" not in text for text in taught) / len(taught)
    others = [name for name in SAMPLINGS if not is_own(name, profile)]
    results["training"] = training([f"{part(name)}-{seed}" for name in others for seed in seeds])
    return results | {"about": about(profile, seeds)}


def main() -> None:
    """Measure, and write it to data/results/."""
    results = measure(begin())
    write("batches", results)
    for row in results["rows"]:
        if row["seed"] == "all":
            print(f"{row['set']:13} {row['name']:11} {row['accuracy']:.1%}")


if __name__ == "__main__":
    command(main)
