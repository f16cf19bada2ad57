"""A small table of values, page by page: the points of a design, or what is known about them."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

import solara

from mesa_lab.app.components.browser import SaveButton
from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.html import tag
from mesa_lab.drafts.points_csv import points_text
from mesa_lab.formatting import cell_text
from mesa_lab.formatting import percent as share_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MatrixTable"]

ROWS: Final = 12


@solara.component
def MatrixTable(
    frame: pd.DataFrame,
    *,
    numbered: bool = True,
    percent: Collection[str] = (),
    missing: str = "None",
    label: str = "Design points",
    filename: str = "design_points.csv",
) -> None:
    """Show a table, a dozen rows at a time.

    Args:
        frame: The table.
        numbered: Whether its index is shown as the number of the point, and it can be saved as CSV.
        percent: Columns that hold shares.
        missing: What stands for None.
        label: What it shows, for screen readers.
        filename: Name of the file that it can be saved as.
    """
    page, set_page = solara.use_state(0)
    pages = max(1, math.ceil(len(frame) / ROWS))
    page = min(page, pages - 1)
    part = frame.iloc[page * ROWS : (page + 1) * ROWS]
    names = [str(name) for name in frame.columns]
    rows = [list(row) for row in part.itertuples(index=False, name=None)]
    numeric = solara.use_memo(
        lambda: [_numeric(frame.iloc[:, place]) for place in range(len(names))], dependencies=[id(frame)]
    )
    region = {"tabindex": "0", "role": "region", "aria-label": label}
    with tag("div", "ml-table-frame", attributes=region), tag("table", "ml-table ml-table-tight"):
        with tag("thead"), tag("tr"):
            if numbered:
                tag("th", "ml-number", "Point", scope="col")
            for name, right in zip(names, numeric, strict=True):
                tag("th", "ml-number" if right else "", name, scope="col")
        with tag("tbody"):
            for place, row in zip(part.index, rows, strict=True):
                with tag("tr"):
                    if numbered:
                        tag("td", "ml-number ml-quiet", str(place))
                    for name, value, right in zip(names, row, numeric, strict=True):
                        text = (
                            share_text(value)
                            if name in percent
                            else missing
                            if value is None
                            else cell_text(value)
                        )
                        tag("td", "ml-number" if right else "", text)
    with tag("div", "ml-table-foot"):
        if pages > 1:
            first = page * ROWS + 1
            Action(
                "",
                lambda: set_page(page - 1),
                icon="mdi-chevron-left",
                spoken="Previous rows",
                disabled=page == 0,
            )
            Action(
                "",
                lambda: set_page(page + 1),
                icon="mdi-chevron-right",
                spoken="Next rows",
                disabled=page == pages - 1,
            )
            said = f"{first:,} to {first + len(rows) - 1:,} of {len(frame):,}"
            tag("span", "ml-quiet", said, role="status")
        if numbered:
            SaveFrame(frame, filename)


@solara.component
def SaveFrame(frame: pd.DataFrame, filename: str) -> None:
    """Save a table as CSV, as a Table design reads it."""
    text = solara.use_memo(
        lambda: (
            points_text({str(name): frame[name].tolist() for name in frame.columns})
            if len(frame) <= 20_000
            else ""
        ),
        dependencies=[id(frame)],
    )
    if text:
        SaveButton(label="CSV", text=text, filename=filename)


def _numeric(values: Any) -> bool:
    return all(
        value is None or (isinstance(value, int | float) and not isinstance(value, bool))
        for value in values.tolist()
    )
