"""Make a recorded result again: `python -m s1lib.results table4` writes `data/results/table4.json`.

An interrupted run resumes: its parts are kept in `build/results_cache/`.
"""

import argparse
import ast
import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

from s1lib.commands import add_profile, resolve_auto
from s1lib.config import Profile
from s1lib.errors import CourseError
from s1lib.evaluation.metrics import comparison_of, rate_of
from s1lib.evaluation.report import text_table
from s1lib.io import output
from s1lib.locks import locked
from s1lib.results.files import write

# In the order in which they are made: the models of the first are those of the others, too.
NAMES = (
    "main_result",
    "lora",
    "table2",
    "table3",
    "table4",
    "table8",
    "figure6",
    "figure7",
    "nowait",
    "batches",
    "loss_weight",
)


def result_module(name: str) -> ModuleType:
    """Import the module of a result: it has LABELS, SEEDS and `measure`."""
    return importlib.import_module(f"s1lib.results.{name}")  # torch is slow to import


def title(name: str) -> str:
    """Return the first line of a result's module, without importing it."""
    module = ast.parse(Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(module) or "").split("\n")[0]


def summary(results: dict[str, Any], labels: tuple[str, ...]) -> str:
    """Show a result's pooled rows and comparisons as aligned text.

    `labels` are the columns that tell its rows apart.
    """
    rows = results["rows"]
    pooled = [row for row in rows if row.get("seed") == "all"] or rows
    tables = [
        text_table(
            [*labels, "accuracy, 95% interval", "tokens"],
            [
                [*(str(row[label]) for label in labels), str(rate_of(row))]
                + [str(row["thinking_tokens"])]
                for row in pooled
            ],
        )
    ]
    if compared := results.get("comparisons"):
        before = [label for label in labels if label in compared[0] and label != "name"]
        pooled = [row for row in compared if row["seed"] == "all"] or compared
        tables.append(
            text_table(
                [*before, "paired comparison", "difference"],
                [
                    [*(str(row[label]) for label in (*before, "name")), str(comparison_of(row))]
                    for row in pooled
                ],
            )
        )
    return "\n\n".join(tables)


def chosen_seeds(name: str, number: int | None, own: tuple[int, ...]) -> tuple[int, ...]:
    """Return the fine-tuning seeds of a run: the result's own, or the first `number`.

    Raises CourseError for less than one, or more than one where the result has only one.
    """
    if number is None:
        return own
    if number < 1 or (number > 1 and len(own) == 1):
        allowed = "one seed" if len(own) == 1 else "at least one seed"
        raise CourseError(f"{name} takes {allowed}, not {number}: change --seeds.")
    return tuple(range(number))


def parse_arguments() -> argparse.Namespace:
    """Read the command line. Options of one result are refused for the others."""
    parser = argparse.ArgumentParser(prog="s1 results", description=main.__doc__)
    parser.add_argument("name", nargs="?", choices=NAMES, help="which result")
    parser.add_argument("--list", action="store_true", help="list the results, a line each")
    add_profile(parser)
    parser.add_argument("--seeds", type=int, help="how many fine-tuning seeds")
    parser.add_argument(
        "--skip-sweep", action="store_true", help="main_result: leave the sweep of the teacher out"
    )
    parser.add_argument(
        "--dev-only",
        action="store_true",
        help="main_result: only print the rows of seed 0 on the development set",
    )
    args = parser.parse_args()
    if not args.name and not args.list:
        parser.error("name a result, or --list them")
    if (args.skip_sweep or args.dev_only) and args.name != "main_result":
        parser.error("--skip-sweep and --dev-only are options of main_result")
    return args


def make(args: argparse.Namespace) -> None:
    """Make a result, alone in the folder of its parts; see `measure`.

    Raises what `open_cache`, `chosen_seeds` and the result's `measure` raise.
    """
    from s1lib.results.cache import FOLDER, open_cache  # torch is slow to import

    module = result_module(args.name)
    seeds = chosen_seeds(args.name, args.seeds, module.SEEDS)
    with locked(output(FOLDER)):
        measure(args, module, seeds, open_cache(resolve_auto(args.profile)))


def measure(
    args: argparse.Namespace, module: ModuleType, seeds: tuple[int, ...], profile: Profile
) -> None:
    """Measure a result with this profile, write it, and print a summary."""
    if args.dev_only:
        print(json.dumps(module.development_rows(profile), indent=1))
        return
    options = {"with_sweep": False} if args.skip_sweep else {}
    results = module.measure(profile, seeds, **options)
    write(args.name, results)
    if args.name == "main_result":
        module.draw(results)
    print(summary(results, module.LABELS))


def main() -> None:
    """Make one of the recorded results in data/results/ again."""
    args = parse_arguments()
    if args.list:
        for name in NAMES:
            print(f"{name:12} {title(name)}")
    else:
        make(args)
