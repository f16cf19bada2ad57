"""Which points are sure to be quick to make, told without making them."""

import pytest

import mesa_lab as ml
from mesa_lab.preparation.limited_work.cost import is_quick, needs_limits
from mesa_lab.preparation.parameters import distributions

REAL = ml.Real(0, 1)


def experiment(design, constraints=(), **space):
    return ml.Experiment("a:B", space or {"a": REAL, "b": ml.Integer(1, 9)}, design, constraints=constraints)


def drawn(name, **arguments):
    return {"a": ml.from_distribution(name, **arguments)}


@pytest.fixture(autouse=True)
def nothing_is_worked_out(monkeypatch):
    def refuse(*_):
        raise AssertionError("The question must not be answered by trying.")

    monkeypatch.setattr(distributions, "quantiles", refuse)
    monkeypatch.setattr(distributions, "ranks", refuse)
    for design in (
        ml.Sobol,
        ml.LatinHypercube,
        ml.FullFactorial,
        ml.OneAtATime,
        ml.Zip,
        ml.Union,
        ml.Part,
        ml.Table,
    ):
        monkeypatch.setattr(design, "points", refuse)


@pytest.mark.parametrize(
    "asked",
    [
        experiment(ml.LatinHypercube(20)),
        experiment(ml.LatinHypercube(20, optimization="random-cd")),
        experiment(ml.LatinHypercube(121, strength=2)),
        experiment(ml.Sobol(1024)),
        experiment(ml.FullFactorial(30)),
        experiment(ml.FullFactorial()),
        experiment(ml.OneAtATime()),
        experiment(ml.OneAtATime({"a": 100})),
        experiment(ml.Zip(9)),
        experiment(ml.SparseGrid(5)),
        experiment(ml.Table({"a": [0.1] * 1000, "b": [1] * 1000})),
        experiment(ml.FullFactorial(), a=ml.Levels(range(10_000))),
        experiment(ml.Union([ml.Sobol(64), ml.Part(ml.OneAtATime(), fixed={"b": 3})])),
        experiment(ml.Sobol(1024), ["a < 0.5 or b in (1, 2, 3)"]),
        experiment(ml.MonteCarlo(10_000), **drawn("norm", loc=1e9, scale=1e-9)),
        experiment(ml.MonteCarlo(10_000), **drawn("poisson", mu=3, high=10)),
        experiment(ml.MonteCarlo(10_000), **drawn("beta", a=2, b=5, loc=-1e12)),
    ],
    ids=str,
)
def test_what_people_ask_for_is_quick(asked):
    assert is_quick(asked)
    assert not needs_limits(asked)


@pytest.mark.parametrize(
    "asked",
    [
        experiment(ml.LatinHypercube(10**11)),
        experiment(ml.LatinHypercube(100_000, optimization="random-cd")),
        experiment(ml.LatinHypercube(49, optimization="lloyd"), **{f"p{n}": REAL for n in range(8)}),
        experiment(ml.LatinHypercube(99_991**2, strength=2)),
        experiment(ml.Sobol(2**30)),
        experiment(ml.Halton(10**15)),
        experiment(ml.FullFactorial(316_228)),
        experiment(ml.FullFactorial({"a": 10**6})),
        experiment(ml.FullFactorial(1000), **{f"p{n}": ml.Real(1, 9, log=True) for n in range(300)}),
        experiment(ml.FullFactorial(), a=ml.Integer(0, 10**300)),
        experiment(ml.FullFactorial(), **{f"p{n}": [1, 2] for n in range(400)}),
        experiment(ml.OneAtATime(999_990)),
        experiment(ml.Zip(10**9)),
        experiment(ml.SparseGrid(30), **{f"p{n}": REAL for n in range(400)}),
        experiment(ml.MonteCarlo(10_000), **{f"p{n}": REAL for n in range(400)}),
        experiment(ml.Union([ml.Sobol(8)] * 100 + [ml.Part(ml.Union([ml.Halton(10**9)]))])),
        experiment(ml.Sobol(65_536), [" or ".join(f"a < {n}" for n in range(30))]),
        experiment(ml.Sobol(8), **drawn("zipf", a=1.0001)),
        experiment(ml.Sobol(8), **drawn("zipf", a=2, high=10**12)),
        experiment(ml.Sobol(8), **drawn("studentized_range", k=3, df=10)),
        experiment(ml.Sobol(8), **drawn("levy_stable", alpha=1.5, beta=0)),
        experiment(ml.Sobol(8), **drawn("skellam", mu1=1e15, mu2=1e15)),
        experiment(ml.Sobol(8), **drawn("hypergeom", M=10**12, n=10**11, N=10**11)),
        experiment(ml.Sobol(8), **drawn("nbinom", n=10**15, p=1e-9)),
        experiment(ml.Sobol(8), **drawn("binom", n=10**15, p=0.3)),
        experiment(ml.Sobol(8), **drawn("poisson", mu=1e100)),
        experiment(ml.Sobol(8), **drawn("beta", a=1e100, b=1e15)),
    ],
    ids=lambda asked: str(asked)[:80],
)
def test_what_may_take_long_is_not_sure_to_be_quick(asked):
    assert not is_quick(asked)
    assert needs_limits(asked)


def corners(space, seed):
    return [{"a": 0.0, "b": 1}]


def test_code_of_the_user_runs_where_it_is_known():
    for function in (corners, "my.designs:corners"):
        own = experiment(ml.Union([ml.Sobol(8), ml.Part(ml.FunctionDesign(function))]))
        assert not is_quick(own)
        assert not needs_limits(own)
