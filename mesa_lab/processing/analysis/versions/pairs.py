"""Pairs of runs of two studies: the same point and the same seed, and what has no partner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import ConclusionError
from mesa_lab.formatting import listing, plural, show
from mesa_lab.preparation.parameters.value_keys import key

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["Pairs", "pair_runs", "rows_of"]

type Rows = npt.NDArray[np.int64]

_RULES: Final = ("max_steps", "max_time", "stop_when")
"""What ends a run: where it differs, runs differ for that reason."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """The runs of two studies that belong together.

    Attributes:
        old: The results that are compared with.
        new: The others.
        old_rows: For each pair the row of its run in `old.base`.
        new_rows: The same in `new.base`.
        point: For each pair the number of its point in `old`.
        only_old: Runs of `old` without a partner.
        only_new: Runs of `new` without a partner.
        points_only_old: Points of `old` that `new` does not have.
        points_only_new: Points of `new` that `old` does not have.
    """

    old: Reader
    new: Reader
    old_rows: Rows
    new_rows: Rows
    point: Rows
    only_old: int
    only_new: int
    points_only_old: int
    points_only_new: int

    def __len__(self) -> int:
        return len(self.old_rows)

    @property
    def old_done(self) -> npt.NDArray[np.bool_]:
        """For each pair whether the old run came to its end."""
        return self.old.done[self.old_rows]

    @property
    def new_done(self) -> npt.NDArray[np.bool_]:
        """For each pair whether the new run came to its end."""
        return self.new.done[self.new_rows]

    @property
    def done(self) -> npt.NDArray[np.bool_]:
        """For each pair whether both runs came to their end: only these can be compared."""
        return self.old_done & self.new_done

    def values(self, name: str) -> tuple[Any, Any]:
        """An outcome, or what is recorded of each run, of the old and the new run of each pair whose runs are done."""
        done = self.done
        return (
            self.old.values(name).iloc[self.old_rows[done]].reset_index(drop=True),
            self.new.values(name).iloc[self.new_rows[done]].reset_index(drop=True),
        )

    def unpaired(self) -> Iterator[str]:
        """Yield, in sentences with counts, what has no partner."""
        for study, count, points in (
            ("old", self.only_old, self.points_only_old),
            ("new", self.only_new, self.points_only_new),
        ):
            if count:
                other = "new" if study == "old" else "old"
                whole = (
                    f", {plural(points, 'point')} among them of which the {other} study has none"
                    if points
                    else ""
                )
                yield f"{plural(count, 'run')} of the {study} study {_have(count)} no partner of the same point and seed{whole}."


def pair_runs(old: Reader, new: Reader) -> Pairs:
    """Pair the runs of two studies.

    Args:
        old: Results.
        new: Results of the same experiment, such as with another version of the model's code, of Mesa or of Python.

    Raises:
        ConclusionError: If they are of different experiments, or have no run in common.
    """
    _check_rules(old, new)
    named = _named(old) & _named(new)
    old_keys, new_keys = list(_keys(old, named)), list(_keys(new, named))
    places: dict[Hashable, int] = {each: row for row, each in enumerate(new_keys)}
    old_rows = [row for row, each in enumerate(old_keys) if each in places]
    new_rows = [places[old_keys[row]] for row in old_rows]
    old_points = {each[0] for each in old_keys}
    new_points = {each[0] for each in new_keys}
    if not old_rows:
        raise ConclusionError(_nothing_in_common(old, new, old_points & new_points))
    point = old.base["point"].to_numpy(dtype=np.int64)[old_rows]
    return Pairs(
        old,
        new,
        np.array(old_rows, dtype=np.int64),
        np.array(new_rows, dtype=np.int64),
        point,
        len(old_keys) - len(old_rows),
        len(new_keys) - len(new_rows),
        len(old_points - new_points),
        len(new_points - old_points),
    )


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dicts, NaN where something is missing."""
    return cast("list[dict[str, Any]]", table.to_dict("records"))


def _check_rules(old: Reader, new: Reader) -> None:
    """Refuse studies whose runs differ because something else was asked of them."""
    found = []
    for name in _RULES:
        one, other = getattr(old.experiment, name), getattr(new.experiment, name)
        if one != other and not (callable(one) and callable(other)):
            found.append(f"{name} is {_said(one)} in the old study and {_said(other)} in the new one")
    fixed, other_fixed = old.experiment.space.fixed, new.experiment.space.fixed
    found += [
        f"'{name}' is held at {_said(value)} in the old study and at {_said(other_fixed[name])} in the new one"
        for name, value in fixed.items()
        if name in other_fixed and _comparable(value) != _comparable(other_fixed[name])
    ]
    if found:
        counts = f"{plural(len(old.base), 'run')} and {plural(len(new.base), 'run')}"
        raise ConclusionError(
            f"The studies are of different experiments: {listing(found, 4)}. None of their {counts} can be compared. "
            "Run the same experiment with both versions of the model."
        )


def _nothing_in_common(old: Reader, new: Reader, points: set[Hashable]) -> str:
    """Say why no run of one study has a partner in the other."""
    counts = f"{plural(len(old.base), 'run')} and {plural(len(new.base), 'run')}"
    if not len(old.base) or not len(new.base):
        return f"There is nothing to compare: the studies have {counts}."
    if points:
        seeds = old.experiment.seed, new.experiment.seed
        why = (
            f"seed={seeds[0]} and seed={seeds[1]}" if seeds[0] != seeds[1] else "their runs have other seeds"
        )
        return (
            f"The studies have {plural(len(points), 'point')} in common, but no run with the same seed ({why}): none of {counts} "
            "can be compared. Run the same experiment, with its seed, with both versions of the model."
        )
    return (
        f"The studies are of different experiments: no point of one is a point of the other, so that none of {counts} can be "
        "compared. Run the same experiment with both versions of the model."
    )


def _named(results: Reader) -> set[str]:
    space = results.experiment.space
    return {*space.fixed, *results.columns}


def _keys(results: Reader, names: set[str]) -> Iterator[tuple[Hashable, int, int]]:
    """For each run its point's values, its seed, and which one it is of several with the same."""
    fixed: Mapping[str, Any] = results.experiment.space.fixed
    columns = {name: results.points[column].tolist() for name, column in results.columns.items()}
    ordered = sorted(names)
    points = [
        tuple(_comparable(columns[name][row] if name in columns else fixed[name]) for name in ordered)
        for row in range(len(results.points))
    ]
    met: Counter[Hashable] = Counter()
    for row, seed in zip(results.point_rows.tolist(), results.recorded("seed").tolist(), strict=True):
        pair = points[row], -1 if seed != seed else int(seed)
        yield *pair, met[pair]
        met[pair] += 1


def _comparable(value: Any) -> Hashable:
    """A value such that 1 and 1.0 are the same, and True is not: a column may have become one of floats."""
    if isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_):
        return float(value)
    return key(value)


def _said(value: Any) -> str:
    return "not set" if value is None else show(value)


def _have(count: int) -> str:
    return "has" if count == 1 else "have"
