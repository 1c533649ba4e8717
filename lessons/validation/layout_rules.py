"""Whether everything fits on the page of a terminal of 80×24, and takes as long to read as is said."""

from collections.abc import Iterator

from rich.cells import cell_len

from lessons.charts import FILE as DRAWN
from lessons.charts import block_texts
from lessons.course import (
    Bars,
    Block,
    Bullets,
    Chart,
    Code,
    Diagram,
    Lang,
    Paragraph,
    Question,
    Quote,
    Section,
    Spans,
    Table,
)
from lessons.loader import SOURCE
from lessons.markdown_parser import spans
from lessons.validation.lesson_files import LoadedLesson, local
from lessons.validation.problems import Problem

MEASURE = 76
"""Cells of a line of text, and so of a diagram; tests hold these four against the screen."""
CODE = 72
"""Cells of a line of code, which has a rule and a margin."""
OPTION = 70
"""Cells of a line of an option, beside its mark."""
LABEL = 30
"""Cells of what is written beside a bar."""
VALUE = 14
"""Cells of the number behind a bar, with its unit."""
CHART = 14
"""Lines of a chart, with its axes and legend."""
LEGEND = 2
"""Lines that the titles of axes and lines may take of them, lest little is left for the lines themselves."""
PAGE = 20
"""Lines of a question, with its options, that are in view together."""
LONGEST = 2 * 21
"""Lines of a section: two screens."""
WORDS_PER_MINUTE = 125
"""Half the usual pace of reading, since tables, formulas and code are looked at and not run through."""


def check_fit(loaded: LoadedLesson) -> Iterator[Problem]:
    words = 0
    for section in loaded.lesson.sections:
        for lang in loaded.langs:
            yield from _section(loaded, lang, section)
        words += sum(_words(block) for block in section.blocks[SOURCE])
    minutes = max(1, round(words / WORDS_PER_MINUTE))
    if abs(loaded.lesson.minutes - minutes) > 1:
        what = f"{words:,} words take about {minutes} minutes, not {loaded.lesson.minutes}"
        yield loaded.in_structure("minutes", ("minutes =",), what, f"write minutes = {minutes}")
    for lang in loaded.langs:
        for question in loaded.lesson.questions:
            yield from _question(loaded, lang, question)
        for name in loaded.files(lang)[1:]:
            for keys, text in loaded.texts(lang, name):
                cells, _ = _longest_word(spans(text))
                if cells > OPTION:
                    what = f"a word of {cells} cells, and a line has {OPTION}"
                    yield loaded.in_text("width", lang, name, keys, what, "break it")


def _section(loaded: LoadedLesson, lang: Lang, section: Section) -> Iterator[Problem]:
    lines = 1
    for block in section.blocks[lang]:
        lines += _height(block) + 1
        match block:
            case Code() | Diagram():
                if lang == SOURCE:
                    yield from _code(loaded, block)
            case Table(header, rows):
                columns = zip(header, *rows, strict=False)
                needed = sum(max(_longest_word(cell)[0] for cell in column) + 2 for column in columns) - 2
                if needed > MEASURE:
                    what = f"a table needs {needed} cells, and the page has {MEASURE}"
                    near = _plain(header[0]) if _plain(header[0]).strip() else "|"
                    yield loaded.in_section("width", lang, section.id, near, what, "shorten its words or its columns")
            case Bars() | Chart():
                yield from _picture(loaded, lang, block)
            case _:
                for run in _runs(block):
                    cells, word = _longest_word(run)
                    if cells > MEASURE - 2:
                        what = f"a word of {cells} cells, and the line has {MEASURE - 2}"
                        yield loaded.in_section("width", lang, section.id, word, what, "break it, or put it into code")
    if lines > LONGEST:
        what = f"{local(section.id)!r} has {lines} lines at 80×24; two screens are {LONGEST}"
        yield loaded.in_section("length", lang, section.id, "", what, "shorten the section, or make it two")


def _picture(loaded: LoadedLesson, lang: Lang, block: Bars | Chart) -> Iterator[Problem]:
    """Labels that leave room for bars, a legend that leaves room for lines."""

    def found(text: str, what: str) -> Problem:
        source = loaded.source(lang, DRAWN)
        near = next((line for line in source.text.split("\n") if text in line), "")
        return loaded.found("width", source, (near,), what, "shorten it")

    title = block.title[lang] if block.title else ""
    if cell_len(title) > MEASURE:
        yield found(title, f"a title of {cell_len(title)} cells, and the page has {MEASURE}")
    if isinstance(block, Bars):
        for bar in block.bars:
            if (cells := cell_len(bar.label[lang])) > LABEL:
                yield found(bar.label[lang], f"a label of {cells} cells, and a bar leaves it {LABEL}")
            if cell_len(bar.shown) > VALUE and lang == SOURCE:
                what = f"the bar {bar.id!r} is worth {bar.shown}: {cell_len(bar.shown)} cells, and there are {VALUE}"
                yield loaded.in_structure("width", ("[[bars]]", f'"{bar.id}"'), what, "show fewer digits")
    elif (lines := legend_lines(block, lang)) > LEGEND:
        what = f"axes and legend take {lines} lines at 80×24, and a chart leaves them {LEGEND}"
        yield found(block.x[lang], what)


def legend_lines(chart: Chart, lang: Lang) -> int:
    """Lines that the titles of axes and lines take: set side by side, none broken."""
    entries = [f"{chart.y[lang]} ↑  {chart.x[lang]} → ", *(f"• {line.title[lang]}" for line in chart.lines)]
    lines, used = 1, 0
    for entry in entries:
        cells = cell_len(entry)
        if used and used + 2 + cells > MEASURE:
            lines, used = lines + 1, 0
        used += cells + (2 if used else 0)
        lines += (cells - 1) // MEASURE  # it would be cut
    return lines


def _code(loaded: LoadedLesson, block: Code | Diagram) -> Iterator[Problem]:
    limit, noun = (CODE, "code") if isinstance(block, Code) else (MEASURE, "a diagram")
    for number, line in enumerate(block.text.split("\n"), 1):
        if (cells := cell_len(line)) > limit:
            file = loaded.folder / "code" / _file_of(loaded, block)
            what = f"a line of {cells} cells, and {noun} has {limit}"
            yield Problem(file, number, "width", what, "break the line")


def _file_of(loaded: LoadedLesson, block: Code | Diagram) -> str:
    """The file that a block came from; diagrams are told apart by their text."""
    data = loaded.source("lesson.toml").toml()
    for entry in data.tables("code" if isinstance(block, Code) else "diagrams"):
        name = entry.text("file")
        if isinstance(block, Code) and entry.text("id") == block.id:
            return name
        if isinstance(block, Diagram) and loaded.source("code", name).text.rstrip("\n") == block.text:
            return name
    return ""


def _question(loaded: LoadedLesson, lang: Lang, question: Question) -> Iterator[Problem]:
    name = local(question.id)
    prompt = _plain(spans(question.prompt[lang]))
    lines = 2 + _wrapped(prompt, MEASURE) + 1
    lines += sum(_wrapped(_plain(spans(option.text[lang])), OPTION) + 1 for option in question.options)
    if question.gap is not None and lang == SOURCE:
        cells = max(cell_len(question.gap.filled(spelling)) for spelling in question.gap.accepted)
        if cells > CODE:
            near = ("[[questions]]", f'"{name}"', "command")
            what = f"the command has {cells} cells with its gap filled, and code has {CODE}"
            yield loaded.in_structure("width", near, what, "shorten it")
    if question.options and question.chart is None and lines > PAGE:
        what = f"the question with its options has {lines} lines, and {PAGE} are in view at 80×24"
        yield loaded.in_text("width", lang, "quiz.toml", (name, "prompt"), what, "shorten it or its options")


def _height(block: Block) -> int:
    match block:
        case Code():
            return block.text.count("\n") + 2
        case Diagram(text):
            return text.count("\n") + 1
        case Bars(_, bars):
            return 1 + len(bars)
        case Chart():
            return 1 + CHART
        case Table(_, rows):
            return len(rows) + 2
        case Bullets(items):
            return sum(_wrapped(_plain(item), MEASURE - 2) for item in items)
        case Paragraph(run) | Quote(run):
            return _wrapped(_plain(run), MEASURE)


def _words(block: Block) -> int:
    if isinstance(block, Code | Diagram):
        return len(block.text.split())
    if isinstance(block, Bars | Chart):
        return sum(len(text.split()) for text in block_texts(block, SOURCE))
    return sum(len(_plain(run).split()) for run in _runs(block))


def _runs(block: Block) -> Iterator[Spans]:
    match block:
        case Paragraph(run) | Quote(run):
            yield run
        case Bullets(items):
            yield from items
        case Table(header, rows):
            yield from (cell for row in (header, *rows) for cell in row)


def _plain(run: Spans) -> str:
    return "".join(span.text for span in run)


def _longest_word(run: Spans) -> tuple[int, str]:
    return max(((cell_len(word), word) for word in _plain(run).split()), default=(0, ""))


def _wrapped(text: str, width: int) -> int:
    """Lines of a text that breaks between words."""
    lines, used = 1, 0
    for word in text.split():
        cells = cell_len(word)
        if used and used + 1 + cells > width:
            lines, used = lines + 1, 0
        used += cells + (1 if used else 0)
    return lines
