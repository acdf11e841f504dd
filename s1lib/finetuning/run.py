"""Fine-tuning on the curated set with TRL: `python -m s1lib.finetuning --profile laptop`.

The loss is on thinking and answer only (paper, appendix D): rows have a `prompt` and a
`completion` column, and TRL trains on the completion. A run that was killed goes on from its last
checkpoint; several GPUs are `accelerate launch ... -m s1lib.finetuning` with the same arguments.
"""

import argparse
import json
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list
from datasets import Dataset
from peft import LoraConfig
from torch.nn.functional import cross_entropy
from transformers import (
    AutoConfig,
    AutoTokenizer,
    BitsAndBytesConfig,
    PrinterCallback,
    TrainerCallback,
    set_seed,
)
from transformers.utils import logging
from trl import SFTConfig

from s1lib.chat import thinking_text
from s1lib.commands import add_profile, profile_from
from s1lib.config import Profile
from s1lib.control_tokens import why_refused
from s1lib.distillation.hub_datasets import load_released
from s1lib.errors import CourseError
from s1lib.finetuning.checkpoints import set_damaged_aside
from s1lib.finetuning.export import model_card, save_model
from s1lib.finetuning.run_dir import (
    check_disk,
    check_folder,
    clear_folder,
    note_base,
    run_identity,
)
from s1lib.finetuning.trainer import Checksums, Trainer, check_step
from s1lib.inference.budget import Format
from s1lib.inference.checksums import write_checksums
from s1lib.inference.formats import (
    FORMATS,
    declare_format,
    declared_format,
    training_format,
    training_texts,
)
from s1lib.inference.model_folder import check_folder as check_model
from s1lib.inference.model_folder import load_weights
from s1lib.io import (
    DATA,
    build_dir,
    file_hash,
    is_course_file,
    output,
    read_json,
    read_rows,
    resolve_model,
    write_text,
)
from s1lib.locks import locked
from s1lib.planning.hardware import check_launch, check_merge, detect_hardware, select_config
from s1lib.planning.model_shapes import shape_of

T = TypeVar("T")


def training_set(
    rows: list[dict], tokenizer: Any, thinking: bool = True, form: Format | None = None
) -> Dataset:
    """Make prompt and completion of each curated row; `thinking=False` leaves the thinking out.

    Written in the format that the model will be run in; joined and stripped as in
    data/tokenization.py of the s1 repository.
    """
    form = form or training_format(tokenizer)

    def texts(row: dict) -> dict[str, str]:
        thought = thinking_text(row["thinking_trajectories"]).strip() if thinking else None
        attempt = row["attempt"].strip()
        prompt, completion = training_texts(tokenizer, row["question"], thought, attempt, form)
        return {"prompt": prompt, "completion": completion}

    return Dataset.from_list([texts(row) for row in rows])


def lengths(data: Dataset, tokenizer: Any) -> list[int]:
    """Count the tokens of each row, prompt and completion."""
    return [len(i) for i in tokenizer([r["prompt"] + r["completion"] for r in data])["input_ids"]]


def too_long(data: Dataset, tokenizer: Any, max_length: int) -> list[int]:
    """Find the rows that training would cut: their end would never be learned."""
    return [i for i, n in enumerate(lengths(data, tokenizer)) if n > max_length]


def trainable(
    rows: list[dict],
    profile: Profile,
    tokenizer: Any,
    thinking: bool = True,
    report: Callable[[str], object] = print,
    context: int | None = None,
) -> Dataset:
    """Prepare the rows as TRL takes them, checked before anything is trained.

    `context` is the longest sequence, in tokens, that the model takes.
    Raises CourseError if there are none, if one lacks a column or holds a control token, if the
    profile's format does not fit the tokenizer, or if rows would be cut and the profile does not
    say to drop them; and what `check_step` raises.
    """
    check_step(profile)
    if not rows:
        raise CourseError("the curated set is empty: run the curation first.")
    for number, row in enumerate(rows):
        for column in ("question", "thinking_trajectories", "attempt"):
            if not row.get(column) and (thinking or column != "thinking_trajectories"):
                raise CourseError(f"row {number} of the training set has no {column}.")
    form = training_format(tokenizer, profile.format)
    declare_format(tokenizer, form)  # saved with the model, which is then run in it
    for number, row in enumerate(rows):
        texts = [row["question"], row["attempt"], *(row["thinking_trajectories"] or ())]
        refused = (why_refused(text or "", tokenizer, form.marks) for text in texts)
        for reason in filter(None, refused):
            raise CourseError(f"row {number} of the training set {reason}: leave the row out.")
    data = training_set(rows, tokenizer, thinking, form)
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
    if profile.overlong == "drop" and len(cut) < len(data):
        report(f"{len(cut)} of {len(data)} rows are longer than {limit} tokens, left out: {named}")
        return data.select([i for i in range(len(data)) if i not in set(cut)])
    if profile.overlong == "cut":  # to see what it does: paper, Table 8
        report(f"{len(cut)} of {len(data)} rows are cut at {limit} tokens: {named}")
        return data
    raise CourseError(
        f"{len(cut)} of {len(data)} rows are longer than max_length={limit} tokens and would lose "
        f'their answers: raise it in the profile, or leave them out with overlong = "drop". '
        f"Rows {named}"
    )


def _unloadable(base: str | Path, error: Exception) -> CourseError:
    return CourseError(
        f"cannot load {base}: it is missing, damaged or gated, or the hub cannot be reached. "
        "Check the name and the network; for a gated model accept its terms and run "
        f"`hf auth login`. ({type(error).__name__})"
    )


def load_tokenizer(base: str | Path) -> tuple[Any, int]:
    """Load the tokenizer of a model; also return the tokens of its context.

    Raises CourseError if it is missing, gated, or the hub cannot be reached.
    """
    check_model(base)
    try:
        config = AutoConfig.from_pretrained(base, trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=False)
        return tokenizer, config.get_text_config().max_position_embeddings
    except Exception as error:  # OSError, ValueError: all mean the same to a reader
        raise _unloadable(base, error) from None


def load_base(base: str | Path, profile: Profile) -> Any:
    """Load the model to train, in the profile's type: on the CPU, for the trainer moves it; one for
    QLoRA on the GPU.

    Raises CourseError if it is missing, gated, or the hub cannot be reached.
    """
    quantized = None
    if profile.method == "qlora":
        quantized = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=getattr(torch, profile.weights_dtype),
        )
    logging.disable_progress_bar()
    try:
        return load_weights(
            base, dtype=getattr(torch, profile.weights_dtype), quantization_config=quantized
        )
    except CourseError:
        raise
    except ImportError:
        raise CourseError("QLoRA needs bitsandbytes: pip install bitsandbytes.") from None
    except Exception as error:  # OSError, ValueError, safetensors: all mean the same to a reader
        raise _unloadable(base, error) from None


class _Progress(TrainerCallback):
    """The loss of the first step, and of about twenty more."""

    def __init__(self, report: Callable[[str], object]) -> None:
        self.report = report

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict | None = None, **kwargs: Any
    ) -> None:
        every = max(1, state.max_steps // 20)
        if logs and "loss" in logs and (state.global_step == 1 or state.global_step % every == 0):
            loss = float(logs["loss"])
            self.report(f"step {state.global_step}/{state.max_steps}  loss {loss:.3f}")


def make_trainer(
    model: Any,
    tokenizer: Any,
    data: Dataset,
    profile: Profile,
    out: Path,
    seed: int = 0,
    report: Callable[[str], object] = print,
) -> Trainer:
    """Make TRL's trainer with this profile's settings; its checkpoints go to `out`."""
    config = SFTConfig(
        output_dir=str(out / "checkpoints"),
        seed=seed,
        data_seed=seed,
        report_to="none",
        save_total_limit=1,
        disable_tqdm=True,
        use_cpu=not torch.cuda.is_available(),
        **deepcopy(profile.sft),  # the trainer writes into what lies in it
    )
    if config.n_gpu > 1:
        config._n_gpu = 1  # a single process takes one card: DataParallel is refused by TRL
    trainer = Trainer(
        model=model.train(),
        args=config,
        train_dataset=data,
        processing_class=tokenizer,
        peft_config=None if profile.method == "full" else LoraConfig(**profile.lora),
        callbacks=[_Progress(report), Checksums()],
        loss_weight=profile.loss_weight,
    )
    trainer.pop_callback(PrinterCallback)
    return trainer


@torch.no_grad()
def loss_of_all(trainer: Trainer, weight: str = "token") -> float:
    """Compute the loss of all rows together, in nats: the mean of all tokens that count, or with
    `weight="row"` the mean of the rows' own means.

    What a trainer logs is a mean of steps: where some steps hold short rows only, their tokens
    weigh more in it.
    """
    trainer.model.eval()
    sums, tokens = [], []
    for batch in trainer.get_train_dataloader():
        labels = batch.pop("labels")[:, 1:]
        logits = trainer.model(**batch).logits[:, :-1].float()
        each = cross_entropy(logits.transpose(1, 2), labels, reduction="none")  # 0 for -100
        sums.append(each.sum(dim=1))
        tokens.append((labels != -100).sum(dim=1))
    total, count = torch.cat(sums), torch.cat(tokens)
    return float(total.sum() / count.sum() if weight == "token" else (total / count).mean())


def finetune(
    rows: list[dict],
    profile: Profile,
    out: Path,
    base: str | Path,
    seed: int = 0,
    thinking: bool = True,
    report: Callable[[str], object] = print,
    overwrite: bool = False,
    data_name: str = "rows that have no name",
) -> list[dict]:
    """Fine-tune `base` on curated rows and save a plain Hugging Face folder in `out`.

    Called by each process where there are several; the first holds the folder's lock. A run that
    was interrupted goes on from its last whole checkpoint. `overwrite` replaces what another run
    left in `out`; `data_name` is what the model card calls the rows.
    Returns the loss curve: a list of {"step", "loss"}.
    Raises CourseError before any training; see `trainable`, `load_base`, `check_folder`,
    `check_disk` and `check_merge`.
    """
    on_cpu = not torch.cuda.is_available()  # else accelerate sees one process of several
    state = PartialState(cpu=on_cpu, timeout=timedelta(hours=3))  # saving 32B takes long
    report = report if state.is_main_process else (lambda text: None)
    with ExitStack() as held:
        _from_first_process(state, lambda: held.enter_context(locked(out, report)))
        set_seed(seed)
        tokenizer, context = load_tokenizer(base)
        data = trainable(rows, profile, tokenizer, thinking, report, context)
        form = declared_format(tokenizer) or "s1"
        run: dict = {}
        if state.is_main_process:  # the others need not hash the weights too
            run = run_identity(data, profile, base, seed, state.num_processes)
        checkpoint = _from_first_process(state, lambda: check_folder(out, run, overwrite))
        check_disk(out, profile, shape_of(base).parameters)
        check_merge(profile, shape_of(base).parameters)
        model = load_base(base, profile)
        trainer = make_trainer(model, tokenizer, data, profile, out, seed, report)
        if state.is_main_process and not overwrite:
            set_damaged_aside(out / "checkpoints", state.num_processes, report)
        if checkpoint:
            report(f"going on from step {checkpoint.name.split('-')[1]}")
            if state.is_main_process and note_base(out, run):
                report(f"the base model is in {run['base_path']} now: run.json says so")
        elif state.is_main_process:
            clear_folder(out, run)
        state.wait_for_everyone()
        report(f"{state.num_processes} processes, {len(data):,} rows")
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        curve = [
            {"step": log["step"], "loss": round(float(log["loss"]), 4)}
            for log in trainer.state.log_history
            if "loss" in log
        ]
        if not curve:  # fewer steps than between two logs
            last = trainer.state.log_history[-1]
            curve = [{"step": last["step"], "loss": round(float(last["train_loss"]), 4)}]
        save_model(trainer, out, base, profile, tokenizer)
        if state.is_main_process:
            card = model_card(profile, run, curve, data_name, len(data), form)
            write_text(out / "README.md", card)
            write_checksums(out)
            write_text(out / "loss.json", json.dumps(curve))  # last: it says that all is there
            shutil.rmtree(out / "checkpoints", ignore_errors=True)
        state.wait_for_everyone()
        return curve


def _from_first_process(state: PartialState, ask: Callable[[], T]) -> T:
    """Return in all processes what `ask` returns in the first; raise its CourseError too."""
    outcome: list = [None, None]
    if state.is_main_process:
        try:
            outcome = [ask(), None]
        except CourseError as error:
            outcome = [None, str(error)]
    broadcast_object_list(outcome)
    if outcome[1]:
        raise CourseError(outcome[1])
    return outcome[0]


def curated_rows(
    profile: Profile, data: str | None = None, report: Callable[[str], object] = print
) -> tuple[list[dict], str]:
    """Load the training set and its name, and report which one it is and how to take the other.

    `data` names a file of rows, as those of `s1 curate --ablations`, a released set, or a local
    copy of one. Without it: what this run curated, if it was for this profile's pool (the card
    beside it says so), else the profile's own set.
    Raises CourseError if the set cannot be loaded.
    """
    if data:
        rows = read_rows(Path(data)) if data.endswith(".jsonl") else []
        traced = rows and "thinking_trajectories" in rows[0]
        return rows if traced else load_released(data), data
    own = build_dir() / "curated.jsonl"
    if own.exists():
        pool = _pool_of(own)
        if pool == profile.pool or (pool is None and is_course_file(profile.dataset)):
            report(
                f"training on {build_dir().name}/curated.jsonl, which this run curated; "
                f"--data {_course_path(profile.dataset)} takes the profile's own set"
            )
            name = f"{build_dir().name}/curated.jsonl, curated from {pool or 'an unknown pool'}"
            return read_rows(own)[: profile.curated], name
        report(
            f"{build_dir().name}/curated.jsonl was curated from {pool or 'an unknown pool'} and "
            f"this profile's pool is {profile.pool}: it is not taken (--data {own} takes it)"
        )
    report(f"training on {profile.dataset}; `s1 curate` makes a set of your own")
    if is_course_file(profile.dataset):
        rows = read_rows(DATA / profile.dataset)[: profile.curated]
        return rows, f"{_course_path(profile.dataset)} of the course"
    return load_released(profile.dataset), profile.dataset


def _course_path(dataset: str) -> str:
    return f"data/{dataset}" if is_course_file(dataset) else dataset


def _pool_of(curated: Path) -> str | None:
    """The pool that a curated set was made from, as its data card says; None without its card."""
    path = curated.with_suffix(".json")
    card = read_json(path) if path.exists() else {}
    return card.get("pool") if card.get("sha256") == file_hash(curated) else None


def main() -> None:
    """Fine-tune the profile's model."""
    parser = argparse.ArgumentParser(prog="s1 sft", description=main.__doc__)
    add_profile(parser)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", help="train on this file of rows, or on this released set")
    parser.add_argument("--out", type=Path, help="folder of the model (default: build/sft)")
    parser.add_argument("--format", choices=FORMATS, help="how the model will mark its thinking")
    parser.add_argument("--overwrite", action="store_true", help="replace a finished model")
    args = parser.parse_args()
    first = int(os.environ.get("RANK", "0")) == 0
    report = print if first else lambda text: None
    profile = select_config(profile_from(args), detect_hardware(), report)
    profile = replace(profile, format=args.format or profile.format)
    check_launch(profile)
    out = args.out or output("sft")
    base = resolve_model(profile.model)
    rows, name = curated_rows(profile, args.data, report)
    finetune(rows, profile, out, base, args.seed, overwrite=args.overwrite, data_name=name)
    if first:
        print(f"saved in {out.parent.name}/{out.name}")
