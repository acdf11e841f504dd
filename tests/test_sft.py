"""Fine-tuning: what is checked before it, killed in the middle, and on several processes."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch
import yaml
from checkpoints import write_checkpoint
from safetensors.torch import load_file, save_file

from s1lib.commands import resolve_auto
from s1lib.config import load_profile
from s1lib.errors import CourseError
from s1lib.finetuning import export, run_dir
from s1lib.finetuning import run as sft
from s1lib.finetuning.checkpoints import last_checkpoint
from s1lib.inference.hf import load, think
from s1lib.io import DATA, ROOT, read_rows
from s1lib.planning import hardware
from s1lib.planning.hardware import Hardware, best_profile, select_config, why_unfit
from s1lib.planning.planner import steps

SCRIPT = Path(__file__).parent / "cpu_fsdp.py"
ROWS = read_rows(DATA / "curated.jsonl")[:48]


def quiet(text: str) -> None:
    """Reports nothing."""


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1"}


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def curve(folder: Path) -> list[dict]:
    return json.loads((folder / "loss.json").read_text())


def run(out: Path, **how) -> str:
    """One process, to the end; what it said."""
    command = [sys.executable, str(SCRIPT), str(out), json.dumps(how)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def start(command: list[str]) -> subprocess.Popen:
    """A process; what it says is kept for `finish`."""
    log = tempfile.TemporaryFile("w+")
    process = subprocess.Popen(command, stdout=log, stderr=log, env=environment(), cwd=ROOT)
    process.log = log
    return process


def finish(process: subprocess.Popen) -> str:
    """Wait for it; what it said."""
    code = process.wait(timeout=300)
    process.log.seek(0)
    said = process.log.read()
    assert code == 0, said[-2000:]
    return said


def kill_after(process: subprocess.Popen, checkpoint: Path) -> None:
    """`kill -9` for it and all that it started, as soon as this checkpoint is whole."""
    for _ in range(2400):
        if (checkpoint / "trainer_state.json").exists():
            break
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.05)
    assert (checkpoint / "trainer_state.json").exists()
    for one in [*psutil.Process(process.pid).children(recursive=True), process]:
        one.send_signal(signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nothing disturbed, in one process."""
    out = tmp_path_factory.mktemp("whole") / "out"
    assert "1 processes, 48 rows" in run(out)
    return out


@pytest.fixture(scope="module")
def adapted(tmp_path_factory):
    """The same with LoRA."""
    out = tmp_path_factory.mktemp("adapted") / "out"
    run(out, method="lora")
    return out


# Batches


@pytest.mark.slow
def test_batches_of_a_step_are_one_step_with_less_padding(tmp_path, monkeypatch):
    """16 rows at once and the same rows in eight batches of like length: equal losses."""
    smoke, batches = load_profile("smoke"), []
    step = sft.Trainer.training_step

    def noted(self, model, inputs, *rest):
        batches.append(inputs["attention_mask"])
        return step(self, model, inputs, *rest)

    monkeypatch.setattr(sft.Trainer, "training_step", noted)

    def losses(name: str, batch: int, seed: int = 0) -> tuple[list[dict], int, list[int]]:
        """The losses, the tokens with their padding, and the length of each row in its turn."""
        batches.clear()
        settings = {
            "per_device_train_batch_size": batch,
            "gradient_accumulation_steps": 16 // batch,
            "num_train_epochs": 2,
            "logging_steps": 1,
        }
        profile = replace(smoke, sft=smoke.sft | settings)
        curve = sft.finetune(ROWS, profile, tmp_path / name, DATA / "base", seed, report=quiet)
        rows = [int(row.sum()) for mask in batches for row in mask]
        assert len(rows) == 2 * len(ROWS) and len(curve) == 6
        return curve, sum(mask.numel() for mask in batches), rows

    at_once, padded, _ = losses("16", 16)
    parted, less, order = losses("2", 2)
    assert smoke.sft["per_device_train_batch_size"] == 2 and less < 0.65 * padded
    for one, other in zip(at_once, parted, strict=True):
        assert one["loss"] == pytest.approx(other["loss"], abs=2e-4)
    first, second = order[:48], order[48:]
    assert first != second and sorted(first) == sorted(second)  # each epoch in another order
    assert losses("another seed", 2, seed=1)[2][:48] != first


# Killed and resumed


@pytest.mark.slow
def test_kill_9_in_the_middle_changes_nothing(tmp_path, whole):
    out = tmp_path / "out"
    process = start([sys.executable, str(SCRIPT), str(out), '{"pause": 0.5}'])
    kill_after(process, out / "checkpoints/checkpoint-2")
    assert not (out / "loss.json").exists()
    assert re.search("going on from step [24]", run(out))
    assert curve(out) == curve(whole)
    resumed = weights(out)
    assert all(torch.equal(resumed[k], w) for k, w in weights(whole).items())
    assert not (out / "checkpoints").exists()


def test_half_a_checkpoint_is_passed_over(tmp_path):
    for step in (2, 10, 12):
        write_checkpoint(tmp_path, step)
    write_checkpoint(tmp_path, 99).rename(tmp_path / "checkpoint-best")
    (tmp_path / "checkpoint-12" / "trainer_state.json").unlink()
    assert last_checkpoint(tmp_path).name == "checkpoint-10"
    assert last_checkpoint(tmp_path / "none") is None


def test_a_checkpoint_of_another_run_is_not_mixed_in(tmp_path):
    profile = load_profile("smoke")
    data = sft.training_set(ROWS, load(DATA / "base")[1])
    mine = run_dir.run_identity(data, profile, DATA / "base", 0)
    out = tmp_path / "out"
    assert run_dir.check_folder(out, mine, overwrite=False) is None and not out.exists()
    run_dir.clear_folder(out, mine)
    folder = write_checkpoint(out / "checkpoints", 2)
    assert run_dir.check_folder(out, mine, overwrite=False) == folder
    slower = replace(profile, sft=profile.sft | {"learning_rate": 1e-5})
    some = data.select(range(40))
    for changed, other in (
        ("seed", run_dir.run_identity(data, profile, DATA / "base", 1)),
        ("sft", run_dir.run_identity(data, slower, DATA / "base", 0)),
        ("data", run_dir.run_identity(some, profile, DATA / "base", 0)),
        ("base", run_dir.run_identity(data, profile, DATA / "small", 0)),
        ("processes", run_dir.run_identity(data, profile, DATA / "base", 0, processes=2)),
    ):
        with pytest.raises(CourseError, match=f"another {changed}: .*--overwrite"):
            run_dir.check_folder(out, other, overwrite=False)
        assert run_dir.check_folder(out, other, overwrite=True) is None
        assert folder.exists()  # looking changes nothing
    run_dir.clear_folder(out, other)
    assert not folder.exists()


def test_a_base_model_that_moved_is_noted(tmp_path, monkeypatch):
    profile = load_profile("smoke")
    data = sft.training_set(ROWS[:4], load(DATA / "base")[1])
    for name in ("here", "there"):
        shutil.copytree(DATA / "base", tmp_path / name)
    monkeypatch.chdir(tmp_path)
    first, second = (run_dir.run_identity(data, profile, name, 0) for name in ("here", "there"))
    assert first["base_path"] == str(tmp_path / "here") and first["base"] == second["base"]
    out = tmp_path / "out"
    run_dir.clear_folder(out, first)
    assert not run_dir.note_base(out, first)
    folder = write_checkpoint(out / "checkpoints", 2)
    assert run_dir.check_folder(out, second, overwrite=False) == folder
    assert run_dir.note_base(out, second)
    assert json.loads((out / "run.json").read_text()) == second
    hub = run_dir.run_identity(data, profile, "Qwen/Qwen2.5-7B-Instruct", 0)
    assert hub["base"] == hub["base_path"] == "Qwen/Qwen2.5-7B-Instruct"


def test_the_shards_of_a_base_model_are_hashed(tmp_path):
    profile = load_profile("smoke")
    data = sft.training_set(ROWS[:4], load(DATA / "base")[1])
    for number in (1, 2):
        (tmp_path / f"model-0000{number}-of-00002.safetensors").write_bytes(bytes([number]))
    before = run_dir.run_identity(data, profile, tmp_path, 0)["base"]
    (tmp_path / "model-00002-of-00002.safetensors").write_bytes(b"other")
    after = run_dir.run_identity(data, profile, tmp_path, 0)["base"]
    assert len({before, after, str(tmp_path)}) == 3


def test_a_finished_model_is_only_replaced_on_request(tmp_path, whole):
    profile = load_profile("smoke")
    before = curve(whole)
    with pytest.raises(CourseError, match="holds a finished model: train with --overwrite"):
        sft.finetune(ROWS, profile, whole, DATA / "base", report=quiet)
    assert curve(whole) == before
    shutil.copytree(whole, tmp_path / "old")
    shards = tmp_path / "old" / "model-00001-of-00002.safetensors"
    shards.write_bytes(b"of an older, larger model")
    sft.finetune(ROWS, profile, tmp_path / "old", DATA / "base", report=quiet, overwrite=True)
    assert curve(tmp_path / "old") != before and not shards.exists()
    load(tmp_path / "old")
    tensors = weights(tmp_path / "old")
    tensors["model.norm.weight"][0] += 1
    save_file(tensors, tmp_path / "old" / "model.safetensors", {"format": "pt"})
    with pytest.raises(CourseError, match="model.safetensors has changed since it was saved"):
        load(tmp_path / "old")


def test_a_folder_of_someone_else_is_left_alone(tmp_path):
    note = tmp_path / "thesis.txt"
    note.write_text("mine")
    with pytest.raises(CourseError, match="is not empty and holds no run"):
        sft.finetune(ROWS, load_profile("smoke"), tmp_path, DATA / "base", report=quiet,
                     overwrite=True)  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_disk_without_room_is_said_before_training(tmp_path, monkeypatch):
    profile = load_profile("h100x16")
    monkeypatch.setattr(run_dir.shutil, "disk_usage", lambda path: SimpleNamespace(free=200e9))
    run_dir.check_disk(tmp_path / "new" / "out", profile, 32_763_000_000)
    resumable = replace(profile, sft=profile.sft | {"save_strategy": "epoch"})
    with pytest.raises(CourseError, match="take 1,179 GB of disk and 200 GB are free"):
        run_dir.check_disk(tmp_path / "new" / "out", resumable, 32_763_000_000)


def test_fewer_steps_than_between_two_logs_still_have_a_loss(tmp_path):
    profile = load_profile("smoke")
    rare = replace(profile, sft=profile.sft | {"logging_steps": 100})
    [only] = sft.finetune(ROWS, rare, tmp_path / "out", DATA / "base", report=quiet)
    assert only["step"] == 3 and 0 < only["loss"] < 10


# Several processes


def launcher(folder: Path, machines: int = 1) -> list[str]:
    """`accelerate launch` with the shipped configuration, on two CPU processes."""
    settings = yaml.safe_load((ROOT / "scripts/fsdp2.yaml").read_text())
    settings |= {"use_cpu": True, "mixed_precision": "no", "num_processes": 2}
    settings |= {"num_machines": machines}
    path = folder / "fsdp2.yaml"
    path.write_text(yaml.safe_dump(settings))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "accelerate.commands.accelerate_cli", "launch"]
    return [*command, "--config_file", str(path), "--main_process_port", str(port)]


def check_sharded(out: Path, whole: Path) -> None:
    """It was FSDP2, on two processes, and its losses are those of one process."""
    about = json.loads((out / "about.json").read_text())
    assert about["wrapper"].startswith("FSDP") and about["parameter"] == "DTensor"
    assert about["distributed"] == "DistributedType.FSDP" and about["processes"] == 2
    assert [row["step"] for row in curve(out)] == [row["step"] for row in curve(whole)]
    for mine, one in zip(curve(out), curve(whole), strict=True):
        assert mine["loss"] == pytest.approx(one["loss"], abs=2e-4)
    ours = weights(out)
    for name, weight in weights(whole).items():
        torch.testing.assert_close(ours[name], weight, atol=2e-4, rtol=0)


@pytest.mark.slow
def test_two_processes_with_fsdp2_killed_and_resumed(tmp_path, whole):
    out = tmp_path / "out"
    command = [*launcher(tmp_path), str(SCRIPT), str(out)]
    kill_after(start([*command, '{"pause": 0.5}']), out / "checkpoints/checkpoint-2")
    said = finish(start([*command, "{}"]))
    assert re.search("going on from step [24]", said) and "2 processes, 48 rows" in said
    check_sharded(out, whole)
    assert load(out)[0].config.model_type == "qwen2"  # a whole model, not shards


@pytest.mark.slow
def test_two_launchers_are_two_machines(tmp_path, whole):
    out = tmp_path / "out"
    command = [*launcher(tmp_path, machines=2), "--main_process_ip", "127.0.0.1"]
    how = '{"accumulate": 2}'  # as on eight cards
    ranks = [
        start([*command, "--machine_rank", str(rank), str(SCRIPT), str(out), how])
        for rank in (0, 1)
    ]
    for process in ranks:
        finish(process)
    check_sharded(out, whole)


@pytest.mark.slow
def test_lora_on_two_processes_is_merged_as_on_one(tmp_path, adapted):
    out = tmp_path / "out"
    finish(start([*launcher(tmp_path), str(SCRIPT), str(out), '{"method": "lora"}']))
    check_sharded(out, adapted)
    base = weights(DATA / "base")
    assert not all(torch.equal(base[k], w) for k, w in weights(out).items())


def test_an_adapter_that_does_not_fit_is_an_error(tmp_path):
    from peft import LoraConfig, get_peft_model

    model = get_peft_model(load(DATA / "base")[0], LoraConfig(r=2, target_modules="all-linear"))
    model.save_pretrained(tmp_path)
    path = tmp_path / "adapter_model.safetensors"
    save_file({f"odd.{k}": w for k, w in load_file(path).items()}, path)
    with pytest.raises(RuntimeError, match="of the adapter do not fit"):
        export.merge_adapter(DATA / "base", tmp_path, torch.float32)


def test_the_shipped_configuration_is_the_paper_s_run():
    """16 sequences a step and 315 steps, whatever the number of GPUs."""
    for name in ("h100x16", "h100x8"):
        profile = load_profile(name)
        batch = profile.gpus * profile.sft["per_device_train_batch_size"]
        batch *= profile.sft["gradient_accumulation_steps"]
        assert batch == 16 and steps(1000, batch, profile.sft["num_train_epochs"]) == 315
        paper = {"learning_rate": 1e-5, "warmup_steps": 0.05, "lr_scheduler_type": "cosine"}
        paper |= {"adam_beta1": 0.9, "adam_beta2": 0.95, "weight_decay": 1e-4}
        assert {k: profile.sft[k] for k in paper} == paper
        assert profile.method == "full" and profile.dataset == "simplescaling/s1K"
    settings = yaml.safe_load((ROOT / "scripts/fsdp2.yaml").read_text())["fsdp_config"]
    assert settings["fsdp_version"] == 2
    assert settings["fsdp_state_dict_type"] == "FULL_STATE_DICT"
    # both at once are refused by accelerate
    assert settings["fsdp_activation_checkpointing"]
    assert not load_profile("h100x16").sft["gradient_checkpointing"]


def test_the_slurm_script_is_a_valid_script_and_names_what_exists():
    path = ROOT / "scripts/h100x16.slurm"
    subprocess.run(["bash", "-n", str(path)], check=True)
    text = path.read_text()
    assert (
        "--config_file scripts/fsdp2.yaml" in text
        and "-m s1lib.finetuning --profile h100x16" in text
    )


# LoRA


@pytest.mark.slow
def test_a_lora_run_loads_back_everywhere(adapted):
    model, tokenizer = load(adapted)
    budget = load_profile("smoke").budget(32)
    merged = think(model, tokenizer, [ROWS[0]["question"]], budget)
    from peft import PeftModel

    plain, _ = load(DATA / "base")
    with_adapter = PeftModel.from_pretrained(plain, adapted / "adapter").eval()
    ids = tokenizer(ROWS[0]["question"], return_tensors="pt")
    with torch.no_grad():
        torch.testing.assert_close(
            model(**ids).logits, with_adapter(**ids).logits, atol=1e-4, rtol=1e-4
        )
    assert merged[0].thinking_tokens <= 32
    text = (adapted / "README.md").read_text()
    for part in (
        "rows of curated.jsonl, sha256",
        "smoke: lora",
        "| seed | 0 |",
        "torch 2.",
        "loss",
    ):
        assert part in text


@pytest.mark.slow
def test_qlora_trains_beside_four_bit_weights_and_merges_into_whole_ones(tmp_path, adapted):
    out = tmp_path / "out"
    run(out, method="qlora")
    assert curve(out)[-1]["loss"] < curve(out)[0]["loss"]
    # rounded to four bits, it begins near the run with whole weights, and not at it
    assert curve(out)[0]["loss"] == pytest.approx(curve(adapted)[0]["loss"], abs=0.2)
    assert curve(out)[0]["loss"] != curve(adapted)[0]["loss"]
    base, merged = weights(DATA / "base"), weights(out)
    assert {k: w.dtype for k, w in merged.items()} == {k: w.dtype for k, w in base.items()}
    assert not torch.equal(*(w["model.layers.0.mlp.up_proj.weight"] for w in (base, merged)))
    load(out)


# What is trained on


def test_the_loss_never_holds_all_logits(monkeypatch, tmp_path):
    """TRL's loss goes through tokens and vocabulary in tiles; here they are made small."""
    from torch.utils._python_dispatch import TorchDispatchMode
    from trl.kernels import chunked_logprob
    from trl.trainer import utils

    class Widest(TorchDispatchMode):
        """The largest tensor that is as wide as a part of the vocabulary."""

        seen = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            tensor = isinstance(out, torch.Tensor) and out.dim() == 2
            if tensor and out.shape[1] in (width, vocabulary) and out.shape[0] != hidden:
                self.seen = max(self.seen, out.numel())
            return out

    width, tokens = 61, 53
    monkeypatch.setattr(utils, "_CHUNKED_LOGPROB_CHUNK_SIZE", width)
    monkeypatch.setattr(chunked_logprob, "TOKEN_CHUNK_SIZE", tokens)
    profile = load_profile("smoke")
    tokenizer, _ = sft.load_tokenizer(DATA / "base")
    model = sft.load_base(DATA / "base", profile)
    vocabulary, hidden = model.get_output_embeddings().weight.shape
    data = sft.training_set(ROWS[:4], tokenizer)
    trainer = sft.make_trainer(model, tokenizer, data, profile, tmp_path)
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(4)])
    with Widest() as widest:
        trainer.compute_loss(model, batch).backward()
    assert 0 < widest.seen <= width * tokens < batch["input_ids"].numel() * vocabulary


@pytest.mark.parametrize("column", ["question", "thinking_trajectories", "attempt"])
def test_a_row_that_lacks_something_is_named(column):
    profile, tokenizer = load_profile("smoke"), load(DATA / "base")[1]
    rows = [dict(row) for row in ROWS]
    rows[7][column] = None
    with pytest.raises(CourseError, match=f"row 7 of the training set has no {column}"):
        sft.trainable(rows, profile, tokenizer, True, quiet)
    if column == "thinking_trajectories":  # not needed where answers only are trained
        assert len(sft.trainable(rows, profile, tokenizer, False, quiet)) == 48


def test_long_rows_are_named_and_dropped_only_on_request():
    profile, tokenizer = load_profile("smoke"), load(DATA / "base")[1]
    data = sft.training_set(ROWS, tokenizer)
    lengths = [len(tokenizer(r["prompt"] + r["completion"])["input_ids"]) for r in data]
    limit = sorted(lengths)[24]
    long = [i for i, n in enumerate(lengths) if n > limit]
    short = replace(profile, sft=profile.sft | {"max_length": limit})
    with pytest.raises(CourseError, match=rf"{len(long)} of 48 rows .*Rows {long[0]}, {long[1]}"):
        sft.trainable(ROWS, short, tokenizer, True, quiet)
    told = []
    kept = sft.trainable(ROWS, replace(short, overlong="drop"), tokenizer, True, told.append)
    assert len(kept) == 48 - len(long) and f"{len(long)} of 48 rows" in told[0]


def test_a_length_beyond_the_context_is_refused(tmp_path):
    profile = load_profile("smoke")
    long = replace(profile, sft=profile.sft | {"max_length": 4096})
    with pytest.raises(CourseError, match="max_length=4096 is more than the 2048 tokens"):
        sft.finetune(ROWS, long, tmp_path, DATA / "base", report=quiet)
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_cannot_be_loaded_is_one_sentence():
    for missing in (sft.load_tokenizer, lambda name: sft.load_base(name, load_profile("smoke"))):
        with pytest.raises(CourseError, match="cannot load Qwen/Qwen2.5-32B-Instruct: .*hf auth"):
            missing("Qwen/Qwen2.5-32B-Instruct")


# Machines


def card(free: float, gpus: int = 1, **about) -> Hardware:
    return Hardware(gpus, "NVIDIA H100 80GB HBM3", free, **({"bf16": True} | about))


@pytest.mark.parametrize(
    "free,model,method",
    [
        (79, "14B", "lora"),
        (139, "32B", "lora"),
        (44, "7B", "lora"),
        (23.5, "7B", "qlora"),
        (17, "3B", "lora"),
        (12, "1.5B", "lora"),
        (9, "1.5B", "qlora"),
    ],
)
def test_the_model_follows_from_the_memory(free, model, method):
    told = []
    profile = select_config(load_profile("gpu"), card(free), told.append)
    assert profile.model == f"Qwen/Qwen2.5-{model}-Instruct" and profile.method == method
    assert model in told[0] and method in told[0] and "GiB" in told[0]


@pytest.mark.parametrize(
    "here,name",
    [
        (Hardware(0), "laptop"),
        (card(23), "gpu"),
        (card(79, gpus=8), "h100x8"),
        (card(79, gpus=16), "h100x16"),
        (card(79, gpus=4), "laptop"),
        (card(3), "laptop"),
        (card(23, bf16=False), "laptop"),
    ],
)
def test_auto_falls_back_and_says_why(here, name, monkeypatch):
    told = []
    assert best_profile(here, told.append) == name
    assert told and name in told[0]
    monkeypatch.setattr(hardware, "detect_hardware", lambda: here)
    assert resolve_auto("auto") == name and resolve_auto("gpu") == "gpu"
    with pytest.raises(CourseError, match="`auto` depends on the machine.*--profile auto"):
        load_profile("auto")  # reading a profile looks at no machine


def test_auto_tells_of_cards_that_are_idle():
    told = []
    best_profile(card(79, idle=7), told.append)
    assert "7 more GPUs here are not used" in told[1]


@pytest.mark.parametrize(
    "name,here,fix",
    [
        ("gpu", Hardware(0), "use `--profile laptop`"),
        ("h100x16", Hardware(0), "use `--profile laptop`"),
        ("h100x16", card(79, gpus=8), "--num_processes 16 -m s1lib.finetuning --profile h100x16"),
        ("h100x8", card(79), "--num_processes 8 --mixed_precision no -m s1lib.finetuning"),
        ("h100x8", card(79, gpus=16), "takes 8 GPUs with a process each and has 16"),
        ("gpu", card(79, gpus=8), "takes 1 GPUs with a process each and has 8"),
        ("h100x16", card(40, gpus=16), "GiB on each card and 40 GiB are free"),
        ("gpu", card(2), "GiB are free"),
        ("gpu", card(23, bf16=False), "does not compute in bfloat16: set bf16 = false"),
    ],
)
def test_what_a_machine_lacks_is_said_with_the_fix(name, here, fix):
    with pytest.raises(CourseError, match="does not fit") as error:
        select_config(load_profile(name), here, quiet)
    assert fix in str(error.value)


def test_processes_that_would_not_shard_are_refused(monkeypatch):
    for name, precision in (("h100x16", "bf16"), ("h100x8", "no")):
        profile = load_profile(name)
        monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
        monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", precision)
        hardware.check_launch(profile)
        for variable, wrong in (("ACCELERATE_MIXED_PRECISION", "fp16"),
                                ("ACCELERATE_USE_FSDP", "false")):  # fmt: skip
            monkeypatch.setenv(variable, wrong)
            with pytest.raises(CourseError, match="is started with `accelerate launch"):
                hardware.check_launch(profile)
    hardware.check_launch(load_profile("gpu"))


def test_the_laptop_needs_nothing():
    assert why_unfit(load_profile("laptop"), Hardware(0)) is None
    assert select_config(load_profile("laptop"), Hardware(0)) == load_profile("laptop")


@pytest.mark.skipif(torch.cuda.is_available(), reason="is about a machine without a GPU")
def test_the_command_says_so_before_anything_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setenv("S1_BUILD", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["s1 sft", "--profile", "h100x16"])
    with pytest.raises(CourseError, match="^the profile h100x16"):
        sft.main()
    assert list(tmp_path.iterdir()) == []


# The benchmark's part for GPUs, on a shape that a CPU can run


@pytest.mark.parametrize("method", [pytest.param("full", marks=pytest.mark.slow), "lora"])
def test_the_gpu_benchmark_measures_a_step(method):
    from benchmarks.finetuning import measure
    from s1lib.planning.model_shapes import Shape

    tiny = Shape(2, 64, 128, 2, 1, 32, 266, True)
    row = measure(tiny, method, 128, "cpu", "float32", steps=2)
    assert 0 < row["seconds"] < 60 and row["peak_gib"] is None


def test_model_flops_are_six_per_parameter_and_causal_attention():
    from benchmarks.finetuning import flops_per_token
    from s1lib.planning.model_shapes import SHAPES

    shape = SHAPES["Qwen/Qwen2.5-32B-Instruct"]
    plain, long = (flops_per_token(shape, n, True) for n in (1, 8192))
    assert plain == pytest.approx(6 * 31.98e9, rel=0.01)  # all but the input embedding
    assert long - plain == pytest.approx(3 * 2 * 64 * 5120 * 8192, rel=0.01)
    assert flops_per_token(shape, 1, False) == pytest.approx(4 / 6 * plain, rel=0.01)
