"""Released sets of questions and traces, through `datasets`: s1K, s1K-1.1, or any like them.

They stand in for the teacher (replay) and for the pool. A name on the hub needs the network the
first time; a local copy, a folder or a file, never does.
"""

import ast
from pathlib import Path
from typing import Any

from s1lib.distillation.sources import kind_from_source
from s1lib.errors import CourseError

# Columns that hold the thinking and the answer; the first pair that a set has is taken. s1K has
# the first, s1K-1.1 the others: DeepSeek's traces are the better ones.
TRACE_COLUMNS = (
    ("thinking_trajectories", "attempt"),
    ("deepseek_thinking_trajectory", "deepseek_attempt"),
    ("gemini_thinking_trajectory", "gemini_attempt"),
)
FILES = {".jsonl": "json", ".json": "json", ".parquet": "parquet"}


def parse_metadata(text: str | dict | None) -> dict:
    """Parse the stringified dict of the column `metadata`; it is never evaluated.

    What cannot be read is kept as {"unparsed": text}.
    """
    if isinstance(text, dict) or not text:
        return text or {}
    try:
        value = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return {"unparsed": text}
    return value if isinstance(value, dict) else {"unparsed": text}


def read_dataset(name: str, split: str = "train") -> Any:
    """Read a set from the hub or from a local copy: a data file, a folder with data files, or a
    folder that `save_to_disk` wrote.

    Raises CourseError if it cannot be loaded.
    """
    from datasets import load_dataset, load_from_disk

    path = Path(name)
    try:
        if path.is_file() and path.suffix in FILES:
            return load_dataset(FILES[path.suffix], data_files=str(path), split="train")
        if (path / "dataset_dict.json").exists():
            return load_from_disk(name)[split]
        if (path / "state.json").exists():
            return load_from_disk(name)
        return load_dataset(name, split=split)
    except Exception as error:  # the hub is away, the name is wrong, the folder is empty ...
        raise CourseError(
            f"cannot load {name}: check the name and the network, or load it once where there is "
            f"one, with the same HF_HOME. ({type(error).__name__})"
        ) from None


def trace_columns(name: str, present: list[str]) -> tuple[str, str]:
    """Choose the columns of thinking and answer among those that a set has.

    Raises CourseError that names them if there are none.
    """
    for columns in TRACE_COLUMNS:
        if set(columns) <= set(present):
            return columns
    wanted = " or ".join(" and ".join(columns) for columns in TRACE_COLUMNS)
    raise CourseError(f"{name} has no traces: {wanted} are wanted, it has {', '.join(present)}.")


def load_released(
    name: str,
    columns: tuple[str, str] | None = None,
    split: str = "train",
    traces: bool = True,
) -> list[dict]:
    """Load the rows of a released set, or of a local copy, in the schema of the curation.

    `columns` names the thinking and the answer; without it they are found (see TRACE_COLUMNS).
    `traces=False` takes the questions only: the set needs no such columns.
    Each row gets the `kind` of its source, where that is known.
    Raises CourseError if the set cannot be loaded or lacks a column.
    """
    data = read_dataset(name, split)
    if traces:
        columns = columns or trace_columns(name, data.column_names)
    needed = ("question", "solution", *(columns or ()))
    missing = [column for column in needed if column not in data.column_names]
    if missing:
        raise CourseError(
            f"{name} has no column {missing[0]}: it has {', '.join(data.column_names)}."
        )
    return [_row(raw, columns) for raw in data]


def _row(raw: dict, columns: tuple[str, str] | None) -> dict:
    source = raw.get("source_type") or "unknown"
    solution = raw["solution"] if raw["solution"] is None else str(raw["solution"])
    kind = raw.get("kind") or kind_from_source(source, raw["question"] or "", solution)
    thinking, attempt = (raw[name] for name in columns) if columns else (None, None)
    return {
        "question": raw["question"],
        "solution": solution,
        "cot_type": raw.get("cot_type"),
        "source_type": source,
        "metadata": parse_metadata(raw.get("metadata")),
        "cot": None,
        "thinking_trajectories": [thinking] if isinstance(thinking, str) else thinking,
        "attempt": attempt,
    } | ({"kind": kind} if kind else {})
