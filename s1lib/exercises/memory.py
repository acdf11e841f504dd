"""What the reader has done, kept in `build/exercises.json`, so that it outlives a kernel."""

import json
from typing import Any

from IPython.display import HTML

from s1lib.errors import CourseError
from s1lib.exercises.model import all_texts
from s1lib.io import build_dir, output, write_json
from s1lib.notebook.display import table

FILE = "exercises.json"
SIGNS = {True: "✅ done", False: "tried"}


def read() -> dict[str, dict[str, Any]]:
    """Return what is kept of each exercise; nothing of a file that is damaged."""
    try:
        kept = json.loads((build_dir() / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(kept, dict):
        return {}
    return {name: entry for name, entry in kept.items() if isinstance(entry, dict)}


def tries(name: str) -> int:
    """Return how often an exercise was tried and failed."""
    count = read().get(name, {}).get("tries", 0)
    return count if isinstance(count, int) and count >= 0 else 0


def remember(name: str, status: str) -> None:
    """Keep the result of a check. A folder that cannot be written keeps nothing."""
    if status == "todo":
        return
    kept = read()
    before = kept.get(name, {})
    kept[name] = {
        "tries": tries(name) + (status == "failed"),
        "passed": status == "passed" or before.get("passed") is True,
    }
    try:
        write_json(output(FILE), kept)
    except (CourseError, OSError):
        pass  # the check itself was told; only the memory of it is lost


def progress() -> HTML:
    """Show which exercises are done, lesson by lesson."""
    kept = read()
    return table(
        [
            {
                "lesson": texts.lesson,
                "exercise": texts.title,
                "minutes": texts.minutes,
                "": SIGNS[kept[name].get("passed") is True] if name in kept else "",
            }
            for name, texts in all_texts().items()
        ]
    )
