"""Released sets of questions and traces, through `datasets`: s1K, s1K-1.1, or any like them.

They stand in for the teacher (replay) and for the pool. Needs the network the first time.
"""

import ast

from s1lib.errors import CourseError

# Columns of each set that hold the thinking and the answer; the rest have the names of s1K.
TRACE_COLUMNS = {
    "simplescaling/s1K": ("thinking_trajectories", "attempt"),
    "simplescaling/s1K-1.1": ("deepseek_thinking_trajectory", "deepseek_attempt"),
}


def parse_metadata(text: str | dict | None) -> dict:
    """The stringified dict of the column `metadata`, parsed and never evaluated.

    What cannot be read is kept as {"unparsed": text}.
    """
    if isinstance(text, dict) or not text:
        return text or {}
    try:
        value = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return {"unparsed": text}
    return value if isinstance(value, dict) else {"unparsed": text}


def load_released(
    name: str, columns: tuple[str, str] | None = None, split: str = "train"
) -> list[dict]:
    """The rows of a released set, or of a folder with one, in the schema of the curation.

    `columns` names the thinking and the answer where the set is not in COLUMNS.
    Raises CourseError if it cannot be loaded or lacks a column.
    """
    from datasets import load_dataset

    thinking, attempt = columns or TRACE_COLUMNS.get(name, TRACE_COLUMNS["simplescaling/s1K"])
    try:
        data = load_dataset(name, split=split)
    except Exception as error:  # the hub is away, the name is wrong, the folder is empty ...
        raise CourseError(
            f"cannot load {name}: check the name and the network, or load it once where there is "
            f"one, with the same HF_HOME. ({type(error).__name__})"
        ) from None
    needed = ("question", "solution", thinking, attempt)
    missing = [column for column in needed if column not in data.column_names]
    if missing:
        raise CourseError(
            f"{name} has no column {missing[0]}: it has {', '.join(data.column_names)}."
        )

    def row(raw: dict) -> dict:
        told = raw[thinking]
        return {
            "question": raw["question"],
            "solution": raw["solution"],
            "cot_type": raw.get("cot_type"),
            "source_type": raw.get("source_type") or "unknown",
            "metadata": parse_metadata(raw.get("metadata")),
            "cot": None,
            "thinking_trajectories": [told] if isinstance(told, str) else told,
            "attempt": raw[attempt],
        }

    return [row(raw) for raw in data]
