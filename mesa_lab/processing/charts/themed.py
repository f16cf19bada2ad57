"""Altair charts that put their theme on when they are shown, so that they can be layered, concatenated and faceted.

Vega-Lite has one configuration for a whole picture, and altair refuses a part that brings its own. A chart that is made
themed here keeps its theme aside, and writes it down where it turns out to be the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cache
from typing import Any

from mesa_lab.processing.charts.tooltips import with_plain_texts

__all__ = ["themed"]


def themed[Look: Hashable](chart: Any, look: Look, settings: Callable[[Look], dict[str, Any]]) -> Any:
    """Return a chart that has a theme, and passes it on to what it is put together with.

    Args:
        chart: An altair chart of any kind.
        look: The theme.
        settings: What it means for a whole picture: `config`, `background`, `padding` by name. What the chart itself sets
            comes first.

    Returns:
        The same chart; `a + b`, `a | b`, `a & b` and `a.facet(...)` have the theme of `a`.
    """
    # Altair stores what is assigned to a chart as one of its properties.
    kind: Any = type(chart)
    object.__setattr__(chart, "__class__", _themed_class(kind, look, settings))
    return chart


@cache
def _themed_class(kind: type[Any], look: Any, settings: Callable[[Any], dict[str, Any]]) -> type[Any]:
    """A class of charts like another one, that know their theme: altair copies charts by their class."""

    def passed_on(chart: Any) -> Any:
        return chart if getattr(type(chart), "_is_themed", False) else themed(chart, look, settings)

    class Themed(kind):  # type: ignore[misc]
        _is_themed = True

        def copy(self, deep: Any = True, ignore: Any = None) -> Any:
            if deep is not False:
                return super().copy(deep, ignore)
            # Altair makes the copy as if anew, and a chart of layers then copies all layers to the bottom, three times.
            twin = object.__new__(type(self))
            given = {
                name: list(value) if isinstance(value, list) else value for name, value in self._kwds.items()
            }
            object.__setattr__(twin, "_args", self._args)
            object.__setattr__(twin, "_kwds", given)
            return twin

        def to_dict(self, *args: Any, **options: Any) -> dict[str, Any]:
            if not (options.get("context") or {}).get("top_level", True):
                return super().to_dict(*args, **options)  # type: ignore[no-any-return]
            whole = self.copy(deep=False)
            for name, setting in settings(look).items():
                given = whole._get(name, None)
                if given is None:
                    whole[name] = setting
                elif name == "config":
                    whole[name] = setting | (given if isinstance(given, dict) else given.to_dict())
            written = super(Themed, whole).to_dict(*args, **options)
            # Titles of the user are put into expressions when Vega-Lite becomes Vega.
            return with_plain_texts(written) if "vega-lite" in written.get("$schema", "") else written

        def __add__(self, other: Any) -> Any:
            return passed_on(super().__add__(other))

        def __or__(self, other: Any) -> Any:
            return passed_on(super().__or__(other))

        def __and__(self, other: Any) -> Any:
            return passed_on(super().__and__(other))

        def facet(self, *args: Any, **options: Any) -> Any:
            return passed_on(super().facet(*args, **options))

    Themed.__name__, Themed.__qualname__, Themed.__module__ = (
        kind.__name__,
        kind.__qualname__,
        kind.__module__,
    )
    return Themed
