"""The files that say what to install agree with each other."""

import json
import os
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
PIN = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)==(\S+)")


def pin_lines() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def pins() -> dict[str, str]:
    return dict(PIN.fullmatch(line).groups() for line in pin_lines())


def requirements() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"].values()
    return [Requirement(r) for r in [*PROJECT["dependencies"], *(r for e in extras for r in e)]]


def test_constraints_has_one_pin_per_line():
    lines = pin_lines()
    assert [line for line in lines if not PIN.fullmatch(line)] == []
    names = [line.split("==")[0] for line in lines]
    assert names == sorted(set(names))
    assert all(str(Version(version)) == version for version in pins().values())


def test_the_pins_without_which_nothing_works():
    assert pins()["torch"] == "2.13.0"  # a local label such as +cpu exists on few computers only
    assert pins()["vllm"] == "0.31.0"


def test_constraints_leaves_gpu_builds_alone():
    # The CUDA torch, or vLLM, names these exactly; a torchvision of another build breaks imports.
    unwanted = re.compile(r"nvidia-.*|cuda-.*|triton|torchvision|torchaudio|torchcodec")
    assert [name for name in pins() if unwanted.fullmatch(name)] == []


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_every_requirement_is_pinned_within_its_bounds(requirement):
    pin = pins()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(pin)


NAMED = ("3.11.0", "3.11.2", "3.12.0", "3.13.0")  # 3.11.2 is Debian 12's


def test_every_python_that_is_named_may_install_every_pin():
    """What the installed packages ask of Python; the resolution of all is a slow test."""
    allowed = SpecifierSet(PROJECT["requires-python"])
    assert all(allowed.contains(python) for python in NAMED)
    asked = {}
    for name, pin in pins().items():
        try:
            there = metadata(name)
        except PackageNotFoundError:
            continue
        if there["Version"].split("+")[0] == pin and there["Requires-Python"]:
            asked[name] = SpecifierSet(there["Requires-Python"])
    assert len(asked) > 100
    refused = {n: str(s) for n, s in asked.items() if not all(map(s.contains, NAMED))}
    assert refused == {}


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("uv")


# uv's names of systems, each with the extras that are there for it.
SYSTEMS = {
    "x86_64-manylinux_2_28": ["dev"],
    "x86_64-manylinux_2_35": ["dev", "gpu"],  # what vLLM asks for
    "aarch64-manylinux_2_28": ["dev"],
    "aarch64-apple-darwin": ["dev"],
    "x86_64-pc-windows-msvc": ["dev"],
}


@pytest.mark.slow
@pytest.mark.online
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", NAMED)
def test_the_pins_resolve_for_every_python_and_system(python, system, cache):
    """A resolution that installs nothing, over the metadata in the package index."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--only-binary=:all:",
               "--python-version", python, "--python-platform", system,
               "--cache-dir", str(cache), "--python", sys.executable, "--no-python-downloads",
               "-c", "constraints.txt", *(f"--extra={extra}" for extra in SYSTEMS[system]),
               "pyproject.toml"]  # fmt: skip
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # online
    env["MACOSX_DEPLOYMENT_TARGET"] = "14.0"  # what torch asks for
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    if done.returncode and re.search("error sending request|Failed to fetch", done.stderr):
        pytest.skip(f"needs the package index: {done.stderr[:200]}")
    assert done.returncode == 0, done.stderr
    found = dict(line.split()[0].split("==") for line in done.stdout.splitlines() if "==" in line)
    assert {"torch", "transformers", "trl", "jupyterlab"} <= set(found)
    free = {name for name in found if name not in pins()}
    # What only a GPU build of torch, or vLLM, brings is left to those two.
    brought = r"nvidia-.*|cuda-.*|nvtx|nccl.*|triton|torch(vision|audio|codec)|flashinfer-python|"
    assert [
        name for name in free if not re.fullmatch(brought + ".*triton|pynvvideocodec", name)
    ] == []


def environment() -> dict:
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def conda_lines() -> list[str]:
    return [line for line in environment()["dependencies"] if isinstance(line, str)]


def test_environment_has_known_keys_only():
    assert set(environment()) == {"name", "channels", "dependencies"}
    assert environment()["name"] == PROJECT["name"]
    assert environment()["channels"] == ["conda-forge"]


@pytest.mark.parametrize("line", conda_lines())
def test_conda_understands_the_line(line):
    rattler = pytest.importorskip("rattler")
    rattler.MatchSpec(line)


def test_conda_lines_are_python_and_pip():
    names = [re.split(r"[=<> ]", line)[0] for line in conda_lines()]
    assert names == ["python", "pip"]


def test_conda_installs_what_pip_installs():
    blocks = [line for line in environment()["dependencies"] if isinstance(line, dict)]
    assert blocks == [{"pip": ["-c constraints.txt", "-e .[dev]"]}]


def test_the_conda_python_is_one_that_the_course_allows():
    version = conda_lines()[0].removeprefix("python=")
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{version}.0")


def test_profiles_are_packaged():
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"]["s1lib"]
    profiles = [p.relative_to(ROOT / "s1lib") for p in (ROOT / "s1lib/profiles").iterdir()]
    profiles = [p for p in profiles if p.name != "__pycache__"]
    assert len(profiles) >= 4
    assert [p for p in profiles if not any(fnmatch(str(p), q) for q in patterns)] == []


def test_every_package_folder_is_packaged():
    folders = {path.parent for path in (ROOT / "s1lib").rglob("*.py")}
    assert [f for f in folders if not (f / "__init__.py").exists()] == []


def test_the_development_container_makes_the_same_environment():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    version = container["image"].rsplit(":", 1)[1]
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{version}.0")
    assert container["postCreateCommand"] == "python course.py setup"
    chosen = container["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert chosen == "${containerWorkspaceFolder}/.venv/bin/python"


def test_line_ends_are_the_same_on_every_system():
    rules = (ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines()
    assert "* text=auto eol=lf" in rules


def test_nothing_needs_the_right_to_execute():
    """A download as a zip file drops it: what the texts tell to run is given to an interpreter."""
    told = [(ROOT / "README.md"), (ROOT / "Makefile"), *ROOT.glob("docs/*.md")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in told)
    assert re.findall(r"(?m)(?:^|`|\$ )(?:\./|scripts/)\S+\.(?:sh|py)\b", text) == []
