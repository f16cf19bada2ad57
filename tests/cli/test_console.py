from datetime import UTC, datetime

from mesa_lab.cli.console import cell, literal, moment, show_json, show_table


def test_numbers_read_as_a_person_writes_them():
    assert [cell(value) for value in (1 / 3, 2.0, 1234567, True, None, float("nan"), float("inf"), "x")] == [
        "0.3333",
        "2",
        "1,234,567",
        "yes",
        "–",
        "–",
        "∞",
        "x",
    ]


def test_a_column_writes_its_thousands_one_way(capsys):
    show_table(["n"], [[999], [3289], [89281], [217165], [89281.0], [1234567.0], [12345.67], [-2500]])
    assert capsys.readouterr().out.split() == [
        "n",
        "999",
        "3,289",
        "89,281",
        "217,165",
        "89,281",
        "1,234,567",
        "12,346",
        "-2,500",
    ]
    assert [cell(value, 3) for value in (999.7, 1234.5, 123.4, 0.12345, 2e12)] == [
        "1,000",
        "1,234",
        "123",
        "0.123",
        "2,000,000,000,000",
    ]
    assert [literal(value, repr) for value in (2500, True, 2500.5, "a")] == ["2,500", "True", "2500.5", "'a'"]


def test_moments_are_local():
    assert moment(None) == "never"
    there = datetime(2026, 5, 1, 12, 30, 5, 123000, tzinfo=UTC)
    assert moment(there.isoformat()) == f"{there.astimezone():%Y-%m-%d %H:%M:%S}"


def test_a_piped_table_is_aligned_plain_text(capsys):
    show_table(["name", "n"], [["a", 1], ["longer", 200]], "Title")
    assert capsys.readouterr().out == "Title\nname      n\na         1\nlonger  200\n"


def test_a_table_on_a_terminal_shows_names_as_they_are(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    show_table(["[bold]name"], [["[red]x[/red]"], ["[/]"]])
    shown = capsys.readouterr().out
    assert "[bold]name" in shown
    assert "[red]x[/red]" in shown
    assert "[/]" in shown


def test_json_has_no_nan(capsys):
    show_json({"a": float("nan"), "b": (1, 2.5), "c": float("inf")})
    assert capsys.readouterr().out.split() == [
        "{",
        '"a":',
        "null,",
        '"b":',
        "[",
        "1,",
        "2.5",
        "],",
        '"c":',
        "null",
        "}",
    ]
