"""Pictures in the text that are drawn from data: bars from a lesson's numbers, charts from data files and figures.

[[bars]] has `unit` (optional; "%" and "GB" read alike in every language) and `bars`: for each a `label` (an id) and
a `value`, the name of a number, which is its length. [[charts]] has what [questions.chart] has:

- `figure` (see lessons.figures), `take` (the curve of each run, such as "train") and `lines`: for each an `id` and the
  `flags` of its run; or `file` (in the lesson's data/, see lessons.series) and `lines`, their names there;
- `log_y`. There are at most six lines, in the order of the legend.

The figures.toml of each language has `title` and `labels.LABEL` under bars.ID, and under charts.ID `title`, `x`, `y`
(the titles of the axes) and `lines.LINE`.
"""

from collections.abc import Iterator, Mapping

from lessons.content_file import Table
from lessons.course import Bar, Bars, Chart, ChartLine, Lang
from lessons.exercises import checked_id
from lessons.figures import Figures, curve_of
from lessons.formula import LARGEST
from lessons.lesson_texts import Numbers, Words
from lessons.series import Points, read_points

FILE = "figures.toml"
"""The texts of all this, one file in each language."""
MOST_BARS = 12
MOST_LINES = 6

Drawn = Bars | Chart


def drawings(table: Table, words: Words, numbers: Numbers) -> Iterator[tuple[tuple[str, str], Drawn]]:
    """The pictures of a lesson, by what its text calls them: ("bars", id) or ("chart", id)."""
    for key in ("bars", "charts"):
        if not table.has(key):
            continue
        texts = words.table(key)
        for entry in table.tables(key):
            id = checked_id(entry)
            own = texts.table(id)
            if key == "bars":
                yield ("bars", id), _bars(entry, own, numbers)
            else:
                yield ("chart", id), chart(entry, own, numbers.figures, titled=True)
        texts.done()
    words.done()


def chart(table: Table, texts: Words, figures: Figures, titled: bool = False) -> Chart:
    """A chart, with a title where it stands by itself; what is drawn must be there, and above 0 for `log_y`."""
    log_y = table.switch("log_y")
    found = _measured(table, figures) if table.has("figure") else _from_file(table)
    if not 1 <= len(found) <= MOST_LINES:
        raise table.error(f"a chart has from 1 to {MOST_LINES} lines", "lines")
    titles = texts.table("lines")
    lines = []
    for name, points in found.items():
        if log_y and any(y <= 0 for _, y in points):
            raise table.error(f"the line {name!r} is not above 0 everywhere, so 'log_y' cannot show it", "log_y")
        lines.append(ChartLine(name, titles.text(name), points))
    titles.done()
    title = texts.text("title") if titled else None
    made = Chart(texts.text("x"), texts.text("y"), tuple(lines), log_y, title)
    table.done()
    texts.done()
    return made


def _measured(table: Table, figures: Figures) -> Mapping[str, Points]:
    figure, take, lines = table.text("figure"), table.text("take"), {}
    for entry in table.tables("lines"):
        lines[checked_id(entry)] = curve_of(table, figures.run(entry, figure, table), take)
        entry.done()
    return lines


def _from_file(table: Table) -> Mapping[str, Points]:
    file, names = table.text("file"), table.strings("lines")
    found = read_points(table.source.file.parent / "data" / file, table.source.root)
    for name in names:
        if not found.get(name):
            raise table.error(f"{file} has no points for the line {name!r}", "lines")
    return {name: found[name] for name in names}


def _bars(table: Table, texts: Words, numbers: Numbers) -> Bars:
    unit = table.text("unit") if table.has("unit") else ""
    unit = unit if unit in ("", "%") else f" {unit}"
    labels, lengths, bars = texts.table("labels"), numbers.arithmetic(), []
    for entry in table.tables("bars", by="label"):
        label, name = checked_id(entry, "label"), entry.text("value")
        if name not in lengths:
            raise entry.error(f"{name!r} is not among the numbers", "value")
        if not 0 <= lengths[name] <= LARGEST:
            raise entry.error(f"{name!r} is {numbers.shown[name]}, and no bar has that length", "value")
        bars.append(Bar(label, labels.text(label), lengths[name], numbers.shown[name] + unit))
        entry.done()
    if not 2 <= len(bars) <= MOST_BARS:
        raise table.error(f"there must be from 2 to {MOST_BARS} bars", "bars")
    labels.done()
    made = Bars(texts.text("title"), tuple(bars))
    table.done()
    texts.done()
    return made


def block_texts(block: Drawn, lang: Lang) -> Iterator[str]:
    """The words of a picture."""
    if block.title is not None:
        yield block.title[lang]
    if isinstance(block, Bars):
        yield from (bar.label[lang] for bar in block.bars)
    else:
        yield from (block.x[lang], block.y[lang], *(line.title[lang] for line in block.lines))
