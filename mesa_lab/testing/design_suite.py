"""What every design must do, whatever the parameter space: checked one by one."""

from __future__ import annotations

import dataclasses
import pickle
import random
import typing
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from mesa_lab.errors import DesignError, MesaLabError
from mesa_lab.preparation.designs.design import Design
from mesa_lab.preparation.parameters.space import ParameterSpace
from mesa_lab.preparation.parameters.value_keys import key
from mesa_lab.testing.sentences import is_sentence
from mesa_lab.testing.space_kinds import space_of_kind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_design"]

_SEED = 5


def check_design(design: Design, space: str | ParameterSpace) -> pd.DataFrame | None:
    """Make the points of a design on a parameter space and check what comes.

    Args:
        design: The design.
        space: One of `SPACES`, or a parameter space of one's own.

    Returns:
        The points, None where the design refuses the space and says why.

    Raises:
        AssertionError: If it does something that no design may do.

    Example:
        >>> import mesa_lab as ml
        >>> len(check_design(ml.Sobol(16), "mixed"))
        16
        >>> check_design(ml.Sobol(16), "nothing varies") is None
        True
    """
    space = space_of_kind(space) if isinstance(space, str) else space
    _check_class(type(design))
    _check_data(design)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        points = _points(design, space)
        if points is None:
            return None
        _check_points(points, space)
        _check_count(design, space, points)
        _check_chance(design, space, points)
        for sentence in design.advice(space):
            assert is_sentence(sentence), f"Advice is sentences: {sentence}"
        if design.extensible:
            _check_growth(design, space, points)
    _check_file(design, space, points)
    return points


def _check_class(kind: type[Design]) -> None:
    """Check that forms, files and help can be made from a class."""
    name = kind.__name__
    assert issubclass(kind, Design), f"{name} is a subclass of Design."
    parameters = getattr(kind, "__dataclass_params__", None)
    assert parameters is not None, f"{name} is a dataclass."
    assert parameters.frozen, f"{name} is a frozen dataclass."
    said = (kind.__doc__ or "").strip().splitlines() or [""]
    assert said[0].endswith("."), f"The first line of {name}'s docstring is a sentence."
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        assert field.name in hints, f"{name}.{field.name} has a type hint."
        help_text = field.metadata.get("help", "")
        assert is_sentence(help_text), (
            f"{name}.{field.name} says in metadata['help'] what it is, in a sentence."
        )
    if kind.extensible:
        names = [field.name for field in dataclasses.fields(kind)]
        assert kind.grows_by in names, (
            f"{name} is extensible: its field '{kind.grows_by}' (grows_by) is its size."
        )


def _check_data(design: Design) -> None:
    """Check that a design is plain data that may go to other processes and be compared."""
    assert isinstance(hash(design), int)
    copy = pickle.loads(pickle.dumps(design))
    assert copy == design, "A design that comes back from another process is equal."
    assert hash(copy) == hash(design), "Equal designs have equal hashes."
    assert dataclasses.replace(design) == design, "A design made anew of its fields is equal."
    for field in dataclasses.fields(design):
        try:
            setattr(design, field.name, None)
        except dataclasses.FrozenInstanceError:
            continue
        raise AssertionError(f"{type(design).__name__}.{field.name} can be set: the dataclass is frozen.")


def _points(design: Design, space: ParameterSpace) -> pd.DataFrame | None:
    """Return the points, or None where a design refuses a space, after a look at what it says."""
    said = []
    for _ in range(2):
        try:
            points = design.points(space, _SEED)
        except MesaLabError as error:
            said.append(str(error))
    if not said:
        return points
    assert len(said) == 2, "A design that refuses a space refuses it again."
    assert said[0] == said[1], "A design says the same each time that it refuses a space."
    assert is_sentence(said[0]), f"A refusal says in a sentence what is wrong: {said[0]}"
    return None


def _check_points(points: pd.DataFrame, space: ParameterSpace) -> None:
    import pandas as pd

    varied = list(space.varied)
    assert isinstance(points, pd.DataFrame), "Points are a DataFrame."
    assert len(points), "A design has points."
    assert list(points.columns)[: len(varied)] == varied, (
        f"The columns are the parameters that vary, in their order: {varied}. They are {list(points.columns)}."
    )
    assert set(points.columns) <= set(space.names), "There is no column that is no parameter."
    assert points.columns.is_unique, "Columns have names of their own."
    assert points.index.equals(pd.RangeIndex(len(points))), "Rows are numbered from 0."
    for name, parameter in space.varied.items():
        for value in points[name].tolist():
            assert parameter.contains(value), f"'{name}' has the value {value!r}, which {parameter} has not."


def _check_count(design: Design, space: ParameterSpace, points: pd.DataFrame) -> None:
    known = design.n_points(space)
    if known is None:
        return
    merged = points.attrs.get("merged", 0)
    assert known == len(points) + merged, f"n_points says {known}, and there are {len(points)} points" + (
        f" and {merged} merged" if merged else ""
    )


def _check_chance(design: Design, space: ParameterSpace, points: pd.DataFrame) -> None:
    """Check that chance comes from the seed alone, and that no global generator is touched."""
    state: Any = np.random.get_state()
    kept = random.getstate()
    try:
        random.seed(1)
        np.random.seed(1)
        before = _generators()
        again = design.points(space, _SEED)
        assert _generators() == before, "The global generators of random and numpy are as they were."
        assert _rows(again) == _rows(points), (
            "The same seed gives the same points, whatever the global generators."
        )
        assert again.dtypes.equals(points.dtypes), "The same seed gives the same types."
        copy = pickle.loads(pickle.dumps(design))
        assert _rows(copy.points(space, _SEED)) == _rows(points), (
            "A copy from another process makes the same points."
        )
    finally:
        np.random.set_state(state)
        random.setstate(kept)


def _generators() -> tuple[Any, ...]:
    state: Any = np.random.get_state()
    return (random.getstate(), state[1].tolist(), state[2])


def _check_growth(design: Design, space: ParameterSpace, points: pd.DataFrame) -> None:
    size = getattr(design, design.grows_by)
    assert isinstance(size, int), f"{design.grows_by} is a whole number."
    larger: Any = dataclasses.replace(design, **{design.grows_by: 2 * size + 1})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        grown = larger.points(space, _SEED)
    assert len(grown) > len(points), "A larger extensible design has more points."
    assert _rows(grown)[: len(points)] == _rows(points), (
        "A larger extensible design keeps its earlier points."
    )


def _check_file(design: Design, space: ParameterSpace, points: pd.DataFrame) -> None:
    """Check that an experiment file holds a design, where files can name it."""
    from mesa_lab.preparation.designs import find_design
    from mesa_lab.preparation.experiment import Experiment

    try:
        if find_design(type(design).__name__) is not type(design):
            return
    except DesignError:
        return  # a class of a test, which no package offers
    written = Experiment("none:None", space.parameters, design, correlations=space.correlations).to_toml()
    read: Any = Experiment.from_toml(written)
    assert read.to_toml() == written, "A file is read as it was written."
    assert _rows(read.design.points(space, _SEED)) == _rows(points), (
        "A design from a file makes the same points."
    )


def _rows(points: pd.DataFrame) -> list[Any]:
    return [key(row) for row in points.to_dict("records")]
