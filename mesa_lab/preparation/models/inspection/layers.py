"""The property layers of a model: of its grids, and those that are its attributes.

They are found by what they are, since each Mesa release keeps them elsewhere: `grid.properties` (`mesa.space`),
`grid._mesa_property_layers` (`mesa.discrete_space` of Mesa 3), `grid.property_layers` (Mesa 4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["layer_outcomes", "layers_of"]

_KEPT_IN: Final = ("property_layers", "_mesa_property_layers", "properties")
_OF_MESA: Final = "empty"
"""The layer that grids keep themselves: which cells have no agent."""


def layers_of(model: Any) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Yield the name and the cells of each property layer of a model: those of its grids, then those that are its attributes."""
    own = getattr(model, "__dict__", {})
    for value in list(own.values()):
        members = getattr(value, "__dict__", {})
        for place in _KEPT_IN:
            layers = members.get(place)
            if isinstance(layers, Mapping):
                for name, layer in layers.items():
                    if (data := _cells(layer)) is not None:
                        yield str(name), data
    for name, value in list(own.items()):
        if (data := _cells(value)) is not None:
            yield str(getattr(value, "name", name)), data


def layer_outcomes(model: Any) -> list[str]:
    """Return an outcome for each layer that the model's authors made: the share of cells that are true, or their mean.

    Args:
        model: A model. Arrays that are its attributes can be measured too, but are not named: they may be anything.
    """
    arrays = {name for name, value in getattr(model, "__dict__", {}).items() if isinstance(value, np.ndarray)}
    found = dict(layers_of(model))
    return [
        f"share(layer({name}))" if data.dtype == bool else f"mean(layer({name}))"
        for name, data in found.items()
        if name not in arrays and name != _OF_MESA and name.isidentifier() and data.dtype.kind in "bifu"
    ]


def _cells(layer: Any) -> npt.NDArray[Any] | None:
    # Only Mesa's own layers are asked for their data: other attributes may run code.
    is_layer = any(base.__name__ == "PropertyLayer" for base in type(layer).__mro__)
    data = getattr(layer, "data", None) if is_layer else layer
    return data if isinstance(data, np.ndarray) and data.ndim else None
