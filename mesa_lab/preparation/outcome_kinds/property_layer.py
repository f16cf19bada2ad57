"""Property layers: one number of all cells of a layer, `mean(layer(sugar))`, or the layer itself at the end of a run, `layer(sugar)`."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import Any, Final, override

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import OutcomeError, suggest
from mesa_lab.preparation.models.inspection.layers import layers_of
from mesa_lab.preparation.outcome_kinds.kind import OutcomeKind, Source

__all__ = ["KIND", "LAYER_STATISTICS", "PropertyLayer"]

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


def _layer(model: Any, name: str) -> npt.NDArray[Any]:
    for known, data in layers_of(model):
        if known == name:
            return data
    raise LookupError(f"there is no layer '{name}'")


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
