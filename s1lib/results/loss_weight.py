"""What weighs the same in the loss, each token or each row, and what that does to "Wait".

The same 1,000 rows in the same steps. With "token" the loss of a step is the mean of all its
tokens; with "row", as in the paper's own run, it is the mean of its 16 rows' means, so each token
of a short row counts for more. Three seeds, the whole held-out set, and the final loss computed
both ways. About 45 minutes on two cores.
"""

from dataclasses import replace
from typing import Any

from s1lib.config import Profile
from s1lib.evaluation.run import Runs
from s1lib.finetuning.trainer import LOSS_WEIGHTS
from s1lib.results.batches import final_loss, is_guess
from s1lib.results.builder import ResultBuilder
from s1lib.results.cache import course_rows, training_losses
from s1lib.results.variants import (
    Variant,
    curated_variant,
    main_variant,
    variant_conditions,
    variant_runs,
)

LABELS = ("set", "name")
SEEDS = (0, 1, 2)


def variant_of(weight: str, profile: Profile) -> Variant:
    """Describe the models that are trained with this `loss_weight`."""
    if weight == profile.loss_weight:
        return main_variant(profile)
    return curated_variant(f"loss-{weight}", replace(profile, loss_weight=weight))


def describe(weight: str, variant: Variant, by_seed: dict[int, Runs], profile: Profile) -> dict:
    """Describe one way to weigh, by seed: its final losses, and the share of its answers that
    stop at a glance."""
    alone, _ = variant_conditions(profile)
    losses = {
        f"final_losses_by_{way}": [
            round(final_loss(variant.model(seed), profile, way), 4) for seed in by_seed
        ]
        for way in LOSS_WEIGHTS
    }
    guesses = [[is_guess(trace.thinking) for trace in runs[alone]] for runs in by_seed.values()]
    glances = [round(sum(some) / len(some), 4) for some in guesses]
    return {"set": weight, **losses, "glances": glances}


def measure(profile: Profile, seeds: tuple[int, ...] = SEEDS) -> dict[str, Any]:
    """Measure both ways without and with a Wait, what the Wait is worth in each, and what "row"
    changes."""
    variants = {weight: variant_of(weight, profile) for weight in LOSS_WEIGHTS}
    runs = variant_runs(variants, seeds)
    conditions = variant_conditions(profile)
    builder = ResultBuilder(course_rows("heldout"), seeds)
    for weight, by_seed in runs.items():
        builder.add_without_and_with(weight, conditions, by_seed, set=weight)
    for condition in conditions:
        before, after = f"token/{condition.name}", f"row/{condition.name}"
        builder.compare(f"{condition.name}-vs-token", before, after, set="row")
    others = [v for name, v in variants.items() if name != profile.loss_weight]
    return builder.as_dict(
        profile,
        ways=[
            describe(weight, variants[weight], dict(zip(seeds, by_seed, strict=True)), profile)
            for weight, by_seed in runs.items()
        ],
        training=training_losses(v.part(seed) for v in others for seed in seeds),
    )
