"""The course's closing table: each claim, what its source published, what our recorded results
show, and a verdict by rule.

A claim of "more" (or "less") holds if the whole 95% interval of the paired difference lies on its
side of zero, and is reversed if it lies on the other side; if the fine-tuning seeds disagree, it is
not decided. There is no difference if the interval and every seed stay within MARGIN, as a claim
of "same" needs; where that claim fails, the verdict says in which direction. The interval says
what other questions would change; other seeds would change more.
"""

from dataclasses import dataclass

from s1lib.evaluation.metrics import Comparison, compare
from s1lib.results.files import decode_grades, recorded

MARGIN = 0.03  # a difference that is too small to matter


@dataclass(frozen=True)
class Claim:
    """A claim about two systems, `before` and `after`, of one recorded result.

    `published` holds the source's own numbers; `expected` is what the claim says of the
    difference: "more", "less" or "same".
    """

    text: str
    source: str
    published: str
    result: str  # a name in s1lib.results.run.NAMES
    before: str
    after: str
    expected: str


CLAIMS = [
    Claim("1,000 thoughts make a better model", "Table 1", "26.7 → 50.0",
          "main_result", "base-direct", "sft", "more"),
    Claim("the thinking does it, not the answers", "ours", "not tested",
          "main_result", "sft-answers-only", "sft", "more"),
    Claim("one Wait helps", "Table 5", "50.0 → 53.3", "main_result", "sft", "sft-wait-1", "more"),
    Claim("two Waits help", "Table 5", "50.0 → 53.3", "main_result", "sft", "sft-wait-2", "more"),
    Claim("four Waits help", "Table 5", "50.0 → 56.7", "main_result", "sft", "sft-wait-4", "more"),
    Claim("eight Waits neither help nor harm", "s1 repository, issue 19",
          "50.0 → 50.0", "main_result", "sft", "sft-wait-8", "same"),
    Claim("1,000 random rows are worse than the curated", "Table 2", "36.7, not 50.0",
          "table2", "curated/sft", "random/sft", "less"),
    Claim("1,000 diverse rows are worse", "Table 2", "26.7, not 50.0",
          "table2", "curated/sft", "diverse/sft", "less"),
    Claim("the 1,000 longest are worse", "Table 2", "33.3, not 50.0",
          "table2", "curated/sft", "longest/sft", "less"),
    Claim("all rows are hardly better", "Table 2", "53.3, not 50.0",
          "table2", "curated/sft", "full/sft", "same"),
    Claim("... with one Wait: random rows are worse", "ours", "not tested",
          "table2", "curated/sft-wait-1", "random/sft-wait-1", "less"),
    Claim("... with one Wait: diverse rows are worse", "ours", "not tested",
          "table2", "curated/sft-wait-1", "diverse/sft-wait-1", "less"),
    Claim("... with one Wait: the longest are worse", "ours", "not tested",
          "table2", "curated/sft-wait-1", "longest/sft-wait-1", "less"),
    Claim("... with one Wait: all rows are hardly better", "ours", "not tested",
          "table2", "curated/sft-wait-1", "full/sft-wait-1", "same"),
    Claim("forcing beats asking for a budget, best against best", "Table 3", "56.7, not 40.0",
          "table3", "token-conditional", "budget forcing", "more"),
    Claim("rejection sampling: the smaller the limit the better", "Figure 6", "40.0, not 23.3",
          "figure6", "512", "48", "more"),
    Claim("“Wait” is better than nothing", "Table 4", "53.3, not 50.0",
          "table4", "nothing", "Wait", "more"),
    Claim("“Wait” is better than “Hmm”", "Table 4", "53.3, not 50.0",
          "table4", "Hmm", "Wait", "more"),
    Claim("cut traces make a worse model", "Table 8", "50.0 → 30.0",
          "table8", "whole/sft", "cut/sft", "less"),
    Claim("3 votes beat one Wait, which costs less", "2506.04210", "parallel ahead",
          "figure7", "sequential-1", "majority-3", "more"),
    Claim("5 votes beat eight Waits, which cost more", "2506.04210", "parallel ahead",
          "figure7", "sequential-8", "majority-5", "more"),
    Claim("forbidding “Wait” costs nothing", "NoWait, 2506.08343", "no loss",
          "nowait", "as trained", "without Wait", "same"),
    Claim("... nor if one “Hmm” is forced in its place", "NoWait, 2506.08343", "no loss",
          "nowait", "Wait forced", "without Wait, Hmm forced", "same"),
    Claim("LoRA of rank 64 does as well as all weights, one Wait", "LoRA Without Regret",
          "about equal", "lora", "full/sft-wait-1", "lora-64/sft-wait-1", "same"),
    Claim("... and without a Wait", "LoRA Without Regret", "about equal",
          "lora", "full/sft", "lora-64/sft", "same"),
]  # fmt: skip


def grades_of(results: dict, system: str) -> list[list[bool]]:
    """Return a system's recorded grades [seeds, questions].

    A method with several runs stands for its best one, as in the paper's Performance.
    """
    right = results["right"]
    if system not in right:
        runs = [name for name in right if name.rsplit("/", 1)[0] == system]
        system = max(runs, key=lambda name: "".join(right[name]).count("1"))
    return decode_grades(right[system])


def verdict(claim: Claim, found: Comparison, by_seed: list[float]) -> str:
    """Judge a claim by the rule above, from the paired comparison and each seed's difference."""
    low, high = found.ci_low, found.ci_high
    within = -MARGIN <= low and high <= MARGIN and max(map(abs, by_seed)) <= MARGIN
    if claim.expected == "same" and within:
        return "✓ holds here"
    if low <= 0 <= high:
        return "– no difference here" if within else "? not decided"
    if min(by_seed) <= 0 <= max(by_seed):
        return "? seeds disagree"
    if claim.expected == "same":
        return "✗ more here" if low > 0 else "✗ less here"
    return "✓ holds here" if (low > 0) == (claim.expected == "more") else "✗ reversed here"


def claim_row(claim: Claim, results: dict) -> dict[str, str]:
    """Make a claim's row of the table from its recorded result."""
    before, after = grades_of(results, claim.before), grades_of(results, claim.after)
    found = compare(before, after)
    by_seed = [(sum(b) - sum(a)) / len(a) for a, b in zip(before, after, strict=True)]
    return {
        "claim": claim.text,
        "source": claim.source,
        "published": claim.published,
        "here, points": f"{100 * found.difference:+.1f}",
        "95% interval": f"{100 * found.ci_low:+.1f} to {100 * found.ci_high:+.1f}",
        "seeds": ", ".join(f"{100 * difference:+.0f}" for difference in by_seed),
        "verdict": verdict(claim, found, by_seed),
    }


def claims_table() -> list[dict[str, str]]:
    """Make the closing table from the recorded results. Raises what `recorded` raises."""
    files = {claim.result: recorded(claim.result) for claim in CLAIMS}
    return [claim_row(claim, files[claim.result]) for claim in CLAIMS]
