"""Fine-tuning: how much of the computing is useful. `python benchmarks/finetuning.py`

On a CPU, the course's model on the curated 1,000, in one run, by turns:
- ours (16 random rows a step, in batches of like length) against the best batching there is (all
  rows sorted by length),
- ours against TRL's defaults (the 16 rows in one batch, gradient checkpointing),
- ours against steps of like length, which would spare many GPUs waiting,
- with --loss, three seeds of each to the end: the loss of every useful token then. (The loss that
  a trainer logs is a mean of steps: with steps of like length it weighs short rows more.)
On a GPU, models with the shapes of Qwen2.5 and random weights at 8,192 tokens: tokens per second,
model FLOP utilisation and peak memory, and from a slice of the 32B's layers a projection for 16
H100s.

Prints a card, and one JSON line last.
"""

import argparse
import gc
import json
import statistics
import tempfile
import time
from dataclasses import replace
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import PrinterCallback, Qwen2Config, Qwen2ForCausalLM
from trl import SFTConfig

from s1lib.config import load_profile
from s1lib.finetuning import run as sft
from s1lib.io import DATA, read_rows
from s1lib.planning import planner
from s1lib.planning.model_shapes import SHAPES, Shape

QWEN = "Qwen/Qwen2.5-{}-Instruct"
PEAK = {"H100": 989.4e12, "H200": 989.4e12, "A100": 312e12}  # dense bfloat16, data sheets
SLICE = 4  # of the 64 layers of the 32B
# Mean over longest of the 16 sequences of a step: as the profile draws them, and of like length,
# which changes what is learned (s1lib.results.batches).
BALANCE = {"drawn at random": planner.DRAWN, "of like length": 0.9}
TOKENS = (23.5e6, 28.3e6)  # of the paper's run: thinking alone, and whole sequences


# On a CPU


def train(data: Dataset, tokenizer, settings: dict, model_dir: Path, seed: int, steps: int) -> dict:
    """One run of `steps` (-1: to the end): seconds, and the mean loss of all useful tokens then."""
    model = sft.load_base(model_dir, load_profile("laptop"))
    with tempfile.TemporaryDirectory() as folder:
        config = SFTConfig(
            output_dir=folder, seed=seed, data_seed=seed, report_to="none", use_cpu=True,
            bf16=False, disable_tqdm=True, save_strategy="no", logging_steps=50, max_steps=steps,
            **settings,
        )  # fmt: skip
        trainer = sft.Trainer(model.train(), config, train_dataset=data,
                              processing_class=tokenizer)  # fmt: skip
        trainer.pop_callback(PrinterCallback)
        started = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "loss": sft.loss_of_all(trainer) if steps < 0 else None}


def on_cpu(repeats: int, loss: bool) -> dict:
    """Speed of an epoch, and with `loss` the end of whole runs."""
    profile = load_profile("laptop")
    tokenizer, _ = sft.load_tokenizer(DATA / "base")
    data = sft.training_set(read_rows(DATA / "curated.jsonl"), tokenizer)
    prompts = tokenizer(list(data["prompt"]))["input_ids"]
    lengths = sft.lengths(data, tokenizer)
    useful = sum(lengths) - sum(map(len, prompts))
    by_length = data.select(sorted(range(len(data)), key=lengths.__getitem__))

    unlike = ("logging_steps", "save_strategy", "bf16")
    ours = {k: v for k, v in profile.sft.items() if k not in unlike}
    one_batch = {"per_device_train_batch_size": 16, "gradient_accumulation_steps": 1}
    plain = {"train_sampling_strategy": "random", "gradient_checkpointing": True}
    ways = {
        "ours": (data, ours),
        "best": (by_length, ours | {"train_sampling_strategy": "sequential"}),
        "TRL's defaults": (data, ours | one_batch | plain),
        "like lengths": (data, ours | one_batch | {"train_sampling_strategy": "group_by_length"}),
    }
    epoch = planner.steps(len(data), 16, 1)
    seconds = {name: [] for name in ways}
    for seed in range(repeats):
        for name, (rows, settings) in ways.items():
            run = train(rows, tokenizer, settings, DATA / "base", seed, epoch)
            seconds[name].append(run["seconds"])
    rates = {name: useful / statistics.median(times) for name, times in seconds.items()}
    for name, rate in rates.items():
        print(f"{name:16} {rate:7,.0f} useful tokens per second", flush=True)
    result = {
        "useful_tokens_per_second": {name: round(rate) for name, rate in rates.items()},
        "of_the_best_batching": round(rates["ours"] / rates["best"], 3),
        "of_trl_defaults": round(rates["ours"] / rates["TRL's defaults"], 3),
    }
    if loss:
        ends = {}
        for name in ("ours", "TRL's defaults", "like lengths"):
            rows, settings = ways[name]
            runs = [train(rows, tokenizer, settings, DATA / "base", s, -1) for s in range(3)]
            ends[name] = [round(run["loss"], 4) for run in runs]
            print(f"{name:16} final losses {ends[name]}", flush=True)
        result["final_loss"] = ends
    return result


# On a GPU


def flops_per_token(shape: Shape, length: int, trained: bool) -> float:
    """Model FLOPs of a token, forward and backward: recomputation is not counted.

    Three products of 2 FLOPs per parameter if weights are trained, two if they are frozen, and
    causal attention (half of the square) forward and twice backward.
    """
    attention = 4 * shape.layers * shape.heads * shape.head * length / 2
    return (6 if trained else 4) * shape.multiplied + 3 * attention


def random_model(shape: Shape, dtype: torch.dtype, device: str) -> Qwen2ForCausalLM:
    """Qwen2 of this shape with random weights: speed and memory do not depend on them."""
    config = Qwen2Config(
        vocab_size=shape.vocabulary, hidden_size=shape.hidden,
        intermediate_size=shape.intermediate, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, num_key_value_heads=shape.kv_heads,
        max_position_embeddings=32768, tie_word_embeddings=shape.tied,
    )  # fmt: skip
    with torch.device(device):
        return Qwen2ForCausalLM(config).to(dtype)


def measure(shape: Shape, method: str, length: int, device: str, master: str, steps: int) -> dict:
    """Seconds of a step of one sequence, and the peak of the card's memory.

    The trainer is the course's, with its loss, its checkpointing and its optimizer.
    """
    gc.collect()  # the trainer before this one holds itself in a cycle
    if device != "cpu":
        torch.cuda.empty_cache()
    tokenizer, _ = sft.load_tokenizer(DATA / "base")
    ids = torch.randint(0, 250, (steps + 3, length), generator=torch.Generator().manual_seed(0))
    rows = [{"input_ids": r, "labels": r} for r in ids.tolist()]
    model = random_model(shape, getattr(torch, master), device)
    clock = []
    with tempfile.TemporaryDirectory() as folder:
        config = SFTConfig(
            output_dir=folder, report_to="none", use_cpu=device == "cpu", bf16=device != "cpu",
            max_length=length, per_device_train_batch_size=1, disable_tqdm=True,
            save_strategy="no", max_steps=len(rows), logging_steps=len(rows),
            gradient_checkpointing=True,
        )  # fmt: skip
        lora = LoraConfig(r=32, target_modules="all-linear", task_type="CAUSAL_LM")
        config._n_gpu = min(config.n_gpu, 1)
        trainer = sft.Trainer(
            model, config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer,
            peft_config=None if method == "full" else lora,
        )  # fmt: skip
        trainer.pop_callback(PrinterCallback)
        step = trainer.training_step

        def timed(*args, **kwargs):
            if device != "cpu":
                torch.cuda.synchronize()
            clock.append(time.perf_counter())
            return step(*args, **kwargs)

        trainer.training_step = timed
        if device != "cpu":
            torch.cuda.reset_peak_memory_stats()
        trainer.train()
        peak = torch.cuda.max_memory_reserved() / 2**30 if device != "cpu" else None
    took = [b - a for a, b in pairwise(clock[2:])]  # the first ones warm up
    return {"seconds": statistics.median(took), "peak_gib": peak and round(peak, 2)}


def on_gpu(length: int, steps: int) -> dict:
    """All shapes that fit, and the projection."""
    card = torch.cuda.get_device_name()
    peak = next((p for name, p in PEAK.items() if name in card), None)
    slice_32b = replace(SHAPES[QWEN.format("32B")], layers=SLICE)
    shapes = {f"{s}B": SHAPES[QWEN.format(f"{s}B")] for s in ("0.5", "1.5", "7")}
    shapes["32B, 4 layers"] = slice_32b
    runs = [(n, m) for n in ("0.5B", "1.5B") for m in ("lora", "full")]
    runs += [("7B", "lora"), ("32B, 4 layers", "full")]
    rows = []
    for name, method in runs:
        master = "bfloat16" if method == "lora" else "float32"
        try:
            row = measure(shapes[name], method, length, "cuda", master, steps)
        except torch.OutOfMemoryError:
            rows.append({"model": name, "method": method, "mfu": None, "out_of_memory": True})
            continue
        work = flops_per_token(shapes[name], length, method == "full") * length
        rows.append(
            {"model": name, "method": method, "tokens": length}
            | {"tokens_per_second": round(length / row["seconds"]), "peak_gib": row["peak_gib"]}
            | {"mfu": peak and round(work / row["seconds"] / peak, 3)}
        )
        print(json.dumps(rows[-1]), flush=True)
    # The slice's head costs as much as the whole model's; its layers are taken 16 times.
    whole = SHAPES[QWEN.format("32B")]
    mfu = rows[-1]["mfu"]
    minutes = None
    if mfu:
        work = flops_per_token(whole, 5658, True)
        seconds = [t * work / (16 * mfu * peak) for t in TOKENS]
        minutes = {name: [round(s / balance / 60, 1) for s in seconds]
                   for name, balance in BALANCE.items()}  # fmt: skip
    return {"device": card, "runs": rows, "projected_minutes_on_16": minutes,
            "assumes": "exchange hidden behind the computing"}  # fmt: skip


def main() -> None:
    """Run what this machine can."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--loss", action="store_true", help="also whole runs: an hour more")
    parser.add_argument("--tokens", type=int, default=8192, help="of a sequence on a GPU")
    args = parser.parse_args()
    versions = {p: version(p).split("+")[0] for p in ("torch", "transformers", "trl")}
    if torch.cuda.is_available():
        result = on_gpu(args.tokens, steps=8)
    else:
        torch.set_num_threads(1)
        result = {"device": "CPU, 1 thread"} | on_cpu(args.repeats, args.loss)
        print(f"ours: {result['of_the_best_batching']:.2f} of the best batching, "
              f"{result['of_trl_defaults']:.2f} of TRL's defaults")  # fmt: skip
        setup = planner.Setup(QWEN.format("32B"), gpus=16)
        planned = sum(planner.memory(setup).values())
        print(f"32B on 16 GPUs: not measured; planned {planned:.0f} GiB each")
    print(f"\n{json.dumps(result | {'versions': versions})}")


if __name__ == "__main__":
    main()
