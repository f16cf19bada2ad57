from __future__ import annotations

import sqlite3

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import mesa_lab as ml
from mesa_lab.errors import OutcomeError, StudyError, StudyMismatchError
from mesa_lab.preparation.designs import MonteCarlo
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.preparation.parameters.space import Integer
from mesa_lab.study import RUN_COLUMNS, Study, merge, rescue
from mesa_lab.study.database import schema


def test_a_new_study_asks_for_all_runs_of_its_experiment(study, experiment):
    status = study.status()
    assert (status.n_points, status.replications, status.n_runs) == (6, 2, 12)
    assert (status.state, status.finished, status.pending) == ("new", 0, 12)
    assert study.pending().tolist() == list(range(12))
    assert study.outcome_names == study.agent_types == ()
    assert len(study.runs_frame()) == len(study.failures_frame()) == 0


def test_tasks_are_the_configurations_of_the_experiment(study, experiment):
    expected = [
        (c.run_id, c.point, c.iteration, c.seed, dict(c.parameters)) for c in experiment.configurations()
    ]
    reopened = Study.open(study.path)
    assert [(*task[:4], dict(task[4])) for task in reopened.tasks(reopened.pending())] == expected


def test_parameters_come_back_as_they_were(tmp_path):
    values = [
        1,
        1.0,
        True,
        None,
        "text",
        (1, 2),
        [1, (2, 3)],
        {"a": 1},
        {("C", "D"): 1.5},
        float("inf"),
        2**70,
        "ü\u2028",
    ]
    experiment = Experiment(
        "mesa.examples:Schelling", {f"p{place}": value for place, value in enumerate(values[:6] + values[7:])}
    )
    study = Study.create(tmp_path / "values.study", experiment)
    [(_, _, _, _, parameters)] = Study.open(study.path).tasks([0])
    found = [parameters[name] for name in experiment.parameters]
    assert found == values[:6] + values[7:]
    assert list(map(type, found)) == list(map(type, values[:6] + values[7:]))


def test_a_model_cannot_change_the_parameters_of_another_run(tmp_path):
    study = Study.create(tmp_path / "a.study", Experiment("m:M", {"d": {"a": [1]}}, replications=2))
    first, second = (task[4] for task in study.tasks([0, 1]))
    first["d"]["a"].append(2)
    assert second["d"] == {"a": [1]}


def test_results_come_back(filled, batch_of):
    frame = filled.runs_frame()
    assert list(frame.columns) == [*RUN_COLUMNS, "happy"]
    assert frame["run_id"].tolist() == list(range(12))
    assert frame["happy"].tolist() == [run_id * 10 for run_id in range(12)]
    assert frame["happy"].dtype == frame["seed"].dtype == np.int64
    assert frame["replication"].tolist() == [0] * 6 + [1] * 6
    assert frame["point"].tolist() == [0, 1, 2, 3, 4, 5] * 2
    assert (frame["status"] == "done").all()
    assert (frame["notes"] == "").all()
    assert (frame["attempt"] == 1).all()
    assert filled.status().state == "finished"
    assert filled.agent_types == ("Wolf",)
    table = pa.concat_tables(filled.series_tables())
    assert table.column_names == ["run_id", "step", "time", "happy"]
    assert table["happy"].to_pylist() == [run * 100 + step for run in range(12) for step in range(3)]
    assert (
        pa.concat_tables(filled.agent_tables("Wolf"))["agent_id"].to_pylist() == table["run_id"].to_pylist()
    )


def test_series_of_some_runs_and_outcomes(filled):
    table = pa.concat_tables(filled.series_tables(run_ids=[3, 11], outcomes=["happy"]))
    assert sorted(set(table["run_id"].to_pylist())) == [3, 11]
    assert sum(t.num_rows for t in filled.agent_tables("Wolf", run_ids=np.array([5]))) == 3
    with pytest.raises(OutcomeError, match=r"Unknown outcome 'hapy'.*Did you mean 'happy'"):
        list(filled.series_tables(outcomes=["hapy"]))
    with pytest.raises(OutcomeError, match="Unknown outcome 'sad'"):
        filled.runs_frame(["sad"])


def test_only_the_columns_that_are_asked_for(filled):
    assert list(filled.runs_frame([], columns=("run_id", "status")).columns) == ["run_id", "status"]
    assert list(filled.runs_frame(["happy"], columns=("point",)).columns) == ["point", "happy"]


def test_points_frame_has_parameters_in_the_order_of_the_experiment(filled, experiment):
    frame = filled.points_frame()
    assert list(frame.columns) == ["density", "homophily", "width"]
    assert frame.index.name == "point"
    assert frame.dtypes.tolist() == [np.float64, np.float64, np.int64]
    pd.testing.assert_frame_equal(
        frame[["density", "homophily"]], experiment.design_matrix().astype(float), check_index_type=False
    )


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (lambda run: run, "int64", [0, 1]),
        (lambda run: run % 2 == 0, "bool", [True, False]),
        (lambda run: run + 0.5, "float64", [0.5, 1.5]),
        (lambda run: run if run else 0.5, "float64", [0.5, 1.0]),
        (lambda run: "ab"[run], "str", ["a", "b"]),
        (lambda run: float("inf") if run else float("-inf"), "float64", [float("-inf"), float("inf")]),
        (lambda run: 2**80 if run else 1, "float64", [1.0, 2.0**80]),
        (lambda run: 10**400 if run else 1, "float64", [1.0, float("inf")]),
        (lambda run: run if run else "none", "object", ["none", 1]),
        (lambda run: np.float32(run), "float64", [0.0, 1.0]),
        (lambda run: np.bool_(run), "bool", [False, True]),
        (lambda run: np.int64(run), "int64", [0, 1]),
        (lambda run: "\ud800" if run else "x", "str", ["x", "?"]),
    ],
)
def test_outcomes_keep_their_type(tmp_path, batch_of, value, dtype, expected):
    study = Study.create(tmp_path / "types.study", Experiment("m:M", {}, replications=2))
    with study.writing() as writer:
        writer.add(batch_of(study.tasks([0, 1]), x=value))
    column = study.runs_frame()["x"]
    assert str(column.dtype) == dtype
    assert column.tolist() == expected


def test_missing_values_do_not_change_whole_numbers_and_booleans(study, batch_of):
    outcomes = {
        "n": int,
        "yes": lambda run: run > 1,
        "x": float,
        "nan": lambda run: float("nan"),
        "none": lambda run: None,
    }
    with study.writing() as writer:
        writer.add(batch_of(study.tasks([0, 1, 2]), failing=[1], **outcomes))
    frame = study.runs_frame()
    assert [str(frame[name].dtype) for name in outcomes] == [
        "Int64",
        "boolean",
        "float64",
        "float64",
        "float64",
    ]
    assert frame["n"].isna().tolist() == frame["yes"].isna().tolist() == [False, True, False]
    assert frame["n"].dropna().tolist() == [0, 2]
    assert frame["yes"].dropna().tolist() == [False, True]
    assert frame["nan"].isna().all()


def test_outcomes_may_have_any_name_and_appear_late(study, batch_of):
    names = ['a "quoted" name', "steps", "select", "happy; DROP TABLE runs", "Happy", "happy"]
    with study.writing() as writer:
        writer.add(batch_of(study.tasks([0])))
        writer.add(batch_of(study.tasks([1]), **dict.fromkeys(names, int)))
    assert study.outcome_names == ("happy", *(name for name in names if name != "happy"))
    frame = study.runs_frame()
    assert list(frame.columns) == [*RUN_COLUMNS, *study.outcome_names]
    assert frame['a "quoted" name'].isna().tolist() == [True, False]
    assert frame["happy"].tolist() == [0, 1]


def test_people_with_any_sqlite_tool_see_readable_names(filled):
    connection = sqlite3.connect(filled.path)
    cursor = connection.execute("SELECT * FROM results WHERE density = 0.7 AND replication = 1")
    names = [column[0] for column in cursor.description]
    rows = cursor.fetchall()
    connection.close()
    assert {"run_id", "seed", "density", "homophily", "width", "happy"} <= set(names)
    assert [row[names.index("happy")] for row in rows] == [100, 110]


def test_too_many_outcomes_are_refused_and_what_was_in_stays(study, batch_of, monkeypatch):
    monkeypatch.setattr(schema, "MAX_OUTCOMES", 3)

    def write_too_many(writer):
        writer.add(batch_of(study.tasks([0])))
        writer.commit()
        writer.add(batch_of(study.tasks([1]), **{f"x{number}": int for number in range(4)}))

    with pytest.raises(StudyError, match="cannot hold more than 3 outcomes"), study.writing() as writer:
        write_too_many(writer)
    assert study.outcome_names == ("happy",)
    assert len(study.runs_frame()) == 1


# ---------------------------------------------------------------- failures and retries


def test_a_retried_run_replaces_its_row_and_its_series(study, batch_of):
    with study.writing() as writer:
        writer.add(batch_of(study.tasks([0, 1, 2]), failing=[1]))
    assert study.pending().tolist() == list(range(3, 12))
    assert study.pending(retry_failed=True).tolist() == [1, *range(3, 12)]
    with study.writing() as writer:
        writer.add(batch_of(study.tasks([1]), failing=[1]))
        writer.add(batch_of(study.tasks([1])))
    status = study.status()
    assert (status.done, status.failed, status.state) == (3, 0, "stopped")
    assert study.runs_frame()["attempt"].tolist() == [1, 3, 1]
    assert study.failures_frame()[["run_id", "attempt"]].to_numpy().tolist() == [[1, 1], [1, 2]]
    table = pa.concat_tables(study.series_tables())
    assert sorted(table["run_id"].to_pylist()) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert pa.concat_tables(study.series_tables([1, 2])).num_rows == 6
    assert pa.concat_tables(study.agent_tables("Wolf")).num_rows == 9


def test_a_run_that_is_delivered_twice_counts_once(study, batch_of):
    with study.writing() as writer:
        writer.add(batch_of(study.tasks([0, 1])))
        writer.commit()
        writer.add(batch_of(study.tasks([1, 2])))
    assert study.status().done == len(study.runs_frame()) == 3
    assert sorted(pa.concat_tables(study.series_tables())["run_id"].to_pylist()) == [
        0,
        0,
        0,
        1,
        1,
        1,
        2,
        2,
        2,
    ]


# ---------------------------------------------------------------- growing


def test_the_same_experiment_changes_nothing(filled, experiment):
    assert filled.extend(experiment) is False
    assert filled.extend(Experiment.from_toml(experiment.to_toml())) is False
    assert len(filled.pending()) == 0


def test_more_replications_and_more_points_keep_every_run(filled, experiment, batch_of):
    before = filled.runs_frame()
    larger = experiment.replace(
        parameters={"density": [0.4, 0.5, 0.6, 0.7], "homophily": [0.25, 0.5], "width": 20}, replications=3
    )
    assert filled.extend(larger) is True
    assert filled.status().n_runs == 24
    assert filled.status().state == "stopped"
    pd.testing.assert_frame_equal(filled.runs_frame(), before)
    with filled.writing() as writer:
        writer.add(batch_of(filled.tasks(filled.pending())))
    frame = filled.runs_frame().merge(filled.points_frame(), left_on="point", right_index=True)
    seeds = {(task[4]["density"], task[4]["homophily"], task[2]): task[3] for task in _tasks_of(larger)}
    found = {(row.density, row.homophily, row.replication): row.seed for row in frame.itertuples()}
    assert found == seeds


def _tasks_of(experiment):
    return [(c.run_id, c.point, c.iteration, c.seed, c.parameters) for c in experiment.configurations()]


def test_a_fixed_parameter_may_become_one_that_varies(filled, experiment):
    filled.extend(experiment.replace(parameters={**experiment.parameters, "width": [20, 30]}))
    assert filled.status().n_points == 12
    assert len(filled.pending()) == 12
    assert filled.points_frame()["width"].tolist() == [20] * 6 + [30] * 6


def test_timeout_and_points_without_runs_may_change(study, experiment, batch_of):
    with study.writing() as writer:
        writer.add(batch_of(study.tasks([0, 1])))  # density 0.5
    study.extend(experiment.replace(timeout=5, parameters={**experiment.parameters, "density": [0.5, 0.9]}))
    assert study.status().n_points == 4
    assert study.points_frame()["density"].tolist() == [0.5, 0.5, 0.9, 0.9]
    assert {task[4]["density"] for task in study.tasks(study.pending())} == {0.5, 0.9}
    study.extend(experiment)  # and back again
    assert study.status().n_points == 6
    assert set(study.points_frame()["density"]) == {0.5, 0.6, 0.7}


def test_fewer_replications_than_have_run_are_refused_others_not(study, experiment, batch_of):
    with study.writing() as writer:
        writer.add(batch_of(study.tasks(range(6))))
    assert study.extend(experiment.replace(replications=1))
    assert study.status().state == "finished"
    assert study.extend(experiment)
    with study.writing() as writer:
        writer.add(batch_of(study.tasks([6])))
    with pytest.raises(StudyMismatchError, match=r"replications: 2 → 1 \(the study has runs of 2\)"):
        study.extend(experiment.replace(replications=1))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"model": "mesa.examples:WolfSheep"}, "model: mesa.examples:Schelling → mesa.examples:WolfSheep"),
        ({"max_steps": 4}, "max_steps: 3 → 4"),
        ({"max_time": 9.5}, "max_time: not set → 9.5"),
        ({"stop_when": "happy > 3"}, 'stop_when: not set → "happy > 3"'),
        ({"outcomes": ["happy"]}, r"outcomes: not set → \[\"happy\"\]"),
        ({"agents": True}, "agents: not set → true"),
        ({"period": 2}, "period: not set → 2"),
        ({"seed": 8}, "seed: 7 → 8"),
        ({"common_random_numbers": True}, "common_random_numbers: not set → true"),
        ({"seeds": [1, 2]}, r"seeds: not set → \[1, 2\]"),
        ({"parameters": {"density": [0.5, 0.6, 0.7], "homophily": [0.25, 0.5], "width": 30}}, "parameters.width: 20 → 30"),
        ({"parameters": {"density": [0.5], "homophily": [0.25, 0.5], "width": 20}}, "design points: 4 of the 6 that have runs"),
    ],
)  # fmt: skip
def test_an_unlike_experiment_is_refused_by_name(filled, experiment, change, named):
    with pytest.raises(StudyMismatchError, match=named):
        filled.extend(experiment.replace(**change))
    assert filled.status().n_runs == 12
    assert Study.open(filled.path).experiment.to_toml() == experiment.to_toml()


def test_more_seeds_extend_and_other_seeds_do_not(tmp_path, batch_of):
    experiment = Experiment("m:M", {"a": [1, 2]}, seeds=[5, 6])
    study = Study.create(tmp_path / "a.study", experiment)
    with study.writing() as writer:
        writer.add(batch_of(study.tasks([0, 1, 2, 3])))
    assert study.extend(experiment.replace(seeds=[5, 6, 7], replications=3))
    assert [task[3] for task in study.tasks(study.pending())] == [7, 7]
    with pytest.raises(StudyMismatchError, match="seeds"):
        study.extend(experiment.replace(seeds=[5, 7, 6], replications=3))


def test_a_study_without_runs_takes_any_experiment(study, experiment):
    other = Experiment("mesa.examples:WolfSheep", {"initial_sheep": [1, 2]})
    assert study.extend(other)
    assert study.status().n_runs == 2
    assert Study.open(study.path).experiment == Experiment.from_toml(other.to_toml())


def test_repeated_points_are_kept_apart(tmp_path, batch_of):
    experiment = Experiment("m:M", {"a": Integer(1, 2)}, design=MonteCarlo(6))
    study = Study.create(tmp_path / "a.study", experiment)
    assert len({task[3] for task in study.tasks(study.pending())}) == experiment.n_points
    with study.writing() as writer:
        writer.add(batch_of(study.tasks(study.pending())))
    assert study.extend(experiment) is False


def test_a_model_file_is_found_from_another_folder(tmp_path, monkeypatch, batch_of):
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "model.py").write_text("class M: ...\n")
    monkeypatch.chdir(folder)
    study = Study.create("a.study", Experiment("model.py:M", {"a": 1}))
    with study.writing() as writer:
        writer.add(batch_of(study.tasks([0])))
    monkeypatch.chdir(tmp_path)
    study = Study.open("here/a.study")
    assert study.experiment.model == "here/model.py:M"
    assert study.extend(Experiment("here/model.py:M", {"a": 1}, replications=2))
    (tmp_path / "other.py").write_text("class M:\n  b = 2\n")
    with pytest.raises(StudyMismatchError, match=r"model: here/model\.py:M → other\.py:M"):
        study.extend(Experiment("other.py:M", {"a": 1}, replications=2))


# ---------------------------------------------------------------- making and sessions


def test_for_experiment_makes_opens_extends_and_overwrites(tmp_path, experiment, batch_of):
    path = tmp_path / "a.study"
    with Study.for_experiment(experiment, path).writing() as writer:
        writer.add(batch_of(Study.open(path).tasks([0])))
    assert Study.for_experiment(experiment.replace(replications=5), path).status().n_runs == 30
    assert Study.for_experiment(experiment, path, overwrite=True).status().finished == 0


def test_nothing_is_overwritten_by_accident(tmp_path, study, experiment):
    with pytest.raises(StudyError, match="exists already"):
        Study.create(study.path, experiment)
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear reader, " * 20)
    with pytest.raises(StudyError, match="is no study file"):
        Study.create(letter, experiment, overwrite=True)
    assert letter.read_text().startswith("Dear")
    with pytest.raises(StudyError, match="There is no folder"):
        Study.create(tmp_path / "missing" / "a.study", experiment)


def test_a_failed_creation_leaves_nothing_behind(tmp_path, experiment):
    broken = experiment.replace(constraints=["density > 2"])
    with pytest.raises(ValueError, match="constraints leave none"):
        Study.create(tmp_path / "a.study", broken)
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_study_goes_when_it_is_no_longer_used(experiment):
    study = Study.temporary(experiment)
    folder = study.path.parent
    assert folder.exists()
    del study
    assert not folder.exists()


def test_files_beside_the_study_are_tidied_away(filled):
    filled.close()
    assert [path.name for path in filled.path.parent.iterdir()] == ["schelling.study"]


def test_a_session_says_what_it_ran_on(filled):
    [session] = filled.sessions()
    assert session["ending"] == "finished"
    assert session["runs"] == 12
    assert session["started"] < session["ended"]
    assert session["started"].endswith("+00:00")
    assert {"mesa", "mesa-lab", "numpy", "pandas"} <= session["packages"].keys()
    assert session["machine"]["cpus"] >= 1
    assert session["model_source"]["reference"] == "mesa.examples:Schelling"


def test_changed_code_is_noticed(tmp_path, monkeypatch, batch_of):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text("class M: ...\n")
    study = Study.create("a.study", Experiment("model.py:M", replications=2))
    for run_id, text, expected in ((0, None, 0), (1, "class M:\n  a = 1\n", 1)):
        if text:
            (tmp_path / "model.py").write_text(text)
        with study.writing() as writer:
            writer.add(batch_of(study.tasks([run_id])))
        assert len(writer.notices) == expected
    assert "has changed since the last results" in writer.notices[0]
    assert len({session["model_source"]["sha256"] for session in study.sessions()}) == 2


def test_a_copy_is_whole_also_while_the_study_is_written(study, tmp_path, batch_of):
    with study.writing() as writer:
        writer.add(batch_of(study.tasks([0, 1])))
        writer.commit()
        study.copy(tmp_path / "copy.study")
        copy = Study.open(tmp_path / "copy.study")
        assert len(copy.runs_frame()) == 2
        assert copy.status().state == "interrupted"
    with pytest.raises(StudyError, match="exists already"):
        study.copy(tmp_path / "copy.study")


def test_a_name_that_no_study_can_have_is_refused_wherever_it_is_given(filled, experiment, tmp_path):
    long = tmp_path / ("x" * 300 + ".study")
    full = tmp_path / ("x" * 252)  # SQLite needs room for the name of its log
    for path, size in ((long, 306), (full, 252)):
        for use in (
            lambda path: Study.create(path, experiment),
            lambda path: Study.create(path, experiment, overwrite=True),
            lambda path: Study.for_experiment(experiment, path),
            lambda path: ml.run(experiment, path, progress=False, backend="sequential"),
            Study.open,
            filled.copy,
            lambda path: rescue(filled.path, path),
            lambda path: rescue(path, tmp_path / "new.study"),
            lambda path: merge([filled.path], path),
            lambda path: merge([path], tmp_path / "new.study"),
        ):
            with pytest.raises(
                StudyError, match=rf"^The name '.*…x.*' is too long for a file: {size} bytes, 251 at most"
            ):
                use(path)
    assert [path.name for path in tmp_path.iterdir() if "study-" not in path.name] == ["schelling.study"]
    with Study.create(tmp_path / ("x" * 251), experiment) as longest:
        assert longest.status().pending == 12
