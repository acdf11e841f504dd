"""Count what a reader meets in each lesson, and say which lessons are too long.

A lesson has at most 1,200 words of prose, 30 code cells (40 in notebook 05) and 15 lines in a cell.
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from hosted_cell import is_hosted

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
WORDS, CELLS, LINES = 1200, 30, 15
MORE_CELLS = {"05_evaluation": 40}


@dataclass(frozen=True)
class Counts:
    """What a notebook holds. `pictures` are plots and diagrams in its saved outputs."""

    name: str
    words: int
    code_cells: int
    longest: int
    pictures: int

    @property
    def faults(self) -> list[str]:
        """Say what is over its bound."""
        bounds = (
            ("words", self.words, WORDS),
            ("code cells", self.code_cells, MORE_CELLS.get(self.name, CELLS)),
            ("lines in a cell", self.longest, LINES),
        )
        return [f"{value} {what}, at most {most}" for what, value, most in bounds if value > most]


def count(path: Path) -> Counts:
    """Count a notebook: tables, code blocks, links and tags are no prose."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    cells = [c for c in cells if not is_hosted(c)]  # no part of the lesson
    code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    prose = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    for no_prose in (r"(?s)```.*?```", r"(?m)^\|.*$", r"<[^>]+>", r"\]\([^)]*\)"):
        prose = re.sub(no_prose, " ", prose)
    outputs = json.dumps([c.get("outputs", []) for c in cells if c["cell_type"] == "code"])
    return Counts(
        path.stem,
        len(re.findall(r"[A-Za-z0-9][\w.,'’%-]*", prose)),
        len(code),
        max((len(text.splitlines()) for text in code), default=0),
        outputs.count("<img alt") + outputs.count("<svg"),
    )


def main() -> int:
    """Print a line for each notebook; returns how many lessons are over a bound."""
    counts = [count(path) for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
    print(f"{'notebook':28} {'words':>6} {'cells':>6} {'longest':>8} {'pictures':>9}")
    for c in counts:
        row = f"{c.name:28} {c.words:6} {c.code_cells:6} {c.longest:8} {c.pictures:9}"
        print(row, "; ".join(c.faults))
    return sum(bool(c.faults) for c in counts)


if __name__ == "__main__":
    sys.exit(main())
