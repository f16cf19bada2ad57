"""Pictures of a model whose author gave none: its space with a colour for each type of agent, and its outcomes over time."""

from __future__ import annotations

import enum
import itertools
import math
import types
import warnings
from collections import Counter
from typing import Any, Final

from mesa_lab.viewing.pictures import Picture, png_of_figure

__all__ = ["default_pictures"]

_COLOURS: Final = ("#0f766e", "#d97706", "#7c3aed", "#dc2626", "#2563eb", "#65a30d", "#db2777", "#475569")
_SPACES: Final = ("Grid", "Space", "Network")
_MOST_LINES: Final = 8
_MOST_VALUES: Final = 8
_TELLING: Final = (
    "state",
    "status",
    "kind",
    "type",
    "condition",
    "strategy",
    "move",
    "happy",
    "infected",
    "alive",
)
"""Attributes that usually say what an agent is, the most telling first."""
_LINES_APART: Final = 50.0
"""Outcomes of which one is so many times as large as another do not share an axis."""


def default_pictures(model: Any) -> list[Picture]:
    """Return pictures of a model: the space where it has one, how many agents there are, its outcomes over time."""
    found: list[Picture] = []
    colours = _Colours(model)
    space = _space_of(model)
    if space is not None:
        try:
            found.append({"title": "Space", "png": _space(model, space, colours)})
        except Exception as error:
            found.append(
                {"title": "Space", "text": f"It could not be drawn: {type(error).__name__}: {error}"}
            )
    if (count := _counted(model, colours)) is not None:
        found.append({"title": "Agents", "text": count})
    # By its place among all, also among those of which there is no value yet.
    of_line = dict(zip(_collected(model), itertools.cycle(_COLOURS), strict=False))
    for number, names in enumerate(_groups(_series(model))):
        title = "Outcomes" if not number else f"Outcomes {number + 1}"
        found.append({"title": title, "png": _lines(names, of_line)})
    return found


def _space_of(model: Any) -> Any:
    """The model's space: its `grid` or `space`, or the first attribute that is one."""
    named = (getattr(model, "grid", None), getattr(model, "space", None))
    for value in (*named, *vars(model).values()):
        if value is not None and any(
            word in kind.__name__ for kind in type(value).__mro__ for word in _SPACES
        ):
            return value
    return None


class _Colours:
    """A colour for each type of agents; where there is one type only, for each value of what tells its agents apart.

    Args:
        model: The model.
    """

    def __init__(self, model: Any) -> None:
        agents = list(getattr(model, "agents", ()))
        # In the order in which the model first had them, those that have died out too: a colour stands for one type in all steps.
        kinds = getattr(model, "agent_types", None) or sorted({type(agent) for agent in agents}, key=repr)
        self.kinds = list(dict.fromkeys(kind.__name__ for kind in kinds))
        self.attribute = _telling_attribute(agents) if agents and len(self.kinds) == 1 else ""
        names = _values(agents, self.attribute) if self.attribute else self.kinds
        self.of = {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(names)}

    def name(self, agent: Any) -> str:
        """What an agent's colour stands for."""
        return _value(agent, self.attribute) if self.attribute else type(agent).__name__

    def label(self, name: str) -> str:
        """A colour's words in the legend."""
        return f"{self.attribute}: {name}" if self.attribute else name


def _telling_attribute(agents: list[Any]) -> str:
    """The attribute that tells agents of one type apart best: a state, a kind, a yes or no; empty when there is none."""
    some = agents[:: max(1, len(agents) // 500)]
    found = []
    for name in vars(some[0]) if hasattr(some[0], "__dict__") else ():
        if name.startswith("_") or name in ("unique_id", "model", "pos", "cell", "position"):
            continue
        values = [getattr(agent, name, None) for agent in some]
        if not all(isinstance(value, bool | int | str | enum.Enum) for value in values):
            continue
        count = len(set(values))
        if 2 <= count <= _MOST_VALUES or (name in _TELLING and count == 1):
            found.append((_TELLING.index(name) if name in _TELLING else len(_TELLING), count, name))
    return min(found)[2] if found else ""


def _value(agent: Any, attribute: str) -> str:
    value = getattr(agent, attribute, None)
    return value.name if isinstance(value, enum.Enum) else str(value)


def _values(agents: list[Any], attribute: str) -> list[str]:
    """The values that an attribute may have, as far as that is known: those that no agent has at this step keep their colours."""
    kinds = {type(getattr(agent, attribute, None)) for agent in agents}
    kind: Any = next(iter(kinds)) if len(kinds) == 1 else object
    if issubclass(kind, enum.Enum) and len(kind) <= _MOST_VALUES:
        return [member.name for member in kind]
    if kind is bool:
        return ["False", "True"]
    return sorted({_value(agent, attribute) for agent in agents}, key=lambda value: (len(value), value))


def _space(model: Any, space: Any, colours: _Colours) -> str:
    """Draw the space with Mesa's own renderer, or its agents as points where Mesa knows no such space."""
    from matplotlib.figure import Figure

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            figure = _with_mesa(model, space, colours)
        except Exception:
            figure = Figure(figsize=(5.5, 5.5))
            axes = figure.add_subplot()
            for name, places in _places(model, colours).items():
                axes.scatter(
                    [x for x, _ in places],
                    [y for _, y in places],
                    s=18,
                    label=colours.label(name),
                    color=colours.of[name],
                )
            axes.set_aspect("equal")
            if colours.of:
                axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return png_of_figure(figure)


def _with_mesa(model: Any, space: Any, colours: _Colours) -> Any:
    from matplotlib.lines import Line2D
    from mesa.visualization import SpaceRenderer
    from mesa.visualization.components import AgentPortrayalStyle, PropertyLayerStyle

    crowded = len(getattr(model, "agents", ())) > 400
    # Cells and patches of soil are agents too: they lie under those that move.
    fixed = {kind for kind in getattr(model, "agent_types", ()) if _is_fixed(kind)}

    def portrayal(agent: Any) -> Any:
        under = type(agent) in fixed
        return AgentPortrayalStyle(
            color=colours.of.get(colours.name(agent), _COLOURS[-1]),
            marker="s" if under else "o",
            size=(14 if crowded else 40) * (1 if not under else 1.6),
            alpha=0.25 if under and len(colours.kinds) > 1 else 0.9,
            zorder=1 if under else 2,
        )

    stand_in = types.SimpleNamespace(grid=space, agents=getattr(model, "agents", ()))
    renderer = SpaceRenderer(stand_in, backend="matplotlib").setup_agents(portrayal)
    layers = [
        name
        for name in (
            getattr(space, "_mesa_property_layers", None) or getattr(space, "properties", None) or {}
        )
        if name != "empty"
    ]
    if layers:
        first = layers[0]
        renderer.setup_propertylayer(
            lambda layer: (
                PropertyLayerStyle(colormap="Greens", alpha=0.8, colorbar=True)
                if layer.name == first
                else None
            )
        )
        renderer.draw_propertylayer()
    else:
        renderer.draw_structure()
    renderer.draw_agents()
    axes = renderer.canvas
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("equal")
    if layers:
        axes.set_title(layers[0], loc="left", fontsize=10)
    marks = [
        Line2D([], [], marker="o", linestyle="", color=colour, label=colours.label(name))
        for name, colour in colours.of.items()
    ]
    if marks:
        axes.legend(
            handles=marks,
            loc="upper left",
            bbox_to_anchor=(0, -0.02),
            ncols=min(4, len(marks)),
            frameon=False,
        )
    return axes.get_figure()


def _is_fixed(kind: type) -> bool:
    return any(base.__name__ == "FixedAgent" for base in kind.__mro__)


def _places(model: Any, colours: _Colours) -> dict[str, list[tuple[float, float]]]:
    """Where agents are, by what their colour stands for, as far as they have two coordinates."""
    found: dict[str, list[tuple[float, float]]] = {}
    for agent in getattr(model, "agents", ()):
        place = getattr(agent, "position", None)
        place = getattr(agent, "pos", None) if place is None else place
        if place is None:
            place = getattr(getattr(agent, "cell", None), "coordinate", None)
        try:
            x, y = float(place[0]), float(place[1])  # type: ignore[index]
        except (TypeError, IndexError, ValueError):
            continue
        found.setdefault(colours.name(agent), []).append((x, y))
    return found


def _counted(model: Any, colours: _Colours) -> str | None:
    counts = Counter(map(colours.name, getattr(model, "agents", ())))
    return ", ".join(f"{counts[name]:,} {colours.label(name)}" for name in colours.of) or None


def _collected(model: Any) -> dict[str, list[Any]]:
    variables = getattr(getattr(model, "datacollector", None), "model_vars", None) or {}
    return {str(name): values for name, values in variables.items()}


def _series(model: Any) -> dict[str, list[float]]:
    found = {}
    for name, values in _collected(model).items():
        numbers = [
            float(value) if isinstance(value, int | float) or hasattr(value, "__float__") else math.nan
            for value in values
        ]
        if numbers and not all(math.isnan(number) for number in numbers):
            found[name] = numbers
    return dict(list(found.items())[:_MOST_LINES])


def _groups(series: dict[str, list[float]]) -> list[dict[str, list[float]]]:
    """Outcomes that can share an axis, together."""
    groups: list[dict[str, list[float]]] = []
    sizes: list[float] = []
    for name, values in series.items():
        size = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
        for place, other in enumerate(sizes):
            # One that is 0 so far fits anywhere, as an outcome that begins there does.
            if not size or not other or max(size, other) <= _LINES_APART * min(size, other):
                groups[place][name] = values
                sizes[place] = max(size, other)
                break
        else:
            groups.append({name: values})
            sizes.append(size)
    return groups


def _lines(series: dict[str, list[float]], colours: dict[str, str]) -> str:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(5.5, 3.2))
    axes = figure.add_subplot()
    for name, values in series.items():
        # A line of one point is not seen.
        marker = "o" if len(values) == 1 else None
        axes.plot(values, label=name, color=colours[name], linewidth=1.4, marker=marker)
    numbers = {value for values in series.values() for value in values if math.isfinite(value)}
    if len(numbers) == 1:  # matplotlib would show a few hundredths around it
        (only,) = numbers
        axes.set_ylim(only - max(abs(only) / 2, 1), only + max(abs(only) / 2, 1))
    if all(number.is_integer() for number in numbers):
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("Step")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if max(map(len, series.values()), default=0) == 1:  # or it shows hundredths of a step around the first
        axes.set_xticks([0])
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return png_of_figure(figure)
