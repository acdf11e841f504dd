"""Files: `build/` holds what this run made, `data/` the shipped copies; rows are JSON lines."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeGuard

from s1lib.errors import CourseError

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"


def build_dir() -> Path:
    """Return the folder of this run: `build/`, or what the environment variable S1_BUILD names."""
    return Path(os.environ.get("S1_BUILD") or ROOT / "build")


def locate(name: str, report: Callable[[str], None] = print) -> Path:
    """Find the file or folder `name` of this run, else the shipped copy; report which.

    Raises CourseError if there is neither.
    """
    for folder, what in ((build_dir(), "made by this run"), (DATA, "the shipped copy")):
        path = folder / name
        if path.exists():
            report(f"{name}: {what}")
            return path
    raise CourseError(
        f"{name} is neither in {build_dir().name}/ nor in data/: restore the shipped copy "
        f"with `git checkout -- data/`, or run the earlier stage that makes it."
    )


def is_course_file(name: str | Path) -> TypeGuard[str]:
    """Tell a file or model of the course ("base", "curated.jsonl") from a hub name or a path."""
    return isinstance(name, str) and "/" not in name and os.sep not in name


def resolve_model(model: str | Path) -> str | Path:
    """Return where a model is loaded from: a course model's folder, else the name as it is.

    Raises CourseError if a course model is neither in `build/` nor in `data/`.
    """
    return locate(model) if is_course_file(model) else model


def output(name: str) -> Path:
    """Return the path in `build/` for a stage's output and make its folder.

    Raises CourseError if the disk has less than 200 MB left.
    """
    path = build_dir() / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CourseError(f"cannot write to {path.parent}: {error.strerror}") from None
    free = shutil.disk_usage(path.parent).free
    if free < 200e6:
        raise CourseError(
            f"only {free / 1e6:.0f} MB of disk are free and 200 MB are needed: "
            "free some space, or point S1_BUILD to another disk."
        )
    return path


def is_broken(text: str) -> bool:
    """Tell whether a text holds half a character and could not be written to a file."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def read_rows(path: Path) -> list[dict]:
    """Read JSON lines. Raises CourseError that names the line if the file is damaged."""
    if not path.is_file():
        raise CourseError(f"{path.name} does not exist: restore it with `git checkout -- data/`.")
    rows = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            row = json.loads(line)
        except ValueError:  # not JSON, or not UTF-8
            row = None
        if not isinstance(row, dict):
            raise CourseError(
                f"{path.name} is damaged at line {number}: delete it to use the shipped copy, or "
                f"restore that with `git checkout -- data/{path.name}`."
            )
        rows.append(row)
    return rows


def file_hash(path: Path) -> str:
    """Hash a file's bytes, in 16 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def write_rows(path: Path, rows: Iterable[dict]) -> None:
    """Write JSON lines in one go: the old file stays whole until the new one is complete."""
    temporary = path.with_suffix(".tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    temporary.replace(path)
