"""What holds for every parameter space, every design of it, and every file that it is written to."""

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import mesa_lab as ml
from mesa_lab.preparation.experiment_file.read import from_toml
from mesa_lab.preparation.parameters.space import ParameterSpace
from mesa_lab.preparation.seeds import point_keys

ml.Real(distribution="norm", loc=0, scale=1)  # imports scipy, which no example should have to wait for

ends = st.floats(-1e6, 1e6, allow_subnormal=False)
widths = st.floats(1e-3, 1e6)
reals = st.builds(lambda low, width: ml.Real(low, low + width), ends, widths)
logs = st.builds(
    lambda low, factor: ml.Real(low, low * factor, log=True), st.floats(1e-6, 1e6), st.floats(1.5, 1e6)
)
distributed = st.one_of(
    st.builds(lambda loc, scale: ml.Real(distribution="norm", loc=loc, scale=scale), ends, widths),
    st.builds(
        lambda low, width: ml.Real(low, low + width, distribution="norm", loc=low, scale=width), ends, widths
    ),
    st.builds(lambda mu: ml.Integer(distribution="poisson", mu=mu), st.floats(0.1, 50)),
)
integers = st.builds(
    lambda low, steps, step: ml.Integer(low, low + steps * step, step=step),
    st.integers(-(10**9), 10**9),
    st.integers(1, 1000),
    st.integers(1, 1000),
)
plain = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False), st.text(max_size=5)
)
listed = st.lists(plain, min_size=2, max_size=5, unique_by=repr)
parameters = st.one_of(reals, logs, distributed, integers, st.builds(ml.Choice, listed))
names = st.text('aé_ ."\x27#[=]λ0-', min_size=1, max_size=6).filter(str.strip)
spaces = st.dictionaries(names, parameters, min_size=1, max_size=4)
designs = st.one_of(
    st.builds(ml.LatinHypercube, st.integers(1, 12)),
    st.builds(ml.Sobol, st.integers(1, 12)),
    st.builds(ml.Halton, st.integers(1, 12)),
    st.builds(ml.MonteCarlo, st.integers(1, 12)),
    st.builds(ml.FullFactorial, st.integers(1, 3)),
    st.builds(lambda levels: ml.OneAtATime(levels=levels), st.integers(2, 4)),
)


@settings(max_examples=60)
@given(spaces, st.integers(1, 6), st.randoms(use_true_random=False))
def test_every_point_of_the_unit_cube_is_a_point_of_the_space(
    varied: dict[str, Any], rows: int, chance: Any
) -> None:
    unit = np.array([[chance.choice([0.0, 1.0, 0.5, chance.random()]) for _ in varied] for _ in range(rows)])
    points = ParameterSpace(varied).from_unit(unit)
    assert list(points.columns) == list(varied)
    for name, parameter in varied.items():
        assert all(parameter.contains(value) for value in points[name])


@settings(max_examples=60)
@given(spaces)
def test_levels_lie_in_their_range_and_differ(varied: dict[str, Any]) -> None:
    for parameter in varied.values():
        levels = parameter.levels(3)
        assert len(levels) >= 1
        assert all(parameter.contains(level) for level in levels)
        assert len({repr(level) for level in levels}) == len(levels)


@settings(max_examples=50)
@given(spaces, designs, st.integers(0, 2**63 - 1), st.integers(1, 3))
def test_a_file_leads_to_the_same_runs(
    varied: dict[str, Any], design: Any, seed: int, replications: int
) -> None:
    written = ml.Experiment("m:M", varied, design, replications=replications, seed=seed)
    read = from_toml(written.to_toml())
    assert read == written
    first, second = list(point_keys(written.points())), list(point_keys(read.points()))
    assert first == second
    assert [written.seed_of(key, 1) for key in first] == [read.seed_of(key, 1) for key in second]


@settings(max_examples=50)
@given(spaces, designs, st.integers(0, 2**63 - 1))
def test_every_designed_point_lies_in_the_space(varied: dict[str, Any], design: Any, seed: int) -> None:
    points = list(ml.Experiment("m:M", varied, design, seed=seed).points())
    assert points
    for point in points:
        for name, parameter in varied.items():
            assert parameter.contains(point[name])
            assert not (isinstance(point[name], float) and math.isnan(point[name]))


@settings(max_examples=50)
@given(spaces, st.sampled_from([ml.Sobol, ml.Halton, ml.MonteCarlo]), st.integers(1, 12), st.integers(1, 12))
def test_a_longer_design_begins_with_the_shorter_one(
    varied: dict[str, Any], kind: Any, short: int, more: int
) -> None:
    first = list(point_keys(ml.Experiment("m:M", varied, kind(short), seed=3).points()))
    longer = list(point_keys(ml.Experiment("m:M", varied, kind(short + more), seed=3).points()))
    assert longer[:short] == first
