"""Experiment: a model, a parameter space, a design, and how each run is stopped and measured.

Frozen data. It runs nothing, and opening one from a file imports no model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesa_lab.errors import ExperimentError
from mesa_lab.preparation.parameters.space import ParameterSpace
from mesa_lab.preparation.run_configuration import Protocol, RunConfiguration, check_whole
from mesa_lab.preparation.seeds import SEED_BITS, derive_seed, point_keys

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.preparation.designs import Design

__all__ = ["Experiment"]


@dataclass(frozen=True, repr=False)
class Experiment:
    """A model, the points at which to run it, and how to run and measure it.

    Args:
        model: A Mesa model class, `"package.module:Class"` or `"path/file.py:Class"`.
        parameters: What varies and what is held fixed, by name: `Real`, `Integer`, `Choice` or a list of levels vary, a
            plain value is held fixed. The model's defaults hold for the rest.
        design: How points are chosen from the space. None means a full factorial.
        replications: Runs of each point, each with a seed of its own.
        max_steps: Stop a run after so many steps. Without any stop rule: 1000, as in Mesa's batch_run.
        seed: The experiment's seed, from which the seed of every run and of the design derive.
        outcomes: What is measured: None for every model reporter; names of reporters or model attributes, statistics
            over agents such as `"count(Wolf)"` or `"mean(Wolf.energy)"`; or a mapping from name to a function of the model.
        agents: Agent-level data: False for none, True for the model's agent reporters, names of attributes, or a mapping
            from agent type to such names.
        constraints: Expressions between parameters; points that break one are dropped (`"initial_wolves < initial_sheep"`).
        period: Collect every so many steps, and the last; -1 only at the end.
        max_time: Stop a run when the model's simulated time reaches this.
        stop_when: Stop a run when this holds after a step: an expression over the model's attributes, or a function of it.
        timeout: Wall-clock seconds after which a run is ended and recorded as timed out.
        common_random_numbers: Give all points the same seed in a replication, for paired comparisons.
        seeds: Explicit seeds, one for each replication and the same for all points; takes the place of `replications`.

    Raises:
        ExperimentError: If a number is out of range, or two settings contradict each other.
        ParameterError: If a parameter is unknown to the model class, or its range is wrong.
        OutcomeError: If an outcome is malformed.

    Example:
        >>> import mesa_lab as ml
        >>> experiment = ml.Experiment("mesa.examples:Schelling", {"density": [0.6, 0.8]}, replications=3, max_steps=20)
        >>> experiment.n_points, experiment.n_runs
        (2, 6)
    """

    model: type | str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    design: Design | Callable[..., Any] | None = None
    replications: int = 1
    max_steps: int | None = None
    seed: int = 0
    outcomes: Any = None
    agents: Any = False
    constraints: Sequence[str] = ()
    period: int = 1
    max_time: float | None = None
    stop_when: str | Callable[[Any], Any] | None = None
    timeout: float | None = None
    common_random_numbers: bool = False
    seeds: Sequence[int] | None = None

    def __post_init__(self) -> None:
        from mesa_lab.preparation.designs import as_design
        from mesa_lab.preparation.models import check_parameters, load_model

        settle = object.__setattr__
        if not isinstance(self.model, str):
            load_model(self.model)  # an agent's class or an instance would be found out much later
        if not isinstance(self.parameters, Mapping):
            raise ExperimentError(
                f"parameters is {self.parameters!r:.80}. Give a dict from each parameter to what it may be: "
                '{"density": Real(0.5, 0.9), "radius": [1, 2], "width": 20}.'
            )
        if self.seeds is not None:
            settle(self, "seeds", _check_seeds(self.seeds, self.replications))
            settle(self, "replications", len(self.seeds))
            if self.common_random_numbers:
                raise ExperimentError(
                    "seeds already gives all points the same seeds: leave common_random_numbers out."
                )
        check_whole("replications", self.replications, least=1)
        check_whole("seed", self.seed, least=0)
        settle(self, "design", as_design(self.design))
        settle(self, "parameters", dict(self.parameters))
        settle(
            self,
            "constraints",
            (self.constraints,) if isinstance(self.constraints, str) else tuple(self.constraints),
        )
        protocol = self.protocol
        for name in ("max_steps", "outcomes", "agents"):
            settle(self, name, getattr(protocol, name))
        varied, fixed = self.space.varied, self.space.fixed  # a list of levels has become Levels
        settle(self, "parameters", {name: {**varied, **fixed}[name] for name in self.parameters})
        if isinstance(self.model, type):
            check_parameters(self.model, self.parameters)

    @cached_property
    def protocol(self) -> Protocol:
        """How each run is stopped and measured."""
        return Protocol(
            model=self.model,
            max_steps=self.max_steps,
            max_time=self.max_time,
            stop_when=self.stop_when,
            timeout=self.timeout,
            period=self.period,
            outcomes=self.outcomes,
            agents=self.agents,
        )

    @cached_property
    def space(self) -> ParameterSpace:
        """The parameters with their ranges and constraints."""
        return ParameterSpace(self.parameters, self.constraints)

    @cached_property
    def _sampled(self) -> tuple[pd.DataFrame, int]:
        """The design matrix, and how many points the constraints dropped from it."""
        assert self.design is not None
        points = self.design.points(self.space, self.seed)  # type: ignore[union-attr]
        allowed = self.space.allowed(points)
        matrix = points[allowed].reset_index(drop=True).rename_axis("point")
        if len(points) and not len(matrix):
            raise ExperimentError(
                f"The constraints leave none of the {len(points)} design points: {', '.join(self.constraints)}. "
                "Widen the ranges or drop a constraint."
            )
        return matrix, len(points) - len(matrix)

    def design_matrix(self) -> pd.DataFrame:
        """Return the design points.

        Returns:
            One row per design point (index `point`, from 0), one column per varied parameter.

        Raises:
            DesignError: If the design cannot be made from this space.
            ExperimentError: If the constraints leave no point.
        """
        return self._sampled[0].copy()

    @property
    def n_dropped(self) -> int:
        """How many points of the design break a constraint."""
        return self._sampled[1]

    @property
    def n_points(self) -> int:
        """The number of design points."""
        return len(self._sampled[0])

    @property
    def n_runs(self) -> int:
        """The number of runs: points times replications."""
        return self.n_points * self.replications

    def points(self) -> Iterator[dict[str, Any]]:
        """Yield the parameters of each design point, fixed ones included, as the model takes them."""
        matrix = self._sampled[0]
        fixed = self.space.fixed
        columns = [_plain(matrix[name]) for name in matrix.columns]
        names = [str(name) for name in matrix.columns]
        if not names:
            yield from ({**fixed} for _ in range(len(matrix)))
            return
        for values in zip(*columns, strict=True):
            yield {**fixed, **dict(zip(names, values, strict=True))}

    def seed_of(self, key: bytes, replication: int) -> int:
        """Return the seed of one run.

        Args:
            key: The point's key, from `point_keys`.
            replication: The number of the replication, from 0.

        Returns:
            A non-negative integer below 2**63 that depends on the experiment's seed, the point's own values and the
            replication alone: not on the order of the runs, nor on which other points are in the design.
        """
        if self.seeds is not None:
            return int(self.seeds[replication])
        return derive_seed(self.seed, b"" if self.common_random_numbers else key, replication)

    def configurations(self) -> list[RunConfiguration]:
        """Return one run configuration for each run: all points once, then the next replication.

        Raises:
            DesignError: If the design cannot be made from this space.
            ExperimentError: If the constraints leave no point.
        """
        points = list(self.points())
        keys = list(point_keys(points))
        return [
            RunConfiguration(
                model_cls=self.model,
                run_id=replication * len(points) + point,
                iteration=replication,
                parameters=parameters,
                seed=self.seed_of(keys[point], replication),
                point=point,
                max_steps=self.max_steps,
                data_collection_period=self.period,
                max_time=self.max_time,
                stop_when=self.stop_when,
                timeout=self.timeout,
                outcomes=self.protocol.outcomes,
                agents=self.protocol.agents,
            )
            for replication in range(self.replications)
            for point, parameters in enumerate(points)
        ]

    def check(self) -> None:
        """Import the model and see that all that is asked of it by name exists, before anything runs.

        Raises:
            ModelError: If the model cannot be found.
            ParameterError: If it does not take one of the parameters.
            OutcomeError: If it, or its agents, have none of that name to measure.
            ExperimentError: If `stop_when` speaks of something that it does not have.
        """
        from mesa_lab.preparation.validation import check

        check(self)

    def save(self, path: str | Path) -> None:
        """Write the experiment as TOML.

        Raises:
            ExperimentError: If the file cannot be written, or a function in it has no name by which a reader of the file
                would find it, such as a lambda.
        """
        from mesa_lab.preparation.experiment_file.write import write

        write(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Experiment:
        """Read an experiment from a TOML file. Nothing in it is run.

        Raises:
            ExperimentError: If the file is missing, is no TOML, or does not describe an experiment.
        """
        from mesa_lab.preparation.experiment_file.read import read

        return read(Path(path))

    def to_toml(self) -> str:
        """Return the experiment as TOML text."""
        from mesa_lab.preparation.experiment_file.write import to_toml

        return to_toml(self)

    @classmethod
    def from_toml(cls, text: str) -> Experiment:
        """Read an experiment from TOML text. Nothing in it is run.

        Raises:
            ExperimentError: If it is no TOML, or does not describe an experiment.
        """
        from mesa_lab.preparation.experiment_file.read import from_toml

        return from_toml(text)

    def __repr__(self) -> str:
        """What was asked for, without what has its default."""
        model = self.model if isinstance(self.model, str) else self.model.__name__
        parts = [model, repr(self.parameters), repr(self.design)]
        for each in fields(self)[3:]:
            value = getattr(self, each.name)
            if each.name == "outcomes" and value is not None:
                value = [outcome.name for outcome in value]
            if value != each.default:
                parts.append(f"{each.name}={getattr(value, '__qualname__', None) or repr(value)}")
        return f"Experiment({', '.join(parts)})"

    def replace(self, **changes: Any) -> Experiment:
        """Return the experiment with some fields changed.

        Example:
            >>> Experiment("mesa.examples:Schelling", {"density": 0.8}).replace(replications=5).n_runs
            5
        """
        return replace(self, **changes)


def _plain(column: pd.Series) -> list[Any]:
    """The values of a design matrix's column as the Python numbers that a model expects."""
    values: list[Any] = column.tolist()
    if column.dtype != object:
        return values
    return [
        value.item() if hasattr(value, "item") and getattr(value, "shape", None) == () else value
        for value in values
    ]


def _check_seeds(seeds: Any, replications: int) -> tuple[int, ...]:
    try:
        listed = tuple(seeds)
    except TypeError:
        raise ExperimentError(
            f"seeds is {seeds!r}. Give a list of whole numbers, one for each replication."
        ) from None
    if not listed:
        raise ExperimentError("seeds is empty. Give one whole number for each replication, or leave it out.")
    for seed in listed:
        check_whole("A seed in seeds", seed, least=0)
        if seed >= 2**SEED_BITS:
            raise ExperimentError(f"The seed {seed} is too large. Seeds are below 2**{SEED_BITS}.")
    if replications not in (1, len(listed)):
        raise ExperimentError(
            f"replications is {replications} but seeds lists {len(listed)}. Give one of them, or make them agree."
        )
    return listed
