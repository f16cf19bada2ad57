import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mesa_lab.processing.tables import column_names


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], "int64"),
        ([1, None], "Int64"),
        ([1.5, None], "float64"),
        ([1, 2.5], "float64"),
        ([True, False], "bool"),
        ([True, None], "boolean"),
        ([None, None], "float64"),
        ([True, 2, 0.5], "float64"),
        ([2**70, 1], "float64"),
    ],
)
def test_a_column_gets_the_type_that_says_what_its_values_are(values, dtype):
    assert column_names.settle(pd.Series(values, dtype=object)).dtype == dtype


def test_text_stays_text_and_a_mixture_stays_itself():
    assert list(column_names.settle(pd.Series(["a", None], dtype=object)).fillna("?")) == ["a", "?"]
    assert column_names.settle(pd.Series(["a", 1], dtype=object)).tolist() == ["a", 1]


def test_none_is_a_level_of_a_parameter():
    settled = column_names.settle_parameter(pd.Series([None, 5], dtype=object))
    codes, levels = column_names.level_codes(settled)
    assert levels == [None, 5]
    assert codes.tolist() == [0, 1]


def test_text_parameters_are_categories_in_order_of_appearance():
    assert list(column_names.settle_parameter(pd.Series(["low", "high", "low"])).cat.categories) == [
        "low",
        "high",
    ]


def test_levels_that_python_takes_for_equal_are_told_apart_in_a_mixed_column():
    _, levels = column_names.level_codes(pd.Series([1, True, "1", [1]], dtype=object))
    assert [repr(level) for level in levels] == ["1", "True", "'1'", "[1]"]


def test_numbers_are_sorted_and_text_keeps_the_order_in_which_it_was_written():
    assert column_names.level_codes(pd.Series([30, 10]), order=(30, 10))[1] == [10, 30]
    assert column_names.level_codes(pd.Series(["b", "a"]), order=("a", "b", "c"))[1] == ["a", "b"]


@pytest.mark.parametrize(
    ("one", "other", "widest"),
    [
        (pa.null(), pa.int64(), pa.int64()),
        (pa.int64(), pa.float64(), pa.float64()),
        (pa.bool_(), pa.int64(), pa.float64()),
        (pa.int64(), pa.string(), pa.string()),
        (pa.bool_(), pa.string(), pa.string()),
    ],
)
def test_tables_of_different_types_are_put_together_in_the_widest(one, other, widest):
    values = {pa.null(): None, pa.int64(): 1, pa.float64(): 0.5, pa.bool_(): True, pa.string(): "x"}
    parts = [pa.table({"a": pa.array([values[kind]], kind)}) for kind in (one, other)]
    whole = column_names.concat([*parts, pa.table({"b": [2]})])
    assert whole.schema.field("a").type == widest
    assert whole.column("b").to_pylist() == [None, None, 2]


def test_missing_whole_numbers_and_booleans_do_not_turn_into_floats():
    frame = column_names.to_frame(
        pa.table({"n": [1, None], "ok": [True, None], "x": [0.5, None], "none": pa.nulls(2)})
    )
    assert [str(dtype) for dtype in frame.dtypes] == ["Int64", "boolean", "float64", "float64"]
    assert np.isnan(frame["none"]).all()


def test_a_reporter_called_step_does_not_take_the_place_of_the_step():
    columns = [pa.array([1]), pa.array([2]), pa.array([9])]
    table = pa.Table.from_arrays(columns, names=["run_id", "step", "step"])
    assert column_names.renamed(table, column_names.agent_column, column_names.AGENT_KEYS).column_names == [
        "run_id",
        "step",
        "step (agent)",
    ]
