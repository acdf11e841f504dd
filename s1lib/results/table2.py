"""Table 2 of the paper: does the choice of the 1,000 matter?

Random, diverse, longest and all rows against the curated 1,000, three seeds each, on the whole
held-out set with and without a Wait. A seed also draws its own random and diverse rows. About 35
minutes on two cores beside the main result's models.
"""

from dataclasses import replace
from typing import Any

from s1lib.config import Profile
from s1lib.curation.run import ablation_sets, clean_rows
from s1lib.paper_numbers import TABLE_2
from s1lib.results.builder import ResultBuilder
from s1lib.results.cache import course_rows, training_losses
from s1lib.results.variants import Variant, main_variant, variant_conditions, variant_runs
from s1lib.toyworld.questions import subject

LABELS = ("set", "name")
SEEDS = (0, 1, 2)
NAMES = ("random", "diverse", "longest", "full")
FULL_EPOCHS = 2  # not five, for time: still 8,218 rows seen, against 5,000


def drawn_sets(profile: Profile, seed: int) -> dict[str, tuple[list[dict], dict[str, Any]]]:
    """Draw the sets from the rows that pass quality and decontamination: name -> (rows, card)."""
    traces, evals = course_rows("traces"), course_rows("dev") + course_rows("heldout")
    domains = {row["question"]: subject(row["question"]) for row in traces}
    return ablation_sets(clean_rows(traces, evals), domains, profile.curated, seed)


def training_profile(name: str, profile: Profile) -> Profile:
    """Return the settings with which a set is trained on."""
    epochs = {"num_train_epochs": FULL_EPOCHS} if name == "full" else {}
    return replace(profile, sft=profile.sft | epochs)


def measure(profile: Profile, seeds: tuple[int, ...] = SEEDS) -> dict[str, Any]:
    """Measure each set without and with a Wait, and compare it with the curated one by seed."""
    drawn = {seed: drawn_sets(profile, seed) for seed in seeds}

    def variant(name: str) -> Variant:
        return Variant(name, training_profile(name, profile), lambda seed: drawn[seed][name][0])

    variants = {name: variant(name) for name in NAMES} | {"curated": main_variant(profile)}
    runs = variant_runs(variants, seeds)
    builder = ResultBuilder(course_rows("heldout"), seeds)
    for condition in variant_conditions(profile):
        for name, by_seed in runs.items():
            traces = [some[condition] for some in by_seed]
            builder.add(f"{name}/{condition.name}", condition, traces, set=name)
        for name in NAMES:
            before, after = f"curated/{condition.name}", f"{name}/{condition.name}"
            for seed in (*seeds, None):
                builder.compare(condition.name, before, after, seed, set=name)
    return builder.as_dict(
        profile,
        training=training_losses(variants[name].part(seed) for name in NAMES for seed in seeds),
        cards={name: card for name, (_, card) in drawn[seeds[0]].items()},
        paper=TABLE_2,
    )
