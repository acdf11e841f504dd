"""scripts/setup.sh finds or makes a Python environment, and says plainly when it cannot."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = ["bash", "env", "dirname", "cat", "cksum", "awk", "df", "rm"]

# The running interpreter, with and without its packages.
FULL = f'exec "{sys.executable}" "$@"'
BARE = f'exec "{sys.executable}" -S "$@"'
TOO_NEW = """
case "$*" in
  *sys.version_info*print*|*print*sys.version_info*) echo 3.13 ;;
  *) exit 1 ;;
esac"""


@pytest.fixture
def course(tmp_path):
    """A copy of the files that setup.sh reads, and a PATH with nothing but its tools."""
    folder, tools = tmp_path / "a course", tmp_path / "bin"
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    for name in ("constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    tools.mkdir()
    for name in TOOLS:
        (tools / name).symlink_to(shutil.which(name))

    def program(name: str, body: str) -> Path:
        path = tools / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    program("df", "echo; echo disk 9 9 1000000 9% /")  # full: no test installs by accident

    def setup(*extras: str, **environment: str) -> subprocess.CompletedProcess:
        env = {"PATH": str(tools), "HOME": str(tmp_path)} | environment
        command = [str(folder / "scripts/setup.sh"), *extras]
        return subprocess.run(command, capture_output=True, text=True, env=env, timeout=300)

    course = type("Course", (), {})()
    course.folder, course.program, course.setup = folder, program, setup
    return course


def make_venv(course, stamp: str) -> Path:
    python = course.folder / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    (course.folder / ".venv/.complete").write_text(stamp)
    return python


def stamp_of(course) -> str:
    text = b"".join((course.folder / n).read_bytes() for n in ("constraints.txt", "pyproject.toml"))
    return subprocess.run(["cksum"], input=text, capture_output=True).stdout.decode()


@pytest.mark.parametrize("name", ["python", "python3"])
def test_the_active_environment_is_used(course, name):
    python = course.program(name, FULL)
    done = course.setup()
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, str(python), "")


def test_an_extra_that_is_not_there(course):
    course.program("python", FULL)
    pyproject = course.folder / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("dev = [", 'dev = [\n  "no-such-package",'))
    assert course.setup().returncode == 0
    done = course.setup("dev")
    assert done.returncode == 1 and "disk space" in done.stderr  # it set out to install


def test_a_wrong_torch(course):
    course.program("python", FULL)
    constraints = course.folder / "constraints.txt"
    constraints.write_text(constraints.read_text().replace("torch==2.13.0", "torch==2.13.9"))
    assert "disk space" in course.setup().stderr


def test_an_earlier_venv_is_used(course):
    course.program("python", BARE)
    python = make_venv(course, stamp_of(course))
    done = course.setup()
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, str(python), "")


def test_a_venv_of_older_pins_is_made_again(course):
    course.program("python", BARE)
    make_venv(course, stamp_of(course))
    (course.folder / "constraints.txt").open("a").write("new==1\n")
    assert "disk space" in course.setup().stderr  # it set out to install


def test_a_wrong_python_version(course):
    course.program("python3", TOO_NEW)
    done = course.setup()
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("The course needs Python 3.11 or 3.12 and found 3.13: install")
    assert done.stderr.count("\n") == 1


def test_no_python_at_all(course):
    done = course.setup()
    assert done.returncode == 1
    assert "Python 3.11 or 3.12 and found none: install" in done.stderr


def test_another_python_on_the_path_is_found(course):
    course.program("python3", TOO_NEW)
    course.program("python3.11", BARE)
    assert "disk space" in course.setup().stderr  # past the check of the version


def test_a_python_without_venv(course):
    body = f'case "$*" in *ensurepip*) exit 1 ;; esac\n{BARE}'
    course.program("python3", body)
    done = course.setup()
    assert done.returncode == 1
    assert "without its venv module" in done.stderr and "apt install" in done.stderr


def test_a_full_disk(course):
    course.program("python3", BARE)
    done = course.setup()
    assert done.returncode == 1
    assert "needs 4 GB of free disk space for its packages and 0 GB are free" in done.stderr
    assert not (course.folder / ".venv").exists()


@pytest.mark.slow
def test_no_network(course):
    course.program("python3", BARE)
    course.program("df", "echo; echo disk 9 9 90000000 9% /")
    done = course.setup(PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull)
    assert done.returncode == 1 and done.stdout == ""
    assert "about 2 minutes and 2 GB" in done.stderr
    assert "It needs the network: connect and run the same command again." in done.stderr
    assert not (course.folder / ".venv/.complete").exists()
