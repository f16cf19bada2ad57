"""A study of each kind that a question may meet: small, odd, broken, large."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mesa_lab.testing.synthetic_study import synthetic_results

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.processing.results import Results

__all__ = ["STUDIES", "study_of_kind"]

OUTCOME: Final = "y"
ODD: Final = "R over S: <img src=x> {{ 7*7 }} `C`"
"""A name that formulas, pages and templates choke on."""
SPECIAL: Final = (
    "image",
    "title",
    "__proto__",
    "constructor",
    "a\\",
    'b\\": 1, "image": "',
    "c\nd",
    "e.f[0]",
)
"""Names that a chart in a browser takes for something else where it is not kept from that."""


def _reals(k: int = 3) -> dict[str, Any]:
    from mesa_lab.preparation.parameters.space import Real

    return {name: Real(0, 1) for name in "abcdefgh"[:k]}


def _results(
    parameters: dict[str, Any],
    design: Any,
    replications: int = 3,
    outcome: Callable[[pd.DataFrame, np.random.Generator], Any] | None = None,
    failed: Any = (),
    **settings: Any,
) -> Results:
    from mesa_lab.preparation.experiment import Experiment

    experiment = Experiment("none:None", parameters, design=design, replications=replications, **settings)
    return synthetic_results(experiment, {OUTCOME: outcome or _noisy}, failed=failed)


def _level(runs: pd.DataFrame) -> Any:
    """A number between 0 and 1 or so that depends on the first parameter most."""
    names = [name for name in runs.columns if name != "replication"]
    total = np.zeros(len(runs))
    for weight, name in enumerate(names[:3]):
        values: Any = runs[name]
        numbers = (
            values.to_numpy()
            if values.dtype.kind in "if"
            else np.unique(values.map(repr), return_inverse=True)[1]
        )
        spread = float(np.ptp(numbers.astype(float))) or 1.0
        total += (numbers.astype(float) - float(numbers.astype(float).min())) / spread / (1 + weight)
    return total


def _noisy(runs: pd.DataFrame, rng: np.random.Generator) -> Any:
    return 10 + 4 * _level(runs) + rng.normal(0, 0.5, len(runs))


def _with_common_luck(runs: pd.DataFrame, rng: np.random.Generator) -> Any:
    luck = rng.normal(0, 2, int(runs["replication"].max()) + 1)
    return _level(runs) + luck[runs["replication"]] + rng.normal(0, 0.1, len(runs))


def _some(value: Any, every: int) -> Callable[[pd.DataFrame, np.random.Generator], Any]:
    def outcome(runs: pd.DataFrame, rng: np.random.Generator) -> Any:
        values = np.asarray(_noisy(runs, rng), dtype=object)
        values[::every] = value
        return values

    return outcome


def _hypercube(size: int = 32) -> Any:
    from mesa_lab.preparation.designs import LatinHypercube

    return LatinHypercube(size)


def _mixed() -> dict[str, Any]:
    from mesa_lab.preparation.parameters.space import Choice, Integer, Real

    return {
        "rule": Choice(["calm", "wild", "odd"]),
        "torus": Choice([True, False]),
        "limit": Choice([None, 5]),
        "size": Integer(5, 60),
        "rate": Real(0.001, 1, log=True),
    }


def _large() -> Results:
    from mesa_lab.preparation.designs import Sobol

    return _results(_reals(5), Sobol(8192), replications=12)


def _kinds() -> dict[str, Callable[[], Results]]:
    from mesa_lab.preparation import designs
    from mesa_lab.preparation.parameters.space import Real

    grid = designs.FullFactorial(2)
    return {
        "plain": lambda: _results(_reals(), _hypercube()),
        "one point": lambda: _results({"a": [0.5]}, None, replications=8),
        "nothing varies": lambda: _results({"a": 0.5}, None, replications=8),
        "two points": lambda: _results({"a": [0.2, 0.8]}, None, replications=5),
        "one replication": lambda: _results(_reals(), _hypercube(), replications=1),
        "one parameter": lambda: _results(_reals(1), _hypercube()),
        "all runs failed": lambda: _results(_reals(), _hypercube(), failed=range(96)),
        "some runs failed": lambda: _results(_reals(), _hypercube(), failed=[0, 5, 32, 37, 69, 95]),
        "one level failed": lambda: _results(
            {"a": [1, 2, 3], "b": [1, 2, 3], "c": [True, False]}, None, 4, failed=range(1, 72, 2)
        ),
        "one run left": lambda: _results(_reals(), _hypercube(), failed=range(1, 96)),
        "constant": lambda: _results(
            _reals(), _hypercube(), outcome=lambda runs, rng: np.full(len(runs), 3.0)
        ),
        "no chance": lambda: _results(_reals(), _hypercube(), outcome=lambda runs, rng: _level(runs)),
        "only chance": lambda: _results(
            _reals(), _hypercube(), outcome=lambda runs, rng: rng.normal(size=len(runs))
        ),
        "yes or no": lambda: _results(
            _reals(), _hypercube(), 5, lambda runs, rng: rng.random(len(runs)) < _level(runs) / 2
        ),
        "zero or one": lambda: _results(
            _reals(),
            _hypercube(),
            5,
            lambda runs, rng: (rng.random(len(runs)) < _level(runs) / 2).astype(int),
        ),
        "counts": lambda: _results(
            _reals(), _hypercube(), 5, lambda runs, rng: rng.poisson(np.maximum(3 * _level(runs) - 1.5, 0))
        ),
        "missing values": lambda: _results(_reals(), _hypercube(), outcome=_some(None, 5)),
        "infinite values": lambda: _results(_reals(), _hypercube(), outcome=_some(float("inf"), 7)),
        "enormous values": lambda: _results(
            _reals(), _hypercube(), outcome=lambda runs, rng: 1e300 * _noisy(runs, rng)
        ),
        "tiny values": lambda: _results(
            _reals(), _hypercube(), outcome=lambda runs, rng: 1e-300 * _noisy(runs, rng)
        ),
        "text": lambda: _results(
            _reals(), _hypercube(), outcome=lambda runs, rng: ["calm", "wild"] * (len(runs) // 2)
        ),
        "choices": lambda: _results(_mixed(), _hypercube(60), 4),
        "choices alone": lambda: _results({"a": ["x", "y", "z"], "b": [True, False]}, None, 4),
        "odd names": lambda: _results({ODD: Real(0, 1), "C": Real(0, 1), "class": Real(0, 1)}, _hypercube()),
        "special names": lambda: _results(dict.fromkeys(SPECIAL, Real(0, 1)), _hypercube()),
        "special names, grid": lambda: _results({name: [1, 2] for name in SPECIAL[:5]}, None, 3),
        "special names, saltelli": lambda: _results(
            dict.fromkeys(SPECIAL[:5], Real(0, 1)), designs.Saltelli(32, second_order=True), 3
        ),
        "special names, morris": lambda: _results(dict.fromkeys(SPECIAL, Real(0, 1)), designs.Morris(10), 3),
        "common random numbers": lambda: _results(
            _reals(), _hypercube(), 5, _with_common_luck, common_random_numbers=True
        ),
        "common seeds, once": lambda: _results(_reals(), _hypercube(), 1, _with_common_luck, seeds=[7]),
        "common seeds, some failed": lambda: _results(
            _reals(), _hypercube(), 5, _with_common_luck, failed=[3, 40, 99], common_random_numbers=True
        ),
        "grid": lambda: _results({"a": [1, 2], "b": [1, 2], "c": ["x", "y"]}, None, 4),
        "grid, once": lambda: _results({"a": [1, 2], "b": [1, 2], "c": [3, 4]}, None, 1),
        "grid, common seeds": lambda: _results(
            {"a": [1, 2], "b": [1, 2]}, None, 5, _with_common_luck, common_random_numbers=True
        ),
        "grid of enormous values": lambda: _results(
            {"a": [1, 2, 3], "b": [1, 2, 3]}, None, 4, lambda runs, rng: 1e300 * _noisy(runs, rng)
        ),
        "one at a time": lambda: _results(_reals(), designs.OneAtATime(3), 4),
        "constraints": lambda: _results(_reals(), _hypercube(60), constraints=["a < b"]),
        "two levels of ranges": lambda: _results(_reals(4), grid, 3),
        "large": _large,
        **_later_designs(),
    }


def _later_designs() -> dict[str, Callable[[], Results]]:
    """Designs that questions are made for."""
    from mesa_lab.preparation import designs

    return {
        "saltelli": lambda: _results(_reals(), designs.Saltelli(32), 3),
        "saltelli, second order": lambda: _results(_reals(), designs.Saltelli(32, second_order=True), 4),
        "saltelli, once": lambda: _results(_reals(), designs.Saltelli(32), 1),
        "saltelli, some failed": lambda: _results(
            _reals(), designs.Saltelli(32), 2, failed=[0, 7, 160, 167, 33]
        ),
        "saltelli, common seeds": lambda: _results(
            _reals(), designs.Saltelli(32), 4, _with_common_luck, common_random_numbers=True
        ),
        "saltelli of choices": lambda: _results(_mixed(), designs.Saltelli(32), 3),
        "morris": lambda: _results(_reals(5), designs.Morris(10), 3),
        "morris, once": lambda: _results(_reals(5), designs.Morris(10), 1),
        "morris, some failed": lambda: _results(_reals(5), designs.Morris(10), 2, failed=[0, 3, 60, 63]),
        "morris, common seeds": lambda: _results(
            _reals(5), designs.Morris(10), 4, _with_common_luck, common_random_numbers=True
        ),
        "morris of choices": lambda: _results(_mixed(), designs.Morris(8), 4),
        "efast": lambda: _results(_reals(), designs.EFAST(65), 2),
        "efast, once": lambda: _results(_reals(), designs.EFAST(65), 1),
        "efast, some failed": lambda: _results(_reals(), designs.EFAST(65), 2, failed=[0, 195]),
        "fractional factorial": lambda: _results(_reals(7), designs.FractionalFactorial(3), 3),
        "fractional factorial, once": lambda: _results(_reals(7), designs.FractionalFactorial(3), 1),
        "plackett-burman": lambda: _results(_reals(6), designs.PlackettBurman(), 2),
        "definitive screening": lambda: _results(_reals(5), designs.DefinitiveScreening(), 2),
        "central composite": lambda: _results(_reals(), designs.CentralComposite(), 3),
        "central composite, once": lambda: _results(_reals(), designs.CentralComposite(), 1),
        "central composite, common seeds": lambda: _results(
            _reals(), designs.CentralComposite(), 4, _with_common_luck, common_random_numbers=True
        ),
        "box-behnken": lambda: _results(_reals(), designs.BoxBehnken(), 3),
        "orthogonal array": lambda: _results(_reals(4), designs.OrthogonalArray("L9"), 3),
    }


STUDIES: Final[tuple[str, ...]] = tuple(_kinds())
"""The names of the kinds."""


def study_of_kind(name: str) -> Results:
    """Return results of a kind, with an outcome "y".

    Args:
        name: One of `STUDIES`.

    Example:
        >>> len(study_of_kind("two points").runs)
        10
    """
    return _kinds()[name]()
