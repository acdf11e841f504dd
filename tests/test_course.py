"""course.py: one entry that works from any folder, in odd surroundings, and says what is needed."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import commands
import environment
import interpreter
import pytest
from packaging.specifiers import SpecifierSet

import course

ROOT = Path(__file__).parent.parent
SOURCE = (ROOT / "course.py").read_text(encoding="utf-8")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def bare(tmp_path_factory) -> str:
    """A Python without any package."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    return str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the entry in a folder with a hard name, without an environment or exec bits."""
    folder = tmp_path / "Kurs 课程 s1's"
    shutil.copytree(ROOT / "scripts", folder / "scripts", copy_function=shutil.copyfile)
    for name in ("course.py", "Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copyfile(ROOT / name, folder / name)
    return folder


def run(folder: Path, *arguments: str, python: str = sys.executable, **variables: str):
    """Run the entry of a folder from another folder, with few variables in the environment."""
    env = {"PATH": str(folder / "nothing"), "HOME": str(folder.parent), "S1_ARTIFACTS": ""}
    command = [python, str(folder / "course.py"), *arguments]
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", cwd=folder.parent,
        env=env | variables, stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip


# It starts with any Python


def test_the_versions_are_those_of_pyproject():
    allowed = SpecifierSet(SETTINGS["project"]["requires-python"])
    for minor in range(8, 18):
        assert course.is_supported((3, minor, 0)) == allowed.contains(f"3.{minor}.2"), minor
    assert not course.is_supported((2, 7, 18)) and not course.is_supported((4, 11))


def test_the_entry_is_written_in_the_language_of_old_pythons():
    SOURCE.encode("ascii")  # Python 2 reads no other letters
    new = (ast.JoinedStr, ast.NamedExpr, ast.AnnAssign, ast.AsyncFunctionDef, ast.Starred,
           ast.Nonlocal, ast.Match, ast.YieldFrom)  # fmt: skip
    for node in ast.walk(ast.parse(SOURCE)):
        assert not isinstance(node, new), ast.dump(node)
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None and not node.args.kwonlyargs and not node.args.posonlyargs
            assert all(arg.annotation is None for arg in node.args.args)
        if isinstance(node, ast.Raise):
            assert node.cause is None
        assert not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print")


OLD = [path for name in ("python2.7", "python3.6", "python3.8", "python3.10")
       if (path := shutil.which(name)) and course.version_of([path])]  # fmt: skip


@pytest.mark.parametrize("old", OLD or [pytest.param(None, marks=pytest.mark.skip("no old one"))])
def test_an_old_python_says_what_is_needed(copy, old):
    done = run(copy, "run", python=old)
    assert done.returncode == 1 and done.stdout == ""
    assert "The course needs Python 3.11, 3.12 or 3.13, and found" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_python_that_does_not_fit_hands_over_to_one_that_does(monkeypatch):
    called = []
    monkeypatch.setattr(course, "is_supported", lambda version: tuple(version) == (3, 12))
    monkeypatch.setattr(course, "pythons", lambda: [["old"], ["none"], ["py", "-3.12"]])
    versions = {"old": (3, 9), "none": None, "py": (3, 12)}
    monkeypatch.setattr(course, "version_of", lambda command: versions[command[0]])
    monkeypatch.setattr(course, "hand_on", lambda command: called.append(command) or 7)
    monkeypatch.setattr(sys, "argv", ["course.py", "run", "--profile", "smoke"])
    assert course.main() == 7
    assert called == [["py", "-3.12", str(ROOT / "course.py"), "run", "--profile", "smoke"]]


def test_no_python_that_fits(monkeypatch, capsys):
    monkeypatch.setattr(course, "is_supported", lambda version: False)
    monkeypatch.setattr(course, "pythons", lambda: [["a"], ["b"], ["c"]])
    versions = {"a": (3, 9), "b": (3, 14), "c": (3, 9)}
    monkeypatch.setattr(course, "version_of", lambda command: versions[command[0]])
    assert course.main() == 1
    assert "needs Python 3.11, 3.12 or 3.13, and found 3.9, 3.14.\n" in capsys.readouterr().err


# The commands


def test_help_names_every_command_and_make_knows_them(copy):
    done = run(copy)
    assert done.returncode == 0
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in commands.COMMANDS:
        assert f"\n  {name} " in done.stdout, name
        assert name in ("python", "results") or f" {name}" in makefile.replace("\n", " "), name
    assert "results-%:" in makefile


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")
def test_make_calls_the_entry(copy):
    # `make test` hands on that it is one; a make inside it would say which folder it enters.
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    env |= {"PYTHON": sys.executable}
    done = subprocess.run(["make", "help"], cwd=copy, env=env, capture_output=True, text=True)
    assert done.stdout == commands.HELP


def test_an_unknown_command(copy):
    done = run(copy, "rnu")
    assert done.returncode == 2 and done.stdout == ""
    assert "There is no command 'rnu'" in done.stderr and "\n  run " in done.stderr


@pytest.mark.parametrize("command", ["run", "test", "results", "bundle"])
def test_help_of_a_command_installs_nothing(copy, bare, command):
    done = run(copy, command, "--help", python=bare)
    assert done.returncode == 0 and "Usage: python course.py" in done.stdout
    assert not (copy / ".venv").exists()


def test_results_wants_a_name(copy):
    done = run(copy, "results")
    assert done.returncode == 2 and "main_result" in done.stderr


def test_clean_leaves_environments_and_sources(copy):
    for path in ("build/a", "s1lib/__pycache__/b", ".venv/lib/__pycache__/c", "notebooks/d.ipynb",
                 ".venv-vllm/__pycache__/e", "notebooks/.ipynb_checkpoints/f"):  # fmt: skip
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).touch()
    assert run(copy, "clean").returncode == 0
    left = {str(p.relative_to(copy)) for p in copy.rglob("?") if p.is_file()}
    assert left == {".venv/lib/__pycache__/c", ".venv-vllm/__pycache__/e"}
    assert (copy / "notebooks/d.ipynb").exists() and (copy / "course.py").exists()


def test_jupyterlab_as_root_and_in_a_container():
    assert commands.lab_options(False, False, []) == []
    assert commands.lab_options(True, False, []) == ["--allow-root"]
    inside = ["--allow-root", "--ip=0.0.0.0", "--no-browser"]
    assert commands.lab_options(True, True, ["--port", "9999"]) == inside
    for own in (["--ip=127.0.0.1"], ["--ServerApp.ip=127.0.0.1"], ["--ip", "1.2.3.4"]):
        assert commands.lab_options(False, True, own) == []


# Which Python


def test_the_python_that_has_the_packages_is_used():
    assert interpreter.find([]) == ([sys.executable], "")
    assert interpreter.find(["dev"]) == ([sys.executable], "")


@pytest.mark.parametrize(
    "file, old, new, reason",
    [
        ("pyproject.toml", "dependencies = [", 'dependencies = [\n  "no-such-thing",',
         "it lacks no-such-thing"),
        ("pyproject.toml", '"aiolimiter>=1.2"', '"aiolimiter>=99"', "it has aiolimiter "),
        ("constraints.txt", "torch==2.13.0", "torch==2.13.9", "it has torch 2.13.0"),
    ],
)  # fmt: skip
def test_why_an_environment_is_not_used(copy, file, old, new, reason):
    path = copy / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    done = run(copy, "check")
    assert f"FAILED  packages: not installed ({reason}" in done.stdout
    assert "What to do: run `python course.py setup`" in done.stdout


def test_packages_of_another_installation_do_not_count(copy, tmp_path):
    """A torch on PYTHONPATH would shadow the one of .venv."""
    other = tmp_path / "other"
    (other / "torch").mkdir(parents=True)
    (other / "torch/__init__.py").write_text("raise SystemExit('the wrong torch')")
    (other / "sitecustomize.py").write_text("print('the wrong start')")
    code = "import sys; print(sys.argv[1] in sys.path, sys.flags.utf8_mode)"
    done = run(copy, "python", "-c", code, str(other), PYTHONPATH=str(other))
    assert done.stdout.splitlines()[-1] == "False 1", done.stderr
    assert "the wrong start" not in "".join(done.stdout.splitlines()[1:])


# The variables of all processes


def variables(monkeypatch, **given: str) -> dict[str, str]:
    for name in ("S1_BUILD", "PYTHONPATH", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return environment.child_environment()


@pytest.mark.parametrize("utf8", ["0", "1"])
def test_text_is_utf8_whatever_the_locale(monkeypatch, utf8):
    assert variables(monkeypatch, PYTHONUTF8=utf8)["PYTHONUTF8"] == "1"


def test_a_relative_build_folder_starts_at_the_course(monkeypatch, tmp_path):
    from s1lib.io import build_dir

    monkeypatch.chdir(tmp_path)
    for given, expected in (("out", ROOT / "out"), ("", ROOT / "build"), (None, ROOT / "build"),
                            (str(tmp_path), tmp_path), ("../x", ROOT / "../x")):  # fmt: skip
        env = variables(monkeypatch, **({} if given is None else {"S1_BUILD": given}))
        assert env["S1_BUILD"] == str(expected)
        assert build_dir() == expected  # the same for a notebook that was opened by hand


def test_own_paths_stay_and_foreign_ones_go(monkeypatch):
    own = str(ROOT / "tests/offline")
    given = os.pathsep.join(["/opt/other/lib", own, "", "relative"])
    paths = variables(monkeypatch, PYTHONPATH=given)["PYTHONPATH"].split(os.pathsep)
    assert own in paths and str(ROOT) in paths and "/opt/other/lib" not in paths


def test_no_proxy_for_this_computer(monkeypatch):
    env = variables(monkeypatch, http_proxy="http://127.0.0.1:9", no_proxy="intranet")
    assert env["no_proxy"] == "intranet,127.0.0.1,localhost"
    assert env["http_proxy"] == "http://127.0.0.1:9"


def test_a_user_without_a_name_or_a_home(monkeypatch):
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(environment.getpass, "getuser", nobody)
    monkeypatch.setattr(environment.os.path, "expanduser", lambda path: path)
    env = variables(monkeypatch)
    assert env["USER"] == env["LOGNAME"] == "learner"
    assert env["HOME"] == str(ROOT / "build/home")


def test_a_home_that_cannot_be_written(monkeypatch, tmp_path):
    monkeypatch.setattr(environment.os, "access", lambda path, mode: False)
    env = variables(monkeypatch, IPYTHONDIR="/mine")
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "MPLCONFIGDIR", "XDG_CACHE_HOME"):
        assert env[name].startswith(str(ROOT / "build/home")), name
    assert env["IPYTHONDIR"] == "/mine"
