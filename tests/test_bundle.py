"""The folder that a room without a network installs from."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import bundle
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
# What packages ask for: a small world with conditions, extras and a circle.
ASKED = {
    "tool": ["click>=8", "colorama; sys_platform == 'win32'", "pexpect; sys_platform != 'win32'",
             "Typing_Extensions; python_version < '3.12'", "tool[more]; extra == 'all'",
             "extra-package; extra == 'more'"],
    "click": ["tool", "colorama; platform_system == 'Windows'"],
    "pexpect": ["ptyprocess>=0.5"],
}  # fmt: skip


def write_wheel(folder: Path, name: str, asked: list[str]) -> None:
    """A wheel that holds its metadata only."""
    path = folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0"]
    lines += [f"Requires-Dist: {text}" for text in asked]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name.replace('-', '_')}-1.0.dist-info/METADATA", "\n".join(lines))


@pytest.fixture
def index(monkeypatch):
    """An index that serves ASKED and records what pip is asked for."""
    calls: list[tuple[str, ...]] = []

    def download(folder: Path, platform: str, python: str, *wanted: str) -> None:
        calls.append(wanted)
        for text in [text for text in wanted if not text.startswith(("-", "http"))]:
            name = Requirement(text).name
            write_wheel(folder, name, ASKED.get(name, []))

    monkeypatch.setattr(bundle, "pip_download", download)
    return calls


@pytest.mark.parametrize(
    "platform, python, expected",
    [
        ("linux-x86_64", "3.12", {"tool", "click", "pexpect", "ptyprocess"}),
        ("macos-arm64", "3.11", {"tool", "click", "pexpect", "ptyprocess", "typing-extensions"}),
        ("windows-x86_64", "3.13", {"tool", "click", "colorama"}),
    ],
)
def test_conditions_are_those_of_the_other_computer(tmp_path, index, platform, python, expected):
    bundle.fetch(tmp_path, [Requirement("tool")], platform, python)
    assert set(bundle.wheels_in(tmp_path)) == expected
    asked = [name for call in index for name in call]
    assert len(asked) == len(set(asked)) == len(expected)  # each is fetched once


def test_extras_of_extras_are_followed(tmp_path, index):
    bundle.fetch(tmp_path, [Requirement("tool[all]")], "windows-x86_64", "3.12")
    assert "extra-package" in bundle.wheels_in(tmp_path)


def test_versions_are_those_of_the_constraints(tmp_path, index):
    bundle.fetch(tmp_path, [Requirement("ipywidgets>=8"), Requirement("unknown<3")],
                 "windows-x86_64", "3.12")  # fmt: skip
    assert set(index[0]) == {"ipywidgets==8.1.9", "unknown<3"}


@pytest.mark.parametrize("answer", [None, "no answer in 5 seconds"])
def test_torch_for_linux_comes_from_the_index_of_cpu_builds(
    tmp_path, index, monkeypatch, capsys, answer
):
    monkeypatch.setattr(bundle.install, "unreachable", lambda address: answer)
    bundle.fetch(tmp_path, [Requirement("torch==2.13.0")], "linux-x86_64", "3.12")
    (call,) = index
    assert call[-1] == "torch==2.13.0"
    assert (bundle.install.CPU_INDEX in call) == (answer is None)
    assert ("3 GB more to download" in capsys.readouterr().err) == (answer is not None)


def test_every_platform_has_a_torch_and_this_one_is_among_them():
    assert bundle.this_platform() in bundle.PLATFORMS
    for tags, there in bundle.PLATFORMS.values():
        assert tags and {"sys_platform", "platform_system", "os_name"} <= set(there)


@pytest.fixture
def folder(tmp_path, index, monkeypatch) -> Path:
    """A bundle of the small world, for the running Python."""
    monkeypatch.setattr(bundle, "wanted", lambda extras: ["tool"])
    source = tmp_path / "source"
    for name in ("course.py", "scripts/install_bundle.py", "build/x", ".venv/y", "data/z.jsonl",
                 ".git/config", "s1lib/__pycache__/c", ".venv.lock"):  # fmt: skip
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("print('set up', *__import__('sys').argv[1:])\n")
    shutil.copy(ROOT / "constraints.txt", source)
    shutil.copy(ROOT / "scripts/install_bundle.py", source / "scripts")
    monkeypatch.setattr(bundle, "ROOT", source)
    made = tmp_path / "made"
    bundle.make(made, bundle.this_platform(), "{}.{}".format(*sys.version_info), [])
    return made


def start(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(folder / "install.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_folder_holds_the_course_the_wheels_and_their_checksums(folder, tmp_path):
    files = {p.relative_to(folder / "course").as_posix()
             for p in (folder / "course").rglob("*") if p.is_file()}  # fmt: skip
    assert files == {"course.py", "scripts/install_bundle.py", "data/z.jsonl", "constraints.txt"}
    sums = dict(
        line.split("  ", 1)[::-1]
        for line in (folder / "SHA256SUMS").open().read().split("\n")
        if line
    )
    assert {"install.py", "README.txt", "course/course.py"} <= set(sums)
    assert sum(name.startswith("wheels/") for name in sums) == len(
        bundle.wheels_in(folder / "wheels")
    )
    for name, digest in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest

    done = start(folder, str(tmp_path / "ein Kurs 课程"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"set up setup --wheels {folder / 'wheels'}"
    assert (tmp_path / "ein Kurs 课程/data/z.jsonl").exists()


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_copy_is_not_installed(folder, tmp_path, damage):
    wheel = next((folder / "wheels").glob("click*"))
    wheel.write_bytes(b"half") if damage == "changed" else wheel.unlink()
    done = start(folder, str(tmp_path / "target"))
    assert (
        done.returncode == 1
        and f"1 files are damaged or missing: wheels/{wheel.name}" in done.stderr
    )
    assert not (tmp_path / "target").exists()


def test_another_python_is_told_which_one_it_takes(folder, tmp_path):
    script = folder / "install.py"
    version = "{}.{}".format(*sys.version_info)
    script.write_text(script.read_text().replace(repr(version), "'3.99'"))
    done = start(folder, str(tmp_path / "target"))
    assert done.returncode == 1 and "Start it with python3.99 install.py" in done.stderr


def test_a_folder_with_files_is_left_alone(tmp_path, monkeypatch, capsys):
    (tmp_path / "mine").write_text("x")
    monkeypatch.setattr(sys, "argv", ["bundle", "--to", str(tmp_path)])
    assert bundle.main() == 1
    assert "is not empty" in capsys.readouterr().err and (tmp_path / "mine").exists()


@pytest.mark.slow
@pytest.mark.online
def test_a_small_course_is_bundled_and_installed_without_a_network(tmp_path):
    """The real pip, from the index to a folder, and from it with every way out closed."""
    small = tmp_path / "small"
    shutil.copytree(ROOT / "scripts", small / "scripts")
    (small / "s1lib").mkdir()
    (small / "s1lib/__init__.py").touch()
    for name in ("course.py", "constraints.txt"):
        shutil.copy(ROOT / name, small)
    (small / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "s1-course"\nversion = "1.0"\ndependencies = ["tqdm", "psutil>=7"]\n'
        "optional-dependencies.dev = []\n[tool.setuptools]\npackages = ['s1lib']\n"
    )
    online = {n: v for n, v in os.environ.items() if n not in ("PYTHONPATH", "S1_BUILD")}
    made = tmp_path / "made"
    command = [sys.executable, str(small / "course.py"), "bundle", "--to", str(made)]
    done = subprocess.run(command, capture_output=True, text=True, env=online, timeout=300)
    if done.returncode and "cannot be fetched" in done.stderr:
        pytest.skip(f"needs the package index: {done.stderr}")
    assert done.returncode == 0, done.stderr
    wheels = {path.name.split("-")[0] for path in (made / "wheels").iterdir()}
    assert wheels == {"tqdm", "psutil", "setuptools"}

    (base,) = bundle.install.base_python()
    dead = "http://127.0.0.1:9"
    offline = {"PATH": str(tmp_path / "none"), "HOME": str(tmp_path),
               "http_proxy": dead, "https_proxy": dead,
               "PIP_INDEX_URL": dead, "PIP_CONFIG_FILE": os.devnull}  # fmt: skip
    target = tmp_path / "installed"
    install = [base, str(made / "install.py"), str(target)]
    done = subprocess.run(install, capture_output=True, text=True, env=offline, timeout=300)
    assert done.returncode == 0, done.stderr
    python = target / (".venv/Scripts/python.exe" if os.name == "nt" else ".venv/bin/python")
    code = "import tqdm, psutil, sys; print(sys.prefix)"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, env=offline)
    assert done.stdout.strip() == str(target / ".venv")
