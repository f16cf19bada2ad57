"""What every chart must do, whatever the study: checked one by one."""

from __future__ import annotations

import inspect
import json
import re
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from mesa_lab.errors import MesaLabError, OutcomeError
from mesa_lab.processing.charts.chart import ChartKind, readable
from mesa_lab.testing.conclusion_suite import check_titles
from mesa_lab.testing.sentences import begins_small, is_sentence
from mesa_lab.testing.study_kinds import ODD, OUTCOME, study_of_kind
from mesa_lab.testing.surroundings import surroundings

if TYPE_CHECKING:
    from mesa_lab.processing.results import Results

__all__ = ["check_chart"]

MOST_ROWS: Final = 5000
"""What altair refuses to embed, and a page to load."""

_LOOKS: Final = {"theme", "width", "height", "interactive"}
_NO_WORDS: Final = re.compile(r"\b(nan|NaN|None|dtype|array)\b|%s")


def check_chart(
    kind: ChartKind, study: str | Results, outcome: str = OUTCOME, **options: Any
) -> pd.DataFrame | None:
    """Draw an outcome of a study and check the table and the picture.

    Args:
        kind: The chart.
        study: One of `STUDIES`, or results of one's own.
        outcome: The outcome, where the results are one's own.
        options: Those of the chart, such as `by="a"`.

    Returns:
        The chart's table, None where the chart does not fit the study and says why.

    Raises:
        AssertionError: If it does something that no chart may do.

    Example:
        >>> from mesa_lab.processing.charts import find_chart
        >>> len(check_chart(find_chart("effect"), "two points"))
        2
        >>> check_chart(find_chart("heatmap"), "all runs failed") is None
        True
    """
    results = study_of_kind(study) if isinstance(study, str) else study
    _check_kind(kind)
    before = surroundings()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            table = kind.table(results, outcome, **options)
        except MesaLabError as error:
            _check_refused(kind, results, outcome, options, str(error))
            return None
        _check_table(table)
        for text in (table.attrs["chart"]["title"], *table.attrs["chart"]["subtitle"]):
            small = begins_small(text, [*results.parameters, *results.outcomes])
            assert not small, f"A title begins with a capital or with a name as it is declared: {small}"
        again = kind.table(results, outcome, **options)
        pd.testing.assert_frame_equal(again, table)
        assert again.attrs == table.attrs, "The same results give the same table."
        _check_options(kind, results, outcome, options, table)
        _check_drawing(kind, table)
    assert surroundings() == before, "numpy's global generator and the theme of altair are as they were."
    return table


def _check_kind(kind: ChartKind) -> None:
    assert kind.name.isidentifier(), f"A chart's name is an identifier: {kind.name}"
    assert kind.title, "A chart has a title, for pages."
    assert is_sentence(kind.summary), "The summary is a sentence on when to use the chart."
    missing = _LOOKS - set(kind.looks)
    assert not missing, f"`draw` takes {', '.join(sorted(missing))}."
    for name, default in {**kind.options, **kind.looks}.items():
        assert default is not inspect.Parameter.empty, f"The option '{name}' has a default."


def _check_refused(
    kind: ChartKind, results: Results, outcome: str, options: dict[str, Any], reason: str
) -> None:
    """Check that a refusal is a sentence, and the same when the chart is drawn."""
    assert is_sentence(reason), f"A refusal says in a sentence what is wrong: {reason}"
    said = ""
    try:
        kind.chart(results, outcome, **options)
    except MesaLabError as error:
        said = str(error)
    assert said == reason, f"It does not fit: {reason} Drawn, it says: {said}"


def _check_options(
    kind: ChartKind, results: Results, outcome: str, options: dict[str, Any], table: pd.DataFrame
) -> None:
    """Check that what cannot be drawn is refused, and named."""
    _refuses("no_such_option", lambda: kind.chart(results, outcome, **options, no_such_option=1))
    _refuses("no such outcome", lambda: kind.chart(results, "no such outcome", **options))
    _refuses("sepia", lambda: kind.draw(table, theme="sepia"))


def _refuses(word: str, draw: Callable[[], Any]) -> None:
    said = ""
    try:
        draw()
    except OutcomeError as error:
        said = str(error)
    assert said, f"'{word}' is refused with an OutcomeError."
    assert word in said, f"The message names '{word}': {said}"
    assert is_sentence(said), f"A refusal says in a sentence what is wrong: {said}"


def _check_table(table: pd.DataFrame) -> None:
    assert isinstance(table, pd.DataFrame), "The table is a DataFrame."
    assert len(table), "The table has rows; a chart with nothing to draw raises an OutcomeError."
    assert table.columns.is_unique, "Columns have names of their own."
    about = table.attrs.get("chart")
    assert about, "The table has a caption: mesa_lab.processing.charts.caption.caption attaches one."
    json.dumps(table.attrs, allow_nan=False)
    assert about["title"], "A chart has a title."
    assert about["alt"], "A chart has a text in place of the picture."
    said = " ".join(about["subtitle"])
    assert is_sentence(said), f"What stands below the title is sentences: {said}"
    for text in (about["title"], said, about["alt"]):
        assert not _NO_WORDS.search(text.replace(ODD, "name")), text
    shown = readable(table)
    assert len(shown), "People can read the table: the caption names its columns."
    assert shown.columns.is_unique, "The labels of the columns differ."


def _check_drawing(kind: ChartKind, table: pd.DataFrame) -> None:
    """Check what is drawn in both themes, with and without tooltips, and one picture of it."""
    from mesa_lab.processing.export.chart_image import convert

    about = table.attrs["chart"]
    spec = kind.draw(table).to_dict()  # which checks it by Vega-Lite's schema
    check_titles(spec)
    assert _n_rows(spec) <= MOST_ROWS, "A chart stays small."
    assert spec.get("description") == about["alt"], "The picture has the text in its place."
    assert _title(spec) == " ".join(about["title"].split()), "The picture has the title of the table."
    for name in _fields(spec):
        assert re.fullmatch(r"\w+", name), f"Vega reads '{name}' as an expression: give columns plain names."
    dark = kind.draw(table, theme="dark", width=900).to_dict(validate=False)
    assert dark.get("background") != spec.get("background"), "The dark theme is dark."
    still = kind.draw(table, interactive=False, width=300).to_dict(validate=False)
    assert "ooltip" not in json.dumps(still), "Without interaction there are no tooltips."
    picture = str(convert(still, "svg"))
    assert "NaN" not in re.sub(r'aria-label="[^"]*"', "", picture), "Every mark has a place."
    assert "<img" not in picture, "Names of the user are escaped."


def _title(spec: dict[str, Any]) -> str:
    title = spec.get("title", "")
    text = title.get("text", "") if isinstance(title, dict) else title
    return " ".join(" ".join(text if isinstance(text, list) else [text]).split())


def _n_rows(spec: dict[str, Any]) -> int:
    return sum(len(rows) for rows in spec.get("datasets", {}).values())


def _fields(part: Any) -> Iterator[str]:
    """The fields that a specification draws."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "encoding":
                channels = [channel for channel in value.values() if isinstance(channel, dict)]
                yield from (channel["field"] for channel in channels if isinstance(channel.get("field"), str))
            yield from _fields(value)
    elif isinstance(part, list):
        for value in part:
            yield from _fields(value)
