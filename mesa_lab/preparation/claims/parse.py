"""The language of claims: comparisons of quantities with numbers, joined by and, or and not.

The text is parsed, every node is checked against a short list, and what remains is plain data: nothing in it is run. What the
quantities mean is worked out from results, in `mesa_lab.processing.claims`.
"""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from mesa_lab.errors import ClaimError
from mesa_lab.preparation.limits import EXPRESSION_CHARACTERS, EXPRESSION_DEPTH, EXPRESSION_PARTS, shortened

__all__ = ["Comparison", "Joined", "Negated", "Quantity", "Statement", "parse_claim"]

_SYMBOLS: Final[dict[type[ast.cmpop], str]] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_EXAMPLE: Final = "such as mean('Wolves', grass=True) > 20 or sensitivity('Wolves').total['grass'] > 0.3"


@dataclass(frozen=True)
class Quantity:
    """A number that is worked out from results, with its interval.

    Attributes:
        text: As it was written.
        function: "mean", "share", or the name of a question.
        subject: The outcome or event; None for the first outcome.
        options: Levels of parameters (mean, share), or options of the question.
        attribute: Which column or value of the answer; None for mean and share.
        key: Which row of that column; None for a value.
    """

    text: str
    function: str
    subject: str | None = None
    options: tuple[tuple[str, Any], ...] = ()
    attribute: str | None = None
    key: Any = None


@dataclass(frozen=True)
class Comparison:
    """A quantity on one side of a number: `symbol` is one of <, <=, >, >=."""

    quantity: Quantity
    symbol: str
    number: float

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The quantities that it speaks of."""
        return (self.quantity,)


@dataclass(frozen=True)
class Joined:
    """Several statements, all of which hold, or at least one."""

    parts: tuple[Statement, ...]
    all_of: bool

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The quantities that it speaks of."""
        return tuple(each for part in self.parts for each in part.quantities)


@dataclass(frozen=True)
class Negated:
    """A statement that does not hold."""

    part: Statement

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The quantities that it speaks of."""
        return self.part.quantities


type Statement = Comparison | Joined | Negated


def parse_claim(text: str) -> Statement:
    """Parse a claim.

    Args:
        text: Comparisons of quantities with numbers, chained too, joined by `and`, `or` and `not`. A quantity is
            `mean('outcome', parameter=level)`, `share('condition', parameter=level)`, or an answer's number:
            `question('outcome', option=value).column['row']` or `question('outcome').value`.

    Raises:
        ClaimError: If it does not parse or holds something else; says where.

    Example:
        >>> parse_claim("0.3 < sensitivity('Wolves').total['grass']").symbol
        '>'
    """
    if not isinstance(text, str) or not text.strip():
        raise ClaimError(f"What holds is {shortened(text)}. Write a comparison, {_EXAMPLE}.")
    if len(text) > EXPRESSION_CHARACTERS:
        raise ClaimError(
            f"'{text[:40]}…' has more than {EXPRESSION_CHARACTERS:,} characters. Make several claims of it."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's advice about odd literals is not for this reader
            tree = ast.parse(f"({text})", mode="eval").body
    except SyntaxError as error:
        said = (error.msg or "").removeprefix("invalid syntax").partition(". ")[0].strip()
        raise ClaimError(
            f"'{text}' does not parse{f': {said}' if said else ''}. Write a comparison, {_EXAMPLE}."
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise ClaimError(f"'{shortened(text)[1:-1]}' does not parse.") from None
    return _Reader(text).statement(tree, 0)


class _Reader:
    """Turns the allowed nodes of a syntax tree into data, and refuses the others."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts = 0

    def _written(self, node: ast.AST) -> str:
        """A part as it was written, on one line."""
        return " ".join((ast.get_source_segment(f"({self.text})", node) or "").split())

    def statement(self, node: ast.expr, depth: int) -> Statement:
        self._count(depth)
        match node:
            case ast.BoolOp():
                parts = tuple(self.statement(part, depth + 1) for part in node.values)
                return Joined(parts, isinstance(node.op, ast.And))
            case ast.UnaryOp(op=ast.Not()):
                return Negated(self.statement(node.operand, depth + 1))
            case ast.Compare():
                found = tuple(self._comparisons(node, depth + 1))
                return found[0] if len(found) == 1 else Joined(found, all_of=True)
        raise self._refused(node, f"is no comparison. Compare a quantity with a number, {_EXAMPLE}.")

    def _comparisons(self, node: ast.Compare, depth: int) -> Iterator[Comparison]:
        operands = [node.left, *node.comparators]
        for op, left, right in zip(node.ops, operands, operands[1:], strict=False):
            symbol = _SYMBOLS.get(type(op))
            if symbol is None:
                raise self._refused(
                    node,
                    "compares by something other than <, <=, > and >=. An estimate equals no number: give a range, such as "
                    "9 < mean('Wolves') < 11.",
                )
            ends = [self._number(each) for each in (left, right)]
            if (ends[0] is None) == (ends[1] is None):
                what = "two quantities: ask for their difference, as in compare('Wolves', by='grass').difference['True'] > 0"
                raise self._refused(node, f"compares {what if ends[0] is None else 'two numbers'}.")
            if ends[1] is not None:
                yield Comparison(self._quantity(left, depth), symbol, ends[1])
            elif ends[0] is not None:
                yield Comparison(self._quantity(right, depth), _TURNED[symbol], ends[0])

    def _quantity(self, node: ast.expr, depth: int) -> Quantity:
        self._count(depth)
        text = self._written(node)
        key, attribute, call = None, None, node
        if isinstance(call, ast.Subscript):
            key, call = self._constant(call.slice), call.value
            if not isinstance(call, ast.Attribute):
                raise self._refused(
                    node, "has a row without a column, as in sensitivity('Wolves').total['grass']."
                )
        if isinstance(call, ast.Attribute):
            attribute, call = call.attr, call.value
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise self._refused(node, f"is neither a number nor a quantity. Write one, {_EXAMPLE}.")
        function = call.func.id
        if attribute is not None and attribute.startswith("_"):
            raise self._refused(node, "asks for a name that begins with an underscore.")
        if function in ("mean", "share") and attribute is not None:
            raise self._refused(node, f"asks for '.{attribute}' of a {function}, which is a number itself.")
        if function not in ("mean", "share") and attribute is None:
            raise self._refused(
                node,
                f"does not say which number of the answer is meant, as in {function}('Wolves').total['grass'].",
            )
        if len(call.args) > 1 or any(keyword.arg is None for keyword in call.keywords):
            raise self._refused(node, f"gives {function} more than an outcome and named options.")
        subject = self._constant(call.args[0]) if call.args else None
        if subject is not None and not isinstance(subject, str):
            raise self._refused(
                node,
                f"asks {function} about {subject!r}. Name an outcome as text, as in {function}('Wolves').",
            )
        if function == "share" and subject is None:
            raise self._refused(node, "does not say of what: share('Wolves == 0').")
        options = tuple((str(keyword.arg), self._constant(keyword.value)) for keyword in call.keywords)
        self.parts += len(options)
        self._count(depth)
        return Quantity(text, function, subject, options, attribute, key)

    def _number(self, node: ast.expr) -> float | None:
        """Return a number as it is written; None for what is none."""
        sign = 1.0
        while isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            sign, node = (-sign if isinstance(node.op, ast.USub) else sign), node.operand
        if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
            return None
        if not isinstance(node.value, int | float):
            return None
        try:
            number = float(node.value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self._refused(node, "holds a number that is too large.")
        return sign * number

    def _constant(self, node: ast.expr) -> Any:
        """Return a text, a number, True, False or None."""
        if (number := self._number(node)) is not None:
            return int(number) if number.is_integer() and isinstance(_innermost(node), int) else number
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bool | None):
            return node.value
        raise self._refused(node, "is no plain value: write a text in quotes, a number, True, False or None.")

    def _count(self, depth: int) -> None:
        self.parts += 1
        if self.parts > EXPRESSION_PARTS or depth > EXPRESSION_DEPTH:
            raise ClaimError(f"'{self.text[:40]}…' has too many parts. Make several claims of it.")

    def _refused(self, node: ast.expr, message: str) -> ClaimError:
        return ClaimError(f"'{self._written(node)[:120]}' {message}")


def _innermost(node: ast.expr) -> Any:
    while isinstance(node, ast.UnaryOp):
        node = node.operand
    return node.value if isinstance(node, ast.Constant) else None
