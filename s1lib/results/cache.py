"""Parts of recorded results: fine-tuned models and their traces, each made only once.

They lie in `build/results_cache/`, so that an interrupted run resumes, and results share them.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from s1lib.config import Profile, load_profile
from s1lib.errors import CourseError
from s1lib.evaluation.conditions import Condition
from s1lib.evaluation.run import Runs, run_conditions
from s1lib.evaluation.trace_cache import load_or_make
from s1lib.finetuning.run import finetune
from s1lib.inference import open_engine
from s1lib.inference.budget import Budget
from s1lib.inference.engine import GREEDY, Engine, Sampling, Trace
from s1lib.io import locate, output, read_json, read_rows, resolve_model, write_json
from s1lib.results.files import about
from s1lib.threads import processes
from s1lib.workers import Workers

FOLDER = "results_cache"
WAITS = (1, 2, 4, 8)  # of the main result


def open_cache(name: str | None = None) -> Profile:
    """Load the profile of a recorded run, and check the parts of earlier runs.

    Raises CourseError if they were made with another profile, other data or other versions; and
    what `load_profile` raises.
    """
    profile = load_profile(name)
    now = json.loads(json.dumps(about(profile, ())))  # as it is read back
    path = output(f"{FOLDER}/about.json")
    if not path.exists():
        write_json(path, now)
    before = read_json(path, f"move build/{FOLDER} away to begin again.")
    changed = [key for key in now if before.get(key) != now[key]]
    if changed:
        key = changed[0]
        raise CourseError(
            f"build/{FOLDER} holds parts of another run: {key} was {before.get(key)} and is "
            f"{now[key]}. Move the folder away, or delete it."
        )
    return profile


def run_in_workers(jobs: Iterable[tuple]) -> None:
    """Make parts in parallel. A job is a function, whose result is only stored, and its arguments.

    A part that an earlier run made is not made again. On two cores two processes are a third
    faster than two threads. Raises what a job raises; the other jobs are stopped then.
    """
    listed = list(jobs)
    with closing(Workers(processes())) as workers:
        for done, _ in enumerate(workers.run(listed, here=False), start=1):
            print(f"{done}/{len(listed)} parts", flush=True)


def course_rows(name: str) -> list[dict]:
    """Read the rows of a course file such as "heldout". Raises what `locate` and `read_rows` do."""
    return read_rows(locate(f"{name}.jsonl", report=lambda text: None))


def cached_traces(
    part: str, make: Callable[[], list[Trace]], questions: list[str] | None = None
) -> list[Trace]:
    """Return a part's traces: read if an earlier run made them, else made and stored.

    With `questions` they must answer just these; see `load_or_make`.
    """
    return load_or_make(output(f"{FOLDER}/{part}.jsonl").parent, part, make, questions)


def cached_model(
    part: str, rows: list[dict], profile: Profile, seed: int, thinking: bool = True
) -> Path:
    """Return the folder of a model fine-tuned on these rows; it is trained only once.

    Raises what `finetune` raises.
    """
    out = output(f"{FOLDER}/{part}")
    if not (out / "loss.json").exists():
        print(f"fine-tuning {part}", flush=True)
        base = resolve_model(profile.model)
        finetune(rows, profile, out, base, seed, thinking, data_name=f"the rows of {part}")
    return out


def training_losses(parts: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the first and the last logged step of these models' training, with their losses."""
    fix = "move its folder away to train it again."
    curves = {part: read_json(output(f"{FOLDER}/{part}/loss.json"), fix, list) for part in parts}
    return {part: {"first": curve[0], "last": curve[-1]} for part, curve in curves.items()}


@contextmanager
def lazy_engine(part: str, model: str | Path, **settings: Any) -> Iterator[Callable[[], Engine]]:
    """Yield a function that loads the model when it is first called; close it at the end.

    `settings` are those of `open_engine`. Raises what `open_engine` raises.
    """
    with ExitStack() as stack:

        @cache
        def engine() -> Engine:
            print(f"evaluating {part}", flush=True)
            return stack.enter_context(closing(open_engine(model, **settings, share=True)))

        yield engine


def thinking_runs(
    part: str, model: Path, evals: list[dict], profile: Profile, waits: tuple[int, ...]
) -> Runs:
    """Run one fine-tuned model under all limits of the profile and all `waits`; each is stored."""
    questions = [row["question"] for row in evals]
    with lazy_engine(part, model, **profile.engine) as engine:
        return run_conditions(
            engine,
            evals,
            profile,
            waits,
            lambda done, total: print(f"  {done}/{total}", flush=True),
            lambda name, make: cached_traces(f"{part}-{name}", make, questions),
        )


def main_model(profile: Profile, seed: int) -> Path:
    """Return the main result's model of this seed: all weights, trained on the curated set."""
    return cached_model(f"sft-{seed}", course_rows("curated"), profile, seed)


def main_runs(profile: Profile, seed: int) -> Runs:
    """Run the main result's model of this seed on the held-out set."""
    model = main_model(profile, seed)
    return thinking_runs(f"sft-{seed}", model, course_rows("heldout"), profile, WAITS)


def cached_thinking(
    part: str,
    engine: Callable[[], Engine],
    questions: list[str],
    budget: Budget,
    sampling: Sampling = GREEDY,
) -> list[Trace]:
    """Return a part's traces of these questions; the engine is called if they are not stored."""
    return cached_traces(
        part, lambda: engine().think(questions, budget, sampling=sampling), questions
    )


def heldout_traces(
    part: str, condition: Condition, profile: Profile, seed: int, sampling: Sampling = GREEDY
) -> list[Trace]:
    """Run the main result's model of this seed on the held-out set under another condition."""
    questions = [row["question"] for row in course_rows("heldout")]
    budget = profile.budget(condition.limit, condition.waits, condition.string)
    with lazy_engine(part, main_model(profile, seed), **profile.engine) as engine:
        return cached_thinking(part, engine, questions, budget, sampling)
