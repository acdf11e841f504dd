"""Find the choice A, B, C or D in what a model wrote: one letter, marked as a choice.

"A nucleophile ..." is no choice, and neither are two: "(C) or (D)".
"""

import re

from s1lib.grading.boxes import TAIL_CHARS, boxed, boxes
from s1lib.grading.normalize import clean, unwrap

# What stands behind a letter that is a choice: nothing, punctuation, its text in parentheses, or
# a word that goes on with the sentence. "C atom", "C_{3h}", "C=O" and "D-glucose" are none.
BEHIND = (
    r"(?=\s*$|\s*[.:!)\]\"'>](?!\w)|\s*</|[.:)\]](?=[A-Z(])|\s*[,;](?!\w)|\s+[-(\[\"']|\s*\n"
    r"|\s+(?:is|are|was|because|since|as|for|which|with|by|due|where|based|from|given|followed"
    r"|corresponds?"
    r"|would|will|must|has|and (?:not|the)|not|rather|in|among|instead|matches)\b)"
)
CHOICE = re.compile(
    r"[\s\"'*_:<]{0,9}(?:(?i:option|choice|answer|letter|statement)\b[\s:*]{0,4})?"
    rf"(?:[(\[{{] ?(?P<bracket>[A-Da-d]) ?(?:[)\]}}]|$)|(?P<plain>[A-D]){BEHIND}"
    r"|(?P<small>[a-d])(?:\)|[.\s\"']*$))"
)
# Another letter right behind the first one: "C, D", "(C) or (D)", "C and D", "C/D"
SECOND = re.compile(
    r"[\s)\]}.*\"']{0,4}(?:,|;|/|&|\+|,? ?\b(?:or|and)\b)?[\s(\[{*\"']{0,4}(?:(?i:option|choice"
    r"|either|both) )?"
    r"[(\[{]?(?!A\s+[a-z])[A-D](?![\w'’=+-])"
)
PHRASE = re.compile(
    r"(?:\b(?:answer|choice|option|selection|solution)s?\b(?: to [^.:\n]{1,60}?"
    r"| \([^()\n]{1,20}\))?[ *_\"']{0,4}"
    r"(?:is|are|:|=|→|would be|must be|should be|will be|has to be)[ *_]{0,4}:?"
    r"|^[ #*_>]{0,8}(?:the )?(?:final |correct )?answer[ *_]{0,4}$"
    r"|\b(?:choose|select|pick|go with|going with|guess|say)\b|<answer>|####|答案(?:是|为|:))",
    re.IGNORECASE | re.MULTILINE,
)
FILLER = re.compile(
    r"(?:[\s:*_,>#]|(?:therefore|thus|hence|clearly|most likely|likely|probably|indeed|then|so|the"
    r"|best|"
    r"correct|final|right|answer|option|choice|letter|statement|given by|is)\b)*",
    re.IGNORECASE,
)
# "(C) is correct", "option C is the right answer"
CORRECT = re.compile(
    r"(?:(?i:option|choice|answer|statement)[\s*]{1,3}\(?(?P<named>[A-D])\)?"
    r"|\((?P<bracket>[A-D])\)|\b(?P<alone>[A-D])(?= is the| is correct))"
    r"[\s*]{1,4}"
    r"(?:(?i:is|must be|would be)) (?:(?i:therefore|thus|the|most|clearly|indeed|hence) ){0,3}"
    r"(?i:correct|right|answer|best|true|consistent|accurate)"
)
# A letter that is marked in a sentence, wherever it stands
MARKED = re.compile(
    r"\((?P<bracket>[A-D])\)|\b(?i:option|choice|answer) \(?(?P<named>[A-D])\b(?![-=_'])"
)
# A letter at the end of what a sentence says: "I think it is C"
SAID = re.compile(
    r"(?:\b(?:is|be|leaves|leaving|choose|chose|pick|select)|\b(?:it|answer|choice)'s)"
    r" \(?(?P<letter>[A-D])\)?\W*$"
)
# "A is wrong" is no choice
WRONG = re.compile(
    r"\W{0,4}(?:is|are|was|can|cannot|would be|must be) ?(?:\w+ly )?"
    r"(?:n't|not|wrong|incorrect|false|too|out|ruled|eliminated|excluded|impossible|unlikely|invalid)\b"
)
REJECTED = re.compile(
    r"\b(?:not|incorrect|wrong|eliminat\w+|rul\w+ out|unlike|excluded?|cannot|false)\b|n't\b",
    re.IGNORECASE,
)
EMPHASIS = re.compile(r"(?<![\w*])(?:\*{1,3}|_{1,3})\s*([A-D])\s*(?:\*{1,3}|_{1,3})(?![\w*])")
FORMULA_SIGNS = re.compile(r"\\[()\[\]]|\$|\\(?:left|right|,|;|!|quad)(?![A-Za-z])")


def final_choice(text: str) -> str | None:
    """Find the one letter that is the answer; None if there is none, or more than one."""
    content = boxed(text)
    if content is not None:
        inside = _plain(content)
        letter = _choice_at(inside) or _stated(inside)[0]
        if letter or re.search(r"\b[A-Da-d]\b", inside):
            return letter  # else the box holds a value, and the letter may stand behind it
    cut = boxes(text)[1]
    whole = _plain(text[:cut][-TAIL_CHARS:]).strip()
    letter, decided = _stated(whole)
    if decided:
        return letter
    start = FILLER.match(whole)
    first = _choice_at(whole[start.end() if start else 0 :]) if len(whole) < 200 else None
    return first or _concluded(whole)


def _stated(whole: str) -> tuple[str | None, bool]:
    """Find the choice behind the last phrase that names one, and whether there is such a phrase."""
    marks = sorted([*PHRASE.finditer(whole), *CORRECT.finditer(whole)], key=re.Match.start)
    for mark in marks[::-1][:20]:
        letter, decided = _behind(whole, mark)
        if decided:
            return letter, True
    return None, False


def _plain(text: str) -> str:
    """Return a text without delimiters of formulas, wrappers and bold type."""
    bold = EMPHASIS.sub(r" \1 ", FORMULA_SIGNS.sub(" ", text))
    return re.sub(r"[ \t]+", " ", unwrap(clean(unwrap(bold)))).strip()


def _choice_at(text: str) -> str | None:
    """Read the choice at the start of a text; None if there is none, or a second one follows."""
    found = CHOICE.match(text)
    if not found or SECOND.match(text, found.end()) or WRONG.match(text, found.end()):
        return None
    letter = found["bracket"] or found["plain"] or found["small"]
    return letter.upper()


def _behind(text: str, mark: re.Match) -> tuple[str | None, bool]:
    """Read the choice that a phrase announces, and whether the phrase decides the matter."""
    if mark.re is CORRECT:
        if SECOND.match(text[: mark.start()][-3:]) or re.search(
            r"\b(?:or|and) $", text[: mark.start()]
        ):
            return None, True
        return mark["named"] or mark["bracket"] or mark["alone"], True
    rest = text[mark.end() :]
    filler = FILLER.match(rest)
    start = filler.end() if filler else 0
    if CHOICE.match(rest, start):
        return _choice_at(rest[start:]), True
    if re.match(r"(?:either|both|neither)\b", rest[start:], re.IGNORECASE):
        return None, True
    line = re.split(r"\n|[.!?](?=\s|$)", rest.strip(), maxsplit=1)[0]
    letters = {found["bracket"] or found["named"] for found in MARKED.finditer(line)}
    if len(letters) == 1 and not REJECTED.search(line):
        return letters.pop(), True
    if said := SAID.search(line):
        return said["letter"], True
    return None, bool(letters)


def _concluded(text: str) -> str | None:
    """Find the choice in the last sentences, where one letter alone is marked as such."""
    for sentence in re.split(r"\n+|[.!?](?=\s|$)", text)[::-1][:10]:
        letters = {found["bracket"] or found["named"] for found in MARKED.finditer(sentence)}
        if letters and not REJECTED.search(sentence):
            return letters.pop() if len(letters) == 1 else None
        if alone := re.fullmatch(r"\s*\W{0,4}([A-D])\W{0,4}\s*", sentence):
            return alone[1]
        if said := SAID.search(sentence):
            return said["letter"]
    return None
