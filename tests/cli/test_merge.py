"""`run --shard` and `merge`: an experiment in parts, and what is said about them."""

import json

import pandas as pd
import pytest

import mesa_lab as ml

QUICK = ("-j", "1", "--backend", "sequential", "--quiet")
PARTS = ["count-1-of-2.study", "count-2-of-2.study"]


@pytest.fixture
def parts(terminal, experiment_file):
    experiment_file()
    for number in (1, 2):
        outcome = terminal("run", "count.toml", "--shard", f"{number}/2", *QUICK)
        assert outcome.exit_code == 0, outcome.output


def test_a_shard_says_what_it_is_and_what_comes_next(terminal, experiment_file):
    experiment_file()
    outcome = terminal("run", "count.toml", "--shard", "2/2", *QUICK)
    assert outcome.exit_code == 0, outcome.output
    assert "3 points × 2 replications = 6 runs, of which this is shard 2 of 2." in outcome.stderr
    assert "3 of 3 runs of shard 2 of 2 done." in outcome.stdout
    assert "mesa-lab merge count-*-of-2.study -o count.study" in outcome.stdout
    said = terminal("status", PARTS[1]).stdout
    assert "count-2-of-2.study: Counter, 3 points × 2 replications, shard 2 of 2" in said
    assert "finished: 3 of 3 runs done" in said
    assert json.loads(terminal("status", PARTS[1], "--json").stdout)["shard"] == [2, 2]


def test_the_merged_study_equals_that_of_one_machine(terminal, parts):
    terminal("run", "count.toml", "whole.study", *QUICK)
    outcome = terminal("merge", *PARTS, "-o", "merged.study")
    assert outcome.exit_code == 0, outcome.output
    assert outcome.stderr == ""
    assert outcome.stdout.startswith("Merged 2 studies into merged.study.\n6 of 6 runs done.\n")
    ours, theirs = (ml.open_study(name).results for name in ("merged.study", "whole.study"))
    timed = ["init_seconds", "run_seconds"]
    pd.testing.assert_frame_equal(ours.runs.drop(columns=timed), theirs.runs.drop(columns=timed))
    pd.testing.assert_frame_equal(ours.series(), theirs.series())


def test_merge_says_what_is_missing_and_json_has_it_too(terminal, parts):
    outcome = terminal("merge", PARTS[0], "-o", "merged.study")
    assert outcome.exit_code == 0, outcome.output
    assert "Note: Shard 2 of 2 is not among them." in outcome.stderr
    assert "Note: 3 of 6 runs are missing in 'merged.study'." in outcome.stderr
    assert "mesa-lab resume merged.study" in outcome.stdout
    found = json.loads(terminal("merge", PARTS[0], "-o", "merged.study", "--json").stdout)
    assert found["study"] == "merged.study"
    assert found["studies"] == PARTS[:1]
    assert found["missing_shards"] == [[2, 2]]
    assert found["status"]["n_runs"] - found["status"]["done"] == 3


def test_a_shard_is_resumed_as_the_shard_that_it_is(terminal, parts):
    outcome = terminal("resume", PARTS[0], "--shard", "1/2", *QUICK)
    assert outcome.exit_code == 0, outcome.output
    outcome = terminal("resume", PARTS[0], "--shard", "2/2", *QUICK)
    assert outcome.exit_code == 1
    assert "'count-1-of-2.study' is shard 1 of 2, not shard 2 of 2." in outcome.stderr


def test_studies_that_do_not_belong_together_are_refused(terminal, parts):
    terminal("run", "count.toml", "longer.study", "--max-steps", "5", *QUICK)
    outcome = terminal("merge", *PARTS, "longer.study", "-o", "merged.study")
    assert outcome.exit_code == 1
    assert "max_steps: 4 → 5" in outcome.stderr
    assert "Traceback" not in outcome.output


@pytest.mark.parametrize("shard", ["3/2", "half", "2/2/2"])
def test_what_is_no_shard_is_a_wrong_command_line(terminal, experiment_file, shard):
    experiment_file()
    outcome = terminal("run", "count.toml", "--shard", shard)
    assert outcome.exit_code == 2
    assert "such as 2/8" in outcome.stderr


def test_merge_needs_to_be_told_where_to(terminal):
    assert terminal("merge", "a.study").exit_code == 2
    assert terminal("merge", "-o", "a.study").exit_code == 2


def test_python_does_the_same(terminal, experiment_file):
    file = experiment_file()
    experiment = ml.Experiment.load(file)
    options = {"backend": "sequential", "progress": False}
    for number in (1, 2, 3):
        part = ml.run(experiment, f"part-{number}.study", shard=(number, 3), **options)
        assert len(part.runs) == 2
    whole = ml.run(experiment, **options)
    with pytest.warns(UserWarning, match="2 of 6 runs are missing|Shard 3 of 3 is not among them"):
        ml.merge(["part-1.study", "part-2.study"], "merged.study")
    merged = ml.merge("part-*.study", "merged.study")
    assert merged.runs["seed"].tolist() == whole.runs["seed"].tolist()
    assert merged.runs["noise"].tolist() == whole.runs["noise"].tolist()
