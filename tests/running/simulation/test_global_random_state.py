"""The global generators are seeded for every model that draws from them, however seldom, and only for those."""

import random

import numpy as np
import pytest
from mesa import DataCollector, Model

from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.running.collection.collection_plan import Plan
from mesa_lab.running.collection.data_collector import installed
from mesa_lab.running.collection.side_effects import is_quiet, traits_of
from mesa_lab.running.simulation import simulate
from mesa_lab.running.simulation.cleanup import Surroundings
from mesa_lab.running.simulation.global_random_state import fingerprint
from mesa_lab.study.records import Task


def draw_nothing():
    return 0.0


class SometimesGlobal(Model):
    """Draws from a global generator in every fifth run only, and late."""

    draw = staticmethod(random.random)

    def __init__(self, rng=None):
        super().__init__(rng=rng)
        self.drawn = 0.0
        self.seldom = rng % 5 == 4
        self.datacollector = DataCollector({"drawn": lambda model: model.drawn})

    def step(self):
        if self.seldom and self.steps == 3:
            self.drawn = float(type(self).draw())
        self.datacollector.collect(self)


class SometimesNumpy(SometimesGlobal):
    draw = staticmethod(np.random.random)


class SometimesGauss(SometimesGlobal):
    draw = staticmethod(lambda: np.random.normal())


class Never(SometimesGlobal):
    draw = staticmethod(draw_nothing)


class Restoring(SometimesGlobal):
    """Draws, and puts the state back: that cannot be seen."""

    @staticmethod
    def draw():
        state = random.getstate()
        value = random.random()
        random.setstate(state)
        return value


def runs(model, seeds, seeded=None):
    plan = Plan(model, Protocol(model, max_steps=5))
    plan.draws = plan.draws if seeded is None else seeded
    with installed():
        found = [simulate.carry_out(plan, Task(seed, 0, seed, seed, {}), Surroundings()) for seed in seeds]
    assert all(run.status == "done" for run in found)
    return [(run.columns, run.row_steps, run.finals) for run in found], plan


@pytest.mark.parametrize("model", [SometimesGlobal, SometimesNumpy, SometimesGauss, Restoring, Never])
def test_runs_are_the_same_as_with_seeded_generators(model):
    random.seed(99)
    np.random.seed(99)
    found, plan = runs(model, range(12))
    always, _ = runs(model, range(12), seeded=True)
    alone = [runs(model, [seed])[0][0] for seed in range(12)]
    assert found == always == alone
    assert plan.draws is (model is not Never)


def test_generators_are_left_alone_when_nobody_draws(monkeypatch):
    seeded = []
    real = simulate.build

    def build(model_cls, parameters, seed, seed_globals):
        seeded.append(seed_globals)
        return real(model_cls, parameters, seed, seed_globals)

    monkeypatch.setattr(simulate, "build", build)
    runs(Never, range(4))
    assert seeded == [True, False, False, False]
    seeded.clear()
    runs(SometimesGlobal, range(3, 6))
    # The second run turned out to draw, and was done again.
    assert seeded == [True, False, True, True]


def test_where_nobody_can_tell_all_runs_are_seeded(monkeypatch):
    monkeypatch.setattr(simulate, "fingerprint", lambda: None)
    assert runs(Never, range(2))[1].draws is True


@pytest.mark.parametrize(
    "draw",
    [
        random.random,
        lambda: random.getrandbits(8),
        lambda: random.choice("ab"),
        lambda: random.seed(0),
        lambda: np.random.random(),
        lambda: np.random.shuffle([1, 2, 3]),
        lambda: [
            random.random() for _ in range(312)
        ],  # so many that the place in the words is the same again
        lambda: np.random.bytes(4 * 624),
    ],
)
def test_every_draw_shows(draw):
    before = fingerprint()
    assert before is not None
    assert fingerprint() == before
    draw()
    assert fingerprint() != before


def test_code_that_handles_states_is_noticed():
    assert traits_of(Restoring).handles_generators


def test_runs_with_a_time_limit_are_never_done_twice_for_want_of_seeds():
    assert Plan(Never, Protocol(Never, max_steps=5, timeout=60)).draws is True


class _Incomparable(type):
    """As some of Python's own classes, which warn when they are compared."""

    def __eq__(cls, other):
        raise TypeError("cannot be compared")

    def __hash__(cls):
        return 1


class Odd(metaclass=_Incomparable):
    """Stands beside a model."""


class Odder(metaclass=_Incomparable):
    """Stands beside it too."""


def test_classes_beside_a_model_are_never_compared():
    assert is_quiet(["drawn"], SometimesGlobal)
