"""How rows are put into steps, and what that does to "Wait".

The same 1,000 rows, 16 a step, 315 steps: drawn at random, or rows of like length together, which
saves padding and lets several GPUs wait less for each other. A step of short rows moves the
weights as far as one of long rows, so with like lengths each token of a short row counts for more.
Three seeds, the whole held-out set, and the final loss over all trained tokens. About 25 minutes
on two cores.
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from s1lib.config import Profile
from s1lib.evaluation.run import Runs
from s1lib.finetuning.run import load_base, load_tokenizer, loss_of_all, make_trainer, trainable
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


def is_default(sampling: str, profile: Profile) -> bool:
    """Tell whether the profile itself, and so the main result, puts rows into steps like this."""
    key = "train_sampling_strategy"
    return SAMPLINGS[sampling][key] == profile.sft[key]


def variant_of(sampling: str, profile: Profile) -> Variant:
    """Describe the models that are trained with rows put into steps in this way."""
    if is_default(sampling, profile):
        return main_variant(profile)
    settings = replace(profile, sft=profile.sft | SAMPLINGS[sampling])
    return curated_variant(f"batches-{sampling.replace(' ', '-')}", settings)


def final_loss(folder: Path, profile: Profile, weight: str = "token") -> float:
    """Return a fine-tuned model's loss on the curated set, as `loss_of_all` computes it."""
    tokenizer, _ = load_tokenizer(folder)
    data = trainable(course_rows("curated"), profile, tokenizer, report=lambda text: None)
    with TemporaryDirectory() as out:
        model = load_base(folder, profile)
        return loss_of_all(make_trainer(model, tokenizer, data, profile, Path(out)), weight)


def is_guess(thinking: str | None) -> bool:
    """Tell whether thinking stops after the first guess: nothing is worked out."""
    return ":" not in (thinking or "")


def describe(sampling: str, variant: Variant, by_seed: dict[int, Runs], profile: Profile) -> dict:
    """Describe one way to fill a step: its final loss and its share of guesses, by seed.

    The loss of either way is computed in batches of the profile's own size.
    """
    alone, _ = variant_conditions(profile)
    losses = [final_loss(variant.model(seed), profile) for seed in by_seed]
    guesses = [[is_guess(trace.thinking) for trace in runs[alone]] for runs in by_seed.values()]
    return {
        "set": sampling,
        "final_losses": [round(loss, 4) for loss in losses],
        "glances": [round(sum(some) / len(some), 4) for some in guesses],
    }


def measure(profile: Profile, seeds: tuple[int, ...] = SEEDS) -> dict[str, Any]:
    """Measure both ways without and with a Wait, what the Wait is worth in each, and the losses."""
    variants = {sampling: variant_of(sampling, profile) for sampling in SAMPLINGS}
    runs = variant_runs(variants, seeds)
    conditions = variant_conditions(profile)
    builder = ResultBuilder(course_rows("heldout"), seeds)
    for sampling, by_seed in runs.items():
        builder.add_without_and_with(sampling, conditions, by_seed, set=sampling)
    taught = [is_guess(row["thinking_trajectories"][0]) for row in course_rows("curated")]
    others = [v for name, v in variants.items() if not is_default(name, profile)]
    return builder.as_dict(
        profile,
        ways=[
            describe(name, variants[name], dict(zip(seeds, by_seed, strict=True)), profile)
            for name, by_seed in runs.items()
        ],
        glances_taught=sum(taught) / len(taught),
        training=training_losses(v.part(seed) for v in others for seed in seeds),
    )
