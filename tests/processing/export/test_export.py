import builtins
import json
import os

import mesa
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from openpyxl import load_workbook

import mesa_lab as ml
from mesa_lab.errors import ExportError
from mesa_lab.processing.export import chart_image, excel
from mesa_lab.processing.export.export import export, save_chart

POINTS = {"n": [10, 20], "mode": ["slow", "=1+1"]}
OUTCOMES = {
    "x": lambda p, g: p["n"] / 8,
    "count": lambda p, g: p["n"].tolist(),
    "ok": lambda p, g: [True] * len(p),
    "note": lambda p, g: ["=SUM(A1)", "a,b", 'say "hi"\nthere', "ünï\x0bcode", "-1", "x"],
}
AGENTS = {"Wolf": pa.table({"run_id": [0, 1], "step": [0, 0], "agent_id": [1, 2], "energy": [0.5, None]})}


@pytest.fixture
def results(make):
    return make(POINTS, outcomes=OUTCOMES, agents=AGENTS, failed=[1], steps=2)


class Failing(mesa.Model):
    def __init__(self, n=1, seed=None):
        raise ValueError(n)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_gets_a_file_per_table(results, tmp_path):
    written = export(results, tmp_path / "out")
    assert [path.name for path in written] == [
        "runs.csv",
        "points.csv",
        "summary.csv",
        "series.csv",
        "agents_Wolf.csv",
        "failures.csv",
    ]
    assert names_in(tmp_path / "out") == sorted(path.name for path in written)
    assert names_in(tmp_path) == ["out"]


@pytest.mark.parametrize("ending", ["", ".xlsx"])
def test_without_an_outcome_there_is_no_summary_and_all_else_is_written(tmp_path, ending):
    with pytest.warns(RuntimeWarning, match="2 of 2 runs failed"):
        nothing = ml.run(ml.Experiment(Failing, {"n": [1, 2]}), n_jobs=1, progress=False)
    written = export(nothing, tmp_path / f"out{ending}")
    if ending:
        assert load_workbook(written[0]).sheetnames == ["runs", "points", "failures"]
    else:
        assert [path.name for path in written] == ["runs.csv", "points.csv", "failures.csv"]


def test_tables_whose_names_make_one_file_name_get_two_files(make, tmp_path):
    kinds = {
        "Wolf!": AGENTS["Wolf"],
        "Wolf?": AGENTS["Wolf"],
        "wolf?": AGENTS["Wolf"],
        "W" * 300: AGENTS["Wolf"],
    }
    written = export(make(POINTS, outcomes=OUTCOMES, agents=kinds), tmp_path / "out")
    names = [path.name for path in written if path.name.startswith("agents")]
    long = f"agents_{'W' * 193}.csv"
    assert names == ["agents_Wolf_.csv", "agents_Wolf__2.csv", "agents_wolf__3.csv", long]
    assert all(len(pd.read_csv(tmp_path / "out" / name)) == 2 for name in names)


def test_csv_holds_the_values_as_they_are(results, tmp_path):
    [path] = export(results, tmp_path / "runs.csv")
    back = pd.read_csv(path)
    assert list(back) == list(results.runs)
    assert back["seed"].tolist() == results.runs["seed"].tolist()
    assert back["x"].tolist()[:1] == [1.25]
    assert back["note"].tolist()[0] == "=SUM(A1)"
    assert np.isnan(back["x"][1])


@pytest.mark.parametrize("table", ["runs", "points", "summary", "series", "agents_Wolf", "failures"])
def test_parquet_brings_every_table_back(results, tmp_path, table):
    [path] = export(results, tmp_path / "t.parquet", tables=table)
    back = pd.read_parquet(path)
    whole = {
        "runs": lambda: results.runs,
        "points": lambda: results.points.reset_index(),
        "summary": results.aggregate,
        "series": results.series,
        "agents_Wolf": lambda: results.agents("Wolf"),
        "failures": lambda: results.failures,
    }[table]()
    pd.testing.assert_frame_equal(back, whole, check_dtype=False, check_categorical=False)


def test_series_are_written_part_by_part(make, tmp_path):
    results = make({"n": [1, 2, 3]}, replications=4, steps=3, block=2, stops={5: 1})
    export(results, tmp_path / "s.csv", tables="series")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "s.csv"), results.series(), check_dtype=False)


def test_parts_of_different_types_make_one_table(make, tmp_path):
    results = make({"n": [1]}, replications=3)
    parts = [
        pa.table({"run_id": [0], "step": [0], "time": [0.0], "happy": [1]}),
        pa.table({"run_id": [1], "step": [0], "time": [0.0], "happy": [0.5], "late": [True]}),
        pa.table({"run_id": [2], "step": [0], "time": [0.0], "happy": pa.nulls(1)}),
    ]
    results.study.parts = parts
    export(results, tmp_path / "s.parquet", tables="series")
    back = pd.read_parquet(tmp_path / "s.parquet")
    assert back["happy"].tolist()[:2] == [1, 0.5]
    assert back["late"].tolist()[1] is True


def test_values_of_several_kinds_are_text_in_parquet(make, tmp_path):
    results = make({"limit": [None, 5, "no", [1, 2]]}, replications=1)
    export(results, tmp_path / "r.parquet")
    assert pd.read_parquet(tmp_path / "r.parquet")["limit"].fillna("-").tolist() == ["-", "5", "no", "[1, 2]"]


def test_json_holds_plain_records(results, tmp_path):
    [path] = export(results, tmp_path / "runs.json")
    records = json.loads(path.read_text(encoding="utf-8"))
    assert records == results.to_records()


def test_json_without_rows_and_with_infinities(make, tmp_path):
    results = make({"n": [1]}, replications=1, outcomes={"x": lambda p, g: [float("inf")]})
    export(results, tmp_path / "f.json", tables="failures")
    assert json.loads((tmp_path / "f.json").read_text()) == []
    export(results, tmp_path / "r.json")
    assert json.loads((tmp_path / "r.json").read_text())[0]["x"] == "inf"


def test_excel_has_a_sheet_per_table_and_no_formulas(results, tmp_path):
    [path] = export(results, tmp_path / "all.xlsx")
    book = load_workbook(path)
    assert book.sheetnames == ["runs", "points", "summary", "series", "agents_Wolf", "failures"]
    rows = list(book["runs"].iter_rows())
    header = [cell.value for cell in rows[0]]
    assert header == list(results.runs)
    cells = dict(zip(header, rows[1], strict=True))
    assert cells["note"].value == "=SUM(A1)"
    assert cells["note"].data_type == "s"
    assert cells["seed"].value == str(results.runs["seed"][0])
    assert cells["ok"].value is True
    assert rows[2][header.index("x")].value is None


def test_excel_refuses_more_rows_than_a_sheet_holds(results, tmp_path, monkeypatch):
    monkeypatch.setattr(excel, "SHEET_ROWS", 4)
    with pytest.raises(ExportError, match="'runs' has more than 3 rows.*CSV or Parquet"):
        export(results, tmp_path / "all.xlsx")
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("table", ["series", "agents_Wolf", "runs", "points", "summary", "failures"])
def test_excel_refuses_a_table_that_is_too_long_before_anything_is_read(
    results, tmp_path, monkeypatch, table
):
    """Longer than a sheet by one row, which the names of the columns take; one less is written."""
    path = tmp_path / "one.csv"
    export(results, path, table)
    rows = len(pd.read_csv(path))
    monkeypatch.setattr(excel, "SHEET_ROWS", rows + 1)
    [book] = export(results, tmp_path / "fits.xlsx", table)
    assert len(pd.read_excel(book)) == rows
    monkeypatch.setattr(excel, "SHEET_ROWS", rows)
    if table not in ("summary", "failures"):
        monkeypatch.setattr("openpyxl.Workbook", None)  # is not begun
    with pytest.raises(
        ExportError, match=f"'{table}' has more than {rows - 1} rows.*CSV or Parquet.*--tables"
    ):
        export(results, tmp_path / "long.xlsx", table)
    assert names_in(tmp_path) == ["fits.xlsx", "one.csv"]


def test_excel_without_openpyxl_says_what_to_install(results, tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("openpyxl"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ExportError, match=r"pip install mesa-lab\[excel\]"):
        export(results, tmp_path / "all.xlsx")


def test_formats_can_be_named(results, tmp_path):
    assert [path.name for path in export(results, tmp_path / "out", "runs", "parquet")] == ["runs.parquet"]
    assert export(results, tmp_path / "out", ["runs", "agents"], "json")[1].name == "agents_Wolf.json"
    assert export(results, tmp_path / "book", format="excel") == [tmp_path / "book.xlsx"]
    assert export(results, tmp_path / "data.txt", "runs", "csv") == [tmp_path / "data.txt"]
    assert results.save(tmp_path / "again.csv") == [tmp_path / "again.csv"]


@pytest.mark.parametrize(
    ("name", "tables", "kind", "message"),
    [
        ("x.feather", None, None, "ends in '.feather'"),
        ("x.png", None, None, "ends in '.png'.*--chart effect"),
        ("x", None, "cvs", r"Unknown format 'cvs'.*Did you mean 'csv'\?"),
        ("x", "run", None, r"Unknown table 'run'.*Did you mean 'runs'\?"),
        ("x", [], None, "No table was named"),
        ("x.csv", ["runs", "points"], None, "holds one table, not 2"),
        ("missing/x.csv", None, None, "There is no folder"),
        ("x.csv", None, "parquet", "ends in '.csv' but the format is parquet"),
    ],
)
def test_what_cannot_be_written_is_said_and_leaves_nothing(results, tmp_path, name, tables, kind, message):
    with pytest.raises(ExportError, match=message):
        export(results, tmp_path / name, tables=tables, format=kind)
    assert names_in(tmp_path) == []


def test_a_name_that_is_too_long_is_said(results, tmp_path):
    for name in ("x" * 300, f"{'x' * 300}.csv"):
        with pytest.raises(ExportError, match=r"^The name '.*…x+(.csv)?' is too long for a file"):
            export(results, tmp_path / name)
    with pytest.raises(ExportError, match="is too long for a file"):
        results.report(tmp_path / f"{'x' * 300}.html")
    with pytest.raises(ExportError, match="is too long for a file"):
        save_chart(results.chart("effect"), tmp_path / f"{'x' * 300}.html")
    assert names_in(tmp_path) == []


def test_files_are_on_disk_before_they_have_their_names(results, tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    for path in [*export(results, tmp_path / "out"), *export(results, tmp_path / "runs.parquet")]:
        at = synced.index(path.stat().st_ino)
        assert path.parent.stat().st_ino in synced[at:]


def test_a_file_in_the_way_of_a_folder(results, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ExportError, match="is a file, not a folder"):
        export(results, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_failure_half_way_leaves_what_was_there(results, tmp_path, monkeypatch):
    (tmp_path / "runs.csv").write_text("mine")

    def full(self, *args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(ExportError, match="No space left on device. Nothing was changed"):
        export(results, tmp_path / "runs.csv")
    with pytest.raises(ExportError, match="No space left"):
        export(results, tmp_path / "out")
    assert names_in(tmp_path) == ["runs.csv"]
    assert (tmp_path / "runs.csv").read_text() == "mine"


def test_what_was_there_is_replaced_and_other_files_stay(results, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "runs.csv").write_text("old")
    (folder / "notes.txt").write_text("mine")
    export(results, folder, tables="runs")
    assert (folder / "runs.csv").read_text().startswith("run_id,")
    assert names_in(folder) == ["notes.txt", "runs.csv"]


def test_written_files_have_the_usual_rights(results, tmp_path):
    (tmp_path / "plain").touch()
    export(results, tmp_path / "runs.csv")
    assert (tmp_path / "runs.csv").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_agent_data_that_are_not_there_are_refused(make, tmp_path):
    with pytest.raises(ExportError, match="agents=True"):
        export(make(POINTS), tmp_path / "out", tables="agents")


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("c.png", b"\x89PNG"),
        ("c.svg", b"<svg"),
        ("c.pdf", b"%PDF"),
        ("c.html", b"<!DOCTYPE html>"),
        ("c.json", b"{"),
    ],
)
def test_charts_are_written_as_pictures(results, tmp_path, name, start):
    path = save_chart(results.chart("effect", "x"), tmp_path / name)
    content = path.read_bytes()
    assert content.lstrip()[: len(start)].lower() == start.lower()
    if name == "c.html":
        assert b'src="http' not in content.lower()
        assert b"<link" not in content.lower().split(b"<script")[0]


def test_a_chart_as_something_else_is_refused(results, tmp_path):
    with pytest.raises(ExportError, match=r"ends in '.gif'. Charts can be written as .png"):
        save_chart(results.chart("effect", "x"), tmp_path / "c.gif")


def test_the_converter_must_know_the_vega_lite_of_the_chart():
    import altair
    import vl_convert

    schema = {"$schema": f"https://vega.github.io/schema/vega-lite/{altair.SCHEMA_VERSION}.json"}
    chosen = chart_image._vegalite_version(schema)
    assert chosen in vl_convert.get_vegalite_versions()
    assert f"v{chosen}." in f"{altair.SCHEMA_VERSION}."
    assert chart_image._vegalite_version({"$schema": "…/v6.99.0.json"}).startswith("6.")
    with pytest.raises(ExportError, match="does not know Vega-Lite 99"):
        chart_image._vegalite_version({"$schema": "…/v99.1.json"})
