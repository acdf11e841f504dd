"""A result while it is put together: rows, paired comparisons, and the grades behind them."""

from collections.abc import Sequence
from typing import Any

from s1lib.config import Profile
from s1lib.evaluation.conditions import Condition
from s1lib.evaluation.metrics import compare
from s1lib.evaluation.report import comparison_row, seed_rows
from s1lib.evaluation.run import Runs, grade_traces
from s1lib.inference.engine import Trace
from s1lib.results.files import about, encode_grades


class ResultBuilder:
    """Collects one result over the fine-tuning seeds `seeds` on the questions `evals`."""

    def __init__(self, evals: list[dict], seeds: Sequence[int]) -> None:
        self.evals, self.seeds = evals, seeds
        self.rows: list[dict[str, Any]] = []
        self.comparisons: list[dict[str, Any]] = []
        self.right: dict[str, list[list[bool]]] = {}  # system -> grades [seeds, questions]

    def grade(
        self, system: str, runs: Sequence[list[Trace]], evals: list[dict] | None = None
    ) -> list[list[bool]]:
        """Grade the runs, one list of traces per seed, and keep the grades as those of `system`.

        `evals` are the questions if they differ from the result's. Raises what `grade_traces`
        raises.
        """
        grades = [grade_traces(traces, evals or self.evals) for traces in runs]
        self.right[system] = grades
        return grades

    def add(
        self, system: str, condition: Condition, runs: Sequence[list[Trace]], **labels: Any
    ) -> None:
        """Grade the runs, and add a row for each seed and a pooled one, with `labels` in front."""
        grades = self.grade(system, runs)
        self.rows += [labels | row for row in seed_rows(condition, self.seeds, runs, grades)]

    def compare(
        self, name: str, before: str, after: str, seed: int | None = None, **labels: Any
    ) -> None:
        """Add the paired comparison of two graded systems: of one seed, or of all pooled.

        Raises ValueError for a seed that was not run.
        """
        places = range(len(self.seeds)) if seed is None else [self.seeds.index(seed)]
        old, new = ([self.right[system][i] for i in places] for system in (before, after))
        row = comparison_row(name, "all" if seed is None else seed, compare(old, new))
        self.comparisons.append(labels | row)

    def add_without_and_with(
        self, variant: str, conditions: Sequence[Condition], runs: Sequence[Runs], **labels: Any
    ) -> None:
        """Add a variant under two conditions, without and with one Wait, and compare the two.

        `runs` holds the variant's runs of each seed. Its systems are "<variant>/<condition>".
        """
        before, after = (f"{variant}/{condition.name}" for condition in conditions)
        for system, condition in zip((before, after), conditions, strict=True):
            self.add(system, condition, [each[condition] for each in runs], **labels)
        self.compare("wait-1-vs-sft", before, after, **labels)

    def as_dict(self, profile: Profile, **more: Any) -> dict[str, Any]:
        """Return the result as it is recorded; `more` is what it holds beside rows and grades."""
        results: dict[str, Any] = {"rows": self.rows}
        if self.comparisons:
            results["comparisons"] = self.comparisons
        right = {system: encode_grades(grades) for system, grades in self.right.items()}
        return results | more | {"right": right, "about": about(profile, self.seeds)}
