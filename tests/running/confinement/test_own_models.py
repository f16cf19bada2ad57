"""Models in files of strangers: of several in one, one is chosen by its name."""

import os
import textwrap

import pytest

from mesa_lab.errors import ModelError
from mesa_lab.running.confinement.own_models import OwnModels, hold, several_in
from mesa_lab.running.confinement.rules import not_offered

PAIR = """
    import mesa

    class Coins(mesa.Model):
        '''Coins change hands.'''

    class Notes(mesa.Model):
        '''Notes, not coins.'''
"""


@pytest.fixture
def models(tmp_path):
    models = OwnModels(lambda path: path.parent, {"memory": 1000, "seconds": 600, "walls": not not_offered()})
    hold(models)
    yield models
    hold(None)


def test_of_several_models_in_a_file_one_is_chosen(models, tmp_path):
    path = tmp_path / "pair.py"
    path.write_text(textwrap.dedent(PAIR))
    said = r"^'pair.py' holds several Mesa models: Coins, Notes. Name one: 'pair.py:Coins'\.$"
    with pytest.raises(ModelError, match=said) as raised:
        models.description(str(path))
    assert raised.value.models == several_in(path) == ("Coins", "Notes")
    assert models.description(f"{path}:Notes").summary == "Notes, not coins."
    os.utime(path, ns=(1, 1))  # it may hold other models by now
    assert several_in(path) == ()
    assert several_in(tmp_path / "none.py") == ()
