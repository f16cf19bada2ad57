"""Damage at any place of a study file: never a wrong number, never an error without a name."""

from __future__ import annotations

import contextlib
import random

import pytest

from mesa_lab.errors import StudyError, StudyFormatError
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.study import Study, rescue

# The last ones found something once.
SEEDS = (*range(12), 29, 38, 90, 121, 154, 230)
_made = []


@pytest.fixture
def whole(tmp_path_factory, batch_of):
    """The bytes of a study of 300 runs, on many pages."""
    if not _made:
        _made.append(make(tmp_path_factory, batch_of))
    return _made[0]


def make(tmp_path_factory, batch_of):
    path = tmp_path_factory.mktemp("whole") / "whole.study"
    study = Study.create(path, Experiment("m:M", {"a": list(range(30))}, replications=10))
    with study.writing() as writer:
        for start in range(0, 300, 10):
            writer.add(batch_of(study.tasks(range(start, start + 10)), failing=[start]))
    study.close()
    return path.read_bytes()


def check(study):
    """Whatever can be read is what was written, or an error that says so."""
    with contextlib.suppress(StudyFormatError):
        study.status()
    with contextlib.suppress(StudyFormatError):
        frame = study.runs_frame()
        done = frame[frame["status"] == "done"]
        assert (done["happy"] == done["run_id"] * 10).all()
    with contextlib.suppress(StudyFormatError):
        for table in study.series_tables():
            series = table.to_pandas()
            assert (series["happy"] // 100 == series["run_id"]).all()
    with contextlib.suppress(StudyFormatError):
        study.failures_frame()
    with contextlib.suppress(StudyFormatError):
        study.points_frame()
        study.pending()
        study.sessions()


def check_rescue(path, tmp_path):
    target = tmp_path / "saved.study"
    try:
        rescued = rescue(path, target)
    except StudyFormatError:
        assert not target.exists()
        return 0
    with Study.open(target) as saved:
        check(saved)
        frame = saved.runs_frame()
        done = frame[frame["status"] == "done"]
        assert (done["happy"] == done["run_id"] * 10).all()
        assert len(frame) == rescued.runs == saved.status().finished
        assert len(saved.pending()) == 300 - rescued.runs
        with saved.writing():
            pass
    return rescued.runs


@pytest.mark.parametrize("seed", SEEDS)
def test_damage_is_noticed_wherever_it_is(whole, tmp_path, seed):
    chance = random.Random(seed)
    data = bytearray(whole)
    path = tmp_path / "damaged.study"
    how, page = seed % 4, chance.randrange(len(data) // 4096) * 4096
    if how == 0:
        data[page : page + 4096] = chance.randbytes(4096)
    elif how == 1:
        del data[chance.randrange(1, len(data)) :]
    elif how == 2:  # as after a write that went to the wrong place
        other = chance.randrange(len(data) // 4096) * 4096
        data[page : page + 4096] = data[other : other + 4096]
    else:  # as a file system leaves what it could not save
        data[page : page + 4096] = bytes(4096)
    path.write_bytes(data)
    with contextlib.suppress(StudyError), Study.open(path) as study:
        check(study)
    check_rescue(path, tmp_path)


def test_a_changed_bit_is_found_by_a_check_or_changes_no_result(whole, tmp_path):
    """In any place of the file, its free space and its bookkeeping too."""
    path = tmp_path / "damaged.study"
    path.write_bytes(whole)
    with Study.open(path) as study:
        written, points, description = study.runs_frame(), study.points_frame(), study.experiment.to_toml()
    chance = random.Random(5)
    found = 0
    for _ in range(60):
        data = bytearray(whole)
        place = chance.randrange(len(data))
        data[place] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        try:
            with Study.open(path) as study:
                study.check()
                frame = study.runs_frame()
                assert study.points_frame().equals(points)
                assert study.experiment.to_toml() == description
        except StudyError:
            found += 1
            continue
        assert frame.equals(written), place
    assert found
