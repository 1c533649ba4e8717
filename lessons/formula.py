"""Arithmetic over named values, so that answers and numbers are computed and never typed twice."""

import ast
from collections.abc import Callable, Iterator, Mapping

LONGEST = 1000
"""Characters of a formula."""
LARGEST = 10**30
"""Results beyond this are refused, so that a formula can never hang or fill the memory."""


class FormulaError(ValueError):
    """A formula that is not plain arithmetic over the names given; the message is one human line."""


def _power(base: int | float, exponent: int | float) -> int | float:
    if not 0 <= exponent <= 64 or abs(base) > 10**9 or exponent != int(exponent):
        raise FormulaError(f"{base} ** {exponent} is out of range")
    power: int | float = base ** int(exponent)
    return power


_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Pow: _power,
}


def evaluate(formula: str, names: Mapping[str, int | float]) -> int | float:
    """The value of `formula`: + - * / // ** and parentheses over whole numbers and `names`.

    Whole numbers stay whole unless / is used. Raises FormulaError for anything else, including an
    unknown name, a division by zero and a result beyond LARGEST.
    """
    try:
        tree = _parsed(formula)
    except FormulaError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormulaError(f"{formula!r} is not a formula") from None
    try:
        return _value(tree.body, names)
    except (ZeroDivisionError, OverflowError, RecursionError):
        raise FormulaError(f"{formula!r} has no finite value here") from None


def _parsed(formula: str) -> ast.Expression:
    if len(formula) > LONGEST:  # Python's parser is recursive, and how much it bears depends on the machine
        raise FormulaError(f"a formula has at most {LONGEST:,} characters")
    return ast.parse(formula.strip(), mode="eval")


def names_in(formula: str) -> Iterator[str]:
    """The names of a formula, in order; a measurement's is written with a point: lora.train_loss."""
    try:
        nodes = ast.walk(_parsed(formula))
    except FormulaError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormulaError(f"{formula!r} is not a formula") from None
    found = [node for node in nodes if isinstance(node, ast.Name | ast.Attribute)]
    owners = {id(node.value) for node in found if isinstance(node, ast.Attribute)}
    yield from (name for node in found if id(node) not in owners and (name := _name(node)))


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return f"{owner}.{name}"
    return ""


def _value(node: ast.expr, names: Mapping[str, int | float]) -> int | float:
    match node:
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            return _bounded(value)
        case ast.Name() | ast.Attribute() if name := _name(node):
            if name not in names:
                raise FormulaError(f"{name!r} is not a name known here; there are {', '.join(sorted(names))}")
            return names[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _bounded(_OPERATORS[type(op)](_value(left, names), _value(right, names)))
    raise FormulaError("a formula holds only whole numbers, names, + - * / // ** and parentheses")


def _bounded(value: int | float) -> int | float:
    if not abs(value) <= LARGEST:
        raise FormulaError("the value of the formula is too large")
    return value
