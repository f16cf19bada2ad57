"""Which sensitivity design the points of a study are: recognised from the points themselves.

Saltelli's blocks and Morris' trajectories have a structure that no other design has by accident, so that points which came
as a table are recognised too, and a design that lost its structure (by a constraint, say) is not taken for what its name
says. An eFAST design shows in its frequencies only: there the name decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.processing.tables.column_names import level_codes

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["Blocks", "recognise"]

type Codes = npt.NDArray[np.int64]

_FEWEST: Final = {"saltelli": 8, "morris": 2}


@dataclass(frozen=True)
class Blocks:
    """The structure of a design.

    Attributes:
        kind: "saltelli", "morris", "efast", or "given" for points of any other kind.
        k: Parameters, constant ones included.
        size: Points of one block, trajectory or curve.
        second_order: Whether Saltelli blocks hold the points for second order indices.
        broken: The name of the design whose structure the points have lost, else empty.
        harmonics: Of an eFAST design.
    """

    kind: str
    k: int
    size: int = 1
    second_order: bool = False
    broken: str = ""
    harmonics: int = 4


def recognise(results: Reader) -> Blocks:
    """Recognise the design of a study from its points."""
    design = getattr(results.experiment, "design", None)
    name = type(design).__name__
    codes = _codes(results.points)
    k = codes.shape[1]
    if k == 0:
        return Blocks("given", 0)
    fewest = 1 if name == "Saltelli" else _FEWEST["saltelli"]
    for second_order in (True, False):
        size = 2 * k + 2 if second_order else k + 2
        if k > 1 and len(codes) % size == 0 and len(codes) >= fewest * size and _is_saltelli(codes, k, size):
            return Blocks("saltelli", k, size, second_order)
    # The points of one parameter in pairs look like trajectories by accident.
    fewest = _FEWEST["morris"] if k > 1 or name == "Morris" else len(codes)
    if len(codes) % (k + 1) == 0 and len(codes) // (k + 1) >= fewest and _is_morris(codes, k):
        return Blocks("morris", k, k + 1)
    if name == "EFAST" and len(codes) % k == 0:
        return Blocks("efast", k, len(codes) // k, harmonics=int(getattr(design, "harmonics", 4)))
    if k == 1:  # there is nothing to tell apart, and no structure to lose
        return Blocks("given", k)
    return Blocks("given", k, broken=name if name in ("Saltelli", "Morris", "EFAST") else "")


def _codes(points: pd.DataFrame) -> Codes:
    if not points.shape[1]:
        return np.zeros((len(points), 0), np.int64)
    return np.column_stack([level_codes(points[column])[0] for column in points.columns])


def _is_saltelli(codes: Codes, k: int, size: int) -> bool:
    """Whether each block is A, then A with one parameter at a time from B, perhaps B with one from A, then B."""
    blocks = codes.reshape(-1, size, k)
    a, b = blocks[:, 0], blocks[:, -1]
    for one in range(k):
        mixed = a.copy()
        mixed[:, one] = b[:, one]
        if not np.array_equal(blocks[:, 1 + one], mixed):
            return False
        if size == 2 * k + 2:
            mixed = b.copy()
            mixed[:, one] = a[:, one]
            if not np.array_equal(blocks[:, 1 + k + one], mixed):
                return False
    return True


def _is_morris(codes: Codes, k: int) -> bool:
    """Whether at most one parameter moves from point to point of a trajectory, each once.

    A whole number may stay where it is when its step is rounded, so that a few moves may be missing, but not most.
    """
    moved = np.diff(codes.reshape(-1, k + 1, k), axis=1) != 0
    at_once, times = moved.sum(axis=2), moved.sum(axis=1)
    return bool((at_once <= 1).all() and (times <= 1).all() and at_once.mean() > 0.5)
