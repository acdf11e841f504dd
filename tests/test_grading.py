"""Graders: one long table, hostile text, and the worker of math-verify."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import s1lib
from s1lib.errors import CourseError
from s1lib.grading import find
from s1lib.grading import math_equivalence as verify
from s1lib.grading.boxes import boxed
from s1lib.grading.compare import same_answer, whole_number
from s1lib.grading.graders import (
    GRADERS,
    can_grade,
    find_answer,
    first_integer,
    grade_text,
    is_right,
    reference_answer,
)
from s1lib.grading.normalize import normalize
from s1lib.grading.values import parse_number

RIGHT, WRONG = True, False
TABLE = [  # kind, what the model wrote, reference, grade, what was found (...: any)
    # The toy world's answers: the first whole number behind the last "Answer:"
    ("integer", "\nAnswer: 12", "12", RIGHT, "12"),
    ("integer", "Answer: 012", "12", RIGHT, "12"),
    ("integer", "Answer: 1. Answer: 2", "2", RIGHT, "2"),
    ("integer", "Answer: -3 coins", "-3", RIGHT, "-3"),
    ("integer", "12 and 13", "12", RIGHT, "12"),
    ("integer", "Answer: 13", "12", WRONG, "13"),
    ("integer", "Answer: ١٢", "12", WRONG, None),
    ("integer", "I do not know", "12", WRONG, None),
    # Boxes
    ("aime", r"so \boxed{023}.", "23", RIGHT, "023"),
    ("aime", r"so \boxed{23}.", "023", RIGHT, "23"),
    ("aime", r"first \boxed{7}, no: \boxed{204}", "204", RIGHT, "204"),
    ("aime", r"first \boxed{204}, no: \boxed{7}", "204", WRONG, "7"),
    ("aime", r"\boxed{204\text{ minutes}}", "204", RIGHT, r"204\text{ minutes}"),
    ("aime", r"\boxed {204}", "204", RIGHT, "204"),
    ("aime", r"\boxed{204^\circ}", r"204^\circ", RIGHT, r"204^\circ"),
    ("aime", r"\boxed{m+n=23}", "23", RIGHT, ...),
    ("aime", r"\boxed{{23}}", "23", RIGHT, ...),
    ("aime", r"\boxed{\textbf{23}}", "23", RIGHT, ...),
    ("aime", r"\boxed{\mathbf{(23)}}", "23", RIGHT, ...),
    ("aime", r"\boxed{23°}", "23", RIGHT, ...),
    ("aime", r"\boxed{**23**}", "23", RIGHT, ...),
    ("aime", r"\boxed{23\text{ cm}}", "23", RIGHT, ...),
    ("aime", r"\boxed{23\,\mathrm{cm}^2}", "23", RIGHT, ...),
    ("aime", r"\boxed{23.0}", "23", RIGHT, ...),
    ("aime", r"\boxed{23.}", "23", RIGHT, ...),
    ("aime", r"\boxed{ 23 }", "23", RIGHT, "23"),
    ("aime", r"\boxed{5 + 18 = 23}", "23", RIGHT, ...),
    ("aime", r"\boxed{N \equiv 23 \pmod{1000}}", "24", WRONG, ...),
    ("aime", r"\boxed{\frac{46}{2}}", "23", RIGHT, ...),
    ("aime", r"\boxed{2^5}", "32", RIGHT, ...),
    ("aime", r"\boxed{\dfrac{46}{4}}", "23", WRONG, ...),
    ("aime", r"\boxed{23\frac{1}{2}}", "23", WRONG, ...),
    ("aime", r"\boxed{023_{10}}", "23", RIGHT, ...),
    ("aime", r"\boxed{-23}", "23", WRONG, ...),
    ("aime", r"\boxed{23.5}", "23", WRONG, ...),
    ("aime", r"\boxed{23, 24}", "23", WRONG, ...),
    ("aime", r"\boxed{2\,3}", "23", WRONG, ...),
    ("aime", r"\boxed{2 3}", "23", WRONG, ...),
    ("aime", r"\boxed{204/5}", "204", WRONG, "204/5"),
    ("aime", r"\boxed{204x}", "205", WRONG, "204x"),
    ("aime", r"\boxed{204", "204", WRONG, None),
    ("aime", r"\boxed{203} and then \boxed{20", "203", RIGHT, "203"),
    ("aime", r"\boxed{}", "204", WRONG, None),
    ("aime", r"\boxed{\text{}} Answer: 204", "204", RIGHT, "204"),
    ("aime", r"so $x = \boxed 36$", "36", RIGHT, "36"),
    ("aime", r"Thus $x=\boxed36$.", "36", RIGHT, "36"),
    ("aime", "Hence \\(\\boxed{\n  36\n}\\)", "36", RIGHT, "36"),
    ("aime", r"Thus \fbox{36}", "36", RIGHT, "36"),
    ("aime", "\x08oxed{36}", "36", RIGHT, "36"),
    ("aime", r"\(\boxed{36\) is what we want", "36", RIGHT, "36"),
    ("aime", r"\boxed{\boxed{36}}", "36", RIGHT, ...),
    ("aime", r"$\boxed{36}$. Then $36 = 6^2$, a square, and 12 is not.", "36", RIGHT, "36"),
    ("math", r"so $x = \boxed \frac12$", "0.5", RIGHT, ...),
    ("math", r"\boxed{\left\{1, 2\right\}}", r"\{1,2\}", RIGHT, ...),
    ("math", r"\boxed{\left\{1, 2\right.}", r"\{1,2\}", WRONG, ...),
    ("math", r"\boxed{\left\{x : x > 2\right\}}", r"\{x : x > 2\}", RIGHT, ...),
    ("math", r"The roots are $\boxed{1}$ and $\boxed{-2}$.", "1,-2", RIGHT, "1, -2"),
    ("math", r"$x=\boxed{3}$ or $x=\boxed{5}$", "5, 3", RIGHT, "3, 5"),
    ("math", r"\boxed{1}, \boxed{2}, and \boxed{3}", "1,2,3", RIGHT, "1, 2, 3"),
    ("math", r"$\boxed{7}$ (that is, $\boxed{7}$)", "7", RIGHT, "7"),
    ("math", r"the sum is \boxed{7}. For part b, we get \boxed{9}.", "9", RIGHT, "9"),
    # The statement behind a phrase
    ("aime", "Final Answer: 204", "204", RIGHT, "204"),
    ("aime", "Answer: $204$", "204", RIGHT, "204"),
    ("aime", "Answer: 204.0", "204", RIGHT, "204.0"),
    ("aime", "Answer: 204.5", "204", WRONG, "204.5"),
    ("aime", "the answer is 204", "204", RIGHT, "204"),
    ("aime", "The final answer is 204.", "204", RIGHT, "204"),
    ("aime", "**Answer:** 204", "204", RIGHT, "204"),
    ("aime", "**Answer**: 204", "204", RIGHT, "204"),
    ("aime", "Answer: **204**", "204", RIGHT, "204"),
    ("aime", "Answer: 204 minutes", "204", RIGHT, "204"),
    ("aime", "Answer: ２０４", "204", WRONG, ...),
    ("aime", "Answer: 1,024", "1024", RIGHT, "1,024"),
    ("aime", "The final answer is 23. I hope it is correct.", "23", RIGHT, "23"),
    ("aime", "**Final Answer**\n\nThe sum of both is\n\n\\[ 204 \\]\n", "204", RIGHT, "204"),
    ("aime", "**Final Answer**\n204", "204", RIGHT, "204"),
    ("aime", "### Final Answer\n\n**204**\n", "204", RIGHT, "204"),
    ("aime", "**Final Answer:**\n\n$$204$$", "204", RIGHT, "204"),
    ("aime", "## Answer\n\nThere are 204 such tuples.", "204", RIGHT, "204"),
    (
        "aime",
        "Answer: 204\n\nCheck: all cases sum up. This answer is consistent with all constraints.",
        "204",
        RIGHT,
        "204",
    ),
    ("aime", "Answer: 204. The answer is verified by all 3 of our tests.", "204", RIGHT, "204"),
    ("aime", "The answer is 204. This answer is correct.", "204", RIGHT, "204"),
    ("aime", "The answer is 7. Wait, I forgot one case. The answer is 204.", "204", RIGHT, "204"),
    ("aime", "The answer is 204. Wait, I forgot one case. The answer is 7.", "204", WRONG, "7"),
    (
        "aime",
        "The answer is \\(204\\), since \\(200 + 4 = 204\\) and 17 divides it.",
        "204",
        RIGHT,
        "204",
    ),
    ("aime", "Therefore, the correct answer is therefore exactly 204.", "204", RIGHT, "204"),
    ("aime", "So the answer to the problem is 204.", "204", RIGHT, "204"),
    ("aime", "Our final answer comes out to be 204.", "204", RIGHT, "204"),
    ("aime", "Therefore 204 is the answer.", "204", RIGHT, "204"),
    ("aime", "I get $12 \\cdot 17 = 204$, which is the answer.", "204", RIGHT, ...),
    ("aime", "Answer: m + n = 204", "204", RIGHT, "m + n = 204"),
    ("aime", "Final Answer: Thus, the sum is $200+4=204$.", "204", RIGHT, "200+4=204"),
    ("aime", "Final Answer: The least such $n$ is 204.", "204", RIGHT, "204"),
    ("aime", "Final Answer: There are 204 ways for this, by symmetry in $x$.", "204", RIGHT, "204"),
    (
        "aime",
        "Final Answer: We found $a=4$ first. So the total is $a+200 = 204$.",
        "204",
        RIGHT,
        ...,
    ),
    ("aime", "Final Answer: Therefore, $m+n = 108 + 96 = 204$ as claimed.", "204", RIGHT, ...),
    (
        "aime",
        "Final Answer: The requested value of $10p+q$ is $204$. We are done.",
        "204",
        RIGHT,
        "204",
    ),
    (
        "aime",
        "Answer: The final answer is $\\boxed{204}$. I hope it is correct.",
        "204",
        RIGHT,
        "204",
    ),
    ("aime", "Final Answer: 2 0 4", "204", WRONG, ...),
    ("aime", "Answer: 204 or 205", "204", WRONG, "204 or 205"),
    ("aime", "Answer: about 204.3", "204", WRONG, "204.3"),
    ("aime", "<answer>204</answer>", "204", RIGHT, "204"),
    ("aime", "#### 204", "204", RIGHT, "204"),
    ("aime", "答案是 204。", "204", RIGHT, "204"),
    ("aime", "最终答案：204", "204", RIGHT, "204"),
    ("aime", "Answer:\u00a0204", "204", RIGHT, "204"),
    ("aime", "Answer：\u3000204", "204", RIGHT, "204"),
    ("aime", "Answer:\u200b204", "204", RIGHT, "204"),
    ("aime", "The answer is:\n\n- 204", "204", RIGHT, "204"),
    ("aime", "The answer is **204** (two hundred and four).", "204", RIGHT, "204"),
    ("aime", "The answer is not 204.", "204", WRONG, ...),
    ("math", "Answer: 3", "3", RIGHT, "3"),
    ("math", "Answer:\n\n3", "3", RIGHT, "3"),
    ("math", "Answer: ", "3", WRONG, None),
    ("math", "The roots are $1$ and $-2$.", "1,-2", RIGHT, ...),
    ("math", "Final Answer: The roots are $1$ and $-2$.", "-2,1", RIGHT, ...),
    ("math", "Final Answer: The roots are $1$, $-2$ and $5$.", "-2,1,5", RIGHT, ...),
    ("math", "Final Answer: The roots are $1$ and $2$.", "-2,1", WRONG, ...),
    ("math", "Final Answer: the solutions are $x = 1$ or $x = -2$.", "-2,1", RIGHT, ...),
    ("math", "Final Answer: Thus $x = 5$ or $x = -2$", r"\{5,-2\}", RIGHT, ...),
    ("math", "Final Answer: \\(\\frac{3}{4}\\)", "3/4", RIGHT, r"\frac{3}{4}"),
    ("math", "Final Answer: \\[ \\frac{3}{4}. \\]", "3/4", RIGHT, r"\frac{3}{4}"),
    ("math", r"Answer: \frac{3}{4}", "3/4", RIGHT, r"\frac{3}{4}"),
    ("math", "Answer: 3/4 of the pie", "0.75", RIGHT, "3/4"),
    ("math", "Answer: 2*sqrt(3)", r"\sqrt{12}", RIGHT, "2*sqrt(3)"),
    ("math", "Answer: 2√3", r"\sqrt{12}", RIGHT, "2√3"),
    ("math", "Answer: π/4", r"\frac{\pi}{4}", RIGHT, "π/4"),
    ("math", "Answer: (1, 2)", "(1,2)", RIGHT, "(1, 2)"),
    ("math", "The final answer is $[2,5)$. I hope it is correct.", "[2,5)", RIGHT, "[2,5)"),
    ("math", "Hence the domain is $[2, 5]$.", "[2,5)", WRONG, "[2, 5]"),
    ("math", "The final answer is $(2,5)$.", "(2,6)", WRONG, "(2,5)"),
    ("math", "The final answer is $x^2 + 2x + 1$, by the binomial theorem.", "(x+1)^2", RIGHT, ...),
    (
        "math",
        "Final Answer: The probability is $\\frac{5}{12}$ for this event.",
        "5/12",
        RIGHT,
        ...,
    ),
    (
        "math",
        "Final Answer: Therefore the area is $12\\pi$ square units.",
        r"12\pi",
        RIGHT,
        r"12\pi",
    ),
    ("math", "The answer is Tuesday.", r"\text{Tuesday}", RIGHT, "Tuesday"),
    ("math", "Final answer: even", r"\text{even}", RIGHT, "even"),
    ("math", "Final answer: odd", r"\text{even}", WRONG, "odd"),
    ("math", "Answer: no solution", r"\text{No solution}", RIGHT, ...),
    ("math", "The answer is correct.", "3", WRONG, None),
    ("math", "I cannot solve this problem.", "3", WRONG, None),
    # Without a phrase: the last sentence that says a value
    ("aime", "204", "204", RIGHT, "204"),
    ("aime", "m+n = 23", "23", RIGHT, "m+n = 23"),
    ("aime", "So, $m+n = 23$. This completes the proof.", "23", RIGHT, "m+n = 23"),
    ("aime", "Adding both counts we get 23.", "23", RIGHT, "23"),
    ("aime", "I tried 23 cases.", "23", WRONG, None),
    ("math", "$\\frac12$", "1/2", RIGHT, "\\frac12"),
    (
        "math",
        "The vertex is therefore $(3, -1)$. That is what we wanted.",
        "(3,-1)",
        RIGHT,
        "(3, -1)",
    ),
    ("math", "3", "3", RIGHT, "3"),
    # Numbers: exact, with one tolerance for decimals
    ("math", r"\boxed{\frac{1}{2}}", "0.5", RIGHT, r"\frac{1}{2}"),
    ("math", r"\boxed{\dfrac12}", r"\frac{1}{2}", RIGHT, r"\dfrac12"),
    ("math", r"\boxed{.5}", r"\frac{1}{2}", RIGHT, ".5"),
    ("math", r"\boxed{-\frac{1}{2}}", "-0.5", RIGHT, r"-\frac{1}{2}"),
    ("math", r"\boxed{\frac{-1}{2}}", r"-\frac{1}{2}", RIGHT, ...),
    ("math", r"\boxed{2\frac{1}{3}}", r"\frac{7}{3}", RIGHT, ...),
    ("math", r"\boxed{1.5\times10^{3}}", "1500", RIGHT, ...),
    ("math", r"\boxed{1.5 \times 10^3}", "150", WRONG, ...),
    ("math", r"\boxed{0.0833333333333333}", r"\frac{1}{12}", RIGHT, ...),
    ("math", r"\boxed{0.0833333}", r"\frac{1}{12}", RIGHT, ...),
    ("math", r"\boxed{0.083333}", r"\frac{1}{12}", WRONG, ...),
    ("math", r"\boxed{0.08}", r"\frac{1}{12}", WRONG, ...),
    ("math", r"\boxed{0.333}", r"\frac{1}{3}", WRONG, "0.333"),
    ("math", r"\boxed{0.33333}", r"\frac{1}{3}", WRONG, ...),
    ("math", r"\boxed{0.333333}", r"\frac{1}{3}", RIGHT, ...),
    ("math", r"\boxed{0.333334}", r"\frac{1}{3}", WRONG, ...),
    ("math", r"\boxed{0.666666}", r"\frac{2}{3}", RIGHT, ...),
    ("math", r"\boxed{0.666667}", r"\frac{2}{3}", RIGHT, ...),
    ("math", r"\boxed{0.16666666666666669}", r"\frac{1}{6}", RIGHT, ...),
    ("math", r"\boxed{1.4142136}", r"\sqrt{2}", RIGHT, ...),
    ("math", r"\boxed{1.41421}", r"\sqrt{2}", RIGHT, ...),
    ("math", r"\boxed{1.4142}", r"\sqrt{2}", WRONG, ...),
    ("math", r"\boxed{1.41422}", r"\sqrt{2}", WRONG, ...),
    ("math", r"\boxed{3.14159}", r"\pi", RIGHT, ...),
    ("math", r"\boxed{3.14}", r"\pi", WRONG, ...),
    ("math", r"\boxed{\sqrt{2} \approx 1.414}", r"\sqrt{2}", RIGHT, ...),
    ("math", r"\boxed{\pi}", "3.14159265", RIGHT, ...),
    ("math", r"\boxed{22.999999}", "23", WRONG, ...),
    ("math", r"\boxed{0.124999}", "0.125", WRONG, ...),
    ("math", r"\boxed{\frac{1}{2031!}}", r"\frac{1}{2033!}", WRONG, ...),
    ("math", r"\boxed{\frac{1}{2031!}}", r"\frac{1}{2031!}", RIGHT, ...),
    ("math", r"\boxed{2^{-97}}", "2^{-96}", WRONG, ...),
    ("math", r"\boxed{\frac{1}{2^{97}}}", "2^{-97}", RIGHT, ...),
    ("math", r"\boxed{1 - 2^{-97}}", "1", WRONG, ...),
    ("math", r"\boxed{\{1, 2^{-97}\}}", r"\{1, 2^{-96}\}", WRONG, ...),
    ("math", r"\boxed{\frac{x}{2031!}}", r"\frac{x}{2033!}", WRONG, ...),
    ("math", r"\boxed{\sqrt{2}\sqrt{3}}", r"\sqrt{6}", RIGHT, ...),
    ("math", r"\boxed{\frac{1}{\sqrt{2}}}", r"\frac{\sqrt{2}}{2}", RIGHT, ...),
    ("math", r"\boxed{\sqrt{5 + 2\sqrt{6}}}", r"\sqrt{2}+\sqrt{3}", RIGHT, ...),
    ("math", r"\boxed{5!}", "120", RIGHT, ...),
    ("math", r"\boxed{5!}", "5", WRONG, ...),
    ("math", r"\boxed{\binom{5}{2}}", "10", RIGHT, ...),
    ("math", r"\boxed{0.5\pi}", r"\frac{\pi}{2}", RIGHT, ...),
    ("math", r"\boxed{1,000}", "1000", RIGHT, "1,000"),
    ("math", r"\boxed{\$32{,}000}", "32000", RIGHT, r"\$32{,}000"),
    ("math", r"\boxed{32,\!349}", "32349", RIGHT, ...),
    ("math", r"\boxed{32\,349}", "32,349", RIGHT, ...),
    ("math", r"\boxed{32,349}", "32349", RIGHT, ...),
    ("math", r"\boxed{32, 349}", "32349", WRONG, ...),
    ("math", r"\boxed{32, 349}", "349, 32", RIGHT, ...),
    ("math", "Answer: 32,349 people", "32349", RIGHT, "32,349"),
    ("math", r"\boxed{3,49}", "349", WRONG, ...),
    ("math", r"\boxed{50\%}", "50", RIGHT, ...),
    ("math", r"\boxed{50\%}", "0.5", RIGHT, ...),
    ("math", r"\boxed{50 percent}", r"50\%", RIGHT, ...),
    ("math", r"\boxed{0.5}", r"50\%", RIGHT, ...),
    ("math", r"\boxed{0.5}", "50", WRONG, ...),
    ("math", r"\boxed{90^{\circ}}", "90", RIGHT, ...),
    ("math", r"\boxed{90\text{ degrees}}", r"90^\circ", RIGHT, ...),
    ("math", r"\boxed{12\text{ square inches}}", "12", RIGHT, ...),
    ("math", r"\boxed{5 cm}", r"5\text{ cm}", RIGHT, ...),
    ("math", r"\boxed{5\text{ cm}}", r"5\text{ m}", WRONG, ...),
    ("math", r"\boxed{5\text{ meters}}", r"5\text{ m}", RIGHT, ...),
    ("math", r"\boxed{10\text{ AM}}", r"10\text{ PM}", WRONG, ...),
    ("math", r"\boxed{9.8 \, \text{m/s}^2}", "9.8", RIGHT, ...),
    ("math", r"\boxed{1101_2}", "1101_{2}", RIGHT, ...),
    ("math", r"\boxed{1101_2}", "1101_3", WRONG, ...),
    # Expressions, tuples, intervals, sets, matrices
    ("math", r"\boxed{2\sqrt{3}}", r"\sqrt{12}", RIGHT, r"2\sqrt{3}"),
    ("math", r"\boxed{(x+1)^2}", "x^2+2x+1", RIGHT, "(x+1)^2"),
    ("math", r"\boxed{(x-1)^2}", "x^2+2x+1", WRONG, ...),
    ("math", r"\boxed{y = 2x + 1}", "2x+1", RIGHT, ...),
    ("math", r"\boxed{2x + 1}", "y=2x+1", RIGHT, ...),
    ("math", r"\boxed{f(x) = x^2}", "x^2", RIGHT, ...),
    ("math", r"\boxed{x = 3}", "3", RIGHT, "x = 3"),
    ("math", r"\boxed{x = 3}", "y = 3", WRONG, ...),
    ("math", r"\boxed{(1, 2)}", "(1,2)", RIGHT, "(1, 2)"),
    ("math", r"\boxed{(2, 1)}", "(1,2)", WRONG, "(2, 1)"),
    ("math", r"\boxed{\left(\frac{1}{2}, -3\right)}", "(0.5,-3)", RIGHT, ...),
    ("math", r"\boxed{(x, y) = (1, 2)}", "(1,2)", RIGHT, ...),
    ("math", r"\boxed{(1,2), (3,4)}", "(3,4),(1,2)", RIGHT, ...),
    ("math", r"\boxed{(1,2), (3,4)}", "(2,1),(3,4)", WRONG, ...),
    ("math", r"\boxed{(100,200)}", "(100, 200)", RIGHT, ...),
    ("math", r"\boxed{\{2, 1\}}", r"\{1,2\}", RIGHT, r"\{2, 1\}"),
    ("math", r"\boxed{1, 2}", r"\{1,2\}", RIGHT, ...),
    ("math", r"\boxed{\{1, 2, 3\}}", r"\{1,2\}", WRONG, ...),
    ("math", r"\boxed{1 \text{ and } 2}", "1,2", RIGHT, ...),
    ("math", r"\boxed{x=1 \text{ or } x=2}", "1,2", RIGHT, ...),
    ("math", r"\boxed{x_1 = 1, x_2 = 2}", "1,2", RIGHT, ...),
    ("math", r"\boxed{\pm 2}", "2,-2", RIGHT, ...),
    ("math", r"\boxed{1 \pm \sqrt{2}}", r"1+\sqrt2, 1-\sqrt2", RIGHT, ...),
    ("math", r"\boxed{[2,5)}", "(2,5)", WRONG, ...),
    ("math", r"\boxed{x \in [2,5)}", "[2,5)", RIGHT, ...),
    ("math", r"\boxed{2 \le x < 5}", "[2,5)", RIGHT, ...),
    ("math", r"\boxed{(-\infty,2)\cup(3,\infty)}", r"(-\infty, 2) \cup (3, \infty)", RIGHT, ...),
    ("math", r"\boxed{(-\infty,2)\cup(3,+\infty)}", r"(-\infty, 2) \cup (3, \infty)", RIGHT, ...),
    ("math", r"\boxed{(-\infty,2)\cup(4,\infty)}", r"(-\infty, 2) \cup (3, \infty)", WRONG, ...),
    (
        "math",
        r"\boxed{\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}}",
        r"\begin{pmatrix}1&2\\3&4\end{pmatrix}",
        RIGHT,
        ...,
    ),
    (
        "math",
        r"\boxed{\begin{bmatrix} 1/2 \\ 3 \end{bmatrix}}",
        r"\begin{pmatrix}\frac{1}{2}\\3\end{pmatrix}",
        RIGHT,
        ...,
    ),
    (
        "math",
        r"\boxed{\begin{pmatrix} 1 \\ 4 \end{pmatrix}}",
        r"\begin{pmatrix}1\\3\end{pmatrix}",
        WRONG,
        ...,
    ),
    ("math", r"\boxed{3+4i}", "4i+3", RIGHT, ...),
    ("math", r"\boxed{3-4i}", "3+4i", WRONG, ...),
    ("math", r"\boxed{3:2}", "3:2", RIGHT, ...),
    ("math", r"\boxed{\emptyset}", r"\varnothing", RIGHT, ...),
    # Words
    ("math", r"\boxed{\text{Tuesday}}", r"\text{Tuesday}", RIGHT, r"\text{Tuesday}"),
    ("math", r"\boxed{\text{Monday}}", r"\text{Tuesday}", WRONG, r"\text{Monday}"),
    ("math", r"\boxed{tuesday}", r"\text{Tuesday}", RIGHT, ...),
    ("math", r"\boxed{\mathrm{Evelyn}}", r"\text{Evelyn}", RIGHT, ...),
    ("math", r"\boxed{\text{three}}", "4", WRONG, ...),
    ("math", r"\boxed{\textbf{(C)}}", r"\text{(C)}", RIGHT, ...),
    ("math", r"\boxed{__import__('os').system('touch hacked')}", "0", WRONG, ...),
    # Choices
    ("gpqa", "Answer: C", "C", RIGHT, "C"),
    ("gpqa", "**Answer**: B", "B", RIGHT, "B"),
    ("gpqa", "The answer is: B", "B", RIGHT, "B"),
    ("gpqa", "The correct answer is (B).", "B", RIGHT, "B"),
    ("gpqa", "answer: B. Because it is", "B", RIGHT, "B"),
    ("gpqa", r"\boxed{\text{B}}", "B", RIGHT, "B"),
    ("gpqa", r"\boxed{C_{3h}}", "C", WRONG, None),
    ("gpqa", "Answer: A nucleophile attacks, so C", "A", WRONG, None),
    ("gpqa", "Answer: (C) 3 eV", "C", RIGHT, "C"),
    ("gpqa", r"\boxed{C}", "C", RIGHT, "C"),
    ("gpqa", r"\boxed{\text{C}}", "(C)", RIGHT, "C"),
    ("gpqa", "Answer: CD", "C", WRONG, None),
    ("gpqa", "Answer: Carbon", "C", WRONG, None),
    ("gpqa", "Answer: С", "C", WRONG, None),  # a Cyrillic letter
    ("gpqa", "I cannot say", "A", WRONG, None),
    ("gpqa", "", "A", WRONG, None),
    ("gpqa", "A", "A", RIGHT, "A"),
    ("gpqa", "**C**", "C", RIGHT, "C"),
    ("gpqa", "Answer: **C**", "C", RIGHT, "C"),
    ("gpqa", "**Final Answer**\n\n**C**", "C", RIGHT, "C"),
    ("gpqa", "**Final Answer:** **(C)** 3 eV", "C", RIGHT, "C"),
    ("gpqa", r"\boxed{\textbf{C}}", "C", RIGHT, "C"),
    ("gpqa", r"\boxed{\mathbf{C}}", "C", RIGHT, "C"),
    ("gpqa", r"\boxed{(C)}", "C", RIGHT, "C"),
    ("gpqa", r"\boxed{\text{(C) } 3\text{ eV}}", "C", RIGHT, "C"),
    ("gpqa", r"\boxed{\text{Option C}}", "C", RIGHT, "C"),
    ("gpqa", r"\boxed{c}", "C", RIGHT, "C"),
    ("gpqa", r"\boxed{C, D}", "C", WRONG, None),
    ("gpqa", r"\boxed{C \text{ and } D}", "C", WRONG, None),
    ("gpqa", r"\boxed{C} or \boxed{D}", "C", WRONG, None),
    ("gpqa", r"\boxed{CH_4}", "C", WRONG, None),
    ("gpqa", r"\boxed C", "C", RIGHT, "C"),
    ("gpqa", r"\boxed{\text{A}}, not \boxed{\text{B}}", "B", RIGHT, "B"),
    ("gpqa", "Option C", "C", RIGHT, "C"),
    ("gpqa", "So I choose option C.", "C", RIGHT, "C"),
    ("gpqa", "Answer: C (3 eV)", "C", RIGHT, "C"),
    ("gpqa", r"Answer: \(C\)", "C", RIGHT, "C"),
    ("gpqa", "Answer: $C$", "C", RIGHT, "C"),
    ("gpqa", "Answer: C: 3 eV", "C", RIGHT, "C"),
    ("gpqa", "Answer: C) 3 eV", "C", RIGHT, "C"),
    ("gpqa", "Answer: C - the enolate", "C", RIGHT, "C"),
    ("gpqa", "Answer: c) the enolate", "C", RIGHT, "C"),
    ("gpqa", "Answer:\n\nC", "C", RIGHT, "C"),
    ("gpqa", "Answer: [C]", "C", RIGHT, "C"),
    ("gpqa", "Answer: C. elegans-like development of the zygote", "C", RIGHT, "C"),
    ("gpqa", "The correct answer is (C).", "C", RIGHT, "C"),
    ("gpqa", "The correct answer is **C) 3 eV**.", "C", RIGHT, "C"),
    ("gpqa", "The correct option is C because the others are too heavy.", "C", RIGHT, "C"),
    ("gpqa", "Thus the best answer is therefore option (C), the enolate.", "C", RIGHT, "C"),
    ("gpqa", "The correct choice is the third one, (C).", "C", RIGHT, "C"),
    ("gpqa", "Therefore, option C is correct.", "C", RIGHT, "C"),
    ("gpqa", "(A) and (B) violate parity. (C) is the correct one.", "C", RIGHT, "C"),
    ("gpqa", "Answer: C\n\nThis answer is consistent with all the data given.", "C", RIGHT, "C"),
    ("gpqa", "The answer is D. No, wait: the answer is C.", "C", RIGHT, "C"),
    ("gpqa", "Final Answer: The final answer is C. I hope it is correct.", "C", RIGHT, "C"),
    ("gpqa", "答案：C", "C", RIGHT, "C"),
    ("gpqa", "Answer:\u00a0C", "C", RIGHT, "C"),
    ("gpqa", "(C) or (D)", "C", WRONG, None),
    ("gpqa", "Answer: (C) or (D)", "C", WRONG, None),
    ("gpqa", "Answer: C or D", "C", WRONG, None),
    ("gpqa", "Answer: both C and D", "C", WRONG, None),
    ("gpqa", "Answer: C/D", "C", WRONG, None),
    ("gpqa", "Answer: either (C) or (D)", "C", WRONG, None),
    ("gpqa", "A nucleophile attacks the carbonyl.", "A", WRONG, None),
    ("gpqa", "The answer is a nucleophile.", "A", WRONG, None),
    ("gpqa", "Answer: C=O stretches at 1700", "C", WRONG, None),
    ("gpqa", "Answer: D-glucose", "D", WRONG, None),
    ("gpqa", "Answer: E", "A", WRONG, None),
    ("gpqa", "Answer: (D)", "C", WRONG, "D"),
    ("gpqa", "The first is wrong, so we rule out (A).", "A", WRONG, None),
    # Whole last statements, as models write them
    (
        "aime",
        "Thus, the answer is $\\boxed{113}$.\n\n**Final Answer**\n\nThe final answer is "
        "$\\boxed{113}$",
        "113",
        RIGHT,
        "113",
    ),
    (
        "aime",
        "Final Answer: Therefore, the remainder when $N$ is divided by $1000$ is $\\textbf{371}$.",
        "371",
        RIGHT,
        ...,
    ),
    (
        "aime",
        "Final Answer: Therefore, the remainder when $N$ is divided by 1000 is 371.",
        "371",
        RIGHT,
        ...,
    ),
    ("aime", "Final Answer: The desired sum is $m+n=4+9=013$", "13", RIGHT, ...),
    (
        "aime",
        "Final Answer: Hence the number of such sequences is $\\binom{8}{3} - 10 = 46$.",
        "46",
        RIGHT,
        ...,
    ),
    (
        "aime",
        "Final Answer: Our answer is then $5 + 7 = 12$, so we are finished.",
        "12",
        RIGHT,
        ...,
    ),
    ("aime", "Final Answer: $p+q+r = 12$.", "12", RIGHT, ...),
    ("aime", "Final Answer: Thus $AB = 12$ and $m + n = 23$", "23", RIGHT, ...),
    ("aime", "Final Answer: So, $\\cos A = \\frac{7}{16}$, giving $7+16=23$.", "23", RIGHT, ...),
    (
        "aime",
        "Final Answer: the area is $\\frac{7}{16}$, and the answer is $7+16=\\boxed{23}$.",
        "23",
        RIGHT,
        ...,
    ),
    (
        "aime",
        "Final Answer: we have $25^2 = 625$ and thus $a + b + c = 625 - 2 = 623$",
        "623",
        RIGHT,
        ...,
    ),
    ("aime", "Final Answer: Adding these up, we get a total of 70 quadruples.", "70", RIGHT, ...),
    (
        "aime",
        "Final Answer: the sum of all possible values of $k$ is $240$.\n\nLet me double "
        "check. For $k = 3$, it holds.",
        "240",
        RIGHT,
        ...,
    ),
    ("aime", "Answer: Final Answer: 204", "204", RIGHT, "204"),
    ("aime", "Final Answer: \n\n204", "204", RIGHT, "204"),
    ("aime", "Final Answer:204", "204", RIGHT, "204"),
    ("aime", "FINAL ANSWER: 204", "204", RIGHT, "204"),
    ("aime", "Final Answer: The answer is **204**.", "204", RIGHT, "204"),
    ("aime", "The answer is `204`.", "204", RIGHT, "204"),
    ("aime", "*Answer:* 204", "204", RIGHT, "204"),
    ("aime", "__Answer:__ 204", "204", RIGHT, "204"),
    ("aime", "Answer - 204", "204", RIGHT, "204"),
    ("aime", "Answer = 204", "204", RIGHT, "204"),
    ("aime", "Answer (integer): 204", "204", RIGHT, "204"),
    ("aime", "Result: 204", "204", RIGHT, "204"),
    ("aime", "The answer must be 204.", "204", RIGHT, "204"),
    ("aime", "So the answer would be $\\frac{408}{2} = 204$ dollars.", "204", RIGHT, ...),
    ("aime", "The final answer is: $\\mathbf{204}$", "204", RIGHT, ...),
    ("aime", "Answer: $m = 5$, $n = 18$, so $m + n = 23$.", "23", RIGHT, ...),
    ("aime", "Answer: 5 + 18 = 23", "23", RIGHT, ...),
    ("aime", "Answer: 5 + 18 = 23.\nThe value 23 is consistent with parity.", "23", RIGHT, ...),
    ("aime", "Answer: \\$204", "204", RIGHT, ...),
    ("aime", "Answer: $204", "204", RIGHT, ...),
    ("aime", "Answer: 204°", "204", RIGHT, ...),
    ("aime", "Answer: 204%", "204", RIGHT, ...),
    ("aime", "Answer: 204 degrees", "204", RIGHT, ...),
    ("aime", "Answer: ≈ 204", "204", RIGHT, ...),
    ("aime", "Answer: x = 204", "204", RIGHT, ...),
    ("aime", "Answer: $204$ $\\text{cm}^2$", "204", RIGHT, ...),
    ("aime", "The answer is 204, not 205.", "204", RIGHT, "204"),
    ("aime", "The answer is $204$; note that $205$ fails.", "204", RIGHT, "204"),
    (
        "aime",
        "\\[\n\\boxed{204}\n\\]\n\nLet me know if you have questions about steps 1 and 2.",
        "204",
        RIGHT,
        "204",
    ),
    ("aime", "$$\\boxed{\\displaystyle 204}$$", "204", RIGHT, ...),
    ("aime", "$$\\boxed{\\mathrm{204}}$$", "204", RIGHT, ...),
    ("aime", "$$\\boxed{n=204.}$$", "204", RIGHT, ...),
    ("aime", "$$\\boxed{\\text{The answer is } 204}$$", "204", RIGHT, ...),
    ("aime", "$$\\boxed{204 \\text{ ways}}$$", "204", RIGHT, ...),
    ("aime", "$$\\boxed{204 \\text{ (ways)}}$$", "204", RIGHT, ...),
    ("aime", "$$\\boxed{\\underline{204}}$$", "204", RIGHT, ...),
    ("aime", "$$\\boxed{\\$204}$$", "204", RIGHT, ...),
    ("aime", "$$\\boxed{\\$ 204.00}$$", "204", RIGHT, ...),
    ("aime", "$$\\boxed{+204}$$", "204", RIGHT, ...),
    ("aime", "$$\\boxed{\\left(204\\right)}$$", "204", RIGHT, ...),
    ("aime", "$$\\boxed{\\{204\\}}$$", "204", RIGHT, ...),
    ("aime", "$$\\boxed{204 \\pmod{1000}}$$", "204", RIGHT, ...),
    ("aime", "$$\\boxed{204\\% }$$", "204", RIGHT, ...),
    ("aime", "$$\\boxed{2.04 \\times 10^2}$$", "204", RIGHT, ...),
    ("aime", "$$\\boxed{204}$$ (or \\boxed{}?)", "204", RIGHT, ...),
    ("aime", "$$\\boxed{1204}$$", "204", WRONG, ...),
    ("aime", "$$\\boxed{20}4$$", "204", WRONG, ...),
    ("aime", "The answer is 2040.", "204", WRONG, ...),
    ("aime", "The answer is 204/205.", "204", WRONG, ...),
    ("aime", "The answer is 204,000.", "204", WRONG, ...),
    ("aime", "The answer is $204\\sqrt{2}$.", "204", WRONG, ...),
    ("aime", "The answer is between 203 and 205.", "204", WRONG, ...),
    (
        "math",
        "The final answer is $2\\sqrt{3}$ cm. I hope it is correct.",
        r"2\sqrt{3}",
        RIGHT,
        ...,
    ),
    (
        "math",
        "Final Answer: so the set of solutions is $\\{1, 2, 3\\}$, as desired.",
        r"\{1,2,3\}",
        RIGHT,
        ...,
    ),
    (
        "math",
        "Final Answer: so $f(x)$ is increasing on $(-\\infty, 2]$.",
        r"(-\infty,2]",
        RIGHT,
        ...,
    ),
    (
        "math",
        "Final Answer: $(-\\infty, -3) \\cup (3, \\infty)$",
        r"(-\infty,-3)\cup(3,\infty)",
        RIGHT,
        ...,
    ),
    (
        "math",
        "Final Answer: Therefore, $x \\in (-\\infty, -3) \\cup (3, \\infty)$.",
        r"(-\infty,-3)\cup(3,\infty)",
        RIGHT,
        ...,
    ),
    (
        "math",
        "Final Answer: The ordered pair is $(r, \\theta) = (3, \\frac{\\pi}{2})$.",
        r"\left( 3, \frac{\pi}{2} \right)",
        RIGHT,
        ...,
    ),
    ("math", "Final Answer: the polynomial is $p(x) = x^3 - 7$", "x^3-7", RIGHT, ...),
    (
        "math",
        "Final Answer: the smallest is $\\sqrt{2}$ while the largest is $\\sqrt{3}$.",
        r"\sqrt3",
        RIGHT,
        ...,
    ),
    (
        "math",
        "Final Answer: the inverse is $\\begin{pmatrix} 2 & 0 \\\\ 0 & 1/3 \\end{pmatrix}$.",
        r"\begin{pmatrix} 2 & 0 \\ 0 & \frac13 \end{pmatrix}",
        RIGHT,
        ...,
    ),
    (
        "math",
        "Final Answer: the vector is $\\langle 1, 2 \\rangle$.",
        r"\langle 1,2 \rangle",
        RIGHT,
        ...,
    ),
    ("math", "Final Answer: \\text{Evelyn}", r"\text{Evelyn}", RIGHT, ...),
    (
        "math",
        "Final Answer: The student with the greatest speed is Evelyn.",
        r"\text{Evelyn}",
        RIGHT,
        ...,
    ),
    ("math", "Final Answer: the polygon is a regular hexagon.", r"\text{hexagon}", WRONG, ...),
    ("math", "Final Answer: $\\text{navy}$", r"\text{navy}", RIGHT, ...),
    ("math", "Final Answer: 10:30 AM", r"10\!:\!30\text{ AM}", RIGHT, ...),
    ("math", "Final Answer: (D)", r"\text{(D)}", RIGHT, ...),
    ("math", "Final Answer: 6 - 5i", "6 - 5i", RIGHT, ...),
    ("math", "Final Answer: 2k + 2", "2k+2", RIGHT, ...),
    ("math", "Final Answer: $-2 + 7i$ is the image.", "-2 + 7i", RIGHT, ...),
    ("math", "Final Answer: x^3+3x-6", "x^3 + 3x - 6", RIGHT, ...),
    ("math", "Final Answer: 70 \\sqrt{2}", r"70 \sqrt{2}", RIGHT, ...),
    ("math", "Final Answer: \\frac{243}{625}", r"\dfrac{243}{625}", RIGHT, ...),
    ("math", "Final Answer: $1 \\le x \\le 3$", "[1,3]", RIGHT, ...),
    ("math", "Final Answer: x > 3", r"(3,\infty)", RIGHT, ...),
    ("math", "Final Answer: 3 < x", "x > 3", RIGHT, ...),
    ("math", "Final Answer: 4, 6, 14, and 15", "6,4,15,14", RIGHT, ...),
    ("math", "Final Answer: 4, 6, 14, 15", "4,6,14", WRONG, ...),
    ("math", "Final Answer: $11\\sqrt{2}$", r"11\sqrt2", RIGHT, ...),
    ("math", "Final Answer: \\(-\\sqrt{3}\\)", r"-\sqrt{3}", RIGHT, ...),
    ("math", "Final Answer: \\(\\sqrt{3}\\)", r"-\sqrt{3}", WRONG, ...),
    ("math", "Final Answer: $x=1$, $y=2$", "(1,2)", RIGHT, ...),
    ("math", "Final Answer: $a = 1$ and $b = 2$", "a=1,b=2", RIGHT, ...),
    ("math", "The final answer is $y=\\frac{x}{2}+3$.", r"y = \frac12 x + 3", RIGHT, ...),
    ("math", "The final answer is $\\boxed{\\$18.90}$", "18.90", RIGHT, ...),
    ("math", "The final answer is $\\boxed{18.9}$", "\\$18.90", RIGHT, ...),
    ("math", "The final answer is $\\boxed{1\\frac{4}{5}}$", r"1\frac45", RIGHT, ...),
    ("math", "The final answer is $\\boxed{9/5}$", r"1\frac{4}{5}", RIGHT, ...),
    ("math", "The final answer is $\\boxed{\\tfrac{9}{5}}$", r"\frac{9}{5}", RIGHT, ...),
    ("math", "The final answer is $\\boxed{{\\frac {9} {5}}}$", r"\frac{9}{5}", RIGHT, ...),
    ("math", "\\boxed{\\text{$\\frac{1}{2}$}}", "1/2", RIGHT, ...),
    ("math", "\\boxed{\\(\\frac{1}{2}\\)}", "1/2", RIGHT, ...),
    ("math", "\\boxed{$5$}", "5", RIGHT, ...),
    ("math", "\\boxed{x^{2}+y^{2}=4}", "x^2+y^2=4", RIGHT, ...),
    ("math", "\\boxed{x^2 + y^2 - 4 = 0}", "x^2+y^2=4", RIGHT, ...),
    ("math", "\\boxed{(-\\infty, 0]}", r"(-\infty,0)", WRONG, ...),
    ("math", "\\boxed{4}", "4x", WRONG, ...),
    ("math", "\\boxed{\\frac{3}{56}}", r"\frac{3}{65}", WRONG, ...),
    ("math", "\\boxed{\\sin x}", r"\sin(x)", RIGHT, ...),
    ("math", "\\boxed{\\log_2 3}", r"\log_{2}{3}", RIGHT, ...),
    ("math", "\\boxed{e^{2}}", "7.389056", RIGHT, ...),
    ("math", "\\boxed{\\frac{\\pi}{4} \\approx 0.785}", r"\frac{\pi}{4}", RIGHT, ...),
    ("math", "\\boxed{10000000000001}", "10000000000000", WRONG, ...),
    ("math", "\\boxed{\\sqrt{10^{40}+1}}", "10^{20}", WRONG, ...),
    ("math", "\\boxed{\\text{yes}}", r"\text{Yes}", RIGHT, ...),
    ("math", "\\boxed{\\text{Yes, it is}}", r"\text{No}", WRONG, ...),
    ("math", "\\boxed{-\\infty}", r"\infty", WRONG, ...),
    ("math", "\\boxed{\\infty}", r"+\infty", RIGHT, ...),
    ("math", "\\boxed{n(n+1)/2}", r"\frac{n(n+1)}{2}", RIGHT, ...),
    ("math", "\\boxed{a + b}", "b+a", RIGHT, ...),
    ("math", "\\boxed{p - q}", "q-p", WRONG, ...),
    ("math", "Answer: 1. x = 2\n2. x = 3", "5", WRONG, ...),
    ("gpqa", "The correct answer is:\n\n**(C) 3 eV**", "C", RIGHT, "C"),
    ("gpqa", "**Answer: C**", "C", RIGHT, "C"),
    ("gpqa", "**Answer: (C)**", "C", RIGHT, "C"),
    ("gpqa", "**Correct Answer: C. The enolate**", "C", RIGHT, "C"),
    ("gpqa", "Final Answer: C", "C", RIGHT, "C"),
    ("gpqa", "Final Answer: The answer is \\(\\boxed{\\text{C}}\\).", "C", RIGHT, "C"),
    ("gpqa", "The final answer is $\\boxed{\\textbf{(C)}\\ 3}$.", "C", RIGHT, "C"),
    ("gpqa", "\\boxed{\\text{C) enolate}}", "C", RIGHT, "C"),
    ("gpqa", "\\boxed{C: \\text{enolate}}", "C", RIGHT, "C"),
    ("gpqa", "\\boxed{C.}", "C", RIGHT, "C"),
    ("gpqa", "\\boxed{\\mathrm{C}}", "C", RIGHT, "C"),
    ("gpqa", "\\boxed{\\rm C}", "C", RIGHT, "C"),
    ("gpqa", "\\boxed{{\\bf C}}", "C", RIGHT, "C"),
    ("gpqa", "\\boxed{\\text{Answer: C}}", "C", RIGHT, "C"),
    ("gpqa", "\\boxed{\\text{The answer is C}}", "C", RIGHT, "C"),
    ("gpqa", "\\boxed{c)}", "C", RIGHT, "C"),
    ("gpqa", "\\boxed{(c)}", "C", RIGHT, "C"),
    ("gpqa", "\\boxed{**C**}", "C", RIGHT, "C"),
    ("gpqa", "\\boxed{A and B}", "A", WRONG, None),
    ("gpqa", "\\boxed{A/B}", "A", WRONG, None),
    ("gpqa", "\\boxed{AB}", "A", WRONG, None),
    ("gpqa", "\\boxed{A B}", "A", WRONG, None),
    ("gpqa", "\\boxed{3 eV}", "C", WRONG, None),
    ("gpqa", "\\boxed{\\text{A nucleophile}}", "A", WRONG, None),
    ("gpqa", "\\boxed{B_2}", "B", WRONG, None),
    ("gpqa", "\\boxed{D_{2h}}", "D", WRONG, None),
    ("gpqa", "Answer: B-cell receptors", "B", WRONG, None),
    ("gpqa", "Answer: A, because A nucleophile attacks", "A", RIGHT, "A"),
    ("gpqa", "Answer: A", "A", RIGHT, "A"),
    ("gpqa", "Answer: A.", "A", RIGHT, "A"),
    ("gpqa", "The answer is A", "A", RIGHT, "A"),
    ("gpqa", "The answer is A because the field vanishes.", "A", RIGHT, "A"),
    ("gpqa", "Thus the answer is D) 10^-4 eV.", "D", RIGHT, "D"),
    ("gpqa", "So the correct answer would be option B.", "B", RIGHT, "B"),
    ("gpqa", "I would go with B.", "B", RIGHT, "B"),
    ("gpqa", "So it must be (B).", "B", RIGHT, "B"),
    ("gpqa", "Among the options, only (B) satisfies the constraint.", "B", RIGHT, "B"),
    ("gpqa", "The answer isn't (B).", "B", WRONG, None),
    ("gpqa", "The answer is not (B).", "B", WRONG, None),
    ("gpqa", "Answer: none of the above", "A", WRONG, None),
    ("gpqa", "Answer: **B** (not **C**)", "B", RIGHT, "B"),
    ("gpqa", "Answer: A and C are both right", "A", WRONG, None),
    ("gpqa", "Answer: \\textbf{B}", "B", RIGHT, "B"),
    ("gpqa", "Answer: $\\mathbf{B}$", "B", RIGHT, "B"),
    ("gpqa", "Answer: \\[B\\]", "B", RIGHT, "B"),
    ("gpqa", "Answer: 'B'", "B", RIGHT, "B"),
    ("gpqa", "Answer: <B>", "B", RIGHT, "B"),
    ("gpqa", "**Answer:**\n\n(B) 12.6 eV\n\nExplanation: (A) is too small.", "B", RIGHT, "B"),
    ("gpqa", "The answer is (B), as (A), (C) and (D) fail.", "B", RIGHT, "B"),
    ("gpqa", "The best match is option D: all of the above.", "D", RIGHT, "D"),
    ("gpqa", "The correct answer is Option D.", "D", RIGHT, "D"),
    ("gpqa", "Choice: D", "D", RIGHT, "D"),
    ("gpqa", "Therefore, D is the correct answer.", "D", RIGHT, "D"),
    # Statements without a box behind the prefix that ends a thought
    # MATH-like last sentences with the box removed, behind "Final Answer:"
    (
        "math",
        r"Final Answer: Therefore, the graph has $\frac{1}{2}$ as its slope.",
        r"\frac12",
        RIGHT,
        ...,
    ),
    (
        "math",
        r"Final Answer: Thus, $(r,\theta) = \left( 3, \frac{\pi}{2} \right).$",
        r"\left( 3, \frac{\pi}{2} \right)",
        RIGHT,
        ...,
    ),
    (
        "math",
        r"Final Answer: Hence, the distance is $\sqrt{(2-(-4))^2 + ((-6)-3)^2} = \sqrt{117} = "
        r"3\sqrt{13}.$",
        r"3\sqrt{13}",
        RIGHT,
        ...,
    ),
    ("math", r"Final Answer: $f(-2)+f(-1)+f(0)=\frac{14}{3}$", r"\frac{14}{3}", RIGHT, ...),
    (
        "math",
        r"Final Answer: There are $9$ positive whole-number divisors of 196.",
        "9",
        RIGHT,
        ...,
    ),
    ("math", r"Final Answer: So the perimeter is $6\times 7=42$ inches.", "42", RIGHT, ...),
    (
        "math",
        r"Final Answer: The least positive integer multiple of 30 that can be written with "
        r"only the digits 0 and 2 is $2220$.",
        "2220",
        RIGHT,
        ...,
    ),
    ("math", r"Final Answer: we see that $\theta = 28^\circ$.", "28", RIGHT, ...),
    ("math", r"Final Answer: so the smallest such cube is $3$.", "3", RIGHT, ...),
    ("math", r"Final Answer: Hence, we have $12 + 15 = 27$ students in total.", "27", RIGHT, ...),
    (
        "math",
        r"Final Answer: The value of the sum is then $1 \cdot 2 + 3 = 5$, as we wanted to show.",
        "5",
        RIGHT,
        ...,
    ),
    ("math", r"Final Answer: Our final answer is $4 + 5 = 9$.", "9", RIGHT, ...),
    (
        "math",
        r"Final Answer: Then $\sin x = \frac{3}{5}$ and $\cos x = \frac45$, so $\tan x = \frac34$.",
        r"\frac34",
        RIGHT,
        ...,
    ),
    ("math", r"Final Answer: Since $a<b$, $(a,b) = (1,4)$.", "(1,4)", RIGHT, ...),
    ("math", r"Final Answer: The range is $(0,1]$.", "(0,1]", RIGHT, ...),
    (
        "math",
        r"Final Answer: Therefore, the answer is $\{-2,3\}$, because $x=0$ is extraneous.",
        "-2,3",
        RIGHT,
        ...,
    ),
    (
        "math",
        r"Final Answer: The solutions are $x = 3 \pm 2 \sqrt{2}.$",
        r"3 \pm 2 \sqrt{2}",
        RIGHT,
        ...,
    ),
    ("math", r"Final Answer: which simplifies to $x^2 + 7x + 10$.", "x^2+7x+10", RIGHT, ...),
    ("math", r"Final Answer: or $4\frac{1}{2}$ hours", r"\frac92", RIGHT, ...),
    ("math", r"Final Answer: $\$32,\!349$", "32,349", RIGHT, ...),
    ("math", r"Final Answer: the cost is \$32,349.", "32349", RIGHT, ...),
    ("math", r"Final Answer: He has $\$4.50$ left.", "4.5", RIGHT, ...),
    (
        "math",
        r"Final Answer: The probability is $1 - \frac{1}{4} = \frac{3}{4}$, or 75\%.",
        r"\frac34",
        RIGHT,
        ...,
    ),
    ("math", r"Final Answer: $\text{(E)}$", r"\text{(E)}", RIGHT, ...),
    ("math", r"Final Answer: $E$", r"\text{E}", RIGHT, ...),
    ("math", r"Final Answer: the only such primes are 2, 3, and 5.", "2,3,5", RIGHT, ...),
    ("math", r"Final Answer: Thus the answer is $\boxed{\frac{1}{3}}.$", r"1/3", RIGHT, ...),
    (
        "math",
        r"Final Answer: it equals $\dbinom{6}{3} = 20$ ways, giving $20 \cdot 2 = 40$ "
        r"arrangements.",
        "40",
        RIGHT,
        ...,
    ),
    (
        "math",
        "Final Answer: The equation of the line is $y = -\\frac{1}{2}x + 3$.",
        r"y=-\frac12x+3",
        RIGHT,
        ...,
    ),
    (
        "math",
        "Final Answer: The matrix is \\[\\begin{pmatrix} 0 & 1 \\\\ -1 & 0 \\end{pmatrix}.\\]",
        r"\begin{pmatrix} 0 & 1 \\ -1 & 0 \end{pmatrix}",
        RIGHT,
        ...,
    ),
    ("math", "Final Answer: so $a + b = \\frac{7}{3}$ (mod nothing).", r"\frac73", RIGHT, ...),
    (
        "math",
        "Final Answer: The two numbers are 3 and 5, and so their product equals 15.",
        "15",
        RIGHT,
        ...,
    ),
    (
        "math",
        "Final Answer: That makes 12 boys, 3 girls and therefore 15 children.",
        "15",
        RIGHT,
        ...,
    ),
    ("math", "Final Answer: The polynomial factors as $(x-1)(x+2)$.", "(x-1)(x+2)", RIGHT, ...),
    ("math", "Final Answer: We get an area of $25\\pi$.", r"25\pi", RIGHT, ...),
    ("math", "Final Answer: After simplifying, $k = 7$ works.", "7", RIGHT, ...),
    ("math", "Final Answer: 1204_5", "1204_5", RIGHT, ...),
    ("math", "Final Answer: The line through $A$ and $B$ has slope $-3$.", "-3", RIGHT, ...),
    ("math", "Final Answer: $A$ is $5$ and $B$ is $6$, for a total of $11$.", "11", RIGHT, ...),
    ("math", "Final Answer: Jane is 12 years old.", "12", RIGHT, ...),
    ("math", "Final Answer: The point is at (3, -4).", "(3,-4)", RIGHT, ...),
    ("math", "Final Answer: x ≥ 5", r"x \ge 5", RIGHT, ...),
    ("math", "Final Answer: −5", "-5", RIGHT, ...),
    ("math", "Final Answer: x² + 1", "x^2+1", RIGHT, ...),
    ("math", "Final Answer: [0, ∞)", r"[0,\infty)", RIGHT, ...),
    ("math", "Final Answer: {1, 2, 3}", r"\{1,2,3\}", RIGHT, ...),
    ("math", "\\boxed{{1, 2, 3}}", r"\{1,2,3\}", RIGHT, ...),
    ("math", "Final Answer: sqrt(2)/2", r"\frac{\sqrt2}{2}", RIGHT, ...),
    ("math", "Final Answer: 3pi/4", r"\frac{3\pi}{4}", RIGHT, ...),
    ("math", "Final Answer: 1.5 x 10^3", "1500", RIGHT, ...),
    ("math", "Final Answer: 12:5", "12:5", RIGHT, ...),
    ("math", "Final Answer: 1/(x+1)", r"\frac{1}{x+1}", RIGHT, ...),
    ("math", "Final Answer: (x + 1)(x - 1)", "x^2-1", RIGHT, ...),
    ("math", "Final Answer: 2^10", "1024", RIGHT, ...),
    ("math", "Final Answer: 2**10", "1024", RIGHT, ...),
    ("math", "Final Answer: e^(2x)", "e^{2x}", RIGHT, ...),
    ("math", "Final Answer: log_2(3)", r"\log_2 3", RIGHT, ...),
    ("math", "Final Answer: sin(x) + 1", r"\sin x + 1", RIGHT, ...),
    ("math", "Final Answer: 5 units", "5", RIGHT, ...),
    ("math", "Final Answer: 5 square units", "5", RIGHT, ...),
    ("math", "Final Answer: 5 cm²", r"5\text{ cm}^2", RIGHT, ...),
    ("math", "Final Answer: 72 km/h", "72", RIGHT, ...),
    ("math", "Final Answer: $5\\;\\mathrm{m}^3$", "5", RIGHT, ...),
    ("math", "Final Answer: US\\$5", "5", RIGHT, ...),
    ("math", "Final Answer: €5", "5", RIGHT, ...),
    ("math", "Final Answer: 5 dollars and 20 cents", "5.20", WRONG, ...),
    ("math", "Final Answer: 1\\,000\\,000", "1000000", RIGHT, ...),
    ("math", "Final Answer: 1\u202f000\u202f000", "1000000", RIGHT, ...),
    ("math", "Final Answer: 1{,}000{,}000", "1,000,000", RIGHT, ...),
    ("math", "Final Answer: 12 345", "345", WRONG, ...),
    ("math", "Final Answer: 7 / 8", r"\frac78", RIGHT, ...),
    ("math", "Final Answer: -7/8", r"-\frac78", RIGHT, ...),
    ("math", "Final Answer: \\frac{-7}{8}", r"-\frac78", RIGHT, ...),
    ("math", "Final Answer: \\frac{7}{-8}", r"-\frac78", RIGHT, ...),
    ("math", "Final Answer: 7/8", r"-\frac78", WRONG, ...),
    ("math", "Final Answer: 0.875", r"\frac78", RIGHT, ...),
    ("math", "Final Answer: 87.5\\%", r"\frac78", RIGHT, ...),
    (
        "math",
        "**Final Answer**\n\nThe roots of the equation are:\n\n\\[ x = 1 \\quad \\text{and} "
        "\\quad x = -2 \\]",
        "1,-2",
        RIGHT,
        ...,
    ),
    ("math", "**Final Answer**\n\n- $x = 1$\n- $x = -2$", "1,-2", RIGHT, ...),
    ("math", "**Answer:**\n$$\n\\begin{aligned} x &= 5 \\end{aligned}\n$$", "5", RIGHT, ...),
    ("math", "\\[\n\\boxed{x = 1,\\quad y = 2}\n\\]", "(1,2)", RIGHT, ...),
    ("math", "\\[\\boxed{\\begin{cases} x = 1 \\\\ y = 2 \\end{cases}}\\]", "3", WRONG, ...),
    ("math", "\\boxed{1, 2, \\text{ and } 3}", "1,2,3", RIGHT, ...),
    ("math", "\\boxed{\\text{(1, 2)}}", "(1,2)", RIGHT, ...),
    ("math", "\\boxed{(1,\\ 2)}", "(1,2)", RIGHT, ...),
    ("math", "\\boxed{(1;2)}", "(1,2)", RIGHT, ...),
    ("math", "\\boxed{\\left[0,1\\right)}", "[0,1)", RIGHT, ...),
    ("math", "\\boxed{[0,1]\\cup[2,3]}", r"[0,1] \cup [2,3]", RIGHT, ...),
    ("math", "\\boxed{[2,3]\\cup[0,1]}", r"[0,1] \cup [2,3]", RIGHT, ...),
    ("math", "\\boxed{\\mathbb{R}}", r"\mathbb{R}", RIGHT, ...),
    ("math", "\\boxed{\\text{all real numbers}}", r"\text{All real numbers}", RIGHT, ...),
    ("math", "\\boxed{\\text{even function}}", r"\text{odd}", WRONG, ...),
    ("math", "\\boxed{\\frac{x+1}{x-1}}", r"\frac{1+x}{x-1}", RIGHT, ...),
    ("math", "\\boxed{x^3y^2}", "y^2x^3", RIGHT, ...),
    ("math", "\\boxed{5\\sqrt[3]{2}}", r"\sqrt[3]{250}", RIGHT, ...),
    ("math", "\\boxed{5\\sqrt[3]{3}}", r"\sqrt[3]{250}", WRONG, ...),
    ("math", "\\boxed{\\cot x}", r"\frac{1}{\tan x}", RIGHT, ...),
    ("math", "\\boxed{2+\\sqrt{3}}", "3.7320508", RIGHT, ...),
    ("math", "\\boxed{3.732}", r"2+\sqrt{3}", WRONG, ...),
    ("math", "\\boxed{3.73205}", r"2+\sqrt{3}", RIGHT, ...),
    ("math", "\\boxed{(1.41421, 2)}", r"(\sqrt2, 2)", RIGHT, ...),
    ("math", "\\boxed{-1.41421}", r"\sqrt2", WRONG, ...),
    ("math", "\\boxed{-1.41421}", r"-\sqrt2", RIGHT, ...),
    ("math", "\\boxed{-0.333333}", r"-\frac13", RIGHT, ...),
    ("math", "\\boxed{1.41421\\ldots}", r"\sqrt2", RIGHT, ...),
    ("math", "\\boxed{0.\\overline{3}}", r"\frac13", RIGHT, ...),
    ("math", "\\boxed{0.333...}", r"\frac13", WRONG, ...),
    ("math", "The answer is $\\frac{1}{2031!}$.", r"\frac{1}{2033!}", WRONG, ...),
    ("math", "Answer: 2^{-97}", "2^{-96}", WRONG, ...),
    ("math", "Answer: 10^{-20}", "0", WRONG, ...),
    ("math", "Answer: 10^{20}+1", "10^{20}", WRONG, ...),
    ("math", "Answer: \\sqrt{2} + 10^{-30}", r"\sqrt2", WRONG, ...),
    ("math", "Answer: e^{-100}", "0", WRONG, ...),
    ("math", "Answer: e^{-100}", "e^{-101}", WRONG, ...),
    ("math", "Answer: \\frac{1}{3^{50}}", r"\frac{1}{3^{51}}", WRONG, ...),
    ("math", "Answer: 2^{100}", "2^{100}+1", WRONG, ...),
    ("math", "Answer: 100!", "100! + 1", WRONG, ...),
    ("math", "Answer: x^{100}", "x^{101}", WRONG, ...),
    ("math", "Answer: $(2^{-97}, 1)$", "(2^{-96}, 1)", WRONG, ...),
    ("math", "Answer: $[0, 2^{-97}]$", "[0, 2^{-96}]", WRONG, ...),
    ("math", "Answer: $x = 2^{-97}$", "x = 2^{-96}", WRONG, ...),
    ("math", "Answer: $x > 2^{-97}$", "x > 2^{-96}", WRONG, ...),
    ("math", "Answer: $2^{-97}\\%$", "2^{-96}", WRONG, ...),
    (
        "math",
        r"Answer: $\begin{pmatrix} 2^{-97} \\ 1 \end{pmatrix}$",
        r"\begin{pmatrix} 2^{-96} \\ 1 \end{pmatrix}",
        WRONG,
        ...,
    ),
    (
        "math",
        r"Answer: $\begin{pmatrix} 2^{-97} \\ 1 \end{pmatrix}$",
        r"\begin{pmatrix} \frac{1}{2^{97}} \\ 1 \end{pmatrix}",
        RIGHT,
        ...,
    ),
    # Choices and whole numbers in more of their forms
    ("gpqa", "Based on the analysis above, the correct answer is **B. 1.4 GeV**.", "B", RIGHT, "B"),
    ("gpqa", "Therefore, the best answer is:\n\n**D) All of the above**", "D", RIGHT, "D"),
    ("gpqa", "### Final Answer: **A**", "A", RIGHT, "A"),
    (
        "gpqa",
        "### Conclusion\n\nThe product is the cis isomer.\n\n**Answer: (A) cis-2-butene**",
        "A",
        RIGHT,
        "A",
    ),
    ("gpqa", "\\[\n\\boxed{\\text{A}}\n\\]", "A", RIGHT, "A"),
    ("gpqa", "\\[\\boxed{A) \\; 3.5 \\times 10^{-4}}\\]", "A", RIGHT, "A"),
    ("gpqa", "\\boxed{\\textbf{(A)}\\ 3}", "A", RIGHT, "A"),
    ("gpqa", "\\boxed{\\text{(A) 3 eV}}", "A", RIGHT, "A"),
    ("gpqa", "\\boxed{\\text{Choice A}}", "A", RIGHT, "A"),
    ("gpqa", "\\boxed{\\text{A. } 3}", "A", RIGHT, "A"),
    ("gpqa", "\\boxed{a}", "A", RIGHT, "A"),
    ("gpqa", "\\boxed{(a)}", "A", RIGHT, "A"),
    ("gpqa", "\\boxed{d}", "D", RIGHT, "D"),
    ("gpqa", "\\boxed{\\text{A, B, C}}", "A", WRONG, None),
    ("gpqa", "\\boxed{(A), (B)}", "A", WRONG, None),
    ("gpqa", "\\boxed{A \\text{ or } B}", "A", WRONG, None),
    ("gpqa", "\\boxed{A\\ \\&\\ B}", "A", WRONG, None),
    ("gpqa", "\\boxed{A+B}", "A", WRONG, None),
    ("gpqa", "\\boxed{A=3}", "A", WRONG, None),
    ("gpqa", "\\boxed{c = 3}", "C", WRONG, None),
    ("gpqa", "\\boxed{cis}", "C", WRONG, None),
    ("gpqa", "\\boxed{\\text{None}}", "C", WRONG, None),
    ("gpqa", "Answer: (A) and (C)", "A", WRONG, None),
    ("gpqa", "Answer: A, C", "A", WRONG, None),
    ("gpqa", "Answer: A or C", "A", WRONG, None),
    ("gpqa", "The answer could be (A) or (B), but I cannot tell.", "A", WRONG, None),
    ("gpqa", "The correct options are B and C.", "B", WRONG, None),
    ("gpqa", "Answer: Both (B) and (D)", "B", WRONG, None),
    ("gpqa", "Answer: D2h symmetry", "D", WRONG, None),
    ("gpqa", "Answer: C3 axis", "C", WRONG, None),
    ("gpqa", "Answer: C-H activation", "C", WRONG, None),
    ("gpqa", "Answer: B cells", "B", WRONG, None),
    ("gpqa", "Answer: A base removes the proton.", "A", WRONG, None),
    ("gpqa", "Answer: Aldehyde", "A", WRONG, None),
    ("gpqa", "Answer: a", "A", RIGHT, ...),
    ("gpqa", "Answer: (b)", "B", RIGHT, "B"),
    ("gpqa", "Answer:  C ", "C", RIGHT, "C"),
    ("gpqa", "Answer: **C** – 3 eV", "C", RIGHT, "C"),
    ("gpqa", "Answer: C — the enolate ion", "C", RIGHT, "C"),
    ("gpqa", "Answer: C\n\nExplanation: A and B are too small, D is too large.", "C", RIGHT, "C"),
    ("gpqa", "The answer is C: the rate doubles.", "C", RIGHT, "C"),
    ("gpqa", "The answer is C, since A is impossible.", "C", RIGHT, "C"),
    ("gpqa", "The answer is $\\text{C}$.", "C", RIGHT, "C"),
    ("gpqa", "The answer is \\textbf{(C)}.", "C", RIGHT, "C"),
    ("gpqa", "The answer is (C)", "C", RIGHT, "C"),
    ("gpqa", "The answer is choice C.", "C", RIGHT, "C"),
    ("gpqa", "The answer should be C.", "C", RIGHT, "C"),
    ("gpqa", "The answer has to be C.", "C", RIGHT, "C"),
    ("gpqa", "My answer is C", "C", RIGHT, "C"),
    ("gpqa", "So the answer is C).", "C", RIGHT, "C"),
    ("gpqa", "Correct answer: C", "C", RIGHT, "C"),
    ("gpqa", "Correct option: (C)", "C", RIGHT, "C"),
    ("gpqa", "Final choice: C", "C", RIGHT, "C"),
    ("gpqa", "(C)", "C", RIGHT, "C"),
    ("gpqa", "C.", "C", RIGHT, "C"),
    ("gpqa", "C) 3 eV", "C", RIGHT, "C"),
    ("gpqa", "(C) 3 eV", "C", RIGHT, "C"),
    ("gpqa", "Option (C) 3 eV", "C", RIGHT, "C"),
    ("gpqa", "Hence option (C) matches the observation.", "C", RIGHT, "C"),
    ("gpqa", "This corresponds to option C.", "C", RIGHT, "C"),
    ("gpqa", "This matches choice (C).", "C", RIGHT, "C"),
    ("gpqa", "Energy is 3 eV, i.e. answer C.", "C", RIGHT, "C"),
    ("gpqa", "Options (A), (B) and (D) are wrong. That leaves (C).", "C", RIGHT, "C"),
    ("gpqa", "The correct answer is not (A) but (C).", "A", WRONG, ...),
    ("gpqa", "Neither (A) nor (B).", "A", WRONG, None),
    ("gpqa", "Answer: ( C )", "C", RIGHT, "C"),
    ("gpqa", "Answer: {C}", "C", RIGHT, "C"),
    ("gpqa", "Answer: $\\boxed{\\text{C}}$", "C", RIGHT, "C"),
    ("gpqa", "Answer : C", "C", RIGHT, "C"),
    ("gpqa", "ANSWER: C", "C", RIGHT, "C"),
    ("gpqa", "Answer: Option C: 3 eV", "C", RIGHT, "C"),
    ("gpqa", "Answer: (C) or more precisely 3 eV", "C", RIGHT, "C"),
    ("gpqa", "Answer: C. A nucleophile attacks.", "C", RIGHT, "C"),
    ("gpqa", "Answer: (C), A nucleophile attacks.", "C", RIGHT, "C"),
    ("gpqa", "Answer: C and not D", "C", RIGHT, "C"),
    ("gpqa", "Final Answer: Therefore, the correct choice is (C).", "C", RIGHT, "C"),
    ("gpqa", "Final Answer: The energy is 3 eV, so the answer is C.", "C", RIGHT, "C"),
    ("gpqa", "Final Answer: 3 eV, which is option C.", "C", RIGHT, "C"),
    ("gpqa", "Final Answer: So C.", "C", RIGHT, "C"),
    ("gpqa", "Final Answer: I think it is C.", "C", RIGHT, "C"),
    ("aime", "Final Answer: I think it is 204.", "204", RIGHT, "204"),
    ("aime", "Final Answer: So 204.", "204", RIGHT, "204"),
    ("aime", "Final Answer: 204 (since 100 + 104 = 204)", "204", RIGHT, "204"),
    ("aime", "Final Answer: Maximum area 204", "204", RIGHT, "204"),
    ("aime", "Final Answer: n=204", "204", RIGHT, ...),
    ("aime", "Final Answer: $n$ is 204", "204", RIGHT, ...),
    ("aime", "Final Answer: The answer is $204$, obtained for $n = 3$.", "204", RIGHT, ...),
    ("aime", "Final Answer: we get 204 as the answer.", "204", RIGHT, ...),
    ("aime", "Final Answer: The remainder is 204 when divided by 1000.", "204", RIGHT, ...),
    (
        "aime",
        "Final Answer: $N = 5204$, so the remainder on division by 1000 is 204.",
        "204",
        RIGHT,
        ...,
    ),
    (
        "aime",
        "Final Answer: The probability is $\\frac{100}{104}$, so $m+n=204$.",
        "204",
        RIGHT,
        ...,
    ),
    (
        "aime",
        "Final Answer: The probability is $\\frac{100}{104}$. Thus $m+n=204$.",
        "204",
        RIGHT,
        ...,
    ),
    (
        "aime",
        "Final Answer: The probability is $\\frac{100}{104}$ and $m+n=204$.",
        "204",
        RIGHT,
        ...,
    ),
    (
        "aime",
        "Final Answer: $\\frac{100}{104}$, and hence the requested sum is 204.",
        "204",
        RIGHT,
        ...,
    ),
    ("aime", "Final Answer: $\\frac{100}{104} \\Rightarrow 204$", "204", RIGHT, ...),
    ("aime", "Final Answer: $m=100, n=104 \\implies m+n=204$.", "204", RIGHT, ...),
    ("aime", "Final Answer: $100 + 104 \\equiv 204 \\pmod{1000}$.", "204", RIGHT, ...),
    ("aime", "Final Answer: $5204 \\equiv 204 \\pmod{1000}$.", "204", RIGHT, ...),
    ("aime", "Final Answer: the number $abc$ is $\\overline{204}$.", "204", RIGHT, ...),
    ("aime", "Final Answer: $204_{10}$", "204", RIGHT, ...),
    ("aime", "Final Answer: $\\lfloor 204.7 \\rfloor = 204$", "204", RIGHT, ...),
    ("aime", "Final Answer: \\textbf{204}", "204", RIGHT, ...),
    ("aime", "Final Answer: {204}", "204", RIGHT, ...),
    ("aime", "Final Answer: (204)", "204", RIGHT, ...),
    ("aime", "Final Answer: [204]", "204", RIGHT, ...),
    ("aime", 'Final Answer: "204"', "204", RIGHT, ...),
    ("aime", "Final Answer: = 204", "204", RIGHT, ...),
    ("aime", "Final Answer: 0204", "204", RIGHT, ...),
    (
        "aime",
        "Final Answer: 204\n\n---\n\nThis solution used symmetry in 3 places.",
        "204",
        RIGHT,
        "204",
    ),
    ("aime", "Final Answer: 204<|im_end|>", "204", RIGHT, ...),
    ("aime", "The final answer is 204 and the proof is complete.", "204", RIGHT, "204"),
    ("aime", "So the total number of ways is 204. Each of them was checked.", "204", RIGHT, "204"),
    ("aime", "Thus, $x + y + z = 204$, as desired. The proof is complete.", "204", RIGHT, ...),
    (
        "aime",
        "The sum of the values is \\[ 100 + 104 = 204. \\] This completes the solution.",
        "204",
        RIGHT,
        ...,
    ),
    ("aime", "**204**", "204", RIGHT, "204"),
    ("aime", "$204$", "204", RIGHT, "204"),
    ("aime", "\\(204\\)", "204", RIGHT, "204"),
    ("aime", "= 204", "204", RIGHT, ...),
    ("aime", "To solve this, let n be 204 and check whether", "7", WRONG, ...),
    ("aime", "I cannot finish. 204 was a guess that failed", "204", WRONG, None),
    ("aime", "The answer is twenty-three.", "23", WRONG, ...),
    ("aime", "The answer is unknown.", "23", WRONG, None),
    ("aime", "Answer: N/A", "23", WRONG, ...),
    ("aime", "Answer: none", "23", WRONG, ...),
    ("aime", "\\boxed{?}", "23", WRONG, ...),
    ("aime", "\\boxed{23?}", "23", RIGHT, ...),
    ("aime", "\\boxed{23!}", "23", WRONG, ...),
    ("aime", "\\boxed{\\sqrt{529}}", "23", RIGHT, ...),
    ("aime", "\\boxed{\\approx 23}", "23", RIGHT, ...),
    ("aime", "\\boxed{22.9999999}", "23", WRONG, ...),
    ("aime", "\\boxed{23\\pi}", "23", WRONG, ...),
    ("aime", "\\boxed{23x}", "23", WRONG, ...),
    ("aime", "\\boxed{a=20,b=3}", "23", WRONG, ...),
    ("aime", "\\boxed{m + n = 20 + 3}", "23", RIGHT, ...),
    ("aime", "\\boxed{20 + 3}", "23", RIGHT, ...),
    ("aime", "\\boxed{ 2{,}3 }", "23", WRONG, ...),
    ("aime", "\\boxed{0,23}", "23", WRONG, ...),
    ("aime", "\\boxed{23\\,\\text{units}}", "23", RIGHT, ...),
    ("aime", "\\boxed{23 \\text{ square units}}", "23", RIGHT, ...),
    ("aime", "\\boxed{\\text{23 ways}}", "23", RIGHT, ...),
    ("aime", "\\boxed{\\textbf{(B)}\\ 23}", "23", RIGHT, ...),
    ("aime", "\\boxed{\\Large 23}", "23", RIGHT, ...),
    ("aime", "\\boxed{\\color{red}{23}}", "23", RIGHT, ...),
    ("aime", "\\boxed{\\textcolor{blue}{23}}", "23", RIGHT, ...),
    ("aime", "\\boxed{23}\\boxed{23}", "23", RIGHT, ...),
    ("aime", "\\boxed{\n23\n}", "23", RIGHT, ...),
    ("aime", "\\boxed{~23~}", "23", RIGHT, ...),
    ("aime", "\\boxed{\\ 23\\ }", "23", RIGHT, ...),
    ("aime", "\\boxed{23\\%}", "23", RIGHT, ...),
    ("aime", "\\boxed{\\$23}", "23", RIGHT, ...),
    ("aime", "\\boxed{\\angle ABC = 23^\\circ}", "23", RIGHT, ...),
    ("aime", "\\boxed{23\\degree}", "23", RIGHT, ...),
    ("aime", "\\boxed{23°}", "23", RIGHT, ...),
    ("aime", "\\boxed{23 \\ \\text{cm}^{2}}", "23", RIGHT, ...),
    ("aime", "\\boxed{23\\ \\mathrm{km/h}}", "23", RIGHT, ...),
    ("aime", "\\boxed{|x| = 23}", "23", RIGHT, ...),
    ("aime", "\\boxed{\\left\\lfloor 23.7 \\right\\rfloor}", "23", RIGHT, ...),
    ("aime", "\\boxed{\\text{Answer: } 23}", "23", RIGHT, ...),
    ("aime", "\\boxed{\\text{Final Answer: 23}}", "23", RIGHT, ...),
    # Proofs, signs and headings around answers; complex numbers, words, near misses
    # more random stress: R1/Gemini/Qwen phrasing
    (
        "aime",
        "So the number of valid arrangements is 204.\n\n**Answer:** $\\boxed{204}$",
        "204",
        RIGHT,
        ...,
    ),
    ("aime", "Thus the required value is:\n\n\\[\n\\boxed{204}\n\\]\n", "204", RIGHT, ...),
    ("aime", "Final Answer: The final answer is $204$", "204", RIGHT, ...),
    ("aime", "Final Answer: After all this, I believe the answer is 204", "204", RIGHT, ...),
    ("aime", "Final Answer: I am not sure, but likely 204", "204", RIGHT, ...),
    ("aime", "Final Answer: The number is 204, which is less than 1000.", "204", RIGHT, ...),
    (
        "aime",
        "Final Answer: The product of the roots is $204$ by Vieta, and their sum is irrelevant.",
        "204",
        RIGHT,
        ...,
    ),
    ("aime", "Final Answer: $\\triangle ABC$ has area $204$.", "204", RIGHT, ...),
    ("aime", "Final Answer: $[ABC] = 204$", "204", RIGHT, ...),
    ("aime", "Final Answer: $|S| = 204$", "204", RIGHT, ...),
    ("aime", "Final Answer: $\\angle A = 204^\\circ$.", "204", RIGHT, ...),
    ("aime", "Final Answer: $AB^2 = 204$.", "204", RIGHT, ...),
    ("aime", "Final Answer: $f(3) = 204$, so $f(3) = \\textbf{(204)}$", "204", RIGHT, ...),
    ("aime", "Final Answer: $a_{10} = 204$", "204", RIGHT, ...),
    ("aime", "Final Answer: $1 + 2 + \\cdots + 20 - 6 = 204$.", "204", RIGHT, ...),
    ("aime", "Final Answer: ${12 \\choose 2} + 138 = 204$.", "204", RIGHT, ...),
    ("aime", "Final Answer: $100a + 10b + c = 204$.", "204", RIGHT, ...),
    (
        "aime",
        "Final Answer: We have $\\dfrac{p}{q} = \\dfrac{101}{103}$, and $p + q = 204$.",
        "204",
        RIGHT,
        ...,
    ),
    ("aime", "Final Answer: Then $101 + 103 = \\mathbf{204}$.", "204", RIGHT, ...),
    ("aime", "Final Answer: $204.$", "204", RIGHT, ...),
    ("aime", "Final Answer: $ 204 $", "204", RIGHT, ...),
    ("aime", "Final Answer: $ 204 $ is the sum.", "204", RIGHT, ...),
    ("aime", "Final Answer: answer = 204", "204", RIGHT, ...),
    ("aime", "Final Answer:\n$$\n204\n$$\n", "204", RIGHT, ...),
    ("aime", "Final Answer:\n\\begin{equation*}\n x = 204\n\\end{equation*}", "204", RIGHT, ...),
    (
        "aime",
        "Final Answer:\n\\begin{align*} x &= 200 + 4 \\\\ &= 204 \\end{align*}",
        "204",
        RIGHT,
        ...,
    ),
    (
        "aime",
        "Final Answer: So there are $204$ possible values of $n$ between $1$ and $1000$.",
        "204",
        RIGHT,
        ...,
    ),
    (
        "aime",
        "Final Answer: Thus, there are $12 \\cdot 17 = 204$ pairs $(a, b)$.",
        "204",
        RIGHT,
        ...,
    ),
    (
        "aime",
        "Final Answer: Only $n = 204$ works, so the sum of all $n$ is $204$.",
        "204",
        RIGHT,
        ...,
    ),
    (
        "aime",
        "Final Answer: The smallest possible perimeter is $204$, attained when $a = 68$.",
        "204",
        RIGHT,
        ...,
    ),
    ("aime", "Final Answer: The answer, 204, follows.", "204", RIGHT, ...),
    (
        "aime",
        "Final Answer: The maximum occurs at $x = 3$, and it equals $204$.",
        "204",
        RIGHT,
        ...,
    ),
    ("aime", "Final Answer: Summing over $k = 1, 2, 3$ gives $204$.", "204", RIGHT, ...),
    ("aime", "Final Answer: 204 ✓", "204", RIGHT, ...),
    ("aime", "Final Answer: ✅ 204", "204", RIGHT, ...),
    ("aime", "Final Answer: 👉 **204**", "204", RIGHT, ...),
    ("aime", "🎯 **Final Answer:** 204", "204", RIGHT, ...),
    ("aime", "**Final Answer: 204**", "204", RIGHT, ...),
    ("aime", "> **Final answer:** 204", "204", RIGHT, ...),
    ("aime", "Answer\n======\n204", "204", RIGHT, ...),
    ("aime", "Answer\n------\n\n204", "204", RIGHT, ...),
    ("aime", "The answer is $\\mathbf{204}$. $\\blacksquare$", "204", RIGHT, ...),
    ("aime", "The answer is $204$. $\\square$", "204", RIGHT, ...),
    ("aime", "Hence the sum is $204$. $\\blacksquare$", "204", RIGHT, ...),
    ("aime", "Hence the sum is $204$. Q.E.D.", "204", RIGHT, ...),
    (
        "aime",
        "So the total is 204. I hope this helps! Let me know if you have any questions.",
        "204",
        RIGHT,
        ...,
    ),
    ("math", "The roots are $1$ and $-2$.\n\nI hope this is clear.", "1,-2", RIGHT, ...),
    ("math", "Thus $x=\\frac{3}{4}$ is the only solution.", r"\frac34", RIGHT, ...),
    (
        "math",
        "Thus the solution set is $(-\\infty, 2) \\cup (2, \\infty)$.",
        r"(-\infty, 2) \cup (2, \infty)",
        RIGHT,
        ...,
    ),
    ("math", "Final Answer: The domain is $x \\neq 2$.", r"x \ne 2", RIGHT, ...),
    ("math", "Final Answer: $3\\sqrt{5}$ or about 6.708", r"3\sqrt5", RIGHT, ...),
    ("math", "Final Answer: $3\\sqrt{5} \\approx 6.708$", r"3\sqrt5", RIGHT, ...),
    ("math", "Final Answer: approximately 6.708", r"3\sqrt5", WRONG, ...),
    ("math", "Final Answer: approximately 6.7082039", r"3\sqrt5", RIGHT, ...),
    ("math", "Final Answer: $\\frac{1}{2}$ (or 0.5)", r"\frac12", RIGHT, ...),
    ("math", "Final Answer: 1/2 = 0.5", r"\frac12", RIGHT, ...),
    ("math", "Final Answer: 0.5 = 50%", r"\frac12", RIGHT, ...),
    ("math", "Final Answer: $(x, y, z) = (1, 2, 3)$", "(1,2,3)", RIGHT, ...),
    ("math", "Final Answer: $x = 1, y = 2, z = 3$", "(1,2,3)", RIGHT, ...),
    ("math", "Final Answer: $x = 1$, $y = 2$, and $z = 3$", "(1,2,3)", RIGHT, ...),
    ("math", "Final Answer: $y = 2$ and $x = 1$", "(1,2)", WRONG, ...),
    ("math", "Final Answer: (3, 4) and (-3, -4)", "(3,4), (-3,-4)", RIGHT, ...),
    (
        "math",
        "Final Answer: the intersection points are $(3, 4)$ and $(-3, -4)$",
        "(3,4), (-3,-4)",
        RIGHT,
        ...,
    ),
    (
        "math",
        "Final Answer: $\\left( \\frac{3}{2}, -13 \\right)$",
        r"\left( \frac{3}{2}, -13 \right)",
        RIGHT,
        ...,
    ),
    (
        "math",
        "Final Answer: $\\mathbf{v} = \\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}$",
        r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}",
        RIGHT,
        ...,
    ),
    ("math", "Final Answer: $\\sqrt{2}i$", r"i\sqrt2", RIGHT, ...),
    ("math", "Final Answer: $e^{i\\pi/3}$", r"\frac{1}{2} + \frac{\sqrt3}{2}i", RIGHT, ...),
    ("math", "Final Answer: $\\ln 2$", r"\ln(2)", RIGHT, ...),
    ("math", "Final Answer: $-\\ln \\frac{1}{2}$", r"\ln 2", RIGHT, ...),
    ("math", "Final Answer: $x+C$", "x + C", RIGHT, ...),
    ("math", "Final Answer: $a_n = 2n - 1$", "2n-1", RIGHT, ...),
    ("math", "Final Answer: $2n-1$ for all $n \\ge 1$", "2n-1", RIGHT, ...),
    ("math", "Final Answer: $k$", "k", RIGHT, ...),
    ("math", "Final Answer: $k$", "m", WRONG, ...),
    ("math", "Final Answer: true", r"\text{True}", RIGHT, ...),
    ("math", "Final Answer: $\\text{neither}$", r"\text{neither}", RIGHT, ...),
    ("math", "The answer is **Yes**.", r"\text{Yes}", RIGHT, ...),
    ("math", "\\boxed{\\text{ellipse}}", r"\text{ellipse}", RIGHT, ...),
    ("math", "\\boxed{\\text{Ellipse}}", r"\text{parabola}", WRONG, ...),
    ("math", "\\boxed{\\text{an ellipse}}", r"\text{ellipse}", RIGHT, ...),
    ("math", "\\boxed{A, C}", "A,C", RIGHT, ...),
    ("math", "\\boxed{\\text{A and C}}", "A,C", RIGHT, ...),
    ("math", "\\boxed{A}", "B", WRONG, ...),
    ("math", "\\boxed{D}", r"\text{D}", RIGHT, ...),
    ("math", "\\boxed{\\$ 3.50}", "3.5", RIGHT, ...),
    ("math", "\\boxed{3.50\\text{ dollars}}", r"\$3.50", RIGHT, ...),
    ("math", "\\boxed{350\\text{ cents}}", r"\$3.50", WRONG, ...),
    ("math", "\\boxed{7:30\\text{ p.m.}}", r"7:30 \text{ PM}", RIGHT, ...),
    ("math", "\\boxed{120^\\circ}", r"120", RIGHT, ...),
    ("math", "\\boxed{\\frac{2\\pi}{3}}", r"120^\circ", WRONG, ...),
    ("math", "\\boxed{20 \\text{ cm by } 30 \\text{ cm}}", r"600", WRONG, ...),
    ("math", "\\boxed{5\\frac{1}{2}}", "5.5", RIGHT, ...),
    ("math", "\\boxed{5 \\frac{1}{2}}", r"\frac{5}{2}", WRONG, ...),
    ("math", "\\boxed{x^2-4x+4}", "(x-2)^2", RIGHT, ...),
    ("math", "\\boxed{2^{-97}x}", "2^{-96}x", WRONG, ...),
    ("math", "\\boxed{0.1}", "0.10", RIGHT, ...),
    ("math", "\\boxed{0.10000001}", "0.1", WRONG, ...),
    ("math", "\\boxed{1e-7}", "0", WRONG, ...),
    ("math", "\\boxed{0.0000001}", "0", WRONG, ...),
    ("math", "\\boxed{0.0000001}", r"\frac{1}{10000000}", RIGHT, ...),
    ("math", "\\boxed{1.0000000001}", "1", WRONG, ...),
    ("math", "\\boxed{10^{15}+0.1}", "10^{15}", WRONG, ...),
    ("math", "\\boxed{1234567.1}", "1234567", WRONG, ...),
    ("math", "\\boxed{(1+i)^2}", "2i", RIGHT, ...),
    ("math", "\\boxed{2i}", "-2i", WRONG, ...),
    ("math", "\\boxed{e^{2\\pi i/3}}", r"-\frac12 + \frac{\sqrt3}{2}i", RIGHT, ...),
]


@pytest.mark.parametrize("kind,text,reference,right,found", TABLE)
def test_grading(kind, text, reference, right, found):
    grade = grade_text(text, reference, kind)
    assert (grade.right, grade.undecided) == (right, False), grade
    assert found is ... or grade.given == found
    assert find_answer(text, kind) == grade.given


SOLUTIONS = [  # kind, a solution as released data sets have it, the reference in it
    ("integer", "First 3 apples. Answer: 12", "12"),
    ("math", r"We have $x = 2$. Therefore the sum is $\boxed{\frac{3}{4}}$.", r"\frac{3}{4}"),
    ("math", r"$\frac{3}{4}$", r"\frac{3}{4}"),
    ("math", "(-1, 2)", "(-1, 2)"),
    ("math", "Tuesday", "Tuesday"),
    ("math", r"\text{(A)}", r"\text{(A)}"),
    ("math", "The total is $5$.\n\nAnswer: $x = 5$", "x = 5"),
    ("math", "It can be shown by induction that the claim holds for every tree on a set.", None),
    ("math", "", None),
    ("math", None, None),
    ("aime", "204", "204"),
    ("aime", "023", "023"),
    ("aime", r"Adding up, $m+n = 200+4 = \boxed{204}$.", "204"),
    ("aime", "no number here", None),
    ("gpqa", "Answer: C", "C"),
    ("gpqa", "C", "C"),
    ("gpqa", "(c)", "C"),
    ("gpqa", "The photon loses energy.\nTherefore the correct answer is (B).\n\nAnswer: B", "B"),
    ("gpqa", "An enolate forms.", None),
]


@pytest.mark.parametrize("kind,solution,reference", SOLUTIONS)
def test_the_reference_in_a_worked_solution(kind, solution, reference):
    assert reference_answer(solution, kind) == reference


def test_the_answer_of_the_toy_world_stays_as_it_is():
    assert first_integer("7 or 8. Answer: so 012") == "12"
    assert first_integer("Answer:") is None
    assert is_right("Answer: 12", "012") and not is_right("Answer: 13", "12")


@pytest.mark.parametrize(
    "text,value",
    [
        ("023", 23),
        ("23.0", 23),
        ("m+n=23", 23),
        ("23 cm", 23),
        (r"\frac{46}{2}", 23),
        ("1,024", 1024),
        ("23.5", None),
        ("50%", None),
        ("3, 4", None),
        ("x", None),
        ("32, 349", None),
    ],
)
def test_whole_numbers(text, value):
    assert whole_number(text) == value


@pytest.mark.parametrize("kind", GRADERS)
def test_no_answer_is_wrong_and_not_an_error(kind):
    assert can_grade(kind)
    for text in (None, "", "   \n"):
        grade = grade_text(text, "1" if kind != "gpqa" else "A", kind)
        assert grade.right is False and grade.given is None


def test_a_benchmark_without_a_reference_is_an_error():
    with pytest.raises(CourseError, match="no reference answer"):
        grade_text("Answer: 1", " ", "math")
    for call in (
        lambda: grade_text("Answer: 1", "1", "chess"),
        lambda: find_answer("1", "chess"),
        lambda: reference_answer("1", "chess"),
    ):
        with pytest.raises(CourseError, match="choose one of integer, aime, math, gpqa"):
            call()
    assert not can_grade("chess")


# What no grader may choke on

TOWER = "9^{9^{9^{9^9}}}"
HOSTILE = [
    TOWER,
    "((10!)!)!",
    "(10^9)!",
    r"\binom{10^9}{5\cdot10^8}",
    r"\sum_{k=1}^{10^8} \frac{1}{k}",
    "(x+y+z+1)^{500}",
    "(" * 1900,
    "{" * 1900,
    "[" * 100_000,
    "(" * 100_000 + ")" * 100_000,
    "9" * 100_000,
    "1" * 1_000_000,
    "\x00",
    "\ud800",
    "٣٤٥",
    "1e999999999",
    "0x" + "f" * 1000,
    "\\frac" * 500,
    "\\boxed{" * 10_000,
    "1/0",
    "__import__('os').system('touch hacked')",
    "lambda: 1",
    "﷽" * 500,
    r"\text{" * 5_000,
    "$" * 20_000,
    "Answer: " * 5_000,
    "the answer is the answer is " * 2_000,
    "(A) or " * 5_000,
    "1," * 5_000,
    "= " * 10_000,
    "is " * 10_000,
    "so is " * 5_000,
    "so hence therefore is " * 1_000,
    "\\[ " * 7_000,
    "\\(" * 5_000,
    "\ue0000\ue001 \ue00099\ue001",
]


QUICK = (TOWER, "\ud800", "__import__('os').system('touch hacked')", "\\boxed{" * 10_000)


@pytest.mark.parametrize("kind", GRADERS)
@pytest.mark.parametrize(
    "text",
    [pytest.param(text, marks=() if text in QUICK else pytest.mark.slow) for text in HOSTILE],
    ids=[repr(text)[:20] for text in HOSTILE],
)
def test_hostile_text_gets_an_answer_in_bounded_time(kind, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(verify, "SECONDS", 0.2)
    reference = "C" if kind == "gpqa" else "7"
    for wrapped in (text, f"\\boxed{{{text}}}"):
        began = time.monotonic()
        assert grade_text(wrapped, reference, kind).right is False
        assert time.monotonic() - began < 60  # a new worker and all, on a busy machine
    assert list(tmp_path.iterdir()) == []  # nothing was executed


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300), st.sampled_from(["integer", "gpqa"]))
def test_any_text_gets_an_answer(text, kind):
    for wrapped in (text, f"\\boxed{{{text}}}", f"Answer: {text}"):
        assert grade_text(wrapped, "D" if kind == "gpqa" else "7", kind).right in (True, False)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.text("0123456789{}()^\\frac+-!,. xπ$%=\n", max_size=40),
    st.sampled_from(["\\boxed{%s}", "Answer: %s", "%s"]),
    st.sampled_from(["aime", "math"]),
)
def test_math_gets_an_answer_too(text, form, kind):
    assert grade_text(form % text, "\\sqrt{7}", kind).right in (True, False)


@settings(max_examples=60)
@given(st.fractions(), st.sampled_from(["\\frac{%d}{%d}", "%d/%d", "\\dfrac{%d}{%d}"]))
def test_fractions_are_compared_exactly(value, form):
    text = form % (abs(value.numerator), value.denominator)
    text = "-" + text if value < 0 else text
    number = parse_number(normalize(text))
    assert number is not None and number.value == value
    other = form % (abs(value.numerator) * 3 + 1, value.denominator)
    assert same_answer(text, other) is (
        value == Fraction(abs(value.numerator) * 3 + 1, value.denominator)
    )


@settings(max_examples=200)
@given(
    st.fractions(min_value=Fraction(1, 1000), max_value=1000), st.integers(min_value=1, max_value=9)
)
def test_a_decimal_counts_from_six_significant_digits(value, digits):
    if value.denominator == 1 or len(str(value.denominator)) > 3:
        return
    text = f"{float(value):.{digits}g}"
    exact = Fraction(text) == value
    enough = (
        len(text.replace(".", "").lstrip("0")) >= 6
    )  # it may end in zeros, which are not written
    if "e" in text or "." not in text:
        return
    assert same_answer(text, f"{value.numerator}/{value.denominator}") is (exact or enough)


@pytest.mark.parametrize(
    "text,expected",
    [
        (r"\boxed{a{b}{c{d}}}", "a{b}{c{d}}"),
        (r"\boxed{1} \boxed{2", "1"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{\left\{1\right.}", r"\left\{1\right."),
        (r"\fbox{3}", "3"),
        (r"\boxed 36.", "36"),
        (r"\boxed\frac12", r"\frac12"),
        (r"\boxed{1}, \boxed{2} and \boxed{3}", "1, 2, 3"),
        (r"\boxed{1}. Then \boxed{2}", "2"),
        ("none", None),
        (r"\boxed", None),
    ],
)
def test_braces_may_be_nested(text, expected):
    assert boxed(text) == expected


# The worker


def test_a_tower_is_undecided_and_the_next_question_is_answered():
    assert verify.equivalent(TOWER, "1", seconds=0.5) is None
    assert verify.equivalent("\\sqrt{12}", "2\\sqrt{3}", seconds=10) is True
    grade = grade_text(f"\\boxed{{{TOWER}}}", "2", "math")
    assert grade.undecided and not grade.right


def test_it_works_from_any_thread():
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(verify.equivalent("x=3", "3", 30)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 4
    worker = verify._worker
    assert verify.equivalent("x=3", "3", 30) is True
    assert verify._worker is worker  # it outlives the thread that asked first


def test_a_worker_that_was_killed_is_replaced():
    assert verify.equivalent("1/3", "2/6", 30) is True
    verify._worker.kill()
    verify._worker.wait()
    assert verify.equivalent("1/3", "2/6", 30) is True
    verify.stop()
    assert verify._worker is None


def test_memory_is_bounded():
    resource = pytest.importorskip("resource")
    if not hasattr(resource, "prlimit"):
        pytest.skip("only Linux tells the limits of another process")
    verify.equivalent("1", "1.0", 30)
    limit, _ = resource.prlimit(verify._worker.pid, resource.RLIMIT_AS)
    assert limit == verify.MEMORY


@pytest.mark.slow
def test_a_system_that_limits_no_memory_is_told_of_once(monkeypatch):
    monkeypatch.setattr(verify, "MEMORY", 2**80)  # refused, as macOS refuses any
    monkeypatch.setattr(verify, "_warned", False)
    verify.stop()
    with pytest.warns(RuntimeWarning, match="does not limit the memory"):
        assert verify.equivalent("2/4", "1/2", 30) is True
    assert verify.equivalent(TOWER, "1", seconds=0.3) is None  # the time limit holds
    assert verify.equivalent("2/4", "1/2", 30) is True  # a new worker, and no second warning
    verify.stop()


def test_no_text_is_evaluated_as_python():
    code = r"""
        import builtins
        from s1lib.grading.worker import make_judge
        judge = make_judge()
        evaluated, evaluate, execute = [], builtins.eval, builtins.exec
        def watch(original):
            def call(code, *names):  # modules that are imported late evaluate their own texts
                evaluated.append(str(code))
                return original(code, *names)
            return call
        builtins.eval, builtins.exec = watch(evaluate), watch(execute)
        assert judge("1.5x + 12", "12 + \\frac{3}{2}x") is True
        assert judge("32,349", "32349") is True
        assert judge("__import__('os').system('touch hacked')", "0") is False
        assert judge("(lambda: 1)()", "1") is False
        assert judge("98765", "98766") is False
        parts = ("98765", "32,349", "1.5", "hacked", "lambda: 1")
        assert not [code for code in evaluated if any(part in code for part in parts)]
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(s1lib.__file__).parents[1])},
    )


@pytest.mark.parametrize("unit", [",", "= - ", "and or ", "(* "])
def test_a_long_run_without_a_value_is_looked_at_once(unit, monkeypatch):
    """A model that loops writes thousands of these; each place was looked at from each before."""
    places = []

    def counted(text, start, run=find._run):
        places.append(start)
        return run(text, start)

    monkeypatch.setattr(find, "_run", counted)
    for kind in GRADERS:
        assert not grade_text("Final Answer: " + 2000 * unit, "5", kind).right
    assert len(places) < 100


class Interrupted(Exception):
    """What a signal handler of the asker raises."""


# A worker that starts at once, and says whether two texts are equal after up to 4 milliseconds
LIGHT_WORKER = """
import json, random, sys, time
print(json.dumps({"limited": True}), flush=True)
for line in sys.stdin:
    number, given, reference, seconds = json.loads(line)
    time.sleep(random.random() / 250)
    print(json.dumps([number, given == reference]), flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers that send signals")
@pytest.mark.parametrize(
    "command,moments,enough",
    [(("-c", LIGHT_WORKER), 40, 12), pytest.param(None, 200, 40, marks=pytest.mark.slow)],
)
def test_no_verdict_is_that_of_another_question_after_an_interrupt(
    command, moments, enough, monkeypatch
):
    """Interrupts the asker at random moments: while it starts, writes, waits or reads."""

    def interrupt(*_):
        raise Interrupted

    verify.stop()
    if command:
        monkeypatch.setattr(verify, "WORKER", command)
    assert verify.equivalent("x + 1", "x + 1", 30) is True
    dice, moment, interrupted, wrong = random.Random(0), 0, 0, []
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        # On a fast computer most questions are answered before their moment comes.
        while moment < moments or (interrupted < enough and moment < 50 * enough):
            moment += 1
            right = dice.random() < 0.5  # the interrupted question has the other verdict
            try:
                signal.setitimer(signal.ITIMER_REAL, dice.uniform(1e-5, 0.006))
                verify.equivalent(f"x + {moment}", f"x + {moment + right}", 30)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except Interrupted:
                interrupted += 1
            if verify.equivalent(f"x + {moment}", f"x + {moment + 1 - right}", 30) is not right:
                wrong.append(moment)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        verify.stop()
    assert interrupted >= enough and wrong == []


def alive(pid: int) -> bool:
    """Whether a process runs: one that ended and was not yet waited for does not."""
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat")
        return not (status.exists() and ") Z" in status.read_text())
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.skipif(os.name != "posix", reason="needs kill -9")
@pytest.mark.parametrize(
    "question",  # two without end, and none
    [TOWER, *(pytest.param(text, marks=pytest.mark.slow) for text in ("9^{9^{9}}", "1"))],
)
def test_the_worker_ends_with_its_asker(question):
    """Also in the middle of one multiplication, in which no thread of Python's runs."""
    code = f"""
        import threading, time
        from s1lib.grading import math_equivalence as verify
        verify.equivalent("1/3", "2/6", 60)
        print(verify._worker.pid, flush=True)
        verify.equivalent({question!r}, "1.5x", 600)
        time.sleep(600)
    """
    asker = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(s1lib.__file__).parents[1])},
    )
    pid = int(asker.stdout.readline())
    time.sleep(0.3)  # it computes
    assert alive(pid)
    asker.kill()
    asker.wait()
    asker.stdout.close()
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.slow
def test_a_fork_starts_its_own_worker():
    assert verify.equivalent("1/3", "2/6", 30) is True
    pid = verify._worker.pid
    child = os.fork()
    if child == 0:
        own = verify.equivalent("1/3", "2/6", 30) is True and verify._worker.pid != pid
        verify.stop()
        os._exit(0 if own else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert verify.equivalent("1/3", "1/6", 30) is False
    assert verify._worker.pid == pid
