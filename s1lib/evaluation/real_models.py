"""Real models to try, with what they take and what has been published about "Wait" on them."""

from pathlib import Path
from typing import NamedTuple

from s1lib.errors import CourseError
from s1lib.io import locate, resolve_model

BLOG = 'ICLR 2026 blog post "Wait, do we need to wait?", single runs'


class RealModel(NamedTuple):
    """A model on the hub. Sizes are in GB: to download, and in memory in 16 and in 32 bits."""

    name: str
    download: float
    memory: float
    memory_32: float
    expect: str
    source: str


MODELS = (
    RealModel("smollm2", 0.1, 0.3, 0.6, "this notebook's outputs", "offline, once installed"),
    RealModel(
        "simplescaling/s1.1-1.5B", 3.1, 3.1, 6.2,
        "no figure known; its larger kin s1.1-7B on MATH500: 73.6 to 74.2% with one Wait", BLOG,
    ),
    RealModel(
        "Qwen/Qwen3-0.6B", 1.5, 1.5, 3.0,
        "no figure known; another model that thinks natively, OpenThinker3-7B: 81 to 87%", BLOG,
    ),
    RealModel(
        "Qwen/Qwen2.5-7B-Instruct", 15.2, 15.2, 30.5, "MATH500: 69 falls to 61% with Wait", BLOG
    ),
)  # fmt: skip


def real_model_or_toy(name: str, smoke: bool) -> tuple[str | Path, str]:
    """Return the model to take, and a sentence that says which it is.

    In the smoke profile, and where `smollm2` is not installed, it is the toy world's own.
    """
    if smoke:
        return locate("sft"), "The smoke profile takes the **toy model** in its place."
    try:
        return resolve_model(name), f"The model is **{name}**."
    except CourseError as error:
        toy = locate("sft")
        return toy, f"{error}. Until then, here is the **toy model**: its numbers mean nothing."
