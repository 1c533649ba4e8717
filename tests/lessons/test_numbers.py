"""Numbers as learners type them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessons.numbers import (
    EXAMPLES,
    LARGEST,
    NotANumber,
    Number,
    begins_number,
    parse_number,
    round_to,
    show_number,
    without_unit,
)

FULL_WIDTH = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
counts = st.integers(min_value=0, max_value=10**15)


@pytest.mark.parametrize(
    ("text", "value", "precision"),
    [
        ("5636096", 5_636_096, 7),
        ("5,636,096", 5_636_096, 7),
        ("5_636_096", 5_636_096, 7),
        (" 5,636,096 ", 5_636_096, 7),
        ("5.6M", 5_600_000, 2),
        ("5.60 m", 5_600_000, 3),
        ("5.6 million", 5_600_000, 2),
        ("1e6", 1_000_000, 1),
        ("5.636e+6", 5_636_000, 4),
        ("175k", 175_000, 3),
        ("1.24B", 1_240_000_000, 3),
        ("563만", 5_630_000, 3),
        ("563만 6096", 5_636_096, 7),
        ("563만6,096개", 5_636_096, 7),
        ("５６３만", 5_630_000, 3),
        ("５，６３６，０９６", 5_636_096, 7),
        ("560만", 5_600_000, 2),
        ("12억 3581만 4400", 1_235_814_400, 8),
        ("5천만", 50_000_000, 1),
        ("3억 5천만", 350_000_000, 2),
        ("17만 5천 1백", 175_100, 4),
        ("1,000만", 10_000_000, 1),
        ("5.6만", 56_000, 2),
        ("만", 10_000, 1),
        ("약 563만", 5_630_000, 3),
        ("~5.6M", 5_600_000, 2),
        ("0.5", 0.5, 1),
        ("1e-5", 1e-5, 1),
        ("0", 0, 1),
    ],
)
def test_ways_to_write_a_number(text: str, value: float, precision: int) -> None:
    assert parse_number(text) == Number(value, precision)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "Nothing was written"),
        ("   ", "Nothing was written"),
        ("many", "not a number"),
        ("5,63,609", "commas do not stand at the thousands"),
        ("5,6M", "commas do not stand at the thousands"),
        ("5..6", "not a number"),
        ("5.6X", "not a unit known here"),
        ("5.6 GB", "not a unit known here"),
        ("-5", "cannot be negative"),
        ("10²", "not a number"),
        ("0x10", "not a number"),
        ("1e99", "larger than anything"),
        ("9" * 90, "larger than anything"),
        ("9" * 101, "too long"),
        ("563만 60960", "large to small"),
        ("1만 2억", "large to small"),
        ("5백 300", "large to small"),
        ("3만 4만", "large to small"),
        ("만만", "large to small"),
        ("오백육십만", "not a number"),
        ("nan", "not a number"),
        ("inf", "not a number"),
        ("5.6M\x1b[31m", "not a number"),
    ],
)
def test_what_is_no_number_is_refused_in_one_helpful_line(text: str, complaint: str) -> None:
    with pytest.raises(NotANumber, match=complaint) as error:
        parse_number(text)
    assert error.value.text["en"] == str(error.value)
    assert re.search("[가-힣]{2} ", error.value.text["ko"])
    for line in error.value.text.values():
        assert all(example in line for example in EXAMPLES)
        assert line.isprintable()


@given(st.text())
def test_any_text_is_a_number_or_a_value_error(text: str) -> None:
    try:
        number = parse_number(text)
    except ValueError as error:
        assert str(error).isprintable()
    else:
        assert 0 <= number.value <= LARGEST
        assert number.precision >= 1


@given(st.text(alphabet="0123456789,._eE+-kmMbB만억조천백십 개약~５，"))
def test_any_text_of_number_signs_is_a_number_or_a_value_error(text: str) -> None:
    try:
        assert 0 <= parse_number(text).value <= LARGEST
    except ValueError as error:
        assert EXAMPLES[-1] in str(error)


@given(counts)
def test_every_way_to_write_a_count_means_the_same(count: int) -> None:
    above, rest = divmod(count, 10_000)
    written = [str(count), f"{count:,}", f"{count:_}", f"{count:,}개", str(count).translate(FULL_WIDTH)]
    if 0 < above < 10**8 and rest:
        written += [f"{above}만 {rest}", f"{above:,}만{rest:,}"]
    assert {parse_number(text) for text in written} == {parse_number(str(count))}
    assert parse_number(str(count)).value == count


@given(st.integers(min_value=1, max_value=999), st.integers(min_value=0, max_value=99))
def test_the_suffixes_multiply(whole: int, decimals: int) -> None:
    text = f"{whole}.{decimals:02}"
    values = [parse_number(text + suffix) for suffix in ("k", "M", "B")]
    assert [number.precision for number in values] == [max(n, len(str(whole)) + 2) for n in (3, 3, 3)]
    assert [round(number.value) for number in values] == [(whole * 100 + decimals) * 10**n for n in (1, 4, 7)]


@given(counts)
def test_what_is_shown_can_be_read_back(count: int) -> None:
    assert parse_number(show_number(count)).value == count


def test_shown_numbers() -> None:
    assert show_number(5_636_096) == "5,636,096"
    assert show_number(13_476.0) == "13,476"
    assert show_number(10.75) == "10.75"


def test_rounding_to_significant_digits() -> None:
    assert round_to(5_636_096, 2) == 5_600_000
    assert round_to(5_636_096, 4) == 5_636_000


WAYS = ["5,636,096", "5_636_096", "5.6M", "5.60 million", "1e6", "1e-5", "1E+6", "563만 6,096개", "3억 5천만",
        "약 563만", "~5.6M", "about 12", "５６３만", "63.8 %", "-4", "12 nats a token", "0.5"]  # fmt: skip
UNITS = ("%", "nats a token", "nats/토큰")


@pytest.mark.parametrize("text", WAYS)
def test_a_number_begins_with_every_beginning_of_it(text: str) -> None:
    for cut in range(1, len(text) + 1):
        assert begins_number(text[:cut], UNITS), text[:cut]


@pytest.mark.parametrize(
    "text", ["q", "h", "ㅂ", "s", "e", "k", "?", "5x", "5.6q", "5%5", "5 q", "1ee", "5.6.", "만q", "5h", "/", "+"]
)
def test_a_letter_that_no_number_holds_there_begins_none(text: str) -> None:
    assert not begins_number(text, UNITS)


@pytest.mark.parametrize("text", ["12 nats/토큰", "12nats a token", "12 NATS A TOKEN", " 12 % "])
def test_a_unit_behind_a_number_is_no_part_of_it(text: str) -> None:
    assert without_unit(text, UNITS) == "12"
