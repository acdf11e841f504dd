"""Make the base model again from nothing: `python -m s1lib.toyworld.pretrain`.

The counterpart of Qwen2.5-Instruct at a millionth of its cost: a `Qwen2ForCausalLM` of
about a million parameters that follows the question format and answers directly.
Muon moves the weight matrices and AdamW the rest: with AdamW alone a model of this size
learns these skills several times more slowly.
"""

import argparse
import json
import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from s1lib.chat import build_tokenizer
from s1lib.errors import CourseError, run_command
from s1lib.inference.checksums import write_checksums
from s1lib.inference.model_folder import why_no_zip
from s1lib.io import output, write_text
from s1lib.toyworld.pretraining_text import Document, documents

IGNORE = -100


@dataclass(frozen=True)
class PretrainConfig:
    """Everything that decides the base model."""

    seed: int = 0
    steps: int = 3400
    tokens_per_step: int = 4096
    decay_steps: int = 1200  # the learning rate falls to zero over the last steps
    hidden: int = 128
    layers: int = 5
    heads: int = 2  # of size 64, which GPU kernels and vLLM take
    intermediate: int = 384
    muon_lr: float = 0.01
    adamw_lr: float = 0.003
    warmup: int = 100
    save_every: int = 100


# The paper probes with 7B and 32B and fine-tunes the 32B: `small` is to `base` as 7 is to 32.
SIZES = {
    "base": PretrainConfig(),
    "small": PretrainConfig(hidden=64, heads=1, intermediate=192),
}


def build_model(config: PretrainConfig, tokenizer: Any) -> Qwen2ForCausalLM:
    """Build a randomly initialised Qwen2 of the configured size."""
    torch.manual_seed(config.seed)
    return Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=len(tokenizer),
            hidden_size=config.hidden,
            intermediate_size=config.intermediate,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            num_key_value_heads=config.heads,
            max_position_embeddings=2048,
            rope_theta=10000.0,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def encode(document: Document, tokenizer: Any) -> tuple[list[int], list[int]]:
    """Encode one document as token ids and labels; what is not trained on is labelled -100."""
    ids: list[int] = []
    labels: list[int] = []
    for text, trained in document:
        new = tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids
        ids += new
        labels += new if trained else [IGNORE] * len(new)
    return ids, labels


def batches(config: PretrainConfig, tokenizer: Any) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield right-padded (ids, labels), each of about `tokens_per_step` tokens.

    Documents of like length share a batch; a causal model never sees the padding to its right.
    """
    stream = documents(config.seed, tokenizer)
    rng = random.Random(config.seed)
    while True:
        chunk = sorted(
            (encode(next(stream), tokenizer) for _ in range(1024)), key=lambda d: len(d[0])
        )
        groups: list[list] = []
        group: list = []
        for doc in chunk:
            if group and len(doc[0]) * (len(group) + 1) > config.tokens_per_step:
                groups.append(group)
                group = []
            group.append(doc)
        rng.shuffle(groups)  # the last, incomplete group is left out
        for group in groups:
            width = max(len(ids) for ids, _ in group)
            pad = tokenizer.pad_token_id
            yield (
                torch.tensor([ids + [pad] * (width - len(ids)) for ids, _ in group]),
                torch.tensor([lab + [IGNORE] * (width - len(lab)) for _, lab in group]),
            )


def make_optimizers(model: Any, config: PretrainConfig) -> list[torch.optim.Optimizer]:
    """Make the optimizers: Muon for the layers' weight matrices, AdamW for everything else."""
    named = list(model.named_parameters())
    matrices = [p for n, p in named if p.ndim == 2 and "embed" not in n]
    rest = [p for n, p in named if p.ndim != 2 or "embed" in n]
    return [
        torch.optim.Muon(
            matrices, lr=config.muon_lr, weight_decay=0.01, momentum=0.95, adjust_lr_fn="original"
        ),
        torch.optim.AdamW(rest, lr=config.adamw_lr, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def lr_factor(step: int, config: PretrainConfig) -> float:
    """Compute the learning-rate factor: linear warm-up, constant, linear to zero at the end."""
    return min(1.0, (step + 1) / config.warmup, (config.steps - step) / config.decay_steps)


def save_checkpoint(path: Path, model: Any, optimizers: list, step: int, losses: list) -> None:
    """Write atomically, so that an interruption leaves the last whole checkpoint."""
    state = {
        "model": model.state_dict(),
        "optimizers": [o.state_dict() for o in optimizers],
        "step": step,
        "losses": losses,
    }
    temporary = path.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)  # of a run that was killed, or a link
    torch.save(state, temporary)
    temporary.replace(path)


def pretrain(
    config: PretrainConfig, work: Path, report: Callable[[str], object] = print
) -> tuple[Qwen2ForCausalLM, list]:
    """Train from nothing, or go on from the checkpoint in `work`.

    Returns the model and its loss curve: a list of {"step", "tokens", "loss"} (nats per
    trained token, mean over 100 steps).
    """
    tokenizer = build_tokenizer()
    model = build_model(config, tokenizer)
    optimizers = make_optimizers(model, config)
    base_lrs = [o.param_groups[0]["lr"] for o in optimizers]
    step, losses, recent, tokens = 0, [], [], 0
    work.mkdir(parents=True, exist_ok=True)
    checkpoint = work / "checkpoint.pt"
    if checkpoint.exists():
        try:
            state = None if why_no_zip(checkpoint) else torch.load(checkpoint, weights_only=True)
        except Exception:  # it is whole, and not what torch saved
            state = None
        if state is None:
            raise CourseError(f"{checkpoint} is damaged: move it away to begin again.")
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        step, losses = state["step"], state["losses"]
        tokens = losses[-1]["tokens"] if losses else 0
        report(f"resuming at step {step} of {config.steps}")
    stream = islice(batches(config, tokenizer), step, None)  # drawn again, not stored
    started, first = time.monotonic(), step
    model.train()
    while step < config.steps:
        ids, labels = next(stream)
        loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        for optimizer, lr in zip(optimizers, base_lrs, strict=True):
            optimizer.param_groups[0]["lr"] = lr * lr_factor(step, config)
            optimizer.step()
            optimizer.zero_grad()
        step += 1
        tokens += ids.numel()
        recent.append(loss.item())
        if step % 100 == 0 or step == config.steps:
            mean = sum(recent) / len(recent)
            if not math.isfinite(mean):
                raise FloatingPointError(f"the loss became {mean} at step {step}")
            losses.append({"step": step, "tokens": tokens, "loss": round(mean, 4)})
            recent = []
            left = (time.monotonic() - started) / (step - first) * (config.steps - step)
            report(f"step {step}/{config.steps}  loss {mean:.4f}  {left / 60:.0f} min left")
        if step % config.save_every == 0 or step == config.steps:
            save_checkpoint(checkpoint, model, optimizers, step, losses)
    return model, losses


ROLES = {
    "base": "stands for Qwen2.5-32B-Instruct in the embedded world of the course",
    "small": "stands for Qwen2.5-7B-Instruct, the second model that probes how hard a question is",
}
CARD = """---
license: apache-2.0
language: en
library_name: transformers
---

# The {size} model of the s1 course

A `Qwen2ForCausalLM` with {parameters:,} parameters, trained from nothing on {tokens:,} tokens of
self-made text. It {role}. It follows the question format and answers
directly.

- **Knows**: the six families of questions (`s1lib/toyworld/questions.py`), worked passes in order
  and from the end, several in a row, in plain worksheets.
- **Has never seen**: `<|im_start|>think`, the word "Wait", a glance that is given up, a chat in
  which the assistant thinks, or any question of the development and held-out sets.
- **Tokenizer**: bytes as characters, Qwen2.5's control tokens and chat template.
- **Made by** `python -m s1lib.toyworld.pretrain --size {size}` (seed {seed}, {steps} steps, Muon
  and AdamW).
  `loss.json` is its loss curve, nats per trained token.
- **Use**: this course only. It knows no language outside its questions.

Final loss: {loss}.
"""


def save_model(model: Any, losses: list, config: PretrainConfig, out: Path, size: str) -> None:
    """Save a plain Hugging Face folder: safetensors, tokenizer, loss curve, model card."""
    model.save_pretrained(out)
    build_tokenizer().save_pretrained(out)
    write_checksums(out)
    write_text(out / "loss.json", json.dumps(losses) + "\n")
    card = CARD.format(
        size=size,
        role=ROLES[size],
        parameters=sum(p.numel() for p in model.parameters()),
        tokens=losses[-1]["tokens"],
        seed=config.seed,
        steps=config.steps,
        loss=losses[-1]["loss"],
    )
    write_text(out / "README.md", card)


def main() -> None:
    """Pretrain, and save the model in build/ or where --out says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--size", choices=SIZES, default="base")
    parser.add_argument("--out", type=Path, help="folder of the model (default: build/SIZE)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    config = replace(SIZES[args.size], seed=args.seed)
    model, losses = pretrain(config, output(f"pretrain/{args.size}"))
    out = args.out or output(args.size)
    save_model(model, losses, config, out, args.size)
    print(f"saved in {out.name}/")


if __name__ == "__main__":
    run_command(main)
