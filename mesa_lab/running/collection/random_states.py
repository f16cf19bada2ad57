"""The states of random generators, put back after a measurement that the model's own data collector would not make.

What an experiment asks for beyond the model's reporters (functions, statistics, agents' properties) may draw numbers.
If the model then drew others than before, asking would change the run. So each such measurement finds the generators
as the model left them, and so does the model after it.
"""

from __future__ import annotations

import contextlib
import functools
import random
from collections.abc import Callable
from types import TracebackType
from typing import Any

import numpy as np

__all__ = ["RandomStates"]


class RandomStates:
    """A context after which the generators of a model, and the global ones, are as they were before it.

    It covers `model.random`, `model.rng`, and those of the modules `random` and `numpy.random`. Generators that a
    model keeps elsewhere are not known.

    Args:
        model: The model, perhaps not completely set up.

    Example:
        >>> import mesa
        >>> model = mesa.Model(rng=1)
        >>> states = RandomStates(model)
        >>> with states:
        ...     first = model.random.random()
        >>> with states:
        ...     second = model.random.random()
        >>> first == second == model.random.random()
        True
    """

    __slots__ = ("_saved",)

    def __init__(self, model: Any) -> None:
        self._saved: list[tuple[Callable[[Any], None], Any]] = [
            (random.setstate, random.getstate()),
            (np.random.set_state, np.random.get_state(legacy=False)),
        ]
        for name in ("random", "rng"):
            generator = getattr(model, name, None)
            # Others (`random.SystemRandom`, a bit generator of hardware) have no state.
            with contextlib.suppress(NotImplementedError):
                if isinstance(generator, random.Random):
                    self._saved.append((generator.setstate, generator.getstate()))
                elif isinstance(generator, np.random.Generator):
                    bits = generator.bit_generator
                    self._saved.append((functools.partial(setattr, bits, "state"), bits.state))
                elif isinstance(generator, np.random.RandomState):
                    self._saved.append((generator.set_state, generator.get_state(legacy=False)))

    def restore(self) -> None:
        """Put the states back; may be called again."""
        for put, state in self._saved:
            put(state)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.restore()
