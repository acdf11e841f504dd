"""Curation at the paper's size: 59,029 questions on this machine. `python benchmarks/curation.py`

- Decontamination against an index of both sides, built once, as in the repository.
- The format filter against 999 substring tests per question, on the same questions.
- The whole way from features to the final 1,000, decontamination included.

Prints a card, and one JSON line last.
"""

import json
import random
import re
import statistics
import time
import tracemalloc
from collections import defaultdict
from collections.abc import Callable

from s1lib.curation.decontamination import flagged, hits, index
from s1lib.curation.filters import is_well_formed
from s1lib.curation.selection import Candidate, diverse
from s1lib.toyworld.pool import allocate

POOL, EVALUATIONS, DOMAINS, TARGET = 59_029, 788, 50, 1_000  # MATH500, GPQA Diamond and 90 AIME


def texts(count: int, seed: int) -> list[str]:
    """Questions of 20 to 100 words from a vocabulary with a natural long tail."""
    dice = random.Random(seed)
    words = ["".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=dice.randint(2, 9)))
             for _ in range(20_000)]  # fmt: skip
    ranks = [1 / (rank + 3) for rank in range(len(words))]
    return [
        " ".join(dice.choices(words, ranks, k=dice.randint(20, 100))).capitalize() + "?"
        for _ in range(count)
    ]


def make_pool() -> tuple[list[str], list[str], list[dict]]:
    """Questions, evaluation questions, and a row of features for each question."""
    dice, pool, evals = random.Random(0), texts(POOL, 1), texts(EVALUATIONS, 2)
    for i in dice.sample(range(POOL), 600):  # copies, whole or in part
        words = dice.choice(evals).split()
        start = dice.randrange(max(1, len(words) - 12))
        pool[i] = f"Consider: {' '.join(words[start : start + dice.randint(6, 30)])} as given."
    for i in dice.sample(range(POOL), 2_500):
        pool[i] = dice.choice(["p{}. ", "![Image]({}.png) ", "**{}.** "]).format(
            dice.randint(1, 999)) + pool[i]  # fmt: skip
    sources = [name for name, count in allocate(POOL).items() for _ in range(count)]
    dice.shuffle(sources)
    features = [
        {"source": source, "domain": f"{dice.randrange(DOMAINS):02d}",
         "length": int(dice.lognormvariate(8, 0.8)), "correct": dice.random() < 0.55,
         "complete": dice.random() < 54_116 / 59_029,
         "solved": (dice.random() < 0.35, dice.random() < 0.45)}
        for source in sources
    ]  # fmt: skip
    return pool, evals, features


def two_sided(pool: list[str], evals: list[str], n: int = 8) -> list[bool]:
    """data/decontaminate_util.py: each n-gram of either side, with the rows that hold it."""

    def build(rows: list[str]) -> dict[str, set[int]]:
        lookup = defaultdict(set)
        for number, text in enumerate(rows):
            words = re.sub(r"\s+", " ", text.lower().strip()).split(" ")
            for i in range(len(words) - n + 1):
                lookup[" ".join(words[i : i + n])].add(number)
        return lookup

    ours, theirs = build(pool), build(evals)
    found = set().union(*(ours[gram] for gram in theirs if gram in ours))
    return [number in found for number in range(len(pool))]


def substrings(question: str, source: str = "MATH") -> bool:
    """Well formed by the rule of data/filter.ipynb, tested as it is tested there."""
    clean = not (
        "[asy]" in question
        or "![Image]" in question
        or any(f"p{i}." in question for i in range(1, 1000))
        or re.search(r"\*\*(?=.*\d)[^\s\]]*\*\*", question)
    )
    return clean or ("[asy]" in question and "AIME" in source)


def timed(work: Callable) -> tuple[float, object]:
    """Seconds, and the result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def ratio_of(ours: Callable, theirs: Callable, repeats: int) -> tuple[float, float]:
    """Median of their time over ours, results equal; and our median."""
    pairs = []
    for _ in range(repeats):
        (mine, a), (other, b) = timed(ours), timed(theirs)
        assert a == b, "the results differ"
        pairs.append((other / mine, mine))
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def choose(pool: list[str], evals: list[str], features: list[dict]) -> list[Candidate]:
    """From features to the final set, with progress."""

    def say(stage: str, rows: list[int]) -> list[int]:
        print(f"  {stage:22} {len(rows):7,}", flush=True)
        return rows

    flags = flagged(pool, evals)
    rows = say("decontaminated", [i for i in range(len(pool)) if not flags[i]])
    rows = say("complete", [i for i in rows if features[i]["complete"]])
    formed = [is_well_formed({"question": q, "source_type": f["source"]})
              for q, f in zip(pool, features, strict=True)]  # fmt: skip
    rows = say("well formed", [i for i in rows if formed[i]])
    rows = say("hard", [i for i in rows if not any(features[i]["solved"])])
    names = ("source", "domain", "length", "correct")
    offered = [Candidate(i, *(features[i][name] for name in names)) for i in rows]
    chosen = diverse(offered, TARGET, 5_600, random.Random(0))
    say("chosen", [c.row for c in chosen])
    return chosen


def memory(pool: list[str], evals: list[str]) -> float:
    """Peak MB of the one-sided check, results not kept."""
    tracemalloc.start()
    known = index(evals)
    sum(1 for _ in hits(pool, known))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def main() -> None:
    """Run all three."""
    pool, evals, features = make_pool()
    print(f"{POOL:,} questions, {EVALUATIONS} evaluation questions\n")
    against_index, took_index = ratio_of(
        lambda: flagged(pool, evals), lambda: two_sided(pool, evals), repeats=3
    )
    some = pool[:6_000]
    against_substrings, took_format = ratio_of(
        lambda: [is_well_formed({"question": q, "source_type": "MATH"}) for q in some],
        lambda: [substrings(q) for q in some],
        repeats=3,
    )
    whole, all_mb, tenth_mb = 0.0, memory(pool, evals), memory(pool[: POOL // 10], evals)
    whole, _ = timed(lambda: choose(pool, evals, features))
    print(
        f"\ndecontamination      {took_index:6.2f} s {against_index:9.1f}× an index of both sides"
    )
    print(f"  its memory         {all_mb:6.1f} MB (on a tenth of the pool: {tenth_mb:.1f} MB)")
    print(f"format filter        {took_format:6.3f} s {against_substrings:9.0f}× 999 substrings")
    print(f"features to {TARGET:,}    {whole:6.2f} s\n")
    print(json.dumps({
        "decontamination_ratio": round(against_index, 2), "memory_mb": round(all_mb, 2),
        "memory_mb_tenth": round(tenth_mb, 2), "format_ratio": round(against_substrings, 1),
        "features_to_final_seconds": round(whole, 2)}))  # fmt: skip


if __name__ == "__main__":
    main()
