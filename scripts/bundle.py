"""Make a folder from which the course is installed without a network: `python course.py bundle`.

For a memory stick or a room's own network. It holds the repository, the wheels for one platform
and one version of Python, a script that installs from them, and checksums.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import install
from environment import ROOT, say
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from what_is_missing import wanted

GLIBC = 28  # torch's wheels need glibc 2.28
# The tags of wheels that fit, and what a requirement's condition sees on such a computer.
PLATFORMS = {
    **{
        f"linux-{machine}": (
            [f"manylinux_2_{n}_{machine}" for n in range(GLIBC, 4, -1)]
            + [f"manylinux2014_{machine}", f"linux_{machine}"],
            {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix",
             "platform_machine": machine},
        )
        for machine in ("x86_64", "aarch64")
    },
    "macos-arm64": (
        ["macosx_14_0_arm64"],
        {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix",
         "platform_machine": "arm64"},
    ),
    "windows-x86_64": (
        ["win_amd64"],
        {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt",
         "platform_machine": "AMD64"},
    ),
}  # fmt: skip
LEFT_OUT = (".git", "build", ".venv", "__pycache__", ".ipynb_checkpoints", ".pytest_cache",
            ".ruff_cache", ".mypy_cache", ".hypothesis")  # fmt: skip
READ_ME = """\
The s1 course, to install without a network: {platform}, Python {python}.

    python install.py            copies the course to {home} and installs it
    python install.py FOLDER     ... to FOLDER

Start it with Python {python} (Windows: py -{python} install.py). About 2 GB of disk are needed.
"""


def this_platform() -> str:
    """Return the name of the platform that this is."""
    machine = os.uname().machine if hasattr(os, "uname") else "x86_64"
    system = {"linux": "linux", "darwin": "macos"}.get(sys.platform, "windows")
    return f"{system}-{machine}"


def pip_download(folder: Path, platform: str, python: str, *arguments: str) -> None:
    """Fetch wheels that fit a platform and a Python; raises CannotInstall with pip's reason."""
    tags = [part for tag in PLATFORMS[platform][0] for part in ("--platform", tag)]
    log = folder / "pip.log"
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--quiet",
               "--no-deps", "--only-binary=:all:", "--implementation", "cp", *tags,
               "--python-version", python, "--dest", str(folder), "--log", str(log)]  # fmt: skip
    done = subprocess.run([*command, *arguments], stdout=sys.stderr)
    text = log.read_text(encoding="utf-8", errors="replace")
    log.unlink()
    if done.returncode:
        raise install.CannotInstall(install.explain(text))


def needs_of(wheel: Path) -> list[Requirement]:
    """Read what a wheel asks for."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        headers = HeaderParser().parsestr(archive.read(name).decode("utf-8"))
    return [Requirement(text) for text in headers.get_all("Requires-Dist", [])]


def applies(need: Requirement, extras: set[str], platform: str, python: str) -> bool:
    """Tell whether a requirement counts there. pip itself would look at this computer instead."""
    if need.marker is None:
        return True
    there = default_environment() | PLATFORMS[platform][1]
    there |= {"python_version": python, "python_full_version": f"{python}.0"}
    return any(need.marker.evaluate(there | {"extra": extra}) for extra in extras or {""})


def fetch(folder: Path, needs: list[Requirement], platform: str, python: str) -> None:
    """Fetch the wheels of `needs` and of all that they need, at the versions of constraints.txt."""
    pins = dict(re.findall(r"^(\S+)==(\S+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.M))
    followed: set[tuple[str, str]] = set()  # a package and one of its extras
    while needs:
        there = wheels_in(folder)
        names = {canonicalize_name(need.name): need for need in needs}
        new = {
            name: f"{name}=={pins[name]}" if name in pins else f"{name}{need.specifier}"
            for name, need in names.items()
            if name not in there
        }
        if "torch" in new and platform.startswith("linux"):
            fetch_torch(folder, platform, python, new.pop("torch"))
        if new:
            say(f"Fetching {len(new)} packages: {', '.join(sorted(new))}")
            pip_download(folder, platform, python, *new.values())
        there = wheels_in(folder)
        following = []
        for need in needs:
            name = canonicalize_name(need.name)
            extras = {extra for extra in {"", *need.extras} if (name, extra) not in followed}
            followed |= {(name, extra) for extra in extras}
            if extras:
                asked = needs_of(there[name])
                following += [n for n in asked if applies(n, extras, platform, python)]
        needs = following


def wheels_in(folder: Path) -> dict[str, Path]:
    """List the wheels of a folder by the names of their packages."""
    return {canonicalize_name(path.name.split("-")[0]): path for path in folder.glob("*.whl")}


def fetch_torch(folder: Path, platform: str, python: str, torch: str) -> None:
    """Fetch PyTorch's build for CPUs if its index answers, else what the ordinary index has."""
    if (why := install.unreachable(f"{install.CPU_INDEX}/torch/")) is None:
        try:
            return pip_download(folder, platform, python, "--index-url", install.CPU_INDEX, torch)
        except install.CannotInstall as error:
            why = str(error).splitlines()[0]
    say(install.cost_of_cuda(why))
    pip_download(folder, platform, python, torch)


def copy_repository(folder: Path) -> None:
    """Copy the repository's files: what git knows or would add, else all but what runs make."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True)
        names = [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
    except (OSError, subprocess.CalledProcessError):  # no git, or a download without its history
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file()]
        names = [n for n in names if not any(part.startswith(LEFT_OUT) for part in Path(n).parts)]
    for name in names:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)


def write_checksums(folder: Path) -> None:
    """Write SHA256SUMS over all files of a folder, in the form that `sha256sum -c` reads."""
    lines = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        lines.append(f"{digest}  {path.relative_to(folder).as_posix()}\n")
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8", newline="\n")


def make(folder: Path, platform: str, python: str, extras: list[str]) -> None:
    """Fill a folder. Raises CannotInstall with the reason if a package cannot be had."""
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    needs = [Requirement(text) for text in [*wanted(extras), "setuptools"]]  # builds the course
    needs = [need for need in needs if applies(need, set(), platform, python)]
    fetch(wheels, needs, platform, python)
    copy_repository(folder / "course")
    script = (ROOT / "scripts/install_bundle.py").read_text(encoding="utf-8")
    script = script.replace('"PLATFORM"', repr(platform)).replace('"PYTHON"', repr(python))
    (folder / "install.py").write_text(script, encoding="utf-8", newline="\n")
    text = READ_ME.format(platform=platform, python=python, home="s1-course in your home folder")
    (folder / "README.txt").write_text(text, encoding="utf-8", newline="\n")
    write_checksums(folder)


def main() -> int:
    """Make the folder that the options describe; returns the exit code."""
    parser = argparse.ArgumentParser(prog="course.py bundle", description=__doc__.split(":")[0])
    version = "{}.{}".format(*sys.version_info)
    parser.add_argument("--platform", choices=PLATFORMS, default=this_platform())
    parser.add_argument("--python", choices=("3.11", "3.12", "3.13"), default=version)
    parser.add_argument("--to", type=Path, help="the folder to make (default: build/bundle/...)")
    parser.add_argument("--tests", action="store_true", help="also what `course.py test` needs")
    args = parser.parse_args()
    default = ROOT / "build/bundle" / f"s1-course-{args.platform}-python{args.python}"
    folder = args.to or default
    if folder.exists() and any(folder.iterdir()):
        say(f"{folder} is not empty: remove it, or name another folder with --to.")
        return 1
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    make(part, args.platform, args.python, ["dev"] if args.tests else [])
    if folder.exists():
        folder.rmdir()
    part.rename(folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: {size / 1e6:.0f} MB. Copy it whole; README.txt in it says the rest.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
