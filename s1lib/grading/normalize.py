"""Normalize an answer: what does not change its meaning is taken away.

`clean` treats a whole text: odd spaces and signs, bold type. `normalize` treats one answer:
delimiters of formulas, wrappers, spacing, degrees, currency.
"""

import re
from functools import lru_cache

from s1lib.control_tokens import CONTROL_TOKEN

INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f"))
SPACES = dict.fromkeys(
    map(ord, "\u00a0\u2002\u2003\u2004\u2005\u2007\u2008\u2009\u200a\u202f\u3000"), " "
)
CONTROL = re.compile(rf"{CONTROL_TOKEN.pattern}|</s>")
NARROW_SPACE = re.compile("(?<=[0-9])[\u00a0\u2009\u202f](?=[0-9]{3}(?![0-9]))")  # in 32 349
SIGNS = str.maketrans({
    "−": "-", "‐": "-", "‑": "-", "–": "-", "—": "-", "﹣": "-", "－": "-", "＋": "+", "＝": "=",
    "（": "(", "）": ")", "［": "[", "］": "]", "｛": "{", "｝": "}", "：": ":", "；": ";",
    "，": ", ", "、": ", ", "．": ".", "。": ". ", "％": "%", "＊": "*",
    "“": '"', "”": '"', "’": "'",
})  # fmt: skip
# Signs that LaTeX has a command for; the blank keeps the command apart from a letter behind it
SYMBOLS = {
    "×": "\\times ", "·": "\\cdot ", "⋅": "\\cdot ", "∙": "\\cdot ", "÷": "/", "π": "\\pi ",
    "∞": "\\infty ", "≤": "\\le ", "≥": "\\ge ", "≠": "\\ne ", "≈": "\\approx ", "±": "\\pm ",
    "∪": "\\cup ", "∩": "\\cap ", "∈": "\\in ", "∅": "\\emptyset ", "√": "\\sqrt ", "θ": "\\theta ",
    "°": "^\\circ ", "º": "^\\circ ", "⟨": "\\langle ", "⟩": "\\rangle ", "½": "\\frac{1}{2}",
    "¼": "\\frac{1}{4}", "¾": "\\frac{3}{4}",
    **{sign: f"^{digit}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{sign: f"_{digit}" for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
}  # fmt: skip
SYMBOL = re.compile("|".join(map(re.escape, SYMBOLS)))

# Bold type: ** with a word or a bracket on one side only, so that the power 2**3 stays
BOLD = re.compile(r"(?<![\w)\]}])\*\*|\*\*(?![\w(\[{\\])|__(?=\S)(?<!\w__)|(?<=\S)__(?!\w)")

# What braces hold, with two levels of braces in it
HELD = r"((?:[^{}]++|\{(?:[^{}]++|\{[^{}]*+\})*+\})*+)"
# \text{...} and its relatives, which only set the type of what they hold
WRAPPER = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|normal|up)?|math(?:rm|bf|it|sf|tt|normal)|mbox|hbox|boldsymbol"
    r"|bm|operatorname\*?|emph|underline|boxed|fbox|framebox) ?\{" + HELD + r"\}"
)
OLD_WRAPPER = re.compile(r"\\(?:rm|bf|it|sf|tt|cal)(?![A-Za-z]) ?()")
# Commands that set sizes or spaces. A space after a comma is kept: it ends the number before it
DROPPED = re.compile(
    r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|limits|nolimits|"
    r"tiny|small|large|Large|LARGE|huge|Huge|phantom\{\})(?![A-Za-z])"
    r"|(?<!\\)\\!"
)
COLOR = re.compile(r"\\(?:text)?color ?\{[^{}]*\}")
DIGITS = re.compile(r"\\overline\{([0-9]+)\}")  # of a whole number, as in \overline{204}
SPACING = re.compile(r"\\(?:quad|qquad|enspace|thinspace|medspace)(?![A-Za-z])|(?<!\\)\\[,;: >]|~")
THIN_SPACE = re.compile(r"(?<=[0-9])\\,(?=[0-9]{3}(?![0-9]))")  # 32\,349 is one number
DEGREES = re.compile(
    r"\^ ?\{? ?\\circ ?\}?(?: ?[CF]\b)?|\\degrees?(?![A-Za-z])|(?<=[0-9}]) ?\bdeg(?:rees?)?\b"
)
CURRENCY = re.compile(r"\\\$|[$€£¥₹¢]|\\(?:euro|pounds)(?![A-Za-z])|(?<![A-Za-z])USD ?(?=[0-9])")
DELIMITERS = re.compile(r"(?<!\\)\\[()\[\]]")  # not the line break \\[2pt] of a matrix
FRACTION = re.compile(r"\\[dtc]frac(?![A-Za-z])")
SHORT_FRACTION = re.compile(r"\\frac ?([0-9A-Za-z]) ?([0-9A-Za-z])(?![0-9])")
ROOT = re.compile(r"\\sqrt ?([0-9A-Za-z])")
ROOT_OF_BRACKET = re.compile(r"\\sqrt ?\(([^()]*)\)")
PLAIN_ROOT = re.compile(r"(?<![A-Za-z\\])sqrt ?(?=[({0-9])")
PLAIN_COMMAND = re.compile(
    r"(?<![A-Za-z\\])(pi|infinity|theta|sin|cos|tan|cot|sec|csc|log|ln|exp)(?![A-Za-z])"
)
# "A and C", "1 or 2": between values, not between words
LINK = re.compile(r"(?<=[A-Z0-9)}\]]),? +(?:and|or) +(?=[-(\[{\\0-9]|[A-Z](?![a-z]))")
POWER = re.compile(r"(?<=[\w)\]}]) ?\*\* ?(?=[\w({\\-])")
TIMES = re.compile(r"(?<=[0-9]) ?[xX] ?(?=10 ?\^)")
ALIGNED = re.compile(
    r"\\(?:begin|end) ?\{(?:aligned|align|split|gathered)\*?\}|(?<=[^\\&]) ?&(?==)"
)
MATRIX = re.compile(r"\\(begin|end) ?\{[bvBV]?matrix\}|\\(begin|end) ?\{array\}(?:\{[lcr|]*\})?")
ALIASES = (
    ("\\leqslant", "\\le"), ("\\geqslant", "\\ge"), ("\\leq", "\\le"), ("\\geq", "\\ge"),
    ("\\neq", "\\ne"), ("\\varnothing", "\\emptyset"), ("\\lbrace", "\\{"), ("\\rbrace", "\\}"),
    ("\\lbrack", "["), ("\\rbrack", "]"), ("{,}", ","), ("\\%", "%"), ("\\infinity", "\\infty"),
    ("\\colon", ":"), ("\\{\\}", "\\emptyset"), ("\\mathbb{R}", "(-\\infty,\\infty)"),
)  # fmt: skip
# Spaces go, but for one that ends a command, and those beside digits that would run together
NEEDED_SPACE = re.compile(r"(?<=[0-9,]) +(?=[0-9])|(\\[A-Za-z]+) +(?=[A-Za-z])| +")
PERCENT = re.compile(r"(?<=[0-9}]) ?\b(?:percent|per cent|percentage|pct)\b\.?")


def clean(text: str) -> str:
    """Replace odd spaces, dashes and full-width punctuation; take bold and code type away.

    Digits and letters stay as they are: a Cyrillic С is not the letter C.
    """
    text = (
        NARROW_SPACE.sub("", CONTROL.sub("", text.replace("`", "")))
        .translate(INVISIBLE)
        .translate(SPACES)
        .translate(SIGNS)
    )
    return BOLD.sub("", text)


def unwrap(text: str) -> str:
    r"""Take wrappers such as `\text{...}` and `\mathbf{...}` away, from the inside out."""
    for _ in range(6):  # deeper nesting does not occur
        text, count = WRAPPER.subn(r" \1 ", text)
        text, older = OLD_WRAPPER.subn(r" \1 ", text)
        if not count + older:
            break
    return text


@lru_cache(maxsize=256)  # an answer is looked at several times
def normalize(text: str) -> str:
    """Return an answer without what does not change its meaning.

    Equal results mean equal answers; different ones may still be equal in value.
    """
    text = SYMBOL.sub(lambda found: SYMBOLS[found.group()], clean(text))
    text = re.sub(r"\s+", " ", text)
    text = DROPPED.sub("", COLOR.sub("", THIN_SPACE.sub("", text)))
    for name, alias in ALIASES:
        text = text.replace(name, alias)
    text = CURRENCY.sub("", DEGREES.sub("", SPACING.sub(" ", text)))
    text = DELIMITERS.sub(" ", text)
    text = unwrap(text)
    text = TIMES.sub(r"\\times ", POWER.sub("^", ALIGNED.sub("", text)))
    text = PERCENT.sub("%", text)
    text = PLAIN_COMMAND.sub(lambda found: "\\" + found[1].replace("infinity", "infty"), text)
    text = FRACTION.sub(r"\\frac", PLAIN_ROOT.sub(r"\\sqrt", text))
    text = ROOT.sub(r"\\sqrt{\1}", ROOT_OF_BRACKET.sub(r"\\sqrt{\1}", text))
    text = SHORT_FRACTION.sub(r"\\frac{\1}{\2}", text)
    text = LINK.sub(", ", text)
    text = MATRIX.sub(lambda found: f"\\{found[1] or found[2]}{{pmatrix}}", text)
    text = NEEDED_SPACE.sub(_space, text.strip())
    return _strip_outer(text)


def _space(found: re.Match) -> str:
    if found[1]:
        return found[1] + " "
    before = found.string[found.start() - 1 : found.start()]
    after = found.string[found.end() : found.end() + 1]
    return " " if after.isdigit() and (before.isdigit() or before == ",") else ""


def _strip_outer(text: str) -> str:
    """Take punctuation at the end away, and braces around the whole: {23} is 23."""
    while True:
        stripped = text.strip(" \t").rstrip(".;,:?").strip("\"'")
        if stripped.startswith("{") and closing(stripped, 0) == len(stripped) - 1:
            stripped = stripped[1:-1]
        if stripped.endswith("\\") and not stripped.endswith("\\\\"):  # of a space: "23\ "
            stripped = stripped[:-1]
        if found := DIGITS.fullmatch(stripped):
            stripped = found[1]
        if stripped.startswith("*") or stripped.endswith("*"):
            stripped = stripped.strip("*")
        if stripped == text:
            return text
        text = stripped


def closing(text: str, start: int, limit: int | None = None) -> int:
    r"""Return where the brace at `start` is closed; -1 if it is not within `limit` characters.

    Escaped braces, as in `\{1, 2\}`, are part of the text.
    """
    depth, place = 0, start
    end = len(text) if limit is None else min(len(text), start + limit)
    while place < end:
        if text[place] == "\\":
            place += 1
        elif text[place] == "{":
            depth += 1
        elif text[place] == "}":
            depth -= 1
            if depth == 0:
                return place
        place += 1
    return -1


def key(text: str) -> str:
    """Return what two normalized answers are compared by as texts: no needless braces."""
    text = re.sub(r"(?<=[\^_])\{([A-Za-z0-9])\}", r"\1", text)
    return text.replace("+\\infty", "\\infty")
