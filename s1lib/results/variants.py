"""Variants of the main model: other rows or settings, one model per seed, all measured alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from s1lib.config import Profile
from s1lib.evaluation.conditions import Condition, stops_by_itself, with_waits
from s1lib.evaluation.run import Runs
from s1lib.results.cache import cached_model, course_rows, run_in_workers, thinking_runs


@dataclass(frozen=True)
class Variant:
    """Models that are trained in one way. `name` and the seed name their parts in the cache."""

    name: str
    profile: Profile  # the settings of the training
    rows: Callable[[int], list[dict]]  # the training set of each seed

    def part(self, seed: int) -> str:
        """Return the name of this seed's model in the cache."""
        return f"{self.name}-{seed}"

    def model(self, seed: int) -> Path:
        """Return the folder of this seed's model, trained if it is not there yet."""
        return cached_model(self.part(seed), self.rows(seed), self.profile, seed)


def main_variant(profile: Profile) -> Variant:
    """Describe the main result's models, whose parts are shared."""
    return curated_variant("sft", profile)


def curated_variant(name: str, profile: Profile) -> Variant:
    """Describe models trained on the curated set with the settings of this profile."""
    rows = course_rows("curated")
    return Variant(name, profile, lambda seed: rows)


def variant_conditions(profile: Profile) -> tuple[Condition, Condition]:
    """Return the two conditions under which variants are measured: no Wait, and one."""
    return stops_by_itself(profile), with_waits(profile, 1)


def make_runs(part: str, rows: list[dict], profile: Profile, seed: int) -> Runs:
    """Fine-tune one model and run it on the held-out set under `variant_conditions`."""
    model = cached_model(part, rows, profile, seed)
    return thinking_runs(part, model, course_rows("heldout"), replace(profile, limits=()), (1,))


def variant_runs(variants: dict[str, Variant], seeds: Sequence[int]) -> dict[str, list[Runs]]:
    """Make the models and the runs of all variants: name -> one `Runs` per seed."""
    jobs = {
        (name, seed): (v.part(seed), v.rows(seed), v.profile, seed)
        for name, v in variants.items()
        for seed in seeds
    }
    longest_first = sorted(jobs.values(), key=lambda job: -len(job[1]))
    run_in_workers((make_runs, *job) for job in longest_first)
    return {name: [make_runs(*jobs[name, seed]) for seed in seeds] for name in variants}
