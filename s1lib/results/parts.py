"""What all recorded results share: parts that are made once, and what a result rests on.

The parts (fine-tuned models and traces) lie in `build/proof/`, so that an interrupted run goes on.
"""

import hashlib
import json
import multiprocessing
import os
import platform
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path

import torch

from s1lib.budget import Budget
from s1lib.engines.common import GREEDY, Engine, Sampling, Trace
from s1lib.evaluate import Runs, opened, result_row, run_thinking
from s1lib.profile import Profile, load_profile
from s1lib.sft import finetune
from s1lib.store import DATA, CourseError, locate, output, read_rows
from s1lib.traces import stored

WAITS = (1, 2, 4, 8)  # of the proof
WORKERS = 2  # processes of one thread each: on two cores a third faster than one of two threads


def begin(name: str | None = None) -> Profile:
    """The profile of a recorded run, after a look at the parts of earlier ones in `build/proof/`.

    Raises CourseError if they were made with another profile, other data or other versions.
    """
    profile = load_profile(name)
    now = json.loads(json.dumps(about(profile, ())))  # as it is read back
    path = output("proof/about.json")
    if not path.exists():
        path.write_text(json.dumps(now, indent=1))
    before = json.loads(path.read_text())
    other = [key for key in now if before.get(key) != now[key]]
    if other:
        raise CourseError(
            f"build/proof holds parts of another run: {other[0]} was {before.get(other[0])} and is "
            f"{now[other[0]]}. Move the folder away, or delete it."
        )
    return profile


def _begin_worker() -> None:
    """One thread; and a worker whose parent was killed ends, or it would go on writing parts."""
    torch.set_num_threads(1)
    parent = multiprocessing.parent_process()

    def end_with_it() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end_with_it, daemon=True).start()


def in_workers(jobs: list[tuple]) -> None:
    """Make parts side by side: each job is a function, whose result is only stored, and what it
    takes. A part that an earlier run made costs nothing. Raises what a job raises."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, fresh, _begin_worker) as pool:
        running = [pool.submit(*job) for job in jobs]
        try:
            for done, job in enumerate(as_completed(running), start=1):
                job.result()
                print(f"{done}/{len(jobs)} parts", flush=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # what was not begun never is
            raise


def kept(name: str, make: Callable[[], list[Trace]]) -> list[Trace]:
    """The traces of this part: read if an earlier run made them, else made and stored."""
    return stored(output("proof/traces").parent, name, make)


def tuned(name: str, rows: list[dict], profile: Profile, seed: int, thinking: bool = True) -> Path:
    """The model fine-tuned on these rows, made only once."""
    out = output(f"proof/{name}")
    if not (out / "loss.json").exists():
        print(f"fine-tuning {name}", flush=True)
        finetune(rows, profile, out, locate("base"), seed, thinking)
    return out


def thinking_runs(name: str, model_dir: Path, evals: list[dict], profile: Profile, waits) -> Runs:
    """All limits and Waits of one fine-tuned model, each stored."""

    @lru_cache
    def engine() -> Engine:
        print(f"evaluating {name}", flush=True)
        return opened(profile, model_dir)

    return run_thinking(
        engine,
        evals,
        profile,
        waits,
        lambda done, total: print(f"  {done}/{total}", flush=True),
        lambda system, make: kept(f"{name}-{system}", make),
    )


def proof_model(profile: Profile, seed: int) -> Path:
    """The proof's model of this seed: all weights fine-tuned on the curated set."""
    return tuned(f"sft-{seed}", read_rows(locate("curated.jsonl")), profile, seed)


def proof_runs(profile: Profile, seed: int) -> Runs:
    """The proof's traces of this seed on the held-out set."""
    evals = read_rows(locate("heldout.jsonl"))
    return thinking_runs(f"sft-{seed}", proof_model(profile, seed), evals, profile, WAITS)


def heldout_traces(
    part: str, profile: Profile, seed: int, budget: Budget, sampling: Sampling = GREEDY
) -> list[Trace]:
    """The held-out traces of the proof's model of this seed under another budget."""
    questions = [row["question"] for row in read_rows(locate("heldout.jsonl"))]

    def run() -> list[Trace]:
        engine = opened(profile, proof_model(profile, seed))
        return engine.think(questions, budget, sampling=sampling)

    return kept(part, run)


def seed_rows(
    name: str, seeds: tuple[int, ...], traces: list[list[Trace]], right: list[list[bool]]
) -> list[dict]:
    """A result row for each seed, and one for all of them."""
    rows = [
        result_row(name, seed, [t], [g]) for seed, t, g in zip(seeds, traces, right, strict=True)
    ]
    return [*rows, result_row(name, "all", traces, right)]


def digest(find: Callable[[str], Path]) -> str:
    """One hash of the files all results rest on; `find` says which copies."""
    total = hashlib.sha256()
    for name in ("curated.jsonl", "heldout.jsonl", "base/model.safetensors"):
        total.update(find(name).read_bytes())
    return total.hexdigest()[:16]


def training(names: list[str]) -> dict[str, dict]:
    """The first and the last loss of these models' training, with their steps."""
    curves = {name: json.loads(output(f"proof/{name}/loss.json").read_text()) for name in names}
    return {name: {"first": curve[0], "last": curve[-1]} for name, curve in curves.items()}


def about(profile: Profile, seeds: tuple[int, ...]) -> dict:
    """What a recorded result rests on: settings, seeds, versions, and a hash of its data."""
    return {
        "profile": profile.name,
        "seeds": list(seeds),
        "sft": profile.sft,
        "python": platform.python_version(),
        "versions": {p: version(p).split("+")[0] for p in ("torch", "transformers", "trl", "peft")},
        "data": digest(partial(locate, report=lambda text: None)),
    }


def bits(right: list[list[bool]]) -> list[str]:
    """Each seed's grades as a text of 0 and 1, question by question, so that any slice of a
    recorded result can be run again and compared."""
    return ["".join("01"[grade] for grade in grades) for grades in right]


def recorded(name: str) -> dict:
    """A shipped result, from `data/results/`.

    Raises CourseError if it is missing, damaged, or rests on other data than the shipped.
    """
    path = DATA / "results" / f"{name}.json"
    mend = f"restore it with `git checkout -- data/`, or make it again: make results-{name}."
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        told = results["about"]["data"]
    except (OSError, ValueError, KeyError, TypeError):
        raise CourseError(f"{path.name} is missing or damaged: {mend}") from None
    if told != digest(DATA.joinpath):
        raise CourseError(f"{path.name} was made from other data than lies in data/: {mend}")
    return results


def write(name: str, results: dict) -> None:
    """Write a result to `data/results/`."""
    (DATA / "results").mkdir(parents=True, exist_ok=True)
    (DATA / "results" / f"{name}.json").write_text(json.dumps(results, indent=1) + "\n")
