"""Try it: one run of a model in a worker process, to see what it does and how long it takes.

It goes the way that all runs go, so what it says about time holds for them: same runner, same
collection, a process of its own that can be stopped and cannot harm the page. Its measured speed is
the basis of every estimate of how long a design will take. No page is known here.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.preparation.outcomes import Outcome, parse_outcomes
from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.study.records import FailureRecord, Scalar, Task

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Speed", "Stopper", "Trial", "estimate", "try_model", "value_over_time"]

STEPS: Final = 100
TIME_LIMIT: Final = 60.0
"""Seconds after which a trial ends by itself."""

_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Speed:
    """What one run costs.

    Attributes:
        init_seconds: Set-up.
        step_seconds: Each step, with what is measured after it.
    """

    init_seconds: float
    step_seconds: float

    def run_seconds(self, steps: float) -> float:
        """Return how long a run of so many steps takes."""
        return self.init_seconds + steps * self.step_seconds


@dataclass(frozen=True, eq=False)
class Trial:
    """What one run showed.

    Attributes:
        status: "done", "failed", "timed out" or "stopped".
        steps: Steps taken.
        seconds: What the run took, set-up included.
        speed: What a run costs, None when no step was taken.
        outcomes: Final values by name.
        series: One row per step, with the columns step, time and one per outcome; None when nothing was collected.
        failure: What went wrong, or None.
        notes: What a reader should know.
        parameters: What differed from the model's defaults.
        seed: The run's seed.
    """

    status: str
    steps: int = 0
    seconds: float = 0.0
    speed: Speed | None = None
    outcomes: Mapping[str, Scalar] = field(default_factory=dict)
    series: pd.DataFrame | None = None
    failure: FailureRecord | None = None
    notes: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 42


class Stopper:
    """Lets another thread end a trial."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End the trial at once."""
        self._stopped.set()

    def stopped(self) -> bool:
        """Whether to end at once."""
        return self._stopped.is_set()

    def paused(self) -> bool:
        """Trials do not pause."""
        return False


def try_model(
    model: type | str,
    parameters: Mapping[str, Any] | None = None,
    *,
    steps: int = STEPS,
    seed: int = 42,
    time_limit: float = TIME_LIMIT,
    stopper: Stopper | None = None,
    outcomes: Sequence[str] | None = None,
) -> Trial:
    """Run a model once in a worker process.

    Args:
        model: A class, or the text that finds one.
        parameters: What differs from the model's defaults.
        steps: How many steps, if it does not stop by itself.
        seed: The run's seed.
        time_limit: Seconds after which the run is given up; its series so far is kept.
        stopper: Ends it earlier.
        outcomes: What is measured at each step; None for every model reporter.

    Returns:
        What it showed; a model that raises gives a failure, not an error.

    Raises:
        RunError: If the worker process cannot load the model.

    Example:
        >>> try_model("mesa.examples:Schelling", steps=3).status
        'done'
    """
    from mesa_lab.running.stream import stream

    stopper = stopper or Stopper()
    protocol = Protocol(model, max_steps=steps, timeout=time_limit, outcomes=parse_outcomes(outcomes or None))
    given = dict(parameters or {})
    task = Task(0, 0, 0, seed, given)
    with _one_at_a_time:
        batches = list(stream(protocol, [task], n_jobs=1, control=stopper))
    if not batches:
        return Trial("stopped", parameters=given)
    batch = batches[0]
    run = batch.runs[0]
    ran = run.init_seconds + run.run_seconds
    speed = Speed(run.init_seconds, run.run_seconds / run.steps) if run.steps else None
    finals = dict(zip(batch.outcome_names, batch.finals[0], strict=True)) if batch.finals else {}
    failure = batch.failures[0] if batch.failures else None
    notes = tuple(line for line in run.notes.splitlines() if line)
    return Trial(
        run.status, run.steps, ran, speed, finals, _series(batch.series), failure, notes, given, seed
    )


def estimate(speed: Speed, runs: int, steps: int, processes: int) -> float:
    """Return about how many seconds a design takes.

    Args:
        speed: From a trial.
        runs: How many runs.
        steps: The most steps that a run takes.
        processes: How many run at once.
    """
    return speed.run_seconds(steps) * runs / max(1, min(processes, runs))


def value_over_time(series: pd.DataFrame, outcome: Outcome, max_steps: float) -> tuple[Any, str]:
    """Return what an outcome over time is in one run, counted as it is counted while a run goes.

    Args:
        series: With a column "step" and one for each name that the outcome speaks of.
        outcome: The outcome; one over time.
        max_steps: After how many steps every run ends, for one that is carried on; infinity for runs that only stop themselves.

    Returns:
        The value, None where there is none; and why there is none, or "".

    Example:
        >>> import pandas as pd
        >>> run = pd.DataFrame({"step": [0, 1, 2, 3], "infected": [1, 5, 9, 2]})
        >>> value_over_time(run, Outcome("infected", over="mean", warm_up=2), 3)
        (5.5, '')
        >>> value_over_time(run, Outcome("infected", over="time of max"), 3)
        (2, '')
    """
    from mesa_lab.running.collection.notes import Notes
    from mesa_lab.running.collection.over_time import Summaries

    notes = Notes()
    summaries = Summaries({outcome.name: outcome}, notes)
    names = [str(name) for name in series.columns]
    last = 0
    for values in series.itertuples(index=False, name=None):
        row = dict(zip(names, values, strict=True))
        last = int(row["step"])
        current = {outcome.name: row[outcome.text]} if outcome.text in row else {}
        summaries.take(current, last, row.__getitem__)
    value = summaries.results(last, max_steps)[outcome.name]
    return value, "" if value is not None else " ".join(notes.lines())


def _series(data: bytes | None) -> pd.DataFrame | None:
    if data is None:
        return None
    from mesa_lab.running.collection.arrow_columns import decode_table

    frame = decode_table(data).to_pandas()
    series: pd.DataFrame = frame.drop(columns="run_id")
    return series
