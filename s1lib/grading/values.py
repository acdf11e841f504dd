"""Numbers as answers are written: exact values, and the one tolerance for decimals.

A decimal stands for a closed form such as 1/12 or the root of 2 if it has at least
MIN_DIGITS significant digits and is that value rounded, or cut off, at its last digit. Digits
after the fifteenth are not read, as computers print noise there. Two decimals, and anything
against a whole number, must be equal exactly.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

MIN_DIGITS = 6  # significant digits that a decimal needs to stand for a closed form
MAX_DIGITS = 15  # significant digits of a double
MAX_CHARS = 400  # a longer text is not read as a number
MAX_EXPONENT = 400

INTEGER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)"
DECIMAL = re.compile(
    rf"(?P<whole>{INTEGER})?(?:\.(?P<part>[0-9]*))?"
    # scientific notation: 1.5e3, 1.5\times10^{3}
    r"(?:(?:[eE]|(?:\\times|\\cdot|\*)10\^)\{?(?P<exponent>[+-]?[0-9]{1,4})\}?)?"
)
# 3/4, \frac{3}{4}, \frac34, and the mixed numbers 2\frac{3}{4} and 2 3/4
FRACTION = re.compile(
    rf"(?:(?:(?P<mixed>[0-9]+) )?(?P<top>{INTEGER})/(?P<bottom>{INTEGER})|(?P<whole>[0-9]+)?\\frac"
    r"(?:\{(?P<frac_sign>-?)(?P<frac_top>[0-9]+)\}|(?P<top_digit>[0-9]))"
    r"(?:\{(?P<frac_bottom>[0-9]+)\}|(?P<bottom_digit>[0-9])))"
)
# A period in the decimal places: 0.1\overline{6}
PERIODIC = re.compile(r"([0-9]*)\.([0-9]*)\\overline\{([0-9]+)\}")


@dataclass(frozen=True)
class Number:
    """An exact value and the way in which it was written."""

    value: Fraction
    last_place: Fraction | None = None  # of a decimal: what one step in its last digit is worth
    digits: int = 0  # of a decimal: its significant digits
    percent: bool = False  # "50%": `value` is 50


def parse_number(text: str) -> Number | None:
    """Read a whole number, a decimal, or a fraction of whole numbers; None if it is neither.

    The text comes from `normalize.normalize`. Thousands may be separated by commas: 32,349.
    """
    if len(text) > MAX_CHARS:
        return None
    percent, text = text.endswith("%"), text.removesuffix("%")
    sign = -1 if text.startswith("-") else 1
    text = text[1:] if text[:1] in ("+", "-") else text
    number = _decimal(text) or _fraction(text) or _periodic(text)
    if number is None:
        return None
    return Number(sign * number.value, number.last_place, number.digits, percent)


def _decimal(text: str) -> Number | None:
    found = DECIMAL.fullmatch(text)
    if not found or not (found["whole"] or found["part"]):
        return None
    whole, part = (found["whole"] or "").replace(",", ""), found["part"] or ""
    exponent = int(found["exponent"] or 0)
    if abs(exponent) > MAX_EXPONENT:
        return None
    scale = Fraction(10) ** exponent
    last_place = scale / 10 ** len(part)
    value = int(whole + part) * last_place
    if found["part"] is None and found["exponent"] is None:
        return Number(value)
    return Number(value, last_place, len((whole + part).lstrip("0")))


def _fraction(text: str) -> Number | None:
    found = FRACTION.fullmatch(text)
    if not found:
        return None
    top = found["top"] or found["frac_top"] or found["top_digit"]
    bottom = int(
        (found["bottom"] or found["frac_bottom"] or found["bottom_digit"]).replace(",", "")
    )
    if bottom == 0:
        return None
    value = Fraction(int(top.replace(",", "")), bottom) * (-1 if found["frac_sign"] else 1)
    return Number(value + int(found["whole"] or found["mixed"] or 0))


def _periodic(text: str) -> Number | None:
    found = PERIODIC.fullmatch(text)
    if not found:
        return None
    whole, part, period = found.groups()
    start = Fraction(int(whole + part or "0"), 10 ** len(part))
    return Number(start + Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(part)))


def approximates(decimal: Number, exact: Fraction) -> bool:
    """Tell whether a decimal stands for an exact value, by the tolerance stated above."""
    if decimal.last_place is None or decimal.digits < MIN_DIGITS or decimal.value * exact <= 0:
        return False
    step = decimal.last_place * 10 ** max(0, decimal.digits - MAX_DIGITS)
    too_small = abs(exact) - abs(decimal.value)
    return abs(too_small) <= step / 2 or 0 <= too_small < step


def equal_numbers(given: Number, reference: Number) -> bool:
    """Compare two numbers: exactly, or a decimal with a fraction by the tolerance stated above.

    A percent sign may be left out or be written out: 50% is 50, and it is 0.5.
    """
    if given.percent != reference.percent:
        plain = Number(given.value, given.last_place, given.digits)
        other = Number(reference.value, reference.last_place, reference.digits)
        if equal_numbers(plain, other):
            return True
        return _fraction_of(given) == _fraction_of(reference)
    if given.value == reference.value:
        return True
    if (given.last_place is None) == (reference.last_place is None):
        return False
    decimal, exact = (given, reference) if given.last_place is not None else (reference, given)
    return exact.value.denominator != 1 and approximates(decimal, exact.value)


def _fraction_of(number: Number) -> Fraction:
    return number.value / 100 if number.percent else number.value
