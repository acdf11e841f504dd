"""What a fine-tuning run needs: memory, time and money, before it is started (`s1 plan`).

Memory is counted, component by component. Three numbers of it are fitted (`CONTEXT`, `FRAGMENTS`,
`SAVED`), on every second row of `tests/published_memory.tsv`. On the other half, half of the 28
measured runs are met within 7%, nine of ten within 22%, the worst within 25% (4-bit weights at
8,192 tokens, where it says too much), and 1 of 26 runs that did run is said not to fit.

Time is a roofline: matrix products at the rate a card really reaches, attention at its kernel's
rate, everything else at the speed of its memory, and half of the traffic between cards, which the
computing does not hide. One number per method is fitted (`TRAFFIC`); `tests/test_planner.py` holds
published runs against it.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from s1lib.config import Profile
from s1lib.errors import CourseError
from s1lib.io import resolve_model
from s1lib.planning.model_shapes import CARDS, Card, Shape, shape_of

GIB = 2**30
CONTEXT = 2.0  # GiB that CUDA and its libraries take on a card
FRAGMENTS = 0.05  # of all tensors: what PyTorch keeps beside them
SAVED = 18  # without checkpointing: bytes that a layer saves of a token, over the hidden size
TILE = 4096 * 32768  # logits that TRL's loss holds at once: tokens x vocabulary
DRAWN = 5658 / 8700  # mean over longest of 16 rows of s1K that are drawn at random


# Memory traffic of one forward and backward pass, in activations of the hidden size, per layer
# and token: what norms, residuals, activations, casts and optimizer cost. Fitted, on three runs of
# llm-foundry (full) and one each of torchtune (LoRA and QLoRA, which were compiled).
TRAFFIC = {"full": 460, "lora": 140, "qlora": 400}


@dataclass(frozen=True)
class Setup:
    """A fine-tuning run as the planner sees it. Lengths are tokens."""

    model: str | Path
    method: str = "full"  # "full", "lora" or "qlora"
    gpus: int = 1
    longest: int = 9109  # of a sequence: what must fit; s1K's longest
    mean: float | None = None  # of a sequence: what is paid for; `longest` if not known
    balance: float = 1.0  # mean over the longest of the sequences computed at the same time
    batch: int = 1  # sequences per card at once
    rank: int = 16
    weights_dtype: str = "float32"  # type of the trained weights; products are bfloat16
    checkpointing: bool = True
    eight_bit: bool = False  # the optimizer's moments (adamw_bnb_8bit)
    offload: bool = False  # checkpoints wait in the computer's memory
    chunked_loss: bool = True  # TRL's; without it the logits of the whole sequence exist
    causal: bool = True  # the attention kernel skips what lies ahead

    @property
    def shape(self) -> Shape:
        """The sizes of its model."""
        return shape_of(self.model)


def setup_of(profile: Profile) -> Setup:
    """Return the planner's view of this profile's training."""
    return Setup(
        resolve_model(profile.model),
        profile.method,
        max(profile.gpus, 1),
        profile.sft["max_length"],
        balance=DRAWN if profile.gpus > 1 else 1.0,
        batch=profile.sft["per_device_train_batch_size"],
        rank=profile.lora.get("r", 16),
        weights_dtype=profile.weights_dtype,
        checkpointing=profile.sft["gradient_checkpointing"] or profile.gpus > 1,
    )


def memory(setup: Setup) -> dict[str, float]:
    """Count GiB per card by component, at the moment that needs most.

    Raises CourseError for an unknown method.
    """
    s, full = setup.shape, setup.method == "full"
    if setup.method not in TRAFFIC:
        raise CourseError(f"the method is {setup.method!r}: choose full, lora or qlora.")
    tokens, width = setup.longest * setup.batch, 4 if setup.weights_dtype == "float32" else 2
    adapters = s.adapters(setup.rank)
    trained = s.parameters if full else adapters
    state = width if full else 4  # peft keeps adapters in float32
    if full:
        weights: float = width * s.parameters
    else:
        # NF4: 4 bits, and per 64 weights 8 bits of scale, doubly quantised (arXiv 2305.14314)
        per_weight = 2 if setup.method == "lora" else (4 + 8 / 64 + 32 / (64 * 256)) / 8
        weights = per_weight * s.in_layers + 2 * s.embedding + 4 * adapters
    # What the backward pass of a layer needs of each token, in bytes: two norms computed in
    # float32, rotated queries and keys, attention and its output, and the MLP with its gradients.
    kept = 28 * s.hidden + (14 if s.gated else 8) * s.intermediate
    # What a layer saves for its backward pass without checkpointing, in bytes for each token: the
    # MLP's four products, and inputs of norms and matrices, queries, keys and values.
    saved = SAVED * s.hidden + (8 if s.gated else 4) * s.intermediate
    if not full:
        kept += 24 * s.hidden + 4 * s.intermediate  # each adapter's input, in float32
        saved += 24 * s.hidden + 4 * s.intermediate
    between = 2 * s.hidden * (0 if setup.offload else 1) if setup.checkpointing else saved
    activations = tokens * (s.layers * between + max(kept - between, 0))
    if setup.chunked_loss:  # a tile and, for a trained head, its whole gradient
        logits = 2 * min(TILE, tokens * s.vocabulary) + 4 * tokens * s.hidden
        logits += 4 * s.vocabulary * s.hidden if full else 0
    else:  # bfloat16 logits, and float32 log-probabilities with their gradient
        logits = 10 * tokens * s.vocabulary
    gathered = 0.0
    if setup.gpus > 1 and full:  # two layers and the embeddings whole, with gradients, bfloat16
        gathered = 2 * 2 * (2 * s.in_layers / s.layers + s.embedding)
    elif setup.gpus > 1:
        gathered = 2 * (2 * s.in_layers / s.layers + s.embedding)
    elif full and width == 4:
        gathered = 2 * s.parameters  # bfloat16 copies that autocast keeps
    parts = {
        "weights": weights / setup.gpus,
        "gradients": state * trained / setup.gpus,
        "optimizer": 2 * (1 if setup.eight_bit else state) * trained / setup.gpus,
        "gathered": gathered,
        "activations": activations,
        "logits": logits,
    }
    total = sum(parts.values())
    beside = {"fragments": FRAGMENTS * total / GIB, "CUDA": CONTEXT}
    return {name: part / GIB for name, part in parts.items()} | beside


def seconds_per_token(setup: Setup, card: Card) -> float:
    """Estimate the seconds of one card for each token of the longest sequence of a step."""
    s, full = setup.shape, setup.method == "full"
    length = setup.mean or setup.longest
    # passes: forward, gradient of the activations, of the weights, and the recomputed forward
    passes = 2 + full + setup.checkpointing
    attention_passes = 3 + setup.checkpointing  # flash attention's backward counts double
    products = passes * 2 * s.multiplied / (card.matmul * 1e12)
    pairs = length / (2 if setup.causal else 1)
    attention = attention_passes * 4 * s.layers * s.heads * s.head * pairs / (card.attention * 1e12)
    again = 4 / 3 if setup.checkpointing else 1.0
    moved = TRAFFIC[setup.method] * again * s.layers * 2 * s.hidden / (card.bandwidth * 1e12)
    exchanged = 0.0
    if setup.gpus > 1:  # weights gathered twice, gradients scattered once; half of it hidden
        sent = 2 * s.parameters * (3 if full else 2)
        exchanged = 0.5 * sent / (card.link * 1e12) / (length * setup.batch)
    return products + attention + moved + exchanged


def tokens_per_second(setup: Setup, card: Card) -> float:
    """Estimate the tokens per second of one card; all wait for the longest sequence of the step."""
    return setup.balance / seconds_per_token(setup, card)


@dataclass(frozen=True)
class Plan:
    """What a run needs. Memory in GiB per card."""

    setup: Setup
    card: str
    parts: dict[str, float]
    free: float
    tokens_per_second: float  # of one card
    hours: float
    gpu_hours: float
    dollars: float | None
    change: str | None  # what to change first if it does not fit

    @property
    def total(self) -> float:
        """GiB per card."""
        return sum(self.parts.values())

    @property
    def fits(self) -> bool:
        """Whether it does, with a twentieth to spare for fragments."""
        return self.total <= 0.95 * self.free


def first_change(setup: Setup, free: float) -> str:
    """Find the least change that makes it fit, the cheapest in quality and time first."""
    steps: list[tuple[str, dict[str, Any]]] = [
        ("turn activation checkpointing on", {"checkpointing": True}),
        ("use TRL's chunked loss", {"chunked_loss": True}),
        ("take one sequence at a time", {"batch": 1}),
        ("offload the activations", {"offload": True}),
        ("use LoRA", {"method": "lora"}),
        ("use QLoRA", {"method": "qlora"}),
    ]
    if setup.method == "full":  # accelerate does not shard 4-bit weights
        steps += [(f"take {n} GPUs", {"gpus": n}) for n in (2, 4, 8, 16, 32) if n > setup.gpus]
    order = ["full", "lora", "qlora"]
    for text, change in steps:
        other = replace(setup, **change)
        if order.index(other.method) < order.index(setup.method) or other == setup:
            continue
        if sum(memory(other).values()) <= 0.95 * free:
            return text
    return "take a smaller model"


def plan(
    setup: Setup,
    card: str,
    sequences: int = 1000,
    epochs: int = 5,
    price: float | None = None,
    free: float | None = None,
) -> Plan:
    """Estimate memory, time and money: `price` in dollars per GPU-hour, `free` GiB per card.

    Raises CourseError for a card or a method that is not known.
    """
    if card not in CARDS:
        raise CourseError(f"the card is {card!r}: choose one of {', '.join(CARDS)}.")
    free = CARDS[card].memory if free is None else free
    parts = memory(setup)
    speed = tokens_per_second(setup, CARDS[card])
    tokens = sequences * epochs * (setup.mean or setup.longest)
    hours = tokens / (speed * setup.gpus) / 3600
    short = sum(parts.values()) > 0.95 * free
    return Plan(
        setup,
        card,
        parts,
        free,
        speed,
        hours,
        hours * setup.gpus,
        None if price is None else hours * setup.gpus * price,
        first_change(setup, free) if short else None,
    )


def steps(sequences: int, batch: int, epochs: int) -> int:
    """Count optimizer steps: the last batch of an epoch may be smaller (315 for s1K)."""
    return math.ceil(sequences / batch) * epochs
