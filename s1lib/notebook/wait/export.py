"""Make the model file of the page: `python -m s1lib.notebook.wait.export`.

A safetensors file with three bytes of each weight: a float32 without the last eight bits. With
float16 the file would be a third smaller, but then the page writes other text than the notebook
for 2 of 200 held-out questions; so it writes the same. The header also holds what the page's
engine (`engine/model.js`) must know beside the weights: the model's shape, the text around a
question, and the limits. The same model gives the same bytes.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from s1lib.config import load_profile
from s1lib.errors import CourseError, run_command
from s1lib.inference.budget import S1
from s1lib.inference.formats import choose_format, prompt_text
from s1lib.inference.hf import load
from s1lib.io import DATA, output

MAX_BYTES = 4_000_000  # what a page loads
NAME = "model.safetensors"
_QUESTION = "\ue000"  # stands for the question while the text around it is found


def model_file(folder: Path = DATA / "sft") -> bytes:
    """Make the model file of the model in this folder.

    Raises CourseError if the page's engine cannot run the model, or if it is larger than a page
    should load.
    """
    model, tokenizer = load(folder)
    config = model.config
    parameters = sum(p.numel() for p in model.parameters())
    if 3 * parameters > MAX_BYTES:
        raise CourseError(
            f"{folder.name} is too large for the page: it has {parameters:,} parameters, and at "
            f"most {MAX_BYTES // 3:,} fit in {MAX_BYTES / 1e6:.0f} MB. The notebook's widget runs "
            "it."
        )
    _check(folder.name, config)
    if (form := choose_format(tokenizer)) != S1:
        raise CourseError(
            f"the page cannot run {folder.name}: it writes the format {form.name}, and the page "
            "knows the format s1 only. The notebook's widget runs this one."
        )
    profile = load_profile("laptop")
    settings = {
        "name": folder.name,
        "prompt": prompt_text(tokenizer, _QUESTION, S1).split(_QUESTION),
        "max_thinking": profile.max_thinking_waits,
        "max_answer": profile.max_answer,
        "shape": {
            "layers": config.num_hidden_layers,
            "heads": config.num_attention_heads,
            "kv_heads": config.num_key_value_heads,
            "context": config.max_position_embeddings,
            "epsilon": config.rms_norm_eps,
            "theta": config.rope_parameters["rope_theta"],
        },
    }
    # The output matrix is the embedding ("tied"): it is not in the file twice.
    weights = {name: three_bytes(p) for name, p in model.named_parameters()}
    return save(weights, {"settings": json.dumps(settings)})


def tokenizer_file(folder: Path = DATA / "sft") -> dict[str, Any]:
    """Read the tokenizer that belongs to it, for the engine's `tokenizer`.

    Raises CourseError if the page's engine cannot run it.
    """
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    if tokenizer["model"]["type"] != "BPE" or tokenizer["model"]["merges"]:
        raise CourseError(
            f"the tokenizer of {folder.name} has merges: the page runs only models with the "
            "course's own tokenizer. The notebook's widget runs this one."
        )
    return tokenizer


def three_bytes(weights: torch.Tensor) -> torch.Tensor:
    """Round float32 weights to their first three bytes: [..., 3] of uint8, the lowest first.

    Raises CourseError for weights that are not numbers.
    """
    if not weights.isfinite().all():
        raise CourseError("the model has weights that are not numbers: train it again.")
    bits = weights.detach().float().contiguous().view(torch.int32) + 128
    return torch.stack([bits >> shift & 255 for shift in (8, 16, 24)], dim=-1).to(torch.uint8)


def _check(name: str, config: Any) -> None:
    """Check that a model's layers are those that the page's engine knows."""
    known = {
        "model_type": "qwen2",
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "use_sliding_window": False,
    }
    found = {key: getattr(config, key, None) for key in known}
    rope = (config.rope_parameters or {}).get("rope_type")
    wrong = [f"{key} {found[key]!r}" for key in known if found[key] != known[key]]
    wrong += [f"rope_type {rope!r}"] if rope != "default" else []
    if wrong:
        raise CourseError(
            f"the page cannot run {name} ({', '.join(wrong)}): it runs Qwen2 models with tied "
            "embeddings and full attention. The notebook's widget runs this one."
        )


def main() -> None:
    """Write the model file."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--model", type=Path, default=DATA / "sft", help="default: the shipped one")
    parser.add_argument("--out", type=Path, help=f"default: build/wait/{NAME}")
    args = parser.parse_args()
    content = model_file(args.model)
    tokenizer_file(args.model)
    path = args.out or output(f"wait/{NAME}")
    path.write_bytes(content)
    print(f"{path.name}: {len(content) / 1e6:.1f} MB")


if __name__ == "__main__":
    run_command(main)
