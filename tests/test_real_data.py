"""Real data, end to end on two cores: rows in the schemas of s1K and s1K-1.1, the toy model.

The questions are our own; their columns, sources and ways to write an answer are those of the
released sets. The model cannot solve them: what is tested is what happens to the rows.
"""

import json
import os
import sys
from dataclasses import replace

import pytest

from s1lib.config import TeacherConfig, load_profile
from s1lib.curation import run as curation
from s1lib.curation.decontamination import leak_finder
from s1lib.curation.difficulty import probe
from s1lib.curation.filters import is_complete, is_correct, is_well_formed, usable_rows
from s1lib.curation.kinds import kind_of, known_kind, reference_of
from s1lib.curation.labels import label_of_row, labels_from_rows
from s1lib.distillation import run as distillation
from s1lib.distillation.hub_datasets import load_released
from s1lib.distillation.sources import SOURCES, group_of, kind_from_source, source_of
from s1lib.errors import CourseError
from s1lib.evaluation import run as evaluation
from s1lib.evaluation.benchmarks import eval_kind, load_questions
from s1lib.finetuning import run as finetuning
from s1lib.grading.graders import can_grade
from s1lib.io import DATA, read_rows
from s1lib.toyworld.pool import SOURCES as TABLE_7

# Sources

RELEASED = {  # names as in the column `source_type` of s1K -> the group of Table 7
    "AI-MO/NuminaMath-CoT/aops_forum": "NuminaMATH",
    "AI-MO/NuminaMath-CoT/olympiads": "NuminaMATH",
    "qfq/openaimath/Geometry": "MATH",
    "qfq/openaimath/Counting & Probability": "MATH",
    "GAIR/OlympicArena/Physics": "OlympicArena",
    "KbsdJames/Omni-MATH": "OmniMATH",
    "baber/agieval/aqua_rat": "AGIEval",
    "0xharib/xword1": "xword",
    "Hothan/OlympiadBench/Open-ended/Math": "OlympiadBench",
    "Hothan/OlympiadBench/Theorem proof/Physics": "OlympiadBench",
    "qq8933/AIME_1983_2024": "AIME",
    "TIGER-Lab/TheoremQA/float": "TheoremQA",
    "codegenning/usacobench_formatted": "USACO",
    "daman1209arora/jeebench/chem": "JEEBench",
    "Idavidrein/gpqa": "GPQA",
    "OpenDFM/SciEval/chemistry/multiple-choice": "SciEval",
    "qfq/stats_qual": "s1-prob",
    "livecodebench/code_generation_lite": "LiveCodeBench",
    "qfq/quant": "s1-teasers",
}


@pytest.mark.parametrize("name,group", RELEASED.items())
def test_each_released_source_has_its_group(name, group):
    assert group_of(name) == group and source_of(name).group == group


def test_the_groups_are_those_of_table_7():
    assert {source.group for source in SOURCES} == set(TABLE_7) == set(RELEASED.values())
    for name in TABLE_7:  # the toy pool's rows name the group itself
        assert group_of(name) == name


def test_an_unknown_source_is_a_group_of_its_own():
    assert source_of("my/questions") is None and group_of("my/questions") == "my/questions"
    for name in ("", "MATHEMATICA/x", "MATH500", "qfq/openaimath2/Algebra", "qfq/quantum",
                 "Idavidrein/gpqa2", "hendrycks/ethics", "x/qfq/openaimath", "0xharib/xword12",
                 "KbsdJames/Omni-MATHS", "qq8933/AIMExtra"):  # fmt: skip
        assert source_of(name) is None, name
    for name in ("Idavidrein/gpqa_diamond", "qfq/openaimath", "qq8933/AIME-2024",
                 "livecodebench/code_generation", "AI-MO/NuminaMath-1.5"):  # fmt: skip
        assert source_of(name), name


@pytest.mark.parametrize(
    "source,solution,kind",
    [
        ("qq8933/AIME_1983_2024", "204", "aime"),
        ("qfq/openaimath/Algebra", "so $x=\\boxed{\\frac12}$", "math"),
        ("Idavidrein/gpqa", "... Answer: C", "gpqa"),
        ("GAIR/OlympicArena/Physics", "B", "gpqa"),
        ("GAIR/OlympicArena/Physics", "(C)", "gpqa"),
        ("GAIR/OlympicArena/Math", "2.5", "math"),
        ("daman1209arora/jeebench/phy", "A", "gpqa"),
        ("daman1209arora/jeebench/phy", "BC", "words"),
        ("daman1209arora/jeebench/math", "0.75", "math"),
        ("baber/agieval/lsat_ar", "E", "words"),
        ("0xharib/xword1", "OREO", "words"),
        ("Hothan/OlympiadBench/Theorem proof/Math", "We show ...", "proof"),
        ("Hothan/OlympiadBench/Open-ended/Math", "$\\sqrt{2}$", "math"),
        ("qfq/stats_qual", "By independence ...", "proof"),
        ("livecodebench/code_generation_lite", None, "code"),
        ("GAIR/OlympicArena/CS", "42", "code"),
        ("TIGER-Lab/TheoremQA/bool", "True", "words"),
        ("baber/agieval/math_agieval", "12", "math"),
        ("my/questions", "3", None),
    ],
)
def test_the_kind_of_an_answer_follows_from_its_source(source, solution, kind):
    assert kind_from_source(source, "Find it.", solution) == kind
    assert kind is None or can_grade(kind) == (kind in ("aime", "math", "gpqa"))


def test_a_question_that_asks_for_a_proof_has_nothing_to_compare():
    numina = "AI-MO/NuminaMath-CoT/olympiads"
    assert kind_from_source(numina, "Prove that it is even.", "Suppose ...") == "proof"
    assert kind_from_source(numina, "Show that it is 3.", "It is $\\boxed{3}$.") == "math"
    assert kind_from_source(numina, "Find what we show.", "3") == "math"


def test_a_bare_answer_in_the_metadata_is_the_reference():
    row = {
        "question": "Find x.",
        "source_type": "KbsdJames/Omni-MATH",
        "solution": "We try 5, which fails, then 7, and are done with case 9.",
        "metadata": "{'answer': '7', 'difficulty': 3}",
        "thinking_trajectories": ["..."],
        "attempt": "$x = 7$",
    }
    assert reference_of(row) == "7" and is_correct(row) and is_complete(row)
    olympiad = row | {"metadata": "{'final_answer': ['$7$']}"}
    assert is_correct(olympiad) and not is_correct(olympiad | {"attempt": "$x = 9$"})


def test_nothing_is_graded_by_a_guess():
    row = {"question": "What is 2+2?", "source_type": "my/questions", "solution": "4"}
    assert known_kind(row) is None and kind_of(row | {"kind": "math"}) == "math"
    with pytest.raises(CourseError, match="'my/questions' is not known, and the row has no column"):
        kind_of(row)
    toy = read_rows(DATA / "pool.jsonl")[0]
    assert kind_of(toy) == "integer"  # because the toy world can read it, not by default
    with pytest.raises(CourseError, match="'What is 2\\+2\\?' has no column `kind`"):
        eval_kind({"question": "What is 2+2?", "answer": "4"})
    assert eval_kind(read_rows(DATA / "dev.jsonl")[0]) == "integer"


@pytest.mark.parametrize(
    "question,source,kept",
    [
        ("**Problem 3** Find x.", "qfq/openaimath/Algebra", True),  # white space inside
        ("**3.** Find x.", "qfq/openaimath/Algebra", False),
        ("**p3** Find x.", "qfq/openaimath/Algebra", False),
        ("**Find** all 3 roots of **f**.", "qfq/openaimath/Algebra", False),  # a digit later on
        ("**Find** all roots of **f**.\n3 of them?", "qfq/openaimath/Algebra", True),
        ("**Note:** take 5 balls.", "qfq/openaimath/Algebra", False),
        ("Take 5 balls. **Note:** all.", "qfq/openaimath/Algebra", True),
        ("2**x + **[3]** = 5", "qfq/openaimath/Algebra", True),
        ("[asy] draw(A--B); [/asy] p1. **3**", "qq8933/AIME_1983_2024", True),
        ("[asy] draw(A--B); [/asy] Find AB.", "qq8933/AIME_1983_2024", True),
        ("[asy] draw(A--B); [/asy] Find AB.", "qfq/openaimath/Geometry", False),
        ("See ![Image](a.png).", "qq8933/AIME_1983_2024", False),
        ("p12. Find x.", "AI-MO/NuminaMath-CoT/aops_forum", False),
    ],
)
def test_the_formatting_rule_is_that_of_the_notebook(question, source, kept):
    assert is_well_formed({"question": question, "source_type": source}) is kept


def test_a_subject_is_read_off_a_row():
    rows = [
        {"question": "a", "metadata": "{'subject': 'Geometry', 'level': 5}", "source_type": "x"},
        {"question": "b", "metadata": "{'High-level domain': 'Physics'}", "source_type": "x"},
        {"question": "c", "metadata": "{}", "source_type": "qfq/openaimath/Prealgebra"},
        {"question": "d", "metadata": None, "source_type": "qfq/quant", "cot_type": "math"},
    ]
    labels, found = labels_from_rows(rows)
    assert labels == {"a": "Geometry", "b": "Physics", "c": "Prealgebra", "d": "s1-teasers math"}
    assert found == {
        "metadata['subject']": 1,
        "metadata['High-level domain']": 1,
        "the source's name": 1,
        "source and cot_type": 1,
    }
    assert label_of_row({"question": "e"})[0] == "unknown"


def test_a_reference_is_looked_for_once(monkeypatch):
    from s1lib.curation import kinds

    asked = []
    find = kinds.reference_answer
    monkeypatch.setattr(kinds, "reference_answer", lambda *a: asked.append(a) or find(*a))
    row = {
        "question": "Find y.",
        "source_type": "KbsdJames/Omni-MATH",
        "solution": "It is 7351.",
        "metadata": {"difficulty": 3},
        "thinking_trajectories": ["..."],
        "attempt": "7351",
    }
    assert is_complete(row) and is_correct(dict(row)) and reference_of(row) == "7351"
    assert asked == [("It is 7351.", "math")]
    assert reference_of(row | {"solution": "It is 7352."}) == "7352"


# The whole way

BENCHMARK = [  # our own questions, in the place of AIME24 and GPQA
    ("Find the number of ways to seat nine people at three round tables of equal size.", "2240",
     "aime"),
    ("A ball is thrown from a tower of forty metres with a speed of ten metres per second. "
     "When does it hit the ground?\n\nA) 1 s\nB) 2 s\nC) 4 s\nD) 8 s", "C", "gpqa"),
]  # fmt: skip
PROOF = "Hothan/OlympiadBench/Theorem proof/Math"

# source, question, solution, attempt, is it right (None: it cannot be graded), metadata
ROWS = [
    ("qq8933/AIME_1983_2024", "Find m+n if m/n is the sum of one half and one third.", "11",
     "Adding gives $\\frac{5}{6}$.\n\n**Final Answer**\n\n\\[\n\\boxed{m+n = 11}\n\\]", True,
     "{'ID': '1990-1', 'Year': 1990}"),
    ("qq8933/AIME_1983_2024", "Find the remainder when 2^10 is divided by 1000.", "24",
     "The remainder is $\\boxed{024}$.", True, "{'ID': '1991-2', 'Year': 1991}"),
    ("qq8933/AIME_1983_2024", "Find the number of positive divisors of 360.", "24",
     "There are 3 cases, so the answer is $\\boxed{20}$.", False, "{'ID': '1992-3'}"),
    ("qfq/openaimath/Algebra", "Solve 2x = 1.", "Dividing, $x=\\boxed{\\frac12}$.",
     "Answer: 0.5", True, "{'subject': 'Algebra', 'level': 1}"),
    ("qfq/openaimath/Geometry", "What is the diagonal of a unit square?",
     "By Pythagoras it is $\\boxed{\\sqrt{2}}$.", "The diagonal is $\\boxed{2}$.", False,
     "{'subject': 'Geometry', 'level': 1}"),
    ("Idavidrein/gpqa", "Which is a noble gas?\n\nA) N\nB) Cl\nC) Ar\nD) Na",
     "Argon is. Answer: C", "The correct answer is **(C)**.", True,
     "{'High-level domain': 'Chemistry'}"),
    ("Idavidrein/gpqa", "Which is lightest?\n\nA) e\nB) p\nC) n\nD) He",
     "The electron. Answer: A", "It is either A or B. Answer: B", False,
     "{'High-level domain': 'Physics'}"),
    ("AI-MO/NuminaMath-CoT/aops_forum", "Find all real x with x^2 = 1.", "$\\boxed{\\pm 1}$",
     "So $x = \\boxed{-1, 1}$.", True, "{}"),
    ("KbsdJames/Omni-MATH", "Compute 1 + 2 + ... + 100.", "5050",
     "Pairing the terms, the sum is 5,050.\n\n**Final Answer:** 5,050", True,
     "{'domain': ['Mathematics -> Algebra'], 'difficulty': 2}"),
    ("GAIR/OlympicArena/Physics", "Which unit is that of force? A) J B) N C) W D) V", "B",
     "Answer: B", True, "{'subject': 'Physics'}"),
    ("daman1209arora/jeebench/math", "Which are even? A) 1 B) 2 C) 3 D) 4", "BD",
     "Answer: BD", None, "{'subject': 'math', 'type': 'MCQ(multiple)'}"),
    ("TIGER-Lab/TheoremQA/float", "What is ln(e^2)?", "2.0", "It equals $2$.", True, "{}"),
    ("0xharib/xword1", "Capital of France, five letters", "PARIS", "Answer: PARIS", None, "{}"),
    (PROOF, "Prove that the square root of 2 is irrational.", "Suppose ...", "Suppose ...", None,
     "{}"),
    ("livecodebench/code_generation_lite", "Print the sum of two numbers.", None, "print(a+b)",
     None, "{}"),
    ("KbsdJames/Omni-MATH", BENCHMARK[0][0].upper(), "2240", "$\\boxed{2240}$", True, "{}"),
    ("GAIR/OlympicArena/Physics", "Please answer. " + BENCHMARK[1][0], "C", "Answer: C", True,
     "{}"),
    ("my/questions", "What is the 7th prime?", "17", "Answer: 17", None, "{}"),
]  # fmt: skip
LEAKED = {ROWS[15][1], ROWS[16][1]}
UNGRADED = {ROWS[i][1] for i in (10, 12, 13, 14)}
UNKNOWN = ROWS[17][1]


def as_s1k(row: tuple) -> dict:
    source, question, solution, attempt, _, metadata = row
    return {
        "solution": solution, "question": question, "cot_type": "math", "source_type": source,
        "metadata": metadata, "cot": None,
        "thinking_trajectories": [f"Let me think about it.\n{attempt}\nWait, that is it. "],
        "attempt": f"{attempt}\n",
    }  # fmt: skip


def as_s1k_1_1(row: tuple) -> dict:
    old = as_s1k(row)
    [thinking], attempt = old.pop("thinking_trajectories"), old.pop("attempt")
    return old | {
        "gemini_thinking_trajectory": "Not this one.", "gemini_attempt": "Nor this.",
        "deepseek_thinking_trajectory": thinking, "deepseek_attempt": attempt,
        "gemini_grade": "No", "gemini_grade_reason": "...", "deepseek_grade": "Yes",
        "deepseek_grade_reason": "...",
    }  # fmt: skip


@pytest.fixture(scope="module", params=[as_s1k, as_s1k_1_1], ids=["s1K", "s1K-1.1"])
def world(request, tmp_path_factory):
    """A profile whose pool, benchmarks and model are on this disk, and its build folder."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "set").mkdir()
    lines = [json.dumps(request.param(row)) for row in ROWS]
    (folder / "set" / "train.jsonl").write_text("\n".join(lines) + "\n")
    rows = [{"question": q, "answer": a, "kind": k} for q, a, k in BENCHMARK]
    (folder / "bench.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    teacher = TeacherConfig(kind="replay", url="", model=str(folder / "set"))
    smoke = load_profile("smoke")
    profile = replace(
        smoke, name="real", pool=str(folder / "set"), teacher=teacher, benchmarks=("aime24",),
        dataset="simplescaling/s1K", model=str(DATA / "base"), difficulty_models=("small",),
        curated=6, long_trace=10_000, eval_questions=2, limits=(8,), waits=(1,),
        sft=smoke.sft | {"max_steps": 2, "max_length": 1024},
    )  # fmt: skip
    environment = {"S1_BUILD": str(folder / "build"), "HF_DATASETS_CACHE": str(folder / "cache")}
    old = {name: os.environ.get(name) for name in environment}
    os.environ |= environment
    yield profile, folder
    for name, value in old.items():
        os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def command(module, profile, *arguments):
    """Run a chapter's command with this profile."""
    patch = pytest.MonkeyPatch()
    patch.setattr(module, "profile_from", lambda args: profile)
    patch.setattr(sys, "argv", ["s1", *arguments])
    try:
        module.main()
    finally:
        patch.undo()


def test_right_and_wrong_traces_are_told_apart(world):
    profile, _ = world
    rows = load_released(profile.pool)
    good, refused = usable_rows(rows)
    assert refused == {17: "its source 'my/questions' is not known and it names no kind"}
    complete = [row for row in good if is_complete(row)]
    assert {row["question"] for row in good} - {r["question"] for r in complete} == UNGRADED
    expected = {row[1]: row[4] for row in ROWS}
    assert {r["question"]: is_correct(r) for r in complete} == {
        r["question"]: expected[r["question"]] for r in complete
    }
    assert all(reference_of(row) is None for row in good if row["question"] in UNGRADED)


def test_the_whole_way_from_a_released_set_to_an_evaluation(world, capsys):
    profile, folder = world
    bench = str(folder / "bench.jsonl")

    command(distillation, profile)
    assert f"asked {len(ROWS)} = answered {len(ROWS)} + failed 0" in capsys.readouterr().out

    with pytest.raises(CourseError, match="cannot be checked against aime24.*--without aime24"):
        command(curation, profile)
    with pytest.raises(CourseError, match="--without aime99: choose among the profile's aime24"):
        command(curation, profile, "--without", "aime99")
    command(curation, profile, "--without", "aime24", "--against", bench, "--ablations")
    said = capsys.readouterr().out
    assert "NOT checked against aime24" in said
    assert "a replayed teacher cannot name subjects" in said
    assert f"row {len(ROWS) - 1} is refused: its source 'my/questions' is not known" in said
    assert "1 rows cannot be graded and leave (words, JEEBench)" in said

    chosen = read_rows(folder / "build" / "curated.jsonl")
    card = json.loads((folder / "build" / "curated.json").read_text())
    questions = {row["question"] for row in chosen}
    assert len(chosen) == 6 and not questions & (LEAKED | UNGRADED | {UNKNOWN})
    right = {row[1] for row in ROWS if row[4] and row[0] in ("qq8933/AIME_1983_2024",
                                                             "Idavidrein/gpqa")}  # fmt: skip
    assert right <= questions  # every right AIME and GPQA row is taken without drawing
    assert card["leaks removed"] == 2 and card["NOT checked against"] == ["aime24"]
    assert card["checked against"] == [bench] and card["labels from"].startswith("the rows: ")
    assert card["pool"] == profile.pool and card["profile"] == "real"
    assert card["domains"] > 3 and set(card["sources"]) <= set(TABLE_7)
    assert card["teachers"] == {profile.teacher.model: 6}
    assert len(read_rows(folder / "build" / "ablations" / "full.jsonl")) == 11

    command(finetuning, profile)
    assert "training on build/curated.jsonl, which this run curated" in capsys.readouterr().out
    record = json.loads((folder / "build" / "sft" / "run.json").read_text())
    assert record["base_path"] == str(DATA / "base") and record["base"] != record["base_path"]
    card = (folder / "build" / "sft" / "README.md").read_text()
    assert f"| data | build/curated.jsonl, curated from {profile.pool}, sha256 " in card

    command(evaluation, profile, "--set", bench)
    table = capsys.readouterr().out
    results = json.loads((folder / "build" / "results.json").read_text())
    assert "sft-wait-1" in table and {row["n"] for row in results["rows"]} == {2}
    assert (folder / "build" / "runs" / "bench").is_dir()


def test_a_set_of_another_pool_is_not_taken(world, monkeypatch):
    profile, _ = world
    told: list[str] = []
    monkeypatch.setattr(finetuning, "load_released", lambda name: [{"question": name}])
    other = replace(profile, pool="simplescaling/s1K-1.1")
    rows, name = finetuning.curated_rows(other, report=told.append)
    assert rows == [{"question": profile.dataset}] and name == profile.dataset
    assert f"was curated from {profile.pool}" in told[0] and "is not taken" in told[0]
    assert told[1] == f"training on {profile.dataset}; `s1 curate` makes a set of your own"
    laptop = load_profile("laptop")
    rows, name = finetuning.curated_rows(laptop, report=told.append)
    assert rows == read_rows(DATA / "curated.jsonl") and name == "data/curated.jsonl of the course"


def test_the_probe_grades_each_row_by_its_kind(world, monkeypatch):
    profile, _ = world
    rows = [row for row in usable_rows(load_released(profile.pool))[0] if is_complete(row)]
    answers = {row[1]: row[3] for row in ROWS}

    class Parrot:
        """An engine that gives the teacher's attempts as its own."""

        def answer_directly(self, questions, progress=None):
            return [type("Trace", (), {"answer": answers[q]}) for q in questions]

        def close(self):
            pass

    monkeypatch.setattr("s1lib.curation.difficulty.open_engine", lambda *a, **k: Parrot())
    assert probe(rows, profile) == {"small": [is_correct(row) for row in rows]}


def test_every_planted_leak_is_found_and_nothing_else(world):
    _, folder = world
    leaks = leak_finder(load_questions(str(folder / "bench.jsonl")))
    assert {row[1] for row in ROWS if leaks(row[1])} == LEAKED


def test_the_training_text_is_joined_and_stripped():
    from s1lib.chat import build_tokenizer

    row = as_s1k(ROWS[0]) | {"thinking_trajectories": ["One.\n", "Two. "], "attempt": " $11$\n"}
    [text] = finetuning.training_set([row], build_tokenizer())["completion"]
    assert text == "<|im_start|>think\nOne.\n\nTwo.\n<|im_start|>answer\nAnswer: $11$<|im_end|>"
    with pytest.raises(CourseError, match="bad.jsonl does not exist"):
        load_questions("./bad.jsonl")
