"""Markdown to blocks: what a lesson may hold, and text that nobody vouches for."""

import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessons.course import Block, Bullets, Code, Paragraph, Quote, Span, Table
from lessons.markdown_parser import parse_blocks, spans
from lessons.text import clean

SNIPPETS = (
    "# ¦## ¦- ¦1. ¦> ¦```¦~~~¦    ¦*¦**¦_¦`¦[¦](¦)¦![¦$¦{{¦}}¦{{a_b}}¦{{code:x}}¦|¦|---|¦---¦===¦\\¦\t¦\r¦\n"
    "¦\n\n¦<b>¦<!--¦&#27;¦&#x9b;¦&#x202e;¦&lt;¦\x1b[31m¦\x1b]8;;http://a\x07¦\x9b1A¦\u202e¦\0¦http://a.b¦<http://a>¦a¦가"
)
MARKS = st.sampled_from(SNIPPETS.split("¦"))
anything = st.one_of(st.text(), st.lists(MARKS, max_size=40).map("".join))


def texts(blocks: tuple[Block, ...]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Paragraph(run) | Quote(run):
                yield from (span.text + span.href for span in run)
            case Bullets(items):
                yield from (span.text + span.href for item in items for span in item)
            case Table(header, rows):
                yield from (span.text + span.href for row in (header, *rows) for cell in row for span in cell)
            case Code():
                yield from (block.language, *block.text.split("\n"))


def test_inline_kinds() -> None:
    (block,) = parse_blocks(
        "A *thin* **update** of `W` is $s·B·A$,\nsee [the paper][lora].",
        links={"lora": "https://arxiv.org/abs/1"},
    )
    assert block == Paragraph(
        (
            Span("A "),
            Span("thin", "em"),
            Span(" "),
            Span("update", "strong"),
            Span(" of "),
            Span("W", "code"),
            Span(" is "),
            Span("s·B·A", "formula"),
            Span(", see "),
            Span("the paper", "link", "https://arxiv.org/abs/1"),
            Span("."),
        )
    )


def test_lists_keep_the_items_of_lists_inside_them() -> None:
    assert parse_blocks("- one\n  - two\n    - three\n- four\n\n1. five\n") == (
        Bullets(((Span("one"),), (Span("two"),), (Span("three"),), (Span("four"),))),
        Bullets(((Span("five"),),), ordered=True),
    )


def test_tables_quotes_headings_and_code() -> None:
    table, quote, heading, code = parse_blocks(
        "| layer | size |\n|---|---|\n| `q` | 8 |\n\n> said\n> so\n\n### More\n\n```bash\nls -l\n```\n"
    )
    assert table == Table(((Span("layer"),), (Span("size"),)), (((Span("q", "code"),), (Span("8"),)),))
    assert quote == Quote((Span("said so"),))
    assert heading == Paragraph((Span("More", "strong"),))
    assert code == Code("", "", "bash", "ls -l")


def test_numbers_are_filled_in_text_code_and_formulas_and_never_emphasised() -> None:
    known = {"{{a_b_c}}": "1,024"}
    found = parse_blocks("{{a_b_c}} _x_ `{{a_b_c}}` ${{a_b_c}}$ **{{a_b_c}}**", lambda text: known.get(text, text))
    assert found == (
        Paragraph(
            (
                Span("1,024 "),
                Span("x", "em"),
                Span(" "),
                Span("1,024", "code"),
                Span(" "),
                Span("1,024", "formula"),
                Span(" "),
                Span("1,024", "strong"),
            )
        ),
    )


def test_a_number_at_the_start_of_a_line_begins_no_list() -> None:
    assert parse_blocks("{{n}}. It is", lambda text: text.replace("{{n}}", "8")) == (Paragraph((Span("8. It is"),)),)


@pytest.mark.parametrize("text", ["It costs $5 and $6.", "a $ b $ c", "lone $", "$$", r"\$x$"])
def test_dollars_that_are_no_formula(text: str) -> None:
    (block,) = parse_blocks(text)
    assert isinstance(block, Paragraph)
    assert {span.kind for span in block.spans} == {"plain"}


def test_html_and_unsafe_links_stay_text() -> None:
    (block,) = parse_blocks("<b>x</b> [a](javascript:alert(1)) [b](file:///etc/passwd) [c](ftp://x) ![d](http://y)")
    assert isinstance(block, Paragraph)
    assert {span.kind for span in block.spans} == {"plain"}
    assert "<b>x</b>" in block.spans[0].text


def test_a_line_that_places_code_becomes_what_the_caller_gives() -> None:
    placed = Code("train", "train.sh", "bash", "lowrank train")
    blocks = parse_blocks("Run\n\n{{code:train}}\n\nnow", place=lambda kind, id: placed if id == "train" else Quote(()))
    assert blocks == (Paragraph((Span("Run"),)), placed, Paragraph((Span("now"),)))


def test_inline_text_of_prompts() -> None:
    assert spans("`q_proj` and *more*") == (Span("q_proj", "code"), Span(" and "), Span("more", "em"))


@given(anything)
def test_any_text_parses_to_text_without_control_characters(source: str) -> None:
    for text in (*texts(parse_blocks(source)), *(span.text + span.href for span in spans(source))):
        assert not [c for c in text if unicodedata.category(c) == "Cc" or c in "\u202a\u202b\u202d\u202e\u2066\u2067"]


@given(anything)
def test_cleaning_leaves_nothing_to_clean(source: str) -> None:
    once = clean(source)
    assert clean(once) == once
    assert not [c for c in once if unicodedata.category(c) in ("Cc", "Cs") and c != "\n"]


@pytest.mark.parametrize(
    ("dirty", "plain"),
    [
        ("a\x1b[31mred\x1b[0m", "ared"),
        ("\x1b]8;;http://evil\x07link\x1b]8;;\x07", "link"),
        ("\x1b]52;c;ZXZpbA==\x1b\\x", "x"),
        ("\x9b2Jx", "x"),
        ("\x1bPq#0\x1b\\x", "x"),
        ("\x1b", ""),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\tb", "a   b"),
        ("x\u202ey", "xy"),
        ("\ufeff한국어", "한국어"),
        ("👩‍🔬", "👩‍🔬"),
    ],
)
def test_escapes_are_removed_whole(dirty: str, plain: str) -> None:
    assert clean(dirty) == plain


def test_an_entity_cannot_bring_a_control_character_back() -> None:
    (block,) = parse_blocks("&#27;[31mred&#x202e;&#10;end")
    assert block == Paragraph((Span("\ufffd[31mred end"),))
