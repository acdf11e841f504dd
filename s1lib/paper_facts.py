"""What the course says about the paper and about others, each fact with its source.

The notebooks show these sentences (`s1lib.notebook.display.facts`), so that a wrong one is
corrected here and nowhere else. Where a sentence holds a number of a table or figure, it is read
from `s1lib.paper_numbers`. "Section", "Table", "Figure" and "Appendix" are those of "s1: Simple
test-time scaling", arXiv 2501.19393v3; a path is one in its repository, simplescaling/s1.
"""

from dataclasses import dataclass

from s1lib.paper_numbers import FIGURE_6, TABLE_1, TABLE_2, TABLE_4, TABLE_5, TABLE_8


@dataclass(frozen=True)
class Fact:
    """One sentence or two, and where it can be looked up."""

    text: str
    source: str


_aime = {name: aime for name, _, aime, *_ in TABLE_1}
_table_2 = {name: aime[0] for name, (aime, *_) in TABLE_2.items()}
_table_5 = {name: scores for name, *scores in TABLE_5}

FACTS: dict[str, Fact] = {
    # Notebook 0: the story
    "recipe": Fact(
        "1,000 questions with a teacher's thinking, 315 steps of fine-tuning, 26 minutes on 16 "
        "H100 GPUs: about 7 GPU-hours.",
        "Sections 4.1 and 5.1, Appendix D",
    ),
    "headline": Fact(
        f"On AIME24, of 30 questions, Qwen2.5-32B-Instruct has {_aime['Qwen2.5-32B-Instruct']}%, "
        f"s1 without budget forcing {_aime['s1 without budget forcing']}%, with four Waits "
        f"{_aime['s1-32B']}%.",
        "Tables 1 and 5",
    ),
    "one-row-two-settings": Fact(
        "The row of s1-32B in Table 1 is not one setting: its AIME24 figure needs four Waits, its "
        f"MATH500 and GPQA figures are reached with two. With four, they are "
        f"{_table_5['s1, 4 Waits'][0]} and {_table_5['s1, 4 Waits'][1]}.",
        "Table 5",
    ),
    "27-percent": Fact(
        "That s1-32B exceeds o1-preview by up to 27% is a ratio, "
        f"{_aime['s1-32B']} to {_aime['o1-preview']}: twelve points.",
        "Abstract, Table 1",
    ),
    # Notebook 1: distillation
    "pool": Fact(
        "59,029 questions from 16 sources; two of the sources are new. AIME contributes the years "
        "1983 to 2021.",
        "Section 2.1, Table 7",
    ),
    "question-only": Fact(
        "Gemini 2.0 Flash Thinking was asked with the question alone: no system prompt, no "
        "temperature, no instruction.",
        "data/gemini.py, confirmed by an author in issue 33",
    ),
    "right-traces": Fact(
        "53.6% of s1K's traces end in a right answer. The authors know and keep the wrong ones on "
        "purpose: what is to be learned is the way of thinking.",
        "Section 2.2, data/grading.ipynb",
    ),
    "r1-traces": Fact(
        "For s1K-1.1 the same questions were answered by DeepSeek-R1; 630 of its 1,000 answers "
        "were graded right.",
        "data/grading.ipynb",
    ),
    "claude-teacher": Fact(
        "Claude 3.7 as a teacher is mentioned in one sentence; its results are not reported.",
        "Appendix, on s1.1",
    ),
    # Notebook 2: curation
    "funnel": Fact(
        "Quality leaves 54,116 and then 51,581 of 59,029 questions, difficulty 24,496, diversity "
        "1,000; 384 of these were taken before the drawing.",
        "Section 2.2, Algorithm 1",
    ),
    "probes": Fact(
        "A question leaves the pool if Qwen2.5-7B-Instruct or Qwen2.5-32B-Instruct answers it, as "
        "judged by Claude 3.5 Sonnet.",
        "Section 2.2",
    ),
    "decontamination": Fact(
        "Questions that share eight words in a row with MATH500, GPQA Diamond or AIME24 are "
        "removed.",
        "Appendix C.5, data/decontaminate_util.py",
    ),
    "draws": Fact(
        "Algorithm 1 draws a domain uniformly. The authors' notebook does so up to 700 rows, and "
        "draws the rest from the domains of AIME and GPQA.",
        "Algorithm 1, data/filter.ipynb",
    ),
    # Notebook 3: fine-tuning
    "training": Fact(
        "Five epochs, 16 sequences per step, learning rate 1e-5 with 5% warm-up and a cosine to "
        "zero, AdamW (0.9, 0.95), weight decay 1e-4; loss on the thinking and the answer only.",
        "Appendix D, train/sft.sh",
    ),
    "cut-training": Fact(
        f"Trained with {TABLE_8[0][0]:,} tokens, which cuts {TABLE_8[0][1]} of the rows, the model "
        f"has {TABLE_8[0][2]} on AIME24; with {TABLE_8[1][0]:,}, {TABLE_8[1][2]}.",
        "Table 8",
    ),
    "full-set": Fact(
        "Training on all 59K examples took 394 H100-hours instead of 7.",
        "Section 5.1",
    ),
    "awakens": Fact(
        "The authors' own explanation is a guess: the ability comes from pretraining, and the "
        "1,000 examples activate it.",
        "Section 6.1",
    ),
    # Notebook 4: budget forcing
    "forcing": Fact(
        "At most: the end of the thinking is forced, with “Final Answer:” where the thinking was "
        "cut. At least: the end is suppressed and “Wait” appended.",
        "Section 3.1",
    ),
    "table-4": Fact(
        "After two ignored ends, "
        + ", ".join(
            f"{name if name == 'nothing' else f'“{name}”'} gives {TABLE_4[name][0]}"
            for name in ("nothing", "Alternatively", "Hmm", "Wait")
        )
        + " on AIME24. One question is 3.3 points.",
        "Table 4",
    ),
    "figure-4": Fact(
        "The three points furthest to the right ignore the end of thinking 2, 4 and 6 times; the "
        "others are cut by a limit, or stop by themselves.",
        "Figure 4, caption",
    ),
    "flattens": Fact(
        "The authors say themselves that the curve flattens in the end, and that suppressing the "
        "end too often can lead the model into loops.",
        "Section 4.2",
    ),
    # Notebook 5: evaluation
    "table-2": Fact(
        "There are no Waits in the comparison of training sets: budget forcing there is a maximum "
        "of about 30,000 thinking tokens. AIME24: "
        + ", ".join(f"{name} {_table_2[name]}" for name in _table_2)
        + ".",
        "Table 2, caption",
    ),
    "s1.1-waits": Fact(
        "For s1.1, trained on R1's traces, Waits change nothing on AIME24 and AIME25.",
        "Table 5",
    ),
    "two-tables": Fact(
        "The two tables give different figures for the same model and test: r1-distill 32B has "
        f"{_aime['r1-distill, 32B']} in Table 1, {_table_5['r1-distill, Qwen 32B'][2]} in Table 5.",
        "Tables 1 and 5",
    ),
    "scaling-unit": Fact(
        "The measure Scaling is a slope whose unit is not given; the published values come out of "
        "the published points per doubling of the tokens.",
        "Section 3.2, Table 3; our calculation",
    ),
    "figure-6": Fact(
        "Rejection sampling runs the other way: the smaller the limit, the better, "
        f"{FIGURE_6[0][3]} at {FIGURE_6[0][0]:,} tokens against {FIGURE_6[-1][3]} at "
        f"{FIGURE_6[-1][0]:,}.",
        "Figure 6",
    ),
    "figure-7": Fact(
        "The sequential curve asks a model for 32 to 512 steps of thinking; it is not one thought "
        "with Waits. At 512 steps, 12 of 30 questions run out of context.",
        "Figure 7",
    ),
    "rebase": Fact(
        "REBASE, a tree search in which a reward model decides which half-finished thoughts are "
        "continued, wins there: 56.6 with 16 thoughts, where the majority of 16 has 53.3.",
        "Section 6.2, Figure 7",
    ),
    "nondeterminism": Fact(
        "Greedy text still varies with the size of the batch, with continuing a text, and with the "
        "number of GPUs. So the paper evaluates in 32-bit floats.",
        "Appendix B",
    ),
    # The story in the press
    "press-cost": Fact(
        "The press wrote of less than 50 dollars; an author's own estimate is about 20. The paper "
        "names no price.",
        "TechCrunch, 5 February 2025",
    ),
    "r1-cost": Fact(
        "DeepSeek gave R1's training cost later: 294,000 dollars, on a base model of about 6 "
        "million.",
        "Nature, September 2025",
    ),
    "no-code": Fact(
        f"On AIME24 s1 has {_aime['s1-32B']}, o1 {_aime['o1']} and R1 {_aime['r1']}. The paper "
        "has no coding benchmark, and s1K no coding question.",
        "Table 1; data/filter.ipynb",
    ),
    "sky-t1": Fact(
        "Berkeley's Sky-T1 came a month earlier: 17,000 examples, 19 hours on 8 H100, under 450 "
        "dollars.",
        "NovaSky blog, January 2025",
    ),
    "openai-deepseek": Fact(
        "OpenAI accused DeepSeek of distilling from its service, spoke of “some evidence” and "
        "published none.",
        "Financial Times, 29 January 2025",
    ),
    "terms": Fact(
        "The Gemini API's additional terms bar using the service to develop competing models. s1K "
        "was published under Apache-2.0 all the same.",
        "Gemini API Additional Terms; s1K's card",
    ),
}


def facts_about(*names: str) -> list[Fact]:
    """Look up facts by name. Raises KeyError that lists the names there are."""
    unknown = [name for name in names if name not in FACTS]
    if unknown:
        raise KeyError(f"no fact is called {', '.join(unknown)}; there are {', '.join(FACTS)}")
    return [FACTS[name] for name in names]
