"""The same tables, charts, files and report from a study that was really run."""

import contextlib
import sqlite3

import pandas as pd
import pytest

import mesa_lab as ml
from mesa_lab.processing.charts import CHARTS
from mesa_lab.processing.export.export import export
from mesa_lab.processing.report.report import write_report

MODEL = "tests/fixtures/measured_models.py:Awkward"
ODD = 'R over S: "x"'


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("real") / "awkward.study"
    experiment = ml.Experiment(
        MODEL,
        {"gain": [0.5, 1.0, 1.5], "mode": ["calm", "wild"], "limit": None},
        replications=3,
        max_steps=6,
        seed=1,
        agents={"Walker": ("energy",)},
    )
    ml.run(experiment, path, n_jobs=1, backend="sequential", progress=False)
    return path


@pytest.fixture
def results(study):
    with ml.open_study(study) as opened:
        yield opened.results


def test_runs(results):
    assert list(results.runs) == [
        "run_id", "point", "replication", "seed", "gain (parameter)", "mode", "gain", ODD, "time (outcome)", "rich",
        "phase", "steps", "time", "status", "init_seconds", "run_seconds",
    ]  # fmt: skip
    assert results.status == {"done": 15, "failed": 3, "timed out": 0}
    assert results.runs["time (outcome)"].dropna().unique().tolist() == [7]
    assert str(results.runs["rich"].dtype) == "boolean"
    assert results.failures["message"].unique().tolist() == ["the world broke down <b>badly</b>"]


def test_the_end_of_a_series_is_the_final_value(results):
    series = results.series("gain")
    last = series.groupby("run_id").tail(1).set_index("run_id")["gain"]
    finals = results.runs.set_index("run_id")["gain"].dropna()
    pd.testing.assert_series_equal(last[finals.index], finals, check_dtype=False)
    assert results.aggregate("gain", over="series")["step"].max() == 6


def test_agents(results):
    agents = results.agents("Walker")
    assert {"run_id", "point", "step", "agent_id", "energy"} <= set(agents)
    assert agents.groupby(["run_id", "step"]).size().unique().tolist() == [5]


def test_statistics(results):
    table = results.aggregate("gain", by="gain")
    calm = results.aggregate("gain", by=["gain", "mode"])
    assert table["n"].tolist() == [6, 6, 3]
    assert table["n_failed"].tolist() == [0, 0, 3]
    assert table.attrs["averaged_over"] == ["mode"]
    assert calm["n"].tolist() == [3, 3, 3, 3, 3, 0]


@pytest.mark.parametrize("kind", CHARTS, ids=lambda kind: kind.name)
def test_charts(results, kind):
    for outcome in ("gain", "rich"):
        assert kind.chart(results, outcome).to_dict()["title"]["text"]


def test_files(results, tmp_path):
    names = {path.stem for path in export(results, tmp_path / "out", format="parquet")}
    assert names == {"runs", "points", "summary", "series", "agents_Walker", "failures"}
    assert len(pd.read_parquet(tmp_path / "out" / "series.parquet")) == len(results.series())


def test_report(results, tmp_path):
    text = write_report(results, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Walkers that gain energy" in text
    assert "All of them have gain = 1.5 and mode = wild." in text
    assert "&lt;b&gt;badly" in text
    assert "measured_models.py:Awkward" in text


def test_a_study_can_be_read_while_it_grows(study, results):
    before = results.aggregate("gain")
    with ml.open_study(study) as opened:
        assert opened.results.aggregate("gain").equals(before)


def test_values_that_were_changed_are_shown_with_a_warning(study, tmp_path):
    with ml.open_study(study) as opened:
        opened.copy(tmp_path / "changed.study")
        expected = opened.results.runs
    with contextlib.closing(sqlite3.connect(tmp_path / "changed.study")) as connection, connection:
        connection.execute("UPDATE runs SET o0 = 99.5 WHERE run_id = 7")
    with ml.open_study(tmp_path / "changed.study") as opened:
        results = opened.results
        assert results.aggregate(ODD)["n"].sum() == 15
        assert not results.damage
        with pytest.warns(UserWarning, match=r"is damaged:\n  - the results of .* run"):
            runs = results.runs  # no warning but one
        assert results.damage
        assert (runs["gain"] != expected["gain"]).sum() <= 4  # the others are there
        assert runs.drop(columns="gain").equals(expected.drop(columns="gain"))
        page = write_report(results, tmp_path / "report.html").read_text()
    assert "is damaged:" in page
    assert "mesa-lab check" in page


def test_runs_without_a_result_yet_have_no_rows_and_others_are_unknown(tmp_path):
    experiment = ml.Experiment("mesa.examples:Schelling", {"density": [0.6]}, max_steps=2)
    path = tmp_path / "s.study"
    ml.run(experiment, path, backend="sequential", progress=False)
    with ml.open_study(path) as study:
        study.extend(experiment.replace(parameters={"density": [0.6, 0.7]}))
        study.extend(experiment.replace(parameters={"density": [0.6, 0.9]}))  # 0.7 is no longer asked for
    results = ml.open_study(path).results
    assert results.points.index.tolist() == [0, 2]
    assert results.series(points=[0, 2])["run_id"].unique().tolist() == [0]
    assert results.series(points=2).empty
    assert results.series(runs=2).empty
    with pytest.raises(
        ml.ParameterError, match="no point 1. The study has 2 points, numbered from 0 to 2, with gaps"
    ):
        results.series(points=1)
    with pytest.raises(
        ml.ParameterError, match="no runs 1, 4. The study has 2 runs, numbered from 0 to 2, with gaps"
    ):
        results.series(runs=[0, 1, 2, 4])


def test_a_shard_knows_the_runs_of_its_own(tmp_path):
    experiment = ml.Experiment("mesa.examples:Schelling", {"density": [0.6, 0.7, 0.8, 0.9]}, max_steps=2)
    results = ml.run(experiment, tmp_path / "s.study", shard=(1, 2), backend="sequential", progress=False)
    mine = results.runs["run_id"].tolist()
    assert set(results.series(runs=mine)["run_id"]) == set(mine)
    other = min({0, 1, 2, 3} - set(mine))
    with pytest.raises(ml.ParameterError, match=f"no run {other}. The study has 2 runs"):
        results.series(runs=other)
