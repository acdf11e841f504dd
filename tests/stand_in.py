"""Stand-ins for what the commands for GPUs need: models, released data, cards, a launcher.

A folder takes the place of the hub's cache, so that the names in profiles and documents are loaded
as they are, offline. The models are tiny ones with Qwen2's architecture, in the real vocabulary
where `scripts/real.py` has fetched it. The planner counts with the sizes of the real models and
cards; what is trained is the stand-in.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import stand_in_vllm

from s1lib.chat import PAD, TEMPLATE, build_tokenizer
from s1lib.config import load_profile, profile_names
from s1lib.evaluation.benchmarks import BENCHMARKS
from s1lib.inference.budget import S1, delimiters
from s1lib.io import ROOT
from s1lib.planning import hardware, model_shapes
from s1lib.planning.hardware import Hardware
from s1lib.planning.model_shapes import CARDS, SHAPES

QWEN = ROOT / ".cache" / "tokenizer-qwen3"
CONTEXT = 32768  # as Qwen2.5's
TUNED = "simplescaling/s1-32B"


# The hub's cache


def tokenizer_here() -> Any:
    """Qwen's tokenizer if it is here, else the course's; with the template of Qwen2.5."""
    if not QWEN.is_dir():
        return build_tokenizer()
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(QWEN)
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def write_models(hub: Path) -> None:
    """Write one model into the cache, under each name of a base model, and as s1's own."""
    from stopping_model import stopping_model

    hub.mkdir()

    tokenizer = tokenizer_here()
    model = stopping_model(tokenizer, delimiters(tokenizer, S1).stop, context=CONTEXT)
    base, tuned = hub / "base", hub / "tuned"
    model.save_pretrained(base)
    shutil.copytree(base, tuned)
    for folder, pad in ((base, "<|endoftext|>"), (tuned, PAD)):
        tokenizer.pad_token = pad
        tokenizer.save_pretrained(folder)
    profiles = map(load_profile, profile_names())
    named = {name for p in profiles for name in (p.model, *p.difficulty_models) if "/" in name}
    for name in {*SHAPES, *named, TUNED}:
        place = hub / f"models--{name.replace('/', '--')}"
        (place / "refs").mkdir(parents=True)
        (place / "refs" / "main").write_text("0" * 40)
        (place / "snapshots").mkdir()
        (place / "snapshots" / ("0" * 40)).symlink_to(tuned if name == TUNED else base)


def write_dataset(cache: Path, name: str, split: str, rows: list[dict], config: str = "default"):
    """Write a data set where `datasets` keeps what it has loaded once."""
    from datasets.packaged_modules.json.json import Json

    lines = cache / "rows.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    owner, short = name.split("/")
    builder = Json(
        cache_dir=str(cache), dataset_name=short, config_name=config, hash="0" * 16,
        data_files={split: [str(lines)]},
    )  # fmt: skip
    builder.download_and_prepare()
    made = Path(builder.cache_dir).parent.parent
    place = cache / f"{owner}___{made.parent.name}" / config
    place.parent.mkdir()
    made.rename(place)


def benchmark_rows(name: str) -> list[dict]:
    """As many rows as the benchmark has, with its columns."""
    columns = BENCHMARKS[name].columns
    sums = [{"question": f"What is {n} + {n + 7}?", "answer": str(2 * n + 7)} for n in range(500)]
    rows = sums[: BENCHMARKS[name].rows]
    wrong = [{column: str(n) for n, column in enumerate(columns[2:])} for _ in rows]
    return [
        {columns[0]: row["question"], columns[1]: row["answer"]} | others
        for row, others in zip(rows, wrong, strict=True)
    ]


def write_data(cache: Path, released: dict[str, list[dict]]) -> None:
    """Write released sets with these rows, and the benchmarks."""
    cache.mkdir()
    for name, rows in released.items():
        write_dataset(cache, name, "train", rows)
    for name, there in BENCHMARKS.items():
        rows = benchmark_rows(name)
        write_dataset(cache, there.path, there.split, rows, there.config or "default")


def use_cache(patch: pytest.MonkeyPatch, hub: Path, data: Path) -> None:
    """Let this process, and those that it starts, look there; both libraries are imported."""
    import datasets
    import huggingface_hub

    patch.setenv("HF_HUB_CACHE", str(hub))
    patch.setenv("HF_DATASETS_CACHE", str(data))
    patch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(hub))
    patch.setattr(datasets.config, "HF_DATASETS_CACHE", data)


def use_vllm(patch: pytest.MonkeyPatch) -> None:
    """Let `import vllm` find the stand-in."""
    from s1lib.evaluation import trace_cache

    version = trace_cache.version
    named = {"vllm": "0.31.0"}
    patch.setitem(sys.modules, "vllm", stand_in_vllm)
    patch.setattr(trace_cache, "version", lambda name: named.get(name) or version(name))
    patch.setattr(stand_in_vllm.LLM, "opened", [])


# A machine


def use_cards(patch: pytest.MonkeyPatch, count: int, card: str = "H100") -> None:
    """Let the course see a machine with so many cards; what it trains is counted as it is."""
    from s1lib.finetuning import run as finetuning

    about = CARDS[card]
    here = Hardware(count, card, about.memory, about.bf16) if count else Hardware(0)
    for module in (hardware, finetuning):
        patch.setattr(module, "detect_hardware", lambda: here)
    patch.setattr(finetuning, "shape_of", real_shape)


def real_shape(model: str | Path) -> model_shapes.Shape:
    """The sizes of the stand-in itself, whatever its name."""
    from transformers import AutoConfig

    c = AutoConfig.from_pretrained(model)
    sizes = (c.num_hidden_layers, c.hidden_size, c.intermediate_size, c.num_attention_heads)
    return model_shapes.Shape(*sizes, c.num_key_value_heads, 8, c.vocab_size, False)
