"""Lesson 1 as a text: its measure, its numbers, its two languages."""

import re
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from lessons.content_file import Source
from lessons.course import (
    LANGS,
    Bars,
    Block,
    Bullets,
    Chart,
    Code,
    Diagram,
    Lang,
    Paragraph,
    Prediction,
    Quote,
    Selection,
    Span,
    Spans,
    Table,
    Text,
)
from lessons.figures import of_lesson
from lessons.lesson_texts import Numbers
from lessons.loader import BUNDLED, load_course, load_lesson, stale_sections

FOLDER = BUNDLED / "lora" / "why-lora"
LESSON = load_lesson(FOLDER, "lora")
SHOWN = Numbers(Source(FOLDER / "lesson.toml").toml().table("numbers"), of_lesson(FOLDER)).shown
TEXT_FILES = [
    FOLDER / lang / name for lang in LANGS for name in ("lesson.md", "quiz.toml", "exercise.toml", "figures.toml")
]
BODY = 72
SCREEN = 21


def cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def plain(run: Spans) -> str:
    return "".join(span.text for span in run)


def wrapped(text: str, width: int) -> int:
    lines, used = 1, 0
    for word in text.split(" "):
        if used and used + 1 + cells(word) > width:
            lines, used = lines + 1, 0
        used += cells(word) + (1 if used else 0)
    return lines


def height(block: Block) -> int:
    match block:
        case Paragraph(run) | Quote(run):
            return wrapped(plain(run), BODY)
        case Bullets(items):
            return sum(wrapped(plain(item), BODY - 2) for item in items)
        case Code():
            return block.text.count("\n") + 2
        case Diagram(text):
            return text.count("\n") + 1
        case Table(_, rows):
            return len(rows) + 2
        case Bars():
            return len(block.bars) + 1
        case Chart():
            return SCREEN // 2


def runs(blocks: tuple[Block, ...]) -> Iterator[Span]:
    for block in blocks:
        match block:
            case Paragraph(run) | Quote(run):
                yield from run
            case Bullets(items):
                yield from (span for item in items for span in item)
            case Table(header, rows):
                yield from (span for row in (header, *rows) for cell in row for span in cell)


def all_texts() -> Iterator[Text]:
    yield from (LESSON.title, LESSON.summary)
    yield from (section.title for section in LESSON.sections)
    for question in LESSON.questions:
        yield question.prompt
        for option in question.options:
            yield from (option.text, option.why)
        if question.number:
            yield from (question.number.unit, question.number.right, question.number.off)
            yield from (text for m in question.number.misconceptions for text in (m.title, m.feedback))
        if question.gap:
            yield from (question.gap.right, question.gap.off)
            yield from (text for m in question.gap.mistakes for text in (m.title, m.feedback))
        yield from question.hints
    assert LESSON.exercise
    yield from (LESSON.exercise.title, LESSON.exercise.intro, LESSON.exercise.explain)
    for step in LESSON.exercise.steps:
        yield from (step.prompt, step.exact)
        if isinstance(step, Prediction):
            yield from (step.unit, step.close, step.off)
            yield from (text for m in step.misconceptions for text in (m.title, m.feedback))
        if isinstance(step, Selection):
            yield from (text for option in step.options for text in (option.text, option.chosen))


def test_front_matter() -> None:
    assert (LESSON.id, LESSON.track, LESSON.number, LESSON.status) == (
        "lora/why-lora",
        "lora",
        1,
        "published",
    )
    assert LESSON.minutes == 17
    assert LESSON.tags == ("lora", "adapters", "peft")
    assert "https://arxiv.org/abs/2106.09685" in {link.url for link in LESSON.links}
    assert "https://arxiv.org/abs/2012.13255" in {link.url for link in LESSON.links}


def test_the_length_suits_the_reading_time() -> None:
    words = " ".join(span.text for section in LESSON.sections for span in runs(section.blocks["en"])).split()
    assert 1_200 <= len(words) <= 2_000
    assert 6 <= len(LESSON.sections) <= 8


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("section", LESSON.sections, ids=lambda section: section.id)
def test_a_section_fits_two_small_screens(section: object, lang: Lang) -> None:
    blocks = next(s for s in LESSON.sections if s is section).blocks[lang]
    lines = sum(height(block) + 1 for block in blocks) + 1
    assert lines <= 2 * SCREEN
    for block in blocks:
        if isinstance(block, Code | Diagram):
            assert max(cells(line) for line in block.text.split("\n")) <= BODY
        if isinstance(block, Table):
            columns = zip(block.header, *block.rows, strict=True)
            assert sum(max(cells(plain(cell)) for cell in column) + 3 for column in columns) <= BODY + 3


def literals(shown: str) -> list[str]:
    return [shown, shown.replace(",", "")] if len(re.sub(r"\D", "", shown)) >= 3 else []


@pytest.mark.parametrize("file", TEXT_FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_no_text_types_a_number_that_lesson_toml_names(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    text = re.sub(r"\{\{.*?\}\}|^\[[a-z-]+\]: .*$|`0000100_adapters\.safetensors`", "", text, flags=re.MULTILINE)
    typed = {
        name: literal
        for name, shown in SHOWN.items()
        for literal in literals(shown)
        if re.search(rf"(?<![\d.,]){re.escape(literal)}(?![\d]|[.,]\d)", text)
    }
    assert typed == {}


def test_every_number_is_used_or_feeds_one_that_is() -> None:
    used = "".join(file.read_text(encoding="utf-8") for file in TEXT_FILES)
    structure = (FOLDER / "lesson.toml").read_text(encoding="utf-8")
    formulas = " ".join(re.findall(r'formula = "(.*?)"', structure))
    assert [n for n in SHOWN if f"{{{{{n}}}}}" not in used and not re.search(rf"\b{n}\b", formulas)] == []


def parts(lang: Lang) -> list[str]:
    return re.split(r"^## ", (FOLDER / lang / "lesson.md").read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_both_languages_use_the_same_numbers_links_code_and_shape_of_text() -> None:
    for pattern in (r"\{\{(.*?)\}\}", r"\]\[(.*?)\]", r"`([a-z_]+)`"):
        english, korean = ([sorted(set(re.findall(pattern, part))) for part in parts(lang)] for lang in LANGS)
        assert english == korean
    for section in LESSON.sections:
        english_blocks, korean_blocks = (
            [(type(b), len(b.items) if isinstance(b, Bullets) else 0) for b in section.blocks[lang]] for lang in LANGS
        )
        assert english_blocks == korean_blocks


def test_the_korean_is_korean_and_up_to_date() -> None:
    assert stale_sections(LESSON) == frozenset()
    hangul = re.compile("[가-힣]")
    prose = [text["ko"] for text in all_texts() if not text["ko"].startswith("`") and len(text["ko"]) > 12]
    prose += [plain(b.spans) for s in LESSON.sections for b in s.blocks["ko"] if isinstance(b, Paragraph)]
    assert [text for text in prose if not hangul.search(text) and "·" not in text] == []
    assert [text for text in prose if re.search(r"(습니다|입니다|합니다)", text)] == []
    english = [text["en"] for text in all_texts()]
    english += [span.text for section in LESSON.sections for span in runs(section.blocks["en"])]
    assert [text for text in english if hangul.search(text)] == []


def test_the_quiz_has_questions_of_every_kind_over_all_sections() -> None:
    assert 8 <= len(LESSON.questions) <= 12
    assert {question.kind for question in LESSON.questions} == {"one", "many", "number", "order", "flag"}
    assert [question.id for question in LESSON.questions if question.chart] == ["lora/why-lora?cut"]
    assert {question.section for question in LESSON.questions} == {section.id for section in LESSON.sections}


@pytest.mark.parametrize("lang", LANGS)
def test_options_are_distinct_alike_in_length_and_each_explained(lang: Lang) -> None:
    for question in LESSON.questions:
        texts = [option.text[lang] for option in question.options]
        whys = [option.why[lang] for option in question.options]
        assert len(set(texts)) == len(texts)
        assert len(set(whys)) == len(whys)
        assert all(len(why) > len("Yes: it is so.") for why in whys)
        if texts:
            assert max(map(cells, texts)) <= 2.5 * min(map(cells, texts))


def test_the_correct_option_is_not_always_in_the_same_place() -> None:
    places = {tuple(option.correct for option in question.options) for question in LESSON.questions if question.options}
    assert len(places) == len([question for question in LESSON.questions if question.options])


def test_the_lesson_does_not_give_the_exercise_away() -> None:
    for lang in LANGS:
        text = " ".join(span.text for section in LESSON.sections for span in runs(section.blocks[lang]))
        assert not re.search(r"175,104|5,636,096|352,256|29,184", text)


def test_the_run_of_the_exercise() -> None:
    assert LESSON.exercise
    lora = LESSON.exercise.trial("lora")
    assert lora
    run = lora.fields
    assert (run["model"], run["data"], run["fine_tune_type"], run["num_layers"]) == (
        "sprout",
        "sql",
        "lora",
        -1,
    )
    assert (run["batch_size"], run["iters"], run["mask_prompt"]) == (8, 40, True)
    assert run["lora_parameters"] == {"rank": LESSON.numbers["rank"], "scale": 20.0, "dropout": 0.0}


def test_the_course_loads_quickly() -> None:
    taken = []
    for _ in range(5):
        start = time.thread_time()  # whatever else the machine does
        (track,) = load_course().tracks
        taken.append(time.thread_time() - start)
    assert min(taken) < 0.06 * len(track.lessons)


def test_numbers_are_shown_as_a_text_needs_them() -> None:
    assert SHOWN["seven_parameters"] == "6,738,415,616"
    assert SHOWN["seven_use_gb"] == "13.5"
    assert SHOWN["seven_file_mb"] == "80"
    assert SHOWN["seven_percent"] == "0.30"
    assert SHOWN["mlx_lm"] == "0.32.2"
