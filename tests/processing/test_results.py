import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mesa_lab.errors import ExportError, OutcomeError, ParameterError
from mesa_lab.processing.charts import find_chart

POINTS = {"n": [10, 20], "mode": ["slow", "fast"]}


def test_runs_have_their_columns_in_order(make):
    results = make(
        POINTS, outcomes={"happy": lambda p, g: [1] * len(p), "phase": lambda p, g: ["x"] * len(p)}
    )
    assert list(results.runs) == [
        "run_id", "point", "replication", "seed", "n", "mode", "happy", "phase",
        "steps", "time", "status", "init_seconds", "run_seconds",
    ]  # fmt: skip
    assert [str(dtype) for dtype in results.runs.dtypes[["n", "mode", "happy", "steps", "status"]]] == [
        "int64", "category", "int64", "int64", "category",
    ]  # fmt: skip
    assert results.runs["seed"].dtype == "int64"


def test_held_parameters_are_no_columns(make):
    assert "width" not in make(POINTS).runs


def test_failed_runs_stand_in_the_table_without_outcomes(make):
    results = make(POINTS, outcomes={"happy": lambda p, g: [1] * len(p)}, failed=[1], timed_out=[2])
    assert results.runs["happy"].isna().tolist() == [False, True, True, False, False, False]
    assert results.runs["happy"].dtype == "Int64"
    assert results.status == {"done": 4, "failed": 1, "timed out": 1}


def test_names_that_are_taken_get_a_column_of_their_own(make):
    results = make(
        {"happy": [1, 2], "seed": [5, 6], "status": ["a", "b"]},
        outcomes={name: lambda p, g: p["happy"] * 10 for name in ("happy", "steps", "time", "run_id")},
    )
    runs = results.runs
    assert runs.columns.is_unique
    assert runs["happy (parameter)"].tolist()[:2] == [1, 2]
    assert runs["happy"].tolist()[:2] == [10, 20]
    assert runs["seed (parameter)"].tolist()[:2] == [5, 6]
    assert runs["status (parameter)"].tolist()[:2] == ["a", "b"]
    assert runs["steps (outcome)"].tolist()[:2] == [10, 20]
    assert runs["run_id (outcome)"].tolist()[:2] == [10, 20]
    assert runs["run_id"].tolist() == [0, 1, 2, 3, 4, 5]
    series = results.series(runs=[1])
    assert series.columns.is_unique
    assert series["time"].tolist() == list(range(11))
    assert series["time (outcome)"].iloc[-1] == 20
    table = results.aggregate("steps", by="happy")
    assert table["happy (parameter)"].tolist() == [1, 2]
    assert table["mean"].tolist() == [10, 20]


def test_parameters_named_like_statistics_keep_out_of_their_way(make):
    table = make({"mean": [1, 2], "n": [3, 4]}).aggregate("happy")
    assert table.columns.is_unique
    assert table["mean (parameter)"].tolist() == [1, 2]
    assert table["n (parameter)"].tolist() == [3, 4]


def test_series_have_one_row_per_run_and_step(make):
    results = make(
        POINTS, replications=2, steps=4, outcomes={"a": lambda p, g: p["n"], "b": lambda p, g: p["n"]}
    )
    series = results.series()
    assert list(series) == ["run_id", "point", "replication", "n", "mode", "step", "time", "a", "b"]
    assert len(series) == 4 * 5
    assert list(results.series("b")) == ["run_id", "point", "replication", "n", "mode", "step", "time", "b"]
    assert set(results.series(points=1)["point"]) == {1}
    assert set(results.series(runs=[0, 3])["run_id"]) == {0, 3}
    assert results.series(points=0, runs=[1]).empty
    assert set(results.series(points=np.int64(1))["point"]) == {1}
    assert set(results.series(points=np.array([1]), runs=results.runs["run_id"])["point"]) == {1}
    assert results.series(points=[]).empty


def test_series_come_in_order_of_runs_and_steps_however_they_were_stored(make):
    results = make(POINTS, replications=3, steps=3)
    parts = [list(block.table().to_batches()) for block in results.study.series_blocks()]
    shuffled = [pa.Table.from_batches([batch]) for part in parts for batch in part][::-1]
    results.study.parts = shuffled
    series = results.series()
    assert series.equals(series.sort_values(["run_id", "step"], kind="stable"))


def test_an_outcome_that_some_blocks_lack_is_missing_there(make):
    results = make({"n": [1]}, replications=2, steps=1)
    parts = [
        pa.table({"run_id": [0, 0], "step": [0, 1], "time": [0.0, 1.0]}),
        pa.table({"run_id": [1, 1], "step": [0, 1], "time": [0.0, 1.0], "happy": [3, 4]}),
    ]
    results.study.parts = parts
    assert results.series()["happy"].fillna(-1).tolist() == [-1, -1, 3, 4]
    table = results.aggregate("happy", over="series")
    assert table["n"].tolist() == [1, 1]
    assert table["n_missing"].tolist() == [1, 1]


def test_no_series_is_an_empty_table_with_its_columns(make):
    results = make(POINTS)
    results.study.parts = []
    assert list(results.series()) == ["run_id", "point", "replication", "n", "mode", "step", "time", "happy"]
    assert results.series().empty


AGENTS = {
    "Wolf": pa.table({"run_id": [1, 1], "step": [0, 0], "agent_id": [7, 8], "energy": [1.5, 2.5]}),
    "Sheep": pa.table({"run_id": [0], "step": [3], "agent_id": [1], "step ": [9], "wool": [True]}),
}


def test_a_type_that_never_had_an_agent_changes_nothing(make):
    nobody = pa.table({"run_id": [], "step": [], "agent_id": [], "energy": []}, AGENTS["Wolf"].schema)
    results = make(POINTS, agents=AGENTS | {"Fox": nobody})
    assert results.agents().equals(make(POINTS, agents=AGENTS).agents())
    assert results.agents("Fox").empty


def test_agents_by_type_and_all_together(make):
    results = make(POINTS, agents=AGENTS)
    wolves = results.agents("Wolf")
    assert list(wolves) == ["run_id", "point", "replication", "n", "mode", "step", "agent_id", "energy"]
    assert wolves["energy"].tolist() == [1.5, 2.5]
    everyone = results.agents()
    assert everyone["agent_type"].tolist() == ["Wolf", "Wolf", "Sheep"]
    with pytest.raises(OutcomeError, match=r"'Wolfe'. There are: Wolf, Sheep. Did you mean 'Wolf'\?"):
        results.agents("Wolfe")


def test_no_agents_is_an_empty_table(make):
    results = make(POINTS)
    assert results.agents().empty
    with pytest.raises(OutcomeError, match="agents=True"):
        results.agents("Wolf")


def test_failures_say_what_went_wrong_and_where(make):
    failures = make(POINTS, failed=[1], timed_out=[4]).failures
    assert list(failures) == [
        "run_id", "point", "replication", "seed", "n", "mode", "status", "stage", "error_type", "message", "traceback",
    ]  # fmt: skip
    assert failures["run_id"].tolist() == [1, 4]
    assert failures["status"].tolist() == ["failed", "timed out"]


def test_a_run_that_a_later_attempt_finished_has_not_failed(make):
    results = make(POINTS, failed=[1, 2])
    attempts = results.study.failures_frame()
    again = pd.concat([attempts, attempts.assign(attempt=2, message="again"), attempts.assign(run_id=0)])
    results.study.failures_frame = lambda: again
    assert results.failures["run_id"].tolist() == [1, 2]
    assert results.failures["message"].tolist() == ["again", "again"]


def test_runs_that_are_no_longer_asked_for_are_no_results(make):
    results = make({"n": [1, 2, 3]}, replications=3)
    results.study.points = results.study.points.iloc[:2]
    results.study.experiment.replications = 2
    assert results.runs["run_id"].tolist() == [0, 1, 3, 4]
    assert set(results.series()["run_id"]) == {0, 1, 3, 4}
    assert results.aggregate("happy")["n"].tolist() == [2, 2]
    assert results.aggregate("happy", over="series")["n"].max() == 2


def test_only_what_is_asked_for_is_read(make):
    results = make(POINTS, outcomes={name: lambda p, g: g.random(len(p)) for name in "abc"})
    asked = []
    whole = results.study.runs_frame

    def counting(outcomes=None, columns=None):
        asked.append((list(outcomes), list(columns)))
        return whole(outcomes, columns)

    results.study.runs_frame = counting
    results.aggregate("b")
    results.aggregate("b", by="n")
    assert asked == [([], ["run_id", "point", "replication", "status"]), (["b"], ["run_id"])]
    _ = results.runs, results.runs
    assert asked[2:] == [(["a", "c"], ["run_id", "seed", "steps", "time", "init_seconds", "run_seconds"])]


def test_a_study_that_grows_while_it_is_read_stays_consistent(make):
    results = make({"n": [1, 2]}, replications=2)
    assert len(results.base) == 4
    bigger = make({"n": [1, 2]}, replications=3)
    bigger.study.experiment.replications = 2
    results.study.runs_frame = bigger.study.runs_frame
    assert len(results.runs) == 4
    assert results.runs["run_id"].tolist() == [0, 1, 2, 3]
    assert len(results.refresh().runs) == 4


def test_an_unknown_outcome_is_named_with_the_nearest(make):
    with pytest.raises(OutcomeError) as caught:
        make(POINTS).series("hapy")
    assert str(caught.value) == "Unknown outcome 'hapy'. Wolf reports: happy. Did you mean 'happy'?"


def test_records_are_plain_python(make):
    results = make(
        POINTS,
        outcomes={"ok": lambda p, g: [True] * len(p), "x": lambda p, g: [np.float64(0.5)] * len(p)},
        failed=[1],
    )
    first, second = results.to_records()[:2]
    assert {type(value) for value in first.values()} <= {int, float, str, bool}
    assert (second["ok"], second["x"], second["status"]) == (None, None, "failed")


def test_a_notebook_shows_escaped_names(make):
    results = make(
        {"<img src=x onerror=alert(1)>": [1, 2]},
        outcomes={"{{ 7*7 }}<b>": lambda p, g: ["<script>"] * len(p)},
        model="m:<i>",
    )
    text = results._repr_html_()
    assert "<img" not in text
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "1 more run" in text
    assert "6 runs" in repr(results)


def test_a_study_without_runs_has_empty_tables(make):
    results = make(POINTS, replications=0)
    assert results.runs.empty
    assert results.aggregate("happy").empty
    assert "happy" in results.runs
    assert "0 runs" in repr(results)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"points": 99}, "There is no point 99. The study has 2 points, numbered from 0 to 1."),
        ({"points": [1, -1, 2]}, "There are no points -1, 2. The study has 2 points, numbered from 0 to 1."),
        ({"runs": 6}, "There is no run 6. The study has 6 runs, numbered from 0 to 5."),
        (
            {"runs": range(6, 20)},
            "There are no runs 6, 7, 8, 9, 10, 11, 12, 13 and 6 more. The study has 6 runs",
        ),
        ({"points": "1"}, "'1' is no number of a point. Give one such as 0, or a list: [0, 3]."),
        ({"points": [True, False]}, "True is no number of a point"),
        ({"points": None, "runs": [0, 1.5]}, "1.5 is no number of a run"),
        ({"runs": 10**30}, "is no number of a run"),
        ({"runs": float("nan")}, "nan is no number of a run"),
    ],
    ids=str,
)
def test_a_point_or_run_that_is_not_there_is_said(make, chosen, message):
    with pytest.raises(ParameterError) as caught:
        make(POINTS).series(**chosen)
    assert message in str(caught.value)


@pytest.mark.parametrize("kind", ["series", "distribution"])
def test_a_chart_of_a_point_that_is_not_there_is_refused(make, kind):
    with pytest.raises(ParameterError, match="There is no point 7. The study has 2 points"):
        find_chart(kind).table(make(POINTS), "happy", points=[0, 7])


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (lambda r: r.aggregate("happy", level="x"), OutcomeError, "level is 'x'. Give a confidence level"),
        (lambda r: r.aggregate("happy", level=None), OutcomeError, "level is None"),
        (lambda r: r.aggregate("happy", level=95), OutcomeError, "level is 95"),
        (lambda r: r.aggregate("happy", quantiles=0.5), OutcomeError, "quantiles is 0.5. Give a list"),
        (lambda r: r.aggregate("happy", quantiles=None), OutcomeError, "quantiles is None"),
        (lambda r: r.aggregate("happy", quantiles=["a"]), OutcomeError, "The quantile 'a' is not"),
        (lambda r: r.aggregate("happy", by=3), ParameterError, "3 is no name of a parameter. Varied are: n"),
        (lambda r: r.aggregate(3), OutcomeError, "Unknown outcome '3'"),
        (lambda r: r.aggregate([3]), OutcomeError, "Unknown outcome '3'"),
        (lambda r: r.series(3), OutcomeError, "Unknown outcome '3'"),
        (lambda r: r.agents(3), OutcomeError, "no agent data of '3'"),
        (lambda r: r.chart(3), OutcomeError, "Unknown chart '3'"),
        (lambda r: r.chart("effect", 3), OutcomeError, "Unknown outcome '3'"),
        (lambda r: r.chart("effect", "happy", parameter=3), ParameterError, "3 is no name of a parameter"),
        (lambda r: r.chart("effect", "happy", level="a"), OutcomeError, "level is 'a'"),
        (
            lambda r: r.chart("effect", "happy", width="a"),
            OutcomeError,
            "width is 'a'. Give a number of pixels",
        ),
        (
            lambda r: r.chart("effect", "happy", height=-1),
            OutcomeError,
            "height is -1. Give a number of pixels",
        ),
        (lambda r: r.save(3), ExportError, "The export is 3. Give the path"),
        (lambda r: r.save("x.csv", tables=3), ExportError, "Unknown table '3'"),
        (lambda r: r.save("x", format=3), ExportError, "Unknown format '3'"),
        (lambda r: r.report(3), ExportError, "The report is 3. Give the path"),
    ],
)
def test_a_wrong_argument_is_named_with_the_fix(make, call, kind, sentence):
    with pytest.raises(kind) as caught:
        call(make({"n": [1, 2]}))
    assert sentence in str(caught.value)
