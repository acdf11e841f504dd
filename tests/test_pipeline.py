"""The stages one after the other, in the smoke profile, on the shipped base model."""

import asyncio
import json
import os
import re
import subprocess
import sys

import pytest
import torch

from s1lib import curate, distill, evaluate, sft
from s1lib.answers import Answers
from s1lib.engines.transformers import answer_directly, load
from s1lib.profile import load_profile, names
from s1lib.results import published
from s1lib.store import DATA, ROOT, CourseError, locate, output, read_rows, write_rows


@pytest.fixture(scope="module", autouse=True)
def build(tmp_path_factory):
    old = os.environ.get("S1_BUILD")
    os.environ["S1_BUILD"] = str(tmp_path_factory.mktemp("build"))
    yield
    os.environ.pop("S1_BUILD")
    if old:
        os.environ["S1_BUILD"] = old


@pytest.fixture(scope="module")
def profile():
    return load_profile("smoke")


@pytest.fixture(scope="module")
def tuned():
    model, tokenizer = load(DATA / "sft")
    return model.to(torch.float64), tokenizer


def test_distil(profile):
    pool = distill.load_pool(profile)
    questions = [row["question"] for row in pool]
    with Answers(output("answers.db")) as store:
        records, state = asyncio.run(distill.distill(profile.teacher, questions, store))
    assert set(records) == set(questions) and state.done == len(records)
    answered = [r for r in records.values() if r.failure is None]
    assert len(answered) > 0.95 * len(records)
    assert all(r.thinking and r.attempt.startswith("Answer: ") for r in answered)
    write_rows(output("traces.jsonl"), distill.join(pool, records))


def test_a_silent_teacher_is_a_recorded_failure():
    from s1lib.world.server import generate
    from s1lib.world.teacher import Habits

    reply = generate("What is the capital of France?", Habits(), 0)
    assert reply["candidates"][0]["finishReason"] == "OTHER"
    assert "content" not in reply["candidates"][0]


def test_curate_keeps_only_what_the_rules_allow(profile):
    rows = read_rows(locate("traces.jsonl"))
    evals = read_rows(locate("dev.jsonl")) + read_rows(locate("heldout.jsonl"))
    asked = curate.candidates(rows)
    told = []
    grades = curate.probe(asked, profile, lambda *line: told.append(line))
    assert {name for name, _, _ in told} == set(grades) == {"base", "small"}
    assert told[-1][1:] == (len(asked), len(asked))
    assert grades["base"] != grades["small"]
    solved = curate.solved_by_any(asked, grades)
    assert sum(solved.values()) > max(map(sum, grades.values()))  # one drops what the other keeps
    chosen, funnel = curate.curate(rows, evals, solved, profile)
    assert len(chosen) == profile.curated == funnel.counts["diversity"]
    counts = list(funnel.counts.values())
    assert counts == sorted(counts, reverse=True)
    keys = {row["key"] for row in evals}
    for row in chosen:
        assert curate.is_complete(row) and curate.is_well_formed(row)
        assert not curate.is_copy(row, keys) and not solved[row["question"]]
    assert len({row["question"] for row in chosen}) == len(chosen)
    again, _ = curate.curate(rows, evals, solved, profile)
    assert again == chosen
    write_rows(output("curated.jsonl"), chosen)


@pytest.mark.parametrize(
    "text,fine",
    [
        ("p1. Ann", False),
        ("p999. Ann", False),
        ("p1000. Ann", True),
        ("p0. Ann", True),
        ("![Image](x)", False),
        ("**3.** x", False),
        ("**bold** x", True),
        ("[asy] x", False),
    ],
)
def test_formatting_rules(text, fine):
    assert curate.is_well_formed({"question": text, "source_type": "MATH"}) is fine


def test_aime_may_draw():
    assert curate.is_well_formed({"question": "[asy] x", "source_type": "AIME"})


def test_too_few_rows_is_an_error(profile):
    with pytest.raises(CourseError, match="ask more questions"):
        rows = read_rows(locate("traces.jsonl"))[:20]
        evals = read_rows(locate("dev.jsonl"))
        curate.curate(rows, evals, {row["question"]: False for row in rows}, profile)


def test_only_the_completion_is_trained_on(profile, tmp_path):
    from trl import SFTConfig, SFTTrainer

    rows = read_rows(DATA / "curated.jsonl")[:4]
    model, tokenizer = load(DATA / "base")
    data = sft.training_set(rows, tokenizer)
    config = SFTConfig(
        output_dir=str(tmp_path), use_cpu=True, bf16=False, report_to="none", max_length=1024
    )
    trainer = SFTTrainer(model=model, args=config, train_dataset=data, processing_class=tokenizer)
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(4)])
    for ids, labels, row in zip(batch["input_ids"], batch["labels"], rows, strict=True):
        trained = tokenizer.decode(ids[labels != -100])
        assert trained.startswith("<|im_start|>think\n" + row["thinking_trajectories"][0][:20])
        assert trained.endswith("<|im_end|>") and trained.count("<|im_end|>") == 1
        assert row["question"] not in trained


def test_finetune_learns_and_saves_a_plain_folder(profile):
    rows = sft.curated_rows(profile)
    out = output("sft")
    curve = sft.finetune(rows, profile, out, DATA / "base", report=lambda text: None)
    assert all(torch.isfinite(torch.tensor(c["loss"])) for c in curve)
    model, _ = load(out)
    base, _ = load(DATA / "base")
    assert any(
        not torch.equal(a, b) for a, b in zip(model.parameters(), base.parameters(), strict=True)
    )


def test_rows_that_would_be_cut_stop_the_training(profile, tmp_path):
    from dataclasses import replace

    short = replace(profile, sft=profile.sft | {"max_length": 64})
    with pytest.raises(CourseError, match="max_length=64"):
        sft.finetune(read_rows(DATA / "curated.jsonl")[:4], short, tmp_path, DATA / "base")
    with pytest.raises(CourseError, match="empty"):
        sft.finetune([], profile, tmp_path, DATA / "base")


def test_evaluate_writes_the_documented_shape(profile):
    evals = evaluate.load_eval(profile)
    results, runs = evaluate.evaluate(
        profile, DATA / "base", DATA / "sft", evals, report=lambda text: None
    )
    names_ = [r["name"] for r in results["rows"]]
    assert names_ == [
        "base-direct",
        "sft-limit-8",
        "sft-limit-64",
        "sft",
        "sft-wait-1",
        "sft-wait-2",
    ]
    for row in results["rows"]:
        assert set(row) == {
            "name",
            "seed",
            "n",
            "correct",
            "accuracy",
            "ci_low",
            "ci_high",
            "thinking_tokens",
            "hit_limit",
            "no_answer",
        }
        assert 0 <= row["ci_low"] <= row["accuracy"] <= row["ci_high"] <= 1
    assert [c["name"] for c in results["comparisons"]] == [
        "sft-vs-base",
        "wait-1-vs-sft",
        "wait-2-vs-sft",
    ]
    assert all(t.thinking_tokens <= 8 for t in runs["sft-limit-8"])
    json.dumps(results)
    again = evaluate.evaluate(profile, DATA / "base", DATA / "sft", evals, regrade=True)
    assert again == (results, runs)  # from the stored traces, without a model
    with pytest.raises(CourseError, match="no stored traces of .*evaluate without --regrade"):
        evaluate.evaluate(profile, DATA / "base", DATA / "sft", evals[:3], regrade=True)


def test_direct_answers_do_not_think(tuned):
    model, tokenizer = tuned
    traces = answer_directly(model, tokenizer, ["How many r in raspberry?"])
    assert traces[0].thinking is None and traces[0].thinking_tokens == 0


def test_profiles_load_and_wrong_names_are_named():
    assert {"laptop", "smoke", "gpu", "h100x16"} <= set(names())
    for name in names():
        assert load_profile(name).name == name
    with pytest.raises(CourseError, match="no profile 'laptob'.*laptop"):
        load_profile("laptob")


def test_the_smoke_profile_is_the_laptop_on_fewer_questions():
    laptop, smoke = load_profile("laptop"), load_profile("smoke")
    assert smoke.sft | {"num_train_epochs": 5, "logging_steps": 5} == laptop.sft
    assert smoke.model == laptop.model and smoke.pool_questions < 5903


@pytest.mark.parametrize(
    "content,named", [("{]\n", "line 1"), ('{"a": 1}\nnot json\n', "line 2"), ("[1]\n", "line 1")]
)
def test_damaged_rows_are_named(tmp_path, content, named):
    path = tmp_path / "pool.jsonl"
    path.write_text(content)
    with pytest.raises(CourseError, match=f"pool.jsonl is damaged at {named}"):
        read_rows(path)


def test_missing_and_damaged_models_are_named(tmp_path):
    with pytest.raises(CourseError, match="missing or damaged"):
        load(tmp_path / "none")
    broken = tmp_path / "sft"
    broken.mkdir()
    for file in (DATA / "sft").iterdir():
        if file.is_file():
            (broken / file.name).write_bytes(file.read_bytes())
    (broken / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(CourseError, match="missing or damaged"):
        load(broken)
    with pytest.raises(CourseError, match="nothing-here is neither"):
        locate("nothing-here")


@pytest.mark.parametrize(
    "stage",
    [
        "distill",
        "curate",
        "sft",
        "evaluate",
        "pretrain",
        "planner",
        "results.proof",
        "results.lora",
        "results.table4",
    ],
)
def test_every_stage_has_a_command_with_help(stage):
    done = subprocess.run(
        [sys.executable, "-m", f"s1lib.{stage}", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0 and "--" in done.stdout
    texts = [(ROOT / "README.md").read_text(), *published.FULL_SCALE.values()]
    commands = re.findall(rf"-m s1lib\.{stage}\b([^`;\n]*)", "\n".join(texts))
    promised = {option for command in commands for option in re.findall(r"--[a-z-]+", command)}
    assert promised <= set(re.findall(r"--[a-z-]+", done.stdout)), "README names other options"


def test_a_wrong_profile_on_the_command_line_is_one_sentence():
    done = subprocess.run(
        [sys.executable, "-m", "s1lib.sft", "--profile", "laptob"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.strip().startswith("error: there is no profile 'laptob'")
    assert "Traceback" not in done.stderr
