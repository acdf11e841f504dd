"""The first cell of each notebook, in simulated runtimes of Colab and Kaggle, and elsewhere."""

import json
import os
import re
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import hosted
import hosted_cell
import pytest
from what_is_missing import wanted

ROOT = Path(__file__).parent.parent
FITS = {"torch": "2.13.0+cu128", "transformers": "5.17.0", "trl": "1.16.0", "peft": "0.21.2",
        "accelerate": "1.15.0", "datasets": "5.2.0", "google-genai": "3.4.0",
        "aiolimiter": "1.3.0", "openai": "3.60.1", "math-verify": "0.9.0", "numpy": "2.4.6",
        "psutil": "7.3.0", "matplotlib": "3.11.2", "ipywidgets": "8.1.9"}  # fmt: skip


def runtime(**changes: str | None):
    """The versions of a runtime: those that fit, with changes; None: not installed."""
    installed = FITS | {name.replace("_", "-"): there for name, there in changes.items()}
    names = [re.match(r"[\w-]+", text).group() for text in wanted([], exact_torch=False)]
    installed = dict.fromkeys(names, "99") | installed

    def found(name: str) -> str:
        there = installed.get(name)
        if there is None:
            raise PackageNotFoundError(name)
        return there

    return found


def test_a_runtime_with_everything_installs_nothing():
    arguments, said = hosted.plan(runtime())
    assert arguments == [] and said == ["Everything that the course needs is here."]


def test_what_is_missing_comes_and_a_torch_that_fits_stays():
    arguments, said = hosted.plan(runtime(trl=None, math_verify=None))
    assert arguments == ["trl==1.16.0", "math-verify==0.9.0", "torch==2.13.0+cu128"]
    assert "trl (missing), math-verify (missing)" in said[0]


def test_a_torch_of_another_release_within_the_bounds_stays():
    assert hosted.plan(runtime(torch="2.13.1+cu130"))[0] == []


def test_an_older_package_is_replaced_and_a_newer_one_stays():
    arguments, said = hosted.plan(runtime(transformers="5.2.0", numpy="2.9.0"))
    assert arguments == ["transformers==5.17.0", "torch==2.13.0+cu128"]
    assert "transformers 5.2.0" in said[0]


def test_a_torch_that_does_not_fit_is_replaced_and_it_is_said():
    arguments, said = hosted.plan(runtime(torch="2.11.0+cu128"))
    assert arguments == ["torch==2.13.0"]
    assert "torch 2.11.0+cu128 does not fit" in said[1]


def test_a_runtime_without_torch():
    arguments, said = hosted.plan(runtime(torch=None))
    assert arguments == ["torch==2.13.0"] and len(said) == 1


def test_what_a_hosted_page_has_itself_is_left_alone():
    assert hosted.plan(runtime(jupyterlab=None, ipykernel="6.17.1", nbconvert="6.5"))[0] == []


@pytest.fixture
def kernel(monkeypatch):
    """This process, put back afterwards."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("PYTHONPATH", "/runtime/lib")
    calls = []

    def run(command: list[str]) -> SimpleNamespace:
        calls.append(command)
        return SimpleNamespace(returncode=int("math-verify==0.9.0" in command))

    return SimpleNamespace(run=run, calls=calls)


def test_the_kernel_and_its_children_find_the_course(kernel, capsys):
    hosted.main(runtime(trl=None), kernel.run, {})
    (command,) = kernel.calls
    assert command[1:5] == ["-m", "pip", "install", "--quiet"]
    assert command[5:] == ["trl==1.16.0", "torch==2.13.0+cu128"]
    assert Path.cwd() == ROOT / "notebooks" and str(ROOT) in sys.path
    assert os.environ["PYTHONPATH"].split(os.pathsep) == [str(ROOT), "/runtime/lib"]
    assert "Ready" in capsys.readouterr().out
    hosted.main(runtime(), kernel.run, {})  # the cell is run again
    assert len(kernel.calls) == 1


def test_a_package_that_the_kernel_already_holds_asks_for_a_restart(kernel, capsys):
    hosted.main(runtime(numpy="2.0.2"), kernel.run, {"numpy": None, "os": None})
    said = capsys.readouterr().out
    assert "another version of numpy: restart it" in said and "Ready" not in said


def test_a_failure_of_pip_is_an_error(kernel):
    with pytest.raises(RuntimeError, match="its reason is above"):
        hosted.main(runtime(math_verify=None), kernel.run, {})
    assert Path.cwd() == ROOT


# The cell


def test_the_cell_is_short_and_does_nothing_elsewhere(monkeypatch, tmp_path):
    assert len(hosted_cell.SOURCE.splitlines()) <= 6
    assert max(map(len, hosted_cell.SOURCE.splitlines())) <= 76
    for name in ("COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(hosted_cell.SOURCE, names)
    assert set(names) - {"__builtins__"} == {"os"} and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sign", ["COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE"])
@pytest.mark.parametrize("there", [False, True])
def test_the_cell_fetches_the_course_once_and_runs_it(monkeypatch, tmp_path, sign, there):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(sign, "1")
    code = "import pathlib; pathlib.Path('ran').write_text(__file__)\n"
    commands = []

    def clone(command: str) -> int:
        commands.append(command)
        (tmp_path / "s1/scripts").mkdir(parents=True)
        (tmp_path / "s1/scripts/hosted.py").write_text(code)
        return 0

    if there:
        clone("")
        commands.clear()
    monkeypatch.setattr(os, "system", clone)
    exec(hosted_cell.SOURCE.replace('""', '"https://example.org/s1"', 1), {})
    assert (tmp_path / "ran").read_text() == "s1/scripts/hosted.py"
    assert commands == ([] if there else ["git clone -q 'https://example.org/s1' s1"])


def test_the_notebooks_hold_the_newest_text_of_the_cell():
    cells = [(path.name, cell) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
             for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]  # fmt: skip
    texts = {name: "".join(cell["source"]) for name, cell in cells if hosted_cell.is_hosted(cell)}
    assert {"00_start_here.ipynb", "04_budget_forcing.ipynb"} <= set(texts)
    assert set(texts.values()) == {hosted_cell.SOURCE}


def test_the_cell_goes_in_once_after_the_title():
    title = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# Title"]}
    nb = {"cells": [title, {"cell_type": "code", "metadata": {}, "source": ["1"]}]}
    assert hosted_cell.insert(nb)
    assert [hosted_cell.is_hosted(cell) for cell in nb["cells"]] == [False, True, False]
    assert "".join(nb["cells"][1]["source"]) == hosted_cell.SOURCE
    saved = json.dumps(nb)
    assert not hosted_cell.insert(nb) and json.dumps(nb) == saved
    nb["cells"][1]["source"] = ["an older text"]
    assert hosted_cell.insert(nb) and json.dumps(nb) == saved
