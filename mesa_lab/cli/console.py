"""How commands say things: tables, numbers, JSON.

On a terminal a table has colour and lines; into a file or a pipe goes plain aligned text, complete
and without control characters. Results go to standard output, progress and remarks to standard error.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from mesa_lab.formatting import number, plain

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = [
    "STANDARD_OUTPUT",
    "cell",
    "chosen_options",
    "json_option",
    "literal",
    "model_name",
    "moment",
    "note",
    "printable",
    "printed",
    "quoted",
    "say",
    "show_json",
    "show_table",
]

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

STANDARD_OUTPUT: Final = Path("-")
"""What -o names to print instead of writing a file."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def say(text: str = "") -> None:
    """Print a line to standard output."""
    click.echo(printable(text))


def note(text: str) -> None:
    """Print a remark to standard error, where it does not get into piped results."""
    click.echo(printable(text), err=True)


def printable(text: str) -> str:
    r"""Return a text as a terminal may be given it: what a study says could hold signs that a terminal obeys.

    Example:
        >>> printable("a\x1b]0;title\x07b")
        'a�]0;title�b'
    """
    return _CONTROL.sub("�", text)


@contextlib.contextmanager
def printed(ending: str, *, is_text: bool = True) -> Iterator[Path]:
    """Yield the path of a temporary file, which is printed to standard output when all went well.

    Args:
        ending: How the file's name ends, for what goes by it.
        is_text: Whether a terminal can show it.

    Raises:
        UsageError: If it would get to a terminal that cannot show it.
    """
    if not is_text and sys.stdout.isatty():
        raise click.UsageError(
            f"A {ending.removeprefix('.')} file is nothing that a terminal can show. Redirect it, as in -o - > file{ending}, "
            f"or name a file: -o file{ending}."
        )
    with tempfile.TemporaryDirectory(prefix="mesa-lab-") as folder:
        path = Path(folder, f"printed{ending}")
        yield path
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.flush()


def show_json(value: Any) -> None:
    """Print a value as JSON; numbers that JSON has no word for become null."""
    click.echo(json.dumps(_plain(value), indent=2, ensure_ascii=False))


def show_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str = "") -> None:
    """Print a table; columns of numbers are aligned to the right."""
    cells = [[value if isinstance(value, str) else cell(value) for value in row] for row in rows]
    right = [
        (all(_is_number(row[index]) for row in rows) and bool(rows)) or _looks_numeric(cells, index)
        for index in range(len(columns))
    ]
    if sys.stdout.isatty():
        _show_rich(columns, cells, right, title)
        return
    widths = [max(len(line[index]) for line in [list(columns), *cells]) for index in range(len(columns))]
    if title:
        say(title)
    for line in [list(columns), *cells]:
        padded = [
            text.rjust(width) if flush else text.ljust(width)
            for text, width, flush in zip(line, widths, right, strict=True)
        ]
        say("  ".join(padded).rstrip())


def _show_rich(columns: Sequence[str], cells: list[list[str]], right: list[bool], title: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD, title=title or None, title_justify="left", header_style="bold", pad_edge=False
    )
    for column, flush in zip(columns, right, strict=True):
        table.add_column(Text(column), justify="right" if flush else "left", overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))  # as text, so that a name such as "[red]" is not taken for markup
    Console().print(table)


def cell(value: Any, digits: int = 4) -> str:
    """Write a value as a table in the terminal shows it: `0.3333`, `1,234,567`, `yes`.

    Args:
        value: A number or anything else.
        digits: How many digits say something; those before the point are all written, up to nine.

    Example:
        >>> cell(1 / 3), cell(3289), cell(12345.67), cell(True), cell(None)
        ('0.3333', '3,289', '12,346', 'yes', '–')
    """
    value = plain(value)
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return number(value, digits) if isinstance(value, float) else str(value)


def literal(value: Any, write: Callable[[Any], str] = str) -> str:
    """Write a value as code does, but a whole number as in the tables beside it.

    Example:
        >>> literal(2500), literal(True), literal(0.25)
        ('2,500', 'True', '0.25')
    """
    return cell(value) if isinstance(value, int) and not isinstance(value, bool) else write(value)


def moment(text: str | None) -> str:
    """Write a time stamp of a study as the clock on the wall shows it."""
    if text is None:
        return "never"
    return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S}"


def model_name(experiment: Experiment) -> str:
    """Return the name of an experiment's model, without where it is found."""
    model = experiment.model
    return model.rpartition(":")[2] if isinstance(model, str) else model.__name__


def quoted(path: Path) -> str:
    """Write a path the way a shell takes it: `'my study.study'`.

    Example:
        >>> quoted(Path("größe.study")), quoted(Path("a b.study"))
        ('größe.study', "'a b.study'")
    """
    text = str(path)
    return text if re.fullmatch(r"[\w@%+=:,./\\-]+", text) else shlex.quote(text)


def chosen_options(options: Sequence[str], example: str, name: str = "--with") -> dict[str, Any]:
    """Read what an option such as --with gives: NAME=VALUE, where a value may be a number, true, false or a list as in JSON.

    Args:
        options: The texts.
        example: One that is right, for who forgot the equals sign.
        name: The option that gives them.

    Raises:
        UsageError: If one has no equals sign.
    """
    chosen: dict[str, Any] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise click.UsageError(f"{name} {option}: write NAME=VALUE, such as {name} {example}.")
        try:
            chosen[key] = json.loads(value)  # numbers, true and false, lists
        except json.JSONDecodeError:
            chosen[key] = value
    return chosen


def _is_number(value: Any) -> bool:
    return not isinstance(value, (str, bool)) and (value is None or hasattr(value, "__float__"))


def _looks_numeric(cells: list[list[str]], index: int) -> bool:
    """Whether every cell starts with a digit, as in '12.5 ± 0.3'."""
    return bool(cells) and all(row[index][:1].isdigit() or row[index][:1] in "-−–" for row in cells)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
