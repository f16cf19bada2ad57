import pytest

from mesa_lab.drafts import points_csv
from mesa_lab.drafts.points_csv import decode_upload, parse_points, points_text
from mesa_lab.errors import DesignError


@pytest.mark.parametrize(
    "text",
    ["a,b\n0.5,x\n2,y", "a;b\n0,5;x\n2;y\n", "a\tb\n0,5\tx\n\n2\ty", 'a, b\r\n0.5, "x"\r\n2, y'],
)
def test_tables_of_all_countries_are_read(text):
    assert parse_points(text) == [{"a": 0.5, "b": "x"}, {"a": 2, "b": "y"}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no points yet"),
        ("a,b", "a header and no points"),
        ("a,a\n1,2", "two columns called 'a'"),
        ("a,\n1,2", "Column 2 of the table has no name"),
        ("a,b\n1,2\n1", "Line 3 has 1 value, the header 2"),
        ("a,b\n1,", "Line 2 has no value for 'b'"),
        ("a,b\n1,[2", "Line 2, 'b'"),
        ('a,b\n1,"2', "cannot be read"),
    ],
)
def test_a_bad_table_is_explained_with_its_line(text, said):
    with pytest.raises(DesignError, match=said):
        parse_points(text)


def test_a_table_can_hold_nothing_that_runs():
    cells = ["__import__('os').system('true')", "=1+1", "<img src=x onerror=alert(1)>", "{{ 7*7 }}"]
    assert [row["a"] for row in parse_points("\n".join(["a", *cells[:3], f"'{cells[3]}'"]))] == cells


def test_too_large_tables_are_refused(monkeypatch):
    monkeypatch.setattr(points_csv, "LARGEST", 10)
    with pytest.raises(DesignError, match="at most"):
        decode_upload(b"x" * 11)
    with pytest.raises(DesignError, match="at most"):
        parse_points("a\n" + "1\n" * 10)
    monkeypatch.setattr(points_csv, "LARGEST", 1000)
    monkeypatch.setattr(points_csv, "POINTS", 3)
    with pytest.raises(DesignError, match="4 points; at most 3"):
        parse_points("a\n1\n2\n3\n4")


def test_files_of_spreadsheets_are_decoded_and_others_refused():
    assert decode_upload("\ufeffa\n1".encode()) == "a\n1"
    assert decode_upload("a\n1".encode("utf-16")) == "a\n1"
    with pytest.raises(DesignError, match="UTF-8"):
        decode_upload(b"PK\x03\x04\xff\xfe")
    with pytest.raises(DesignError, match="UTF-8"):
        decode_upload(b"a\0b")


def test_points_come_back_from_their_text():
    columns = {"a": [1, 0.5, None], "b": ["x, y", "30", True], "c d": [(1, 2), {"k": 1}, "'"]}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    assert parse_points(points_text(columns)) == rows
