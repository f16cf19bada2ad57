"""Property layers: one number of all cells of a layer, `mean(layer(sugar))`, or the layer itself at the end of a run, `layer(sugar)`.

Layers are found by what they are, since each Mesa release keeps them elsewhere: `grid.properties` (`mesa.space`),
`grid._mesa_property_layers` (`mesa.discrete_space` of Mesa 3), `grid.property_layers` (Mesa 4); a layer or an array may also be an
attribute of the model.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, override

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import OutcomeError, suggest
from mesa_lab.preparation.outcome_kinds.kind import OutcomeKind, Source

__all__ = ["KIND", "LAYER_STATISTICS", "PropertyLayer", "layers_of"]

LAYER_STATISTICS: Final = ("mean", "sum", "median", "sd", "min", "max", "share")

_TEXT: Final = re.compile(
    r"""layer\(\s*(?P<whole>\w+)\s*\)
    | (?P<statistic>\w+)\(\s*layer\(\s*(?P<layer>\w+)\s*\)\s*(?:(?P<sign>[<>]=?|[=!]=)\s*(?P<number>[-+\w.]+)\s*)?\)""",
    re.VERBOSE,
)
_SIGNS: Final = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_KEPT_IN: Final = ("property_layers", "_mesa_property_layers", "properties")


@dataclass(frozen=True, slots=True)
class PropertyLayer(Source):
    """A layer, or a number over its cells.

    Attributes:
        layer: The name of the layer.
        statistic: One of `LAYER_STATISTICS`; None for the layer itself, which is measured at the end of a run only.
        sign: How cells are compared, for a share.
        number: What they are compared with; None for cells that are true.
    """

    layer: str
    statistic: str | None = None
    sign: str = ""
    number: float | None = None

    @property
    @override
    def at_end(self) -> bool:
        return self.statistic is None

    @override
    def measure(self, model: Any) -> Any:
        data = _layer(model, self.layer)
        match self.statistic:
            case None:
                return data.copy()
            case "share":
                chosen = data if self.number is None else _SIGNS[self.sign](data, self.number)
                return float(np.mean(chosen.astype(bool)))
            case "sd":
                return float(np.std(data, ddof=1)) if data.size > 1 else None
            case "mean" | "median":
                return float(getattr(np, self.statistic)(data))
        return getattr(np, self.statistic)(data).item()

    @override
    def check(self, model: Any) -> None:
        known = dict(layers_of(model))
        if self.layer not in known:
            listed = ", ".join(known) or "none"
            raise OutcomeError(
                f"There is no layer '{self.layer}' in {type(model).__name__}. Its property layers: {listed}."
                f"{suggest(self.layer, known)}"
            )

    @override
    def leaves_no_trace(self, model: Any) -> bool:
        return True


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


def _layer(model: Any, name: str) -> npt.NDArray[Any]:
    for known, data in layers_of(model):
        if known == name:
            return data
    raise LookupError(f"there is no layer '{name}'")


def _cells(layer: Any) -> npt.NDArray[Any] | None:
    # Only Mesa's own layers are asked for their data: other attributes may run code.
    is_layer = any(base.__name__ == "PropertyLayer" for base in type(layer).__mro__)
    data = getattr(layer, "data", None) if is_layer else layer
    return data if isinstance(data, np.ndarray) and data.ndim else None


def _parse(text: str) -> PropertyLayer | None:
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    if match["whole"]:
        return PropertyLayer(match["whole"])
    statistic, sign, number = match["statistic"], match["sign"] or "", match["number"]
    if statistic not in LAYER_STATISTICS:
        raise OutcomeError(
            f"Unknown statistic '{statistic}' in outcome '{text}'. Of layers there are: {', '.join(LAYER_STATISTICS)}."
            f"{suggest(statistic, LAYER_STATISTICS)}"
        )
    if number is None:
        return PropertyLayer(match["layer"], statistic)
    if statistic != "share":
        raise OutcomeError(f"Outcome '{text}' should read 'share(layer({match['layer']}) {sign} {number})'.")
    try:
        return PropertyLayer(match["layer"], statistic, sign, float(number))
    except ValueError:
        raise OutcomeError(f"'{number}' in outcome '{text}' is no number.") from None


KIND: Final = OutcomeKind("property layer", _parse)
