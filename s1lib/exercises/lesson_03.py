"""The exercises of notebook 3: fine-tuning."""

import math
from collections.abc import Callable
from typing import Any

from s1lib.exercises.model import Case, Exercise
from s1lib.planning import planner

Rows = list[tuple[list[int], list[int]]]  # prompt and completion of each row, as token ids
MASKED = -100


# The loss mask


def trl_batch(rows: Rows, pad: int) -> tuple[list[list[int]], list[list[int]]]:
    """Return the ids and the labels that TRL makes of these rows."""
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    examples = [
        {"input_ids": prompt + completion, "labels": [MASKED] * len(prompt) + completion}
        for prompt, completion in rows
    ]
    batch = DataCollatorForLanguageModeling(pad_token_id=pad)(examples)
    return batch["input_ids"].tolist(), batch["labels"].tolist()


def _mask_cases() -> list[Case]:
    end = 9  # the last token of each completion
    two: Rows = [([1, 2], [7, 8, end]), ([3], [6, end])]
    three: Rows = [([1], [end]), ([2, 4, 2], [5, 6, 5, end]), ([3, 4], [7, end])]
    trials = (two, 0), (two, end), (three, 0), (two[:1], 0)
    return [
        Case((rows, pad), trl_batch(rows, pad), f"rows = {rows}, pad = {pad}")
        for rows, pad in trials
    ]


def _changed_batch(change: Callable[[list[int], int, int], list[int]]) -> Callable[..., Any]:
    """Make a wrong answer: `change` gets the padded ids of a row, its prompt's length and the
    padding, and gives the labels."""

    def batch(rows: Rows, pad: int) -> tuple[list[list[int]], list[list[int]]]:
        ids, _ = trl_batch(rows, pad)
        labels = [
            change(row, len(prompt), len(prompt + completion))
            for row, (prompt, completion) in zip(ids, rows, strict=True)
        ]
        return ids, labels

    return batch


def _by_id(rows: Rows, pad: int) -> tuple[list[list[int]], list[list[int]]]:
    ids, labels = trl_batch(rows, pad)
    return ids, [[MASKED if label == pad else label for label in row] for row in labels]


def _from_the_left(rows: Rows, pad: int) -> tuple[list[list[int]], list[list[int]]]:
    ids, labels = trl_batch(rows, pad)
    lengths = [len(prompt + completion) for prompt, completion in rows]
    turned = [
        [row[n:] + row[:n] for row, n in zip(side, lengths, strict=True)] for side in (ids, labels)
    ]
    return turned[0], turned[1]


def _question_counts(row: list[int], start: int, end: int) -> list[int]:
    return row[:end] + [MASKED] * (len(row) - end)


def _padding_counts(row: list[int], start: int, end: int) -> list[int]:
    return [MASKED] * start + row[start:]


def _shifted(row: list[int], start: int, end: int) -> list[int]:
    labels = [MASKED] * start + row[start:end] + [MASKED] * (len(row) - end)
    return [*labels[1:], MASKED]


# Is every end taught?


def _batch(rows: Rows, pad: int, left: bool = False) -> dict[str, list[list[int]]]:
    """Make a batch as TRL does, or with its padding on the left."""
    ids, labels = (_from_the_left if left else trl_batch)(rows, pad)
    lengths = [len(prompt + completion) for prompt, completion in rows]
    masks = [[1] * n + [0] * (len(ids[0]) - n) for n in lengths]
    masks = [mask[::-1] for mask in masks] if left else masks
    return {"input_ids": ids, "attention_mask": masks, "labels": labels}


def _untaught_cases() -> list[Case]:
    end = 9  # ends the user's turn in the prompt, too
    rows: Rows = [([1, end], [5, 6, end]), ([2, end], [7, end])]
    by_id = _batch(rows, end)
    by_id["labels"] = [[MASKED if i == end else i for i in ids] for ids in by_id["labels"]]
    cut = _batch([rows[0], ([2, end], [7, 7])], 0)
    cut["labels"] = [
        [i if real else MASKED for i, real in zip(*pair, strict=True)]
        for pair in zip(cut["input_ids"], cut["attention_mask"], strict=True)
    ]  # the questions count, too
    trials = [
        (by_id, [0, 1]),
        (_batch(rows, 0), []),
        (_batch(rows, end), []),
        (cut, [1]),
        (_batch(rows, 0, left=True), []),
    ]
    return [Case((batch, end), found, _shown(batch, end)) for batch, found in trials]


def _shown(batch: dict[str, list[list[int]]], end: int) -> str:
    return "\n".join(f"{name}: {value}" for name, value in (*batch.items(), ("end", end)))


def _audit(rule: Callable[..., bool]) -> Callable[..., list[int]]:
    """Make a wrong answer of a wrong rule for one row: its ids, attention mask and labels."""

    def audit(batch: dict[str, list[list[int]]], end: int) -> list[int]:
        columns = (batch[name] for name in ("input_ids", "attention_mask", "labels"))
        rows = zip(*columns, strict=True)
        return [number for number, row in enumerate(rows) if rule(*row, end)]

    return audit


def _last_place(ids: list[int], mask: list[int], labels: list[int], end: int) -> bool:
    return ids[-1] != end or labels[-1] == MASKED


def _any_masked(ids: list[int], mask: list[int], labels: list[int], end: int) -> bool:
    return (end, MASKED) in zip(ids, labels, strict=True)


def _none_counts(ids: list[int], mask: list[int], labels: list[int], end: int) -> bool:
    return end not in labels


def _from_the_left_on(ids: list[int], mask: list[int], labels: list[int], end: int) -> bool:
    last = sum(mask) - 1
    return ids[last] != end or labels[last] == MASKED


# Steps


def _steps_cases() -> list[Case]:
    runs = [(1000, 5, 2, 8, 1), (1000, 5, 1, 1, 16), (960, 2, 4, 2, 2), (10, 3, 2, 8, 1)]
    names = "rows", "epochs", "per_device", "accumulation", "gpus"
    return [
        Case(
            run,
            planner.steps(run[0], math.prod(run[2:]), run[1]),
            ", ".join(f"{name}={value}" for name, value in zip(names, run, strict=True)),
        )
        for run in runs
    ]


def _rounded_down(rows: int, epochs: int, each: int, parts: int, gpus: int) -> int:
    return rows // (each * parts * gpus) * epochs


def _in_one_go(rows: int, epochs: int, each: int, parts: int, gpus: int) -> int:
    return math.ceil(rows * epochs / (each * parts * gpus))


# Memory

QWENS = [f"Qwen2.5-{size}-Instruct" for size in ("7B", "32B", "0.5B")]
COUNTED = ("weights", "gradients", "optimizer", "gathered")


def _memory_cases() -> list[Case]:
    cases = []
    for name in QWENS:
        setup = planner.Setup(f"Qwen/{name}")
        count = setup.shape.parameters
        gib = sum(planner.memory(setup)[part] for part in COUNTED)
        wanted = "what the planner counts, in GiB"  # the number itself would give the bytes away
        cases.append(Case((count,), gib, f"{count:,} parameters ({name})", wanted))
    return cases


def _gib(bytes_each: float) -> Callable[[float], float]:
    """Make a wrong answer of a wrong number of bytes for each parameter."""
    return lambda parameters: parameters * bytes_each / planner.GIB


def _near(outcome: Any, expected: float) -> bool:
    return isinstance(outcome, int | float) and math.isclose(outcome, expected, rel_tol=0.005)


EXERCISES = {
    "loss_mask": Exercise(
        _mask_cases,
        mistakes={
            "the question counts": _changed_batch(_question_counts),
            "the padding counts": _changed_batch(_padding_counts),
            "shifted": _changed_batch(_shifted),
            "padded on the left": _from_the_left,
            "masked by id": _by_id,
        },
    ),
    "untaught": Exercise(
        _untaught_cases,
        mistakes={
            "looks at the last place": _audit(_last_place),
            "any masked end": _audit(_any_masked),
            "an end somewhere": _audit(_none_counts),
            "counts from the left": _audit(_from_the_left_on),
        },
    ),
    "steps": Exercise(
        _steps_cases,
        mistakes={
            "rounded down": _rounded_down,
            "epochs in one go": _in_one_go,
            "one epoch": lambda rows, epochs, *step: planner.steps(rows, math.prod(step), 1),
            "no accumulation": lambda rows, epochs, each, parts, gpus: planner.steps(
                rows, each * gpus, epochs
            ),
            "one GPU": lambda rows, epochs, each, parts, gpus: planner.steps(
                rows, each * parts, epochs
            ),
        },
    ),
    "memory": Exercise(
        _memory_cases,
        mistakes={
            "the weights only": _gib(4),
            "without Adam": _gib(10),
            "no 32-bit weights": _gib(12),
            "four bytes short": _gib(14),
            "without the copy": _gib(16),
            "decimal": lambda parameters: parameters * 18 / 1e9,
        },
        agrees=_near,
    ),
}
