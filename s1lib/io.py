"""Files: `build/` holds what this run made, `data/` the shipped copies; rows are JSON lines."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeGuard

from s1lib.errors import CourseError
from s1lib.inference import smollm2

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"


def build_dir() -> Path:
    """Return the folder of this run: `build/`, or what the environment variable S1_BUILD names.

    A relative S1_BUILD starts at the course's folder, wherever a command or a notebook runs.
    """
    return ROOT / (os.environ.get("S1_BUILD") or "build")


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

    `smollm2` is the model of a Python package, made into a folder of `build/` when it is first
    asked for (see `s1lib.inference.smollm2`).
    Raises CourseError if a course model is neither in `build/` nor in `data/`, or not installed.
    """
    if not is_course_file(model):
        return model
    if model == smollm2.NAME:
        return smollm2.smollm2_folder(build_dir() / smollm2.NAME)
    if Path(model).is_dir() and not any((d / model).exists() for d in (build_dir(), DATA)):
        return Path(model)  # a folder beside the reader
    return locate(model)


def output(name: str) -> Path:
    """Return the path in `build/` for a stage's output and make its folder.

    Raises CourseError if the disk has less than 200 MB left, or something on the way is a link.
    """
    path = build_dir() / name
    refuse_link(path, below=build_dir())
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
    """Read JSON lines. Raises CourseError that names the file, and the line that is damaged."""
    if not path.is_file():
        raise CourseError(f"{path.name} does not exist: restore it with `git checkout -- data/`.")
    rows = []
    for number, line in enumerate(_read_bytes(path).splitlines(), 1):
        row = _parse(line)
        if not isinstance(row, dict):
            raise CourseError(
                f"{path.name} is damaged at line {number}: {_how_to_restore(path)} ({path})"
            )
        rows.append(row)
    return rows


def read_json(path: Path, fix: str = "", kind: type = dict) -> Any:
    """Read a file that holds one JSON value of this kind, an object or a list.

    Raises CourseError that names the file and says the `fix` if it is missing or damaged.
    """
    found = _parse(_read_bytes(path)) if path.is_file() else None
    if not isinstance(found, kind):
        raise CourseError(
            f"{path.name} is missing or damaged: {fix or _how_to_restore(path)} ({path})"
        )
    return found


def _parse(text: bytes) -> object:
    """Parse JSON; None if it is none, is not UTF-8, or nests too deep."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from None


def _how_to_restore(path: Path) -> str:
    """Say what to do about a damaged file: nothing is deleted, it may hold what can be saved."""
    if path.is_relative_to(DATA):
        return f"restore it with `git checkout -- data/{path.relative_to(DATA).as_posix()}`."
    return (
        "move it away, then make it again with the command that wrote it; a shipped file in data/ "
        "is then used in its place."
    )


def set_aside(path: Path) -> Path:
    """Rename a damaged file or folder to `damaged-NAME`, so that it can be made again.

    Returns its new path. Raises CourseError if it cannot be renamed.
    """
    kept = path.with_name(f"damaged-{path.name}")
    while kept.exists() or kept.is_symlink():
        kept = kept.with_name(f"damaged-{kept.name}")
    try:
        return path.rename(kept)
    except OSError as error:
        raise CourseError(f"cannot rename the damaged {path}: {error.strerror}.") from None


def file_hash(path: Path) -> str:
    """Hash a file's bytes, in 16 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def refuse_link(path: Path, below: Path | None = None) -> None:
    """Check that `path` is no symbolic link: what is written there would land elsewhere.

    With `below` the folders between it and `path` are checked, too; that folder itself may be a
    link, as to a larger disk. Raises CourseError if there is a link.
    """
    between = [p for p in path.parents if below and p.is_relative_to(below) and p != below]
    for place in (path, *between):
        if place.is_symlink():
            raise CourseError(
                f"{place} is a link to {os.readlink(place)}, and nothing is written through a "
                "link: remove it, or name the folder itself with --out or S1_BUILD."
            )


def write_text(path: Path, text: str) -> None:
    """Write a file in one go: the old one stays whole until the new one is complete.

    Raises CourseError if `path` is a link, or cannot be written.
    """
    refuse_link(path)
    temporary = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)  # of a run that was killed
        with temporary.open("x", encoding="utf-8", newline="\n") as file:  # "x" follows no link
            file.write(text)
            file.flush()
            os.fsync(file.fileno())  # or a power failure could leave an empty file
        temporary.replace(path)
    except OSError as error:
        raise CourseError(f"cannot write {path}: {error.strerror}.") from None


def write_json(path: Path, value: object) -> None:
    """Write a value as JSON in one go; see `write_text`."""
    write_text(path, json.dumps(value, indent=1))


def write_rows(path: Path, rows: Iterable[dict]) -> None:
    """Write JSON lines in one go; see `write_text`."""
    write_text(path, "".join(json.dumps(row) + "\n" for row in rows))
