"""A design that does what no design may do is told so, and by what."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from mesa_lab.errors import DesignError
from mesa_lab.preparation.designs import Design, MonteCarlo, Sobol
from mesa_lab.preparation.parameters.space import ParameterSpace, Real
from mesa_lab.testing import SPACES, check_design, space_of_kind


@dataclass(frozen=True, eq=False)
class Two(Design):
    """Two points in the middle of all ranges."""

    size: int = field(default=2, metadata={"help": "How many points."})

    def points(self, space, seed):
        return pd.DataFrame({name: [each.base] * self.size for name, each in space.varied.items()})

    def n_points(self, space):
        return self.size


def changed(**members):
    return dataclass(frozen=True, eq=False)(type("Changed", (Two,), {"__doc__": Two.__doc__, **members}))


def points_by(function):
    return changed(points=lambda self, space, seed: function(self, space, seed))


RANGE = ParameterSpace({"a": Real(0, 1), "b": 3})


def draw(design, space, seed):
    return space.from_unit(np.random.default_rng(seed).random((design.size, len(space.varied))))


def refuse_by_turns(design, space, seed, told=[0]):  # noqa: B006  what it remembers is the fault
    told[0] += 1
    if told[0] % 2:
        raise DesignError("Not this time.")
    return draw(design, space, seed)


def refuse_in_shreds(design, space, seed):
    raise DesignError("nope")


@pytest.fixture
def no_pickling(monkeypatch):
    """Classes that are made here cannot be found by their names."""
    monkeypatch.setattr("pickle.dumps", lambda value: value)
    monkeypatch.setattr("pickle.loads", lambda value: value)


@pytest.mark.parametrize("kind", SPACES)
def test_a_plain_design_passes_wherever_it_has_points(kind):
    space = space_of_kind(kind)
    if space.varied:
        assert len(check_design(Two(), kind)) == 2


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (changed(__doc__=""), "The first line of Changed's docstring is a sentence"),
        (changed(__doc__="Two points"), "The first line of Changed's docstring is a sentence"),
        (changed(n_points=lambda self, space: 3), "n_points says 3, and there are 2 points"),
        (changed(advice=lambda self, space: ("many points",)), "Advice is sentences: many points"),
        (changed(extensible=True, grows_by="length"), r"its field 'length' \(grows_by\) is its size"),
        (points_by(lambda self, space, seed: [{"a": 1}]), "Points are a DataFrame"),
        (points_by(lambda self, space, seed: pd.DataFrame({"a": []})), "A design has points"),
        (points_by(lambda self, space, seed: pd.DataFrame({"b": [3], "a": [0.5]})), "in their order"),
        (points_by(lambda self, space, seed: pd.DataFrame({"a": [0.5], "c": [1]})), "no column that is no"),
        (points_by(lambda self, space, seed: draw(self, space, seed)[::-1]), "Rows are numbered from 0"),
        (
            points_by(lambda self, space, seed: pd.DataFrame({"a": [0.5, 1.5]})),
            "'a' has the value 1.5, which",
        ),
        (points_by(lambda self, space, seed: draw(self, space, None)), "The same seed gives the same points"),
        (
            points_by(lambda self, space, seed: draw(self, space, np.random.randint(9))),
            "global generators of random and numpy are as they were",
        ),
        (points_by(refuse_by_turns), "refuses it again"),
        (points_by(refuse_in_shreds), "A refusal says in a sentence what is wrong: nope"),
    ],
)
@pytest.mark.usefixtures("no_pickling")
def test_what_no_design_may_do_is_told(kind, expected):
    with pytest.raises(AssertionError, match=expected):
        check_design(kind(), RANGE)


@pytest.mark.usefixtures("no_pickling")
def test_a_design_that_grows_keeps_its_points():
    class Shuffled(MonteCarlo):
        """Points in another order for each size."""

        def points(self, space, seed):
            return super().points(space, seed + self.size)

    with pytest.raises(AssertionError, match="keeps its earlier points"):
        check_design(Shuffled(4), RANGE)


@pytest.mark.usefixtures("no_pickling")
def test_classes_that_are_no_designs_are_told():
    class Open:
        """No dataclass."""

    with pytest.raises(AssertionError, match="Open is a subclass of Design"):
        check_design(Open(), RANGE)

    @dataclass(frozen=True, eq=False)
    class Silent(Two):
        """Two points."""

        size: int = 2

    with pytest.raises(AssertionError, match=r"Silent.size says in metadata\['help'\] what it is"):
        check_design(Silent(), RANGE)

    class Plain(Two):
        """Its field is set in spite of all."""

        def __setattr__(self, name, value):
            object.__setattr__(self, name, value)

    with pytest.raises(AssertionError, match=r"Plain.size can be set"):
        check_design(Plain(), RANGE)


def test_a_refusal_is_no_fault():
    assert check_design(Sobol(8), "nothing varies") is None
