"""A fine-tuned model as a plain Hugging Face folder: gathered, merged, and with a card."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file, save_file

from s1lib.config import Profile
from s1lib.inference.model_folder import load_weights

CARD = """---
license: apache-2.0
library_name: transformers
---

# {title}, fine-tuned in the s1 course

Fine-tuned on {rows:,} curated examples of a teacher's thinking. It marks its thinking in the format
`{format}` of `s1lib.inference.formats`.

| | |
|---|---|
| data | {data}, sha256 {digest} |
| profile | {profile}: {method}, {epochs} epochs, {steps} steps, learning rate {rate} |
| seed | {seed} |
| loss | {first:.3f} at step {first_step}, {last:.3f} at the last (`loss.json`) |
| versions | {versions} |
| results | {results} |

Made by `python -m s1lib.finetuning --profile {profile} --seed {seed}`.
"""


def save_model(trainer: Any, out: Path, base: str | Path, profile: Profile, tokenizer: Any) -> None:
    """Save a plain Hugging Face folder; adapters are merged, and kept in `adapter/` beside it.

    Called by each process: gathering a sharded model needs all of them.
    """
    if profile.method == "full":
        trainer.save_model(str(out))
    else:
        weights = trainer.accelerator.get_state_dict(trainer.model)
        if trainer.is_world_process_zero():
            save_adapter(weights, trainer.model.peft_config["default"], out / "adapter")
            merge_adapter(
                base, out / "adapter", getattr(torch, profile.weights_dtype)
            ).save_pretrained(out)
    if trainer.is_world_process_zero():
        tokenizer.save_pretrained(out)
        (out / "training_args.bin").unlink(missing_ok=True)  # pickled, and of no use


def save_adapter(weights: dict[str, torch.Tensor], config: LoraConfig, folder: Path) -> None:
    """Save adapter weights as peft names them. Its own way finds none of them under FSDP: the name
    of the checkpointing wrapper stands in each weight's name."""
    wrapper = "_checkpoint_wrapped_module."
    adapter = {
        name.replace(wrapper, "").replace(".default.", "."): weight.contiguous()
        for name, weight in weights.items()
        if ".lora_" in name
    }
    config.save_pretrained(folder)
    save_file(adapter, folder / "adapter_model.safetensors")


def merge_adapter(base: str | Path, adapter: Path, dtype: torch.dtype) -> Any:
    """Merge an adapter into the weights of the base model, which is not quantised here.

    Raises RuntimeError if the adapter's weights are not all found: peft only warns, and the
    result would be the base model.
    """
    weights = load_file(adapter / "adapter_model.safetensors")
    plain = load_weights(base, dtype=dtype)
    model = PeftModel.from_pretrained(plain, adapter)
    missing = set(get_peft_model_state_dict(model)) ^ set(weights)
    if missing:
        raise RuntimeError(f"{len(missing)} weights of the adapter do not fit: {min(missing)} ...")
    return model.merge_and_unload()


def model_card(
    profile: Profile, run: dict, curve: list[dict], data_name: str, rows: int, form: str = "s1"
) -> str:
    """Write the model card: data, format, profile, versions, seed, and where the results are.

    `data_name` is the set of which `rows` rows were trained on, `form` the format's name.
    """
    packages = ("torch", "transformers", "trl", "peft", "accelerate")
    return CARD.format(
        title=profile.model,
        rows=rows,
        format=form,
        data=data_name,
        digest=run["data"],
        profile=profile.name,
        method=profile.method if profile.method == "full" else f"{profile.method}, {profile.lora}",
        epochs=profile.sft["num_train_epochs"],
        rate=profile.sft["learning_rate"],
        steps=curve[-1]["step"],
        first=curve[0]["loss"],
        first_step=curve[0]["step"],
        last=curve[-1]["loss"],
        seed=run["seed"],
        versions=", ".join(f"{p} {version(p).split('+')[0]}" for p in packages),
        results="`python -m s1lib.evaluation` measures them",
    )
