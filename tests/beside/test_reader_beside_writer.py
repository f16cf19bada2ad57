"""A reading is one moment, whatever is written meanwhile: each row is that of the finished study, and all parts belong together.

Between any two questions that a reader asks the file, more is written: runs, failed ones once more, a larger experiment. What was
read is compared with the same made from the finished study, of the runs that were there at that moment. And another process writes at
full speed while all is read in a loop.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import mesa_lab as ml
from mesa_lab.processing.charts import CHARTS
from mesa_lab.processing.report import figures
from mesa_lab.processing.report import report as reports
from mesa_lab.processing.results import Results
from mesa_lab.study import Study

EXPORTED = ["runs", "points", "summary", "series", "agents", "failures"]


def same(found: Any, expected: Any) -> None:
    """Compare frames, or what holds frames; an outcome's type may have widened since, its values have not."""
    if isinstance(found, dict) and found and all(isinstance(part, pd.DataFrame) for part in found.values()):
        assert found.keys() == expected.keys()
        for name, part in found.items():
            same(part, expected[name])
    elif isinstance(found, pd.DataFrame):
        found, expected = (frame.astype(object).where(frame.notna(), None) for frame in (found, expected))
        pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    else:
        assert found == expected


def exported(results: Results, folder: Path, ending: str) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    if ending == "xlsx":
        results.save(folder / "all.xlsx", tables=EXPORTED)
        return pd.read_excel(folder / "all.xlsx", sheet_name=None)
    kinds = {"csv": "csv", "parquet": "parquet", "json": "json"}
    files = results.save(folder / ending, tables=EXPORTED, format=kinds[ending])
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "json": pd.read_json}[ending]
    return {file.stem: read(file) for file in files}


def reported(results: Results, folder: Path) -> dict[str, Any]:
    content = reports._content(results, None, None)
    del content["written"], content["study"]
    return json.loads(json.dumps(content, default=str))


TABLES = {
    "runs": lambda results: results.runs,
    "series": lambda results: results.series(),
    "series of some points": lambda results: results.series("happy", points=[0, 1]),
    "agents": lambda results: results.agents(),
    "failures": lambda results: results.failures,
    "aggregate": lambda results: results.aggregate(),
    "aggregate over a parameter": lambda results: results.aggregate(["happy", "steps"], by="density"),
    "aggregate over steps": lambda results: results.aggregate("happy", over="series"),
    "records": lambda results: pd.DataFrame(results.to_records()),
    "text": repr,
    "page": lambda results: results._repr_html_(),
    **{kind.name: lambda results, kind=kind: kind.table(results, "happy") for kind in CHARTS},
    **{
        f"{kind.name} drawn": lambda results, kind=kind: results.chart(kind.name).to_dict() for kind in CHARTS
    },
}
FILES = {
    **{
        ending: lambda results, folder, ending=ending: exported(results, folder, ending)
        for ending in ("csv", "parquet", "json", "xlsx")
    },
    "report": reported,
}


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    """What a picture shows is in its table; to make it takes a second."""
    monkeypatch.setattr(figures, "render", lambda chart, kind: str(chart.to_dict()))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_of_one_moment(path, interleaved, as_it_was, name):
    with interleaved(retry=False), ml.open_study(path) as study:
        results = study.results
        found = TABLES[name](results)
        # What is read later of the same results is of the same moment.
        later = results.runs, results.failures, results.series()
    with Study.open(path) as whole:
        was = as_it_was(whole, results)
        same(found, TABLES[name](was))
        for table, expected in zip(later, (was.runs, was.failures, was.series()), strict=True):
            same(table, expected)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_of_one_moment(path, interleaved, as_it_was, tmp_path, name):
    with interleaved(retry=False), ml.open_study(path) as study:
        results = study.results
        found = FILES[name](results, tmp_path / "found")
    with Study.open(path) as whole:
        same(found, FILES[name](as_it_was(whole, results), tmp_path / "expected"))
