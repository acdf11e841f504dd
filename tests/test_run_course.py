"""scripts/run_course.py executes, continues, and explains a failure without its own traceback."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "scripts/run_course.py"
RESULTS = {
    "rows": [
        {"name": "fine-tuned", "seed": 0, "n": 200, "correct": 123, "accuracy": 0.615,
         "ci_low": 0.546, "ci_high": 0.68, "thinking_tokens": 87.4, "hit_limit": 0.0,
         "no_answer": 1},
    ],
    "comparisons": [
        {"name": "fine-tuned - base", "seed": 0, "n": 200, "fixed": 51, "broken": 9,
         "difference": 0.21, "ci_low": 0.141, "ci_high": 0.279},
    ],
}  # fmt: skip


class Course:
    """Two tiny notebooks in a temporary folder."""

    def __init__(self, folder: Path):
        self.notebooks, self.build = folder / "notebooks", folder / "build"
        self.notebooks.mkdir()
        self.write("00_first", "import os", "print('profile', os.environ['S1_PROFILE'])")
        write = (
            f"open(os.environ['S1_BUILD'] + '/results.json', 'w').write({json.dumps(RESULTS)!r})"
        )
        self.write("01_second", f"import os\n{write}")

    def write(self, name: str, *cells: str, budget: float = 60) -> None:
        nb = new_notebook(cells=[new_markdown_cell(f"# {name}"), *map(new_code_cell, cells)])
        nb.metadata["s1"] = {"budget_seconds": budget}
        nbformat.write(nb, self.notebooks / f"{name}.ipynb")

    def command(self, *options: str) -> list[str]:
        folders = ["--notebooks", str(self.notebooks), "--build", str(self.build)]
        return [sys.executable, str(SCRIPT), *folders, *options]

    def run(self, *options: str) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(*options), capture_output=True, text=True, timeout=300)

    def executed(self, name: str):
        return nbformat.read(self.build / "notebooks" / f"{name}.ipynb", as_version=4)

    def times(self) -> dict[str, int]:
        return {p.stem: p.stat().st_mtime_ns for p in (self.build / "notebooks").glob("*.ipynb")}


@pytest.fixture
def course(tmp_path):
    return Course(tmp_path)


def test_executes_and_shows_the_results(course):
    before = (course.notebooks / "00_first.ipynb").read_bytes()
    done = course.run("--profile", "smoke")
    assert (done.returncode, done.stderr) == (0, "")
    assert "00_first" in done.stdout and "of 60 s  done" in done.stdout
    assert re.search(r"fine-tuned +0 +123/200 +61\.5% +\[54\.6%, 68\.0%\]", done.stdout)
    assert re.search(r"base +0 +51 +9 +\+21\.0% +\[\+14\.1%, \+27\.9%\]", done.stdout)
    assert "README" in done.stdout
    assert course.executed("00_first").cells[2].outputs[0].text == "profile smoke\n"
    assert (course.build / "html/01_second.html").stat().st_size > 1000
    assert (course.notebooks / "00_first.ipynb").read_bytes() == before


@pytest.mark.slow
def test_a_second_run_skips_and_a_change_runs_it_and_the_later_ones(course):
    course.run()
    first = course.times()
    done = course.run()
    assert done.stdout.count("already done") == 2
    assert course.times() == first

    course.write("01_second", "x = 1")
    assert course.run().stdout.count("already done") == 1
    second = course.times()
    assert second["00_first"] == first["00_first"]
    assert second["01_second"] > first["01_second"]

    course.write("00_first", "y = 1")
    assert course.run().stdout.count("already done") == 0
    third = course.times()
    assert all(third[name] > second[name] for name in third)

    assert course.run("--profile", "smoke").stdout.count("already done") == 0


@pytest.mark.slow
def test_other_data_or_code_begins_again(course):
    rows, module = (course.notebooks.parent / name for name in ("data/rows.jsonl", "s1lib/a.py"))
    for path in (rows, module):
        path.parent.mkdir()
        path.write_text("1")
    course.run()
    assert course.run().stdout.count("already done") == 2
    for path in (rows, module):
        path.write_text("2")
        assert course.run().stdout.count("already done") == 0
        assert course.run().stdout.count("already done") == 2


@pytest.mark.slow
def test_an_unreadable_state_begins_again(course):
    course.run()
    (course.build / "notebooks/state.json").write_text('{"notebooks"')
    done = course.run()
    assert done.returncode == 0 and "already done" not in done.stdout


def test_a_failing_cell_is_named_and_the_next_run_tries_it_again(course):
    course.write("01_second", "x = 1", "undefined_name + x")
    for _ in range(2):
        done = course.run()
        assert done.returncode == 1
        assert "01_second.ipynb: cell 2 of 2 failed" in done.stderr
        assert "it begins `undefined_name + x`" in done.stderr
        assert "NameError: name 'undefined_name' is not defined" in done.stderr
        assert "run_course.py" not in done.stderr and "\x1b" not in done.stderr
    assert "already done" in done.stdout


def test_a_dying_kernel_is_explained(course):
    course.write("00_first", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    done = course.run()
    assert done.returncode == 1
    assert "cell 1 of 1 failed" in done.stderr and "want of memory" in done.stderr


def test_an_error_in_a_thread_is_not_overlooked(course):
    raise_it = "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start(); t.join()"
    course.write("00_first", raise_it, "import time; time.sleep(0.5)")
    done = course.run()
    assert done.returncode == 1
    assert "an error that did not stop the notebook" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_an_error_in_a_widget_is_not_overlooked(course):
    course.write(
        "00_first",
        "import ipywidgets as w",
        "out = w.Output()\nout",
        "with out:\n    1 / 0",
    )
    done = course.run()
    assert done.returncode == 1 and "ZeroDivisionError" in done.stderr


@pytest.mark.slow
def test_over_budget_warns_and_goes_on_while_there_is_progress(course):
    """Printed, redrawn in place, or sent by a widget: 12 seconds a cell, never 10 in silence."""
    step = "import time\nfor i in range(4):\n    time.sleep(3)\n    "
    shows = "from IPython.display import display\nhandle = display(0, display_id=True)\n"
    bar = "import ipywidgets\nbar = ipywidgets.IntProgress()\n"
    cells = (
        f"{step}print('.', end='\\r')",
        f"{shows}{step}handle.update(i)",
        f"{bar}{step}bar.value = i",
    )
    course.write("00_first", *cells, budget=1)
    done = course.run("--patience", "0.167")
    assert done.returncode == 0, done.stderr
    assert (
        done.stdout.count("over its budget of 1 s") == 1 and "already done" in course.run().stdout
    )


@pytest.mark.slow
def test_only_a_cell_that_shows_nothing_for_long_is_stopped(course):
    course.write("00_first", "print('begins')", "import time; time.sleep(600)", budget=1000)
    done = course.run("--patience", "0.0833")
    assert done.returncode == 1
    assert "stopped in cell 2 of 2, which showed nothing for 0.0833 minutes" in done.stderr
    assert "--patience" in done.stderr
    assert course.executed("00_first").cells[1].outputs[0]["text"] == "begins\n"


def test_ctrl_c_stops_cleanly_and_the_next_run_continues(course):
    course.write("01_second", "open('here', 'w').close()\nimport time; time.sleep(600)")
    process = subprocess.Popen(
        course.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not (course.notebooks / "here").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors.strip() == "Stopped. `make run` continues with this notebook."
    course.write("01_second", "x = 1")
    assert course.run().stdout.count("already done") == 1


@pytest.mark.slow
def test_in_place_writes_outputs_without_machine_paths(course):
    course.write(
        "00_first",
        "import pathlib, s1lib, sys, warnings",
        "print(pathlib.Path.home() / 'x', s1lib.__file__, sys.prefix)",
        "warnings.warn('careful')",
    )
    assert course.run("--in-place").returncode == 0
    path = course.notebooks / "00_first.ipynb"
    nb = nbformat.read(path, as_version=4)
    text = nb.cells[2].outputs[0].text
    assert text.startswith("~/x s1lib/__init__.py") or text.startswith("~/x ./s1lib/__init__.py")
    saved = path.read_text()
    assert str(ROOT) not in saved and str(Path.home()) + "/" not in saved
    assert "careful" in saved and "ipykernel_" not in saved
    assert course.run().stdout.count("already done") == 2  # outputs are no change of the source


def test_an_empty_folder(course):
    for path in course.notebooks.iterdir():
        path.unlink()
    done = course.run()
    assert done.returncode == 1 and "no notebooks" in done.stderr
