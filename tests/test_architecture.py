"""The floors of docs/architecture.md: a module imports from its own floor and from those below."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from s1lib.io import ROOT

PACKAGE = ROOT / "s1lib"
FLOORS = [
    {
        "errors",
        "services",
        "stopping",
        "control_tokens",
        "prompts",
        "chat",
        "paper_numbers",
        "paper_facts",
        "threads",
        "workers",
    },
    {"grading", "inference"},
    {"config", "io", "locks"},
    {"planning", "toyworld"},
    {"commands"},
    {"distillation", "curation", "finetuning", "evaluation"},
    {"results", "notebook"},
    {"exercises"},
    {"__main__", "__init__"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(module: Path) -> str:
    """The folder or file at the top of the package that a module belongs to."""
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(module: Path) -> Iterator[str]:
    """The rooms that a module imports from, also inside functions."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "s1lib":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("s1lib."):
            yield str(node.module).split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("s1lib."))


def test_every_room_has_a_floor():
    assert {room_of(module) for module in MODULES} == set(FLOOR)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_imports_from_above(module):
    floor = FLOOR[room_of(module)]
    assert [room for room in imported(module) if FLOOR[room] > floor] == []


def test_no_circle_between_rooms():
    arrows = defaultdict(set)
    for module in MODULES:
        arrows[room_of(module)] |= set(imported(module)) - {room_of(module)}
    TopologicalSorter(arrows).prepare()  # raises CycleError


def test_production_code_meets_the_toy_world_in_three_places():
    users = {
        str(module.relative_to(PACKAGE))
        for module in MODULES
        if "toyworld" in imported(module)
        and room_of(module) not in ("toyworld", "results", "notebook", "exercises")
    }
    assert users == {"distillation/clients.py", "curation/kinds.py", "curation/run.py"}
