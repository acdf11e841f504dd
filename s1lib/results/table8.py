"""Table 8 of the paper: training with a length that cuts the traces.

The same 1,000 rows, cut where 74% of them lose their end, as at 4,096 tokens in the paper; one
seed, the whole held-out set. About ten minutes on two cores.
"""

from dataclasses import replace
from math import ceil
from typing import Any

from s1lib.config import Profile
from s1lib.evaluation.report import result_row
from s1lib.finetuning.run import lengths, load_tokenizer, training_set
from s1lib.io import resolve_model
from s1lib.paper_numbers import TABLE_8
from s1lib.results.builder import ResultBuilder
from s1lib.results.cache import course_rows, training_losses
from s1lib.results.variants import (
    curated_variant,
    main_variant,
    variant_conditions,
    variant_runs,
)

LABELS = ("traces", "name")
SEEDS = (0,)
CUT = 0.74  # share of rows


def length_that_cuts(rows: list[dict], profile: Profile, share: float) -> int:
    """Return the longest training length, in tokens, that cuts this share of the rows."""
    tokenizer, _ = load_tokenizer(resolve_model(profile.model))
    longest_first = sorted(lengths(training_set(rows, tokenizer), tokenizer), reverse=True)
    return longest_first[ceil(share * len(rows)) - 1] - 1


def cut_profile(profile: Profile, rows: list[dict]) -> Profile:
    """Return the same settings with a length that cuts the rows."""
    length = length_that_cuts(rows, profile, CUT)
    return replace(profile, overlong="cut", sft=profile.sft | {"max_length": length})


def measure(profile: Profile, seeds: tuple[int, ...] = SEEDS) -> dict[str, Any]:
    """Measure training on whole and on cut traces, with thinking tokens, and compare them."""
    cut = curated_variant("cut", cut_profile(profile, course_rows("curated")))
    runs = variant_runs({"whole": main_variant(profile), "cut": cut}, seeds)
    builder = ResultBuilder(course_rows("heldout"), seeds)
    for condition in variant_conditions(profile):
        name = condition.name
        for traces, by_seed in runs.items():
            some = [each[condition] for each in by_seed]
            grades = builder.grade(f"{traces}/{name}", some)
            row = result_row(condition, "all", some, grades)
            builder.rows.append({"traces": traces} | row)
        builder.compare(f"{name}: cut against whole", f"whole/{name}", f"cut/{name}")
    return builder.as_dict(
        profile,
        length=cut.profile.sft["max_length"],
        training=training_losses(cut.part(seed) for seed in seeds),
        paper=TABLE_8,
    )
