"""Table 3 of the paper: methods of test-time scaling.

Budget forcing against a model that reads its budget in the question (token-conditional control,
Table 12), with and without forcing it to keep to it, and against rejection sampling (Figure 6).
One seed, the whole held-out set. About twenty minutes on two cores.
"""

from collections.abc import Callable
from typing import Any

from s1lib.config import Profile
from s1lib.evaluation.conditions import Condition, thinking_conditions
from s1lib.evaluation.metrics import control, performance, scaling
from s1lib.evaluation.report import result_row
from s1lib.finetuning.run import load_tokenizer
from s1lib.inference.engine import Engine, Trace
from s1lib.io import resolve_model
from s1lib.paper_numbers import TABLE_3, TABLE_12
from s1lib.results.builder import ResultBuilder
from s1lib.results.cache import (
    cached_model,
    cached_thinking,
    cached_traces,
    course_rows,
    lazy_engine,
    main_runs,
    training_losses,
)
from s1lib.results.figure6 import measure as rejection_sampling

LABELS = ("name", "asked")
SEEDS = (0,)
ASKED = (32, 64, 128, 256, 512)  # tokens
FORCING, CONDITIONAL = "budget forcing", "token-conditional"
MODEL = "token-conditional-0"  # in the cache


def with_request(question: str, tokens: int) -> str:
    """Append the budget to the question, as in the paper's token-conditional data."""
    return f"{question} Think for up to {tokens} tokens."


def asking(evals: list[dict], tokens: int) -> list[dict]:
    """Return the evaluation rows with this budget in their questions."""
    return [row | {"question": with_request(row["question"], tokens)} for row in evals]


def token_conditional(rows: list[dict], tokenizer: Any) -> list[dict]:
    """Return the rows, each asking for the smallest budget of ASKED that holds its own trace.

    A trace longer than all of them asks for the largest.
    """
    conditional = []
    for row in rows:
        n = len(tokenizer.encode(row["thinking_trajectories"][0], add_special_tokens=False))
        bucket = next((budget for budget in ASKED if n <= budget), ASKED[-1])
        conditional.append(row | {"question": with_request(row["question"], bucket)})
    return conditional


def runs_at(
    engine: Callable[[], Engine], asked: int, evals: list[dict], profile: Profile
) -> tuple[list[Trace], list[Trace]]:
    """Return the traces of the questions that ask for this budget: as they are, and cut at it."""
    part = f"token-conditional-{asked}"
    questions = [row["question"] for row in asking(evals, asked)]
    free = cached_thinking(part, engine, questions, profile.budget())
    forced = cached_traces(f"{part}-forced", lambda: engine().answer_from_prefix(free, asked))
    return free, forced


def conditional_runs(
    profile: Profile, evals: list[dict], seed: int
) -> dict[int, tuple[list[Trace], list[Trace]]]:
    """Train the token-conditional model; return `runs_at` of each budget."""
    tokenizer, _ = load_tokenizer(resolve_model(profile.model))
    rows = token_conditional(course_rows("curated"), tokenizer)
    model = cached_model(MODEL, rows, profile, seed)
    with lazy_engine(MODEL, model, **profile.engine) as engine:
        return {asked: runs_at(engine, asked, evals, profile) for asked in ASKED}


def runs_of(
    profile: Profile, evals: list[dict], seed: int
) -> dict[tuple[Condition, int], list[Trace]]:
    """Return each method's traces: (condition, tokens allowed or asked for) -> traces."""
    main = main_runs(profile, seed)
    runs = {}
    for condition in thinking_conditions(profile, (profile.chosen_waits,)):
        assert condition.limit is not None
        here = Condition(FORCING, condition.limit, condition.waits, condition.string)
        runs[here, condition.limit] = main[condition]
    conditional = conditional_runs(profile, evals, seed)
    for asked, (free, _) in conditional.items():
        runs[Condition(CONDITIONAL, profile.max_thinking), asked] = free
    for asked, (_, forced) in conditional.items():
        runs[Condition(f"{CONDITIONAL}, forced", asked), asked] = forced
    return runs


def summary(method: str, rows: list[dict], allowed: list[float]) -> dict[str, Any]:
    """Compute Control, Scaling and Performance of a method's rows; `allowed` is what each run was
    allowed, in tokens."""
    tokens = [row["thinking_tokens"] for row in rows]
    points = [100 * row["accuracy"] for row in rows]
    return {
        "method": method,
        "control": control(tokens, [0] * len(tokens), allowed),
        "scaling_per_doubling": round(scaling(tokens, points), 1),
        "scaling_per_thousand": round(scaling(tokens, points, "thousand"), 1),
        "performance": round(performance(points), 1),
        "runs": len(rows),
    }


def measure(profile: Profile, seeds: tuple[int, ...] = SEEDS) -> dict[str, Any]:
    """Measure each run of each method, and the paper's three measures of each method."""
    [seed] = seeds
    evals = course_rows("heldout")
    builder = ResultBuilder(evals, seeds)
    for (condition, asked), traces in runs_of(profile, evals, seed).items():
        questions = evals if condition.name == FORCING else asking(evals, asked)
        grades = builder.grade(f"{condition.name}/{asked}", [traces], questions)
        builder.rows.append({"asked": asked} | result_row(condition, seed, [traces], grades))
    methods: dict[str, list[dict]] = {}
    for row in builder.rows:
        methods.setdefault(row["name"], []).append(row)
    measures = [summary(m, rows, [r["asked"] for r in rows]) for m, rows in methods.items()]
    sampled = [r for r in rejection_sampling(profile, seeds)["rows"] if r["thinking_tokens"]]
    measures.append(summary("rejection sampling", sampled, [r["limit"] for r in sampled]))
    return builder.as_dict(
        profile,
        measures=measures,
        training=training_losses([MODEL]),
        paper=TABLE_3,
        paper_table_12=TABLE_12,
    )
