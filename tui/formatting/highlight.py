"""Code in colour; pygments is imported by the first block that is drawn, not before."""

from textual.content import Content

from tui.formatting.text_layout import plain


def code(text: str, language: str) -> Content:
    """`text` with one style span per token; an unknown language is drawn plainly."""
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
    from pygments.token import Comment, Keyword, Name, Number, Operator, String  # type: ignore[import-untyped]
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    styles = (
        (Comment, "italic $code-comment"),
        (Keyword, "$code-keyword"),
        (Operator.Word, "$code-keyword"),
        (String, "$code-string"),
        (Number, "$code-number"),
        (Name.Function, "$code-name"),
        (Name.Class, "$code-name"),
        (Name.Builtin, "$code-name"),
        (Name.Attribute, "$code-name"),
        (Name.Tag, "$code-name"),
        (Name.Variable, "$code-number"),
        (Name.Decorator, "$code-keyword"),
    )
    text = plain(text).rstrip("\n")
    try:
        lexer = get_lexer_by_name(language or "text", stripnl=False, ensurenl=False)
    except ClassNotFound:
        return Content(text)
    parts = []
    for token, value in lexer.get_tokens(text):
        style = next((style for kind, style in styles if token in kind), "")
        parts.append((value, style) if style else value)
    return Content.assemble(*parts)
