"""The exercises: each check passes on the solution, and tells the stub and wrong answers apart."""

import json
import sys
import time
from functools import cache
from pathlib import Path

import pytest

from s1lib import exercises
from s1lib.exercises import checking, model
from s1lib.exercises import memory as kept
from s1lib.exercises.model import Case, Exercise, Texts, all_texts, load

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
from make_exercises import exercise_of, stub, text_of  # noqa: E402

SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
LESSONS = [path.stem for path in SOLUTIONS]
NAMES = list(all_texts())
MISTAKES = [(name, mistake) for name in NAMES for mistake in all_texts()[name].mistakes]


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Each test begins with no exercise tried."""
    monkeypatch.setenv("S1_BUILD", str(tmp_path))


def run_cells(nb: dict) -> dict[str, object]:
    """Execute a notebook's cells from top to bottom, here; returns the answers given to `check`."""
    answers: dict[str, object] = {}
    namespace: dict[str, object] = {"__name__": "__main__", "display": lambda *_: None}
    real = exercises.check

    def noting(name, answer):
        answers[name] = answer
        return real(name, answer)

    exercises.check = noting
    try:
        for number, cell in enumerate(nb["cells"]):
            if cell["cell_type"] == "code" and "hosted" not in cell["metadata"].get("tags", []):
                exec(compile("".join(cell["source"]), f"cell {number}", "exec"), namespace)
    finally:
        exercises.check = real
    return answers


@cache
def solved(lesson: str) -> dict[str, object]:
    """The answers of a solution notebook, by exercise."""
    return run_cells(json.loads((SOLUTIONS[LESSONS.index(lesson)]).read_text(encoding="utf-8")))


def notebook_of(name: str) -> str:
    """The lesson's notebook that holds an exercise."""
    label = all_texts()[name].lesson
    return next(lesson for lesson in LESSONS if lesson.lower().startswith(f"{label}_"))


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_passes(name, monkeypatch):
    monkeypatch.setenv("S1_PROFILE", "smoke")
    report = exercises.check(name, solved(notebook_of(name))[name])
    assert report.passed, report


@pytest.mark.parametrize("path", SOLUTIONS, ids=LESSONS)
def test_an_exercise_notebook_runs_unsolved(path, monkeypatch):
    monkeypatch.setenv("S1_PROFILE", "smoke")
    nb = exercise_of(json.loads(path.read_text(encoding="utf-8")))
    answers = run_cells(nb)
    assert answers, "it checks nothing"
    for name, answer in answers.items():
        assert exercises.check(name, answer).status == "todo", name


@pytest.mark.parametrize("name,mistake", MISTAKES)
def test_a_wrong_answer_gets_its_own_hint(name, mistake):
    wrong = load(name).mistakes[mistake]
    report = exercises.check(name, wrong)
    assert report.status == "failed"
    assert (report.mistake, report.hint) == (mistake, all_texts()[name].mistakes[mistake])


@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_has_its_words(name):
    texts = all_texts()[name]
    assert set(texts.mistakes) == set(load(name).mistakes) and len(texts.mistakes) >= 2
    assert len(texts.hints) >= 2 and len(set(texts.hints)) == len(texts.hints)
    assert 5 <= texts.minutes <= 60 and 1 <= texts.difficulty <= 3


@pytest.mark.parametrize("path", SOLUTIONS, ids=LESSONS)
def test_a_notebook_names_its_exercises_as_the_table_does(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    prose = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    own = [t for t in all_texts().values() if path.stem.lower().startswith(f"{t.lesson}_")]
    number = path.stem.split("_")[0].lstrip("0") or "0"
    assert 3 <= len(own) <= 5
    for position, texts in enumerate(own, 1):
        assert f"## {number}.{position} · {texts.title}\n\n{texts.heading}\n" in prose


@pytest.mark.parametrize("path", SOLUTIONS, ids=LESSONS)
def test_exercises_are_made_from_their_solutions(path):
    made = text_of(exercise_of(json.loads(path.read_text(encoding="utf-8"))))
    there = ROOT / "notebooks" / "exercises" / path.name
    assert there.read_text(encoding="utf-8") == made, "run `python scripts/make_exercises.py`"


def test_there_are_enough_and_no_lesson_without():
    assert len(NAMES) >= 24
    labels = {path.stem.split("_")[0] for path in (ROOT / "notebooks").glob("0*.ipynb")}
    assert labels <= {path.stem.split("_")[0] for path in SOLUTIONS}
    assert {path.name for path in (ROOT / "notebooks/exercises").glob("*.ipynb")} == {
        path.name for path in SOLUTIONS
    }


# What a check does with whatever a reader writes

TEXTS = Texts("double", "99", "Double it", 5, 1, ("first", "second", "last"), {"adds": "no sum"})


@pytest.fixture
def double(monkeypatch):
    """An exercise of our own: twice the number."""
    exercise = Exercise(
        lambda: [Case((2,), 4), Case((3,), 6), Case(([1],), [1, 1])],
        {"adds": lambda x: x + 2, "zero": lambda x: 0 * x},
        seconds=0.5,
    )
    monkeypatch.setattr(checking, "all_texts", lambda: {"double": TEXTS})
    monkeypatch.setattr(checking, "load", lambda name: exercise)
    return lambda answer: exercises.check("double", answer)


def test_right_and_wrong(double):
    assert double(lambda x: 2 * x).passed
    report = double(lambda x: x + 2)
    assert report.status == "failed" and report.mistake == "adds" and report.hint == "no sum"
    assert dict(report.details) == {"put in": "3", "came out": "5", "expected": "6"}


def test_hints_grow_and_the_last_stays(double):
    hints = [double(lambda x: 7).hint for _ in range(4)]
    assert hints == ["first", "second", "last", "last"]


@pytest.mark.parametrize("unwritten", [..., None, lambda x: None, lambda x: ...])
def test_not_done_yet_is_no_failure(double, unwritten):
    assert double(unwritten).status == "todo"
    assert kept.read() == {}


def raise_not_implemented(x):
    raise NotImplementedError


def endless(x):
    while True:
        pass


def endless_catching(x):
    while True:
        try:
            for _ in range(10_000):
                pass
        except BaseException:  # as a bare `except:` does
            return


def endless_generator(x):
    while True:
        yield x


def sleeper(x):
    time.sleep(3)


@pytest.mark.parametrize("code", [endless, endless_generator, sleeper, endless_catching])
def test_what_does_not_end_is_told(double, code):
    report = double(code)
    assert report.status == "failed" and "did not end within 0.5 seconds" in report.headline


class Strange:
    """An answer whose every use goes wrong."""

    def __eq__(self, other):
        raise RuntimeError("no comparing")

    __hash__ = None

    def __repr__(self):
        raise RuntimeError("no showing")


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("not even the message")


def fails(error):
    def answer(x):
        raise error

    return answer


def deep(x):
    return deep(x)


@pytest.mark.parametrize(
    "code,said",
    [
        (fails(KeyError("a")), "KeyError: 'a'"),
        (fails(SystemExit(3)), "SystemExit: 3"),
        (fails(KeyboardInterrupt()), "KeyboardInterrupt"),
        (fails(Unspeakable()), "Unspeakable"),
        (deep, "RecursionError"),
        (lambda: 4, "TypeError"),
        (lambda x: Strange(), "RuntimeError"),
        (lambda x: "<script>alert(1)</script>", "'<script>alert(1)</script>' (a text)"),
        (lambda x: "x" * 10**6, "(a text)"),
        (lambda x: float("nan"), "nan"),
    ],
)
def test_an_error_is_told_and_not_raised(double, code, said):
    report = double(code)
    assert report.status == "failed" and said in str(report)
    assert len(str(report)) < 2000
    assert "<script>" not in report._repr_html_()


def test_an_error_shows_the_readers_line(double):
    exec(compile("def answer(x):\n    return x / 0\n", "cell", "exec"), space := {})
    assert "ZeroDivisionError" in str(double(space["answer"]))


@pytest.mark.parametrize("value", [3, "text", [1], Strange()])
def test_a_value_in_place_of_a_function(double, value):
    assert "give your function itself" in double(value).headline


def test_inputs_are_copies(double):
    def changes(x):
        if isinstance(x, list):
            x.append(x[0])
            return x
        return 2 * x

    assert double(changes).passed and double(changes).passed


@pytest.mark.parametrize("name", ["wilsen", "", None, 3, []])
def test_an_unknown_name(name):
    report = exercises.check(name, lambda: 1)
    assert report.status == "failed" and "no exercise" in report.headline
    assert name != "wilsen" or "'wilson'" in report.headline


def test_the_readers_prints_and_numbers_of_any_kind():
    numpy = pytest.importorskip("numpy")
    assert model.same(numpy.array([1.0, 2.0]), [1, 2])
    assert model.same((1, 2), [1.0, 2.0]) and not model.same([1], [1, 2])
    assert model.same({"a": (1,)}, {"a": [1]}) and not model.same(None, 1.0)
    assert model.same(numpy.float64(0.1) + numpy.float64(0.2), 0.3)
    assert not model.same("1", 1.0) and not model.same("1", 1)


def test_progress_is_kept_and_shown(double, monkeypatch):
    monkeypatch.setattr(kept, "all_texts", lambda: {"double": TEXTS})
    assert "✅" not in exercises.progress().data
    double(lambda x: 7)
    assert "tried" in exercises.progress().data
    double(lambda x: 2 * x)
    double(lambda x: 7)  # done stays done
    assert "✅ done" in exercises.progress().data


@pytest.mark.parametrize(
    "text", ["", "[", "[]", "3", '{"double": 3}', '{"double": {"tries": "x"}}']
)
def test_a_damaged_memory_is_begun_again(double, tmp_path, text):
    (tmp_path / kept.FILE).write_text(text)
    assert double(lambda x: 7).hint == "first"
    assert kept.tries("double") == 1


def test_a_folder_that_cannot_be_written_loses_only_the_memory(double, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("S1_BUILD", str(tmp_path / "file"))
    assert double(lambda x: 2 * x).passed


@pytest.mark.parametrize(
    "source,left",
    [
        ("x = 3", "x = ..."),
        ("import os\nx: int = os.getpid()", "import os\nx = ..."),
        (
            'def f(a,\n      b):\n    """Do it."""\n    # secret\n    return a',
            'def f(a,\n      b):\n    """Do it."""\n    ...',
        ),
        (
            'class A:\n    """An A."""\n\n    def g(self):\n        """Go."""\n        return 1',
            'class A:\n    """An A."""\n\n    def g(self):\n        """Go."""\n        ...',
        ),
    ],
)
def test_a_stub_keeps_the_form_and_loses_the_solution(source, left):
    assert stub(source) == left


@pytest.mark.parametrize(
    "source,why",
    [
        ("for i in range(3):\n    print(i)", "move it to its own cell"),
        ("def f(a):\n    return a", "needs a docstring"),
    ],
)
def test_a_solution_that_cannot_be_taken_out_is_refused(source, why):
    with pytest.raises(ValueError, match=why):
        stub(source)
