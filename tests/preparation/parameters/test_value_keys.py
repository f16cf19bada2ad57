import copy
import enum
import math
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from mesa_lab.preparation.parameters.value_keys import FrozenDict, frozen, key, plain, show


class Number(enum.IntEnum):
    ONE = 1


@dataclass
class Pair:
    left: Any
    right: Any


DIFFERENT = [
    True,
    1,
    1.0,
    "1",
    None,
    (1,),
    [1],
    {1: 1},
    {1},
    Number.ONE,
    Pair(1, 2),
    Pair(1, [2]),
    b"1",
    -1,
    -2,
    int,
]


def test_values_that_differ_have_keys_that_differ() -> None:
    assert len({key(value) for value in DIFFERENT}) == len(DIFFERENT)


@pytest.mark.parametrize("value", [*DIFFERENT, math.nan, np.arange(3), {"a": {"b": [math.nan]}}], ids=repr)
def test_equal_values_have_equal_keys(value: Any) -> None:
    assert key(value) == key(copy.deepcopy(value))


def test_numpy_scalars_are_the_values_they_stand_for() -> None:
    assert key(np.int64(3)) == key(3)
    assert key(np.bool_(True)) == key(True)
    assert type(plain(np.float64(1))) is float


def test_what_has_no_equality_is_itself_alone() -> None:
    class Odd:
        __hash__ = None  # type: ignore[assignment]

    odd = Odd()
    assert key(odd) == key(odd) != key(Odd())


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.__setitem__("a", 2),
        lambda d: d.__delitem__("a"),
        lambda d: d.update(a=2),
        lambda d: d.pop("a"),
        lambda d: d.popitem(),
        lambda d: d.clear(),
        lambda d: d.setdefault("b", 1),
        lambda d: d.__ior__({"b": 1}),
    ],
)
def test_a_frozen_dict_cannot_be_changed(change: Callable[[Any], Any]) -> None:
    mapping = FrozenDict(a=1)
    with pytest.raises(TypeError, match="cannot be changed"):
        change(mapping)
    assert mapping == {"a": 1}


def test_a_frozen_dict_is_copied_whole() -> None:
    mapping = FrozenDict(a=[1])
    for other in (pickle.loads(pickle.dumps(mapping)), copy.deepcopy(mapping)):
        assert type(other) is FrozenDict
        assert other == mapping
        assert hash(other) == hash(mapping)


def test_frozen() -> None:
    assert type(frozen({"a": np.int64(1)})["a"]) is int
    assert frozen(None) is None


def test_show_names_the_first_few() -> None:
    assert show(range(9), most=2) == "0, 1, … (9 in all)"
