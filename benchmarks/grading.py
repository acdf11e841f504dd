"""Gradings a second, without and with math-verify's process. `python benchmarks/grading.py`

Prints a card, and one JSON line last.
"""

import json
import time
from collections.abc import Iterator

from s1lib.grading import math_equivalence
from s1lib.grading.graders import grade_text

SECONDS = 3.0  # for each row of the card
WARM_UP = 100  # answers: the parser of LaTeX builds its tables as it goes

# Kind, reference and the text of an answer; {n} is a number that changes with each question
SOLUTION = (
    "We count the cases one by one. For $k = 1$ there are {n} of them, and for $k = 2$ there are "
    "$\\binom{{5}}{{2}} = 10$ more. By symmetry the rest is equal, so we add both. " * 8
)
WITHOUT = [
    ("integer", "{n}", "Answer: {n}"),
    ("aime", "{n}", SOLUTION + "\n\n**Final Answer**\n\n\\[ \\boxed{{{n}}} \\]"),
    ("aime", "{n}", SOLUTION + "\nAnswer: $m + n = {n}$. This is consistent with all constraints."),
    ("math", r"\frac{{{n}}}{{7}}", SOLUTION + "\nThe final answer is $\\dfrac{{{n}}}{{7}}$."),
    ("math", "{n}, -2", "Final Answer: The roots are $-2$ and ${n}$."),
    ("gpqa", "C", SOLUTION + "\nThe correct answer is **(C)** {n} eV."),
]
WITH = [
    ("math", r"{n}\sqrt{{2}}", r"\boxed{{\sqrt{{2 \cdot {n}^2}}}}"),
    ("math", r"{n}x + 1", r"Final Answer: $y = 1 + {n}x$."),
    ("math", r"{n}\sqrt{{3}}", r"\boxed{{{n}\sqrt{{2}}}}"),
    ("math", r"(x + {n})^2", r"\boxed{{x^2 + 2 \cdot {n} x + {n}^2}}"),
    ("math", r"\frac{{\pi}}{{{n}}}", r"\boxed{{\pi / {n}}}"),
]


def questions(forms: list[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield kind, text and reference, with numbers that do not come back."""
    number = 100
    while True:
        for kind, reference, text in forms:
            number += 1
            yield kind, text.format(n=number), reference.format(n=number)


def rate(forms: list[tuple[str, str, str]]) -> float:
    """Return how many answers are graded in a second."""
    count, start = 0, time.perf_counter()
    for kind, text, reference in questions(forms):
        if count == WARM_UP:
            start = time.perf_counter()
        grade_text(text, reference, kind)
        count += 1
        if count > WARM_UP and time.perf_counter() - start > SECONDS:
            break
    return (count - WARM_UP) / (time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    without = rate(WITHOUT)
    math_equivalence.equivalent("1", "1", 60)  # starts the process
    with_process = rate(WITH)
    print(f"without math-verify's process  {without:8,.0f} a second (asked for: 1,000)")
    print(f"with it                        {with_process:8,.0f} a second (asked for: 150)")
    print(json.dumps({"without_per_s": round(without), "with_per_s": round(with_process)}))


if __name__ == "__main__":
    main()
