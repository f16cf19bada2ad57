"""A table as HTML for a cell of a notebook, which brings its own margins: marimo's pages have none for tables."""

from __future__ import annotations

from html import escape
from typing import Final

import pandas as pd

from mesa_lab.formatting import plural, show

__all__ = ["html_table"]

_CELL: Final = "padding: 0.2em 0.6em; text-align: {}; white-space: nowrap"


def html_table(table: pd.DataFrame, rows: int, what: str) -> str:
    """Return the first rows of a table; all text is escaped.

    Args:
        table: The table.
        rows: How many rows to show at most.
        what: What a row is, for how many there are beyond these: "run".
    """
    shown = table.head(rows)
    styles = [
        _CELL.format("right" if pd.api.types.is_numeric_dtype(dtype) else "left") for dtype in shown.dtypes
    ]
    names = zip(styles, shown, strict=True)
    head = "".join(f'<th style="{style}">{escape(str(name))}</th>' for style, name in names)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{style}">{escape(show(value))}</td>'
            for style, value in zip(styles, row, strict=True)
        )
        + "</tr>"
        for row in shown.itertuples(index=False)
    )
    rest = len(table) - len(shown)
    more = f"<p>… {plural(rest, f'more {what}')}</p>" if rest else ""
    return (
        '<div style="overflow-x: auto"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}"
    )
