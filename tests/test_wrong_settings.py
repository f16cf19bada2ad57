"""Whatever is given to what prepares an experiment, what is said speaks of it: no error of numpy or Python comes through."""

from __future__ import annotations

import inspect
import warnings

import pytest
from mesa.examples import Schelling

import mesa_lab as ml
from mesa_lab.errors import MesaLabError

DENSITY = {"density": [0.5, 0.7]}
EXPERIMENT = ml.Experiment(Schelling, DENSITY, max_steps=2, outcomes=["happy"])

WRONG = [
    None,
    3,
    -1,
    2.5,
    float("nan"),
    float("inf"),
    True,
    "",
    "nope",
    b"x",
    [],
    ["a", 3],
    {},
    {"a": 1},
    object(),
    10**30,
    int,
]
"""Some of them are right here and there."""  # fmt: skip

RIGHT = {
    "configuration": EXPERIMENT.configurations()[0],
    "configurations": [],
    "designs": [ml.Sobol(8), ml.Sobol(8)],
    "experiment": EXPERIMENT,
    "function": "m:f",
    "goal": "min",
    "high": 1,
    "low": 0,
    "method": ml.UntilPrecise("happy", half_width=1),
    "model": Schelling,
    "n": 8,
    "outcome": "happy",
    "parameters": DENSITY,
    "patterns": ["happy"],
    "points": [{"density": 0.5}],
    "size": 8,
    "targets": {"happy": 3.0},
    "values": [1, 2],
}

ELSEWHERE = {
    "Conclusion", "Explore", "Lab", "Results", "batch_run", "describe", "merge", "open_study", "run", "search", "show_results"
}  # fmt: skip
"""What opens files, runs models or is made by the product itself has tests of its own."""

NAMES = sorted(
    name
    for name in set(ml.__all__) - ELSEWHERE
    if callable(made := getattr(ml, name)) and not (inspect.isclass(made) and issubclass(made, BaseException))
)


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_setting_is_told_in_words_of_its_own(name):
    make = getattr(ml, name)
    try:
        takes = [
            each
            for each in inspect.signature(make).parameters.values()
            if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
        ]
    except ValueError:  # a name of Python's own, such as a union
        takes = []
    needed = {each.name: RIGHT.get(each.name) for each in takes if each.default is each.empty}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for parameter in takes:
            for value in WRONG:
                try:
                    repr(make(**{**needed, parameter.name: value}))
                except MesaLabError:
                    pass  # in words of its own
                except Exception as error:
                    pytest.fail(f"{name}({parameter.name}={value!r}) raises {type(error).__name__}: {error}")
