"""One HTML file that tells what was run and what came out, for people who have nothing but a browser.

It needs no network and no script: charts are pictures inside the page, in a light and a dark version, each with its
numbers in a table below. Everything that a user named is escaped.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.errors import MesaLabError
from mesa_lab.processing.analysis.influence import influence
from mesa_lab.processing.analysis.summary import is_number
from mesa_lab.processing.charts import ChartKind, find_chart, readable
from mesa_lab.processing.export import render
from mesa_lab.processing.narrative import experiment_in_words, model_doc, parameter_in_words
from mesa_lab.processing.saving import whole_file
from mesa_lab.processing.wording import label, number, plural, show

if TYPE_CHECKING:
    from mesa_lab.processing.results import Results

__all__ = ["write_report"]

MOST_OUTCOMES: Final = 4
MOST_ROWS: Final = 100
_FEW_POINTS: Final = 30


def write_report(
    results: Results, path: str | Path, title: str | None = None, outcomes: str | Sequence[str] | None = None
) -> Path:
    """Write a report.

    Args:
        results: What to report on; of a study that is still running, what is there by now.
        path: The HTML file.
        title: Its heading; None names the model.
        outcomes: The outcomes to draw; None takes the first four that are numbers. All are in the tables.

    Returns:
        The path.

    Raises:
        OutcomeError: If an outcome is unknown.
        ExportError: If the file cannot be written.

    Example:
        >>> write_report(results, "wolves.html", title="Wolves and sheep")  # doctest: +SKIP
        PosixPath('wolves.html')
    """
    from jinja2 import Environment, StrictUndefined

    path = Path(path)
    source = files("mesa_lab.processing").joinpath("report.html.j2").read_text(encoding="utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    text = page.from_string(source).render(**_content(results, title, outcomes))
    with whole_file(path) as draft:
        draft.write_text(text, encoding="utf-8")
    return path


def _content(results: Results, title: str | None, outcomes: str | Sequence[str] | None) -> dict[str, Any]:
    """Everything that the template shows, as plain data."""
    experiment = results.experiment
    numeric = [name for name in results.outcomes if _measured(results, name)]
    chosen = numeric[:MOST_OUTCOMES] if outcomes is None else results.outcome_list(outcomes)
    toml = _toml(experiment)
    return {
        "title": title or f"{results.model_name}: results of an experiment",
        "model": {
            "name": results.model_name,
            "reference": experiment.model
            if isinstance(experiment.model, str)
            else f"{experiment.model.__module__}:{experiment.model.__qualname__}",
            "doc": model_doc(experiment.model),
        },
        "sentences": experiment_in_words(results),
        "counts": _counts(results),
        "toml": toml,
        "toml_link": _data_uri("text/plain;charset=utf-8", toml.encode()),
        "parameters": _parameters(results),
        "design": _design(results),
        "overview": _overview(results, numeric),
        "by_point": _by_point(results, numeric),
        "sections": [_section(results, name) for name in chosen],
        "not_drawn": [label(name) for name in numeric if name not in chosen],
        "runs": _table(
            results.runs.head(20),
            f"The first {min(20, len(results.base))} of {plural(len(results.base), 'run')}",
        ),
        "timing": _timing(results),
        "failures": list(_failures(results)),
        "lost": _lost(results),
        "sessions": _sessions(results),
        "study": Path(str(getattr(results.study, "path", "experiment.study"))).name,
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _measured(results: Results, name: str) -> bool:
    values = results.values(name)
    return is_number(values) and bool(values[results.done].notna().any())


def _toml(experiment: Any) -> str:
    try:
        return str(experiment.to_toml())
    except MesaLabError as error:
        return f"# This experiment cannot be written as a file: {error}"


def _counts(results: Results) -> list[tuple[str, str, str]]:
    """Return (number, what, mood) for the figures at the top."""
    asked = len(results.points) * results.experiment.replications
    status = results.status
    waiting = asked - sum(status.values())
    counts = [
        (f"{len(results.points):,}", "design points", ""),
        (f"{results.experiment.replications:,}", "replications each", ""),
    ]
    counts.append((f"{status['done']:,}", "runs done", "good" if status["done"] == asked else ""))
    counts += [
        (f"{status[name]:,}", f"runs {name}", "bad") for name in ("failed", "timed out") if status[name]
    ]
    if waiting > 0:
        counts.append((f"{waiting:,}", "runs not yet done", "bad"))
    return counts


def _parameters(results: Results) -> dict[str, Any]:
    space = results.experiment.space
    rows = []
    for name, column in results.columns.items():
        values = results.points[column]
        if is_number(values) and not pd.api.types.is_bool_dtype(values.dtype):
            reached = f"{number(float(values.min()))} to {number(float(values.max()))}"
        else:
            reached = f"{values.astype(str).nunique()} levels"
        given = space.varied.get(name)
        rows.append([name, "points of the design" if given is None else parameter_in_words(given), reached])
    rows += [
        [name, "held fixed", show(value)]
        for name, value in space.fixed.items()
        if name not in results.columns
    ]
    return {
        "caption": "Parameters; the model's defaults hold for all others",
        "columns": ["parameter", "varied over", "reached"],
        "rows": rows,
        "numeric": [False] * 3,
        "more": "",
    }


def _design(results: Results) -> dict[str, Any]:
    from mesa_lab.preparation.preview import preview

    facts: list[tuple[str, str]] = []
    warnings: tuple[str, ...] = ()
    try:
        seen = preview(results.experiment)
    except Exception:  # a design may need a file or a function that is not here
        seen = None
    if seen is not None:
        warnings = tuple(seen.warnings)
        if seen.n_dropped:
            facts.append(("points dropped by constraints", f"{seen.n_dropped:,}"))
        for name, value in (
            ("centred discrepancy (lower is more even)", seen.discrepancy),
            ("largest correlation between parameters", seen.max_abs_correlation),
            ("smallest distance between points", seen.min_distance),
        ):
            if value is not None and np.isfinite(value):
                facts.append((name, number(float(value), 3)))
    matrix = results.points.reset_index()
    return {
        "facts": facts,
        "warnings": warnings,
        "matrix": _table(
            matrix.head(10), f"The first {min(10, len(matrix))} of {plural(len(matrix), 'design point')}"
        ),
    }


def _overview(results: Results, names: Sequence[str]) -> dict[str, Any] | None:
    """One row per outcome: where it lies over all points, and at which points it is lowest and highest."""
    rows = []
    for name in names:
        whole = results.aggregate(name, by=(), quantiles=()).iloc[0]
        points = results.aggregate(name, quantiles=())
        points = points[points["mean"].notna()]
        row = [label(name), f"{int(whole['n']):,}", number(float(whole["mean"])), number(float(whole["sd"]))]
        for position in (points["mean"].argmin(), points["mean"].argmax()):
            cell = points.iloc[int(position)]
            row += [_interval(cell), _where(results, int(cell["point"]))]
        rows.append(row)
    if not rows:
        return None
    columns = ["outcome", "runs", "mean", "sd", "lowest point mean", "where", "highest point mean", "where"]
    return {
        "caption": "Outcomes at the end of the runs: mean and standard deviation over all runs, and the design points with the lowest and the highest mean (with 95 % confidence interval)",
        "columns": columns,
        "rows": rows,
        "numeric": [False, True, True, True, True, False, True, False],
        "more": "",
    }


def _interval(cell: Any) -> str:
    mean, low, high = (float(cell[name]) for name in ("mean", "ci_low", "ci_high"))
    return (
        number(mean) if np.isnan(low) or np.isnan(high) else f"{number(mean)} [{number(low)}, {number(high)}]"
    )


def _where(results: Results, point: int) -> str:
    row = int(results.points.index.get_indexer(pd.Index([point]))[0])
    return (
        ", ".join(
            f"{name} {show(results.points[column].iloc[row])}" for name, column in results.columns.items()
        )
        or "–"
    )


def _by_point(results: Results, names: Sequence[str]) -> dict[str, Any] | None:
    if not names:
        return None
    names = names[:6]
    tables = {name: results.aggregate(name, quantiles=()).set_index("point") for name in names}
    first = tables[names[0]]
    rows = []
    parameters = list(results.points.columns)
    for point in first.index.to_numpy(dtype=np.int64)[:MOST_ROWS].tolist():
        at = int(results.points.index.get_indexer(pd.Index([point]))[0])
        values = [show(results.points[column].iloc[at]) for column in parameters]
        cells = [_interval(tables[name].loc[point]) for name in names]
        rows.append(
            [
                str(point),
                *values,
                *cells,
                f"{int(first.loc[point, 'n']):,}",
                f"{int(first.loc[point, 'n_failed']):,}",
            ]
        )
    more = f"The first {MOST_ROWS} of {len(first):,} points." if len(first) > MOST_ROWS else ""
    return {
        "caption": "Mean at each design point, with 95 % confidence interval",
        "columns": ["point", *parameters, *(label(name) for name in names), "runs", "failed"],
        "rows": rows,
        "numeric": [
            True,
            *(_is_numeric(results.points[column]) for column in parameters),
            *([True] * (len(names) + 2)),
        ],
        "more": more,
    }


def _section(results: Results, outcome: str) -> dict[str, Any]:
    """The charts of one outcome: over time, against what matters most, over two parameters, spread."""
    ranking = influence(results, outcome)
    order = [str(name) for name in ranking["parameter"]]
    wanted: list[tuple[str, dict[str, Any]]] = [("series", {})]
    wanted += [("effect", {"parameter": name}) for name in order[:2]]
    if len(order) >= 2:
        wanted.append(("heatmap", {"x": order[0], "y": order[1]}))
    wanted.append(("distribution", {}))
    if len(order) >= 3:
        wanted.append(("design", {}))
    figures = []
    for kind, options in wanted:
        try:
            figures.append(_figure(results, find_chart(kind), outcome, options))
        except MesaLabError:  # such as a series of what was measured at the end only
            continue
    shares = [
        (label(str(name)), f"{share:.0%}")
        for name, share in zip(ranking["parameter"], ranking["share"].to_numpy(dtype=np.float64), strict=True)
        if np.isfinite(share)
    ]
    return {"name": label(outcome), "raw": outcome, "figures": figures, "shares": shares[:8]}


def _figure(results: Results, kind: ChartKind, outcome: str, options: dict[str, Any]) -> dict[str, Any]:
    import altair as alt

    table = kind.table(results, outcome, **options)
    caption = table.attrs["chart"]
    pictures = {}
    for theme in ("light", "dark"):
        chart: Any = kind.draw(table, theme=theme, interactive=False, **_SIZES.get(kind.name, {}))
        chart.title = alt.Undefined  # the page says it, in text that can be found and wrapped
        chart.background = "transparent"
        pictures[theme] = _data_uri("image/svg+xml", str(render(chart, "svg")).encode())
    shown = readable(table)
    return {
        "title": caption["title"],
        "text": " ".join(caption["subtitle"]),
        "alt": caption["alt"],
        "wide": kind.name in ("series", "design"),
        **pictures,
        "table": _table(
            shown.head(MOST_ROWS),
            caption["title"],
            f"The first {MOST_ROWS} of {len(shown):,} rows." if len(shown) > MOST_ROWS else "",
        ),
    }


_SIZES: Final[dict[str, dict[str, int]]] = {
    "series": {"width": 880, "height": 280},
    "effect": {"width": 430, "height": 250},
    "heatmap": {"width": 340, "height": 250},
    "distribution": {"width": 400},
    "design": {"width": 640},
}


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _is_numeric(values: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)


def _table(frame: pd.DataFrame, caption: str, more: str = "") -> dict[str, Any]:
    columns = [[show(value) for value in frame.iloc[:, place]] for place in range(frame.shape[1])]
    return {
        "caption": caption,
        "columns": [str(name) for name in frame.columns],
        "rows": [list(row) for row in zip(*columns, strict=True)],
        "numeric": [_is_numeric(frame.iloc[:, place]) for place in range(frame.shape[1])],
        "more": more,
    }


def _timing(results: Results) -> str:
    if not results.done.any():
        return ""
    steps, seconds = (
        results.recorded(name)[results.done].astype("float64") for name in ("steps", "run_seconds")
    )
    return (
        f"A run took {number(float(seconds.median()), 2)} seconds (median; {number(float(seconds.min()), 2)} to "
        f"{number(float(seconds.max()), 2)}) and {number(float(steps.median()))} steps (median; {number(float(steps.min()))} "
        f"to {number(float(steps.max()))}). All together took {number(float(seconds.sum()), 3)} seconds of computing."
    )


def _failures(results: Results) -> Iterator[dict[str, Any]]:
    """Yield one entry per kind of failure, the most frequent first."""
    failures = results.failures
    kinds = failures.groupby(["status", "stage", "error_type", "message"], observed=True, sort=False)
    found = sorted((group for _, group in kinds), key=len, reverse=True)
    for group in found[:20]:
        first = group.iloc[0]
        columns = ["run_id", "point", "replication", "seed", *results.points.columns]
        yield {
            "count": plural(len(group), "run"),
            "status": str(first["status"]),
            "stage": str(first["stage"]),
            "type": str(first["error_type"]) or "Failure",
            "message": str(first["message"]),
            "traceback": str(first["traceback"]),
            "common": _common(results, group),
            "runs": _table(
                group[columns].head(10),
                "Runs that failed like this",
                f"The first 10 of {len(group):,}." if len(group) > 10 else "",
            ),
        }


def _common(results: Results, group: pd.DataFrame) -> list[str]:
    """Say which parameter values all of these runs share, where others were tried."""
    shared = []
    for name, column in results.columns.items():
        values = group[column].astype(str)
        if len(group) > 1 and values.nunique() == 1 and results.points[column].astype(str).nunique() > 1:
            shared.append(f"{name} = {show(group[column].iloc[0])}")
    return shared


def _lost(results: Results) -> str:
    noted = (
        results.recorded("notes").astype("str").str.strip()
        if "notes" in _columns(results)
        else pd.Series(dtype="str")
    )
    noted = noted[(noted != "") & (noted != "None") & (noted != "nan")]
    if not len(noted):
        return ""
    lines = noted.str.split("\n").explode().value_counts()
    return f"{plural(len(noted), 'run')} left a note: " + "; ".join(
        f"{text} ({count}×)" for text, count in lines.head(5).items()
    )


def _columns(results: Results) -> list[str]:
    return [str(name) for name in results.study.runs_frame(outcomes=[]).head(0).columns]


def _sessions(results: Results) -> list[dict[str, Any]]:
    read = getattr(results.study, "sessions", None)
    found = read() if callable(read) else []
    entries = []
    for session in found:
        source = session.get("model_source") or {}
        machine = session.get("machine") or {}
        entries.append(
            {
                "started": _moment(session.get("started")),
                "ended": _moment(session.get("ended")) or "not ended",
                "ending": session.get("ending") or "",
                "runs": f"{session.get('runs') or 0:,}",
                "machine": ", ".join(
                    part
                    for part in (
                        str(machine.get("system", "")),
                        f"{machine['cpus']} processors" if machine.get("cpus") else "",
                        f"{machine['memory_gib']} GiB" if machine.get("memory_gib") else "",
                    )
                    if part
                ),
                "python": session.get("python") or "",
                "packages": session.get("packages") or {},
                "commit": source.get("commit", ""),
                "dirty": bool(source.get("dirty")),
                "sha256": source.get("sha256", ""),
                "jobs": (session.get("settings") or {}).get("n_jobs", ""),
                "backend": (session.get("settings") or {}).get("backend", ""),
            }
        )
    return entries


def _moment(text: str | None) -> str:
    return "" if not text else text.replace("T", " ")[:19] + " UTC"
