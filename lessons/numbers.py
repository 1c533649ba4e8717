"""Numbers as people write them: read from an answer line, shown in a text."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fractions import Fraction

from lessons.course import NotGraded

LARGEST = 10**18
DIGITS = 12
"""Decimals that a text may show, at most."""

_SUFFIXES = {
    "": 1,
    "k": 10**3,
    "thousand": 10**3,
    "m": 10**6,
    "mn": 10**6,
    "million": 10**6,
    "b": 10**9,
    "bn": 10**9,
    "billion": 10**9,
}
_SMALL = {"십": 10, "백": 100, "천": 1000}
_LARGE = {"만": 10**4, "억": 10**8, "조": 10**12}
_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?:_[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?"
_PLAIN = re.compile(rf"(?P<digits>{_DIGITS})(?:e(?P<power>[+-]?[0-9]{{1,2}}))?\s*(?P<suffix>[a-z]*)")
_KOREAN = re.compile(rf"(?P<digits>{_DIGITS})?\s*(?P<units>[십백천]?[만억조]?)\s*")
_GROUPED = re.compile(r"[0-9]+[,_][0-9,_]*(?:\.[0-9]+)?\s*[a-z]*")
LONGEST = 100
EXAMPLES = ("7.3M", "7,300,000", "730만")
"""How a number may be written: one that no question and no exercise of the course asks for."""
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


class NotANumber(NotGraded):
    """What was typed cannot be read; `text` says why and how to write it, in one line per language."""

    def __init__(self, en: str, ko: str) -> None:
        super().__init__(
            f"{en}: write a number such as {' or '.join(EXAMPLES)}.",
            f"{ko}. {', '.join(EXAMPLES)}처럼 적어 주세요.",
        )


@dataclass(frozen=True)
class Number:
    """A value, and how many significant digits were given; final zeros of a whole number do not count."""

    value: float
    precision: int


def parse_number(text: str) -> Number:
    """Reads "5,636,096", "5_636_096", "5.6M", "1e6", "1e-5", "563만 6096", "3억 5천만" and their full-width forms.

    A leading ~, ≈ or 약 and a trailing 개 are allowed. Raises NotANumber.
    """
    plain = unicodedata.normalize("NFC", text[: LONGEST + 1]).translate(_FULL_WIDTH).strip().lower()
    plain = re.sub(r"^(?:[~≈]|약|about)\s*", "", plain)
    plain = re.sub(r"\s*개$", "", plain)
    if not plain:
        raise NotANumber("Nothing was written", "아직 아무것도 적지 않았어요")
    if len(text) > LONGEST:
        raise NotANumber("This is too long for a number", "숫자라기엔 너무 길어요")
    if plain.startswith("-"):
        raise NotANumber("A count cannot be negative", "개수는 음수가 될 수 없어요")
    if match := _PLAIN.fullmatch(plain):
        return _plain(match)
    if any(sign in plain for sign in (*_SMALL, *_LARGE)):
        return _korean(plain)
    if _GROUPED.fullmatch(plain):
        raise NotANumber("The commas do not stand at the thousands", "쉼표가 천 단위 자리에 있지 않아요")
    raise NotANumber("This is not a number", "숫자로 읽을 수 없어요")


def without_unit(text: str, units: Iterable[str]) -> str:
    """A number without the unit that somebody wrote behind it."""
    plain = text.strip()
    for unit in units:
        if unit and plain.casefold().endswith(unit.casefold()):
            return plain[: -len(unit)].rstrip()
    return plain


def begins_number(text: str, units: Collection[str] = ()) -> bool:
    """Whether something that is read as a number, a sign and a unit allowed, may begin with this text.

    It is tried with all that could come behind it.
    """
    text = text.translate(_FULL_WIDTH)
    tails = ["", "1", "11", "111"]
    for word in (*_SUFFIXES, "about", *units):
        cuts = (cut for cut in range(1, len(word)) if text.casefold().endswith(word[:cut].casefold()))
        tails += [word[cut:] + more for cut in cuts for more in ("", " 1")]
    return any(_is_number(without_unit(text.removeprefix("-") + tail, units)) for tail in tails)


def _is_number(text: str) -> bool:
    try:
        parse_number(text)
    except NotANumber:
        return False
    return True


def _plain(match: re.Match[str]) -> Number:
    suffix = match["suffix"]
    if suffix not in _SUFFIXES:
        raise NotANumber(
            f"{suffix!r} is not a unit known here (k, M and B are)", f"{suffix!r}라는 단위는 몰라요(k, M, B는 알아요)"
        )
    digits = match["digits"]
    value = _fraction(digits) * Fraction(10) ** int(match["power"] or 0) * _SUFFIXES[suffix]
    return _number(value, _written(digits))


def _korean(plain: str) -> Number:
    total, group, written, position = Fraction(0), Fraction(0), 0, 0
    above, within = Fraction(10**20), Fraction(10**20)
    while position < len(plain):
        match = _KOREAN.match(plain, position)
        if match is None or match.end() == position:
            raise NotANumber("This is not a number", "숫자로 읽을 수 없어요")
        position = match.end()
        digits, units = match["digits"] or "1", match["units"]
        small = _SMALL.get(units[:1], 1)
        term = _fraction(digits) * small
        if term >= within:
            raise NotANumber("The units do not go from large to small", "단위는 큰 것부터 작은 것 순서로 적어야 해요")
        group, within, written = group + term, Fraction(small), _written(digits)
        large = _LARGE.get(units[-1:], 1)
        if large > 1 or position == len(plain):
            if group * large >= above:
                raise NotANumber(
                    "The units do not go from large to small", "단위는 큰 것부터 작은 것 순서로 적어야 해요"
                )
            total, group = total + group * large, Fraction(0)
            above, within = Fraction(large), Fraction(10**20)
    return _number(total, written)


def _fraction(digits: str) -> Fraction:
    return Fraction(digits.replace(",", "").replace("_", ""))


def _written(digits: str) -> int:
    """Significant digits of a decimal such as 5.60, whose zeros are meant; 0 without a point."""
    return len(re.sub(r"\D", "", digits).lstrip("0")) if "." in digits else 0


def _number(value: Fraction, written: int) -> Number:
    if value > LARGEST:
        raise NotANumber("This is larger than anything counted here", "여기서 세는 어떤 수보다도 커요")
    return Number(float(value), max(1, written, significant(value)))


def significant(value: Fraction | float) -> int:
    """How many digits the whole part of `value` holds, not counting trailing zeros."""
    return len(str(int(value)).rstrip("0"))


def round_to(value: float, digits: int) -> float:
    """`value` rounded to this many significant digits."""
    return float(f"{value:.{max(1, digits) - 1}e}")


def show_number(value: int | float) -> str:
    """A value as a text shows it: thousands separated, four significant digits when it is not whole."""
    return f"{int(value):,}" if float(value).is_integer() else f"{float(f'{value:.4g}'):,}"
