"""What a cell holds of any value, and how its form is said."""

import datetime as dt
import decimal
import enum
import fractions
import json
import pathlib
import uuid
from collections import namedtuple
from dataclasses import dataclass

import mesa
import numpy as np
import pandas as pd
import pytest

from mesa_lab.preparation.models import load_model
from mesa_lab.running.cells import LONGEST_TEXT, UnstorableError, cell, form_of, stored


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    LOW = 1


@dataclass
class Pair:
    a: int
    b: dt.timedelta


Named = namedtuple("Named", "x y")
NOON = dt.datetime(2026, 1, 2, 12)


@pytest.mark.parametrize(
    ("value", "held", "form"),
    [
        (dt.timedelta(hours=2), 7200.0, "seconds"),
        (pd.Timedelta(hours=2), 7200.0, "seconds"),
        (np.timedelta64(90, "m"), 5400.0, "seconds"),
        (np.timedelta64(1, "ns"), 1e-9, "seconds"),
        (NOON, NOON, "datetime"),
        (dt.date(2026, 1, 2), dt.datetime(2026, 1, 2), "datetime"),
        (np.datetime64("2026-01-02"), dt.datetime(2026, 1, 2), "datetime"),
        (np.datetime64("2026-01-02T12:00:00", "ns"), NOON, "datetime"),
        (pd.Timestamp("2026-01-02 12:00"), NOON, "datetime"),
        (dt.time(12), "12:00:00", "text"),
        (decimal.Decimal("1.5"), 1.5, "number"),
        (fractions.Fraction(3, 2), 1.5, "number"),
        (np.float32(0.5), 0.5, ""),
        (np.array(7), 7, ""),
        (np.bool_(True), True, ""),
        (np.str_("a"), "a", ""),
        (Colour.RED, "RED", "name"),
        (Level.LOW, "LOW", "name"),
        ((1, 2), "[1,2]", "json"),
        ({2, 1}, "[1,2]", "json"),
        (frozenset({10, 9, 2.5, decimal.Decimal("11.0")}), "[2.5,9,10,11.0]", "json"),
        ({"b", "a", 10, 2, (3, 1)}, '[2,10,"a","b",[3,1]]', "json"),
        ({"a": {1}, 2: NOON}, '{"a":[1],"2":"2026-01-02T12:00:00"}', "json"),
        (np.arange(3), "[0,1,2]", "json"),
        (pd.Series([1, 2]), "[1,2]", "json"),
        (pd.Series({"a": 1}), '{"a":1}', "json"),
        (pd.DataFrame({"a": [1]}), '{"a":[1]}', "json"),
        (pd.DataFrame({"a": [1]}, index=["r"]), '{"index":["r"],"a":[1]}', "json"),
        (Pair(1, dt.timedelta(1)), '{"a":1,"b":86400.0}', "json"),
        (Named(1, 2), '{"x":1,"y":2}', "json"),
        (1 + 2j, "(1+2j)", "text"),
        (b"ab", "b'ab'", "text"),
        (np.complex128(1j), "1j", "text"),
        (pathlib.PurePosixPath("a/b"), "a/b", "text"),
        (uuid.UUID(int=1), str(uuid.UUID(int=1)), "text"),
        (pd.Period("2026-01"), "2026-01", "text"),
    ],
    # Not the text of a value: that of a set differs from process to process, and all have to name a test alike.
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_values_keep_a_faithful_form_which_is_said(value, held, form):
    found = cell(value)
    assert found == held
    assert type(found) is type(held)
    assert form_of(value).partition(":")[0] == form


@pytest.mark.parametrize(
    "value", [None, pd.NaT, pd.NA, np.datetime64("NaT", "s"), np.timedelta64("NaT", "s"), np.ma.masked]
)
def test_what_is_missing_is_none(value):
    assert cell(value) is None


def test_nan_and_infinities_stay():
    assert np.isnan(cell(np.float64("nan")))
    assert cell(float("-inf")) == float("-inf")


def test_what_has_no_form_is_named_with_its_type():
    model = mesa.Model()
    for value, name in [
        (object(), "an object"),
        ((n for n in ()), "a generator"),
        (mesa.Agent(model), "a mesa.agent.Agent"),
        (model, "a mesa.model.Model"),
        ([1, object()], "an object"),
        (model.agents, "a mesa.agent.Agent"),
    ]:
        with pytest.raises(UnstorableError, match=f"^{name} fits in no cell"):
            cell(value)
    inner: list = []
    inner.append(inner)
    with pytest.raises(UnstorableError, match="a list that contains itself"):
        cell(inner)


def test_what_is_too_large_says_how_large():
    with pytest.raises(UnstorableError, match="of 100,001 items is too large"):
        cell(list(range(LONGEST_TEXT + 1)))
    assert json.loads(cell(np.zeros((100, 100)))) == np.zeros((100, 100)).tolist()


def test_whole_numbers_beyond_64_bits_become_floats():
    assert (stored(2**70), stored(-(2**62))) == (float(2**70), -(2**62))


def test_a_type_of_a_models_file_bears_the_name_that_its_author_knows(tmp_path):
    (tmp_path / "shop.py").write_text(
        "import mesa\n\nclass Price: pass\n\nclass Shop(mesa.Model):\n    price = Price()\n"
    )
    price = load_model(f"{tmp_path}/shop.py:Shop").price
    with pytest.raises(UnstorableError, match=r"^a shop\.Price fits in no cell"):
        cell(price)
