"""The examples in the docstrings of this room do what they say."""

import doctest
import importlib
import pkgutil

import pytest

import mesa_lab.processing

MODULES = [
    found.name for found in pkgutil.walk_packages(mesa_lab.processing.__path__, "mesa_lab.processing.")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0
