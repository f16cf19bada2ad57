"""A reading is one moment, whatever is written meanwhile: each row is that of the finished study, and all parts belong together.

Between any two questions that a reader asks the file, more is written: runs, failed ones once more, a larger experiment. What was
read is compared with the same made from the finished study, of the runs that were there at that moment. And another process writes at
full speed while all is read in a loop.
"""

from __future__ import annotations

import json
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

import mesa_lab as ml
from mesa_lab.cli import cli
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


def exported(results: Results, folder: Path, ending: str, tables: list[str] = EXPORTED) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    if ending == "xlsx":
        results.save(folder / "all.xlsx", tables=tables)
        return pd.read_excel(folder / "all.xlsx", sheet_name=None)
    kinds = {"csv": "csv", "parquet": "parquet", "json": "json"}
    files = results.save(folder / ending, tables=tables, format=kinds[ending])
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "json": pd.read_json}[ending]
    return {file.stem: read(file) for file in files}


def reported(results: Results, folder: Path) -> dict[str, Any]:
    content = reports._content(results, None, ["happy"], lambda said: None, None, {})
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
    "a drawing": lambda results: results.chart("effect").to_dict(),
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
    """What a report draws is in the tables of its charts; the drawings themselves take seconds."""

    def figure(results, kind, outcome, options, converter):
        return {"table": kind.table(results, outcome, **options).to_json(), "pictures": dict}

    monkeypatch.setattr(figures, "_figure", figure)


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


def coherent(results: Results) -> None:
    """Check that all parts of results that are read in one snapshot speak of the same runs."""
    runs, failures = results.runs, results.failures
    done = runs["status"] == "done"
    assert failures["run_id"].tolist() == runs["run_id"][~done].tolist()
    assert failures["message"].tolist() == [f"broke in {run}" for run in failures["run_id"]]
    assert (runs["happy"][done] == runs["run_id"][done] * 10).all()
    assert runs["happy"][~done].isna().all()
    # The series of a failed attempt differs from that of the next one.
    series = results.series()
    assert (series["run_id"].unique() == runs["run_id"]).all()
    tried_again = set(runs["run_id"][done & (runs["run_id"] % 11 == 3)])
    added = series["run_id"].isin(tried_again) / 2
    assert (series["happy"] == series["run_id"] * 100 + series["step"] + added).all()
    assert (results.agents()["run_id"].unique() == runs["run_id"]).all()
    summary = results.aggregate("happy")
    assert (summary["n"].sum(), summary["n_failed"].sum()) == (done.sum(), (~done).sum())


def test_results_that_are_tried_again_meanwhile_are_of_one_attempt(path, interleaved):
    with interleaved(retry=True) as between, ml.open_study(path) as study:
        results = study.results
        first = len(results.base)
        while between.goes_on(40):
            with results.snapshot():
                coherent(results)
    assert len(results.base) > first  # they have moved on, between two snapshots


def test_each_call_is_of_one_moment_while_runs_are_tried_again(path, interleaved):
    with interleaved(retry=True) as between, ml.open_study(path) as study:
        results = study.results
        while between.goes_on(50):
            frame = results.refresh().runs
            done = frame["status"] == "done"
            assert (frame["happy"][done] == frame["run_id"][done] * 10).all()
            assert frame["happy"][~done].isna().all()
            failures = results.failures
            assert failures["message"].tolist() == [f"broke in {run}" for run in failures["run_id"]]
            summary = results.aggregate(["happy", "share"])
            assert (
                summary.groupby("outcome", observed=True)["n_failed"].sum() == len(results.failures)
            ).all()


def test_a_report_counts_the_same_runs_in_each_of_its_parts(path, interleaved, tmp_path):
    with interleaved(retry=True), ml.open_study(path) as study:
        content = reported(study.results, tmp_path)
    counts = {what: int(number.replace(",", "")) for number, what, _ in content["counts"]}
    done, failed = counts["runs done"], counts.get("runs failed", 0)
    runs, failures = ([int(row[column]) for row in content["by_point"]["rows"]] for column in (-2, -1))
    assert (sum(runs), sum(failures)) == (done, failed)
    assert int(content["overview"]["rows"][0][1]) == done
    assert content["runs"]["caption"].endswith(f" of {done + failed} runs")
    assert sum(int(kind["count"].split()[0]) for kind in content["failures"]) == failed


def test_a_study_that_is_run_and_grows_is_merged_as_it_was_at_one_moment(path, interleaved, tmp_path):
    target = tmp_path / "merged.study"
    with interleaved(retry=True), pytest.warns(UserWarning, match="is still being run|are missing in"):
        merged = ml.merge(path, target)
    coherent(merged)
    with Study.open(target) as study, Study.open(path) as whole:
        assert study.check().runs == study.status().finished == len(merged.runs)
        points = study.points_frame()
        pd.testing.assert_frame_equal(points, whole.points_frame().loc[points.index])
        assert study.experiment.n_points == len(points)


def test_what_a_page_shows_is_of_one_moment(path, interleaved):
    from mesa_lab.app.components.failures import read_failures
    from mesa_lab.app.results.run_details import read_run
    from mesa_lab.app.results.tables import table_of
    from mesa_lab.app.run.live_charts import draw_live
    from mesa_lab.workspace.shared_results import open_results

    with interleaved(retry=False):
        opened = open_results(path)
        runs, points = (table_of(opened, name, "happy", None) for name in ("runs", "points"))
        one = read_run(opened, 5)
        live = draw_live(path)
        kinds = read_failures(path)
    assert len(runs) == opened.finished
    assert len(table_of(opened, "failures", "", None)) == opened.failed
    assert (points["n"].sum(), points["n_failed"].sum()) == (opened.finished - opened.failed, opened.failed)
    assert one.series["happy"].tolist() == [500, 501, 502]
    assert live.charts[0].table["runs"].sum() == live.runs
    assert all(len(latest) == min(kind.count, 5) for kind, latest in kinds)
    assert not opened.file.is_replaced


def test_a_page_hears_that_its_results_were_tried_again(path, interleaved):
    from mesa_lab.workspace.shared_results import open_results

    heard = []
    with interleaved(retry=True):
        opened = open_results(path)
        opened.file.on_news = lambda: heard.append(opened.file.is_replaced)
        for _ in range(3):
            opened.results.aggregate("happy")
    assert heard == [True] * len(heard) != []


def test_the_terminal_counts_the_same_failures_twice(path, interleaved):
    with interleaved(retry=False, failing=True):
        said = CliRunner().invoke(cli, ["status", str(path), "--failures"]).stdout
    counted = int(said.partition(" failed")[0].split()[-1])
    assert f"{counted} runs failed:" in said or f"{counted} run failed:" in said
    assert f"{counted} × ValueError" in said


def test_another_study_that_takes_the_name_is_not_mixed_with_it(tmp_path, growing):
    """A page opens the file for each reading: what it read of the first file is not put beside what it reads of the second."""
    from mesa_lab.workspace.shared_results import open_results

    paths = [tmp_path / "first.study", tmp_path / "second.study"]
    for path, first in zip(paths, (0, 1), strict=True):
        study = Study.create(path, growing.experiment(2, 4))
        with study.writing() as writer:
            writer.add(growing.batch_of(study.tasks(range(first, 8 + 4 * first)), False))
    opened = open_results(paths[0])
    assert opened.results.base["run_id"].tolist() == list(range(8))
    paths[1].replace(paths[0])
    assert opened.results.series()["run_id"].unique().tolist() == list(range(1, 12))
    assert opened.results.runs["run_id"].tolist() == list(range(1, 12))
    assert opened.file.is_replaced


def test_a_driver_that_writes_at_full_speed(path, start, as_it_was, tmp_path):
    """All that can be read in a loop, beside another process that writes and has the study grow."""
    driver = start(path, "grow")
    names, seen = [name for name in TABLES if name != "a drawing"], []
    with ml.open_study(path) as study:
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline or len(seen) < len(names):
            name, results = names[len(seen) % len(names)], study.results
            seen.append((name, results, TABLES[name](results), results.runs))
        with warnings.catch_warnings(action="ignore"):  # that there may be more
            merged = ml.merge(path, tmp_path / "merged.study")
        files = study.results
        tables = exported(files, tmp_path / "found", "csv", ["runs", "summary", "failures"])
    driver.communicate()
    coherent(merged)
    with Study.open(path) as whole:
        everything = Results(whole).runs
        assert len(everything) > len(seen[0][3])
        for _, _, _, runs in seen:
            same(
                runs, everything[everything["run_id"].isin(runs["run_id"])][list(runs)].reset_index(drop=True)
            )
        for name, results, found, _ in seen[-len(names) :]:
            same(found, TABLES[name](as_it_was(whole, results)))
        same(tables, exported(as_it_was(whole, files), tmp_path / "expected", "csv", list(tables)))


def test_a_driver_that_tries_failed_runs_again_at_full_speed(path, start):
    driver = start(path, "retry")
    with ml.open_study(path) as study:
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            results = study.results
            with results.snapshot():
                coherent(results)
    driver.communicate()
