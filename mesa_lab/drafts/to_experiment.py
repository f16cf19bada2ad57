"""From a draft to an experiment, or to what is wrong with it, each mistake at its own field.

Every field is read by itself, so that all mistakes are found at once and each is said where it was
made. The checks proper are those of the core: here its errors are only caught and sorted. No model
is imported; what is known about it comes in as a description.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mesa_lab.drafts.draft_size import check_size
from mesa_lab.drafts.field_errors import Mistakes
from mesa_lab.drafts.points_csv import parse_points
from mesa_lab.drafts.read_design import read_design
from mesa_lab.drafts.read_parameters import DEFAULT, read_row
from mesa_lab.drafts.value_text import parse_number, parse_values
from mesa_lab.errors import ExperimentError, OutcomeError, suggest
from mesa_lab.preparation.claims.claim import parse_claims
from mesa_lab.preparation.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesa_lab.drafts.draft import Draft, Row
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.models import ModelDescription, ParameterInfo

__all__ = ["Parsed", "parse", "takes_anything"]


@dataclass(frozen=True)
class Parsed:
    """What a draft amounts to.

    Attributes:
        experiment: The experiment, None while something is wrong.
        errors: Messages by field: "model", "parameters.NAME" and its parts such as "parameters.NAME.low", "design" and
            its parts such as "design.size", the names of the experiment's other fields, and "experiment" for the rest.
    """

    experiment: Experiment | None
    errors: Mapping[str, str]


def parse(draft: Draft, description: ModelDescription | None = None) -> Parsed:
    """Read a draft.

    Args:
        draft: What was typed.
        description: The model's, to check names and types against; None when the model is not known here.

    Returns:
        The experiment, or the mistakes.
    """
    from mesa_lab.preparation.experiment import Experiment

    mistakes = Mistakes()
    mistakes.attempt("experiment", check_size, draft)
    if mistakes:
        return Parsed(None, mistakes)
    if not draft.model:
        mistakes.note("model", "Choose a model first.")
    parameters = _parameters(draft, description, mistakes)
    design = read_design(draft.design, parameters, mistakes)
    settings = _settings(draft, description, mistakes)
    constraints = tuple(line.strip() for line in draft.constraints.splitlines() if line.strip())
    correlations = mistakes.attempt("correlations", _correlations, draft.correlations)
    claims = mistakes.attempt(
        "claims", parse_claims, [{"name": name, "holds": holds} for name, holds in draft.claims]
    )
    if not any(field.startswith("parameters") for field in mistakes):
        parameters = _with_defaults(parameters, constraints, description)
        _check_constraints(parameters, constraints, mistakes)
        if correlations:
            mistakes.attempt("correlations", _check_correlations, parameters, correlations)
    if mistakes:
        return Parsed(None, mistakes)
    made = mistakes.attempt(
        "experiment",
        Experiment,
        draft.model,
        parameters,
        design,
        constraints=constraints,
        correlations=correlations,
        redraw=draft.redraw,
        claims=claims,
        question=draft.question if draft.question in QUESTIONS else None,
        **settings,
    )
    return Parsed(made, mistakes)


def takes_anything(description: ModelDescription) -> bool:
    """Whether a model takes parameters that it does not name."""
    return any("any keyword" in problem for problem in description.problems)


# ---------------------------------------------------------------- parameters


def _parameters(draft: Draft, description: ModelDescription | None, mistakes: Mistakes) -> dict[str, Any]:
    infos = {info.name: info for info in description.parameters} if description else {}
    closed = description is not None and not takes_anything(description)
    table = draft.design.kind == "Table"
    points = Mistakes().attempt("points", parse_points, draft.design.points) or [] if table else []
    columns = dict.fromkeys(points[0]) if points else {}
    found: dict[str, Any] = {}
    for row in draft.rows:
        if row.name in columns and not (row.varied and _typed(row, infos, points)):
            continue
        if closed and row.name not in infos:
            near = suggest(row.name, infos)
            mistakes.note(f"parameters.{row.name}", f"The model takes no '{row.name}'.{near}")
        elif table and row.varied and row.name not in columns:
            mistakes.note(
                f"parameters.{row.name}",
                f"'{row.name}' varies, but the table of points has no column '{row.name}'. "
                "Add the column, or hold the parameter fixed.",
            )
        else:
            value = read_row(row, infos.get(row.name), mistakes)
            if value is not DEFAULT:
                found[row.name] = value
    for name in columns:
        if closed and name not in infos:
            mistakes.note("design.points", _no_column(name, infos))
        elif name not in found:
            found[name] = _values_of(name, points)
    return found


def _typed(row: Row, infos: Mapping[str, ParameterInfo], points: list[dict[str, Any]]) -> bool:
    """Whether a row says of what type the values in the table's column are; listed values must be those listed."""
    from mesa_lab.preparation.parameters.space import Choice, Levels

    parameter = read_row(row, infos.get(row.name), Mistakes())
    if isinstance(parameter, Choice | Levels):
        return all(parameter.contains(point[row.name]) for point in points)
    return parameter is not None


def _no_column(name: str, infos: Mapping[str, ParameterInfo]) -> str:
    return f"The table has a column '{name}', which the model does not take.{suggest(name, infos)} It takes: {', '.join(infos)}."


def _values_of(name: str, points: list[dict[str, Any]]) -> Any:
    """The levels of a parameter that a table holds; a parameter that is always the same counts as varied too."""
    from mesa_lab.preparation.parameters.space import Levels

    return Levels(list({repr(point[name]): point[name] for point in points}.values()))


def _with_defaults(
    parameters: dict[str, Any], constraints: tuple[str, ...], description: ModelDescription | None
) -> dict[str, Any]:
    """Add the defaults of which a constraint speaks: an experiment can only constrain what it names."""
    from mesa_lab.preparation.expressions.parse import compile_expression
    from mesa_lab.preparation.models import REQUIRED

    named = {
        name
        for text in constraints
        for name in getattr(Mistakes().attempt("", compile_expression, text), "names", ())
    }
    defaults = {info.name: info.default for info in description.parameters} if description else {}
    wanted = {name: value for name, value in defaults.items() if name in named and value is not REQUIRED}
    return {**{name: value for name, value in wanted.items() if name not in parameters}, **parameters}


def _check_constraints(parameters: dict[str, Any], constraints: tuple[str, ...], mistakes: Mistakes) -> None:
    from mesa_lab.preparation.parameters.space import ParameterSpace

    for text in constraints:
        if mistakes.attempt("constraints", ParameterSpace, parameters, [text]) is None:
            return  # the first mistake is the one that is shown


def _correlations(text: str) -> dict[tuple[str, str], float] | None:
    """The pairs that were typed, one on each line: "a, b = 0.6"."""
    found: dict[tuple[str, str], float] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        names, equals, number = line.rpartition("=")
        pair = tuple(name.strip() for name in names.split(","))
        if not equals or len(pair) != 2 or not all(pair):
            raise ExperimentError(
                f"'{line.strip()}' is no correlation. Write two parameters and a number, as in a, b = 0.6."
            )
        if pair in found:
            raise ExperimentError(f"'{pair[0]}' and '{pair[1]}' stand there twice. Remove one of them.")
        found[pair] = float(parse_number(number))
    return found or None


def _check_correlations(parameters: dict[str, Any], correlations: dict[tuple[str, str], float]) -> None:
    from mesa_lab.preparation.parameters.space import ParameterSpace

    ParameterSpace(parameters, correlations=correlations)


# ---------------------------------------------------------------- settings


def _settings(draft: Draft, description: ModelDescription | None, mistakes: Mistakes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("replications", "seed", "period"):
        found[name] = mistakes.attempt(name, parse_number, getattr(draft, name), whole=True)
    for name in ("max_steps", "max_time", "timeout"):
        text = getattr(draft, name)
        whole = name == "max_steps"
        found[name] = mistakes.attempt(name, parse_number, text, whole=whole) if text.strip() else None
    found["stop_when"] = draft.stop_when.strip() or None
    for name, value in found.items():
        if value is not None:
            mistakes.attempt(name, _check, draft.model, name, value)
    if draft.seeds.strip():
        found["seeds"] = mistakes.attempt("seeds", _seeds, draft.seeds)
        del found["replications"]
    else:
        found["common_random_numbers"] = draft.common_random_numbers
    found["outcomes"] = mistakes.attempt("outcomes", _outcomes, draft, description)
    found["agents"] = mistakes.attempt("agents", _agents, draft)
    found["on_error"] = draft.on_error
    if draft.enums:
        found["enums"] = {
            name: [text for each, text in draft.enums if each == name] for name in dict(draft.enums)
        }
    mistakes.attempt("on_error", _check, draft.model, "on_error", draft.on_error)
    return found


def _check(model: str, name: str, value: Any) -> None:
    """Let the core check one setting by itself, so that its message stands at its field."""
    from mesa_lab.preparation.limits import LARGEST_SEED
    from mesa_lab.preparation.run_configuration import Protocol
    from mesa_lab.preparation.settings import check_whole

    if name == "replications":
        check_whole(name, value, least=1)
    elif name == "seed":
        check_whole(name, value, least=0, most=LARGEST_SEED)
    else:
        Protocol(model, **{name: value})


def _seeds(text: str) -> list[int | float]:
    seeds = parse_values(text, lambda part: parse_number(part, whole=True))
    if any(seed < 0 for seed in seeds):
        raise ExperimentError("Seeds are whole numbers from 0.")
    return seeds


def _outcomes(draft: Draft, description: ModelDescription | None) -> Any:
    from mesa_lab.preparation.outcomes import parse_outcomes, typed_outcome

    reporters = description.model_reporters if description else ()
    typed = [typed_outcome(source, name, reporters) for name, source in draft.outcomes]
    parsed = parse_outcomes(typed or None)
    kinds = description.agent_types if description else ()
    for outcome in parsed or ():
        statistic = outcome.statistic
        if statistic and kinds and statistic.agent_type not in ("Agent", *kinds):
            near = suggest(statistic.agent_type, kinds)
            if near:  # types without a namesake may still be born during a run
                raise OutcomeError(
                    f"'{outcome.source}': the model has no agents of type '{statistic.agent_type}'.{near}"
                )
    return parsed


def _agents(draft: Draft) -> Any:
    names = [name.strip() for name in draft.agent_names if name.strip()]
    if draft.agents != "chosen":
        return draft.agents == "all"
    if not names:
        raise OutcomeError("Name at least one attribute, such as energy or Wolf.energy.")
    typed = [name for name in names if "." in name]
    if not typed:
        return tuple(names)
    if len(typed) < len(names):
        plain = next(name for name in names if "." not in name)
        raise OutcomeError(
            f"Name attributes of all agents or of single types, not both: '{plain}' names no type."
        )
    chosen: dict[str, list[str]] = {}
    for name in typed:
        kind, _, attribute = name.partition(".")
        chosen.setdefault(kind, []).append(attribute)
    return {kind: tuple(attributes) for kind, attributes in chosen.items()}
