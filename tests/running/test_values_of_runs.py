"""Values of all kinds on their way from a model into the tables of its study; what is lost is said in all places."""

import datetime as dt
import logging
import warnings

import mesa
import numpy as np
import pandas as pd
import pytest

import mesa_lab as ml

pytestmark = pytest.mark.filterwarnings("ignore:careful")


class Worker(mesa.Agent):
    def __init__(self, model):
        super().__init__(model)
        self.since = dt.datetime(2026, 1, 1)
        self.rest = dt.timedelta(minutes=1)


class Office(mesa.Model):
    """It reports values of many types, adds rows to tables, prints, logs and warns."""

    def __init__(self, size=1, rng=None):
        super().__init__(rng=rng)
        self.size = size
        self.count = 0
        self.layer = np.arange(6.0).reshape(2, 3)
        for _ in range(2):
            Worker(self)
        self.datacollector = mesa.DataCollector(
            {
                "day": lambda m: dt.datetime(2026, 1, 1) + dt.timedelta(days=m.count),
                "spent": lambda m: dt.timedelta(hours=m.count),
                "zoned": lambda m: pd.Timestamp("2026-06-01", tz="Europe/Berlin"),
                "pay": lambda m: {"mean": 1.5 * m.count, "max": m.size} if m.count else None,
                "kept": lambda m: 1 if m.count < 2 else "many",
                "large": lambda m: 2**70,
                "thing": lambda m: object(),
                "wrong": lambda m: m.nothing,
            },
            agent_reporters={"since": "since", "rest": "rest"},
            tables={"Jobs": ["who", "pay", "step"], "Empty": ["a"]},
        )
        self.datacollector.add_table_row("Jobs", {"who": "a", "pay": 1, "step": None})
        self.datacollector.collect(self)
        print("began", size)  # noqa: T201 - what models do

    def step(self):
        self.count += 1
        self.datacollector.collect(self)
        self.datacollector.add_table_row("Jobs", {"who": "b", "pay": dt.timedelta(seconds=1), "step": "x"})
        logging.getLogger("office").warning("step %s", self.count)
        warnings.warn("careful", stacklevel=1)
        if self.size == 2 and self.count == 3:
            raise ValueError("broke")


def experiment(**changes):
    return ml.Experiment(Office, {"size": [1, 2]}, max_steps=4, **changes)


@pytest.fixture(scope="module", params=["loky", "sequential"])
def results(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("office") / "office.study"
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        ml.run(experiment(agents=True), path, n_jobs=1, backend=request.param, progress=False)
    found = ml.open_study(path).results
    found.warned = [str(each.message) for each in said]
    return found


def test_dates_stay_dates_and_durations_become_seconds(results):
    assert results.runs["day"].iloc[0] == pd.Timestamp("2026-01-05")
    assert results.runs["zoned"].iloc[0] == pd.Timestamp("2026-06-01", tz="Europe/Berlin")
    assert results.runs["spent"].iloc[0] == 4 * 3600
    assert results.series("day", runs=0)["day"].tolist() == list(pd.date_range("2026-01-01", periods=5))
    agents = results.agents()
    assert agents["since"].iloc[0] == pd.Timestamp("2026-01-01")
    assert agents["rest"].iloc[0] == 60


def test_a_failed_run_has_no_date(results):
    assert results.runs["status"].tolist() == ["done", "failed"]
    assert results.runs["day"].isna().tolist() == [False, True]


def test_what_changes_its_type_becomes_text(results):
    assert results.series("kept", runs=0)["kept"].tolist() == ["1", "1", "many", "many", "many"]


def test_what_was_lost_is_named_once_for_each_outcome(results):
    lost = results.notes[results.notes["kind"].isin(["raised", "not kept"])].set_index("outcome")
    assert sorted(lost.index) == ["thing", "wrong"]
    assert lost.loc["thing", ["kind", "type", "runs", "values"]].tolist() == ["not kept", "object", 2, 9]
    assert lost.loc["wrong", ["kind", "type", "runs", "run_id"]].tolist() == [
        "raised",
        "AttributeError",
        2,
        0,
    ]
    assert "nothing" in lost.loc["wrong", "note"]


def test_what_was_converted_is_said(results):
    forms = results.notes[results.notes["kind"] == "form"].set_index("outcome")
    assert forms.loc["spent", "type"] == "datetime.timedelta"
    assert "seconds" in forms.loc["spent", "note"]
    assert {"day", "pay", "large", "kept", "rest", "Jobs.pay"} <= set(forms.index)


def test_it_is_said_after_the_run_in_the_status_and_in_the_report(results, tmp_path):
    assert sum(text.startswith("'wrong' raised an error in 2 of 2 runs") for text in results.warned) == 1
    assert sum(text.startswith("'thing' could not be kept in 2 of 2 runs") for text in results.warned) == 1
    notices = " ".join(results.study.status().notices)
    assert "'thing' could not be kept" in notices
    assert "'wrong' raised" in notices
    page = results.report(tmp_path / "report.html").read_text()
    assert "raised an error" in page
    assert "fits in no table" in page
    assert "Table Jobs of the data collector" in page


def test_without_progress_one_line_says_that_runs_failed(results):
    (said,) = [text for text in results.warned if "failed or timed out" in text]
    assert said == "1 of 2 runs failed or timed out; run 1: ValueError: broke. See results.failures."


def test_tables_of_the_data_collector_are_tables(results, tmp_path):
    jobs = results.tables("Jobs")
    assert list(jobs.columns) == [
        "run_id",
        "point",
        "replication",
        "size",
        "step",
        "who",
        "pay",
        "step (column) (table)",
    ] or (
        list(jobs.columns)
        == ["run_id", "point", "replication", "size", "step", "who", "pay", "step (column)"]
    )
    assert jobs["step"].tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 3]
    assert jobs["pay"].tolist()[:2] == [1.0, 1.0]
    assert list(results.tables()) == ["Jobs"]
    with pytest.raises(ml.OutcomeError, match="No run has rows in a table 'Job'. .* Did you mean 'Jobs'"):
        results.tables("Job")
    assert "" not in results.agent_types or "table:Jobs" not in results.agent_types
    written = results.save(tmp_path / "out", format="parquet")
    assert {"table_Jobs.parquet", "notes.parquet"} <= {path.name for path in written}
    for ending in (".xlsx", ".json", ".csv"):
        results.save(tmp_path / f"jobs{ending}", tables="table_Jobs")


def test_what_a_run_printed_logged_and_warned_is_kept(results):
    first, second = results.output(0), results.output(1)
    assert first.startswith("began 1\n")
    assert "step 4" in first
    if results.study.sessions()[0]["settings"]["backend"] == "loky":  # elsewhere this test takes the warnings
        assert "UserWarning: careful" in first
    assert second.startswith("began 2\n")
    assert "step 4" not in second
    with pytest.raises(ml.ParameterError):
        results.output(7)


def test_all_charts_and_exports_take_the_columns(results, tmp_path):
    results.chart("series", "spent")
    for outcome in ("day", "zoned", "pay"):
        with pytest.raises(ml.MesaLabError):
            results.chart("effect", outcome)
    for ending in (".csv", ".parquet", ".json", ".xlsx"):
        results.save(tmp_path / f"runs{ending}")
    assert pd.read_parquet(tmp_path / "runs.parquet")["day"].iloc[0] == pd.Timestamp("2026-01-05")


def test_a_run_alone_tells_the_same():
    result = ml.simulate(experiment(agents=True).configurations()[0])
    assert result.outcomes["day"] == dt.datetime(2026, 1, 5)
    assert result.tables["Jobs"].column("who").to_pylist() == ["a", "b", "b", "b", "b"]
    assert result.output.startswith("began 1\n")


@pytest.mark.parametrize("backend", ["loky", "sequential"])
def test_an_error_of_an_outcome_may_fail_its_run(backend):
    asked = experiment(outcomes={"size": "size", "odd": lambda m: 1 / (m.count - 2)}, on_error="fail")
    results = ml.run(asked, n_jobs=1, backend=backend, progress=False)
    failure = results.failures.iloc[0]
    assert results.runs["status"].tolist() == ["failed", "failed"]
    assert (failure["stage"], failure["error_type"]) == ("measuring", "ZeroDivisionError")
    assert "m.count - 2" in failure["traceback"]
    assert results.runs["steps"].tolist()[0] == 2
    assert results.series("odd", runs=0)["odd"].tolist()[:2] == [-0.5, -1.0]


def test_reporters_that_raise_fail_the_run_at_the_end_of_their_step():
    results = ml.run(experiment(on_error="fail"), backend="sequential", progress=False)
    assert set(results.failures["error_type"]) == {"AttributeError"}
    assert ml.Experiment.from_toml(experiment(on_error="fail").to_toml()).on_error == "fail"
    with pytest.raises(ml.ExperimentError, match='on_error is .*"missing"'):
        experiment(on_error="raise")


def test_entries_of_a_dict_are_outcomes():
    asked = experiment(
        outcomes={"pay.*": "pay", "top": "pay.max", "own.*": lambda m: {"count": m.count}, "no": "kept.x"}
    )
    results = ml.run(asked, backend="sequential", progress=False)
    done = results.runs.iloc[0]
    assert (done["pay.mean"], done["pay.max"], done["top"], done["own.count"]) == (6.0, 1, 1, 4)
    assert "pay.*" not in results.outcomes
    series = results.series(["pay.mean", "top"], runs=0)
    assert series["pay.mean"].isna().tolist() == [True, False, False, False, False]
    assert results.notes.set_index("outcome").loc["no", "note"] == "kept is of type int, which has no entries"
    results.chart("series", "pay.mean")


def test_a_list_names_them_too_and_a_file():
    asked = ml.Experiment.from_toml(experiment(outcomes=["pay.*", "pay.mean"]).to_toml())
    assert [outcome.name for outcome in asked.outcomes] == ["pay.*", "pay.mean"]
    with pytest.raises(ml.OutcomeError, match="Did you mean 'happy'"):
        ml.Experiment("mesa.examples:Schelling", outcomes=["happi.mean"]).check()


def test_layers_are_outcomes():
    asked = experiment(outcomes=["mean(layer(layer))", "share(layer(layer) > 3)", "layer(layer)"])
    results = ml.run(asked, backend="sequential", progress=False)
    done = results.runs.iloc[0]
    assert done["mean(layer(layer))"] == 2.5
    assert done["share(layer(layer) > 3)"] == pytest.approx(1 / 3)
    assert done["layer(layer)"] == "[[0.0,1.0,2.0],[3.0,4.0,5.0]]"
    assert results.series("layer(layer)")["layer(layer)"].isna().all()


def test_more_than_64_kib_keep_their_end():
    class Chatty(mesa.Model):
        def step(self):
            print("x" * 1000, self.steps)  # noqa: T201

    results = ml.run(ml.Experiment(Chatty, max_steps=200, outcomes=["steps"]), progress=False, n_jobs=1)
    text = results.output(0)
    assert text.startswith("[")
    assert "bytes before this were not kept]" in text
    assert text.endswith(" 200\n")
    assert len(text) < 70_000


class Beginner(mesa.Model):
    """Its collector is made in a step and reads its own records, so that a run may have to be done again."""

    def __init__(self, rng=None):
        super().__init__(rng=rng)
        self.late = None

    def step(self):
        print("step", self.steps)  # noqa: T201
        if self.late is None:
            self.late = mesa.DataCollector(
                {"count": "steps", "parts": lambda m: {"a": 1, "b": 2}, "By kind": lambda m: {"red one": 3}}
            )
        self.late.collect(self)
        self.last = self.late.get_model_vars_dataframe()["count"].iloc[-1]


@pytest.mark.parametrize("backend", ["loky", "sequential"])
def test_what_is_printed_by_a_run_that_is_done_again_is_kept_once(backend):
    asked = ml.Experiment(Beginner, max_steps=3)
    results = ml.run(asked, n_jobs=1, backend=backend, progress=False)
    assert results.output(0) == "step 1\nstep 2\nstep 3\n"
    assert ml.simulate(asked.configurations()[0]).output == results.output(0)


def test_an_outcome_that_is_no_number_says_how_its_entries_are_measured():
    results = ml.run(ml.Experiment(Beginner, max_steps=2), backend="sequential", progress=False)
    with pytest.raises(ml.OutcomeError, match=r"of their own: 'parts\.\*'\."):
        results.chart("series", "parts")


def test_entries_of_a_reporter_whose_name_is_several_words():
    asked = ml.Experiment(Beginner, max_steps=2, outcomes=["By kind.*"])
    results = ml.run(ml.Experiment.from_toml(asked.to_toml()), backend="sequential", progress=False)
    assert results.runs["By kind.red one"].tolist() == [3]


def test_what_was_asked_for_and_is_missing_is_said_once():
    """That nothing is measured by itself is no news then, and a question ends with its own mark."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        ml.run(
            ml.Experiment(Beginner, max_steps=1, outcomes=["parts.aa"]), backend="sequential", progress=False
        )
    (text,) = [str(each.message) for each in said]
    assert text.endswith("LookupError: parts has no 'aa'. Did you mean 'a'? First in run 0.")
