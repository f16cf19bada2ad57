"""Blocks in, one table out: the same as all rows below each other, sorted by run and step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mesa_lab.processing.tables import column_names, long_table
from mesa_lab.processing.tables.column_names import TABLE_KEYS
from mesa_lab.processing.tables.long_table import assemble, one_text
from mesa_lab.study.reading.series_blocks import Block

KEYS = pa.schema([("run_id", pa.int64()), ("step", pa.int64())])
VALUES: dict[str, Any] = {
    "whole": [1, 2, 3],
    "real": [0.5, 1.5],
    "gaps": [None, 7],
    "yes": [True, False],
    "maybe": [True, None],
    "text": ["a", "bc", "ü"],
    "holes": ["a", None],
    "one": ["Wolf"],
    "nothing": [None],
    "real gaps": [None, 0.25],
}
RNG = np.random.default_rng(7)


def part_of(runs: Sequence[int], **values: Sequence[Any]) -> pa.Table:
    """Return three steps of these runs, two agents at each step."""
    rows = {"run_id": np.repeat(runs, 6), "step": np.tile([0, 0, 1, 1, 5, 5], len(runs))}
    drawn = {
        name: [some[place] for place in RNG.integers(len(some), size=len(rows["run_id"]))]
        for name, some in values.items()
    }
    return pa.table({**rows, **drawn})


def packed(table: pa.Table) -> pa.Table:
    for place, field in enumerate(table.schema):
        if place < 2:
            kept = pc.run_end_encode(table.column(place).combine_chunks())
            table = table.set_column(place, field.name, kept)
        elif pa.types.is_string(field.type):
            table = table.set_column(
                place, field.name, table.column(place).combine_chunks().dictionary_encode()
            )
    return table


def block(table: pa.Table, **options: Any) -> Block:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return Block(sink.getvalue().to_pybytes(), **options)


def frame_of(blocks: Sequence[Block], runs: Sequence[int]) -> pd.DataFrame:
    whole = assemble(blocks, lambda name: name, np.array(runs), TABLE_KEYS, KEYS)
    assert whole is not None
    return pd.DataFrame({"run_id": np.repeat(whole.run_id, whole.counts), **whole.columns})


def sorted_rows(parts: Sequence[pa.Table], runs: Sequence[int]) -> pd.DataFrame:
    parts = sorted(parts, key=lambda part: part["run_id"][0].as_py())
    frame = column_names.to_frame(column_names.concat(parts))
    frame = frame[frame["run_id"].isin(runs)]
    return frame.sort_values(["run_id", "step"], kind="stable", ignore_index=True)


@pytest.mark.parametrize("pack", [packed, lambda table: table], ids=["packed", "plain"])
@pytest.mark.parametrize(
    "layout", [[[0, 1], [2, 3]], [[2, 3], [0, 1]], [[0, 3], [1, 2]], [[3, 1], [2], [0]]], ids=str
)
def test_rows_come_in_the_order_of_runs_and_steps_with_the_types_that_hold_them(pack, layout, monkeypatch):
    parts = [part_of(runs, **VALUES) for runs in layout]
    blocks = [block(pack(part)) for part in parts]
    assert frame_of(blocks, range(4)).equals(sorted_rows(parts, range(4)))
    monkeypatch.setattr(long_table, "_PIECES", 1)
    assert frame_of(blocks, [0, 2, 3]).equals(sorted_rows(parts, [0, 2, 3]))


@pytest.mark.parametrize("first", list(VALUES))
@pytest.mark.parametrize("second", list(VALUES))
def test_a_column_has_the_widest_type_that_any_block_has(first, second):
    parts = [part_of([1], x=VALUES[first]), part_of([0], y=[0.5]), part_of([2], x=VALUES[second])]
    found = frame_of([block(packed(part)) for part in parts], range(3))
    expected = sorted_rows(parts, range(3))
    assert found[list(expected)].equals(expected)
    assert (found.dtypes == expected.dtypes[found.columns]).all()


def test_runs_whose_rows_are_scattered_are_left_to_a_sort():
    split = [part_of([0, 1]), part_of([1, 2])]
    assert assemble(map(block, split), str, np.arange(3), TABLE_KEYS) is None
    back = pa.table({"run_id": [0, 0, 1], "step": [1, 0, 0]})
    assert assemble([block(back)], str, np.arange(3), TABLE_KEYS) is None
    assert assemble([block(packed(back))], str, np.arange(3), TABLE_KEYS) is None


def test_of_a_block_only_some_columns_and_some_runs_may_count():
    part = packed(part_of([0, 1, 2], a=[1, 2], b=["x", "y"]))
    chosen = block(part, columns=(0, 1, 3), runs=np.array([0, 2]))
    found = frame_of([chosen], range(3))
    assert list(found) == ["run_id", "step", "b"]
    assert found["run_id"].unique().tolist() == [0, 2]


def test_no_rows_have_the_columns_that_there_are_in_any_case():
    assert frame_of([], [0]).dtypes.tolist() == [np.int64, np.int64]
    assert frame_of([block(part_of([5]))], [0]).empty


@pytest.mark.parametrize("size", [0, 3, 65_536, 150_000])
def test_one_text_in_each_row(size):
    column = pd.Series(one_text("Wolf", size))
    assert column.equals(pd.Series(["Wolf"] * size, dtype=column.dtype))
