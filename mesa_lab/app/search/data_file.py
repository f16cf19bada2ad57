"""A file of observed values for a search: which of its columns is which outcome and which holds the steps, and the data over a trial run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import solara
import solara.lab

from mesa_lab.app.components.chart import Chart
from mesa_lab.app.components.controls import Action, Choose
from mesa_lab.app.components.html import tag
from mesa_lab.app.components.series_chart import SIZE, line
from mesa_lab.errors import ExperimentError, MesaLabError
from mesa_lab.formatting import listing
from mesa_lab.preparation.limits import FILE_BYTES
from mesa_lab.workspace.test_run import Trial, try_model
from mesa_lab.workspace.trust import is_trusted

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.preparation.experiment import Experiment

__all__ = ["STEP", "DataFile", "DataForm", "DataOverTrial", "data_over_run", "read_data_file"]

STEP: Final = "the steps"
_LEFT_OUT: Final = "left out"
_STEP_NAMES: Final = ("step", "steps", "tick", "t", "time", "day", "week", "year")
_MOST_COLUMNS: Final = 12
_MOST_CHARTS: Final = 4
_TIME_LIMIT: Final = 30.0


@dataclass(frozen=True, eq=False)
class DataFile:
    """A file that was uploaded.

    Attributes:
        name: What it is called.
        table: What stands in it.
        uses: What each column is: an outcome, `STEP` for the steps, or "left out".
    """

    name: str
    table: pd.DataFrame
    uses: Mapping[str, str]

    def targets(self) -> dict[str, Any]:
        """Return the observed values by outcome.

        Raises:
            ExperimentError: If none is left, or two columns are the same.
        """
        from mesa_lab.processing.analysis.calibration.targets import plain_targets, targets_of

        steps = [column for column, use in self.uses.items() if use == STEP]
        outcomes = {column: use for column, use in self.uses.items() if use not in (STEP, _LEFT_OUT)}
        if len(steps) > 1 or len(set(outcomes.values())) < len(outcomes):
            raise ExperimentError("Two columns are said to be the same. Leave one of them out.")
        if not outcomes:
            raise ExperimentError(f"Say which column of '{self.name}' is which outcome.")
        if not steps and len(self.table) != 1:
            raise ExperimentError(
                f"'{self.name}' has {len(self.table)} rows: say which column holds the steps, or give one row with what was observed at the end."
            )
        found = targets_of(self.table, outcomes, steps[0] if steps else None, self.name)
        plain_targets(found)
        return found


def read_data_file(name: str, data: bytes | None, outcomes: Sequence[str]) -> DataFile:
    """Read a file that was uploaded, and guess which column is which.

    Args:
        name: What it is called.
        data: What stands in it; None where it is too large.
        outcomes: What the model reports.

    Raises:
        ExperimentError: If it is too large, or no table.
    """
    from mesa_lab.processing.analysis.calibration.data_table import read_table

    if data is None:
        raise ExperimentError(f"'{name}' is larger than {FILE_BYTES // 1_000_000} MB.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        path.write_bytes(data)
        try:
            table = read_table(path)
        except ExperimentError as error:
            raise ExperimentError(str(error).replace(str(path), name)) from None
    if not len(table.columns) or len(table.columns) > _MOST_COLUMNS:
        raise ExperimentError(
            f"'{name}' has {len(table.columns)} columns. Give up to {_MOST_COLUMNS}: the steps, and one for each outcome."
        )
    by_name = {outcome.lower(): outcome for outcome in outcomes}
    steps = next((column for column in table.columns if column.lower() in _STEP_NAMES), None)
    uses = {
        column: STEP
        if column == steps and column.lower() not in by_name
        else by_name.get(column.lower(), _LEFT_OUT if outcomes else column)
        for column in table.columns
    }
    return DataFile(name, table, uses)


@solara.component
def DataForm(value: DataFile, on_value: Callable[[DataFile], None], outcomes: Sequence[str]) -> None:
    """Ask which column is what.

    Args:
        value: The file.
        on_value: Called with the file, its columns understood in another way.
        outcomes: What the model reports.
    """
    names = [
        *dict.fromkeys([*outcomes, *(use for use in value.uses.values() if use not in (STEP, _LEFT_OUT))])
    ]
    items = [(STEP, STEP), *((name, name) for name in names), (_LEFT_OUT, _LEFT_OUT)]
    with tag("div", "ml-grid ml-grid-small", role="group", aria_label="The columns of the file"):
        for column in value.table.columns:
            Choose(
                f"Column {column}",
                value.uses[column],
                lambda use, column=column: on_value(replace(value, uses={**value.uses, column: use})),
                items,
            ).key(column)


def data_over_run(targets: Mapping[str, Any], series: pd.DataFrame | None) -> list[tuple[str, Any, Any]]:
    """Draw observed values over one run of the model.

    Args:
        targets: Observed values by outcome.
        series: The outcomes of the run by step; None where there is no run.

    Returns:
        For each outcome its name, an altair chart and its table.
    """
    import altair as alt
    import pandas as pd

    found = []
    for name, value in list(targets.items())[:_MOST_CHARTS]:
        run = None if series is None or name not in series else series[["step", name]]
        last = 0 if run is None or run.empty else int(run["step"].max())
        pairs = value if isinstance(value, list) else [[last, value]]
        data = pd.DataFrame({"step": [row[0] for row in pairs], "value": [row[1] for row in pairs]})
        points = (
            alt.Chart(data)
            .mark_point(filled=True, size=46, color="#c2410c", opacity=1)
            .encode(
                x=alt.X("step:Q", title="Step"),
                y=alt.Y("value:Q", title=None),
                tooltip=[
                    alt.Tooltip("step:Q", title="Step"),
                    alt.Tooltip("value:Q", title="Observed", format=",.4~g"),
                ],
            )
        )
        chart = points if run is None else line(run, name) + points
        table = data.rename(columns={"value": "observed"})
        if run is not None:
            table = table.merge(run.rename(columns={name: "one run"}), on="step", how="outer")
        found.append((name, chart.properties(**SIZE), table))
    return found


@solara.component
def DataOverTrial(
    targets: Mapping[str, Any],
    experiment: Experiment | None,
    trial: Trial | None,
    on_trial: Callable[[Trial], None],
) -> None:
    """Show observed values over one run in the middle of the ranges.

    Args:
        targets: Observed values by outcome.
        experiment: What is searched.
        trial: The run that is known; None before there is one.
        on_trial: Called with a new run.
    """
    asked, set_asked = solara.use_state(0)
    problem, set_problem = solara.use_state("")
    steps = max((row[0] for value in targets.values() if isinstance(value, list) for row in value), default=0)
    if experiment is not None and experiment.max_steps:
        steps = min(max(steps, 1), experiment.max_steps) if steps else experiment.max_steps

    def run() -> None:
        if not asked or experiment is None:
            return
        try:
            on_trial(
                try_model(
                    str(experiment.model),
                    {**experiment.space.fixed, **experiment.space.base},
                    steps=max(steps, 1),
                    time_limit=_TIME_LIMIT,
                )
            )
            set_problem("")
        except MesaLabError as error:
            set_problem(str(error))

    task = solara.lab.use_task(run, dependencies=[asked], raise_error=False)
    busy = asked > 0 and task.pending
    series = trial.series if trial is not None else None
    with tag("div", "ml-stack"):
        with tag("div", "ml-charts"):
            for name, chart, table in data_over_run(targets, series):
                with tag("figure", "ml-figure").key(name):
                    tag(
                        "figcaption",
                        "",
                        f"{name}: the data" + (" over one run" if series is not None else ""),
                    )
                    Chart(chart, f"What was observed of {name} by step", table=table, filename=name)
        with tag("div", "ml-actions"):
            if experiment is not None and is_trusted(str(experiment.model)):
                Action(
                    "Running …" if busy else "Run it once in the middle of the ranges",
                    lambda: set_asked(asked + 1),
                    icon="mdi-play",
                    disabled=busy,
                )
            tag("span", "ml-error-text", problem or _missing(targets, series), role="status")


def _missing(targets: Mapping[str, Any], series: pd.DataFrame | None) -> str:
    """Say which observed outcomes a run has not shown."""
    unseen = [] if series is None else [name for name in targets if name not in series]
    return f"The run has no numbers of {listing(unseen, 3)} by step." if unseen else ""
