"""Search: an experiment, a method that decides what runs next, and how much it may run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

from mesa_lab.errors import ExperimentError, MesaLabError, OutcomeError, suggest
from mesa_lab.files import path_of
from mesa_lab.formatting import listing
from mesa_lab.preparation import validation
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.preparation.limits import shortened
from mesa_lab.preparation.parameters.space import ParameterSpace
from mesa_lab.preparation.settings import check_whole
from mesa_lab.search.history import RECORDED
from mesa_lab.search.method import Method

__all__ = ["Search"]

_BATCH: Final = 12
_UNITS: Final = {"s": 1, "sec": 1, "min": 60, "h": 3600, "d": 86_400}
_TIME: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|sec|min|h|d)\w*\s*")


@dataclass(frozen=True)
class Search:
    """An experiment whose next runs depend on what came out.

    Args:
        experiment: The model, its parameters with their ranges, how each run is stopped and measured, and the seed. A design says
            which points there are where a method chooses none (`UntilPrecise`, `Compare`, `Select`), and where the others start.
        method: How it is decided what runs next, such as `UntilPrecise("Wolves", relative=0.05)` or `Optimise("loss")`.
        budget: How much it may run: a number of runs, or a time such as "20 min". None for methods that end by themselves.
        batch: About how many runs are asked for at a time. Two batches are out at a time, so that twice this number of
            workers is kept busy; what is asked for does not depend on how many there are.

    Raises:
        ExperimentError: If the budget makes no sense, or the experiment cannot be searched.
        OutcomeError: If the experiment does not measure what the method looks at.

    Example:
        >>> import mesa_lab as ml
        >>> experiment = ml.Experiment("mesa.examples:Schelling", {"density": ml.Real(0.5, 0.9)}, max_steps=20)
        >>> ml.Search(experiment, ml.Optimise("happy", goal="max"), budget=60).budget_runs
        60
    """

    experiment: Experiment
    method: Method
    budget: int | str | None = None
    batch: int = _BATCH

    def __post_init__(self) -> None:
        if not isinstance(self.experiment, Experiment):
            raise ExperimentError(f"Search takes an Experiment first, not {shortened(self.experiment, 60)}.")
        if isinstance(self.method, type) or not isinstance(self.method, Method):
            raise ExperimentError(
                f"Search takes a method second, such as Optimise('loss', goal='min'), not {shortened(self.method, 60)}."
            )
        object.__setattr__(self, "batch", check_whole("batch", self.batch, least=1, most=100_000))
        if isinstance(self.budget, str):
            self._check_time()
        else:
            object.__setattr__(self, "budget", check_whole("budget", self.budget, least=1, optional=True))
        if self.budget is None and self.method.needs_budget:
            raise ExperimentError(
                f"{type(self.method).__name__} does not end by itself. Give a budget: a number of runs, or a time such as '20 min'."
            )
        self._check_experiment()
        self._check_outcomes()
        self.method.check(self.experiment)

    def _check_time(self) -> None:
        if _TIME.fullmatch(str(self.budget)) is None or not self.budget_seconds:
            raise ExperimentError(
                f"budget is {shortened(self.budget)}. Give a number of runs, or a time such as '90 s', '20 min' or '2 h'."
            )

    def _check_experiment(self) -> None:
        experiment = self.experiment
        if experiment.seeds is not None:
            raise ExperimentError(
                "The experiment lists its seeds, which says how many replications there are; a search decides that itself. Leave "
                "seeds out, or give common_random_numbers=True for paired comparisons."
            )
        if experiment.correlations and self.method.chooses_points:
            raise ExperimentError(
                "The experiment has correlations between parameters, which describe chance; a search chooses values itself. "
                "Leave correlations out, or say with constraints what must hold."
            )
        if self.method.chooses_points and not experiment.space.varied:
            raise ExperimentError(
                f"{type(self.method).__name__} has nothing to vary: all parameters are held fixed. Give one a range, such as "
                "Real(0, 1)."
            )

    def _check_outcomes(self) -> None:
        asked = self.experiment.outcomes
        if asked is None:  # what the model reports: known when it has run
            return
        known = [*(outcome.name for outcome in asked), *RECORDED]
        for name in self.method.outcomes:
            if name not in known:
                raise OutcomeError(
                    f"{type(self.method).__name__} looks at '{name}', which the experiment does not measure.{suggest(name, known)} It "
                    f"measures: {listing(known)}."
                )

    def check(self) -> None:
        """Import the model and see that all that is asked of it by name exists, before anything runs.

        Raises:
            ExperimentError: If what the method needs is not installed here.
            ModelError: If the model cannot be found.
            ParameterError: If it does not take one of the parameters.
            OutcomeError: If it, or its agents, have none of that name to measure, or the method looks at what the model does not
                report and the experiment does not name.
        """
        self.method.require()
        experiment = self.experiment
        if self.method.chooses_points:  # which has no points yet: the middle of its ranges stands for them
            middle = [self.space.base]
            experiment = experiment.replace(design=middle, constraints=(), correlations=None)
        validation.check(experiment, reported=[name for name in self.method.outcomes if name not in RECORDED])

    @property
    def space(self) -> ParameterSpace:
        """The parameters with their ranges and constraints."""
        return self.experiment.space

    @property
    def budget_runs(self) -> int | None:
        """The largest number of runs; None where the budget is a time, or there is none."""
        return self.budget if isinstance(self.budget, int) else None

    @property
    def budget_seconds(self) -> float | None:
        """The longest time in seconds; None where the budget is a number of runs, or there is none."""
        match = _TIME.fullmatch(self.budget) if isinstance(self.budget, str) else None
        return None if match is None else float(match[1]) * _UNITS[match[2]]

    def share_spent(self, runs: int, seconds: float) -> float:
        """Return which share of the budget is spent, from 0 to 1."""
        if self.budget_runs is not None:
            return min(runs / self.budget_runs, 1.0)
        if self.budget_seconds is not None:
            return min(seconds / self.budget_seconds, 1.0)
        return 0.0

    @cached_property
    def base_points(self) -> Sequence[Mapping[str, Any]]:
        """The points of the experiment's design: rows of values of the varied parameters."""
        if self.method.chooses_points and type(self.experiment.design).__name__ == "FullFactorial":
            return ()  # no design was given
        names = tuple(self.space.varied)
        return tuple({name: point[name] for name in names} for point in self.experiment.points())

    def replace(self, **changes: Any) -> Self:
        """Return the search with some fields changed.

        Example:
            >>> import mesa_lab as ml
            >>> experiment = ml.Experiment("mesa.examples:Schelling", {"density": ml.Real(0.5, 0.9)})
            >>> ml.Search(experiment, ml.Optimise("happy"), budget=60).replace(budget=120).budget
            120
        """
        return replace(self, **changes)

    # ------------------------------------------------------------ files

    def to_plain(self) -> dict[str, Any]:
        """Return the settings beside the experiment as plain data: what stands in a file below `[search]`."""
        plain: dict[str, Any] = {"method": self.method.name}
        if self.budget is not None:
            plain["budget"] = self.budget
        if self.batch != _BATCH:
            plain["batch"] = self.batch
        return plain | self.method.to_plain()

    @classmethod
    def from_plain(cls, experiment: Experiment, plain: Mapping[str, Any]) -> Self:
        """Read the settings of a search.

        Args:
            experiment: What is searched.
            plain: What `to_plain` returns.

        Raises:
            ExperimentError: If a setting is unknown or makes no sense.
        """
        from mesa_lab.search.methods import find_method

        settings = dict(plain)
        name = settings.pop("method", None)
        own = {key: settings.pop(key) for key in ("budget", "batch") if key in settings}
        try:
            return cls(experiment, find_method(name).from_plain(settings), **own)
        except TypeError as error:
            raise ExperimentError(f"The search cannot be read: {error}.") from None

    def to_toml(self) -> str:
        """Return the search as the text of an experiment file with a table `[search]`."""
        from mesa_lab.preparation.experiment_file.write import plain_to_toml, to_plain

        return plain_to_toml({**to_plain(self.experiment), "search": self.to_plain()})

    def save(self, path: str | Path) -> None:
        """Write the search as an experiment file with a table `[search]`.

        Raises:
            ExperimentError: If the file cannot be written, or a function of it has no name.
        """
        from mesa_lab.preparation.experiment_file.write import write

        write(self.experiment, path_of(path, "search", ExperimentError), search=self.to_plain())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a search from an experiment file with a table `[search]`. Nothing in it is run.

        Raises:
            ExperimentError: If the file is missing, is no TOML, or describes no search.
        """
        from mesa_lab.preparation.experiment_file.read import read_with_search

        experiment, plain = read_with_search(path_of(path, "search", ExperimentError), Experiment)
        if plain is None:
            raise ExperimentError(
                f'\'{path}\' has no table [search]. Add one, such as [search] with method = "optimise" and outcome = "loss", or run '
                "the experiment as it is: mesa-lab run."
            )
        try:
            return cls.from_plain(experiment, plain)
        except MesaLabError as error:
            raise type(error)(f"{path}: [search]: {error}") from None
