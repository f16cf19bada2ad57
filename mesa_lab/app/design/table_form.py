"""A table of points: pasted, typed or uploaded as CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import solara

from mesa_lab.app.components.browser import PickFile
from mesa_lab.app.components.controls import Action, TextInput
from mesa_lab.app.components.html import tag
from mesa_lab.app.wording import plural
from mesa_lab.drafts.points_csv import LARGEST, decode_upload, parse_points
from mesa_lab.errors import DesignError

__all__ = ["PointsForm"]

MOST_SHOWN = 20_000
"""Characters that the field shows; a longer table is taken whole, but not put into the page."""


@solara.component
def PointsForm(
    value: str,
    on_value: Callable[[str], None],
    *,
    error: str = "",
    parameters: Sequence[str] = (),
    current_points: Callable[[], str] | None = None,
) -> None:
    """Give points.

    Args:
        value: The table's text.
        on_value: Called with another one.
        error: What is wrong with it.
        parameters: The parameters' names, for the example.
        current_points: Gives the points of the design so far, to start from.
    """
    refused, set_refused = solara.use_state("")

    def upload(name: str, data: bytes | None) -> None:
        try:
            if data is None:
                raise DesignError(
                    f"It is larger than {LARGEST // 1_000_000} MB. Write an experiment file with a Table."
                )
            text = decode_upload(data)
            parse_points(text)
        except DesignError as problem:
            set_refused(f"{name}: {problem}")
            return
        set_refused("")
        on_value(text)

    def type_in(text: str) -> None:
        set_refused("")
        on_value(text)

    example = ",".join(parameters[:2] or ("a", "b"))
    with tag("div", "ml-actions"):
        PickFile("Upload a CSV file", upload, accept=".csv,.tsv,.txt", limit=LARGEST)
        if current_points is not None:
            Action(
                "Start from the points of this design",
                lambda: type_in(current_points()),
                icon="mdi-table",
            )
        if value:
            Action("Clear", lambda: type_in(""))
    if len(value) > MOST_SHOWN:
        rows = max(0, value.count("\n"))
        tag("p", "", f"A table of about {plural(rows, 'point')} is loaded.")
        tag("p", "ml-error-text", refused or error, role="alert")
        return
    TextInput(
        "Points, one row each",
        value,
        type_in,
        hint="A header with the parameters' names, then one row per point; commas, semicolons or tabs between columns.",
        error=refused or error,
        lines=6,
        placeholder=f"{example}\n10,0.5\n20,0.8",
        classes="ml-mono",
    )
