"""Recorded results, the files in `data/results/`: written, read, and tied to the data they came
from."""

import hashlib
import json
import platform
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from s1lib.config import Profile
from s1lib.errors import CourseError
from s1lib.io import DATA, locate, read_json, write_text


def data_hash(find: Callable[[str], Path]) -> str:
    """Hash the files that all results depend on; `find` returns the path of each."""
    total = hashlib.sha256()
    for name in ("curated.jsonl", "heldout.jsonl", "base/model.safetensors"):
        total.update(find(name).read_bytes())
    return total.hexdigest()[:16]


def about(profile: Profile, seeds: Sequence[int]) -> dict[str, Any]:
    """Describe what a result depends on: settings, seeds, versions, and a hash of its data."""
    return {
        "profile": profile.name,
        "seeds": list(seeds),
        "sft": profile.sft,
        "python": platform.python_version(),
        "versions": {p: version(p).split("+")[0] for p in ("torch", "transformers", "trl", "peft")},
        "data": data_hash(partial(locate, report=lambda text: None)),
    }


def encode_grades(right: Sequence[Sequence[bool]]) -> list[str]:
    """Write each seed's grades [seeds, questions] as a text of 0 and 1, so that any slice of a
    recorded result can be run again and compared."""
    return ["".join("01"[grade] for grade in grades) for grades in right]


def decode_grades(texts: Sequence[str]) -> list[list[bool]]:
    """Read grades back from what `encode_grades` wrote."""
    return [[bit == "1" for bit in text] for text in texts]


def recorded(name: str) -> dict[str, Any]:
    """Read a shipped result from `data/results/`.

    Raises CourseError if it is missing or damaged, or was made from other data than the shipped.
    """
    path = DATA / "results" / f"{name}.json"
    fix = f"restore it with `git checkout -- data/`, or make it again: make results-{name}."
    results = read_json(path, fix)
    try:
        made_from = results["about"]["data"]
    except (KeyError, TypeError):
        raise CourseError(f"{path.name} is missing or damaged: {fix}") from None
    if made_from != data_hash(DATA.joinpath):
        raise CourseError(f"{path.name} was made from other data than lies in data/: {fix}")
    return results


def write(name: str, results: dict[str, Any]) -> None:
    """Write a result to `data/results/`."""
    write_text(DATA / "results" / f"{name}.json", json.dumps(results, indent=1) + "\n")
