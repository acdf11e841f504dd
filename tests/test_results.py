"""The recorded results: consistent in themselves, and a slice of each is run again."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from transformers import TrainerCallback, set_seed

from s1lib.config import load_profile
from s1lib.errors import CourseError
from s1lib.evaluation.metrics import Comparison, compare, pooled_rate
from s1lib.evaluation.run import grade_traces
from s1lib.finetuning.run import (
    load_base,
    load_tokenizer,
    make_trainer,
    too_long,
    trainable,
    training_set,
)
from s1lib.inference import open_engine
from s1lib.inference.engine import Sampling, Trace
from s1lib.inference.hf import answer_from_prefix, load, think
from s1lib.io import DATA, read_rows, write_rows
from s1lib.results import (
    batches,
    cache,
    claims,
    files,
    lora,
    loss_weight,
    nowait,
    table2,
    table3,
    table4,
    table8,
)
from s1lib.results.builder import ResultBuilder
from s1lib.results.figure6 import LIMITS, QUESTIONS, TRIES, rejection
from s1lib.results.figure7 import VOTES, majority, vote
from s1lib.results.files import data_hash, decode_grades, recorded
from s1lib.results.table4 import STRINGS, TIMES
from s1lib.results.variants import variant_conditions

SLICE = 24  # questions that are run again
HELDOUT = read_rows(DATA / "heldout.jsonl")
THREE_SEEDS = ("main_result", "lora", "table2", "table4", "nowait", "batches", "loss_weight")
SEEDS = {name: [0, 1, 2] for name in THREE_SEEDS}
SEEDS |= {name: [0] for name in ("table3", "table8", "figure6", "figure7")}
# the way to put rows into steps that is not the profile's own
LAPTOP = load_profile("laptop")
[OTHER] = [name for name in batches.SAMPLINGS if not batches.is_default(name, LAPTOP)]
OTHER_PART = batches.variant_of(OTHER, LAPTOP).part(0)


def system_of(row: dict) -> str:
    """Under what name a row's grades are recorded."""
    for kind in ("method", "set", "traces"):
        if kind in row:
            return f"{row[kind]}/{row['name']}"
    if "asked" in row:
        return f"{row['name']}/{row['asked']}"
    if "kind" in row:
        return f"{row['kind']}-{row['n_thoughts_or_waits']}"
    return row["name"] if "name" in row else str(row["limit"])


@pytest.mark.parametrize("name", SEEDS)
def test_results_rest_on_the_shipped_data(name):
    about = recorded(name)["about"]
    assert about["data"] == data_hash(DATA.joinpath)
    assert about["seeds"] == SEEDS[name] and about["versions"]["torch"]


@pytest.mark.parametrize("name", SEEDS)
def test_each_rate_is_that_of_its_grades(name):
    results = recorded(name)
    right = results["right"]
    questions = QUESTIONS if name.startswith("figure") else len(HELDOUT)
    assert all(len(text) == questions for texts in right.values() for text in texts)
    checked = 0
    for row in results["rows"]:
        texts = right[system_of(row)]
        if row.get("seed", "all") == "all":
            some = texts[:1] if row.get("name") == "base-direct" else texts
        else:
            some = [texts[row["seed"]]]
        rate = pooled_rate(decode_grades(some))
        assert (row["n"], row["correct"]) == (rate.n, rate.correct)
        assert (row["ci_low"], row["ci_high"]) == pytest.approx((rate.ci_low, rate.ci_high))
        checked += 1
    assert checked == len(results["rows"]) > 3


def test_a_comparison_is_that_of_its_grades():
    results = recorded("main_result")
    [row] = [
        r for r in results["comparisons"] if r["name"] == "wait-1-vs-sft" and r["seed"] == "all"
    ]
    right = results["right"]
    again = compare(decode_grades(right["sft"]), decode_grades(right["sft-wait-1"]))
    assert (row["fixed"], row["broken"]) == (again.fixed, again.broken)
    assert row["difference"] == pytest.approx(again.difference)


def agree(texts: list[str], traces, rows) -> None:
    """The slice is graded as recorded; one question may differ, for rounding differs by machine."""
    again = grade_traces(traces, rows)
    told = decode_grades([texts[0][: len(rows)]])[0]
    assert sum(a != b for a, b in zip(again, told, strict=True)) <= 1


@pytest.fixture(scope="module")
def profile():
    return load_profile("laptop")


@pytest.fixture(scope="module")
def longest(profile):
    """The slice thought about by the shipped model, with two Waits."""
    questions = [row["question"] for row in HELDOUT[:SLICE]]
    model, tokenizer = load(DATA / "sft")
    return model, tokenizer, questions, think(model, tokenizer, questions, profile.budget(waits=2))


def test_a_slice_of_the_main_result_is_the_same_today(profile, longest):
    model, tokenizer, _, traces = longest
    right, rows = recorded("main_result")["right"], HELDOUT[:SLICE]
    base = open_engine(DATA / "base", **profile.engine)
    direct = base.answer_directly([row["question"] for row in rows])
    agree(right["base-direct"], direct, rows)
    agree(right["sft-wait-2"], traces, rows)
    for name, limit, waits in (("sft", profile.max_thinking, 0), ("sft-wait-1", None, 1),
                               ("sft-limit-64", 64, 0)):  # fmt: skip
        cut = answer_from_prefix(
            model, tokenizer, traces, limit, waits, max_answer=profile.max_answer
        )
        agree(right[name], cut, rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in STRINGS if name != "Wait"])
def test_a_slice_of_table_4_is_the_same_today(name, profile, longest):
    model, tokenizer, questions, _ = longest
    budget = profile.budget(waits=TIMES, string=STRINGS[name])
    agree(recorded("table4")["right"][name], think(model, tokenizer, questions, budget),
          HELDOUT[:SLICE])  # fmt: skip


@pytest.mark.slow
def test_a_slice_of_the_suppressed_word_is_the_same_today(profile, longest):
    model, tokenizer, questions, _ = longest
    for condition in nowait.suppressed_conditions(profile):
        budget = profile.budget(condition.limit, condition.waits, condition.string)
        traces = think(model, tokenizer, questions, budget, sampling=nowait.SUPPRESSED)
        agree(recorded("nowait")["right"][condition.name], traces, HELDOUT[:SLICE])


def test_a_part_is_made_by_the_model_of_the_main_result(profile, tmp_path, monkeypatch):
    """Table 4's and the suppressed word's way to their traces, on four questions."""
    monkeypatch.setenv("S1_BUILD", str(tmp_path))
    shutil.copytree(DATA / "sft", tmp_path / cache.FOLDER / "sft-0")
    write_rows(tmp_path / "heldout.jsonl", HELDOUT[:4])
    without_wait = nowait.suppressed_conditions(profile)[0]
    for module, call in (
        ("table4", lambda: table4.traces_with("Hmm", profile, 0)),
        ("nowait", lambda: nowait.suppressed_traces(without_wait, profile, 0)),
    ):
        system = "Hmm" if module == "table4" else "without Wait"
        traces = call()
        agree(recorded(module)["right"][system], traces, HELDOUT[:4])
        assert call() == traces  # read again
    assert {path.name for path in (tmp_path / cache.FOLDER).glob("*.jsonl")} == {
        "table4-Hmm-0.jsonl", "nowait-0-0.jsonl",
    }  # fmt: skip


@pytest.mark.slow
def test_a_slice_of_figures_6_and_7_is_the_same_today(profile, longest):
    """Eight questions on which the limits differ, all 32 tries of each, with the same seeds."""
    model, tokenizer, _, _ = longest
    right = recorded("figure6")["right"]
    mixed = [i for i in range(QUESTIONS) if len({right[str(n)][0][i] for n in LIMITS}) > 1][:8]
    rows = [HELDOUT[i] for i in mixed]
    many = [row["question"] for row in rows] * TRIES
    seeds = [t * QUESTIONS + i for t in range(TRIES) for i in mixed]
    how = Sampling(temperature=1.0, seeds=seeds)
    traces = think(model, tokenizer, many, profile.budget(), 128, sampling=how)
    tries = [traces[i : i + len(rows)] for i in range(0, len(traces), len(rows))]
    told = {"figure6": {}, "figure7": {}}
    for limit in LIMITS:
        told["figure6"][str(limit)] = rejection(rows, tries, limit)[1]
    for n in VOTES:
        told["figure7"][f"majority-{n}"], told["figure7"][f"any-{n}"], _ = vote(rows, tries[:n])
    for name, systems in told.items():
        for system, mine in systems.items():
            text = recorded(name)["right"][system][0]
            theirs = [text[i] == "1" for i in mixed]
            assert sum(a != b for a, b in zip(mine, theirs, strict=True)) <= 1


def test_the_sets_of_table_2_are_drawn_again(profile):
    drawn, cards = table2.drawn_sets(profile, 0), recorded("table2")["cards"]
    assert set(drawn) == set(cards)
    for name, (_, card) in drawn.items():
        written = cards[name]
        assert card == card | written  # cards made today say more


def test_table_8_cuts_the_share_of_rows_that_the_paper_cut(profile):
    rows = read_rows(DATA / "curated.jsonl")
    tokenizer, _ = load_tokenizer(DATA / "base")
    data, length = training_set(rows, tokenizer), recorded("table8")["length"]
    assert length == table8.length_that_cuts(rows, profile, table8.CUT)
    assert len(too_long(data, tokenizer, length)) >= 740
    assert len(too_long(data, tokenizer, length + 1)) < 740


def settings_of(model: str, profile) -> tuple[str, list[dict], object]:
    """The recorded file, the rows and the settings of one of the trained models, seed 0."""
    rows = read_rows(DATA / "curated.jsonl")
    if model.startswith("lora"):
        return "lora", rows, lora.with_rank(profile, int(model.split("-")[1]))
    if model == OTHER_PART:
        return "batches", rows, batches.variant_of(OTHER, profile).profile
    if model == "loss-row-0":
        return "loss_weight", rows, loss_weight.variant_of("row", profile).profile
    if model == "cut-0":
        return "table8", rows, table8.cut_profile(profile, rows)
    if model == "token-conditional-0":
        tokenizer, _ = load_tokenizer(DATA / "base")
        return "table3", table3.token_conditional(rows, tokenizer), profile
    name = model.removesuffix("-0")
    drawn = table2.drawn_sets(profile, 0)
    return "table2", drawn[name][0], table2.training_profile(name, profile)


class StopAt(TrainerCallback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, **kwargs):
        control.should_training_stop = state.global_step >= self.step


@pytest.mark.slow
@pytest.mark.parametrize(
    "model", ["lora-64-0", "cut-0", "token-conditional-0", "longest-0", OTHER_PART, "loss-row-0"]
)
def test_the_first_steps_of_a_training_are_the_same_today(model, profile, tmp_path):
    name, rows, settings = settings_of(model, profile)
    first = recorded(name)["training"][model]["first"]
    set_seed(0)
    tokenizer, _ = load_tokenizer(DATA / "base")
    data = trainable(rows, settings, tokenizer, report=lambda text: None)
    base = load_base(DATA / "base", settings)
    trainer = make_trainer(base, tokenizer, data, settings, tmp_path, report=lambda text: None)
    trainer.add_callback(StopAt(first["step"]))
    trainer.train()
    [loss] = [log["loss"] for log in trainer.state.log_history if "loss" in log]
    assert float(loss) == pytest.approx(first["loss"], rel=0.01)


def test_the_same_run_is_the_same_in_all_files():
    main = recorded("main_result")["right"]
    assert recorded("lora")["right"]["full/sft"] == main["sft"]
    assert recorded("table2")["right"]["curated/sft-wait-1"] == main["sft-wait-1"]
    assert recorded("table4")["right"]["Wait"] == main["sft-wait-2"]
    assert recorded("table8")["right"]["whole/sft"] == main["sft"][:1]
    assert recorded("nowait")["right"]["as trained"] == main["sft"]
    [own] = set(batches.SAMPLINGS) - {OTHER}
    assert recorded("batches")["right"][f"{own}/sft"] == main["sft"]
    assert recorded("loss_weight")["right"]["token/sft"] == main["sft"]
    assert recorded("table3")["right"]["budget forcing/512"] == main["sft"][:1]


def test_a_recorded_result_that_cannot_be_used_is_named(monkeypatch, tmp_path):
    for name in ("curated.jsonl", "heldout.jsonl"):
        (tmp_path / name).write_bytes((DATA / name).read_bytes())
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "model.safetensors").write_bytes(b"other weights")
    (tmp_path / "results").mkdir()
    main = (DATA / "results" / "main_result.json").read_text()
    (tmp_path / "results" / "main_result.json").write_text(main)
    (tmp_path / "results" / "lora.json").write_text(main[:100])
    monkeypatch.setattr(files, "DATA", tmp_path)
    for name, message in (
        ("main_result", "main_result.json was made from other data .* make results-main_result"),
        ("lora", "lora.json is missing or damaged"),
        ("table4", "table4.json is missing or damaged"),
    ):
        with pytest.raises(CourseError, match=message):
            recorded(name)


def test_parts_of_other_settings_are_never_mixed(tmp_path, monkeypatch):
    monkeypatch.setenv("S1_BUILD", str(tmp_path))
    assert cache.open_cache("laptop") == load_profile("laptop") == cache.open_cache("laptop")
    with pytest.raises(CourseError, match="parts of another run: profile was laptop and is smoke"):
        cache.open_cache("smoke")


@pytest.mark.slow
def test_parts_are_made_side_by_side_and_an_error_ends_it(tmp_path, capsys):
    cache.run_in_workers([(Path.touch, tmp_path / name) for name in "abc"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]
    assert "3/3 parts" in capsys.readouterr().out
    with pytest.raises(FileNotFoundError):
        cache.run_in_workers([(Path.touch, tmp_path / "no" / "folder")])


# The table of claims


def comparison(low: float, high: float) -> Comparison:
    return Comparison(100, 1, 1, (low + high) / 2, low, high)


@pytest.mark.parametrize(
    "expected,low,high,seeds,said",
    [
        ("more", 0.01, 0.2, [0.1], "✓ holds here"),
        ("more", 0.01, 0.2, [0.1, 0.05, 0.2], "✓ holds here"),
        ("more", 0.01, 0.2, [0.1, 0.3, -0.1], "? seeds disagree"),
        ("more", 0.01, 0.2, [0.1, 0.3, 0.0], "? seeds disagree"),
        ("more", -0.01, 0.2, [0.1, 0.1], "? not decided"),
        ("more", -0.02, 0.01, [0.01, -0.02], "– no difference here"),
        ("more", -0.02, 0.01, [0.07, -0.08], "? not decided"),
        ("more", -0.2, -0.01, [-0.1], "✗ reversed here"),
        ("less", -0.2, -0.01, [-0.1, -0.2], "✓ holds here"),
        ("less", -0.2, -0.01, [-0.3, 0.1], "? seeds disagree"),
        ("less", 0.01, 0.2, [0.1], "✗ reversed here"),
        ("less", 0.0, 0.2, [0.1], "? not decided"),
        ("same", -0.02, 0.02, [-0.01, 0.02], "✓ holds here"),
        ("same", -0.02, 0.02, [-0.07, 0.08], "? not decided"),
        ("same", 0.001, 0.02, [0.01], "✓ holds here"),
        ("same", -0.02, 0.04, [0.01], "? not decided"),
        ("same", 0.01, 0.04, [0.02], "✗ more here"),
        ("same", 0.01, 0.04, [0.06, -0.01], "? seeds disagree"),
        ("same", -0.4, -0.1, [-0.1, -0.2], "✗ less here"),
    ],
)
def test_a_verdict_follows_the_rule(expected, low, high, seeds, said):
    claim = replace(claims.CLAIMS[0], expected=expected)
    assert claims.verdict(claim, comparison(low, high), seeds) == said


def test_the_table_speaks_of_every_claim():
    rows = claims.claims_table()
    measured = {claim.result for claim in claims.CLAIMS}
    assert len(rows) == len(claims.CLAIMS) and measured >= set(SEEDS) - {"batches", "loss_weight"}
    [one] = [row for row in rows if row["claim"] == "one Wait helps"]
    main = recorded("main_result")["comparisons"]
    [told] = [r for r in main if r["name"] == "wait-1-vs-sft" and r["seed"] == "all"]
    assert one["here, points"] == f"{100 * told['difference']:+.1f}"
    assert one["verdict"] == "✓ holds here"


def test_a_method_is_known_by_its_best_run():
    results = {"right": {"a/1": ["0010"], "a/2": ["0111"], "b/x": ["1000"]}}
    assert claims.grades_of(results, "a") == [[False, True, True, True]]
    assert claims.grades_of(results, "b/x") == [[True, False, False, False]]


# The experiments' own arithmetic, on traces made by hand


def trace(answer: str, tokens: int, limited: bool = False) -> Trace:
    return Trace("?", "", f"Answer: {answer}", [0] * tokens, stops=["limit" if limited else "end"])


ROWS = [{"question": "?", "answer": answer, "kind": "integer"} for answer in "12"]
THREE = [  # three tries of two questions
    [trace("1", 90), trace("3", 40)],
    [trace("5", 30), trace("2", 10)],
    [trace("1", 20), trace("3", 512, limited=True)],
]


def test_a_variant_is_compared_without_and_with_a_wait():
    builder = ResultBuilder(ROWS, (0, 1))
    alone, one_wait = variant_conditions(LAPTOP)
    wrong, right = [trace("3", 5)] * 2, [trace("1", 5), trace("2", 5)]
    runs = [{alone: wrong, one_wait: right}, {alone: right, one_wait: right}]
    builder.add_without_and_with("short", (alone, one_wait), runs, set="short")
    assert list(builder.right) == ["short/sft", "short/sft-wait-1"]
    assert {row["set"] for row in builder.rows} == {"short"} and len(builder.rows) == 6
    [change] = builder.comparisons
    assert (change["name"], change["fixed"], change["broken"]) == ("wait-1-vs-sft", 2, 0)


def test_rejection_takes_the_first_thought_that_fits():
    row, right = rejection(ROWS, THREE, 100)
    assert right == [True, False] and row["mean_tries"] == 1 and row["thinking_tokens"] == 65
    row, right = rejection(ROWS, THREE, 35)
    assert right == [False, True] and row["mean_tries"] == 2 and row["accepted"] == 2
    row, right = rejection(ROWS, THREE, 15)
    assert right == [False, True] and row["accepted"] == 1 and row["correct"] == 1
    row, right = rejection(ROWS, THREE, 5)
    assert right == [False, False] and row["thinking_tokens"] is None
    assert rejection([ROWS[1]], [[THREE[2][1]]], 1000)[0]["accepted"] == 0  # it did not end


def test_the_majority_is_the_most_frequent_answer_and_the_first_of_equals():
    assert majority(["1", "2", "2", None]) == "2"
    assert majority(["3", "2", None, None]) == "3"
    assert majority([None, None]) is None
    voted, covered, tokens = vote(ROWS, THREE)
    assert voted == [True, False] and covered == [True, True]
    assert tokens == (90 + 30 + 20 + 40 + 10 + 512) / 2
    assert vote(ROWS, THREE[:1])[0] == [True, False]
