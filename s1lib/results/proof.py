"""The recorded proof: `make results-proof` makes `data/results/proof.json` again, and the figure
in the README.

Three fine-tuning seeds on the whole held-out set, and, on the development set, the choice of
N and a sweep of the teacher's early-stopping rate. About 35 minutes on two cores; an interrupted
run goes on where it stopped (its parts lie in `build/proof/`).
"""

import argparse
import json
from collections import defaultdict
from dataclasses import asdict, replace

from s1lib.engines.common import Trace
from s1lib.evaluate import (
    Runs,
    comparisons,
    grade,
    opened,
    result_row,
    run_direct,
)
from s1lib.metrics import pooled_rate, wilson
from s1lib.plots import paper_rows, scaling_curve
from s1lib.profile import Profile
from s1lib.results.parts import (
    WAITS,
    about,
    begin,
    bits,
    in_workers,
    kept,
    proof_model,
    proof_runs,
    thinking_runs,
    tuned,
    write,
)
from s1lib.store import ROOT, command, locate, read_rows
from s1lib.world.families import parse
from s1lib.world.teacher import Habits, reply

SEEDS = (0, 1, 2)
SWEEP = (0.0, 0.2)  # beside the published rate
WORLDS_TRIED = 8  # versions of the world, this one included: docs/world.md


def answers_only(profile: Profile, seed: int) -> list[Trace]:
    """The held-out answers of a model fine-tuned on the same rows without their thinking."""
    rows, evals = read_rows(locate("curated.jsonl")), read_rows(locate("heldout.jsonl"))
    folder = tuned(f"answers-only-{seed}", rows, profile, seed, thinking=False)
    return kept(f"answers-only-{seed}-direct", lambda: run_direct(opened(profile, folder), evals))


def all_seeds(
    evals: list[dict], profile: Profile, seeds: tuple[int, ...]
) -> dict[str, list[list[Trace]]]:
    """Every system of the proof on the held-out set: name -> one list of traces per seed."""
    runs: dict[str, list[list[Trace]]] = defaultdict(list)
    direct = kept("base-direct", lambda: run_direct(opened(profile, locate("base")), evals))
    for seed in seeds:
        runs["base-direct"].append(direct)
        runs["sft-answers-only"].append(answers_only(profile, seed))
        for name, traces in proof_runs(profile, seed).items():
            runs[name].append(traces)
    return runs


def rate_rows(right: dict[str, list[list[bool]]], evals: list[dict]) -> list[dict]:
    """Accuracy of each system by family, seeds pooled."""
    rows = []
    for family in sorted({row["family"] for row in evals}):
        mine = [i for i, row in enumerate(evals) if row["family"] == family]
        for name, seeds in right.items():
            seeds = seeds[:1] if name == "base-direct" else seeds
            rate = pooled_rate([[grades[i] for i in mine] for grades in seeds])
            rows.append({"family": family, "name": name} | asdict(rate))
    return rows


def answered_by(rows: list[dict], early_stop: float) -> list[dict]:
    """The same questions with the traces of a teacher of that early-stopping rate."""
    habits = replace(Habits(), early_stop=early_stop, silent=0.0)
    replies = [reply(parse(row["question"]), habits, 0) for row in rows]
    return [
        row | {"thinking_trajectories": [r.thinking], "attempt": f"Answer: {r.answer}"}
        for row, r in zip(rows, replies, strict=True)
    ]


def taught_by(profile: Profile, rate: float) -> Runs:
    """The development traces of a model whose teacher has this early-stopping rate, seed 0."""
    rows, dev = read_rows(locate("curated.jsonl")), read_rows(locate("dev.jsonl"))
    name = f"sweep-{rate}"
    folder = tuned(name, answered_by(rows, early_stop=rate), profile, 0)
    return thinking_runs(f"{name}-dev", folder, dev, profile, (1, 2))


def development_runs(profile: Profile) -> Runs:
    """The development traces of the proof's model of seed 0."""
    dev = read_rows(locate("dev.jsonl"))
    return thinking_runs("sft-0-dev", proof_model(profile, 0), dev, profile, WAITS)


def sweep(profile: Profile) -> list[dict]:
    """What the teacher's early-stopping rate does, on the development set, seed 0.

    The same curated questions are answered by teachers that differ in this habit alone.
    """
    dev, results = read_rows(locate("dev.jsonl")), []
    for rate in sorted({*SWEEP, Habits().early_stop}):
        own = rate == Habits().early_stop  # the teacher of the curated set itself
        runs = development_runs(profile) if own else taught_by(profile, rate)
        for name in ("sft", "sft-wait-1", "sft-wait-2"):
            grades = grade(runs[name], dev)
            results.append(
                {"early_stop": rate, "name": name} | asdict(wilson(sum(grades), len(grades)))
            )
    return results


def dev_rows(profile: Profile) -> list[dict]:
    """The development set, seed 0: what N was chosen on."""
    dev, runs = read_rows(locate("dev.jsonl")), development_runs(profile)
    return [result_row(name, 0, [traces], [grade(traces, dev)]) for name, traces in runs.items()]


def prove(profile: Profile, seeds: tuple[int, ...] = SEEDS, with_sweep: bool = True) -> dict:
    """All rows and comparisons of the proof."""
    evals = read_rows(locate("heldout.jsonl"))
    jobs: list[tuple] = [(proof_runs, profile, seed) for seed in seeds]
    jobs += [(answers_only, profile, seed) for seed in seeds]
    jobs += [(taught_by, profile, rate) for rate in SWEEP if with_sweep]
    in_workers(jobs)
    development = dev_rows(profile)
    runs = all_seeds(evals, profile, seeds)
    right = {name: [grade(traces, evals) for traces in seeds] for name, seeds in runs.items()}
    result_rows, compared = [], []
    for i, seed in enumerate(seeds):
        for name, per_seed in runs.items():
            result_rows.append(result_row(name, seed, [per_seed[i]], [right[name][i]]))
        compared += comparisons({name: [r[i]] for name, r in right.items()}, seed)
    for name, per_seed in runs.items():
        pooled = per_seed[:1] if name == "base-direct" else per_seed  # it has no fine-tuning seed
        result_rows.append(result_row(name, "all", pooled, right[name][: len(pooled)]))
    compared += comparisons(right, "all")
    chosen = {"waits_chosen_on_dev": profile.chosen_waits, "worlds_tried": WORLDS_TRIED}
    return {
        "rows": result_rows,
        "comparisons": compared,
        "families": rate_rows(right, evals),
        "right": {name: bits(grades) for name, grades in right.items()},
        "dev": development,
        "sweep": sweep(profile) if with_sweep else [],
        "about": about(profile, seeds) | {"habits": asdict(Habits())} | chosen,
    }


def main() -> None:
    """Make the proof and write it to data/results/."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--profile", help="laptop by default")
    parser.add_argument(
        "--dev-only", action="store_true", help="only seed 0 on the development set"
    )
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="how many fine-tuning seeds")
    parser.add_argument("--skip-sweep", action="store_true", help="leave the sweep out")
    args = parser.parse_args()
    profile = begin(args.profile)
    if args.dev_only:
        print(json.dumps(dev_rows(profile), indent=1))
        return
    results = prove(profile, tuple(range(args.seeds)), not args.skip_sweep)
    write("proof", results)
    pooled = [row for row in results["rows"] if row["seed"] == "all"]
    here = f"here: {pooled[0]['n']:,} held-out questions"
    panels = {here: pooled, "paper: AIME24, 30 questions": paper_rows()}
    scaling_curve(panels, "").figure.savefig(ROOT / "docs" / "scaling.png", dpi=110)
    print(f"{len(results['rows'])} rows, {len(results['comparisons'])} comparisons")


if __name__ == "__main__":
    command(main)
