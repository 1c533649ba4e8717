"""Parses Markdown into the blocks that the reader draws. Only this module imports markdown-it.

Anything at all can be parsed: HTML stays text, what has no block of its own becomes a paragraph.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from lessons.course import Block, Bullets, Code, Paragraph, Quote, Span, Spans, Table
from lessons.text import BLOCK_REFERENCE, clean

Fill = Callable[[str], str]
Place = Callable[[str, str], Block]


def parse_blocks(
    source: str, fill: Fill = str, place: Place | None = None, links: Mapping[str, str] | None = None
) -> tuple[Block, ...]:
    """The blocks of `source`.

    `fill` replaces the {{numbers}} of a text, `place` finds the block for a line {{code:id}}, {{diagram:id}},
    {{bars:id}} or {{chart:id}}, `links` maps the ids used as [text][id] to addresses. What `fill` and `place`
    raise comes through; the parser itself raises nothing.
    """
    references = {name.upper(): {"href": url, "title": ""} for name, url in (links or {}).items()}
    tokens = _markdown().parse(clean(source), {"references": references})
    return tuple(_blocks(tokens, fill, place))


def spans(source: str, fill: Fill = str) -> Spans:
    """The inline text of a prompt, an option or a feedback: code, emphasis and formulas, on one line."""
    return _merge([span for token in _markdown().parseInline(clean(source)) for span in _inline(token, fill)])


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.inline.ruler.before("escape", "formula", _formula)
    markdown.inline.ruler.before("escape", "number", _number)
    return markdown


def _formula(state: StateInline, silent: bool) -> bool:
    """$x$: no space inside the dollars and no digit after them, so that prices stay prices."""
    source, start = state.src, state.pos
    if source[start] != "$" or source[start + 1 : start + 2] in ("", " ", "$", "\n"):
        return False
    end = source.find("$", start + 1, state.posMax)
    if end < 0 or source[end - 1] in " \\\n" or source[end + 1 : end + 2].isdigit():
        return False
    if not silent:
        state.push("formula", "", 0).content = source[start + 1 : end].replace("\n", " ")
    state.pos = end + 1
    return True


def _number(state: StateInline, silent: bool) -> bool:
    """{{name}} as one token, so that no underscore in it is taken for emphasis."""
    source, start = state.src, state.pos
    if not source.startswith("{{", start):
        return False
    end = source.find("}}", start, state.posMax)
    if end < 0 or not source[start + 2 : end].replace("_", "").isalnum():
        return False
    if not silent:
        state.push("number", "", 0).content = source[start : end + 2]
    state.pos = end + 2
    return True


def _blocks(tokens: Sequence[Token], fill: Fill, place: Place | None) -> list[Block]:
    blocks: list[Block] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        end = _end(tokens, position)
        inside = tokens[position + 1 : end]
        position = end + 1
        match token.type:
            case "paragraph_open":
                reference = BLOCK_REFERENCE.fullmatch(inside[0].content.strip())
                if reference and place:
                    blocks.append(place(reference[1], reference[2]))
                elif text := _text(inside, fill):
                    blocks.append(Paragraph(text))
            case "heading_open":
                if text := _text(inside, fill):
                    blocks.append(Paragraph(tuple(Span(s.text, "strong") for s in text)))
            case "bullet_list_open" | "ordered_list_open":
                if items := _items(inside, fill):
                    blocks.append(Bullets(tuple(items), token.type == "ordered_list_open"))
            case "blockquote_open":
                if text := _text(inside, fill):
                    blocks.append(Quote(text))
            case "table_open":
                blocks.append(_table(inside, fill))
            case "fence" | "code_block":
                language = (token.info.split() or ["text"])[0]
                blocks.append(Code("", "", language, token.content.rstrip("\n")))
    return blocks


def _end(tokens: Sequence[Token], start: int) -> int:
    """Where the token at `start` is closed; `start` itself for one that stands alone."""
    depth = 0
    for position in range(start, len(tokens)):
        depth += tokens[position].nesting
        if depth <= 0:
            return position
    return len(tokens) - 1


def _items(tokens: Sequence[Token], fill: Fill) -> list[Spans]:
    """The items of a list; those of a list inside an item follow it."""
    items: list[Spans] = []
    own: list[Token] = []
    for token in tokens:
        if token.type in ("list_item_open", "list_item_close") and own:
            if text := _text(own, fill):
                items.append(text)
            own = []
        else:
            own.append(token)
    return items


def _table(tokens: Sequence[Token], fill: Fill) -> Table:
    rows: list[list[Spans]] = []
    for position, token in enumerate(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            rows[-1].append(_text(tokens[position + 1 : position + 2], fill))
    return Table(tuple(rows[0]), tuple(tuple(row) for row in rows[1:]))


def _text(tokens: Sequence[Token], fill: Fill) -> Spans:
    """All the text under `tokens` as one run."""
    found: list[Span] = []
    for token in tokens:
        if found and token.type in ("inline", "fence", "code_block"):
            found.append(Span(" "))
        if token.type == "inline":
            found.extend(_inline(token, fill))
        elif token.type in ("fence", "code_block"):
            found.append(Span(" ".join(token.content.split()), "code"))
    return _merge(found)


def _inline(token: Token, fill: Fill) -> list[Span]:
    found: list[Span] = []
    strong = em = 0
    href = ""
    for child in token.children or []:
        match child.type:
            case "strong_open" | "strong_close":
                strong += child.nesting
            case "em_open" | "em_close":
                em += child.nesting
            case "link_open":
                href = str(child.attrs.get("href", ""))
            case "link_close":
                href = ""
            case "softbreak" | "hardbreak":
                found.append(_styled(" ", href, strong, em))
            case "code_inline":
                found.append(Span(fill(child.content), "code"))
            case "formula":
                found.append(Span(fill(child.content), "formula"))
            case "number":
                found.append(_styled(fill(child.content), href, strong, em))
            case _:
                found.append(_styled(_inert(child.content), href, strong, em))
    return found


def _inert(text: str) -> str:
    """An entity such as &#x202e; becomes a character only while Markdown is parsed."""
    return clean(text).replace("\n", " ")


def _styled(text: str, href: str, strong: int, em: int) -> Span:
    if href.startswith(("http://", "https://")):
        return Span(text, "link", href)
    return Span(text, "strong" if strong else "em" if em else "plain")


def _merge(found: list[Span]) -> Spans:
    """Neighbours of one style joined, empty ones dropped."""
    merged: list[Span] = []
    for span in found:
        last = merged[-1] if merged else None
        if last and (last.kind, last.href) == (span.kind, span.href) and span.kind not in ("code", "formula"):
            merged[-1] = Span(last.text + span.text, span.kind, span.href)
        elif span.text:
            merged.append(span)
    return tuple(merged)
