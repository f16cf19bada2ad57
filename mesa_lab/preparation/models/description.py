"""Describe a model: what it takes, what to vary, what it reports, which agents it has.

The one place that builds a model only to look at it, silently and without leaving a trace. It must
not know how models are run.
"""

import contextlib
import random
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mesa_lab.preparation.code_permission import elsewhere_of, parse_reference, require_code
from mesa_lab.preparation.models.catalogue import first_sentence
from mesa_lab.preparation.models.collectors import agent_reporters_of, model_reporters_of, tables_of
from mesa_lab.preparation.models.declarations import cached, parameters_of, passes_keyword
from mesa_lab.preparation.models.docs import documentation
from mesa_lab.preparation.models.inspection.attributes_in_code import calls_in_methods
from mesa_lab.preparation.models.inspection.held_output import silence
from mesa_lab.preparation.models.inspection.interruption import OutOfTimeError
from mesa_lab.preparation.models.inspection.layers import layer_outcomes
from mesa_lab.preparation.models.inspection.model_to_look_at import (
    LOOKING_SECONDS,
    look_at,
    number_attributes,
    release,
    reporters_in_code,
)
from mesa_lab.preparation.models.inspection.peculiarities import peculiarities
from mesa_lab.preparation.models.older_mesa import remedy
from mesa_lab.preparation.models.references import load_model, names_class, reference_of
from mesa_lab.preparation.models.signatures import Plan, plan_of
from mesa_lab.preparation.models.suggestions import ParameterInfo, parameter_infos
from mesa_lab.preparation.models.working_folder import file_trouble, said_of_folder, working_folder
from mesa_lab.preparation.settings import check_positive

__all__ = ["KNOWN", "ModelDescription", "ModelSignature", "describe", "signature"]

KNOWN = "_mesa_lab_description"
"""Where a class that stands for a model of elsewhere has its description."""

# The seed of the one model that `describe` builds to look at.
_DESCRIBING_SEED = 42


@dataclass(frozen=True)
class ModelSignature:
    """What a model class takes.

    Attributes:
        parameters: The user's parameters by name, in the order of the class; never the seed.
        seed_keyword: How the seed reaches the model: `"seed"`, `"rng"`, `"scenario"`, or None.
        scenario_class: The `Scenario` class whose fields are parameters, if any.
        accepts_any: The class takes further keywords that it does not name.
    """

    parameters: Mapping[str, ParameterInfo]
    seed_keyword: str | None
    scenario_class: type[Any] | None
    accepts_any: bool


@dataclass(frozen=True)
class ModelDescription:
    """What `describe` found out about a model.

    Attributes:
        reference: The string that finds the model again.
        name: The class's name.
        summary: The first sentence of its documentation.
        doc: All of its documentation.
        parameters: The user's parameters, each with its default and suggested range.
        model_reporters: Names of what the model reports about itself.
        agent_reporters: Names of what it reports about each agent.
        agenttype_reporters: The same for single types of agents.
        agent_types: Names of the types of agents it starts with.
        seed_keyword: How the seed reaches the model: `"seed"`, `"rng"`, `"scenario"`, or None.
        problems: What a user should know, in sentences; empty when all is well.
        tables: Names of its data collectors' tables, to which it adds rows.
        numbers: Names of its attributes that hold a number and are no parameters; they are measured when they are asked for.
        layers: Outcomes of its property layers, such as `"mean(layer(sugar))"`; measured when they are asked for.
    """

    reference: str
    name: str
    summary: str
    doc: str
    parameters: tuple[ParameterInfo, ...]
    model_reporters: tuple[str, ...]
    agent_reporters: tuple[str, ...]
    agenttype_reporters: dict[str, tuple[str, ...]]
    agent_types: tuple[str, ...]
    seed_keyword: str | None
    problems: tuple[str, ...]
    tables: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()

    def outcomes(self) -> list[str]:
        """Return what can be measured, as outcomes: its reporters, how many agents there are of each type, then what must be asked for."""
        counts = [f"count({kind})" for kind in self.agent_types]
        on_request = [*([] if self.model_reporters else self.numbers), *self.layers]
        return [*self.model_reporters, *counts, *on_request]


@cached
def signature(model_cls: type[Any]) -> ModelSignature:
    """Read what a model class takes, with suggested ranges; the model is not built.

    Args:
        model_cls: A subclass of `mesa.Model`.

    Returns:
        The signature, cached per class.

    Example:
        >>> from mesa.examples import ConwaysGameOfLife
        >>> list(signature(ConwaysGameOfLife).parameters)
        ['width', 'height', 'initial_fraction_alive']
    """
    plan = plan_of(model_cls)
    known = vars(model_cls).get(KNOWN)
    if known is not None:
        named = {info.name: info for info in known.parameters}
        return ModelSignature(named, plan.seed_keyword, None, plan.accepts_any)
    infos = {info.name: info for info in parameter_infos(model_cls, plan)}
    return ModelSignature(infos, plan.seed_keyword, plan.scenario_class, plan.accepts_any)


def describe(model: type[Any] | str, seconds: float = LOOKING_SECONDS) -> ModelDescription:
    """Describe a model: its parameters with suggested ranges, its reporters, its types of agents.

    The model is built once with its defaults, silently, to see its reporters and agents. Python's
    and numpy's global generators are left as they were.

    Args:
        model: A class, `"package.module:Class"` or `"path/file.py:Class"`.
        seconds: How long it may take to build it; 0 to build nothing, and to read from its code what it reports.

    Returns:
        The description. A model that cannot be built says so in `problems`.

    Raises:
        ModelError: The class cannot be found or is no Mesa model.

    Example:
        >>> description = describe("mesa.examples:Schelling")
        >>> description.model_reporters
        ('happy', 'pct_happy', 'population', 'minority_pct')
        >>> description.agent_types
        ('SchellingAgent',)
    """
    if seconds != 0:
        seconds = check_positive("seconds", seconds, "a number of seconds") or LOOKING_SECONDS
    if isinstance(model, str) and (elsewhere := elsewhere_of(model)) is not None:
        require_code([parse_reference(model)])
        found: ModelDescription = elsewhere.description(model)
        return found
    with _quiet():
        model_cls = load_model(model)
        reference = reference_of(model if isinstance(model, str) and names_class(model) else model_cls)
        return _describe(model_cls, reference, seconds)


@cached
def _describe(model_cls: type[Any], reference: str, seconds: float) -> ModelDescription:
    plan = plan_of(model_cls)
    takes = signature(model_cls)
    doc = documentation(model_cls)
    problems = _problems(model_cls, plan)
    built = None
    if not plan.required and seconds > 0:
        try:
            built = look_at(model_cls, {}, _DESCRIBING_SEED, seconds)
        except OutOfTimeError:
            problems.append(
                f"Building it with its defaults takes more than {seconds:g} s, so it was not built to look at: what it reports "
                "is read from its code, and its types of agents are not known."
            )
        except (Exception, SystemExit) as error:
            problems.append(f"It cannot be built with its defaults: {_told(error, model_cls)}")
    if said := said_of_folder(model_cls):
        problems.append(said)
    problems += peculiarities(model_cls)
    reporters, by_kind, tables = list(model_reporters_of(built)), agent_reporters_of(built), tables_of(built)
    is_read = built is None or (not reporters and calls_in_methods(model_cls, "DataCollector"))
    if is_read:
        reporters, by_kind = reporters_in_code(model_cls)
    agent_types = _agent_types(built)
    numbers = [name for name in number_attributes(built) if name not in takes.parameters]
    layers = layer_outcomes(built)
    if not is_read and not reporters and not agent_types:
        problems.append(_unmeasured([*numbers, *layers], tables))
    release(built)
    return ModelDescription(
        reference=reference,
        name=model_cls.__name__,
        summary=first_sentence(doc),
        doc=doc,
        parameters=tuple(takes.parameters.values()),
        model_reporters=tuple(reporters),
        agent_reporters=tuple(by_kind.pop(object, ())),
        agenttype_reporters={kind.__name__: tuple(names) for kind, names in by_kind.items()},
        agent_types=agent_types,
        seed_keyword=takes.seed_keyword,
        problems=tuple(problems),
        tables=tuple(tables),
        numbers=tuple(numbers),
        layers=tuple(layers),
    )


def _unmeasured(able: Sequence[str], tables: Sequence[str]) -> str:
    """What to do about a model of which nothing is measured unless it is asked for."""
    named = list(able[:3]) or ["the name of an attribute"]
    read = f" Rows of its tables ({', '.join(tables)}) are kept: results.tables()." if tables else ""
    return (
        "It has no model reporters and starts without agents, so nothing is measured by itself. Name what is to be "
        f"measured, attributes or property layers of the model: outcomes={named!r}.{read}"
    )


def _told(error: BaseException, model_cls: type[Any]) -> str:
    import mesa

    text = f"{type(error).__name__}: {error}"
    if said := remedy(error) or file_trouble(error, working_folder(model_cls)):
        return f"{text}. {said[0].upper()}{said[1:]}"
    takes_seed = any(parameter.name == "seed" for parameter in parameters_of(mesa.Model.__init__))
    if isinstance(error, TypeError) and not takes_seed and passes_keyword(model_cls, "seed"):
        # What Mesa 4 itself says is "object.__init__() takes exactly one argument".
        text += f". Mesa {mesa.__version__} takes no seed=: hand it on as rng= in super().__init__()"
    return text


def _problems(model_cls: type[Any], plan: Plan) -> list[str]:
    problems = []
    if plan.required:
        needed = ", ".join(slot.name for slot in plan.slots if slot.name in plan.required)
        problems.append(
            f"It cannot be built with its defaults: it needs a value for {needed}. "
            "Its reporters and agents are known once it has been built."
        )
    if plan.seed_keyword is None:
        problems.append(
            f"{model_cls.__name__} takes neither seed nor rng. Mesa Lab seeds it all the same; to repeat a run "
            "elsewhere, add rng=None to its __init__ and hand it to super().__init__(rng=rng)."
        )
    if plan.accepts_any:
        problems.append("It takes any keyword, so that a misspelt parameter is not noticed.")
    return problems


def _agent_types(model: Any) -> tuple[str, ...]:
    try:
        return tuple(kind.__name__ for kind in model.agents_by_type)
    except Exception:
        # No model, or one that never called super().__init__().
        return ()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hold back what a model prints or warns about, and leave the global generators alone."""
    python_state, numpy_state = random.getstate(), np.random.get_state()
    try:
        with silence(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)
