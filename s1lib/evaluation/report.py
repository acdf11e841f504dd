"""Results as rows: rates, paired comparisons, and the table of both."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from s1lib.evaluation.conditions import ANSWERS_ONLY, BASE, Condition
from s1lib.evaluation.metrics import Comparison, compare, pooled_rate
from s1lib.grading.graders import find_answer
from s1lib.inference.engine import Trace


def result_row(
    condition: Condition,
    seed: int | str,
    runs: Sequence[list[Trace]],
    right: Sequence[list[bool]],
    kinds: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Make a row of the results: the condition, its rate with an interval, mean thinking tokens,
    the share of thoughts that were cut at the limit, and answers that the grader did not find.

    `runs` and `right` hold one list per fine-tuning seed. `kinds` names the grader of each
    question; without it they are the toy world's.
    """
    traces = [trace for some in runs for trace in some]
    asked = [kind for some in runs for kind in kinds or ["integer"] * len(some)]
    answers = [find_answer(t.gradable_text, k) for t, k in zip(traces, asked, strict=True)]
    return (
        condition.fields
        | {"seed": seed}
        | asdict(pooled_rate(right))
        | {
            "thinking_tokens": round(sum(t.thinking_tokens for t in traces) / len(traces), 1),
            "hit_limit": round(sum(t.hit_limit for t in traces) / len(traces), 4),
            "no_answer": answers.count(None),
        }
    )


def seed_rows(
    condition: Condition,
    seeds: Sequence[int],
    runs: Sequence[list[Trace]],
    right: Sequence[list[bool]],
) -> list[dict[str, Any]]:
    """Make a row for each fine-tuning seed, and one for all of them pooled."""
    rows = [
        result_row(condition, seed, [traces], [grades])
        for seed, traces, grades in zip(seeds, runs, right, strict=True)
    ]
    return [*rows, result_row(condition, "all", runs, right)]


def comparison_row(name: str, seed: int | str, result: Comparison) -> dict[str, Any]:
    """Make a row of the comparisons."""
    return {"name": name, "seed": seed} | asdict(result)


def paired_comparisons(
    right: dict[Condition, list[list[bool]]], seed: int | str
) -> list[dict[str, Any]]:
    """Compare `sft` with the systems before it, and every number of Waits with `sft`.

    `right` maps a condition to its grades [fine-tuning seeds, questions]. Each row holds the Waits
    of the system that it is about.
    """
    by_name = {condition.name: grades for condition, grades in right.items()}
    pairs = [
        ("sft-vs-base", 0, BASE.name, "sft"),
        ("sft-vs-answers-only", 0, ANSWERS_ONLY.name, "sft"),
        *((f"wait-{c.waits}-vs-sft", c.waits, "sft", c.name) for c in right if c.waits),
    ]
    return [
        comparison_row(name, seed, compare(by_name[before], by_name[after])) | {"waits": waits}
        for name, waits, before, after in pairs
        if before in by_name and after in by_name
    ]


def text_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Align cells as text: the first column on the left, the others on the right."""
    cells = [list(header), *map(list, rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = (
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def results_table(results: dict[str, list[dict[str, Any]]]) -> str:
    """Show the results as aligned text: accuracies and differences in percent."""
    rates = text_table(
        ["condition", "seed", "right", "accuracy", "95% interval", "tokens", "cut", "no answer"],
        [
            [
                r["name"],
                str(r["seed"]),
                f"{r['correct']}/{r['n']}",
                f"{r['accuracy']:.1%}",
                f"[{r['ci_low']:.1%}, {r['ci_high']:.1%}]",
                f"{r['thinking_tokens']:.1f}",
                f"{r['hit_limit']:.0%}",
                str(r["no_answer"]),
            ]
            for r in results["rows"]
        ],
    )
    differences = text_table(
        ["paired comparison", "seed", "fixed", "broken", "difference", "95% interval"],
        [
            [
                c["name"],
                str(c["seed"]),
                str(c["fixed"]),
                str(c["broken"]),
                f"{c['difference']:+.1%}",
                f"[{c['ci_low']:+.1%}, {c['ci_high']:+.1%}]",
            ]
            for c in results["comparisons"]
        ],
    )
    return f"{rates}\n\n{differences}" if results["comparisons"] else rates
