"""Values as plain data: what goes in comes out, and equal points give equal text."""

import json
import math
from enum import Enum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesa_lab.errors import ParameterError
from mesa_lab.preparation.encoding import (
    canonical,
    canonicals,
    decode,
    encode,
    from_json,
    from_jsons,
    to_json,
)

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
KEYS = st.text() | st.integers() | st.tuples(st.text(max_size=3), st.text(max_size=3))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


class Rule(Enum):
    MOORE = 8


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_json_gives_back_what_it_was_given(parameters: dict[str, object]) -> None:
    again = from_json(to_json(parameters))
    assert again == parameters
    assert [type(value) for value in again.values()] == [type(value) for value in parameters.values()]


@given(VALUES)
def test_plain_data_hold_nothing_but_plain_data(value: object) -> None:
    json.dumps(encode(value, tag_none=True))
    assert decode(encode(value, tag_none=True)) == value


def test_nan_and_infinities_survive() -> None:
    again = from_json(to_json({"a": math.nan, "b": -math.inf}))
    assert math.isnan(again["a"])
    assert again["b"] == -math.inf


def test_numpy_values_become_plain_ones() -> None:
    assert encode(np.int64(3)) == 3
    assert type(encode(np.int64(3))) is int
    assert encode(np.bool_(True)) is True
    assert encode(np.array([1.5, 2.5])) == [1.5, 2.5]


def test_enum_members_become_their_names() -> None:
    assert encode(Rule.MOORE) == "MOORE"


def test_the_order_of_keys_does_not_matter_but_types_do() -> None:
    assert canonical({"a": 1, "b": {"x": 1, "y": 2}}) == canonical({"b": {"y": 2, "x": 1}, "a": 1})
    texts = {canonical({"a": value}) for value in (1, 1.0, True, "1", (1,), [1])}
    assert len(texts) == 6


@pytest.mark.parametrize(
    "points",
    [
        [],
        [{}],
        [{}, {}],
        [{"b": 1, "a": 0.1}, {"a": 1e300, "b": True}],
        [{"a": "},{"}, {"a": "x"}],
        [{"a": [{"x": 1}, {"y": 2}]}, {"a": None}],
        [{"a": '"},{"'}, {"a": "\n"}, {"a": "\u2028ä"}],
        [{"a": float("inf")}, {"a": (1, 2)}, {"a": {"$tuple": [1]}}, {"a": Rule.MOORE}],
    ],
)
def test_many_points_are_written_and_read_as_each_by_itself(points) -> None:
    assert canonicals(points) == [canonical(point) for point in points]
    texts = [to_json(point) for point in points]
    assert from_jsons(texts) == [from_json(text) for text in texts]


def test_an_object_is_refused_with_what_to_use_instead() -> None:
    with pytest.raises(ParameterError, match="is an object, which cannot be kept as data"):
        encode(object())
