"""A draft: what a person has typed on the design page so far, right or wrong, as frozen data.

Every field is text (or a yes or no), so that half a number is a state like any other: nothing typed
is lost by going to another page and back, by reloading, or by passing the address on. What a
parameter had as a range is kept while it is held fixed, and comes back. `to_experiment.py` makes
an experiment of a draft, `link.py` a link. No page is known here, and no model is imported.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from mesa_lab.drafts.value_text import show_value, show_values

if TYPE_CHECKING:
    from mesa_lab.preparation.models import ModelDescription, ParameterInfo

__all__ = [
    "KINDS",
    "DesignDraft",
    "Draft",
    "Row",
    "can_vary",
    "completed",
    "default_kind",
    "for_model",
    "row_for",
    "with_others_varied",
]

KINDS: Final = ("fixed", "real", "integer", "levels", "choice", "distribution")
"""What a parameter can be: held fixed, or varied in one of five ways."""


@dataclass(frozen=True)
class Row:
    """What was typed for one parameter.

    Attributes:
        name: The parameter.
        kind: One of `KINDS`.
        fixed: The value it is held at; empty for the model's default.
        low: The range's lower end.
        high: The range's upper end.
        step: The step of a range of whole numbers.
        log: Whether the range is logarithmic.
        levels: The listed values of "levels".
        choices: The listed values of "choice".
        distribution: The distribution's name in scipy.stats.
        arguments: The distribution's arguments, by name.
    """

    name: str
    kind: str = "fixed"
    fixed: str = ""
    low: str = ""
    high: str = ""
    step: str = ""
    log: bool = False
    levels: str = ""
    choices: str = ""
    distribution: str = "norm"
    arguments: tuple[tuple[str, str], ...] = ()

    @property
    def varied(self) -> bool:
        """Whether the parameter varies."""
        return self.kind != "fixed"


@dataclass(frozen=True)
class DesignDraft:
    """What was typed for the design.

    Attributes:
        kind: The name of the design's class.
        fields: Typed text by field. Kept when another design is picked, so that designs share a size. A value for one
            parameter stands under `"field.parameter"`.
        points: The text of a table of points, as CSV.
        parts: The designs within, for designs that join others.
        fixed: For a design within another: values that hold in it, as typed.
        vary: For a design within another: the parameters that vary in it; empty for all that are not in `fixed`.
    """

    kind: str = "LatinHypercube"
    fields: tuple[tuple[str, str], ...] = (("size", "20"),)
    points: str = ""
    parts: tuple[DesignDraft, ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()
    vary: tuple[str, ...] = ()

    def text(self, name: str) -> str:
        """What was typed into a field."""
        return dict(self.fields).get(name, "")

    def with_text(self, name: str, text: str) -> DesignDraft:
        """Return the draft with another text in a field."""
        return replace(self, fields=_changed(self.fields, name, text))


@dataclass(frozen=True)
class Draft:
    """What was typed for the whole experiment; the fields are those of `Experiment`, as text.

    Attributes:
        model: The model's reference.
        rows: One for each parameter, in the model's order.
        design: The design.
        outcomes: What is measured, each with its name and where it comes from; empty for every model reporter.
        agents: "none", "all" for the model's agent reporters, or "chosen".
        agent_names: The chosen attributes: "energy" for all agents, "Wolf.energy" for one type.
        constraints: One expression on each line.
        redraw: Whether points that break a constraint are made up for.
        on_error: What an outcome that raises costs: "missing", its value, or "fail", its run.
        correlations: One pair of parameters on each line, as in "a, b = 0.6".
        claims: What is claimed of the results, each with its name and what holds.
        question: The name of the question that it is for; empty for none.
        enums: Where the Enums of parameters are: a parameter and the text that finds one, for each.
    """

    model: str = ""
    rows: tuple[Row, ...] = ()
    design: DesignDraft = field(default_factory=DesignDraft)
    replications: str = "10"
    seed: str = "42"
    seeds: str = ""
    common_random_numbers: bool = False
    max_steps: str = "100"
    max_time: str = ""
    stop_when: str = ""
    timeout: str = ""
    period: str = "1"
    outcomes: tuple[tuple[str, str], ...] = ()
    agents: str = "none"
    agent_names: tuple[str, ...] = ()
    constraints: str = ""
    redraw: bool = False
    on_error: str = "missing"
    correlations: str = ""
    claims: tuple[tuple[str, str], ...] = ()
    question: str = ""
    enums: tuple[tuple[str, str], ...] = ()

    def row(self, name: str) -> Row | None:
        """The row of a parameter."""
        return next((row for row in self.rows if row.name == name), None)

    def with_row(self, changed: Row) -> Draft:
        """Return the draft with another row for the parameter of that name."""
        return replace(self, rows=tuple(changed if row.name == changed.name else row for row in self.rows))

    @property
    def varied(self) -> tuple[Row, ...]:
        """The rows of the parameters that vary."""
        return tuple(row for row in self.rows if row.varied)


def for_model(description: ModelDescription) -> Draft:
    """Return a first draft for a model: suggested ranges filled in, and two parameters that vary.

    It runs as it is and shows something. Which two: those that the model's author gave sliders, before others; the
    size of the space rarely is the question.
    """
    rows = tuple(row_for(info) for info in description.parameters)
    numbers = [info for info in description.parameters if info.kind in ("real", "integer")]
    numbers.sort(key=lambda info: (info.name in ("width", "height"), info.suggested_by != "slider"))
    varied = {info.name: info.kind for info in numbers[:2]}
    rows = tuple(replace(row, kind=varied.get(row.name, "fixed")) for row in rows)
    return Draft(model=description.reference, rows=rows)


def row_for(info: ParameterInfo) -> Row:
    """Return the row of a parameter held at its default, its other forms filled in as suggested."""
    choices = show_values(info.choices or ())
    low, high = ("" if end is None else show_value(_whole(end)) for end in (info.low, info.high))
    return Row(
        info.name,
        low=low,
        high=high,
        levels=choices or _joined(low, _default_text(info), high),
        choices=choices or _default_text(info),
        arguments=_normal(info),
    )


def default_kind(info: ParameterInfo | None) -> str:
    """Return how a parameter varies when it is only said that it does."""
    kinds = {"real": "real", "integer": "integer", "choice": "choice"}
    return kinds.get(info.kind, "levels") if info else "levels"


def with_others_varied(draft: Draft, description: ModelDescription) -> Draft:
    """Return the draft with all those fixed parameters varied that have a range or a list of values.

    What was typed as a range counts before what the model declares or its default suggests.

    Args:
        draft: What was typed.
        description: The model's.
    """
    names, infos = can_vary(draft, description), {info.name: info for info in description.parameters}
    rows = tuple(
        replace(row, kind=default_kind(infos[row.name])) if row.name in names else row for row in draft.rows
    )
    return replace(draft, rows=rows) if names else draft


def can_vary(draft: Draft, description: ModelDescription) -> tuple[str, ...]:
    """Return the names of the parameters that are held fixed and have a range or a list of values to vary over."""
    infos = {info.name: info for info in description.parameters}
    return tuple(
        row.name
        for row in draft.rows
        if row.kind == "fixed"
        and (info := infos.get(row.name)) is not None
        and (
            (info.kind in ("real", "integer") and row.low != "" and row.high != "")
            or (info.kind == "choice" and "," in row.choices)
        )
    )


def completed(draft: Draft, description: ModelDescription) -> Draft:
    """Return a draft with rows for all of the model's parameters, and suggestions where rows have nothing typed yet.

    A draft from a file or a link says nothing about the parameters that keep their defaults. The experiment stays
    the same: the order of the parameters that vary decides which points a design gives, so it is kept.
    """
    typed = {row.name: row for row in draft.rows}
    known = {info.name: row_for(info) for info in description.parameters}
    rows = {name: _filled(typed[name], row) if name in typed else row for name, row in known.items()}
    rows |= {name: row for name, row in typed.items() if name not in known}
    varied = [row.name for row in draft.varied]
    if [name for name in rows if name in varied] != varied:
        rows = {name: rows[name] for name in (*typed, *rows)}
    changed = replace(draft, rows=tuple(rows.values()))
    return draft if changed == draft else changed


def _filled(row: Row, suggested: Row) -> Row:
    """A row with suggestions in those of its forms that are not in use."""
    forms = {
        "fixed": (),
        "real": ("low", "high"),
        "integer": ("low", "high", "step"),
        "levels": ("levels",),
        "choice": ("choices",),
        "distribution": ("arguments",),
    }
    free = [name for kind, names in forms.items() for name in names if name not in forms[row.kind]]
    return replace(row, **{name: getattr(suggested, name) for name in free if not getattr(row, name)})


def _whole(value: float) -> float:
    """1.0 as 1, as people write the end of a range."""
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def _default_text(info: ParameterInfo) -> str:
    from mesa_lab.preparation.models import REQUIRED

    return "" if info.default is REQUIRED else show_value(info.default)


def _joined(*texts: str) -> str:
    return ", ".join(dict.fromkeys(text for text in texts if text))


def _normal(info: ParameterInfo) -> tuple[tuple[str, str], ...]:
    """A normal distribution round the default, cut off at the ends of the suggested range."""
    if info.low is None or info.high is None:
        return ()
    centre = info.default if isinstance(info.default, int | float) else (info.low + info.high) / 2
    spread = f"{(info.high - info.low) / 6:.3g}"
    low, high = (show_value(_whole(end)) for end in (info.low, info.high))
    return (("loc", show_value(centre)), ("scale", spread), ("low", low), ("high", high))


def _changed(pairs: tuple[tuple[str, str], ...], name: str, text: str) -> tuple[tuple[str, str], ...]:
    changed = {**dict(pairs), name: text}
    return tuple((key, value) for key, value in changed.items() if value)
