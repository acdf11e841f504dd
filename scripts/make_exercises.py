"""Make notebooks/exercises/ from notebooks/solutions/: `python scripts/make_exercises.py`.

In a code cell with the tag `solution`, each function keeps its signature and docstring and loses
its body, and each value becomes `...`; imports stay. A Markdown cell with that tag is left out.
`--check` writes nothing and says what has drifted.
"""

import ast
import copy
import json
import sys
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
TAG = "solution"


def is_solution(cell: dict[str, Any]) -> bool:
    """Tell whether a cell holds what the reader is to write."""
    return TAG in cell["metadata"].get("tags", [])


def stub(source: str) -> str:
    """Take the solution out of a cell: what is left is what the reader begins with."""
    lines = source.splitlines()
    kept = []
    for node in ast.parse(source).body:
        kept += [""] * 2 if kept and isinstance(node, ast.FunctionDef | ast.ClassDef) else []
        kept += _stub_of(node, lines)
    return "\n".join(kept)


def _stub_of(node: ast.stmt, lines: list[str]) -> list[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return lines[node.lineno - 1 : node.end_lineno]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [f"{ast.unparse(target)} = ..." for target in targets]
    if not isinstance(node, ast.FunctionDef | ast.ClassDef):
        raise ValueError(
            f"line {node.lineno} of a solution is no function, value or import: "
            "move it to its own cell"
        )
    if ast.get_docstring(node) is None:  # the reader's task, and where the signature ends
        raise ValueError(f"{node.name} needs a docstring: it is what the reader sees")
    kept = lines[node.lineno - 1 : node.body[0].end_lineno]
    if isinstance(node, ast.FunctionDef):
        return [*kept, " " * (node.col_offset + 4) + "..."]
    for method in node.body:
        if isinstance(method, ast.FunctionDef):
            kept += ["", *_stub_of(method, lines)]
    return kept


def exercise_of(solution: dict[str, Any]) -> dict[str, Any]:
    """Return the notebook that the reader gets: stubs, and no outputs."""
    nb = copy.deepcopy(solution)
    cells = [c for c in nb["cells"] if c["cell_type"] == "code" or not is_solution(c)]
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        if is_solution(cell):
            cell["source"] = stub("".join(cell["source"])).splitlines(keepends=True)
            cell["metadata"] = {"tags": ["exercise"]}
        cell["outputs"], cell["execution_count"] = [], None
        cell["metadata"].pop("execution", None)
    nb["cells"] = cells
    nb["metadata"].pop("widgets", None)
    return nb


def text_of(nb: dict[str, Any]) -> str:
    """Write a notebook as Jupyter does."""
    return json.dumps(nb, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> int:
    """Write the exercise notebooks; with --check compare only."""
    drifted = []
    folder = NOTEBOOKS / "exercises"
    solutions = sorted((NOTEBOOKS / "solutions").glob("*.ipynb"))
    for path in solutions:
        text = text_of(exercise_of(json.loads(path.read_text(encoding="utf-8"))))
        target = folder / path.name
        if target.exists() and target.read_text(encoding="utf-8") == text:
            continue
        drifted.append(path.name)
        if "--check" not in sys.argv:
            target.write_text(text, encoding="utf-8", newline="\n")
            print(f"exercises/{path.name}: written")
    for path in folder.glob("*.ipynb"):
        if path.name not in {p.name for p in solutions}:
            drifted.append(path.name)
            if "--check" not in sys.argv:
                path.unlink()
                print(f"exercises/{path.name}: has no solution, removed")
    if drifted and "--check" in sys.argv:
        print(f"not made from their solutions: {', '.join(drifted)}. Run this without --check.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
