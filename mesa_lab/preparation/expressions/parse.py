"""Expressions that people write: constraints between parameters, and conditions that stop a run.

The text is parsed, every node is checked against a short list, and what remains becomes a tree of
plain functions. Nothing is compiled or executed as Python, so an experiment file from a stranger can
ask for a wrong comparison but for nothing else.
"""

import ast
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import numpy as np

from mesa_lab.errors import ExperimentError, suggest
from mesa_lab.preparation.expressions.operations import (
    ARITHMETIC,
    COMPARISONS,
    FUNCTIONS,
    Step,
    Values,
    all_of,
    any_of,
    bounded,
    compared,
    is_column,
    negate,
    number,
)

__all__ = ["Expression", "compile_expression"]

LONGEST: Final = 1000
DEEPEST: Final = 100

STATISTICS: Final = ("count", "sum", "mean", "median", "sd", "min", "max")
"""Written as `count(Wolf)` or `mean(Wolf.energy)`, these are the names of outcomes."""

_HINTS: Final = (
    (re.compile(r"&&?"), "Write 'and' instead of '&'."),
    (re.compile(r"\|\|?"), "Write 'or' instead of '|'."),
    (re.compile(r"(?<![=!<>])=(?!=)"), "Write '==' to compare."),
    (re.compile(r"<>|=<|=>"), "Write '!=', '<=' or '>=' to compare."),
    (re.compile(r"!(?!=)"), "Write 'not' instead of '!'."),
    (re.compile(r"\^"), "Write '**' for a power."),
)


@dataclass(frozen=True)
class Expression:
    """A checked expression.

    Attributes:
        text: As it was written.
        names: What it speaks of, in order of appearance.
    """

    text: str
    names: tuple[str, ...]
    _run: Step = field(repr=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return compile_expression, (self.text,)

    def evaluate(self, values: Values) -> Any:
        """Work out the expression.

        Args:
            values: A value for each name: single values, or numpy arrays of one length for a row-wise result.

        Returns:
            What the expression gives; an array when any value is one.

        Raises:
            ExperimentError: If a name has no value, or the operation does not go with the values' types.

        Example:
            >>> compile_expression("wolves < sheep and grass").evaluate({"wolves": 5, "sheep": 9, "grass": True})
            True
        """
        for name in self.names:
            if name not in values:
                raise ExperimentError(
                    f"The expression '{self.text}' speaks of '{name}', which has no value.{suggest(name, values)}"
                )
        lengths = {len(values[name]) for name in self.names if is_column(values[name])}
        if not lengths:
            return self._single(values)
        try:
            with np.errstate(all="ignore"):
                result = self._run(values)
            return result if is_column(result) else np.full(lengths.pop(), result)
        except (TypeError, ValueError, ArithmeticError):
            # Rows decide for themselves what 'and' and 'or' need not look at.
            return self._by_row(values, lengths.pop())

    def _by_row(self, values: Values, length: int) -> Any:
        columns = {
            name: values[name].tolist() if is_column(values[name]) else [values[name]] * length
            for name in self.names
        }
        rows = zip(*columns.values(), strict=True)
        results = [self._single(dict(zip(columns, row, strict=True))) for row in rows]
        if all(isinstance(result, bool | np.bool_) for result in results):
            return np.array(results, dtype=bool)
        column = np.empty(length, dtype=object)
        column[:] = results
        return column

    def _single(self, values: Values) -> Any:
        try:
            result = self._run(values)
        except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
            where = ", ".join(f"{name} = {values[name]!r}" for name in self.names)
            raise ExperimentError(
                f"The expression '{self.text}' cannot be worked out{f' where {where}' if where else ''}: {error}."
            ) from None
        return bool(result) if isinstance(result, np.bool_) else result


@lru_cache(maxsize=512)
def compile_expression(text: str) -> Expression:
    """Check an expression and make it ready to be worked out.

    Arithmetic, comparisons (chained too), `and`, `or`, `not`, `in`, numbers, text, True, False, None, lists of them,
    and abs, ceil, exp, floor, len, log, max, min, round, sqrt. A name that is no Python name goes in backticks;
    `count(Wolf)` and `mean(Wolf.energy)` are names as they stand.

    Args:
        text: The expression.

    Raises:
        ExperimentError: If it does not parse or holds something else; says where.

    Example:
        >>> compile_expression("0 < a <= `b c` / 2").names
        ('a', 'b c')
    """
    if not isinstance(text, str) or not text.strip():
        raise ExperimentError(f"The expression is {text!r}. Write one such as 'wolves < sheep'.")
    if len(text) > LONGEST:
        raise ExperimentError(
            f"The expression has {len(text)} characters ('{text[:40]}…'). The longest allowed has {LONGEST}."
        )
    plain, quoted = _unquote(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's advice about odd literals is not for this reader
            tree = ast.parse(f"({plain})", mode="eval").body  # parentheses let it run over several lines
    except SyntaxError as error:
        offset = _place(plain, error)
        hint = next((f" {fix}" for pattern, fix in _HINTS if pattern.search(_without_text(plain))), "")
        raise ExperimentError(_where(text, offset, f"does not parse: {_said(error)}.{hint}")) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExperimentError(f"The expression '{text}' does not parse.") from None
    reader = _Reader(text, quoted)
    run = reader.read(tree, 0)
    return Expression(text, tuple(dict.fromkeys(reader.names)), run)


class _Reader:
    """Turns the allowed nodes of a syntax tree into functions, and refuses the others."""

    def __init__(self, text: str, quoted: Mapping[str, str]) -> None:
        self.text, self.quoted = text, quoted
        self.names: list[str] = []

    def read(self, node: ast.expr, depth: int) -> Step:
        if depth > DEEPEST:
            raise ExperimentError(f"The expression '{self.text}' is nested too deeply.")
        deeper = depth + 1
        match node:
            case ast.Constant(value=bool() | int() | float() | str() | None):
                value = node.value
                return lambda _: value
            case ast.Name(id=identifier):
                name = self.quoted.get(identifier, identifier)
                self.names.append(name)
                return lambda values: values[name]
            case ast.Tuple() | ast.List() | ast.Set():
                items = [self.read(item, deeper) for item in node.elts]
                return lambda values: tuple(item(values) for item in items)
            case ast.UnaryOp(op=ast.Not()):
                inner = self.read(node.operand, deeper)
                return lambda values: negate(inner(values))
            case ast.UnaryOp(op=ast.USub()):
                inner = self.read(node.operand, deeper)
                return lambda values: -number("-", inner(values))
            case ast.UnaryOp(op=ast.UAdd()):
                inner = self.read(node.operand, deeper)
                return lambda values: number("+", inner(values))
            case ast.BinOp(op=op) if type(op) in ARITHMETIC:
                return self._arithmetic(node, deeper)
            case ast.BoolOp():
                parts = [self.read(part, deeper) for part in node.values]
                return all_of(parts) if isinstance(node.op, ast.And) else any_of(parts)
            case ast.Compare():
                return self._comparison(node, deeper)
            case ast.Call():
                return self._call(node, deeper)
        hint = {
            ast.Attribute: " Names with a dot are not known here.",
            ast.BinOp: " Write 'and', 'or' or '**' instead of '&', '|' or '^'.",
            ast.IfExp: " Write it with 'and' and 'or'.",
        }.get(type(node), "")
        raise self._refused(node, f"may not contain {_called(node)}.{hint}")

    def _arithmetic(self, node: ast.BinOp, depth: int) -> Step:
        left, right = self.read(node.left, depth), self.read(node.right, depth)
        symbol, apply = ARITHMETIC[type(node.op)]
        grows = isinstance(node.op, ast.Mult | ast.Pow)

        def run(values: Values) -> Any:
            a, b = number(symbol, left(values)), number(symbol, right(values))
            if grows:
                a, b = bounded(symbol, a, b)
            return apply(a, b)

        return run

    def _comparison(self, node: ast.Compare, depth: int) -> Step:
        operands = [self.read(each, depth) for each in (node.left, *node.comparators)]
        operations = []
        for op, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(op, ast.In | ast.NotIn) and not isinstance(right, ast.Tuple | ast.List | ast.Set):
                raise self._refused(right, "needs a list after 'in', such as (1, 2, 3).")
            if isinstance(op, ast.Is | ast.IsNot) and not isinstance(right, ast.Constant):
                raise self._refused(right, "may use 'is' with None, True and False only. Write '=='.")
            operations.append(COMPARISONS[type(op)])

        def run(values: Values) -> Any:
            left, result = operands[0](values), True
            for (symbol, compare), operand in zip(operations, operands[1:], strict=True):
                right = operand(values)
                holds = compared(symbol, compare, left, right)
                if not is_column(holds) and not is_column(result):
                    result = result and bool(holds)
                    if not result:
                        return False
                else:
                    result = np.logical_and(result, holds)
                left = right
            return result

        return run

    def _call(self, node: ast.Call, depth: int) -> Step:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise self._refused(node, "may call functions by their plain name only.")
        name = node.func.id
        if name in STATISTICS and len(node.args) == 1 and (subject := _subject(name, node.args[0])):
            outcome = f"{name}({subject})"
            self.names.append(outcome)
            return lambda values: values[outcome]
        if name not in FUNCTIONS:
            known = sorted(FUNCTIONS)
            raise self._refused(node, f"calls '{name}'.{suggest(name, known)} There are: {', '.join(known)}.")
        allowed = {"log": (1, 2), "round": (1, 2), "max": (1, 20), "min": (1, 20)}.get(name, (1, 1))
        if not allowed[0] <= len(node.args) <= allowed[1] or any(
            isinstance(a, ast.Starred) for a in node.args
        ):
            raise self._refused(node, f"calls '{name}' with {len(node.args)} values.")
        single, columns = FUNCTIONS[name]
        arguments = [self.read(argument, depth) for argument in node.args]

        def run(values: Values) -> Any:
            given = [argument(values) for argument in arguments]
            return (columns if any(is_column(each) for each in given) else single)(*given)

        return run

    def _refused(self, node: ast.expr, message: str) -> ExperimentError:
        lines = self.text.splitlines()[: node.lineno - 1]
        return ExperimentError(
            _where(self.text, sum(len(line) + 1 for line in lines) + _column(node), message)
        )


def _column(node: ast.expr) -> int:
    return node.col_offset - (1 if node.lineno == 1 else 0)


def _subject(statistic: str, node: ast.expr) -> str | None:
    """`Wolf` of `count(Wolf)` and `Wolf.energy` of `mean(Wolf.energy)`, when the call reads like an outcome."""
    match node:
        case ast.Name(id=name) if statistic == "count":
            return name
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if statistic != "count":
            return f"{name}.{attribute}"
    return None


def _unquote(text: str) -> tuple[str, dict[str, str]]:
    """Put a one-letter stand-in for each name in backticks, padded so that positions stay."""
    letters = (chr(code) for code in range(0x4E00, 0x9FA5) if chr(code) not in text)
    stand_ins: dict[str, str] = {}

    def swap(match: re.Match[str]) -> str:
        if match.group(1) is None:
            return match.group(0)
        name = match.group(1).strip()
        if not name:
            raise ExperimentError(_where(text, match.start(), "has a pair of backticks with no name in it."))
        letter = stand_ins.setdefault(name, next(letters))
        return letter.ljust(len(match.group(0)))

    plain = re.sub(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`([^`\n]*)`", swap, text)
    return plain, {letter: name for name, letter in stand_ins.items()}


def _without_text(text: str) -> str:
    return re.sub(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"", "", text)


def _place(text: str, error: SyntaxError) -> int:
    line, offset = error.lineno or 1, error.offset or 1
    before = text.splitlines(keepends=True)[: line - 1]
    place = sum(len(each) for each in before) + offset - (2 if line == 1 else 1)
    return min(max(place, 0), len(text))


def _said(error: SyntaxError) -> str:
    message = (error.msg or "").split(". ")[0].removeprefix("invalid syntax").strip()
    return message or "a part is missing or too much"


def _where(text: str, place: int, message: str) -> str:
    rest = text[place : place + 12]
    there = f"At character {place + 1}: '{rest}'" if rest else "At its end"
    return f"The expression '{text}' {message} ({there}.)"


def _called(node: ast.expr) -> str:
    return {
        ast.Attribute: "a name with a dot",
        ast.BinOp: "this operator",
        ast.Dict: "a dict",
        ast.IfExp: "'if'",
        ast.JoinedStr: "an f-string",
        ast.Lambda: "a function",
        ast.NamedExpr: "an assignment",
        ast.Subscript: "square brackets after a name",
        ast.UnaryOp: "this operator",
    }.get(type(node), f"a {type(node).__name__}")
