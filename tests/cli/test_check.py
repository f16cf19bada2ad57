"""`check` and `rescue`: what a user sees of a damaged study, from the first look to the whole one."""

import sqlite3
from pathlib import Path

import pandas as pd
import pytest

import mesa_lab as ml

QUICK = ("-j", "1", "--backend", "sequential", "--quiet")


@pytest.fixture
def study(terminal, experiment_file):
    experiment_file()
    assert terminal("run", "count.toml", *QUICK).exit_code == 0
    return "count.study"


def change(path, statement):
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_whole_study_is_said_to_be_whole(terminal, study):
    outcome = terminal("check", study)
    assert outcome.exit_code == 0, outcome.output
    assert outcome.stdout == "count.study is whole: 6 runs, with all that they left behind.\n"
    assert outcome.stderr == ""


def test_a_study_without_runs_is_whole_too(terminal, experiment_file):
    ml.Experiment.load(experiment_file())
    from mesa_lab.study import Study

    Study.create("new.study", ml.Experiment.load("count.toml")).close()
    assert terminal("check", "new.study").stdout.startswith("new.study is whole: 0 runs")


def test_damage_is_named_saved_from_and_run_again(terminal, study):
    runs = ml.open_study(study).results.runs
    series = ml.open_study(study).results.series()
    change(study, "UPDATE runs SET seed = seed + 1 WHERE run_id = 4")
    outcome = terminal("check", study)
    assert outcome.exit_code == 1
    assert "(4)" in outcome.stderr or " runs (" in outcome.stderr
    assert "are not those that were written" in outcome.stderr
    command = "mesa-lab rescue count.study -o count-rescued.study"
    assert command in outcome.stderr
    outcome = terminal(*command.split()[1:])
    assert outcome.exit_code == 0, outcome.output
    assert "could not be saved" in outcome.stdout
    assert "mesa-lab resume count-rescued.study" in outcome.stdout
    assert terminal("resume", "count-rescued.study", *QUICK).exit_code == 0
    assert terminal("check", "count-rescued.study").exit_code == 0
    again = ml.open_study("count-rescued.study").results
    timed = ["init_seconds", "run_seconds"]
    pd.testing.assert_frame_equal(again.runs.drop(columns=timed), runs.drop(columns=timed))
    pd.testing.assert_frame_equal(again.series(), series)


def test_a_rescue_into_a_folder_that_is_not_there_says_so(terminal, study, tmp_path):
    answer = terminal("rescue", study, "-o", tmp_path / "nowhere" / "saved.study")
    assert answer.exit_code == 1
    assert "could not be written" in answer.stderr
    assert "Choose a folder" in answer.stderr
    assert "Errno" not in answer.stderr


def test_points_of_a_function_are_made_again_by_going_on_and_not_by_a_rescue(terminal, experiment_file):
    file = experiment_file()
    file.write_text(
        file.read_text().replace('"FullFactorial"', '"FunctionDesign"\nfunction = "own.py:points"')
    )
    Path("own.py").write_text(
        'open("trace", "a").close()\ndef points(space, seed): return {"size": [1, 2, 3]}\n'
    )
    assert terminal("run", "count.toml", *QUICK).exit_code == 0
    runs = ml.open_study("count.study").results.runs
    Path("trace").unlink()
    change("count.study", "UPDATE points SET parameters = replace(parameters, '2', '9') WHERE point = 1")
    outcome = terminal("rescue", "count.study", "-o", "saved.study")
    assert outcome.exit_code == 0, outcome.output
    assert "Saved 4 runs of count.study into saved.study; 2 runs could not be saved." in outcome.stdout
    assert "1 design point could not be saved" in outcome.stderr
    assert not Path("trace").exists()
    assert terminal("resume", "saved.study", *QUICK).exit_code == 0
    assert Path("trace").exists()
    again = ml.open_study("saved.study").results.runs
    assert sorted(again["noise"]) == sorted(runs["noise"])


def test_what_has_no_checksum_is_said(terminal, study):
    change(study, "DELETE FROM run_checksums")
    outcome = terminal("check", study)
    assert outcome.exit_code == 0
    assert "an older version wrote 6 runs without checksums" in outcome.stderr


@pytest.mark.parametrize(
    "command", [("check",), ("rescue", "-o", "new.study"), ("status",), ("export", "-o", "out")]
)
def test_what_is_no_study_is_said_in_one_line(terminal, tmp_path, command):
    (tmp_path / "text.study").write_text("no study\n" * 100)
    (tmp_path / "empty.study").touch()
    for name in ("text.study", "empty.study", "missing.study"):
        outcome = terminal(command[0], name, *command[1:])
        assert outcome.exit_code == 1
        assert outcome.stderr.startswith("Error: ")
        assert name in outcome.stderr
        assert outcome.stderr.count("\n") == 1
    assert not (tmp_path / "new.study").exists()


@pytest.mark.parametrize(
    ("arguments", "made"),
    [(("export", "-o", "out"), "Wrote out/runs.csv"), (("report",), "Wrote count.html")],
)
def test_results_that_were_changed_are_shown_with_a_warning(terminal, study, arguments, made):
    command, *rest = arguments
    assert terminal(command, study, *rest).stderr == ""
    change(study, "UPDATE runs SET o0 = 1000 WHERE run_id = 4")
    outcome = terminal(command, study, *rest)
    assert outcome.exit_code == 0, outcome.output
    assert made in outcome.stdout
    first, what, advice = outcome.stderr.splitlines()
    assert first == "Warning: 'count.study' is damaged:"
    assert what.startswith("  - the results of ")
    assert what.endswith(" are not those that were written")
    assert "mesa-lab check count.study" in advice
    assert "mesa-lab rescue count.study -o count-rescued.study" in advice


def test_going_on_with_changed_results_warns_too(terminal, study):
    change(study, "UPDATE runs SET o0 = 1000 WHERE run_id = 4")
    for more in ((), ("--json",)):
        outcome = terminal("resume", study, *QUICK, *more)
        assert outcome.exit_code == 0, outcome.output
        assert "Warning: 'count.study' is damaged:" in outcome.stderr
