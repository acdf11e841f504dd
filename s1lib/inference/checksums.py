"""The checksums beside a model: a byte that changed on the disk is found before it is used.

A tensor with a flipped byte loads like any other, and only the answers would be wrong. Who saves a
model writes SHA256SUMS beside it, in the form that `sha256sum -c` reads. A folder without one, as
those of the hub, is not checked.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

FILE = "SHA256SUMS"
LARGEST = 10**9  # bytes: hashing a larger file would take longer than loading it is worth
KINDS = (".safetensors", ".json", ".jinja", ".model", ".txt")
RECORDS = ("run.json", "loss.json")  # of the training; the model does not depend on them


def write_checksums(folder: Path) -> None:
    """Write SHA256SUMS over the files of a model, but for its records and what is too large."""
    lines = [
        f"{sha256_of(path)}  {path.name}\n"
        for path in sorted(folder.iterdir())
        if path.suffix in KINDS and path.name not in RECORDS and path.stat().st_size <= LARGEST
    ]
    temporary = folder / f"{FILE}.tmp"  # a killed process leaves no half of the file
    temporary.write_text("".join(lines), encoding="utf-8", newline="\n")
    temporary.replace(folder / FILE)


def sha256_of(path: Path) -> str:
    """Hash a file's bytes, in 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def why_changed(folder: Path) -> str | None:
    """Say which file of a model is not as it was saved; None if all are, or nothing tells."""
    if not (folder / FILE).exists():
        return None
    try:
        for name, digest in _read(folder / FILE):
            if not (folder / name).is_file():
                return f"{name} is missing"
            if sha256_of(folder / name) != digest:
                return (
                    f"{name} has changed since it was saved; if you changed it yourself, delete "
                    f"{FILE} beside it"
                )
    except (OSError, ValueError):
        return f"{FILE} is empty or damaged"
    return None


def _read(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each name with its digest. Raises ValueError for a line that is not of this form."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines:
        raise ValueError("no lines")
    for line in lines:
        digest, name = line.split("  ", 1)
        if len(digest) != 64 or not name or "/" in name or "\\" in name:
            raise ValueError(line)
        yield name, digest
