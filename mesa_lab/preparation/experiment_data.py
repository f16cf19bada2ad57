"""What an experiment says: its fields, the points and seeds that follow from them, and its run configurations.

Frozen data. It runs nothing, imports no model unless it is asked for the model's defaults, and knows no file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from mesa_lab.errors import ExperimentError, MesaLabError, ModelError
from mesa_lab.formatting import plain, shorten, show
from mesa_lab.preparation.claims.claim import parse_claims
from mesa_lab.preparation.code_permission import CodeReference
from mesa_lab.preparation.design_points import sample
from mesa_lab.preparation.encoding import refuse_unkept
from mesa_lab.preparation.limits import LARGEST_SEED, shortened
from mesa_lab.preparation.parameters.choice import Choice, Listed
from mesa_lab.preparation.parameters.enum_members import Enums, enums_among, read_enums, with_members
from mesa_lab.preparation.parameters.space import Parameter, ParameterSpace, listed
from mesa_lab.preparation.parameters.value_keys import key as key_of
from mesa_lab.preparation.questions import find_question
from mesa_lab.preparation.run_configuration import Protocol, RunConfiguration
from mesa_lab.preparation.seeds import SEED_BITS, derive_seed, parts_of_keys, point_keys, without
from mesa_lab.preparation.settings import check_flag, check_seeds, check_whole

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.preparation.designs import Design

__all__ = ["ExperimentData"]


@dataclass(frozen=True, repr=False)
class ExperimentData:
    """The data of an experiment; `Experiment` says what each field means, and adds files and the check of the model.

    Raises:
        ExperimentError: If a number is out of range, or two settings contradict each other.
        ParameterError: If a parameter is unknown to the model class, or its range is wrong.
        OutcomeError: If an outcome is malformed.
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
    correlations: Mapping[Any, Any] | None = None
    redraw: bool = False
    on_error: str = "missing"
    claims: Any = ()
    question: str | None = None
    enums: Any = None

    def __post_init__(self) -> None:
        from mesa_lab.preparation.designs import as_design
        from mesa_lab.preparation.models import check_parameters, load_model, opened

        settle = object.__setattr__
        if isinstance(self.model, os.PathLike):
            settle(self, "model", os.fspath(self.model))
        if not isinstance(self.model, str):
            load_model(self.model)  # an agent's class or an instance would be found out much later
        if not isinstance(self.parameters, Mapping):
            raise ExperimentError(
                f"parameters is {shortened(self.parameters, 80)}. Give a dict from each parameter to what it may be: "
                '{"density": Real(0.5, 0.9), "radius": [1, 2], "width": 20}.'
            )
        settle(self, "replications", check_whole("replications", self.replications, least=1))
        settle(self, "seed", check_whole("seed", self.seed, least=0, most=LARGEST_SEED))
        shared = check_flag("common_random_numbers", self.common_random_numbers)
        settle(self, "common_random_numbers", shared)
        if self.seeds is not None:
            settle(self, "seeds", check_seeds(self.seeds, below=2**SEED_BITS))
            self._take_seeds()
        settle(self, "design", as_design(self.design))
        whole = opened(self.model, self.parameters) if isinstance(self.model, type) else self.parameters
        if whole is not self.parameters:  # a list that an object holds is one value
            whole = {
                name: Choice([value]) if isinstance(value, list) and name not in self.parameters else value
                for name, value in whole.items()
            }
        settle(self, "parameters", dict(whole))
        settle(self, "constraints", listed(self.constraints))
        settle(self, "correlations", self.space.correlations or None)
        settle(self, "redraw", check_flag("redraw", self.redraw))
        settle(self, "claims", parse_claims(self.claims))
        if self.question is not None:
            settle(self, "question", find_question(self.question).name)
        self._read_values()
        protocol = self.protocol
        for name in ("max_steps", "max_time", "timeout", "period", "outcomes", "agents", "on_error"):
            settle(self, name, getattr(protocol, name))
        settle(self, "parameters", dict(self.space.parameters))  # a list of levels has become Levels
        if isinstance(self.model, type):
            check_parameters(self.model, self.parameters)

    def _read_values(self) -> None:
        """Refuse values that no file can hold, and note of which Enums there are members among them."""
        listed_values: dict[str, Iterable[Any]] = {}
        for name, value in self.space.parameters.items():
            values = (
                value.values
                if isinstance(value, Listed)
                else ()
                if isinstance(value, Parameter)
                else (value,)
            )
            refuse_unkept(name, values)
            listed_values[name] = values
        object.__setattr__(self, "enums", self._enums(listed_values) or None)

    def _enums(self, values: Mapping[str, Iterable[Any]]) -> Enums:
        """Where the Enums are of which members are among the values, without those that the model's class tells."""
        from mesa_lab.preparation.models.signatures import plan_of

        among = enums_among(values)
        told = plan_of(self.model).converters if among and isinstance(self.model, type) else {}
        found = {name: kinds for name, kinds in among.items() if name not in told}
        return read_enums({**read_enums(self.enums), **found})

    def _take_seeds(self) -> None:
        """Let explicit seeds say how many replications there are."""
        count = len(self.seeds or ())
        if self.replications not in (1, count):
            raise ExperimentError(
                f"replications is {self.replications} but seeds lists {count}. Give one of them, or make them agree."
            )
        object.__setattr__(self, "replications", count)
        if self.common_random_numbers:
            raise ExperimentError(
                "seeds already gives all points the same seeds: leave common_random_numbers out."
            )

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
            on_error=self.on_error,
            enums=read_enums(self.enums),
        )

    @cached_property
    def space(self) -> ParameterSpace:
        """The parameters with their ranges, constraints and correlations."""
        return ParameterSpace(self.parameters, self.constraints, self.correlations)

    @property
    def named_code(self) -> tuple[CodeReference, ...]:
        """The code that is loaded by name when it runs, or when its points are made."""
        return (*self.protocol.named_code, *getattr(self.design, "named_code", ()))

    @cached_property
    def _sampled(self) -> tuple[pd.DataFrame, int]:
        """The design matrix, and how many points the constraints dropped from it."""
        return sample(self.design, self.space, self.seed, redraw=self.redraw)

    def keep_points(self, matrix: pd.DataFrame, dropped: int) -> None:
        """Take over points that were made elsewhere from an equal experiment.

        Args:
            matrix: What its `design_matrix` returned.
            dropped: Its `n_dropped`.
        """
        self.__dict__["_sampled"] = matrix, dropped

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
        """How many points of the design break a constraint; with `redraw`, how many were passed over."""
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

    @cached_property
    def unsaid(self) -> tuple[str, ...]:
        """The parameters that are held fixed at what the model's default is anyway: their values do not change seeds.

        To know them the model is imported. Of one that cannot be, there are none.
        """
        from mesa_lab.preparation.models import load_model
        from mesa_lab.preparation.models.signatures import defaults_of

        fixed = self.space.fixed
        if not fixed:
            return ()
        try:
            defaults = defaults_of(load_model(self.model))
        except ModelError:
            return ()
        return tuple(
            name
            for name, value in fixed.items()
            if name in defaults and key_of(defaults[name]) == key_of(value)
        )

    @cached_property
    def defaults(self) -> dict[str, str]:
        """The model's defaults for the parameters that the experiment does not name, as text.

        To know them the model is imported. Of one that cannot be, there are none.
        """
        from mesa_lab.preparation.models import load_model
        from mesa_lab.preparation.models.signatures import defaults_of

        try:
            found = defaults_of(load_model(self.model))
        except MesaLabError:
            return {}
        return {name: _as_text(value) for name, value in found.items() if name not in self.parameters}

    def seed_of(self, key: bytes, replication: int, unsaid: Sequence[bytes] | None = None) -> int:
        """Return the seed of one run.

        Args:
            key: The point's key, from `point_keys`.
            replication: The number of the replication, from 0.
            unsaid: Parts of the key that seeds leave out, from `parts_of_keys`; None for the values of `unsaid`.

        Returns:
            A non-negative integer below 2**63 that depends on the experiment's seed, the point's own values and the
            replication alone: not on the order of the runs, nor on which other points are in the design. To hold one more
            parameter at its default changes nothing.
        """
        if self.seeds is not None:
            return int(self.seeds[replication])
        if self.common_random_numbers:
            return derive_seed(self.seed, b"", replication)
        parts = self._unsaid_parts if unsaid is None else unsaid
        return derive_seed(self.seed, without(key, parts) if parts else key, replication)

    @cached_property
    def _unsaid_parts(self) -> tuple[bytes, ...]:
        return parts_of_keys({name: self.space.fixed[name] for name in self.unsaid})

    def configurations(self) -> list[RunConfiguration]:
        """Return one run configuration for each run: all points once, then the next replication.

        Raises:
            DesignError: If the design cannot be made from this space.
            ExperimentError: If the constraints leave no point.
        """
        points = list(self.points())
        keys = list(point_keys(points))
        if self.enums:
            from mesa_lab.preparation.models import load_enums

            kinds = load_enums(self.protocol.enums, self.model)
            points = [dict(with_members(point, kinds)) for point in points]
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
                on_error=self.on_error,
            )
            for replication in range(self.replications)
            for point, parameters in enumerate(points)
        ]

    def __repr__(self) -> str:
        """What was asked for, without what has its default."""
        model = self.model if isinstance(self.model, str) else self.model.__name__
        parts = [model, repr(self.parameters), repr(self.design)]
        for each in fields(self)[3:]:
            value = getattr(self, each.name)
            if each.name in ("outcomes", "claims") and value:
                value = [member.name for member in value]
            if value != each.default:
                parts.append(f"{each.name}={getattr(value, '__qualname__', None) or repr(value)}")
        return f"{type(self).__name__}({', '.join(parts)})"

    def replace(self, **changes: Any) -> Self:
        """Return the experiment with some fields changed.

        Example:
            >>> from mesa_lab import Experiment
            >>> Experiment("mesa.examples:Schelling", {"density": 0.8}).replace(replications=5).n_runs
            5
        """
        return replace(self, **changes)


def _as_text(value: Any) -> str:
    """A model's default as text; of an object its type, as what it says of itself may differ from process to process."""
    value = value.name if isinstance(value, Enum) else plain(value, keep_nan=True)
    return shorten(show(value)) if isinstance(value, str | int | float | None) else type(value).__name__


def _plain(column: pd.Series) -> list[Any]:
    """The values of a design matrix's column as the Python numbers that a model expects."""
    values: list[Any] = column.tolist()
    if column.dtype != object:
        return values
    return [
        value.item() if hasattr(value, "item") and getattr(value, "shape", None) == () else value
        for value in values
    ]
