"""Styles stand in files, take their colours from the theme, and name what the program has."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import textual
from textual.color import COLOR_NAME_TO_RGB
from textual.css.model import SelectorType
from textual.css.parse import parse
from textual.css.tokenize import tokenize_values

import tui
from tui.styles import FOLDER
from tui.theme import THEMES

FILES = sorted(FOLDER.glob("*.tcss"))
MODULES = sorted(path for path in Path(tui.__file__).parent.rglob("*.py") if path.name != "theme.py")
IN_PYTHON: set[str] = set()
"""Classes that keep their styles in Python, with the reason in docs/adr/0043-styles.md."""
HEX_OR_FUNCTION = re.compile(r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl)a?\(", re.I)
NAMED = {name for name in COLOR_NAME_TO_RGB if name != "transparent"}
PAINTED = {"styled", "stylize", "stylize_before", "Style", "from_color", "put"}


@cache
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for path in MODULES}


def texts(tree: ast.AST) -> Iterator[str]:
    """All strings but those that stand alone, which are prose."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


@cache
def words() -> frozenset[str]:
    """All words of all strings in the modules."""
    return frozenset(word for tree in trees().values() for text in texts(tree) for word in text.split())


@cache
def made() -> tuple[re.Pattern[str], ...]:
    """The names that f-strings make, where enough of one is known to tell it."""
    found = set()
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
                if sum(len(str(part)) for part in parts if part) >= 4:
                    found.add("".join("[a-z0-9-]+" if part is None else re.escape(str(part)) for part in parts))
    return tuple(re.compile(pattern) for pattern in found)


@cache
def of_textual() -> str:
    return "\n".join(path.read_text("utf-8") for path in Path(textual.__file__).parent.rglob("*.py"))


@cache
def classes() -> frozenset[str]:
    return frozenset(n.name for tree in trees().values() for n in ast.walk(tree) if isinstance(n, ast.ClassDef))


def exists(kind: SelectorType, name: str) -> bool:
    if kind == SelectorType.TYPE:
        return name in classes() or f"class {name}(" in of_textual()
    state = name.removeprefix("-")  # a class of a state is often made of its name
    if name in words() or (kind == SelectorType.CLASS and state in words()):
        return True
    return name in framework() or any(pattern.fullmatch(name) for pattern in made())


@cache
def framework() -> frozenset[str]:
    """The component classes of Textual's widgets, and the names that begin as no name of ours does."""
    return frozenset(re.findall(r"[a-z-]*--[a-z-]+|-textual-[a-z]+", of_textual()))


def variables() -> dict[str, str]:
    app = textual.app.App[None]()
    for theme in THEMES:
        app.register_theme(theme)
    app.theme = THEMES[0].name
    return app.get_css_variables()


def declarations(text: str) -> str:
    """What stands between braces."""
    return " ".join(re.findall(r"\{([^}]*)\}", re.sub(r"/\*.*?\*/", "", text, flags=re.S)))


def test_no_styles_stand_in_python() -> None:
    found = {
        f"{path.name}: {owner.name}"
        for path, tree in trees().items()
        for owner in ast.walk(tree)
        if isinstance(owner, ast.ClassDef) and owner.name not in IN_PYTHON
        for node in owner.body
        for target in (node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)])
        if isinstance(target, ast.Name) and target.id in ("DEFAULT_CSS", "CSS")
    }
    assert not found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_takes_its_colours_from_the_theme(path: Path) -> None:
    text = declarations(path.read_text("utf-8"))
    assert not HEX_OR_FUNCTION.findall(text)
    values = re.findall(r":([^;]*)", text)
    assert not NAMED & {word for value in values for word in re.findall(r"(?<![\w$-])[a-z_]+(?![\w-])", value)}


def test_python_takes_its_colours_from_the_theme() -> None:
    for path, tree in trees().items():
        assert not [text for text in texts(tree) if re.fullmatch(r"#([0-9a-fA-F]{3}){1,2}", text)], path
        for node in ast.walk(tree):
            painted = []
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                painted = [*node.args[1 if name == "styled" else 0 :], *(k.value for k in node.keywords)]
                painted = painted if name in PAINTED else []
            elif isinstance(node, ast.Assign) and any(".styles." in ast.unparse(target) for target in node.targets):
                painted = [node.value]
            said = {word for each in painted for text in texts(each) for word in text.split()}
            assert not NAMED & said and not any(HEX_OR_FUNCTION.match(word) for word in said), (path, ast.unparse(node))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_selector_names_what_exists(path: Path) -> None:
    rules = list(parse("", path.read_text("utf-8"), (str(path), ""), variable_tokens=tokenize_values(variables())))
    assert rules and not any(rule.errors for rule in rules)
    named = {(s.type, s.name) for rule in rules for group in rule.selector_set for s in group.selectors}
    unknown = {name for kind, name in named if kind != SelectorType.UNIVERSAL and not exists(kind, name)}
    assert not unknown
