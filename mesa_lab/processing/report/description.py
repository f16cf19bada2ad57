"""An experiment in words: what was varied and how, what was measured, and what the model says about itself.

The model's documentation is read from its source as text: a report runs no code of the model.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesa_lab.formatting import listing, number, plural, show
from mesa_lab.preparation.models.catalogue import class_doc
from mesa_lab.preparation.models.files import find_module

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.processing.result_tables import ResultTables

__all__ = ["design_in_words", "experiment_in_words", "model_doc", "parameter_in_words"]

_DESIGNS = {
    "FullFactorial": "a full factorial design",
    "OneAtATime": "a design that varies one parameter at a time",
    "LatinHypercube": "a Latin hypercube",
    "Sobol": "a Sobol' sequence",
    "Halton": "a Halton sequence",
    "MonteCarlo": "random sampling",
    "SparseGrid": "a Smolyak sparse grid",
    "FractionalFactorial": "a two-level fractional factorial design",
    "PlackettBurman": "a Plackett–Burman design",
    "DefinitiveScreening": "a definitive screening design",
    "OrthogonalArray": "an orthogonal array",
    "CentralComposite": "a central composite design",
    "BoxBehnken": "a Box–Behnken design",
    "Morris": "trajectories of Morris's method",
    "Saltelli": "Saltelli's design for Sobol' indices",
    "EFAST": "the curves of eFAST",
    "Table": "a table of points",
    "Zip": "levels taken together",
    "Union": "several designs together",
}


def parameter_in_words(parameter: Any) -> str:
    """Say over what a parameter is varied.

    Example:
        >>> import mesa_lab as ml
        >>> parameter_in_words(ml.Real(5, 40, log=True)), parameter_in_words(ml.Integer(0, 10, step=2))
        ('5 to 40, on a logarithmic scale', '0 to 10 in steps of 2')
        >>> parameter_in_words(ml.Real(5, 11, distribution="norm", loc=10, scale=2))
        'norm(loc=10, scale=2) cut to 5 to 11'
    """
    kind = type(parameter).__name__
    distribution = getattr(parameter, "distribution", None)
    low, high = getattr(parameter, "low", None), getattr(parameter, "high", None)
    if distribution is not None:
        arguments = dict(getattr(parameter, "arguments", None) or {})
        drawn = f"{distribution}({', '.join(f'{name}={show(value)}' for name, value in arguments.items())})"
        if low is not None and high is not None:
            return f"{drawn} cut to {number(low)} to {number(high)}"
        if low is not None:
            return f"{drawn} cut below {number(low)}"
        return drawn if high is None else f"{drawn} cut above {number(high)}"
    if kind in ("Real", "Integer") and low is not None and high is not None:
        text = f"{number(low)} to {number(high)}"
        step = getattr(parameter, "step", 1)
        if step not in (None, 1):
            text += f" in steps of {number(step)}"
        return text + (", on a logarithmic scale" if getattr(parameter, "log", False) else "")
    values = getattr(parameter, "values", None)
    if values is None:
        return str(parameter)
    shown = [show(value) for value in values]
    return ", ".join(shown) if len(shown) <= 12 else f"{', '.join(shown[:11])}, … ({len(shown)} levels)"


def design_in_words(experiment: Experiment) -> str:
    """Say how the points were chosen."""
    name = type(experiment.design).__name__
    return _DESIGNS.get(name, f"the design {name}")


def experiment_in_words(results: ResultTables) -> list[str]:
    """Describe an experiment in a few sentences.

    Args:
        results: The results of its runs.

    Returns:
        Sentences in plain text.
    """
    experiment = results.experiment
    points, replications = len(results.points), experiment.replications
    varied = plural(len(results.parameters), "parameter")
    if results.parameters:
        sentences = [
            f"{results.model_name} was run at {plural(points, 'design point')} from {design_in_words(experiment)} over {varied}"
            f" ({listing(list(results.parameters), 6)})."
        ]
    else:
        sentences = [f"{results.model_name} was run at one design point: no parameter varies."]
    seeds = (
        "with the same seeds at every point (common random numbers)"
        if experiment.common_random_numbers
        else "each with a seed of its own"
    )
    if experiment.seeds is not None:
        seeds = "with the seeds that the experiment lists, the same at every point"
    runs = plural(points * replications, "run")
    each = (
        "Each point was run once"
        if replications == 1
        else f"Each point was run {replications:,} times, {seeds}"
    )
    sentences.append(f"{each}: {runs} in all.")
    if results.shard is not None:
        sentences.append(f"Here are those of {results.shard.described} only.")
    sentences.append(f"A run stops {_stop_rule(experiment)}.")
    sentences.append(_measured(results))
    if experiment.constraints:
        sentences.append(f"Points had to satisfy: {'; '.join(experiment.constraints)}.")
    return sentences


def _stop_rule(experiment: Experiment) -> str:
    rules = []
    if experiment.max_steps is not None:
        rules.append(f"after {plural(experiment.max_steps, 'step')}")
    if experiment.max_time is not None:
        rules.append(f"at simulated time {number(experiment.max_time)}")
    if experiment.stop_when is not None:
        text = (
            experiment.stop_when
            if isinstance(experiment.stop_when, str)
            else getattr(experiment.stop_when, "__name__", "a condition")
        )
        rules.append(f"when {text} holds")
    if experiment.timeout is not None:
        rules.append(f"after {number(experiment.timeout)} seconds of computing")
    rules.append("when the model says that it is done")
    return f"{', '.join(rules[:-1])} or {rules[-1]}"


def _measured(results: ResultTables) -> str:
    period = results.experiment.period
    when = (
        "at the end of each run"
        if period == -1
        else "after every step"
        if period == 1
        else f"every {period} steps"
    )
    agents = (
        f" Agents were recorded too ({listing([name or 'all' for name in results.agent_types], 4)})."
        if results.agent_types
        else ""
    )
    return f"Measured {when}: {listing(list(results.outcomes), 8) or 'nothing'}.{agents}"


def model_doc(model: type | str) -> str:
    """Return what a model's class says about itself, without importing or running anything.

    Args:
        model: A class, `"package.module:Class"` or `"path/file.py:Class"`.

    Returns:
        The documentation of the class, else of its module; empty when it cannot be found.
    """
    if isinstance(model, type):
        return inspect.cleandoc(vars(model).get("__doc__") or "")
    where, _, name = model.rpartition(":")
    loaded = getattr(sys.modules.get(where), name, None)
    if isinstance(loaded, type):
        return inspect.cleandoc(vars(loaded).get("__doc__") or "")
    if where.endswith(".py"):
        return _doc_in(Path(where), name, "", 0)
    return _doc_of(where, name, 6)


_LONGEST_MODULE = 2_000_000  # bytes


def _doc_of(module: str, name: str, depth: int) -> str:
    spec = find_module(module) if module else None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return ""
    package = module if spec.submodule_search_locations is not None else module.rpartition(".")[0]
    return _doc_in(Path(spec.origin), name, package, depth)


def _doc_in(path: Path, name: str, package: str, depth: int) -> str:
    try:
        # A study from anyone may name anything, such as a pipe.
        if not path.is_file() or path.stat().st_size > _LONGEST_MODULE:
            return ""
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return class_doc(node) or ast.get_docstring(tree) or ""
        if isinstance(node, ast.ImportFrom) and depth:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    target = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
                    return _doc_of(target, alias.name, depth - 1)
    return ""
