"""Table 8 of the paper: training with a length that cuts the traces. `make results-table8` makes
`data/results/table8.json`.

The same 1,000 rows, cut where 74% of them lose their end, as at 4,096 tokens in the paper; one
seed, the whole held-out set. About ten minutes on two cores; an interrupted run goes on.
"""

from dataclasses import replace
from math import ceil

from s1lib.evaluate import Runs, comparison_row, grade, result_row
from s1lib.metrics import compare
from s1lib.profile import Profile
from s1lib.results.parts import (
    about,
    begin,
    bits,
    proof_runs,
    thinking_runs,
    training,
    tuned,
    write,
)
from s1lib.sft import lengths, load_tokenizer, training_set
from s1lib.store import command, locate, read_rows

CUT = 0.74  # share of rows
SEEDS = (0,)
PAPER = [  # training length, rows cut, AIME24 and its thinking tokens, MATH500, GPQA Diamond
    (4096, "74%", 30.0, 20721, 90.0, 52.5),
    (32768, "0%", 50.0, 6984, 91.0, 53.0),
]


def length_that_cuts(rows: list[dict], profile: Profile, share: float) -> int:
    """The longest training length, in tokens, that cuts this share of the rows."""
    tokenizer, _ = load_tokenizer(profile.place(profile.model))
    longest_first = sorted(lengths(training_set(rows, tokenizer), tokenizer), reverse=True)
    return longest_first[ceil(share * len(rows)) - 1] - 1


def cut_profile(profile: Profile, rows: list[dict]) -> Profile:
    """The same run with a length that cuts the rows."""
    length = length_that_cuts(rows, profile, CUT)
    return replace(profile, longer="cut", sft=profile.sft | {"max_length": length})


def measure(profile: Profile, seeds: tuple[int, ...] = SEEDS) -> dict:
    """Rows for the cut and the whole traces, with thinking tokens, and paired comparisons."""
    rows, evals = read_rows(locate("curated.jsonl")), read_rows(locate("heldout.jsonl"))
    cut = cut_profile(profile, rows)

    def cut_runs(seed: int) -> Runs:
        folder = tuned(f"cut-{seed}", rows, cut, seed)
        return thinking_runs(f"cut-{seed}", folder, evals, replace(profile, limits=()), (1,))

    runs = {
        "whole": [proof_runs(profile, seed) for seed in seeds],
        "cut": [cut_runs(seed) for seed in seeds],
    }
    results: dict = {"rows": [], "comparisons": [], "right": {}}
    for system in ("sft", "sft-wait-1"):
        right: dict[str, list] = {}
        for name in runs:
            traces = [by_system[system] for by_system in runs[name]]
            right[name] = [grade(t, evals) for t in traces]
            row = result_row(system, "all", traces, right[name])
            results["rows"].append({"traces": name} | row)
        results["right"] |= {f"{name}/{system}": bits(grades) for name, grades in right.items()}
        difference = compare(right["whole"], right["cut"])
        results["comparisons"].append(
            comparison_row(f"{system}: cut against whole", "all", difference)
        )
    results |= {"length": cut.sft["max_length"], "training": training(["cut-0"])}
    return results | {"paper": PAPER, "about": about(profile, seeds)}


def main() -> None:
    """Measure, and write it to data/results/."""
    results = measure(begin())
    write("table8", results)
    for row in results["rows"]:
        print(f"{row['traces']:6} {row['name']:11} {row['accuracy']:.1%} "
              f"{row['thinking_tokens']} tokens")  # fmt: skip


if __name__ == "__main__":
    command(main)
