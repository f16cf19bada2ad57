"""What to run next: the same experiment with more replications or points, or one of another design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import number, plural
from mesa_lab.preparation.experiment import Experiment

if TYPE_CHECKING:
    from mesa_lab.processing.analysis.observations import Observations
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = [
    "NextRuns",
    "as_design",
    "fresh_runs",
    "in_total",
    "larger_design",
    "more_replications",
    "other_design",
    "out_of_proportion",
    "space_filling",
]

_FEW: Final = 5_000
"""So many more runs are never out of proportion."""
_MOST_TIMES: Final = 10
"""More than so many times the runs that there are is."""
_AFTER_SEARCH: Final = 10
"""Replications of a design that follows a search, at most."""


@dataclass(frozen=True, eq=False)
class NextRuns:
    """An experiment that would answer better.

    Attributes:
        experiment: The experiment, None where none can be given.
        runs: How many runs it takes beyond those that are there.
        grows: Whether it extends this study.
    """

    experiment: Experiment | None = None
    runs: int = 0
    grows: bool = True

    def fields(self, sentence: str) -> dict[str, Any]:
        """Return the arguments of a `Conclusion`; nothing at all where there is no experiment."""
        if self.experiment is None:
            return {}
        return {
            "next": self.experiment,
            "next_runs": self.runs,
            "next_grows": self.grows,
            "next_sentence": sentence,
        }


def in_total(results: Reader, grown: NextRuns) -> str:
    """Say what that is for each point and in total, as a sentence with a space before it; empty where nothing grows.

    Args:
        results: The results.
        grown: What would be run.
    """
    if grown.experiment is None or not grown.grows:
        return ""
    before: Any = results.experiment
    more, points = grown.experiment.replications - before.replications, len(results.points)
    if more > 0 and grown.runs == more * points:
        of = "the point" if points == 1 else f"each of the {points:,} points"
        return f" That is {plural(more, 'more run')} of {of}: {grown.runs:,} in total."
    return f" That is {plural(grown.runs, 'more run')} in total."


def out_of_proportion(results: Reader, runs: int) -> str:
    """Say that a study is not worth growing by so many runs, as a sentence; empty where it is.

    Args:
        results: The results.
        runs: How many more are proposed.
    """
    have = max(len(results.base), 1)
    if runs <= _FEW or runs <= _MOST_TIMES * have:
        return ""
    times = number(round(runs / have), 2)
    return (
        f"That is {times} times the {plural(have, 'run')} there are, and out of proportion: what takes so many to see is below "
        "what a study of this kind can tell. Take what the intervals say now, or settle for less precision."
    )


def more_replications(results: Reader, replications: int) -> NextRuns:
    """Return the same points with more replications."""
    experiment: Any = results.experiment
    if not isinstance(experiment, Experiment) or experiment.seeds is not None or results.searched is not None:
        return NextRuns()  # a search grows by its budget, and has other numbers of runs at other points
    return _more(experiment, replace(experiment, replications=max(replications, experiment.replications)))


def larger_design(results: Reader, factor: float = 2) -> NextRuns:
    """Return a design of so many times the size, where it keeps the points that are there."""
    experiment: Any = results.experiment
    if not isinstance(experiment, Experiment) or results.searched is not None:
        return NextRuns()
    design: Any = experiment.design
    if not getattr(design, "extensible", False):
        return NextRuns()
    known = {each.name for each in fields(design)}
    for name in ("size", "trajectories"):
        if name in known and isinstance(getattr(design, name), int):
            larger = replace(design, **{name: round(getattr(design, name) * factor)})
            return _more(experiment, replace(experiment, design=larger))
    return NextRuns()


def as_design(results: Reader, experiment: Experiment) -> Experiment:
    """Return an experiment with replications that suit a design of its own.

    Those of a search are as many as the point has that was run most often: one winner's, and far too many for every point.
    """
    if results.searched is None or experiment.seeds is not None:
        return experiment
    return replace(experiment, replications=min(experiment.replications, _AFTER_SEARCH))


def other_design(results: Reader, name: str, replications: int | None = None, **settings: Any) -> NextRuns:
    """Return the same experiment with another design: a study of its own."""
    from mesa_lab.preparation.designs import find_design

    experiment: Any = results.experiment
    if not isinstance(experiment, Experiment):
        return NextRuns()
    try:
        design = find_design(name)(**settings)
        changed: dict[str, Any] = {"design": design}
        if replications is not None and experiment.seeds is None:
            changed["replications"] = replications
        other = replace(as_design(results, experiment), **changed)
        return NextRuns(other, other.n_runs, grows=False)
    except MesaLabError:  # such as a design that takes no constraints
        return NextRuns()


def space_filling(results: Reader, observed: Observations) -> NextRuns:
    """Return a Latin hypercube in place of a design of few levels: ten points for each parameter, twice as many as now at least."""
    varied = results.experiment.space.varied
    if not any(
        hasattr(varied.get(factor.name), "low") for factor in observed.factors
    ):  # lists of levels leave nothing between
        return NextRuns()
    size = max(10 * len(observed.factors), 2 * observed.n_points)
    return other_design(results, "LatinHypercube", size=size)


def fresh_runs(results: Reader, observed: Observations, rows: Sequence[int], replications: int) -> NextRuns:
    """Return some of the points once more, with fresh seeds that they share: a study of its own.

    Args:
        results: The results.
        observed: An outcome at the points.
        rows: The rows of the points there, in the order in which they are to be run.
        replications: Runs of each.
    """
    from mesa_lab.preparation.designs import Table

    experiment: Any = results.experiment
    if not isinstance(experiment, Experiment):
        return NextRuns()
    held = {name: results.points[column].iloc[0] for name, column in results.columns.items()}
    values = [
        {**held, **{factor.name: factor.levels[factor.codes[row]] for factor in observed.factors}}
        for row in rows
    ]
    try:
        again = replace(
            experiment,
            design=Table(values),
            replications=replications,
            seeds=None,
            seed=experiment.seed + 1,
            common_random_numbers=True,
            constraints=(),
        )
        return NextRuns(again, again.n_runs, grows=False)
    except MesaLabError:  # such as values that no file holds
        return NextRuns()


def _more(before: Experiment, after: Experiment) -> NextRuns:
    try:
        runs = after.n_runs - before.n_runs
    except MesaLabError:
        return NextRuns()
    return NextRuns(after, runs) if runs > 0 else NextRuns()
