import enum

import numpy as np
import pyarrow as pa
import pytest

from mesa_lab.running.collection.arrow_columns import (
    Chunk,
    agent_columns,
    array_of_small_integers,
    decode_table,
    encode_columns,
)


def chunk(step, ids, state, kinds=None):
    types = None if kinds is None else pa.array(kinds).dictionary_encode()
    return Chunk(step, pa.array(ids), types, {"state": pa.array(state)})


def test_agents_of_several_runs_are_one_table():
    runs = [
        (4, [chunk(0, [1, 2], ["s", "s"], ["Wolf", "Wolf"]), chunk(1, [2], ["i"], ["Wolf"])]),
        (1, [chunk(0, [1, 2], [1, None], ["Sheep", "Wolf"]), chunk(1, pa.array([], pa.int64()), [])]),
    ]
    columns = agent_columns(runs)
    expected = {
        "run_id": [4, 4, 4, 1, 1],
        "step": [0, 0, 1, 0, 0],
        "agent_id": [1, 2, 2, 1, 2],
        "agent_type": ["Wolf", "Wolf", "Wolf", "Sheep", "Wolf"],
        "state": ["s", "s", "i", "1", None],
    }
    table = decode_table(encode_columns(columns))
    assert table.to_pydict() == expected
    assert table.schema.field("agent_type").type == table.schema.field("state").type == pa.string()


@pytest.mark.parametrize(
    ("texts", "packs"), [(["susceptible", "infected"] * 200, True), ([f"{i}" for i in range(400)], False)]
)
def test_texts_that_occur_often_are_sent_as_numbers(texts, packs):
    column = agent_columns([(0, [chunk(0, range(400), texts)])])["state"]
    assert pa.types.is_dictionary(column.type) == packs
    assert decode_table(encode_columns({"state": column}))["state"].to_pylist() == texts


def test_who_was_there_at_which_step_takes_next_to_nothing():
    columns = agent_columns(
        [(0, [chunk(step, range(1000), [1] * 1000, ["Wolf"] * 1000) for step in range(100)])]
    )
    assert len(encode_columns(columns)) < 100_000


@pytest.mark.parametrize("values", [[0], [-1, 2, 2, 300], [2**31 - 1, -(2**31)], [105] * 7])
def test_small_integers_are_taken_as_they_are(values):
    array = array_of_small_integers(values)
    assert array.equals(pa.array(values))
    assert array.type == pa.int64()


class Level(enum.IntEnum):
    LOW = 1


@pytest.mark.parametrize(
    "value",
    [True, None, 1.0, "i", 2**31, 2**70, np.int64(1), Level.LOW, (), b"iiii", object(), [1], {1: 2}],
    ids=lambda value: type(value).__name__,
)
def test_nothing_else_is_taken_for_a_small_integer(value):
    assert array_of_small_integers([1, value]) is None
    assert array_of_small_integers([value, 1, 2, 3, 4]) is None
