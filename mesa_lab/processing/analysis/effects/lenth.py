"""Lenth's method: which contrasts of a design that was run once stand out from the others.

Most effects are taken to be nothing, so that the small contrasts measure chance: their pseudo standard error takes the place
of one from replications. Lenth (1989), Technometrics 31: 469-473.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Lenth", "lenth"]

type Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lenth:
    """What Lenth's method finds.

    Attributes:
        pse: The pseudo standard error of an effect.
        margin: The margin of error: half the width of the interval of one effect.
        simultaneous: The margin that all effects without influence stay within.
        p: The p-value of each effect.
        freedom: Degrees of freedom: a third of the number of contrasts.
    """

    pse: float
    margin: float
    simultaneous: float
    p: Floats
    freedom: float


def lenth(effects: Floats, level: float = 0.95) -> Lenth:
    """Judge effects by each other.

    Args:
        effects: Contrasts of the same variance, at least three.
        level: Level of confidence.

    Example:
        >>> found = lenth(np.array([21.625, 3.125, 9.875, 14.625, 0.125, -18.125, 16.625, 2.375, -0.375, -1.125,
        ...                         1.875, 4.125, -1.625, -2.625, 1.375]))
        >>> round(found.pse, 3), round(found.margin, 3), round(found.simultaneous, 3)
        (2.625, 6.748, 13.699)
    """
    from scipy.special import stdtr, stdtrit

    sizes = np.abs(effects)
    first = 1.5 * float(np.median(sizes))
    pse = 1.5 * float(np.median(sizes[sizes < 2.5 * first])) if first > 0 else 0.0
    m = len(sizes)
    freedom = m / 3
    together = (1 + level ** (1 / m)) / 2
    with np.errstate(all="ignore"):
        p = 2 * stdtr(freedom, -sizes / pse) if pse > 0 else np.where(sizes > 0, 0.0, 1.0)
    return Lenth(
        pse=pse,
        margin=float(stdtrit(freedom, (1 + level) / 2)) * pse,
        simultaneous=float(stdtrit(freedom, together)) * pse,
        p=np.asarray(p),
        freedom=freedom,
    )
