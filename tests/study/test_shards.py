"""Shards of an experiment: every run in exactly one, alike in size, and without a pattern that favours one of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from mesa_lab.errors import MesaLabError, StudyError, StudyMismatchError
from mesa_lab.study import Shard, Study
from mesa_lab.study.run_numbers import plan


@given(runs=some.integers(0, 500), of=some.integers(1, 60))
def test_every_run_is_in_one_shard_and_shards_are_alike_in_size(runs, of):
    shares = np.array([Shard(number, of).has(np.arange(runs)) for number in range(1, of + 1)])
    assert (shares.sum(axis=0) == 1).all()
    assert np.ptp(shares.sum(axis=1)) <= 1


@given(runs=some.integers(0, 200), more=some.integers(0, 200), of=some.integers(1, 20))
def test_a_run_stays_in_its_shard_when_there_are_more(runs, more, of):
    few = Shard(1, of).has(np.arange(runs))
    assert (Shard(1, of).has(np.arange(runs + more))[:runs] == few).all()


@given(runs=some.lists(some.integers(0, 300), unique=True), of=some.integers(1, 20))
def test_it_makes_no_difference_which_other_runs_are_asked_for(runs, of):
    chosen = np.array(sorted(runs), np.int64)
    assert (Shard(of, of).has(chosen) == Shard(of, of).has(np.arange(301))[chosen]).all()


def test_a_slow_level_that_comes_round_with_the_shards_is_shared_by_all():
    level = np.arange(8_000) % 8  # the last of eight levels is the slow one
    slow = [int((Shard(number, 8).has(np.arange(8_000)) & (level == 7)).sum()) for number in range(1, 9)]
    assert min(slow) > 90
    assert max(slow) < 160


def test_who_gets_what_stays_the_same_from_release_to_release():
    assert np.flatnonzero(Shard(2, 4).has(np.arange(40))).tolist() == [3, 7, 11, 14, 17, 20, 27, 29, 33, 37]


@given(
    points=some.integers(1, 20), each=some.integers(1, 4), more=some.integers(0, 3), of=some.integers(1, 12)
)
def test_a_shard_of_whole_replications_has_every_point_as_often(points, each, more, of):
    runs = plan([(points, each * of), (points, (each + more) * of)])
    shares = [
        Shard(number, of, in_replications=True).picks(runs.run_id, runs.replication)
        for number in range(1, of + 1)
    ]
    assert (np.sum(shares, axis=0) == 1).all()
    assert all((np.bincount(runs.point[mine], minlength=points) == each + more).all() for mine in shares)


def test_a_study_stays_the_kind_of_shard_that_it_is(tmp_path, experiment):
    part = Study.create(tmp_path / "part.study", experiment, shard=Shard(2, 3, in_replications=True))
    assert set(part.plan().replication.tolist()) == {1}
    assert part.status().n_runs == len(part.plan())
    with pytest.raises(StudyMismatchError):
        Study.for_experiment(experiment, tmp_path / "part.study", shard=Shard(2, 3))


@pytest.mark.parametrize(
    "text", ["", "2", "2/", "/8", "2/8/9", "two/8", "-1/8", "2.0/8", "0/8", "9/8", "1/0", "1/999999"]
)
def test_what_is_no_shard_is_refused_with_an_example(text):
    with pytest.raises(StudyError, match="such as 2/8"):
        Shard.parse(text)


def test_a_shard_reads_as_it_is_written():
    assert Shard.parse(" 02 / 8 ") == Shard(2, 8)
    assert Shard.parse("2/8").described == "shard 2 of 8"
    with pytest.raises(MesaLabError, match="no shard True/8"):
        Shard(True, 8)


def test_a_study_that_is_a_shard_asks_for_its_part_only(tmp_path, experiment, batch_of):
    whole = Study.create(tmp_path / "whole.study", experiment)
    parts = [Study.create(tmp_path / f"{n}.study", experiment, shard=Shard(n, 5)) for n in range(1, 6)]
    assert sorted(run for part in parts for run in part.plan().run_id) == list(range(12))
    assert [part.status().n_runs for part in parts] == [len(part.plan()) for part in parts]
    assert parts[1].status().shard == (2, 5)
    assert whole.status().shard is None
    seeds = {run_id: seed for run_id, _, _, seed, _ in whole.tasks(range(12))}
    for part in parts:
        assert all(seeds[task[0]] == task[3] for task in part.tasks(part.pending()))
        with part.writing() as writer:
            writer.add(batch_of(part.tasks(part.pending())))
        assert part.status().state == "finished"
        assert not len(part.pending())


def test_a_shard_without_runs_is_finished_once_it_was_run(tmp_path, experiment):
    sizes = {}
    for number in range(1, 17):
        study = Study.create(tmp_path / f"{number}.study", experiment, shard=Shard(number, 16))
        with study.writing():
            pass
        sizes[number] = study.status().n_runs
        assert study.status().state == ("finished" if not sizes[number] else "stopped")
    assert sorted(sizes.values()) == [0] * 4 + [1] * 12


def test_a_shard_grows_with_its_experiment(tmp_path, experiment, batch_of):
    study = Study.create(tmp_path / "2.study", experiment, shard=Shard(2, 3))
    with study.writing() as writer:
        writer.add(batch_of(study.tasks(study.pending())))
    assert study.extend(experiment.replace(replications=4))
    assert (study.status().n_runs, study.status().done) == (8, 4)
    again = Study.for_experiment(experiment.replace(replications=4), study.path, shard=Shard(2, 3))
    assert len(again.pending()) == 4


def test_a_shard_that_has_no_runs_yet_takes_another_experiment_and_stays_the_shard(tmp_path, experiment):
    study = Study.create(tmp_path / "2.study", experiment, shard=Shard(2, 3))
    study.extend(experiment.replace(replications=6))
    assert study.status().n_runs == 12
    assert study.shard == Shard(2, 3)


def test_a_study_goes_on_as_the_shard_that_it_is(tmp_path, experiment):
    Study.create(tmp_path / "2.study", experiment, shard=Shard(2, 3))
    Study.create(tmp_path / "whole.study", experiment)
    assert Study.for_experiment(experiment, tmp_path / "2.study").shard == Shard(2, 3)
    with pytest.raises(StudyMismatchError, match="is shard 2 of 3, not shard 1 of 3"):
        Study.for_experiment(experiment, tmp_path / "2.study", shard=Shard(1, 3))
    with pytest.raises(StudyMismatchError, match="has the whole experiment, not shard 2 of 3"):
        Study.for_experiment(experiment, tmp_path / "whole.study", shard=Shard(2, 3))
    replaced = Study.for_experiment(experiment, tmp_path / "whole.study", shard=Shard(2, 3), overwrite=True)
    assert replaced.shard == Shard(2, 3)
