"""Charts of a calibration: what fits over two parameters, the data beside it, and each parameter by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.formatting import number, plural
from mesa_lab.preparation.parameters.space import Choice
from mesa_lab.processing.analysis.conclusion import ConclusionChart
from mesa_lab.processing.analysis.scatter_chart import cloud
from mesa_lab.processing.charts.caption import caption
from mesa_lab.processing.charts.theme import finish, theme_of
from mesa_lab.processing.charts.tooltips import tooltips

if TYPE_CHECKING:
    import altair as alt

    from mesa_lab.processing.analysis.calibration.fit import Fit

__all__ = ["charts_of"]

_DRAWN: Final = 600


def charts_of(fit: Fit) -> list[ConclusionChart]:
    """Return the charts: the pair that is told apart least, then the data beside what fits."""
    found = [_beside(fit)]
    numeric = [name for name, each in fit.space.varied.items() if not isinstance(each, Choice)]
    if len(numeric) > 1:
        pairs = fit.pairs.reindex(fit.pairs["correlation"].abs().sort_values(ascending=False).index)
        across, up = str(pairs["first"].iloc[0]), str(pairs["second"].iloc[0])
        found.insert(0, _pair(fit, across, up))
    return found


def _pair(fit: Fit, across: str, up: str) -> ConclusionChart:
    values = fit.space.from_unit(fit.drawn[:_DRAWN])
    tried = fit.results.points
    columns = fit.results.columns
    rows = pd.DataFrame(
        {
            "x": [*values[across].astype(float)],
            "y": [*values[up].astype(float)],
            "colour": "fits the data",
        }
    )
    if across in columns and up in columns:
        other = pd.DataFrame(
            {
                "x": tried[columns[across]].astype(float).to_numpy(),
                "y": tried[columns[up]].astype(float).to_numpy(),
                "colour": "tried",
            }
        ).head(_DRAWN)
        rows = pd.concat([other, rows], ignore_index=True)
    correlation = float(
        fit.pairs.loc[(fit.pairs["first"] == across) & (fit.pairs["second"] == up), "correlation"].iloc[0]
    )
    sentences = [
        f"{plural(int((rows['colour'] == 'fits the data').sum()), 'setting')} drawn by how well they fit the data; rank correlation "
        f"{number(correlation, 2)}."
    ]
    if any({across, up} == {first, second} for first, second, _ in fit.ridges):
        sentences.append("A ridge: along it the data tell nothing.")
    return cloud(
        rows,
        "posterior",
        "What fits",
        sentences,
        {"x": across, "y": up, "colour": "setting"},
        ("fits the data", "tried"),
    )


def _beside(fit: Fit) -> ConclusionChart:
    rows = fit.compared.copy()
    rows["place"] = [
        float(step) if np.isfinite(step) else float(place) for place, step in enumerate(rows["step"])
    ]
    rows["name"] = [each.name for each in fit.components]
    shown = caption(
        rows[["outcome", "name", "place", "observed", "mean", "low", "high"]],
        "beside",
        "The data beside what fits",
        [
            f"Points are the data; the band is where {number(100 * fit.level)} % of the runs of settings that fit are expected."
        ],
        {"name": "target", "observed": "observed", "mean": "mean of what fits", "low": "low", "high": "high"},
        series=bool(np.isfinite(rows["step"]).all()),
    )
    return ConclusionChart("beside", "The data beside what fits", shown, _draw_beside)


def _draw_beside(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 440,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    tips = tooltips(
        about["columns"], dict.fromkeys(("observed", "mean", "low", "high"), ".4~g"), interactive=interactive
    )
    panels: list[Any] = []
    names = list(dict.fromkeys(table["outcome"])) if about["series"] else [""]
    for name in names[:4]:
        rows = table if not name else table[table["outcome"] == name]
        rows = rows.reset_index(drop=True)
        rows.attrs = {}
        y: Any = {"title": name or "value", "scale": alt.Scale(zero=False)}
        base = alt.Chart(rows)
        if about["series"]:
            x: Any = alt.X("place:Q", title="step")
            behind = [
                base.mark_area(opacity=0.22, color=look.accent).encode(
                    x=x, y=alt.Y("low:Q", **y), y2="high:Q"
                ),
                base.mark_line(color=look.accent, strokeWidth=2).encode(x=x, y=alt.Y("mean:Q", **y)),
            ]
        else:
            x = alt.X("name:N", title=None, sort=rows["name"].tolist())
            behind = [
                base.mark_rule(color=look.accent, strokeWidth=3, opacity=0.5).encode(
                    x=x, y=alt.Y("low:Q", **y), y2="high:Q"
                ),
                base.mark_tick(color=look.accent, thickness=2).encode(x=x, y=alt.Y("mean:Q", **y)),
            ]
        data = base.mark_point(filled=True, size=60, opacity=1, color=look.ink).encode(
            x=x, y=alt.Y("observed:Q", **y), tooltip=tips
        )
        panels.append(alt.layer(*behind, data, width=width, height=height or 180))
    chart = panels[0] if len(panels) == 1 else alt.vconcat(*panels)
    return finish(chart, table, look, width)
