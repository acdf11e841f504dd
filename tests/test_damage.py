"""Damage on disk: a sentence that names the file and the fix, nothing lost, no traceback.

Each table is kinds of damage by the files that a command reads.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from checkpoints import write_checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from s1lib import config, io, locks
from s1lib.config import load_profile
from s1lib.errors import CourseError
from s1lib.evaluation import run as evaluation
from s1lib.evaluation.trace_cache import load_or_make, traces_dir
from s1lib.finetuning import checkpoints as trainer_checkpoints
from s1lib.finetuning import run as finetuning
from s1lib.finetuning import run_dir
from s1lib.inference import checksums
from s1lib.inference.engine import Trace
from s1lib.inference.formats import chat_text
from s1lib.inference.hf import load
from s1lib.inference.model_folder import check_folder
from s1lib.io import DATA, ROOT, read_json, read_rows, set_aside, write_json, write_rows
from s1lib.locks import locked
from s1lib.results import cache as results_cache
from s1lib.results import files as results_files
from s1lib.toyworld.pretrain import PretrainConfig, pretrain

PROFILE = load_profile("smoke")


def zeros(data: bytes) -> bytes:
    """What a file system leaves after a power failure."""
    return bytes(len(data))


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "half": lambda data: data[: len(data) // 2],
    "zeros": zeros,
    "first byte": lambda data: b"\xff" + data[1:],
    "a web page": lambda data: b"<html>502 Bad Gateway</html>",
    "nested": lambda data: b"[" * 100_000,
    "null": lambda data: b"null",
    "another file": lambda data: b"[1, 2, 3]",
}


def damage(path: Path, kind: str) -> bytes:
    """Damage a file, or delete it; returns what is there now."""
    if kind == "missing":
        path.unlink()
        return b""
    path.write_bytes(DAMAGE[kind](path.read_bytes()))
    return path.read_bytes()


@pytest.fixture
def build(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "build"
    monkeypatch.setenv("S1_BUILD", str(folder))
    folder.mkdir()
    return folder


# Rows


@pytest.mark.parametrize("kind", [*DAMAGE, "missing"])
@pytest.mark.parametrize("name", ["traces.jsonl", "curated.jsonl"])
def test_damaged_rows(build, name, kind):
    path = build / name
    write_rows(path, [{"question": f"Question {i}?"} for i in range(3)])
    left = damage(path, kind)
    if kind == "empty":
        assert read_rows(path) == []  # no rows: each command says so itself
        return
    with pytest.raises(CourseError, match=name) as error:
        read_rows(path)
    assert "git checkout" in str(error.value) or "move it away" in str(error.value)
    assert kind == "missing" or path.read_bytes() == left


def test_an_empty_set_is_said(build):
    (build / "curated.jsonl").write_text("")
    with pytest.raises(CourseError, match="the curated set is empty"):
        finetuning.trainable([], PROFILE, None)


# Files of one JSON value: who reads them, and what it says


RUN = {"seed": 0, "processes": 1}


def read_run(build: Path) -> Path:
    path = build / "sft" / "run.json"
    write_json(path, {"seed": 0, "base": "a/model"})
    return path


def read_card(build: Path) -> Path:
    write_rows(build / "curated.jsonl", [{"question": "1?"}])
    path = build / "curated.json"
    write_json(path, {"pool": "pool.jsonl", "sha256": io.file_hash(build / "curated.jsonl")})
    return path


EVALS = [{"question": "1?", "answer": "1", "kind": "integer"}]


def read_about(build: Path) -> Path:
    return traces_dir("dev", "a/model", EVALS, PROFILE) / "about.json"


def read_parts(build: Path) -> Path:
    results_cache.open_cache("smoke")
    return build / results_cache.FOLDER / "about.json"


def read_curve(build: Path) -> Path:
    path = build / results_cache.FOLDER / "sft-0" / "loss.json"
    write_json(path, [{"step": 1, "loss": 1.0}])
    return path


READERS = {  # file -> (make it, read it, what the sentence offers)
    "run.json": (
        read_run,
        lambda path: run_dir.check_folder(path.parent, RUN, overwrite=False),
        "--overwrite",
    ),
    "run.json of the base": (
        read_run,
        lambda path: evaluation._base_model(replace(PROFILE, model="Qwen/Qwen2.5-7B-Instruct")),
        "--base",
    ),
    "curated.json": (read_card, lambda path: finetuning.curated_rows(PROFILE), "make it again"),
    "about.json of traces": (
        read_about,
        lambda path: traces_dir("dev", "a/model", EVALS, PROFILE),
        "--regrade",
    ),
    "about.json of parts": (read_parts, lambda path: results_cache.open_cache("smoke"), "away"),
    "loss.json": (read_curve, lambda path: results_cache.training_losses(["sft-0"]), "train it"),
}


@pytest.mark.parametrize("kind", [kind for kind in DAMAGE if kind != "another file"])
@pytest.mark.parametrize("name", READERS)
def test_damaged_json(build, name, kind):
    make, read, fix = READERS[name]
    path = make(build)
    read(path)  # whole, it is read
    left = damage(path, kind)
    with pytest.raises(CourseError, match=name.split()[0]) as error:
        read(path)
    assert fix in str(error.value)
    assert path.read_bytes() == left


@pytest.mark.parametrize("kind", [*DAMAGE, "missing"])
def test_a_damaged_result_that_is_recorded(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(results_files, "DATA", tmp_path)
    path = tmp_path / "results" / "lora.json"
    path.parent.mkdir()
    shutil.copy(DATA / "results" / "lora.json", path)
    damage(path, kind)
    with pytest.raises(CourseError, match=r"lora\.json is missing or damaged: restore it"):
        results_files.recorded("lora")


# A model's folder


@pytest.fixture
def model(tmp_path) -> Path:
    return Path(shutil.copytree(DATA / "base", tmp_path / "model"))


MODEL_FILES = ["config.json", "tokenizer.json", "model.safetensors"]


@pytest.mark.parametrize("kind", [*DAMAGE, "missing"])
@pytest.mark.parametrize("name", MODEL_FILES)
def test_a_damaged_file_of_a_model(model, name, kind):
    damage(model / name, kind)
    for read in (load, finetuning.load_tokenizer):
        with pytest.raises(CourseError, match=name) as error:
            read(model)
        assert "git checkout" in str(error.value) and "--overwrite" in str(error.value)


@pytest.mark.parametrize("kind", ["empty", "half", "missing"])
def test_a_damaged_chat_template(model, kind):
    damage(model / "chat_template.jinja", kind)
    with pytest.raises(CourseError, match="chat_template.jinja"):
        load(model)
    (model / checksums.FILE).unlink()  # as in a folder of the hub
    with pytest.raises(CourseError, match="chat template"):
        chat_text(load(model)[1], "1 + 1?", thinking=True)


def flip(path: Path, at: int, bit: int = 0) -> None:
    """Change one bit of a file, as a bad disk does."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["base", "small", "sft"])
def test_the_shipped_models_have_checksums(name):
    lines = (DATA / name / checksums.FILE).read_text().splitlines()
    there = {path.name for path in (DATA / name).iterdir() if path.suffix in checksums.KINDS}
    assert {line.split()[1] for line in lines} == there - set(checksums.RECORDS)
    assert checksums.why_changed(DATA / name) is None


@given(place=st.floats(0.0, 1.0, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=20, deadline=None)
def test_a_flipped_bit_anywhere_in_the_weights_is_found(place, bit):
    with tempfile.TemporaryDirectory() as folder:
        model = Path(shutil.copytree(DATA / "small", Path(folder) / "model"))
        path = model / "model.safetensors"
        flip(path, int(place * path.stat().st_size), bit)
        with pytest.raises(CourseError, match=r"model\.safetensors .*git checkout -- data/"):
            check_folder(model)


@pytest.mark.parametrize("name", [*MODEL_FILES, "tokenizer_config.json", "generation_config.json"])
def test_a_flipped_bit_stops_what_would_load_the_model(model, name):
    flip(model / name, (model / name).stat().st_size // 2)
    for read in (load, finetuning.load_tokenizer):
        with pytest.raises(CourseError, match=name) as error:
            read(model)
        assert "\n" not in str(error.value) and "git checkout" in str(error.value)


@pytest.mark.parametrize("content", ["", "web page", "abc  model.safetensors", f"{'0' * 64}  ../x"])
def test_damaged_checksums(model, content):
    (model / checksums.FILE).write_text(content)
    with pytest.raises(CourseError, match="SHA256SUMS is empty or damaged"):
        check_folder(model)


def test_a_model_without_checksums_is_loaded_as_it_is(model):
    """Those of the hub have none, and a file that is too large to hash at each start has none."""
    (model / checksums.FILE).unlink()
    flip(model / "model.safetensors", -1)
    check_folder(model)


def test_what_is_too_large_to_hash_at_each_start_gets_no_checksum(model, monkeypatch):
    monkeypatch.setattr(checksums, "LARGEST", 100_000)
    checksums.write_checksums(model)
    assert "model.safetensors" not in (model / checksums.FILE).read_text()
    flip(model / "model.safetensors", -1)
    check_folder(model)


def change_tensors(model: Path, change: Callable[[dict], object]) -> None:
    (model / checksums.FILE).unlink()
    path = model / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, {"format": "pt"})


NORM = "model.layers.0.input_layernorm.weight"
TENSORS = {
    "missing": lambda tensors: tensors.pop(NORM),
    "extra": lambda tensors: tensors.update(planted=torch.zeros(2)),
    "another shape": lambda tensors: tensors.update({NORM: torch.zeros(7)}),
    "renamed": lambda tensors: tensors.update({f"{NORM}s": tensors.pop(NORM)}),
    "all gone": lambda tensors: tensors.clear(),
}


@pytest.mark.parametrize("kind", TENSORS)
def test_no_tensor_is_made_up(model, kind):
    change_tensors(model, TENSORS[kind])
    for read in (load, lambda path: finetuning.load_base(path, PROFILE)):
        with pytest.raises(CourseError, match=r"cannot load .*model"):
            read(model)


def split_in_two(model: Path) -> None:
    """Save a model as large ones are, in several files with an index."""
    (model / checksums.FILE).unlink()
    tensors = load_file(model / "model.safetensors")
    (model / "model.safetensors").unlink()
    names = sorted(tensors)
    shards = {name: f"model-0000{1 + (i % 2)}-of-00002.safetensors" for i, name in enumerate(names)}
    for shard in set(shards.values()):
        part = {name: tensors[name] for name in names if shards[name] == shard}
        save_file(part, model / shard, {"format": "pt"})
    write_json(model / "model.safetensors.index.json", {"metadata": {}, "weight_map": shards})


@pytest.mark.parametrize("kind", ["empty", "half", "zeros", "missing"])
@pytest.mark.parametrize(
    "name", ["model-00002-of-00002.safetensors", "model.safetensors.index.json"]
)
def test_a_damaged_part_of_a_model(model, name, kind):
    split_in_two(model)
    check_folder(model)
    damage(model / name, kind)
    missing_index = kind == "missing" and name.endswith("index.json")
    with pytest.raises(CourseError, match="model.safetensors" if missing_index else name):
        check_folder(model)


def test_a_part_of_another_model_is_found(model):
    split_in_two(model)
    second = model / "model-00002-of-00002.safetensors"
    save_file({"other": torch.zeros(2)}, second, {"format": "pt"})
    with pytest.raises(CourseError, match="is missing from model-00002-of-00002"):
        check_folder(model)


def test_no_code_beside_a_model_is_run(model, tmp_path):
    proof = tmp_path / "ran"
    (model / checksums.FILE).unlink()
    (model / "modeling_planted.py").write_text(f"open({str(proof)!r}, 'w')\n")
    config = read_json(model / "config.json")
    config |= {"model_type": "planted", "auto_map": {"AutoModelForCausalLM": "modeling_planted.X"}}
    config["auto_map"]["AutoConfig"] = "modeling_planted.X"
    write_json(model / "config.json", config)
    with pytest.raises(CourseError, match="cannot load"):
        load(model)
    assert not proof.exists()


# Checkpoints


CHECKPOINT_FILES = [
    "model.safetensors",
    "optimizer.pt",
    "scheduler.pt",
    "rng_state.pth",
    "trainer_state.json",
]


@pytest.mark.parametrize("kind", ["empty", "half", "zeros", "first byte", "missing"])
@pytest.mark.parametrize("name", CHECKPOINT_FILES)
def test_a_damaged_checkpoint_is_passed_over_and_kept(tmp_path, name, kind):
    out = tmp_path / "sft"
    write_json(out / "run.json", RUN)
    whole, newest = (
        write_checkpoint(out / "checkpoints", 10),
        write_checkpoint(out / "checkpoints", 20),
    )
    assert run_dir.check_folder(out, RUN, overwrite=False) == newest
    left = damage(newest / name, kind)
    if name.endswith((".pt", ".pth")) and kind == "first byte":  # no part of what it holds
        assert trainer_checkpoints.why_not_whole(newest) in (
            None,
            f"{name} is cut short or damaged",
        )
        return
    assert run_dir.check_folder(out, RUN, overwrite=False) == whole
    told: list[str] = []
    trainer_checkpoints.set_damaged_aside(out / "checkpoints", 1, told.append)
    [sentence] = told
    assert "checkpoint-20 is not used" in sentence
    assert name in sentence or kind == "missing"
    kept = out / "checkpoints" / "damaged-checkpoint-20" / name
    assert kind == "missing" or kept.read_bytes() == left
    assert trainer_checkpoints.last_checkpoint(out / "checkpoints") == whole


@pytest.mark.parametrize("name", CHECKPOINT_FILES)
def test_a_flipped_bit_in_a_checkpoint_is_found(tmp_path, name):
    out = tmp_path / "sft"
    write_json(out / "run.json", RUN)
    whole, newest = (write_checkpoint(out / "checkpoints", step) for step in (10, 20))
    middle = (newest / name).stat().st_size // 2
    flip(newest / name, middle)
    assert name in trainer_checkpoints.why_not_whole(newest)
    assert run_dir.check_folder(out, RUN, overwrite=False) == whole


@pytest.mark.parametrize("name", CHECKPOINT_FILES)
def test_overwrite_clears_a_damaged_checkpoint(tmp_path, name):
    out = tmp_path / "sft"
    write_json(out / "run.json", RUN)
    damage(write_checkpoint(out / "checkpoints", 20) / name, "half")
    assert run_dir.check_folder(out, RUN, overwrite=True) is None
    run_dir.clear_folder(out, RUN)
    assert not trainer_checkpoints.checkpoints(out / "checkpoints")


def test_overwrite_clears_a_damaged_record(tmp_path):
    out = tmp_path / "sft"
    write_json(out / "run.json", RUN)
    write_checkpoint(out / "checkpoints", 20)
    (out / checksums.FILE).write_text("of the weights of the run before")
    (out / "run.json").write_text("")
    assert run_dir.check_folder(out, RUN, overwrite=True) is None
    run_dir.clear_folder(out, RUN)
    assert read_json(out / "run.json") == RUN
    assert not (out / checksums.FILE).exists()


def test_random_states_of_all_processes_are_wanted(tmp_path):
    folder = write_checkpoint(tmp_path, 20)
    assert trainer_checkpoints.why_not_whole(folder, processes=2) == "rng_state.pth is missing"


# Stored traces

TRACES = [Trace("1?", "Hm.", "1", [1, 2], [], ["end"]), Trace("2?", "Hm.", "2", [3], [], ["end"])]
QUESTIONS = [trace.question for trace in TRACES]


def edit(change: Callable[[list[dict]], object]) -> Callable[[bytes], bytes]:
    """A damage of rows: they are changed as a list."""

    def changed(data: bytes) -> bytes:
        rows = [json.loads(line) for line in data.splitlines()]
        change(rows)
        return "".join(json.dumps(row) + "\n" for row in rows).encode()

    return changed


TRACE_DAMAGE = DAMAGE | {
    "a row less": edit(lambda rows: rows.pop()),
    "a row twice": edit(lambda rows: rows.append(rows[0])),
    "another order": edit(lambda rows: rows.reverse()),
    "a field less": edit(lambda rows: rows[0].pop("question")),
    "a field more": edit(lambda rows: rows[0].update(more=1)),
    "ids of text": edit(lambda rows: rows[0].update(ids=["1"])),
    "ids gone": edit(lambda rows: rows[0].update(ids=None)),
    "answer gone": edit(lambda rows: rows[0].update(answer=None)),
    "stops of numbers": edit(lambda rows: rows[0].update(stops=[1])),
}


@pytest.mark.parametrize("kind", TRACE_DAMAGE)
def test_damaged_traces_are_kept_and_made_again(tmp_path, kind):
    path = tmp_path / "wait-1.jsonl"
    write_rows(path, [asdict(trace) for trace in TRACES])
    path.write_bytes(TRACE_DAMAGE[kind](path.read_bytes()))
    left, told = path.read_bytes(), []
    made = load_or_make(tmp_path, "wait-1", lambda: TRACES, QUESTIONS, told.append)
    assert made == TRACES == load_or_make(tmp_path, "wait-1", pytest.fail, QUESTIONS)
    assert told == ["wait-1.jsonl is damaged: kept as damaged-wait-1.jsonl, and made again"]
    assert (tmp_path / "damaged-wait-1.jsonl").read_bytes() == left


def test_nothing_that_was_set_aside_is_replaced(tmp_path):
    for text in ("one", "two", "three"):
        (tmp_path / "a.json").write_text(text)
        set_aside(tmp_path / "a.json")
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["one", "three", "two"]


# Writing


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    write_json(path, {"old": 1})
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space")))
    with pytest.raises(CourseError, match=r"cannot write .*results\.json: No space"):
        write_json(path, {"new": 2})
    assert read_json(path) == {"old": 1}


def test_what_a_killed_writer_left_is_no_obstacle(tmp_path):
    (tmp_path / "results.json.tmp").write_text('{"ne')
    write_json(tmp_path / "results.json", {"new": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


WRITTEN = [
    "traces.jsonl",
    "curated.jsonl",
    "curated.json",
    "funnel.json",
    "answers.db",
    "labels.db",
    "results.json",
    "sft",
    "runs",
    "ablations/random.jsonl",
    "results_cache/sft-0",
]


@pytest.mark.parametrize("name", WRITTEN)
def test_nothing_is_written_through_a_link(build, tmp_path, name):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (build / name).parent.mkdir(exist_ok=True)
    (build / name).symlink_to(victim)
    with pytest.raises(CourseError, match="is a link to .*remove it"):
        io.output(name)
    with pytest.raises(CourseError, match="is a link"):
        io.write_text(build / name, "planted")
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("name", ["sft/x.json", "runs/dev/key/about.json", "ablations/full.jsonl"])
def test_no_folder_on_the_way_is_a_link(build, tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    (build / name.split("/")[0]).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CourseError, match="is a link"):
        io.output(name)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_the_build_folder_itself_may_be_a_link(tmp_path, monkeypatch):
    (tmp_path / "disk").mkdir()
    (tmp_path / "build").symlink_to(tmp_path / "disk")
    monkeypatch.setenv("S1_BUILD", str(tmp_path / "build"))
    write_json(io.output("results.json"), {"a": 1})
    assert read_json(tmp_path / "disk" / "results.json") == {"a": 1}


def test_a_temporary_file_is_no_way_through(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "results.json.tmp").symlink_to(victim)
    write_json(tmp_path / "results.json", {"a": 1})
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "checkpoints", "run.json"])
def test_a_training_refuses_a_folder_with_links(tmp_path, name):
    out = tmp_path / "sft"
    write_json(out / "other.json", {})
    (tmp_path / "victim").mkdir()
    (out / name).symlink_to(tmp_path / "victim")
    with pytest.raises(CourseError, match="is a link"):
        run_dir.check_folder(out, RUN, overwrite=True)


@pytest.mark.parametrize("kind", ["empty", "half", "zeros", "a web page", "a flipped bit"])
def test_a_damaged_checkpoint_of_the_base_model(tmp_path, kind):
    path = tmp_path / "checkpoint.pt"
    torch.save({"step": 1, "model": torch.arange(1000)}, path)
    if kind == "a flipped bit":
        flip(path, path.read_bytes().index(torch.arange(900, 910).numpy().tobytes()))
    else:
        damage(path, kind)
    left = path.read_bytes()
    with pytest.raises(CourseError, match=r"checkpoint\.pt is damaged"):
        pretrain(replace(PretrainConfig(), steps=1), tmp_path)
    assert (tmp_path / "checkpoint.pt").read_bytes() == left


@pytest.mark.parametrize("content", [b"\xff", b"name = ", b"[teacher", b""])
def test_a_damaged_profile(tmp_path, monkeypatch, content):
    monkeypatch.setattr(config, "PROFILES", tmp_path)
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(CourseError, match=r"mine\.toml"):
        load_profile("mine")


@pytest.mark.parametrize("name", MODEL_FILES)
def test_an_evaluation_names_what_its_model_lacks(build, model, name):
    (model / name).unlink()
    with pytest.raises(CourseError, match=rf"{name} is missing"):
        evaluation.evaluate(PROFILE, model, DATA / "sft", EVALS, name="dev")


# Two processes


HOLD = """
import sys, time
from pathlib import Path
from s1lib.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(monkeypatch):
    """Start processes that hold a path until the test ends."""
    monkeypatch.setattr(locks, "PATIENCE", 0.0)
    started = []

    def hold(path: Path) -> subprocess.Popen:
        command = [sys.executable, "-c", HOLD, str(path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_second_process_is_told_who_is_at_work(tmp_path, holder):
    process = holder(tmp_path / "sft")
    with pytest.raises(CourseError, match=rf"in use by process {process.pid} .*, since 20"):
        with locked(tmp_path / "sft"):
            pytest.fail("both hold it")
    process.kill()
    process.wait()
    with locked(tmp_path / "sft"):  # it does not survive its holder
        with pytest.raises(CourseError, match="already at work"):
            with locked(tmp_path / "sft"):
                pytest.fail("held twice")
    with locked(tmp_path / "sft"):
        pass


def test_a_lock_file_says_what_it_likes(tmp_path, holder):
    holder(tmp_path / "sft")
    (tmp_path / ".sft.lock").write_text(
        '{"pid": "\\u001b[2J", "host": 1, "command": 2, "since": 3}'
    )
    with pytest.raises(CourseError, match=r"process \?\[2J on 1"):
        with locked(tmp_path / "sft"):
            pytest.fail("both hold it")
    (tmp_path / ".sft.lock").write_text("nonsense")
    with pytest.raises(CourseError, match="in use by another process"):
        with locked(tmp_path / "sft"):
            pytest.fail("both hold it")


def test_a_training_and_an_evaluation_hold_their_folders(build, holder):
    holder(build / "sft")
    with pytest.raises(CourseError, match=r"sft is in use by process"):
        finetuning.finetune([], PROFILE, build / "sft", DATA / "base")
    holder(traces_dir("dev", DATA / "base", EVALS, PROFILE))
    with pytest.raises(CourseError, match=r"runs/dev/\w+ is in use by process"):
        evaluation.evaluate(PROFILE, DATA / "base", DATA / "sft", EVALS, name="dev")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.pt", "trainer_state.json"])
def test_a_training_with_a_damaged_checkpoint_goes_on(tmp_path, monkeypatch, name):
    """It goes on from the last whole checkpoint, and ends with the same weights."""
    rows = read_rows(DATA / "curated.jsonl")[:48]
    profile = replace(PROFILE, sft=PROFILE.sft | {"num_train_epochs": 3})
    whole, out, told = tmp_path / "whole", tmp_path / "out", []
    finetuning.finetune(rows, profile, whole, DATA / "base", report=told.append)

    class Killed(Exception):
        pass

    def killed(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(finetuning, "save_model", killed)
        patched.setattr("transformers.trainer.rotate_checkpoints", lambda **kwargs: None)
        with pytest.raises(Killed):
            finetuning.finetune(rows, profile, out, DATA / "base", report=told.append)
    newest, before = trainer_checkpoints.checkpoints(out / "checkpoints")[:2]
    if name == "model.safetensors":
        flip(newest / name, (newest / name).stat().st_size // 2)
    else:
        damage(newest / name, "half")
    told.clear()
    finetuning.finetune(rows, profile, out, DATA / "base", report=told.append)
    assert any(f"{newest.name} is not used: {name}" in line for line in told)
    assert f"going on from step {before.name.split('-')[1]}" in told
    one, other = load_file(whole / "model.safetensors"), load_file(out / "model.safetensors")
    assert all(torch.equal(one[tensor], other[tensor]) for tensor in one)
