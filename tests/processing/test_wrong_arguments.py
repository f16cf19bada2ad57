"""Whatever is given to a method of results, what is said speaks of it: no error of pandas, numpy or Python comes through."""

from __future__ import annotations

import inspect
import warnings

import pytest
from mesa.examples import Schelling

import mesa_lab as ml
from mesa_lab.errors import MesaLabError

WRONG = [
    None,
    3,
    -1,
    2.5,
    float("nan"),
    True,
    "",
    "nope",
    b"x",
    [],
    ["happy", 3],
    ("happy", "pct_happy"),
    {},
    object(),
]
"""Some of them are right here and there: then there is an answer, and that is well too."""

FILES = {"report", "save", "path", "progress"}
"""What writes files is tried with files."""

RIGHT = {
    "outcome": "happy",
    "parameter": "density",
    "x": "density",
    "y": "homophily",
    "run_id": 0,
    "point": 0,
    "step": 1,
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    space = {"density": [0.5, 0.7, 0.9], "homophily": [0.3, 0.5], "width": 8, "height": 8}
    experiment = ml.Experiment(Schelling, space, replications=2, max_steps=2, outcomes=["happy", "pct_happy"])
    path = tmp_path_factory.mktemp("wrong") / "x.study"
    return ml.run(experiment, path, n_jobs=1, progress=False)


METHODS = sorted(
    name
    for name in set(dir(object.__new__(ml.Results))) - FILES
    if not name.startswith("_") and inspect.isfunction(getattr(ml.Results, name, None))
)


@pytest.mark.parametrize("name", METHODS)
def test_a_wrong_argument_is_told_in_words_of_its_own(name, results):
    method = getattr(results, name)
    takes = [
        each
        for each in inspect.signature(method).parameters.values()
        if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY) and each.name not in FILES
    ]
    needed = {each.name: RIGHT.get(each.name) for each in takes if each.default is each.empty}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for parameter in takes:
            for value in WRONG:
                try:
                    method(**{**needed, parameter.name: value})
                except MesaLabError:
                    pass  # in words of its own
                except Exception as error:
                    pytest.fail(f"{name}({parameter.name}={value!r}) raises {type(error).__name__}: {error}")
