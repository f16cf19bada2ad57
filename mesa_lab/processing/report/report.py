"""One HTML file that tells what was run and what came out, for people who have nothing but a browser.

It needs no network and no script: charts are pictures inside the page, in a light and a dark version, each with its
numbers in a table below. Everything that a user named is escaped.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.errors import ExportError, MesaLabError, OutcomeError
from mesa_lab.files import path_of
from mesa_lab.formatting import label, number, plural
from mesa_lab.processing.export.atomic_write import whole_file
from mesa_lab.processing.report.answers import answers
from mesa_lab.processing.report.description import experiment_in_words, model_doc
from mesa_lab.processing.report.figures import data_uri, sections
from mesa_lab.processing.report.run_records import code_notice, collector_tables, notes_table
from mesa_lab.processing.report.tables import (
    as_table,
    by_point_table,
    failure_kinds,
    overview_table,
    parameters_table,
)
from mesa_lab.processing.statistics.summary import is_number
from mesa_lab.processing.tables.contents import in_one_snapshot

if TYPE_CHECKING:
    from mesa_lab.processing.result_tables import ResultTables

__all__ = ["write_report"]

MOST_OUTCOMES: Final = 4


def _unheard(said: str) -> None:
    """Nobody listens."""


@in_one_snapshot
def write_report(
    results: ResultTables,
    path: str | Path,
    title: str | None = None,
    outcomes: str | Sequence[str] | None = None,
    progress: Callable[[str], object] = _unheard,
    *,
    goal: str | Mapping[str, str] | None = None,
    compare: Mapping[str, Any] | None = None,
) -> Path:
    """Write a report.

    Args:
        results: What to report on; of a study that is still running, what is there by now.
        path: The HTML file.
        title: Its heading; None names the model.
        outcomes: The outcomes to draw; None takes the first four that are numbers. All are in the tables.
        progress: Called with what is being done, such as "Charts of Wolves (1 of 2 outcomes)".
        goal: "max" where more is better, "min" where less is, for all outcomes or by outcome, such as `{"cost": "min"}`. Without
            it, and without a search that went for one, the best setting is the one with the most, and the report says so.
        compare: What is compared, as options of `Results.compare`, such as `{"by": "density", "base": 0.6, "scenario": 0.8}`.

    Returns:
        The path.

    Raises:
        OutcomeError: If an outcome is unknown, or a goal or an option of `compare` is wrong.
        ParameterError: If `compare` names a parameter or a level that there is not.
        ExportError: If the file cannot be written.

    Example:
        >>> write_report(results, "wolves.html", title="Wolves and sheep")  # doctest: +SKIP
        PosixPath('wolves.html')
    """
    from jinja2 import Environment, StrictUndefined

    path = path_of(path, "report", ExportError)
    source = files("mesa_lab.processing.report").joinpath("report.html.j2").read_text(encoding="utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page.filters["shell"] = shlex.quote
    with whole_file(path) as draft:  # first, so that a path that is wrong is said before all is drawn
        text = page.from_string(source).render(
            **_content(results, title, outcomes, progress, goal, compare or {})
        )
        draft.write_text(text, encoding="utf-8")
    return path


def _goals(
    results: ResultTables, goal: str | Mapping[str, str] | None, outcomes: Sequence[str]
) -> dict[str, str]:
    """What was said about outcomes, by their names."""
    if goal is None:
        return {}
    goals = dict(goal) if isinstance(goal, Mapping) else dict.fromkeys(outcomes, goal)
    for name, each in goals.items():
        results.outcome_list(name, measures=True)
        if each not in ("max", "min"):
            raise OutcomeError(
                f'The goal of {name} is {each!r}. Write "max" where more is better, "min" where less is.'
            )
    return goals


def _content(
    results: ResultTables,
    title: str | None,
    outcomes: str | Sequence[str] | None,
    progress: Callable[[str], object],
    goal: str | Mapping[str, str] | None,
    compare: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything that the template shows, as plain data."""
    experiment = results.experiment
    numeric = [name for name in results.outcomes if _measured(results, name)]
    chosen = numeric[:MOST_OUTCOMES] if outcomes is None else results.outcome_list(outcomes)
    goals = _goals(results, goal, chosen)
    toml = _toml(experiment)
    shown = sections(results, chosen, _of_each("Charts of", chosen, progress))
    unread = [one["damage"] for one in shown]
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
        "toml_link": data_uri("text/plain;charset=utf-8", toml.encode()),
        "parameters": parameters_table(results),
        "design": _design(results),
        "overview": overview_table(results, numeric),
        "by_point": by_point_table(results, numeric),
        "answers": answers(results, chosen, _of_each("Questions about", chosen, progress), goals, compare),
        "sections": shown,
        "not_drawn": [label(name) for name in numeric if name not in chosen],
        "runs": as_table(
            results.runs.head(20),
            f"The first {min(20, len(results.base))} of {plural(len(results.base), 'run')}",
        ),
        "timing": _timing(results),
        "failures": list(failure_kinds(results)),
        "code": code_notice(results),
        "notes": notes_table(results),
        "tables": list(collector_tables(results)),
        "sessions": _sessions(results),
        "study": Path(str(getattr(results.study, "path", "experiment.study"))).name,
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        # What is above has been read by now.
        "damage": list(dict.fromkeys([*results.damage.splitlines(), *filter(None, unread)])),
    }


def _of_each(
    what: str, outcomes: Sequence[str], progress: Callable[[str], object]
) -> Callable[[int], object]:
    """Return a function that says which of the outcomes is dealt with, by its place."""
    of = plural(len(outcomes), "outcome")
    return lambda place: progress(f"{what} {label(outcomes[place])} ({place + 1:,} of {of})")


def _measured(results: ResultTables, name: str) -> bool:
    values = results.values(name)
    return is_number(values) and bool(values[results.done].notna().any())


def _toml(experiment: Any) -> str:
    try:
        return str(experiment.to_toml())
    except MesaLabError as error:
        return f"# This experiment cannot be written as a file: {error}"


def _counts(results: ResultTables) -> list[tuple[str, str, str]]:
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
    shard = results.shard
    if shard is not None:
        counts.append((f"{shard.number} of {shard.of}", "the shard that is here", ""))
    elif waiting > 0:
        counts.append((f"{waiting:,}", "runs not yet done", "bad"))
    return counts


def _design(results: ResultTables) -> dict[str, Any]:
    from mesa_lab.preparation.limited_work.cost import needs_limits
    from mesa_lab.preparation.limited_work.limited_process import run_limited
    from mesa_lab.preparation.preview import preview

    facts: list[tuple[str, str]] = []
    warnings: tuple[str, ...] = ()
    design = results.experiment.design
    try:
        # To look at a study runs no code that it names, and waits for nothing that may have no end.
        if getattr(design, "runs_code", False):
            seen = None
        elif needs_limits(results.experiment):
            seen = run_limited(preview, _Designed(results))
        else:
            seen = preview(_Designed(results))
    except Exception:  # a design may need a file that is not here, or more time than there is
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
        "matrix": as_table(
            matrix.head(10), f"The first {min(10, len(matrix))} of {plural(len(matrix), 'design point')}"
        ),
    }


class _Designed:
    """An experiment whose design matrix is the points that a study holds: to draw them again takes a second, and may differ."""

    def __init__(self, results: ResultTables) -> None:
        self._experiment = experiment = results.experiment
        self.space, self.design, self.seed = experiment.space, experiment.design, experiment.seed
        self.replications = experiment.replications
        points = {name: results.points[column] for name, column in results.columns.items()}
        self._matrix = pd.DataFrame(
            {
                name: values.astype(object) if isinstance(values.dtype, pd.CategoricalDtype) else values
                for name, values in points.items()
            },
            index=results.points.index,
        )

    def design_matrix(self) -> pd.DataFrame:
        return self._matrix

    @property
    def n_dropped(self) -> int:
        return int(self._experiment.n_dropped)


def _timing(results: ResultTables) -> str:
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


def _sessions(results: ResultTables) -> list[dict[str, Any]]:
    entries = []
    for session in results.sessions:
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
