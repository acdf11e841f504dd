"""Where questions come from: one map from a source's name to its group and to its kind of answer.

The groups are the 16 of the paper's Table 7. The names are those of the column `source_type` in
the released sets, which have a path behind them ("qfq/openaimath/Geometry").
"""

import re
from dataclasses import dataclass

MIXED = "mixed"  # letters and values: the reference decides


@dataclass(frozen=True)
class Source:
    """One group of questions. `kind` is a grader's (see `s1lib.grading.graders`), or says why
    there is none: "code", "proof" or "words"."""

    group: str
    kind: str
    prefixes: tuple[str, ...]  # of its names in released sets, in small letters; see `source_of`


# Of a group with several entries the first that fits is taken.
SOURCES = (
    Source("NuminaMATH", "math", ("ai-mo/numinamath",)),
    Source(
        "MATH", "math", ("qfq/openaimath", "simplescaling/openaimath", "hendrycks/competition_math")
    ),
    Source("OlympicArena", "code", ("gair/olympicarena/cs",)),
    Source("OlympicArena", MIXED, ("gair/olympicarena",)),
    Source("OmniMATH", "math", ("kbsdjames/omni-math",)),
    Source("AGIEval", "math", ("baber/agieval/math",)),
    Source("AGIEval", MIXED, ("baber/agieval",)),
    Source("xword", "words", ("0xharib/xword1",)),
    Source("OlympiadBench", "proof", ("hothan/olympiadbench/theorem proof",)),
    Source("OlympiadBench", "math", ("hothan/olympiadbench",)),
    Source("AIME", "aime", ("qq8933/aime", "di-zhang-fdu/aime", "ai-mo/aimo-validation-aime")),
    Source("TheoremQA", MIXED, ("tiger-lab/theoremqa",)),
    Source("USACO", "code", ("codegenning/usacobench",)),
    Source("JEEBench", MIXED, ("daman1209arora/jeebench",)),
    Source("GPQA", "gpqa", ("idavidrein/gpqa",)),
    Source("SciEval", MIXED, ("opendfm/scieval",)),
    Source("s1-prob", "proof", ("qfq/stats_qual", "simplescaling/s1-prob")),
    Source("LiveCodeBench", "code", ("livecodebench/code_generation",)),
    Source("s1-teasers", "math", ("qfq/quant", "simplescaling/s1-teasers")),
)


PROOF = re.compile(r"\b(prove|show)\s+that\b|\bprove\s+(the|it|or)\b", re.IGNORECASE)
LETTERS = re.compile(r"[\s(\[]*([A-Za-z](?:[\s,;&]*[A-Z])*)[\s)\].]*")
WORD = re.compile(r"(yes|no|maybe|true|false)\.?", re.IGNORECASE)


def source_of(name: str) -> Source | None:
    """Find the source behind a `source_type`; None if it is not known.

    A prefix of its name ends where a word ends: "qfq/openaimath/Algebra" is of MATH,
    "qfq/openaimath2/Algebra" is not. A group's own name is known too, whatever its capital letters.
    """
    small = name.strip().lower()
    by_prefix = (source for source in SOURCES if any(_begins(small, p) for p in source.prefixes))
    by_group = (source for source in reversed(SOURCES) if small == source.group.lower())
    return next(by_prefix, None) or next(by_group, None)


def _begins(name: str, prefix: str) -> bool:
    return name.startswith(prefix) and not name[len(prefix) : len(prefix) + 1].isalnum()


def group_of(name: str) -> str:
    """Return the group of a `source_type`; of an unknown one the name itself."""
    source = source_of(name)
    return source.group if source else name


def kind_from_source(name: str, question: str, solution: str | None) -> str | None:
    """Tell which grader checks the answers of a source; None if the source is not known.

    Where a source mixes choices, values and words, the reference decides: one letter from A to D
    is a choice, other letters and words have no grader. A question that asks for a proof has
    nothing to compare, unless its solution puts an answer into a box.
    """
    source = source_of(name)
    if source is None:
        return None
    kind = _kind_of_reference(solution) if source.kind == MIXED else source.kind
    if kind == "math" and PROOF.search(question) and "\\boxed" not in (solution or ""):
        return "proof"
    return kind


def _kind_of_reference(solution: str | None) -> str:
    answer = re.sub(r"^answer\s*:\s*", "", (solution or "").strip(), flags=re.IGNORECASE)
    if letters := LETTERS.fullmatch(answer):
        return "gpqa" if re.fullmatch("[A-Da-d]", letters[1]) else "words"
    return "words" if WORD.fullmatch(answer) else "math"
