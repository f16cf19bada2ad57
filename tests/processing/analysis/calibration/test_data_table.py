"""Files of observed values: each cell is read rightly, or named with its line."""

from __future__ import annotations

import numpy as np
import pytest

from mesa_lab.app.search.data_file import read_data_file
from mesa_lab.errors import ExperimentError
from mesa_lab.processing.analysis.calibration.data_table import read_table
from mesa_lab.processing.analysis.calibration.targets import read_targets


@pytest.fixture
def written(tmp_path):
    """A function that writes a file."""

    def write(text, encoding="utf-8"):
        path = tmp_path / "seen.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("step,y\n1,1234.5\n2,7\n", [1234.5, 7]),
        ('step,y\n1,"1,234"\n2,"12,345,678"\n', [1234, 12345678]),
        ('step,y\n1,"1,234"\n2,999\n', [1234, 999]),
        ('step,y\n1,"0,5"\n2,"1,234"\n', [0.5, 1.234]),
        ("step;y\n1;0,5\n2;1,234\n", [0.5, 1.234]),
        ("step;y\n1;0,5\n2;1.234\n", [0.5, 1234]),
        ("step;y\n1;1.234,5\n2;12.345.678\n", [1234.5, 12345678]),
        ("step;y\n1;0.5\n2;1,234\n", [0.5, 1234]),
        ("step\ty\n1\t12,5\n2\t-3,25e2\n", [12.5, -325]),
        ("step;y\n1;1 234 567,5\n2;1'234\n", [1234567.5, 1234]),
        ("step;y\n1;1\u00a0234\n2;1\u202f234,25\n", [1234, 1234.25]),
        ("step,y\n1,+.5\n2,\u22123\n", [0.5, -3]),
        ("step,y\n1,1e3\n2,2.\n", [1000, 2]),
        ("\ufeffstep;y\r\n1;3\r\n\r\n2;4\r\n", [3, 4]),
        ('"step";"y"\n"1";"3"\n"2";"4"\n', [3, 4]),
        ("step;y;\n1;3;\n2;4;\n", [3, 4]),
        (",step,y\n0,1,3\n1,2,4\n", [3, 4]),
        ("step,y,where,who\n1,3,north,\n2,4,south,me\n", [3, 4]),
        ("day,step,y\n2020-01-01,1,3\n2020-01-02,2,4\n", [3, 4]),
        ("step, y \n1, 3\n2, 4\n", [3, 4]),
    ],
)
def test_numbers_are_read_as_they_were_meant(written, text, values):
    assert read_targets(written(text)) == {"y": [[1, values[0]], [2, values[1]]]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("step,a,a\n1,2,3\n", "two columns are called 'a' in line 1. Rename or remove one"),
        ("\nstep;a;b;a\n1;2;3;4\n", "two columns are called 'a' in line 2"),
        ("step,a,\n1,2,3\n", "column 3 has no name in line 1"),
        ("step,y\n1,2\n\n2,3,4\n", "line 4 has 3 cells, and there are names for 2 columns"),
        ("step,y\n1,0,5\n", "line 2 has 3 cells"),
        ("y\n0,9\n", "line 2 has 2 cells, and there are names for 1 column"),
        (
            "step;y\n1;1,234\n2;7\n",
            "'1,234' in column 'y', line 2 may be a whole number or one with decimals",
        ),
        ("step;y\n1;7\n2;1.234\n", "'1.234' in column 'y', line 3 may be a whole number"),
        (
            "step;y\n1;0,5\n2;0.5\n",
            "'0.5' in column 'y', line 3, and '0,5' in column 'y', line 2. Write all decimals",
        ),
        ("1,2\n3,4\n", "line 1 has no names of columns, but '1'"),
        ("step,y\n", "nothing below the names"),
        ('step,y\n1,"2\n', "a quotation mark has no partner"),
        ("step,y\n1,\0\n", "it is no text"),
        (
            "step,y\n1,2\n\n\n2,3 kg\n",
            "'3 kg' in column 'y', line 5, which is no number. Write the number alone",
        ),
        ("step,y\n1,45%\n", "'45%' in column 'y', line 2, which is no number. Write the number alone"),
        ("y\n45 %\n", "'45 %' in column 'y', line 2"),
        ("step,y\n1,1.2.3\n2,4\n", "'1.2.3' in column 'y', line 2"),
        ("step,y\n1,2\n,3\n", "has 3 in column 'y', line 3, and no step there"),
        ("step,y\n\n1,2\nx,3\n", "'x' in column 'step', line 4, which is no step"),
        ("step,y\n1,inf\n2,3\n", "'inf' in column 'y', line 2"),
    ],
)
def test_what_can_be_read_in_two_ways_or_in_none_is_named_with_its_line(written, text, said):
    with pytest.raises(ExperimentError) as caught:
        read_targets(written(text))
    assert said in str(caught.value)
    assert "seen.csv" in str(caught.value)


def test_a_file_in_another_encoding_says_how_to_save_it(written):
    for encoding in ("utf-16", "latin-1"):
        with pytest.raises(ExperimentError, match="CSV in UTF-8"):
            read_targets(written("step,größe\n1,2\n", encoding))


def test_what_is_missing_is_missing_and_text_stays_text(written):
    table = read_table(written("step,y,z\n1,NA,a\n2,,\n3\n4,5,b\n"))
    assert table.index.tolist() == [2, 3, 4, 5]
    np.testing.assert_array_equal(table["y"], [np.nan, np.nan, np.nan, 5])
    assert table["z"].dropna().tolist() == ["a", "b"]


def test_a_column_that_was_said_to_be_an_outcome_and_holds_none_is_refused():
    file = read_data_file("d.csv", b"step,y,z\n1,2,a lot\n", ["y", "z"])
    with pytest.raises(
        ExperimentError, match="'d.csv' has 'a lot' in column 'z', line 2, which is no number"
    ):
        file.targets()
    with pytest.raises(ExperimentError, match="'d.csv': two columns are called 'y'"):
        read_data_file("d.csv", b"step,y,y\n1,2,3\n", ["y"])
