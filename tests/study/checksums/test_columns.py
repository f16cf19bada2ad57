"""Whoever reads a column of all runs hears when it is not the one that was written."""

from __future__ import annotations

import math

import pytest

from mesa_lab.errors import StudyFormatError
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.study import Study, merge, rescue

VALUES = {
    "whole": lambda run_id: run_id * 10,
    "real": lambda run_id: run_id / 7,
    "right": lambda run_id: run_id % 3 == 0,
    "word": lambda run_id: "ab"[run_id % 2],
    "gaps": lambda run_id: None if run_id % 4 else run_id,
    "mixed": lambda run_id: (1, 0.5, None, True, "x", -0.0, math.nan, 2**70)[run_id % 8],
    "numbers": lambda run_id: (1, 0.5, None, True, math.inf)[run_id % 5],
    "time": lambda run_id: -run_id,
}


@pytest.fixture
def study(tmp_path, batch_of):
    """Blocks of ten runs; two failed, one of these was run again on top of an outcome that came later, the last are left."""
    study = Study.create(tmp_path / "x.study", Experiment("m:M", {"a": list(range(20))}, replications=3))
    with study.writing() as writer:
        for start in range(0, 50, 10):
            writer.add(batch_of(study.tasks(range(start, start + 10)), failing=[13, 25], **VALUES))
            writer.commit()
    with study.writing() as writer:
        writer.add(batch_of(study.tasks([25]), **VALUES, late=lambda run_id: "x"))
        writer.add(batch_of(study.tasks([24, 58]), **VALUES))  # one of them for the second time
    study.close()
    return study.path


def is_sound(path):
    """Each column alone, and all of them."""
    with Study.open(path) as study:
        study.runs_frame()
        for name in study.outcome_names:
            study.runs_frame([name], ["run_id"])
        study.check()
        return not study.damage


def test_what_was_written_is_what_is_read(study, tmp_path, batch_of):
    assert is_sound(study)
    with Study.open(study) as opened:
        opened.copy(tmp_path / "copy.study")
    # Made of two, with other numbers for the runs of the first.
    other = Study.create(tmp_path / "other.study", Experiment("m:M", {"a": list(range(20))}, replications=2))
    other.extend(Experiment("m:M", {"a": list(range(22))}, replications=2))
    with other.writing() as writer:
        writer.add(batch_of(other.tasks([40, 43]), **VALUES))
    other.extend(Experiment("m:M", {"a": list(range(22))}, replications=4))
    other.close()
    assert merge([study], tmp_path / "one.study").status.done == 50
    assert merge([other.path], tmp_path / "two.study").status.done == 2
    assert rescue(study, tmp_path / "saved.study").lost == 0
    for name in ("copy", "other", "one", "two", "saved"):
        assert is_sound(tmp_path / f"{name}.study"), name


def test_a_result_in_the_place_of_a_failure_counts_alone(study, tmp_path, batch_of):
    with Study.open(study) as opened:
        opened.copy(tmp_path / "retried.study")
    with Study.open(tmp_path / "retried.study") as retried, retried.writing() as writer:
        writer.add(batch_of(retried.tasks([13]), **VALUES))
    merge([study, tmp_path / "retried.study"], tmp_path / "merged.study")
    assert is_sound(tmp_path / "merged.study")


CHANGES = {
    "UPDATE runs SET seed = seed + 1 WHERE run_id = 42": ([], ["seed"]),
    "UPDATE runs SET steps = 4 WHERE run_id = 42": ([], ["steps"]),
    "UPDATE runs SET run_seconds = 0.25 WHERE run_id = 42": ([], ["run_seconds"]),
    "UPDATE runs SET status = 'done' WHERE run_id = 13": ([], ["status"]),
    "UPDATE runs SET o0 = 421 WHERE run_id = 42": (["whole"], []),
    "UPDATE runs SET o0 = NULL WHERE run_id = 42": (["whole"], []),
    "UPDATE runs SET o1 = o1 * 1.0000000001 WHERE run_id = 42": (["real"], []),
    "UPDATE runs SET o2 = 0 WHERE run_id = 42": (["right"], []),
    "UPDATE runs SET o3 = 'c' WHERE run_id = 42": (["word"], []),
    "UPDATE runs SET o4 = 42 WHERE run_id = 42": (["gaps"], []),
    "UPDATE runs SET o5 = 'y' WHERE run_id = 42": (["mixed"], []),
    "UPDATE runs SET o6 = 0.25 WHERE run_id = 42": (["numbers"], []),
    "UPDATE runs SET o7 = 1 WHERE run_id = 42": (["time"], []),
    "UPDATE runs SET o8 = 'x' WHERE run_id = 42": (["late"], []),
    # Two runs of one block have changed their values.
    "UPDATE runs SET o0 = 840 - o0 WHERE run_id IN (41, 43)": (["whole"], []),
    "DELETE FROM runs WHERE run_id = 42": (["whole"], ["seed"]),
}


@pytest.mark.parametrize("statement", CHANGES)
def test_a_change_is_noticed_by_who_reads_the_column(study, statement, change):
    change(study, statement)
    outcomes, columns = CHANGES[statement]
    with Study.open(study) as opened:
        others = [name for name in opened.outcome_names if name not in outcomes]
        if not statement.startswith("DELETE"):
            opened.runs_frame(others, ["run_id", "time", *({"seed"} - {*columns})])
            assert not opened.damage
        assert len(opened.runs_frame(outcomes, ["run_id", *columns])) >= 50
        assert opened.damage.startswith(f"'{study}' is damaged:\n  - ")
        assert f"mesa-lab check {study}" in opened.damage
        assert "mesa-lab rescue" in opened.damage
        assert "40 to 4" in opened.damage or "10 to 19" in opened.damage or "1 run" in opened.damage
        with pytest.raises(StudyFormatError):
            opened.check()


def test_a_checksum_that_is_damaged_is_said_and_made_anew(study, tmp_path, change):
    change(study, "UPDATE column_checksums SET checksum = checksum + 1 WHERE name = 'outcome whole'")
    with Study.open(study) as opened:
        opened.runs_frame(["real"])
        assert not opened.damage
        opened.runs_frame(["whole"])
        assert "the checksums of the columns of runs are not those that were written" in opened.damage
    assert rescue(study, tmp_path / "saved.study").lost == 0
    assert is_sound(tmp_path / "saved.study")


def test_a_study_that_was_begun_without_goes_on_without(study, batch_of, change):
    change(study, "DROP TABLE column_checksums")
    with Study.open(study) as opened:
        with opened.writing() as writer:
            writer.add(batch_of(opened.tasks([55]), **VALUES))
        opened.check()
        change(study, "UPDATE runs SET o0 = 421 WHERE run_id = 42")
        opened.runs_frame()
        assert not opened.damage


def test_a_study_is_read_while_it_grows(study, batch_of):
    with Study.open(study) as reader, Study.open(study) as opened, opened.writing() as writer:
        for run_id in (50, 51, 52):
            writer.add(batch_of(opened.tasks([run_id]), **VALUES))
            writer.commit()
            assert run_id in reader.runs_frame()["run_id"].tolist()
        assert not reader.damage
