"""Table 3 of the paper: methods of test-time scaling. `make results-table3` makes
`data/results/table3.json`.

Budget forcing against a model that is told its budget in the question (token-conditional
control, Table 12), with and without forcing it to keep to it, and against rejection sampling
(Figure 6). One seed, the whole held-out set; about twenty minutes on two cores, an interrupted
run goes on.
"""

from s1lib.engines.common import Trace
from s1lib.engines.transformers import load, rescore, think
from s1lib.evaluate import grade, result_row
from s1lib.metrics import control, performance, scaling
from s1lib.profile import Profile
from s1lib.results.figure6 import measure as rejection_sampling
from s1lib.results.parts import about, begin, bits, kept, proof_runs, training, tuned, write
from s1lib.sft import load_tokenizer
from s1lib.store import command, locate, read_rows

SEEDS = (0,)
ASKED = (32, 64, 128, 256, 512)  # tokens
PAPER = {  # Control, Scaling per doubling, Performance, runs; AIME24
    "budget forcing": ("100%", 15, 56.7, 5),
    "token-conditional": ("40%", -24, 40.0, 5),
    "token-conditional, forced": ("100%", 13, 40.0, 5),
    "step-conditional": ("60%", 3, 36.7, 5),
    "step-conditional, forced": ("100%", 6, 36.7, 5),
    "class-conditional": ("50%", 25, 36.7, 2),
    "rejection sampling": ("100%", -35, 40.0, 5),
}
PAPER_TABLE_12 = [  # asked; tokens and AIME24 left to itself; the same, forced
    (1024, 7939, 26.7, 1024, 3.3),
    (2048, 7158, 30.0, 2048, 30.0),
    (4096, 8263, 33.3, 4031, 33.3),
    (8192, 7108, 33.3, 5664, 33.3),
    (16384, 7500, 40.0, 6330, 40.0),
]


def with_request(question: str, tokens: int) -> str:
    """The question with the budget written behind it, as in the paper's token-conditional data."""
    return f"{question} Think for up to {tokens} tokens."


def asking(evals: list[dict], tokens: int) -> list[dict]:
    """The evaluation rows with this budget in their questions."""
    return [row | {"question": with_request(row["question"], tokens)} for row in evals]


def token_conditional(rows: list[dict], tokenizer) -> list[dict]:
    """The same rows, each asking for the smallest budget of ASKED that holds its own trace.

    A trace longer than all of them asks for the largest.
    """
    told = []
    for row in rows:
        n = len(tokenizer.encode(row["thinking_trajectories"][0], add_special_tokens=False))
        bucket = next((budget for budget in ASKED if n <= budget), ASKED[-1])
        told.append(row | {"question": with_request(row["question"], bucket)})
    return told


def conditional_runs(profile: Profile, evals: list[dict]) -> dict[str, dict[int, list[Trace]]]:
    """For each budget asked for, the traces as the model makes them, and cut at that budget."""
    tokenizer, _ = load_tokenizer(profile.place(profile.model))
    rows = token_conditional(read_rows(locate("curated.jsonl")), tokenizer)
    folder = tuned("token-conditional-0", rows, profile, 0)
    free, forced = {}, {}
    for asked in ASKED:
        questions = [row["question"] for row in asking(evals, asked)]

        def run(questions=questions) -> list[Trace]:
            print(f"thinking, {questions[0][-30:]!r}", flush=True)
            return think(*load(folder), questions, profile.budget(), profile.batch_size)

        free[asked] = kept(f"token-conditional-{asked}", run)
        forced[asked] = kept(
            f"token-conditional-{asked}-forced",
            lambda n=asked: rescore(*load(folder), free[n], n, max_answer=profile.max_answer),
        )
    return {"token-conditional": free, "token-conditional, forced": forced}


def summary(method: str, rows: list[dict], most: list[float]) -> dict:
    """Control, Scaling and Performance of a method's rows; `most` is what each run was allowed."""
    tokens = [row["thinking_tokens"] for row in rows]
    points = [100 * row["accuracy"] for row in rows]
    return {
        "method": method,
        "control": control(tokens, [0] * len(tokens), most),
        "scaling_per_doubling": round(scaling(tokens, points), 1),
        "scaling_per_thousand": round(scaling(tokens, points, "thousand"), 1),
        "performance": round(performance(points), 1),
        "runs": len(rows),
    }


def measure(profile: Profile) -> dict:
    """A row for each run of each method, and the paper's three measures of each method."""
    evals = read_rows(locate("heldout.jsonl"))
    forcing = proof_runs(profile, SEEDS[0])
    wait = f"sft-wait-{profile.chosen_waits}"
    runs: dict[str, dict[float, list[Trace]]] = {
        "budget forcing": {n: forcing[f"sft-limit-{n}"] for n in profile.limits}
        | {profile.max_thinking: forcing["sft"], profile.max_thinking_waits: forcing[wait]}
    }
    runs |= conditional_runs(profile, evals)
    rows, right, measures = [], {}, []
    for method, each in runs.items():
        mine = []
        for asked, traces in each.items():
            told = asking(evals, asked) if method.startswith("token") else evals
            grades = [grade(traces, told)]
            mine.append({"asked": asked} | result_row(method, SEEDS[0], [traces], grades))
            right[f"{method}/{asked}"] = bits(grades)
        rows += mine
        measures.append(summary(method, mine, list(each)))
    sampled = [r for r in rejection_sampling(profile)["rows"] if r["thinking_tokens"]]
    measures.append(summary("rejection sampling", sampled, [row["limit"] for row in sampled]))
    return {
        "rows": rows,
        "measures": measures,
        "training": training(["token-conditional-0"]),
        "right": right,
        "paper": PAPER,
        "paper_table_12": PAPER_TABLE_12,
        "about": about(profile, SEEDS),
    }


def main() -> None:
    """Measure, and write it to data/results/."""
    results = measure(begin())
    write("table3", results)
    for row in results["rows"]:
        print(f"{row['name']:26} {row['asked']:5} {row['accuracy']:.1%} {row['thinking_tokens']}")
    for row in results["measures"]:
        print(row)


if __name__ == "__main__":
    command(main)
