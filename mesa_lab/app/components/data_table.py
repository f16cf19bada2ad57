"""A table of any length: a page of it at a time, sorted by any column, filtered as people write it.

Rows are arranged in the background, since a study may have a hundred thousand runs; only the rows of
one page travel to the browser, as text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

import solara

from mesa_lab.app.components.controls import Action, TextInput
from mesa_lab.app.components.html import icon, tag
from mesa_lab.app.components.table_filter import arrange
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.formatting import cell_text, shorten

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LABELS", "DataTable"]

ROWS: Final = 15
SECONDS: Final = ("init_seconds", "run_seconds")
STATISTICS: Final = ("mean", "sd", "ci_low", "ci_high", "median", "q05", "q25", "q75", "q95")
RUN_LABELS: Final = {
    "run_id": "Run",
    "point": "Point",
    "replication": "Replication",
    "seed": "Seed",
    "steps": "Steps",
    "time": "Time",
    "status": "Status",
    "init_seconds": "Set-up (s)",
    "run_seconds": "Running (s)",
    "stage": "While",
    "error_type": "Error",
    "message": "Message",
    "step": "Step",
}
"""Headings of tables of runs. A model's own columns have their own names, such as a parameter 'n'."""

LABELS: Final = {
    "point": "Point",
    "outcome": "Outcome",
    "n": "Runs",
    "n_failed": "Failed",
    "n_missing": "Without value",
    "n_infinite": "Infinite",
    "mean": "Mean",
    "sd": "SD",
    "ci_low": "95 % from",
    "ci_high": "95 % to",
    "interval": "Interval by",
    "median": "Median",
    "q05": "5 % quantile",
    "q25": "25 % quantile",
    "q75": "75 % quantile",
    "q95": "95 % quantile",
}
"""Headings of tables of statistics."""


@solara.component
def DataTable(
    frame: pd.DataFrame,
    label: str,
    *,
    key: str = "",
    on_row: Callable[[int], None] | None = None,
    chosen: int | Collection[int] | None = None,
    opens: str = "Open",
    hidden: Collection[str] = (),
    labels: Mapping[str, str] = RUN_LABELS,
    on_rows: Callable[[Any], None] | None = None,
    rows: int = ROWS,
) -> None:
    """Show a table.

    Args:
        frame: The table; the same object as long as it is the same.
        label: What it shows, for screen readers.
        key: A column of whole numbers that opens its row when it is pressed.
        on_row: Called with that number.
        chosen: The number of the row that is open, or the numbers of several.
        opens: What a press does with a row, for screen readers.
        hidden: Columns that are not shown; they can be filtered by all the same.
        labels: What columns are called.
        on_rows: Called with all rows that the filter lets through, in their order, whenever these change.
        rows: How many stand on a page.
    """
    text, set_text = solara.use_state("")
    sort, set_sort = solara.use_state(("", False))
    page, set_page = solara.use_state(0)
    marked = chosen if isinstance(chosen, Collection) else (chosen,)
    plain = not text.strip() and not sort[0]
    fresh = use_fresh(
        lambda: (frame, arrange(frame, text, sort[0], descending=sort[1])),
        (text, sort, id(frame)),
        topic=id(frame),
        least=0.1,
    )
    # What was arranged for another table is of no use for this one.
    fits = fresh.value is not None and fresh.value[0] is frame
    order = None if plain or not fits else fresh.value[1]
    total = len(frame) if order is None else len(order)
    pages = max(1, math.ceil(total / rows))
    page = min(page, pages - 1)
    first = page * rows
    places = range(first, min(first + rows, total)) if order is None else order[first : first + rows]
    part = frame.iloc[list(places)]
    names = [str(name) for name in frame.columns if str(name) not in hidden]
    numeric = solara.use_memo(lambda: {n: _numeric(frame[n]) for n in names}, dependencies=[id(frame)])

    decimals = solara.use_memo(
        lambda: {name: _decimals(name, frame[name]) for name in names},
        dependencies=[id(frame)],
    )
    hint = solara.use_memo(
        lambda: f"For example: {_example(frame, [n for n in names if n not in labels] or names, numeric)}",
        dependencies=[id(frame)],
    )

    def tell() -> None:
        if on_rows is not None:
            on_rows(frame if order is None else frame.iloc[order])

    solara.use_effect(tell, [id(order), id(frame)])

    def type_filter(new: str) -> None:
        set_text(new)
        set_page(0)

    def sort_by(name: str) -> None:
        # Up, down, and back to the order of the study.
        set_sort((name, False) if sort[0] != name else (("", False) if sort[1] else (name, True)))
        set_page(0)

    with tag("div", "ml-data"):
        with tag("div", "ml-data-head"):
            TextInput(
                "Filter",
                text,
                type_filter,
                placeholder="text, or a condition",
                spoken=f"Filter {label}",
                icon="mdi-filter-variant",
                clearable=True,
                classes="ml-data-filter",
                error=fresh.problem if text.strip() else "",
                hint=hint,
            )
        region = {"tabindex": "0", "role": "region", "aria-label": label}
        with tag("div", "ml-table-frame", attributes=region), tag("table", "ml-table ml-table-tight"):
            with tag("thead"), tag("tr"):
                for name in names:
                    Heading(
                        labels.get(name, name),
                        "" if sort[0] != name else ("descending" if sort[1] else "ascending"),
                        lambda name=name: sort_by(name),
                        right=numeric[name],
                    ).key(f"head {name}")
            with tag("tbody"):
                columns = [part[name].tolist() for name in names]
                for at, row in enumerate(zip(*columns, strict=True)):
                    here = key and on_row is not None and int(part[key].iloc[at]) in marked
                    with tag("tr", "ml-row-here" if here else ""):
                        for name, value in zip(names, row, strict=True):
                            right = "ml-number" if numeric[name] else ""
                            if name == key and on_row is not None:
                                with tag("td", right):
                                    Opener(value, f"{opens} {labels.get(name, name)} {value}", on_row)
                            else:
                                tag("td", right, _cell(name, value, decimals.get(name)))
        if not total:
            tag("p", "ml-nothing ml-quiet", "No row fits the filter." if len(frame) else "There is none.")
        with tag("div", "ml-table-foot"):
            if pages > 1:
                for said, mark, to in (
                    ("First rows", "mdi-chevron-double-left", 0),
                    ("Previous rows", "mdi-chevron-left", page - 1),
                    ("Next rows", "mdi-chevron-right", page + 1),
                    ("Last rows", "mdi-chevron-double-right", pages - 1),
                ):
                    off = not 0 <= to < pages or to == page
                    Action("", lambda to=to: set_page(to), icon=mark, spoken=said, disabled=off)
            shown = f"{first + 1:,} to {first + len(part):,} of {total:,}" if total else "0"
            of_all = f" ({len(frame):,} in all)" if total != len(frame) else ""
            tag("span", "ml-quiet", shown + of_all, role="status")


@solara.component
def Heading(label: str, sorted_: str, on_click: Callable[[], None], *, right: bool = False) -> solara.Element:
    """A column's heading, which sorts by it."""
    mark = {"ascending": "mdi-arrow-up", "descending": "mdi-arrow-down"}.get(sorted_)
    children = [tag("span", "", shorten(label, 32)), *([icon(mark)] if mark else [])]
    button = tag("button", "ml-sort", *children, attributes={"type": "button", "title": f"Sort by {label}"})
    solara.v.use_event(button, "click", lambda *_: on_click())
    spoken = {"aria-sort": sorted_} if sorted_ else {}
    return tag("th", "ml-number" if right else "", button, attributes={"scope": "col", **spoken})


@solara.component
def Opener(value: Any, spoken: str, on_click: Callable[[int], None]) -> solara.Element:
    """A number that opens what it stands for."""
    look = {"type": "button", "aria-label": spoken}
    button = tag("button", "ml-opener", str(value), attributes=look)
    solara.v.use_event(button, "click", lambda *_: on_click(int(value)))
    return button


def _cell(name: str, value: Any, decimals: int | None = None) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)) or str(value) == "<NA>":
        return "–"
    if decimals is not None:
        return f"{value:,.{decimals}f}"
    if name == "message":
        return shorten(str(value).strip().partition("\n")[0], 100)
    return cell_text(value)


def _decimals(name: str, values: pd.Series[Any]) -> int | None:
    """As many as let a column's numbers stand under each other without digits that say nothing; None to show each by itself."""
    if name not in (*SECONDS, *STATISTICS) or not _numeric(values):
        return None
    sizes = values.astype("float64").abs()[values != 0].dropna()
    if not len(sizes):
        return 0
    if math.isinf(sizes.max()):
        return None
    if name in SECONDS:  # another run of the same would take a little more or less
        return min(6, max(0, 1 - math.floor(math.log10(sizes.median()))))
    decimals = max(0, 3 - math.floor(math.log10(sizes.max())))
    return decimals if decimals <= 6 and sizes.min() * 10**decimals >= 1 else None


def _example(frame: pd.DataFrame, names: list[str], numeric: Mapping[str, bool]) -> str:
    """A condition that lets some rows of this very table through."""
    name = next((name for name in names if numeric[name]), "")
    if not name or not len(frame):
        return "a text to find"
    middle = frame[name].median()
    value = "10" if middle != middle else f"{float(middle):.3g}"
    return f"{name if name.isidentifier() else f'`{name}`'} > {value}"


def _numeric(values: pd.Series[Any]) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return bool(is_numeric_dtype(values.dtype) and not is_bool_dtype(values.dtype))
