"""The stages one after the other, in the smoke profile, on the shipped base model."""

import asyncio
import contextlib
import io
import json
import os
import re
import runpy
import subprocess
import sys
import warnings

import pytest
import torch

from s1lib import __main__ as s1_command
from s1lib import paper_numbers
from s1lib.config import load_profile, profile_names
from s1lib.curation import run as curate
from s1lib.curation.difficulty import probe, questions_to_probe, solved_by_any
from s1lib.curation.filters import is_complete, is_well_formed
from s1lib.distillation import run as distill
from s1lib.distillation.answer_store import AnswerStore
from s1lib.errors import CourseError
from s1lib.evaluation import run as evaluate
from s1lib.finetuning import run as sft
from s1lib.inference.hf import answer_directly, load
from s1lib.io import DATA, ROOT, locate, output, read_rows, write_rows
from s1lib.toyworld.questions import key_of, subject


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


@pytest.fixture(scope="module")
def distilled(profile):
    """The pool, asked of the toy world's teacher: responses by question, and the joined rows."""
    pool = distill.load_pool(profile)
    questions = [row["question"] for row in pool]
    with AnswerStore(output("answers.db")) as store:
        responses, state = asyncio.run(distill.distill(profile.teacher, questions, store))
    assert set(responses) == set(questions) and state.done == len(responses)
    rows = distill.join(pool, responses)
    write_rows(output("traces.jsonl"), rows)
    return responses, rows


def test_distill(distilled):
    responses, rows = distilled
    answered = [r for r in responses.values() if r.failure is None]
    assert len(answered) > 0.95 * len(responses)
    assert all(r.thinking and r.attempt.startswith("Answer: ") for r in answered)
    for row in rows:  # a traced row keeps where it came from
        response = responses[row["question"]]
        assert ("provenance" in row) == (row["attempt"] is not None) == (response.failure is None)
        if response.failure is None:
            assert row["provenance"]["teacher"] == response.teacher
            assert row["provenance"]["request"] == response.id
            assert row["provenance"]["thinking_tokens"] == response.thinking_tokens > 0


def test_a_silent_teacher_is_a_recorded_failure():
    from s1lib.toyworld.fake_gemini import generate
    from s1lib.toyworld.teacher import Habits

    reply = generate("What is the capital of France?", Habits(), 0)
    assert reply["candidates"][0]["finishReason"] == "OTHER"
    assert "content" not in reply["candidates"][0]


def test_curate_keeps_only_what_the_rules_allow(profile, distilled):
    rows = distilled[1]
    evals = read_rows(locate("dev.jsonl")) + read_rows(locate("heldout.jsonl"))
    asked = questions_to_probe(rows)
    told = []
    grades = probe(asked, profile, lambda *line: told.append(line))
    assert {name for name, _, _ in told} == set(grades) == {"base", "small"}
    assert told[-1][1:] == (len(asked), len(asked))
    assert grades["base"] != grades["small"]
    solved = solved_by_any(asked, grades)
    assert sum(solved.values()) > max(map(sum, grades.values()))  # one drops what the other keeps
    domains = {row["question"]: subject(row["question"]) for row in rows}
    chosen, funnel = curate.curate(rows, evals, solved, domains, profile)
    assert len(chosen) == profile.curated == funnel.counts["diversity"]
    counts = list(funnel.counts.values())
    assert counts == sorted(counts, reverse=True)
    keys = {row["key"] for row in evals}
    for row in chosen:
        assert is_complete(row) and is_well_formed(row)
        assert key_of(row["question"]) not in keys and not solved[row["question"]]
    assert len({row["question"] for row in chosen}) == len(chosen)
    assert all("provenance" in row for row in chosen)
    again, _ = curate.curate(rows, evals, solved, domains, profile)
    assert again == chosen


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
    assert is_well_formed({"question": text, "source_type": "MATH"}) is fine


def test_aime_may_draw():
    assert is_well_formed({"question": "[asy] x", "source_type": "AIME"})


def test_too_few_rows_is_an_error(profile):
    with pytest.raises(CourseError, match="ask more questions"):
        rows = read_rows(DATA / "traces.jsonl")[:20]
        evals = read_rows(DATA / "dev.jsonl")
        solved = {row["question"]: False for row in rows}
        domains = {row["question"]: "one" for row in rows}
        curate.curate(rows, evals, solved, domains, profile)


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
    rows = read_rows(DATA / "curated.jsonl")[: profile.curated]
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
            "limit",
            "waits",
            "string",
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
    [least] = [c for c in runs if c.limit == 8]
    assert all(t.thinking_tokens <= 8 for t in runs[least])
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
    assert {"laptop", "smoke", "gpu", "h100x16"} <= set(profile_names())
    for name in profile_names():
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
    with pytest.raises(CourseError, match="cut short or damaged"):
        load(broken)
    with pytest.raises(CourseError, match="nothing-here is neither"):
        locate("nothing-here")


COMMANDS = {  # a module that runs -> the same as a subcommand of `s1`
    "distillation": "distill",
    "curation": "curate",
    "finetuning": "sft",
    "finetuning.plan": "plan",
    "evaluation": "evaluate",
    "results": "results",
    "toyworld.pretrain": None,
    "toyworld.pool": None,
}


def help_of(module: str, *arguments: str) -> str:
    """What `python -m module ... --help` prints, in this process: each would import torch again."""
    shown, patch = io.StringIO(), pytest.MonkeyPatch()
    patch.setattr(sys, "argv", [module, *arguments, "--help"])
    patch.setattr("s1lib.errors.end_on_signals", lambda: None)  # they are pytest's here
    with warnings.catch_warnings(), contextlib.redirect_stdout(shown):
        warnings.simplefilter("ignore", RuntimeWarning)  # it was imported before
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=False)
        except SystemExit as end:
            assert not end.code
        finally:
            patch.undo()
    return shown.getvalue()


@pytest.mark.parametrize("module", COMMANDS)
def test_every_stage_has_a_command_with_help(module):
    shown = help_of(f"s1lib.{module}")
    assert "--" in shown
    texts = [(ROOT / "README.md").read_text(), *paper_numbers.FULL_SCALE.values()]
    commands = re.findall(rf"-m s1lib\.{module}(?![\w.])([^`;\n]*)", "\n".join(texts))
    promised = {option for command in commands for option in re.findall(r"--[a-z-]+", command)}
    assert promised <= set(re.findall(r"--[a-z-]+", shown)), "README names other options"


def test_s1_names_every_command_and_is_the_same_as_its_module():
    listed = help_of("s1lib")
    assert all(name in listed for name in COMMANDS.values() if name)
    assert help_of("s1lib", "plan") == help_of("s1lib.finetuning.plan")


def test_an_unknown_command_is_named():
    done = subprocess.run([sys.executable, "-m", "s1lib", "train"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: there is no command 'train': choose distill, curate")


def test_a_wrong_profile_on_the_command_line_is_one_sentence(monkeypatch):
    monkeypatch.setattr("s1lib.errors.end_on_signals", lambda: None)
    monkeypatch.setattr(sys, "argv", ["s1", "sft", "--profile", "laptob"])
    with pytest.raises(SystemExit, match="^error: there is no profile 'laptob'"):
        s1_command.main()
