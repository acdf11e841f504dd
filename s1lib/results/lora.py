"""Full fine-tuning against LoRA.

Three ranks and three seeds on the course's model, at ten times the learning rate of full
fine-tuning ("LoRA Without Regret", thinkingmachines.ai, 2025), on the whole held-out set. About
35 minutes on two cores.
"""

from dataclasses import replace
from typing import Any

from s1lib.config import Profile
from s1lib.io import resolve_model
from s1lib.planning.model_shapes import shape_of
from s1lib.results.builder import ResultBuilder
from s1lib.results.cache import course_rows, training_losses
from s1lib.results.variants import (
    Variant,
    curated_variant,
    main_variant,
    variant_conditions,
    variant_runs,
)

LABELS = ("method", "name")
SEEDS = (0, 1, 2)
RANKS = (4, 16, 64)
MULTIPLE = 10  # of the learning rate of full fine-tuning


def with_rank(profile: Profile, rank: int) -> Profile:
    """Return the same settings with adapters of this rank on all linear layers."""
    return replace(
        profile,
        method="lora",
        lora=profile.lora | {"r": rank},
        sft=profile.sft | {"learning_rate": MULTIPLE * profile.sft["learning_rate"]},
    )


def describe(method: str, variant: Variant, parameters: int, trained: int, seeds: tuple) -> dict:
    """Describe a method: what it trains of all `parameters`, and its last loss by seed."""
    losses = training_losses(variant.part(seed) for seed in seeds)
    return {
        "method": method,
        "trained": trained,
        "share": trained / parameters,
        "learning_rate": variant.profile.sft["learning_rate"],
        "last_losses": [curve["last"]["loss"] for curve in losses.values()],
    }


def measure(profile: Profile, seeds: tuple[int, ...] = SEEDS) -> dict[str, Any]:
    """Measure each method without and with a Wait, and compare it with full fine-tuning."""
    shape = shape_of(resolve_model(profile.model))
    adapters = {
        f"lora-{rank}": curated_variant(f"lora-{rank}", with_rank(profile, rank)) for rank in RANKS
    }
    variants = {"full": main_variant(profile)} | adapters
    trained = [shape.parameters, *(shape.adapters(rank) for rank in RANKS)]
    builder = ResultBuilder(course_rows("heldout"), seeds)
    for method, by_seed in variant_runs(variants, seeds).items():
        for condition in variant_conditions(profile):
            name = condition.name
            runs = [some[condition] for some in by_seed]
            builder.add(f"{method}/{name}", condition, runs, method=method)
            if method != "full":
                before, after = f"full/{name}", f"{method}/{name}"
                builder.compare(f"{name}-vs-full", before, after, method=method)
    return builder.as_dict(
        profile,
        methods=[
            describe(method, variant, shape.parameters, count, seeds)
            for (method, variant), count in zip(variants.items(), trained, strict=True)
        ],
        training=training_losses(v.part(seed) for v in adapters.values() for seed in seeds),
    )
