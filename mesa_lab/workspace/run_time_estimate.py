"""How long runs take: what "Try it" measured, or what earlier studies of the same model needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mesa_lab.errors import MesaLabError
from mesa_lab.workspace.study_state import entries
from mesa_lab.workspace.test_run import Speed, estimate

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["cores", "learned", "seconds_for"]

_MOST_RUNS: Final = 200_000
"""A study of more runs takes too long to read for an estimate."""


def learned(workspace: Workspace, model: str) -> Speed | None:
    """Return what runs of a model cost in its latest study, None when it has none."""
    from mesa_lab.study import Study

    for entry in entries(workspace):
        if entry.facts is None or entry.facts.model != model or entry.standing is None:
            continue
        if not 0 < entry.standing.status.done <= _MOST_RUNS:
            continue
        try:
            with Study.open(entry.ref.path) as study:
                runs = study.runs_frame([], ["status", "steps", "init_seconds", "run_seconds"])
        except MesaLabError:
            continue
        runs = runs[runs["status"] == "done"]
        steps = float(runs["steps"].sum())
        if steps:
            return Speed(float(runs["init_seconds"].mean()), float(runs["run_seconds"].sum()) / steps)
    return None


def seconds_for(experiment: Experiment, runs: int, speed: Speed | None, processes: int) -> float | None:
    """Return about how long runs of an experiment take, None when that cannot be told.

    Args:
        experiment: The experiment.
        runs: How many runs.
        speed: What a run costs.
        processes: How many go on at once; -1 for one on each core.
    """
    if speed is None or experiment.max_steps is None:
        return None
    return estimate(speed, runs, experiment.max_steps, cores() if processes < 1 else processes)


def cores() -> int:
    """Return how many cores there are for runs."""
    import os

    count = os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
    return count or 1
