"""Evaluation: the benchmarks, what is stored, and input that cannot be graded."""

import json
from dataclasses import replace

import pytest
from datasets import Dataset

from s1lib.config import load_profile
from s1lib.errors import CourseError
from s1lib.evaluation import run as evaluate
from s1lib.evaluation import trace_cache as traces
from s1lib.evaluation.benchmarks import BENCHMARKS, load_benchmark, with_choices
from s1lib.evaluation.conditions import stops_by_itself, with_waits
from s1lib.evaluation.report import result_row
from s1lib.evaluation.trace_cache import load_or_make, model_identity, traces_dir, versions
from s1lib.grading.graders import GRADERS
from s1lib.inference import open_engine
from s1lib.inference.budget import S1
from s1lib.inference.engine import Trace
from s1lib.inference.vllm import VLLMEngine
from s1lib.io import DATA, read_rows

PROFILE = load_profile("smoke")
EVALS = read_rows(DATA / "dev.jsonl")[:4]


def trace(question: str, answer: str, tokens: int = 3, cut: bool = False) -> Trace:
    stops = ["limit" if cut else "end"]
    return Trace(question, "So 1", answer, [1] * tokens, stops=stops)


class Stub:
    """An engine that always writes the same two answers: after thinking, and without."""

    def __init__(self, thought: str, direct: str) -> None:
        self.thought, self.direct = thought, direct

    def think(self, questions, budget, progress=None, sampling=None):
        return [trace(q, self.thought) for q in questions]

    def answer_from_prefix(self, traces, limit=None, waits=None):
        return traces

    def answer_directly(self, questions, progress=None):
        return [trace(q, self.direct) for q in questions]

    def close(self) -> None:
        pass


# Benchmarks, read from rows like the hub's


def hub(name: str, count: int | None = None, **changes):
    """A stand-in for `load_dataset` with as many rows as the benchmark has."""
    chosen = BENCHMARKS[name]
    n = chosen.rows if count is None else count

    def load(path, config, split):
        assert (path, config, split) == (chosen.path, chosen.config, chosen.split)
        columns = {c: [f"{c} {i}" for i in range(n)] for c in chosen.columns}
        columns |= {"answer": [str(i) for i in range(n)]} if "answer" in columns else {}
        return Dataset.from_dict(columns | {k: [v] * n for k, v in changes.items()})

    return load


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_is_read_in_one_shape(name):
    rows = load_benchmark(name, hub(name))
    assert len(rows) == BENCHMARKS[name].rows == {"math500": 500, "gpqa": 198}.get(name, 30)
    assert {row["kind"] for row in rows} == {BENCHMARKS[name].kind} <= set(GRADERS)
    assert all(row["question"] and row["answer"] for row in rows)


def test_numbers_are_answers_too():
    assert load_benchmark("aime25", hub("aime25", answer=70))[0]["answer"] == "70"


def test_choices_are_shuffled_the_same_way_each_time():
    right = [with_choices(f"q{i}", "right", ["a", "b", "c"]) for i in range(200)]
    assert right == [with_choices(f"q{i}", "right", ["a", "b", "c"]) for i in range(200)]
    for question, letter in right:
        asked, choices = question.split("\n\n")  # the harness's layout
        assert [line[:3] for line in choices.splitlines()] == ["A) ", "B) ", "C) ", "D) "]
        assert f"{letter}) right" in choices.splitlines() and asked.startswith("q")
    assert all(30 < sum(letter == x for _, letter in right) < 70 for x in "ABCD")


@pytest.mark.parametrize(
    "load,message",
    [
        (hub("aime24", 29), "has 29 rows and had 30: it was changed"),
        (hub("aime24", 0), "has 0 rows and had 30"),
        (hub("aime24", answer=""), "row 0, has no question or no answer"),
        (hub("aime24", answer="about 3"), "row 0: 'about 3' is no whole number"),
        (hub("math500"), "cannot load HuggingFaceH4/aime_2024"),
        (
            lambda *_, **__: Dataset.from_dict({"problem": ["?"]}),
            "no column answer: it has problem",
        ),
    ],
)
def test_a_benchmark_that_cannot_be_used_is_named(load, message):
    with pytest.raises(CourseError, match=message):
        load_benchmark("aime24", load)


def test_an_unknown_benchmark_and_no_network_are_one_sentence():
    with pytest.raises(CourseError, match="no benchmark 'aime26': choose one of math500, aime24"):
        load_benchmark("aime26")
    with pytest.raises(CourseError, match="gated .*hf auth login"):
        load_benchmark("gpqa")  # the tests are offline


# Grading


def test_no_questions_have_no_accuracy(monkeypatch):
    monkeypatch.setattr(evaluate, "load_questions", lambda name: [])
    with pytest.raises(CourseError, match="no accuracy over nothing"):
        evaluate.load_eval(PROFILE)


def test_traces_of_other_questions_are_not_graded():
    traces = [trace(row["question"], row["answer"]) for row in EVALS]
    assert evaluate.grade_traces(traces, EVALS) == [True] * 4
    changed = [*EVALS[:2], EVALS[2] | {"question": "another"}, EVALS[3]]
    with pytest.raises(CourseError, match="trace 2 answers another question than row 2"):
        evaluate.grade_traces(traces, changed)
    with pytest.raises(CourseError, match="4 traces for 3 questions"):
        evaluate.grade_traces(traces, EVALS[:3])


def test_each_kind_has_its_own_grader():
    rows = [
        {"question": "a", "answer": "23", "kind": "aime"},
        {"question": "b", "answer": "\\frac{1}{2}", "kind": "math"},
        {"question": "c", "answer": "B", "kind": "gpqa"},
    ]
    told = ["\\boxed{023}", "\\boxed{0.5}", "Answer: (B)"]
    right = [trace(row["question"], text) for row, text in zip(rows, told, strict=True)]
    assert evaluate.grade_traces(right, rows) == [True] * 3
    silent = [trace(row["question"], "I do not know") for row in rows]
    assert evaluate.grade_traces(silent, rows) == [False] * 3


def test_the_forced_words_before_an_answer_belong_to_it():
    """A thought that was cut is answered behind a forced "Final Answer:"."""
    rows = [
        {"question": "a", "answer": "204", "kind": "aime"},
        {"question": "b", "answer": "2", "kind": "math"},
        {"question": "c", "answer": "B", "kind": "gpqa"},
    ]
    cut = [trace("a", " 204", cut=True), trace("b", " $2$.", cut=True), trace("c", " B", cut=True)]
    assert evaluate.grade_traces(cut, rows) == [True] * 3
    kinds = [row["kind"] for row in rows]
    row = result_row(stops_by_itself(PROFILE), 0, [cut], [[True] * 3], kinds)
    assert row["no_answer"] == 0
    free = [replace(t, stops=["end"]) for t in cut]
    assert [t.gradable_text for t in free] == [t.answer for t in cut]


def test_missing_answers_are_counted_by_each_questions_own_kind():
    texts = ["Answer: B", "Answer: B", "It is a tie.", "I give up."]
    runs = [[trace(q, text) for q, text in zip("abcd", texts, strict=True)]]
    kinds = ["gpqa", "integer", "integer", "gpqa"]
    right = [[True, False, False, False]]
    assert result_row(with_waits(PROFILE, 1), 0, runs, right, kinds)["no_answer"] == 3
    mirrored = ["integer", "gpqa", "integer", "gpqa"]
    assert result_row(with_waits(PROFILE, 1), 0, runs, right, mirrored)["no_answer"] == 3
    assert (
        result_row(with_waits(PROFILE, 1), 0, runs * 2, right * 2, ["gpqa"] * 4)["no_answer"] == 4
    )


def test_the_base_of_a_run_is_the_one_it_was_trained_from(monkeypatch, tmp_path):
    monkeypatch.setenv("S1_BUILD", str(tmp_path))
    profile = load_profile("gpu")
    assert evaluate._base_model(profile) == "Qwen/Qwen2.5-7B-Instruct"
    (tmp_path / "sft").mkdir()
    (tmp_path / "sft" / "run.json").write_text('{"base": "Qwen/Qwen2.5-32B-Instruct"}')
    assert evaluate._base_model(profile) == "Qwen/Qwen2.5-32B-Instruct"
    assert evaluate._base_model(PROFILE) == DATA / "base"


def test_a_row_counts_missing_answers_and_cut_thoughts():
    runs = [[trace("a", "Answer: 1", 4), trace("b", "dunno", 8, cut=True)]]
    row = result_row(with_waits(PROFILE, 2, "Hmm"), 0, runs, [[True, False]])
    assert row["no_answer"] == 1 and row["hit_limit"] == 0.5 and row["thinking_tokens"] == 6
    assert row["n"] == 2 and row["correct"] == 1 and row["ci_high"] < 1
    assert (row["name"], row["waits"], row["string"]) == ("sft-wait-2", 2, "Hmm")
    assert row["limit"] == PROFILE.max_thinking_waits


# What is stored


def test_traces_are_made_once_and_told_apart(tmp_path, monkeypatch):
    monkeypatch.setenv("S1_BUILD", str(tmp_path))
    folder = traces_dir("dev", DATA / "sft", EVALS, PROFILE)
    made = load_or_make(folder, "sft", lambda: [trace("a", "1")])
    assert load_or_make(folder, "sft", lambda: pytest.fail("made again")) == made
    assert folder == traces_dir("dev", DATA / "sft", EVALS, PROFILE)
    others = {
        traces_dir("dev", DATA / "base", EVALS, PROFILE),
        traces_dir("dev", DATA / "sft", EVALS[:3], PROFILE),
        traces_dir("dev", DATA / "sft", EVALS, replace(PROFILE, max_thinking=99)),
        traces_dir("dev", DATA / "sft", EVALS, PROFILE, suppress=("Wait",)),
    }
    assert len(others) == 4 and folder not in others
    about = json.loads((folder / "about.json").read_text())
    assert about["model"] == model_identity(DATA / "sft") and about["versions"]["torch"]
    assert model_identity("simplescaling/s1-32B") == "simplescaling/s1-32B"


def test_traces_of_another_version_are_named_and_a_fixed_answer_is_graded(tmp_path, monkeypatch):
    monkeypatch.setenv("S1_BUILD", str(tmp_path))
    folder = traces_dir("dev", DATA / "sft", EVALS, PROFILE)
    about = json.loads((folder / "about.json").read_text())
    (folder / "about.json").write_text(json.dumps(about | {"versions": {"torch": "1.0"}}))
    with pytest.raises(CourseError, match=r"made with \{'torch': '1.0'\}.*delete the folder"):
        traces_dir("dev", DATA / "sft", EVALS, PROFILE)
    assert folder == traces_dir("dev", DATA / "sft", EVALS, PROFILE, any_version=True)
    fixed = [row | {"answer": "7"} for row in EVALS]
    assert folder == traces_dir("dev", DATA / "sft", fixed, PROFILE, any_version=True)


def test_an_interrupted_evaluation_goes_on(tmp_path, monkeypatch):
    """The answers under the smaller budgets fail once; the thinking is not done again."""
    monkeypatch.setenv("S1_BUILD", str(tmp_path))
    calls = []

    class Interrupted(Stub):
        def think(self, questions, budget, progress=None, sampling=None):
            calls.append("think")
            return super().think(questions, budget)

        def answer_from_prefix(self, traces, limit=None, waits=None):
            calls.append("answer")
            if calls.count("answer") == 2:
                raise KeyboardInterrupt
            return traces

    monkeypatch.setattr(evaluate, "open_engine", lambda model, **settings: Interrupted("1", "1"))

    def run():
        return evaluate.evaluate(PROFILE, DATA / "base", DATA / "sft", EVALS, name="dev")[1]

    with pytest.raises(KeyboardInterrupt):
        run()
    runs = run()
    assert calls.count("think") == 1 and {condition.name for condition in runs} == {
        "base-direct", "sft-limit-8", "sft-limit-64", "sft", "sft-wait-1", "sft-wait-2",
    }  # fmt: skip
    assert run() == runs and calls.count("answer") == 5  # four, one of them twice


@pytest.mark.parametrize("name", ["gpu", "h100x8", "h100x16"])
def test_the_context_of_a_gpu_profile_holds_the_longest_question(name):
    """1,500 tokens of question, as of an AIME problem with its drawing."""
    profile = load_profile(name)
    thinking = max(profile.max_thinking, profile.max_thinking_waits)
    assert 1500 + 100 + thinking + profile.max_answer <= profile.vllm["max_model_len"]


def test_vllm_settings_of_a_profile_choose_vllm(monkeypatch):
    asked = []
    monkeypatch.setattr(
        VLLMEngine, "load", lambda model, most, settings, form: asked.append((model, settings))
    )
    open_engine("some/model", **load_profile("h100x16").engine)
    [(model, settings)] = asked
    assert model == "some/model" and settings["tensor_parallel_size"] == 8
    assert settings["max_model_len"] == 32768 and settings["dtype"] == "float32"


def test_vllm_that_is_missing_is_named():
    """In this environment it is; where it is installed, its version is told."""
    try:
        assert versions(load_profile("h100x16"))["vllm"]
    except CourseError as error:
        assert "pip install" in str(error)
    assert "vllm" not in versions(PROFILE)


def test_a_gpu_profile_does_not_fall_back_on_the_toy_worlds_model(monkeypatch, tmp_path):
    monkeypatch.setenv("S1_BUILD", str(tmp_path))
    monkeypatch.setattr(evaluate, "load_questions", lambda name: EVALS)
    monkeypatch.setattr("sys.argv", ["evaluate", "--profile", "h100x16"])
    with pytest.raises(CourseError, match="no model of the profile h100x16 in build/sft"):
        evaluate.main()


def test_the_command_reads_a_benchmark(monkeypatch, tmp_path, capsys):
    """From the options to the table, with rows and a model in place of the hub's."""
    monkeypatch.setenv("S1_BUILD", str(tmp_path))
    rows = [{"question": f"q{i}", "answer": "7", "kind": "aime"} for i in range(30)]
    monkeypatch.setattr(evaluate, "load_questions", lambda name: rows)
    monkeypatch.setattr(traces, "version", lambda name: "1.0")

    class Asked(Stub):
        def think(self, questions, budget, progress=None, sampling=None):
            asked.append((questions[0], budget.string, sampling.suppress))
            return super().think(questions, budget)

    monkeypatch.setattr(
        evaluate, "open_engine", lambda model, **settings: Asked("\\boxed{007}", "no idea")
    )
    monkeypatch.setattr(evaluate, "check_format", lambda model, form: S1)
    monkeypatch.setattr(
        "sys.argv",
        "evaluate --profile h100x16 --set aime24 --model simplescaling/s1-32B "
        "--string Hmm --suppress Wait --ask Quickly.".split(),
    )
    asked: list = []
    evaluate.main()
    assert asked == [("q0\n\nQuickly.", "Hmm", ("Wait",))]
    results = json.loads((tmp_path / "results.json").read_text())
    told = {row["name"]: row for row in results["rows"]}
    assert told["base-direct"]["no_answer"] == 30 and told["base-direct"]["correct"] == 0
    assert told["sft-wait-4"]["correct"] == 30 and told["sft-limit-500"]["n"] == 30
    assert "sft-wait-6" in capsys.readouterr().out
