import random

import mesa
import numpy as np
import pytest

from mesa_lab.running.collection.random_states import RandomStates


class Model(mesa.Model):
    def __init__(self):
        super().__init__(rng=3)


DRAWS = [
    lambda model: model.random.random(),
    lambda model: model.random.gauss(0, 1),
    lambda model: model.random.seed(5),
    lambda model: float(model.rng.normal()),
    lambda model: model.rng.integers(2**40, size=700).tolist(),
    lambda model: random.random(),
    lambda model: random.gauss(0, 1),
    lambda model: float(np.random.normal()),
    lambda model: np.random.random(700).tolist(),
    lambda model: np.random.seed(4),
]


def after(model):
    return [draw(model) for draw in DRAWS if draw(model) is not None]


@pytest.mark.parametrize("draw", DRAWS)
def test_every_draw_is_taken_back(draw):
    random.seed(1)
    np.random.seed(1)
    np.random.normal()  # the second number of its pair is kept by the generator
    random.gauss(0, 1)
    model = Model()
    states = RandomStates(model)
    with states:
        expected = after(model)
    with states:
        first = draw(model)
    with states:
        assert draw(model) == first
    assert after(model) == expected


def test_an_error_takes_them_back_too():
    model = Model()
    expected = RandomStates(model)
    with expected:
        first = model.random.random()
    with pytest.raises(ZeroDivisionError), RandomStates(model):
        _ = model.random.random() / 0
    assert model.random.random() == first


def test_other_generators_do_no_harm():
    model = Model()
    model.random = random.SystemRandom()
    model.rng = np.random.RandomState(3)
    with RandomStates(model):
        model.random.random()
        first = model.rng.random()
    assert model.rng.random() == first
    with RandomStates(object()):
        pass
    with RandomStates(None):
        pass
