"""The tests that every method of searching must pass, for those of Mesa Lab and for yours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mesa_lab.preparation.parameters.space import table
from mesa_lab.testing.played_search import PlayedSearch, play_search

if TYPE_CHECKING:
    from mesa_lab.search.method import Method
    from mesa_lab.search.search import Search

__all__ = ["METHOD_TESTS", "check_method"]

_BUDGET: Final = 90

type Played = Callable[[Mapping[str, Any], np.random.Generator], Mapping[str, float]]


def check_method(method: Method, test: str | None = None) -> None:
    """Run the tests that every method must pass, on functions in place of a model.

    A search that is killed goes on as if it had not been; points lie in their ranges and are of their types; constraints hold; failed runs,
    outcomes that are constant or no number, and small budgets are no error; a seed gives the same search again; and the settings come
    back from a file.

    Args:
        method: A method with some settings.
        test: The name of one test, of `METHOD_TESTS`; None for all.

    Raises:
        AssertionError: If it fails one; says which.

    Example:
        >>> import mesa_lab as ml
        >>> check_method(ml.Optimise("loss", engine="random"), "budget")
    """
    for name in METHOD_TESTS if test is None else (test,):
        _TESTS[name](method)


def _search(method: Method, budget: int | None = _BUDGET, **settings: Any) -> Search:
    import mesa_lab as ml

    parameters = {
        "x": ml.Real(-1, 1),
        "n": ml.Integer(2, 12, step=2),
        "kind": ml.Choice(["a", "b", "c"]),
        "level": [0.5, 1, 4],
        "rate": ml.Real(0.001, 1, log=True),
        "held": 3,
    }
    design = None if method.chooses_points else ml.LatinHypercube(4)
    experiment = ml.Experiment("none:None", parameters, **({"design": design, "seed": 5} | settings))
    return ml.Search(experiment, method, budget=budget)


def _function(method: Method) -> Played:
    names = method.outcomes

    def function(values: Mapping[str, Any], rng: np.random.Generator) -> Mapping[str, float]:
        truth = values["x"] ** 2 + 0.1 * values["n"] + {"a": 0.0, "b": 0.5, "c": 1.0}[values["kind"]]
        return {name: truth + 0.2 * place + 0.1 * rng.normal() for place, name in enumerate(names)}

    return function


def _constant(outcomes: Mapping[str, float]) -> Played:
    return lambda values, rng: outcomes


def _plain(played: PlayedSearch) -> list[Any]:
    return [(batch.runs, batch.why, dict(batch.notes)) for batch in played.batches]


def _resume(method: Method) -> None:
    search, function = _search(method), _function(method)
    whole = play_search(search, function)
    count = len(whole.batches)
    for stop in sorted({1, count // 3, 2 * count // 3, count - 1} - {0}):
        part = play_search(search, function, most_batches=stop)
        again = play_search(search, function, before=part)
        assert _plain(again) == _plain(whole), (
            f"resume: stopped after batch {stop}, it asked for something else"
        )
        assert again.over == whole.over, "resume: it ended for another reason"


def _values(method: Method) -> None:
    search = _search(method)
    for point in play_search(search, _function(method)).points:
        assert set(point) == set(search.space.parameters), (
            f"values: {point} has not the parameters of the space"
        )
        assert point["held"] == 3, "values: a parameter that is held fixed was changed"
        for name, parameter in search.space.varied.items():
            assert parameter.contains(point[name]), f"values: {name} = {point[name]!r} is none of {parameter}"
            assert type(point[name]) in (int, float, str), f"values: {name} is of {type(point[name])}"


def _constraints(method: Method) -> None:
    import mesa_lab as ml

    design = None if method.chooses_points else ml.LatinHypercube(30)
    played = play_search(_search(method, constraints=["x + 0.1 * n < 0.9"], design=design), _function(method))
    assert played.points, "constraints: no point was asked for"
    names = ("x", "n")
    frame = table({name: [point[name] for point in played.points] for name in names}, len(played.points))
    assert (frame["x"] + 0.1 * frame["n"] < 0.9).all(), "constraints: a point breaks one"


def _failures(method: Method) -> None:
    function = _function(method)

    def sometimes(values: Mapping[str, Any], rng: np.random.Generator) -> Mapping[str, float]:
        if values["kind"] == "b" or rng.random() < 0.2:
            raise ValueError("no luck")
        return function(values, rng)

    def always(values: Mapping[str, Any], rng: np.random.Generator) -> Mapping[str, float]:
        raise ValueError("nothing works")

    for failing in (sometimes, always):
        played = play_search(_search(method), failing)
        assert played.over, "failures: it did not end"
        assert 0 < played.n_runs <= _BUDGET, "failures: it asked for nothing, or for more than the budget"


def _outcomes(method: Method) -> None:
    for value in (1.0, float("nan"), float("inf"), 1e300):
        played = play_search(_search(method), _constant(dict.fromkeys(method.outcomes, value)))
        assert played.over, f"outcomes: with {value} throughout it did not end"
        assert played.n_runs <= _BUDGET


def _budget(method: Method) -> None:
    for budget in (1, 2, 7, 31):
        played = play_search(_search(method, budget), _function(method))
        assert 0 < played.n_runs <= budget, f"budget: {played.n_runs} runs with a budget of {budget}"
        assert played.over.endswith("."), "budget: why it ended is no sentence"


def _seeds(method: Method) -> None:
    search, function = _search(method), _function(method)
    one, same = play_search(search, function), play_search(search, function)
    assert _plain(one) == _plain(same), "seeds: twice the same search asked for different runs"
    shared = play_search(_search(method, common_random_numbers=True), function)
    assert shared.over, "seeds: with common random numbers it did not end"
    if method.chooses_points:
        other = play_search(_search(method, seed=6), function)
        assert [*other.points] != [*one.points], "seeds: another seed gave the same points"


def _settings(method: Method) -> None:
    import json

    plain = json.loads(json.dumps(method.to_plain()))
    assert type(method).from_plain(plain) == method, (
        "settings: the method does not come back from its plain settings"
    )
    assert method.described, "settings: it does not say what it does"
    for batch in play_search(_search(method), _function(method)).batches:
        assert batch.why.endswith("."), f"settings: why batch {batch.number} was asked for is no sentence"
        json.dumps(dict(batch.notes))


_TESTS: Final[Mapping[str, Callable[[Method], None]]] = {
    "resume": _resume,
    "values": _values,
    "constraints": _constraints,
    "failures": _failures,
    "outcomes": _outcomes,
    "budget": _budget,
    "seeds": _seeds,
    "settings": _settings,
}

METHOD_TESTS: Final = tuple(_TESTS)
"""The names of the tests that `check_method` runs."""
