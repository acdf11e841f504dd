"""Fine-tuning on the curated set with TRL: `python -m s1lib.sft --profile laptop`.

The loss is on thinking and answer only (paper, appendix D): rows have a `prompt` and a
`completion` column, and TRL trains on the completion. A run that was killed goes on from its last
checkpoint; several GPUs are `accelerate launch ... -m s1lib.sft` with the same arguments.
"""

import argparse
import hashlib
import json
import shutil
from importlib.metadata import version
from pathlib import Path

import torch
from accelerate import PartialState
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PrinterCallback,
    TrainerCallback,
    set_seed,
)
from transformers.trainer_pt_utils import LengthGroupedSampler
from transformers.utils import logging
from trl import SFTConfig, SFTTrainer

from s1lib.chat import ANSWER, THINK, completion_text, prompt_text
from s1lib.machine import fitted, look
from s1lib.profile import EMBEDDED, Profile, load_profile
from s1lib.released import load_released
from s1lib.store import CourseError, locate, output, read_rows

CARD = """---
license: apache-2.0
library_name: transformers
---

# {title}, fine-tuned in the s1 course

Thinks between `<|im_start|>think` and `<|im_start|>answer`, after {rows:,} curated examples of a
teacher's thinking.

| | |
|---|---|
| data | {data}, sha256 {digest} |
| profile | {profile}: {method}, {epochs} epochs, {steps} steps, learning rate {rate} |
| seed | {seed} |
| loss | {first:.3f} at the first step, {last:.3f} at the last (`loss.json`) |
| versions | {versions} |
| results | {results} |

Made by `python -m s1lib.sft --profile {profile} --seed {seed}`.
"""


def training_set(rows: list[dict], tokenizer, thinking: bool = True) -> Dataset:
    """Prompt and completion of each curated row; `thinking=False` leaves the thinking out."""
    return Dataset.from_list(
        [
            {
                "prompt": prompt_text(tokenizer, row["question"]),
                "completion": completion_text(
                    row["thinking_trajectories"][0] if thinking else None, row["attempt"]
                ),
            }
            for row in rows
        ]
    )


def too_long(data: Dataset, tokenizer, max_length: int) -> list[int]:
    """Indices of the rows that training would cut: their end would never be learned."""
    lengths = [
        len(ids) for ids in tokenizer([r["prompt"] + r["completion"] for r in data])["input_ids"]
    ]
    return [i for i, n in enumerate(lengths) if n > max_length]


def trainable(
    rows: list[dict],
    profile: Profile,
    tokenizer,
    thinking: bool = True,
    report=print,
    context: int | None = None,
) -> Dataset:
    """The rows as TRL takes them, looked at before anything is trained.

    `context` is the longest sequence, in tokens, that the model takes.
    Raises CourseError if there are none, if one lacks a column, if the tokenizer does not know
    the delimiters, or if rows would be cut and the profile does not say to drop them.
    """
    if not rows:
        raise CourseError("the curated set is empty: run the curation first.")
    for number, row in enumerate(rows):
        for column in ("question", "thinking_trajectories", "attempt"):
            if not row.get(column) and (thinking or column != "thinking_trajectories"):
                raise CourseError(f"row {number} of the training set has no {column}.")
    if len(tokenizer.encode(THINK[: THINK.index(">") + 1], add_special_tokens=False)) != 1:
        raise CourseError(
            f"the tokenizer has no token <|im_start|>, on which {THINK} and {ANSWER} rest: take a "
            "model of the Qwen2.5 family, or add the token and train its embedding."
        )
    data = training_set(rows, tokenizer, thinking)
    limit = profile.sft["max_length"]
    if context and context < limit:
        raise CourseError(
            f"max_length={limit} is more than the {context} tokens of the model's context: lower "
            "it in the profile, or take a model with a longer one."
        )
    cut = too_long(data, tokenizer, limit)
    if not cut:
        return data
    named = ", ".join(map(str, cut[:10])) + (" ..." if len(cut) > 10 else "")
    if profile.longer == "drop" and len(cut) < len(data):
        report(f"{len(cut)} of {len(data)} rows are longer than {limit} tokens, left out: {named}")
        return data.select([i for i in range(len(data)) if i not in set(cut)])
    raise CourseError(
        f"{len(cut)} of {len(data)} rows are longer than max_length={limit} tokens and would lose "
        f'their answers: raise it in the profile, or leave them out with longer = "drop". '
        f"Rows {named}"
    )


def load_base(base: str | Path, profile: Profile):
    """Model and tokenizer to train, in the profile's type, on the CPU: the trainer moves it.

    Raises CourseError if it is missing, gated, or the hub cannot be reached.
    """
    quantized = None
    if profile.method == "qlora":
        quantized = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=getattr(torch, profile.master),
        )
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(base)
        model = AutoModelForCausalLM.from_pretrained(
            base, dtype=getattr(torch, profile.master), quantization_config=quantized
        )
    except ImportError:
        raise CourseError("QLoRA needs bitsandbytes: pip install bitsandbytes.") from None
    except Exception as error:  # OSError, ValueError, safetensors: all mean the same to a reader
        raise CourseError(
            f"cannot load {base}: it is missing, damaged or gated, or the hub cannot be reached. "
            "Check the name and the network; for a gated model accept its terms and run "
            f"`hf auth login`. ({type(error).__name__})"
        ) from None
    return model, tokenizer


class Trainer(SFTTrainer):
    """TRL's, with rows of like length in the same step on all GPUs, not on each alone."""

    def _get_train_sampler(self, train_dataset=None):
        sampler = super()._get_train_sampler(train_dataset)
        if isinstance(sampler, LengthGroupedSampler):
            sampler.batch_size *= self.args.world_size
        return sampler


class _Progress(TrainerCallback):
    def __init__(self, report):
        self.report = report

    def on_log(self, args, state, control, logs=None, **kwargs):
        if logs and "loss" in logs and state.global_step % 45 == 0:
            self.report(
                f"step {state.global_step}/{state.max_steps}  loss {float(logs['loss']):.3f}"
            )


def identity(data: Dataset, profile: Profile, base: str | Path, seed: int) -> dict:
    """What makes two runs the same run: settings, seed, and hashes of data and base model."""
    rows = json.dumps([data["prompt"][:], data["completion"][:]]).encode()
    config = Path(base) / "model.safetensors"
    model = hashlib.sha256(config.read_bytes()).hexdigest()[:16] if config.exists() else str(base)
    return {
        "data": hashlib.sha256(rows).hexdigest()[:16],
        "base": model,
        "method": profile.method,
        "master": profile.master,
        "lora": profile.lora if profile.method != "full" else None,
        "sft": {k: v for k, v in profile.sft.items() if k not in ("logging_steps",)},
        "seed": seed,
    }


def last_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint: the trainer's state is written last."""
    whole = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    return max(whole, key=lambda path: int(path.name.split("-")[1]), default=None)


def prepare_folder(out: Path, run: dict, overwrite: bool) -> Path | None:
    """Make `out` ready for this run; the checkpoint to go on from, if there is one.

    Raises CourseError if `out` holds a finished model, or checkpoints of another run.
    """
    path, checkpoint = out / "run.json", last_checkpoint(out / "checkpoints")
    known = json.loads(path.read_text()) if path.exists() else None
    if overwrite and (known != run or checkpoint is None):
        for old in (out / "checkpoints", out / "adapter"):
            shutil.rmtree(old, ignore_errors=True)
        (out / "loss.json").unlink(missing_ok=True)
    elif checkpoint is None and (out / "config.json").exists():
        raise CourseError(
            f"{out.name}/ holds a finished model: train with --overwrite to replace it, or move "
            "it away."
        )
    elif checkpoint and known != run:
        changed = [k for k in run if (known or {}).get(k) != run[k]]
        raise CourseError(
            f"{out.name}/checkpoints is of a run with another {', '.join(changed)}: restore these "
            "settings to go on, or begin anew with --overwrite."
        )
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(run, indent=1))
    return last_checkpoint(out / "checkpoints")


def finetune(
    rows: list[dict],
    profile: Profile,
    out: Path,
    base: str | Path,
    seed: int = 0,
    thinking: bool = True,
    report=print,
    overwrite: bool = False,
) -> list[dict]:
    """Fine-tune `base` on curated rows and save a plain Hugging Face folder in `out`.

    Called by each process where there are several. A run that was interrupted goes on from its
    last checkpoint. `overwrite` replaces what another run left in `out`.
    Returns the loss curve: a list of {"step", "loss"}.
    Raises CourseError before any training; see `trainable`, `load_base` and `prepare_folder`.
    """
    state = PartialState()
    report = report if state.is_main_process else (lambda text: None)
    set_seed(seed)
    model, tokenizer = load_base(base, profile)
    context = model.config.max_position_embeddings
    data = trainable(rows, profile, tokenizer, thinking, report, context)
    run = identity(data, profile, base, seed)
    checkpoint = None
    if state.is_main_process:
        checkpoint = prepare_folder(out, run, overwrite)
    state.wait_for_everyone()
    checkpoint = checkpoint or last_checkpoint(out / "checkpoints")
    if checkpoint:
        report(f"going on from step {checkpoint.name.split('-')[1]}")
    config = SFTConfig(
        output_dir=str(out / "checkpoints"),
        seed=seed,
        data_seed=seed,
        report_to="none",
        save_total_limit=1,
        disable_tqdm=True,
        use_cpu=not torch.cuda.is_available(),
        **profile.sft,
    )
    trainer = Trainer(
        model=model.train(),
        args=config,
        train_dataset=data,
        processing_class=tokenizer,
        peft_config=None if profile.method == "full" else LoraConfig(**profile.lora),
        callbacks=[_Progress(report)],
    )
    trainer.pop_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    curve = [
        {"step": log["step"], "loss": round(float(log["loss"]), 4)}
        for log in trainer.state.log_history
        if "loss" in log
    ]
    save(trainer, out, base, profile, tokenizer)
    if state.is_main_process:
        (out / "loss.json").write_text(json.dumps(curve))
        (out / "README.md").write_text(card(profile, run, curve, len(data), base))
        shutil.rmtree(out / "checkpoints", ignore_errors=True)
    state.wait_for_everyone()
    return curve


def save(trainer, out: Path, base: str | Path, profile: Profile, tokenizer) -> None:
    """A plain Hugging Face folder; adapters are merged, and kept in `adapter/` beside it.

    Called by each process: gathering a sharded model needs all of them.
    """
    if profile.method == "full":
        trainer.save_model(str(out))
    else:
        weights = trainer.accelerator.get_state_dict(trainer.model)
        if trainer.is_world_process_zero():
            save_adapter(weights, trainer.model.peft_config["default"], out / "adapter")
            merged(base, out / "adapter", getattr(torch, profile.master)).save_pretrained(out)
    if trainer.is_world_process_zero():
        tokenizer.save_pretrained(out)
        (out / "training_args.bin").unlink(missing_ok=True)  # pickled, and of no use


def save_adapter(weights: dict[str, torch.Tensor], config: LoraConfig, folder: Path) -> None:
    """Adapter weights as peft names them. Its own way finds none of them under FSDP: the name
    of the checkpointing wrapper stands in each weight's name."""
    wrapper = "_checkpoint_wrapped_module."
    adapter = {
        name.replace(wrapper, "").replace(".default.", "."): weight.contiguous()
        for name, weight in weights.items()
        if ".lora_" in name
    }
    config.save_pretrained(folder)
    save_file(adapter, folder / "adapter_model.safetensors")


def merged(base: str | Path, adapter: Path, dtype: torch.dtype):
    """The base model, not quantised, with an adapter merged into its weights.

    Raises RuntimeError if the adapter's weights are not all found: peft only warns, and the
    result would be the base model.
    """
    weights = load_file(adapter / "adapter_model.safetensors")
    plain = AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
    model = PeftModel.from_pretrained(plain, adapter)
    missing = set(get_peft_model_state_dict(model)) ^ set(weights)
    if missing:
        raise RuntimeError(f"{len(missing)} weights of the adapter do not fit: {min(missing)} ...")
    return model.merge_and_unload()


def card(profile: Profile, run: dict, curve: list[dict], rows: int, base: str | Path) -> str:
    """The model card: data, profile, versions, seed, and where the results stand."""
    packages = ("torch", "transformers", "trl", "peft", "accelerate")
    embedded = profile.dataset == EMBEDDED
    return CARD.format(
        title="The base model of the embedded world" if embedded else base,
        rows=rows,
        data="the course's curated.jsonl" if embedded else profile.dataset,
        digest=run["data"],
        profile=profile.name,
        method=profile.method if profile.method == "full" else f"{profile.method}, {profile.lora}",
        epochs=profile.sft["num_train_epochs"],
        rate=profile.sft["learning_rate"],
        steps=curve[-1]["step"],
        first=curve[0]["loss"],
        last=curve[-1]["loss"],
        seed=run["seed"],
        versions=", ".join(f"{p} {version(p).split('+')[0]}" for p in packages),
        results="`data/results/` of the course" if embedded else "not measured yet",
    )


def curated_rows(profile: Profile) -> list[dict]:
    """The curated set: of this run, shipped, or a released one from the hub."""
    if profile.dataset == EMBEDDED:
        return read_rows(locate("curated.jsonl"))[: profile.curated]
    return load_released(profile.dataset)


def main() -> None:
    """Fine-tune the profile's model."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--profile", help="laptop, smoke, gpu, h100x8, h100x16 or auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="folder of the model (default: build/sft)")
    parser.add_argument("--overwrite", action="store_true", help="replace a finished model")
    args = parser.parse_args()
    first = PartialState().is_main_process
    profile = fitted(load_profile(args.profile), look(), print if first else lambda text: None)
    out = args.out or output("sft")
    base = profile.place(profile.model)
    finetune(curated_rows(profile), profile, out, base, args.seed, overwrite=args.overwrite)
    if first:
        print(f"saved in {out.parent.name}/{out.name}")


if __name__ == "__main__":
    try:
        main()
    except CourseError as error:
        raise SystemExit(f"error: {error}") from None
