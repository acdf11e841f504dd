"""Fine-tuning on the curated set with TRL: `python -m s1lib.sft --profile laptop`.

The loss is on thinking and answer only (paper, appendix D): rows have a `prompt` and a
`completion` column, and TRL trains on the completion.
"""

import argparse
import json
from pathlib import Path

import torch
from datasets import Dataset
from transformers import PrinterCallback, TrainerCallback, set_seed
from trl import SFTConfig, SFTTrainer

from s1lib.chat import completion_text, prompt_text
from s1lib.engines.transformers import load
from s1lib.profile import Profile, load_profile
from s1lib.released import load_released
from s1lib.store import CourseError, locate, output, read_rows

CARD = """---
license: apache-2.0
library_name: transformers
---

# Fine-tuned in the s1 course

Thinks between `<|im_start|>think` and `<|im_start|>answer`, after {rows} curated examples of a
teacher's thinking. Made by `python -m s1lib.sft --profile {profile} --seed {seed}`; `loss.json` is
the loss curve. Its results stand in `data/results/proof.json` of the course.
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


class _Progress(TrainerCallback):
    def __init__(self, report):
        self.report = report

    def on_log(self, args, state, control, logs=None, **kwargs):
        if logs and "loss" in logs and state.global_step % 45 == 0:
            self.report(
                f"step {state.global_step}/{state.max_steps}  loss {float(logs['loss']):.3f}"
            )


def finetune(
    rows: list[dict],
    profile: Profile,
    out: Path,
    base: str | Path,
    seed: int = 0,
    thinking: bool = True,
    report=print,
) -> list[dict]:
    """Fine-tune `base` on curated rows and save a plain Hugging Face folder in `out`.

    Returns the loss curve: a list of {"step", "loss"}.
    Raises CourseError before any training if rows would be cut, or if there are none.
    """
    if not rows:
        raise CourseError("the curated set is empty: run the curation first.")
    set_seed(seed)
    model, tokenizer = load(base)
    data = training_set(rows, tokenizer, thinking)
    cut = too_long(data, tokenizer, profile.sft["max_length"])
    if cut:
        raise CourseError(
            f"{len(cut)} of {len(data)} rows are longer than "
            f"max_length={profile.sft['max_length']} tokens and would lose their answers: "
            "raise it in the profile."
        )
    peft_config = None
    if profile.lora:
        from peft import LoraConfig

        peft_config = LoraConfig(**profile.lora)
    config = SFTConfig(
        output_dir=str(out),
        seed=seed,
        data_seed=seed,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=not torch.cuda.is_available(),
        **profile.sft,
    )
    trainer = SFTTrainer(
        model=model.train(),
        args=config,
        train_dataset=data,
        processing_class=tokenizer,
        peft_config=peft_config,
        callbacks=[_Progress(report)],
    )
    trainer.pop_callback(PrinterCallback)
    trainer.train()
    trained = trainer.model.merge_and_unload() if profile.lora else trainer.model
    trained.save_pretrained(out)
    tokenizer.save_pretrained(out)
    curve = [
        {"step": log["step"], "loss": round(float(log["loss"]), 4)}
        for log in trainer.state.log_history
        if "loss" in log
    ]
    (out / "loss.json").write_text(json.dumps(curve))
    (out / "README.md").write_text(CARD.format(rows=len(rows), profile=profile.name, seed=seed))
    return curve


def curated_rows(profile: Profile) -> list[dict]:
    """The curated set: of this run, shipped, or a released one from the hub."""
    if profile.dataset == "embedded":
        return read_rows(locate("curated.jsonl"))[: profile.curated]
    return load_released(profile.dataset)


def main() -> None:
    """Fine-tune the profile's model."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--profile", help="laptop, smoke, gpu or h100x16")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    profile = load_profile(args.profile)
    out = output("sft")
    finetune(curated_rows(profile), profile, out, profile.place(profile.model), args.seed)
    print(f"saved in {out.parent.name}/{out.name}")


if __name__ == "__main__":
    try:
        main()
    except CourseError as error:
        raise SystemExit(f"error: {error}") from None
