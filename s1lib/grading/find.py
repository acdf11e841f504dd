r"""Find the answer in what a model wrote: the last box, else the final statement.

The final statement is, in this order: what stands behind "Answer:", "the answer is" and the
like; the last sentence that says a value ("so $m+n = 23$."). In a sentence the answer is what
stands behind its last verb ("is 23"), else its last formula or number. Each search goes from the
end of the text to its start, and a sentence without a value is passed over.
"""

import re
from dataclasses import dataclass

from s1lib.grading.boxes import MAX_ANSWER_CHARS, TAIL_CHARS, boxed, boxes, without
from s1lib.grading.normalize import WRAPPER, clean, unwrap

# The bounds that keep the time for any text short
MAX_STATEMENT = 4_000  # characters behind a phrase
MAX_SENTENCE = 1_000  # characters of a sentence
MAX_TRIES = 20  # phrases of a text, and verbs of a sentence

FORMULA = re.compile(
    r"\$\$(?P<double>[^$]+)\$\$|\\\[(?P<display>.{1,4000}?)\\\]|\\\((?P<inline>.{1,4000}?)\\\)"
    # A pair of dollar signs, not two sums of money: no space inside of them
    r"|(?<!\\)\$(?P<single>(?=\S)(?:[^$\n\\]|\\.){1,1999}?(?<=\S))\$(?![0-9])"
    r"|\\begin\{(?P<name>equation|align"
    r"|gather)(?P<star>\*?)\}(?P<body>.+?)\\end\{(?P=name)(?P=star)\}",
    re.DOTALL,
)
FORMULA_PARTS = ("double", "display", "inline", "single", "body")
# A formula is replaced by its number between two signs of the private area, so that the full
# stops and words in it do not end a sentence
OPEN, CLOSE = "\ue000", "\ue001"
MASK = re.compile(f"{OPEN}([0-9]+){CLOSE}")

ALIGNED = re.compile(r"\\(?:begin|end) ?\{(?:aligned|align|gathered|split)\*?\}")
CHAIN = re.compile(r"\\\\\s*&?\s*(?==)")  # a row that goes on with the equation before it
ROW = re.compile(r"\\\\(?:\[[^\]]*\])?\s*")
END_OF_PROOF = re.compile(r"\\(?:black)?square|\\Box|\\qed|\\blacksquare")

PHRASE = re.compile(
    r"(?P<heading>\b(?:final |correct |right )?(?:answer|solution"
    r"|result)\b *(?:\([^()\n]{0,20}\))?[ *_\"']{0,4}"
    r"(?:(?:is|are|to [^.:\n]{1,60} is)[ *_]{0,4}:|[-=]>|[:=→⇒]|-(?= )))"
    r"|(?P<title>^[ #*>_]{0,8}(?:the )?(?:final |correct )?answer[ *_]{0,4}$)"
    r"|(?P<sentence>\b(?:the|our|my|this|final|correct|right|your)? ?(?:final |correct |required "
    r"|desired |right ){0,4}"
    r"(?:answer|solution|result)s?\b(?: to [^.:\n]{1,60}?| \([^()\n]{1,20}\))?"
    r" (?:is|are|must be|should be|would be|will be|comes out (?:to be|as)|equals"
    rf"|of(?= [-$*]{{0,3}}[0-9{OPEN}]))\b)"
    r"|(?P<tag><answer>|####)|(?P<chinese>(?:最终)?答案(?:是|为|:))",
    re.IGNORECASE | re.MULTILINE,
)
# "204 is the answer"
BEFORE = re.compile(
    r"\bis (?:therefore |thus |hence )?(?:the|our|my) (?:final |correct )?answer\b", re.I
)

# The words that a sentence may begin with before its value: "So, "
OPENING = re.compile(
    r"[\s*_#>=→⇒∴-]*(?:(?:so|thus|therefore|hence|then|finally|and)\b[\s,:]*)*", re.IGNORECASE
)
# Between a heading and what stands below it: marks of titles and of lists
LEAD = re.compile(r"(?:[\s*_:>#]|={3,}|-{3,}|(?<=\n)[-•+] )*")
ITEM = re.compile(r" *(?:[-•+*]|[0-9]\.) +")  # of a list, one on each line
# What the value of a sentence does not stand in: "Since $a < b$, ..."
CLAUSE = re.compile(r"\W{0,4}(?:since|because|as|if|when|where|for)\b[^,]{0,200}, ", re.IGNORECASE)
# Between a verb and the value: "is therefore exactly equal to 23"
FILLER = re.compile(
    r"(?:[\s:*_,]|(?:also|always|approximately|about|around|roughly|at (?:least|most)|exactly"
    r"|equal|equals|"
    r"to|given|by|hence|indeed|just|now|only|simply|so|then|therefore|thus|be|found|as follows"
    r"|clearly|"
    r"precisely|us|the|a|number|value|integer|fraction|expression|point|pair|ordered|triple|interval"
    r"|set|sum|"
    r"of|total|that|is|are|we have|we get|=|option|choice)\b)*",
    re.IGNORECASE,
)
VERB = re.compile(
    r"(?:\b(?:is|are|was|were|be|equals?|gives?|giving|get|obtain|yields?|yielding|becomes?|have"
    r"|has|had|find|found|costs?|pays?|paid|spends?|spent|saves?|saved|owes?"
    r"|weighs?|weighed|earns?|earned|takes?|took|needs?|needed|measures?|totals?|remains?|leaves?"
    r"|left with|total of|sum of"
    r"|(?:comes?|came|up|equal|reduces?|simplifies|amounts?|evaluates|leads?) to)\b"
    r"|:(?!(?<=[0-9]:)[0-9]|(?<=[0-9] :) [0-9]))",  # a colon, but not that of the ratio 3:4
    re.IGNORECASE,
)
CONCLUSION = re.compile(
    r"\W{0,4}(?:so|thus|therefore|hence|finally|consequently|altogether|in total|in conclusion)\b",
    re.I,
)
AMOUNT = re.compile(r"[$€£¥] ?[0-9]|[0-9] ?\\?%")
# A list of values behind "The roots are:"
LISTED = re.compile(
    r"\b(?:are|roots|solutions|values|answers)\b[^\n]{0,40}:[ *_]*\n+"
    r"((?:[ \t]*(?:[-•+*]|[0-9]\.) +[^\n]*(?:\n|$))+)\s*$"
)
# The end of a sentence: not in "3.14", and not in "e.g. 5"
SENTENCE_END = re.compile(r"(?<!e\.g)(?<!i\.e)(?<! cf)(?<! vs)(?:[.!?。](?=[\s*\"')]|$)|\n)")

# One part of an expression outside of a formula. Words are none, but for names of functions
TOKEN = re.compile(
    rf"(?P<formula>{OPEN}[0-9]+{CLOSE})|(?P<command>\\[A-Za-z]+|\\[{{}}%|\\,;! $])"
    r"|(?P<number>(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)"
    r"|(?P<word>(?:arc)?(?:sin|cos|tan|cot|sec|csc|log|ln|exp|sqrt|pi|max|min|gcd|lcm"
    r"|infinity)(?![A-Za-z]))"
    r"|(?P<link>(?:and|or)\b)|(?P<letter>(?![aAI] |i\.e|e\.g)[A-Za-z](?![A-Za-z'’]))"
    r"|(?P<space>[ \t\n]+)"
    r"|(?P<sign>[-+*/^_=<>(){}\[\]|!%,;&:.]|[×·⋅÷π∞≤≥≠≈±∪∩∈∅√θ°½¼¾⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉$€£¥⟨⟩])"
)
WORD = re.compile(r"[A-Za-z'’]+|.", re.DOTALL)
VALUES = {"number", "formula", "command", "wrapper"}  # the tokens of which one makes a value
OPEN_ENDS = [*",;:=+-*(&[.", "\\ "]  # what a value does not end in
NO_VALUE = re.compile(r"(?:[,;:=+\-*(&\[.\s]|\\ |and\b|or\b)+")  # a run of nothing else
# Words that are no answer: "The answer is consistent with all constraints"
NO_TEXT = re.compile(
    r"(?:correct|consistent|right|wrong|valid|verified|confirmed|clear|unique|reasonable|plausible"
    r"|below|above|"
    r"found|given|not|indeed|as|what|that|this|it|in|of|an?|the|we|i|to|obtained|unknown"
    r"|undetermined|boxed|"
    r"independent|simply|now|then|also|reached|well|likely|probably|supported|based|determined"
    r"|derived|"
    r"same|sure|still|here|therefore|thus|hence|so|obvious|how|because|since|if|when|where"
    r"|which)\b",
    re.IGNORECASE,
)


# A formula that the sentence is about, not the value that it says
SUBJECT = re.compile(r"\s*(?:is|are|has|have|must|equals?|can|will|was|becomes?)\b", re.IGNORECASE)
RESULT = re.compile(
    r"\b(?:so|thus|therefore|hence|then|giving|yielding|whence|which (?:gives|yields|means"
    r"|implies))\b",
    re.I,
)
# What is said about an answer that was given before
ASSURANCE = re.compile(
    r"(?:(?:all|also|indeed|clearly|therefore|thus|not only) )*(?:correct|consistent|right|wrong"
    r"|valid|verified|"
    r"confirmed|checked|clear|unique|reasonable|plausible|independent|supported|not|an? (?:integer"
    r"|positive|whole))\b",
    re.IGNORECASE,
)


# The answers of final_words: "Yes, ...", "Evelyn is the fastest", "is an even function"
VERDICT = re.compile(r"(Yes|No|True|False)\b(?!\s+[a-z])(?! [A-Z0-9])")
NAMED = re.compile(
    r"(?:^|, (?:so |thus |hence |and )?|\b[Ii]t (?:is|was) )"
    r"(?!It|This|That|He|She|We|They|There|The|Which|Each|Only|Neither)([A-Z][a-z]+) "
    r"(?:who |that )?"
    r"(?:is|was|has|had|ran|runs|won|wins|gets|got|finished|must be|will be) "
    r"(?:therefore |thus )?(?:the\b|first\b|last\b|\w+est\b)"
)
DESCRIBED = re.compile(
    r"\b(?:is|are|was|were|be|becomes?|called|represents?|describes?|forms?|graph of|kind of"
    r"|falls? on|consists? of)"
    r" (?:(?:an?|the|always|indeed|therefore|thus|hence|clearly|simply|just|only|said to be) )*"
    r"(?:(?:equation|graph|kind|type|case|shape) of (?:an? |the )?)?"
    r"(?P<words>neither(?= even nor odd)|[A-Za-z]+(?: [a-z]+)??)"
    r"(?: even nor odd| functions?| numbers?| triangles?| students?| matrix| sequence| series)?$"
)


@dataclass(frozen=True)
class Masked:
    """A text whose formulas are replaced by marks, so that it can be read as sentences."""

    text: str
    formulas: list[str]

    def restore(self, part: str) -> str:
        """Return a part of the text with its formulas, without their delimiters."""
        return MASK.sub(lambda found: self.formulas[int(found[1])], part)


def mask(text: str) -> Masked:
    """Clean the end of a text and mask its formulas."""
    text = clean(text[-TAIL_CHARS:].replace(OPEN, "").replace(CLOSE, ""))
    formulas: list[str] = []

    def store(found: re.Match) -> str:
        inside = next((found[name] for name in FORMULA_PARTS if found[name]), "")
        if found["body"] or ALIGNED.search(inside):  # one row after the other
            inside = ROW.sub(", ", CHAIN.sub(" ", ALIGNED.sub("", inside).replace("&", "")))
        inside = inside.strip().rstrip(".,;").strip()
        if END_OF_PROOF.fullmatch(inside):
            return ""
        formulas.append(inside)
        return f"{OPEN}{len(formulas) - 1}{CLOSE}"

    return Masked(FORMULA.sub(store, text), formulas)


def final_value(text: str) -> str | None:
    """Find the answer to a mathematical question; None if there is none."""
    answer = boxed(text)
    if answer is None:
        empty, cut = boxes(text)
        masked = mask(without(text, empty, cut))
        answer = _stated(masked) or _concluded(masked)
    if answer is None:
        return None
    inside = unwrap(answer)  # \boxed{\text{The answer is } 204}
    return (PHRASE.search(inside) and _stated(mask(inside))) or answer


def _end(pattern: re.Pattern, text: str, start: int = 0) -> int:
    """Return where a pattern that may stand at `start` ends."""
    found = pattern.match(text, start)
    return found.end() if found else start


def _stated(masked: Masked) -> str | None:
    """Find the answer behind the last phrase such as "Answer:" that has one behind it."""
    marks = list(PHRASE.finditer(masked.text)) + list(BEFORE.finditer(masked.text))
    for mark in sorted(marks, key=re.Match.start, reverse=True)[:MAX_TRIES]:
        if mark.re is BEFORE:
            line = masked.text[max(0, mark.start() - 300) : mark.start()]
            answer = _last_run(masked, SENTENCE_END.split(line)[-1])
        else:
            answer = _behind(masked, mark)
        if answer:
            return answer
    return None


def _behind(masked: Masked, mark: re.Match) -> str | None:
    rest = masked.text[mark.end() : mark.end() + MAX_STATEMENT]
    rest = re.split(r"</answer>", rest, maxsplit=1)[0]
    if listed := _bullets(masked, rest.lstrip(" *_:\n")):
        return listed
    rest = rest[_end(LEAD, rest) :]
    start = _end(FILLER, rest)
    sentence = mark["sentence"]
    if not sentence or not re.match(r"not\b", rest[start:], re.I):
        value = _value_first(masked, rest, start, follow=not sentence)
        if value := value or _text_value(masked, rest, bool(sentence)):
            return value
    if sentence and (ASSURANCE.match(rest) or re.match("(?:this|that)", sentence, re.I)):
        return None  # "This answer is consistent with all 3 constraints"
    pieces = sentences(rest)
    concluding = [piece for piece in pieces[1:] if CONCLUSION.match(piece)]
    if sentence:
        return _said(masked, pieces[0]) if pieces else None
    for piece in concluding[::-1] + pieces:
        if value := _said(masked, piece):
            return value
    return last_words(pieces[0]) if pieces else None


def _value_first(masked: Masked, rest: str, start: int, follow: bool) -> str | None:
    """Read the value at `start`, unless the sentence goes on to say something about it.

    With `follow`, what the sentence concludes from it comes first: "$m = 5$, so $m + n = 23$".
    """
    value, end = _run(rest, start)
    if value is None:
        return None
    if SUBJECT.match(rest, end) and not value.strip(" *_").isdigit():
        return None  # "$f(x)$ is increasing on $(0, 1)$"
    if follow:
        sentence = SENTENCE_END.split(rest, maxsplit=1)[0][:MAX_SENTENCE]
        if result := _result(masked, sentence, end):
            return result
    return tidy(masked.restore(value)) or None


def _result(masked: Masked, sentence: str, start: int = 0) -> str | None:
    """Return the value that a sentence ends in behind "so", "hence" and the like."""
    for link in list(RESULT.finditer(sentence, start))[: -MAX_TRIES - 1 : -1]:
        verbs = [verb.end() for verb in VERB.finditer(sentence, link.end())]
        for place in [link.end(), *verbs[-1:]]:
            value, end = _run(sentence, _end(FILLER, sentence, place))
            if value and not sentence[end:].strip(" .*"):
                return tidy(masked.restore(value)) or None
    return None


def _bullets(masked: Masked, rest: str) -> str | None:
    """Join the values of a list, one on each line, into one answer."""
    values = []
    for line in rest.split("\n"):
        item = ITEM.match(line)
        if item is None:
            break
        value, end = _run(line, item.end())
        if value is None or line[end:].strip(" .,;*"):
            return None
        values.append(tidy(masked.restore(value)))
    return ", ".join(values) if len(values) > 1 else None


def last_words(sentence: str) -> str | None:
    """Return the one or two words behind the last verb: "The fastest student is Evelyn"."""
    verbs = list(VERB.finditer(sentence))
    words = sentence[verbs[-1].end() :].strip(" .*_") if verbs else ""
    return (
        words
        if re.fullmatch(r"[A-Za-z]+(?: [A-Za-z]+)?", words) and not NO_TEXT.match(words)
        else None
    )


def final_words(text: str) -> str | None:
    """Find the answer to a question that asks for words: "even", "Evelyn", "an ellipse".

    A box and a statement come first, as for values; then the words that one of the last sentences
    says, whatever formulas are in it: "Thus $f(x)$ is an even function".
    """
    stated = boxed(text)
    if stated is None:
        empty, cut = boxes(text)
        masked = mask(without(text, empty, cut))
        stated = _stated(masked)
        if stated is None:
            said = (_said_words(piece) for piece in sentences(masked.text)[:-6:-1])
            return next(filter(None, said), None)
    return final_value(text)


def _said_words(sentence: str) -> str | None:
    sentence = sentence[-MAX_SENTENCE:].strip(" .!*_")
    sentence = sentence[_end(OPENING, sentence) :]
    if found := VERDICT.match(sentence) or NAMED.search(sentence):
        return found[1]
    found = DESCRIBED.search(sentence)
    words = found["words"] if found else ""
    return words if words and not NO_TEXT.match(words) else last_words(sentence)


def _concluded(masked: Masked) -> str | None:
    """Find the answer in the last sentences of a text that has no phrase for it."""
    whole = masked.text.strip()
    start = _end(OPENING, whole)
    if value := _run_at(masked, whole, start):
        if _run(whole, start)[1] >= len(whole.rstrip(" .*")):  # nothing but the value
            return value
    listed = LISTED.search(whole[-MAX_STATEMENT:])
    if listed and (values := _bullets(masked, listed[1])):
        return values
    for piece in sentences(masked.text)[::-1][:10]:
        if MASK.search(piece) or VERB.search(piece) or "=" in piece or AMOUNT.search(piece):
            if value := _said(masked, piece, only_said=True):
                return value
    return None


def sentences(text: str) -> list[str]:
    """Split a text into sentences; one that ends in ":" or a verb goes on in the next line."""
    pieces: list[str] = []
    start, goes_on = 0, False
    for end in [*SENTENCE_END.finditer(text), None]:
        piece = text[start : end.start() if end else len(text)].strip()
        start = end.end() if end else len(text)
        if not piece:
            continue
        if goes_on:
            pieces[-1] += " " + piece
        else:
            pieces.append(piece)
        at_line_end = end is not None and end.group() == "\n"
        goes_on = at_line_end and bool(
            re.search(r"(?:[:=,]|\b(?:is|are|get|have|be|gives|equals|to|of|and|or))$", piece)
        )
    return pieces


def _said(masked: Masked, sentence: str, only_said: bool = False) -> str | None:
    """Find the value that a sentence says: all of it, behind its last verb, or its last formula.

    With `only_said` a bare number without a verb or an equals sign before it, or a sign of money
    or percent, is none.
    """
    sentence = sentence[-MAX_SENTENCE:]
    start = _end(OPENING, sentence)
    start = _end(CLAUSE, sentence, start)
    value, end = _run(sentence, start)
    if value and not sentence[end:].strip(" .*") and (not only_said or not value.strip().isdigit()):
        return tidy(masked.restore(value))
    if result := _result(masked, sentence, max(start, 1)):
        return result
    for verb in list(VERB.finditer(sentence))[: -MAX_TRIES - 1 : -1]:
        if value := _run_at(masked, sentence, _end(FILLER, sentence, verb.end())):
            return value
    last = _last_run(masked, sentence)
    if only_said and last and not (MASK.search(sentence) or "=" in last or AMOUNT.search(last)):
        return None
    return last


def _run_at(masked: Masked, text: str, start: int) -> str | None:
    value = _run(text, start)[0]
    return tidy(masked.restore(value)) or None if value else None


def _last_run(masked: Masked, text: str) -> str | None:
    """Return the last expression of a sentence, one with a digit or a sign if there is one."""
    place = 0
    runs: list[str | None] = []
    for _ in range(500):
        if place >= len(text):
            break
        value, end = _run(text, place)
        if end > place and NO_VALUE.fullmatch(text, place, end):
            place = end  # no part of it is a value either: looking at each would take long
            continue
        if value and not re.search(
            r"\bnot(?: equal to)?\s*$", text[max(0, place - 20) : place], re.I
        ):
            runs.append(tidy(masked.restore(value)) or None)
        word = WORD.match(text, max(end, place))
        place = word.end() if word else len(text)
    runs = [run for run in runs if run]
    substantial = [run for run in runs if run and (len(run) > 1 or run.isdigit())]
    return (substantial or runs or [None])[-1]


def _run(text: str, start: int) -> tuple[str | None, int]:
    """Read the longest expression at `start`: numbers, signs, formulas, no words.

    Returns it (None where it holds neither a number nor a formula) and where it ends.
    """
    place = start
    parts: list[tuple[str, str]] = []  # each token's kind and text
    while place < min(len(text), start + MAX_ANSWER_CHARS):
        wrapper = WRAPPER.match(text, place)
        token = wrapper or TOKEN.match(text, place)
        if token is None or (not wrapper and _ends_value(text, token, bool(parts))):
            break
        parts.append(("wrapper" if wrapper else token.lastgroup or "", token.group()))
        place = token.end()
    reached = place
    while parts and (parts[-1][0] in ("space", "link") or parts[-1][1] in OPEN_ENDS):
        place -= len(parts.pop()[1])
    if not parts:
        return None, reached
    while parts and parts[0][0] in ("space", "link"):
        parts.pop(0)
    value = "".join(part for _, part in parts)
    if {kind for kind, _ in parts} & VALUES or set(value) & set("π∞½¼¾∅"):
        return value, place
    # Letters alone are a value only where they are all there is: "x", "p - q", but no article
    letters = re.fullmatch(r"\s*[A-Za-z](?:\s*[-+*/^=]\s*[A-Za-z])*\s*", value)
    return (value if letters and not text[place:].strip(" .*") else None), place


def _ends_value(text: str, token: re.Match, inside: bool) -> bool:
    """Tell whether a sign ends the sentence, or a line's end the value."""
    if token["space"]:
        return inside and "\n" in token.group()
    after = text[token.end() : token.end() + 4]
    if token.group() == "(" and re.match(r"(?:or|and)\b", text[token.end() : token.end() + 4]):
        return inside  # "1/2 (or 0.5)"
    if token.group() == "!":  # "The answer is 204!" is no factorial, "5! = 120" is one
        return bool(re.match(r"\s*(?:\n|$)|\s+[\"'(]?[A-Z]" if inside else r"\s|$", after))
    if token.group() == ":" and inside and re.match(" [0-9]", after):  # the ratio 3 : 4
        return text[token.start() - 1] != " "
    return token.group() in (".", ":") and not after[:1].strip()


def _text_value(masked: Masked, rest: str, in_sentence: bool) -> str | None:
    """Read an answer of a few words: "The answer is Tuesday."."""
    line = SENTENCE_END.split(rest, maxsplit=1)[0].strip(" *_\"'`")
    if not line or MASK.search(line) or re.search(r"[0-9]", line) or NO_TEXT.match(line):
        return None
    if len(line.split()) > (3 if in_sentence else 5):
        return None
    return tidy(line) or None


def tidy(value: str) -> str:
    """Strip an answer of spaces and of the punctuation and unpaired brackets around it."""
    value = value.strip().strip("*_").strip()
    while True:
        stripped = value.rstrip(" ,;").removesuffix("\\").strip()
        if stripped.endswith(".") or stripped.endswith(":"):
            stripped = stripped[:-1]
        for left, right in ("()", "[]"):
            # Half-open intervals pair unlike brackets: count both kinds together
            opened = stripped.count("(") + stripped.count("[")
            closed = stripped.count(")") + stripped.count("]")
            if closed > opened and stripped.endswith(right):
                stripped = stripped[:-1]
            elif opened > closed and stripped.startswith(left):
                stripped = stripped[1:]
        if stripped == value:
            return value
        value = stripped
