"""Merging studies: what comes out is what one machine would have made, and nothing is lost on the way."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from mesa_lab.errors import StudyBusyError, StudyError, StudyFormatError, StudyMismatchError
from mesa_lab.running.collection.arrow_columns import encode_columns
from mesa_lab.study import Shard, Study, merge
from mesa_lab.study.merging import copy_runs as transfers
from mesa_lab.study.records import Batch

FAILING = (3, 8)


@pytest.fixture
def fill(batch_of: Any) -> Any:
    """Give a study results, in some batches."""

    def give(study: Study, runs: Any = None, *, failing: Any = FAILING, **outcomes: Any) -> Study:
        runs = list(study.pending() if runs is None else runs)
        with study.writing() as writer:
            for portion in filter(None, (runs[::2], runs[1::2])):
                writer.add(batch_of(study.tasks(portion), failing=failing, **outcomes))
        return study

    return give


@pytest.fixture
def shards(tmp_path: Path, experiment: Any, fill: Any) -> list[Path]:
    """Three shards with all of their runs."""
    paths = [tmp_path / f"x-{number}-of-3.study" for number in (1, 2, 3)]
    for number, path in enumerate(paths, 1):
        fill(Study.create(path, experiment, shard=Shard(number, 3)))
    return paths


@pytest.fixture
def unsharded(tmp_path: Path, experiment: Any, fill: Any) -> Study:
    return fill(Study.create(tmp_path / "one-machine.study", experiment))


def tables(study: Study) -> dict[str, pd.DataFrame]:
    """All that a study has, in an order that does not depend on when it was written."""
    kept = {"series": list(study.series_tables())}
    kept |= {name: list(study.agent_tables(name)) for name in study.agent_types}
    frames = {
        name: pa.concat_tables(parts).to_pandas().sort_values(["run_id", "step"], ignore_index=True)
        for name, parts in kept.items()
    }
    return frames | {
        "runs": study.runs_frame(),
        "points": study.points_frame(),
        "failures": study.failures_frame(),
    }


def same(first: Study, second: Study) -> None:
    ours, theirs = tables(first), tables(second)
    assert ours.keys() == theirs.keys()
    for name in ours:
        pd.testing.assert_frame_equal(ours[name], theirs[name])


def rows(path: Path) -> list[Any]:
    with Study(path) as study:
        return [table.to_csv() for table in tables(study).values()] + study.sessions()


def test_the_merged_study_is_the_one_that_a_single_machine_would_have_made(tmp_path, shards, unsharded):
    merged = merge(shards, tmp_path / "whole.study")
    assert merged.notices == ()
    whole = Study(tmp_path / "whole.study")
    same(whole, unsharded)
    status, other = whole.status(), unsharded.status()
    assert (status.state, status.n_runs, status.done, status.failed) == ("finished", 12, 10, 2)
    assert (other.n_runs, other.done, other.failed) == (12, 10, 2)
    assert whole.shard is None
    assert whole.experiment.to_toml() == unsharded.experiment.to_toml()
    readable = sqlite3.connect(f"file:{whole.path}?mode=ro", uri=True)
    assert readable.execute("SELECT count(*), sum(happy) FROM results").fetchone() == (12, 550)
    readable.close()


def test_the_sessions_of_all_machines_are_in_it_in_their_order(tmp_path, shards):
    merge(reversed(shards), tmp_path / "whole.study")
    sessions = Study(tmp_path / "whole.study").sessions()
    assert [session["runs"] for session in sessions] == [4, 4, 4]
    assert [s["started"] for s in sessions] == [Study(path).sessions()[0]["started"] for path in shards]
    assert sessions[0]["packages"] == Study(shards[0]).sessions()[0]["packages"]


def test_inputs_are_as_they_were(tmp_path, shards):
    before = [rows(path) for path in shards]
    merge(shards, tmp_path / "whole.study")
    assert [rows(path) for path in shards] == before


def test_missing_shards_and_missing_runs_are_said_and_can_be_run_in_the_merged_study(
    tmp_path, experiment, shards, unsharded, fill
):
    shards[0].unlink()
    fill(Study.create(shards[0], experiment, shard=Shard(1, 3)), Study(shards[0]).pending()[:1])
    merged = merge(shards[:2], tmp_path / "whole.study")
    assert merged.missing_shards == ((3, 3),)
    assert merged.unfinished == ((shards[0], 3),)
    said = "\n".join(merged.notices)
    assert "Shard 3 of 3 is not among them." in said
    assert f"'{shards[0]}' lacks 3 of its 4 runs. Run them with `mesa-lab resume {shards[0]}`" in said
    assert "7 of 12 runs are missing" in said
    whole = Study(tmp_path / "whole.study")
    assert whole.status().state == "stopped"
    fill(whole)
    same(whole, unsharded)


def test_merging_again_takes_in_what_has_come_since(tmp_path, shards, unsharded):
    target = tmp_path / "whole.study"
    assert merge(shards[:1], target).status.pending == 8
    assert merge(shards[1:2], target).status.pending == 4  # the first is not named again: it is in already
    final = merge(str(tmp_path / "*.study").replace("*", "[wx]*"), target)  # whole.study matches too
    assert (final.status.pending, final.repeated, final.notices) == (0, 0, ())
    assert final.studies == tuple(shards)
    same(Study(target), unsharded)
    assert len(Study(target).sessions()) == 3
    before = rows(target)
    merge(shards, target)
    assert rows(target) == before


def test_overwrite_forgets_what_was_merged_before(tmp_path, shards):
    target = tmp_path / "whole.study"
    merge(shards, target)
    assert merge(shards[:1], target, overwrite=True).status.done == Study(shards[0]).status().done


def test_runs_that_two_studies_have_count_once(tmp_path, shards, unsharded):
    merged = merge([*shards, unsharded.path, unsharded.path], tmp_path / "whole.study")
    assert merged.repeated == 12
    assert merged.notices[0] == (
        f"4 runs are in '{unsharded.path}' as in '{shards[0]}', with the same results: they count once."
    )
    same(Study(tmp_path / "whole.study"), unsharded)


def test_other_results_for_the_same_run_are_refused_by_name(tmp_path, experiment, shards, fill):
    other = fill(
        Study.create(tmp_path / "other.study", experiment), failing=(), happy=lambda run_id: run_id * 11
    )
    with pytest.raises(StudyMismatchError) as refused:
        merge([*shards, other.path], tmp_path / "whole.study")
    said = str(refused.value)
    assert f"'{other.path}' has other results than" in said
    assert all(str(path) in said for path in shards)
    assert "for 9 runs:" in said  # of run 0 both say 0, and two had failed
    assert "run 1 (point 1, replication 0): happy is 10 and 11" in said
    assert not (tmp_path / "whole.study").exists()
    assert not list(tmp_path.glob(".*"))


def altered(batch: Batch, **changes: Any) -> Batch:
    fields = {name: getattr(batch, name) for name in Batch.__dataclass_fields__}
    return Batch(**(fields | changes))


@pytest.mark.parametrize("what", ["series", "agents Wolf"])
def test_other_series_or_agents_are_other_results(tmp_path, experiment, shards, what, batch_of):
    other = Study.create(tmp_path / "other.study", experiment)
    batch = batch_of(other.tasks(other.pending()), failing=FAILING)
    ids = [run for run in range(12) for _ in range(3)]
    changed = [
        value + (run == 5 and place % 3 == 2) for place, (run, value) in enumerate(zip(ids, ids, strict=True))
    ]
    if what == "series":
        column = [run * 100 + place % 3 + (changed[place] - run) for place, run in enumerate(ids)]
        data = {"run_id": ids, "step": [0, 1, 2] * 12, "time": [0.0, 1.0, 2.0] * 12, "happy": column}
        batch = altered(batch, series=encode_columns(data))
    else:
        data = {"run_id": ids, "step": [0, 1, 2] * 12, "agent_id": changed}
        batch = altered(batch, agents={"Wolf": encode_columns(data)})
    with other.writing() as writer:
        writer.add(batch)
    with pytest.raises(StudyMismatchError, match=f"for 1 run:\n  run 5 .*: the {what} differ"):
        merge([*shards, other.path], tmp_path / "whole.study")


def test_a_result_takes_the_place_of_a_failure_whichever_comes_first(tmp_path, experiment, shards, fill):
    sound = fill(Study.create(tmp_path / "sound.study", experiment), failing=())
    for name, order in {"a": [*shards, sound.path], "b": [sound.path, *shards]}.items():
        merge(order, tmp_path / f"{name}.study")
        merged = Study(tmp_path / f"{name}.study")
        assert (merged.status().done, merged.status().failed) == (12, 0)
        runs = merged.runs_frame().set_index("run_id")
        assert runs.loc[3, "happy"] == 30
        assert runs["attempt"].to_dict() == {run: 2 if run in FAILING else 1 for run in range(12)}
        assert merged.failures_frame()["run_id"].tolist() == [3, 8]
        assert not merged.failure_kinds()
        series = pa.concat_tables(merged.series_tables()).to_pandas()
        assert series.groupby("run_id").size().tolist() == [3] * 12
        assert not len(merged.pending(retry_failed=True))
        merged.check()
        merge(order, merged.path)
        assert Study(merged.path).runs_frame()["attempt"].tolist() == runs["attempt"].tolist()
        Study(merged.path).check()


def test_outcomes_that_only_some_runs_have_meet_by_name(tmp_path, experiment, fill):
    first = Study.create(tmp_path / "1.study", experiment, shard=Shard(1, 2))
    second = Study.create(tmp_path / "2.study", experiment, shard=Shard(2, 2))
    fill(first, failing=(), wolves=lambda run: run, sheep=lambda run: run + 0.5)
    fill(second, failing=(), sheep=lambda run: run, name=lambda run: f"run {run}")
    merge([first.path, second.path], tmp_path / "whole.study")
    Study(tmp_path / "whole.study").check()
    runs = Study(tmp_path / "whole.study").runs_frame().set_index("run_id")
    for run in range(12):
        is_first = run in first.plan().run_id
        assert runs.loc[run, "sheep"] == run + 0.5 * is_first
        assert runs["wolves"].isna()[run] != is_first
        assert runs["name"].isna()[run] == is_first


def test_studies_of_different_experiments_are_refused_and_the_difference_named(
    tmp_path, experiment, shards, fill
):
    changed = experiment.replace(
        max_steps=9, seed=8, model="mesa.examples:BoltzmannWealth", parameters={"n": [1, 2]}
    )
    other = fill(Study.create(tmp_path / "other.study", changed))
    with pytest.raises(StudyMismatchError) as refused:
        merge([*shards, other.path], tmp_path / "whole.study")
    said = str(refused.value)
    assert f"'{shards[0]}' and '{other.path}' are of different experiments" in said
    assert "model: mesa.examples:Schelling → mesa.examples:BoltzmannWealth" in said
    assert "max_steps: 3 → 9" in said
    assert "seed: 7 → 8" in said


def test_runs_that_the_experiment_does_not_ask_for_are_refused(tmp_path, experiment, shards, fill):
    elsewhere = {"density": [0.1, 0.2], "homophily": [0.25], "width": 20}
    other = fill(Study.create(tmp_path / "other.study", experiment.replace(parameters=elsewhere)))
    with pytest.raises(StudyMismatchError, match=r"has 4 runs that .* does not ask for: other design points"):
        merge([*shards, other.path], tmp_path / "whole.study")


def test_shards_of_a_smaller_experiment_are_part_of_a_larger_one(tmp_path, experiment, shards, fill):
    larger = experiment.replace(replications=4)
    more = fill(Study.create(tmp_path / "more.study", larger, shard=Shard(1, 1)), failing=())
    merge([*shards, more.path], tmp_path / "whole.study")
    assert Study(tmp_path / "whole.study").status().n_runs == 24
    same(Study(tmp_path / "whole.study"), _retried(tmp_path, larger, fill))


def _retried(folder: Path, experiment: Any, fill: Any) -> Study:
    study = fill(Study.create(folder / "retried.study", experiment))
    fill(study, FAILING, failing=())
    return study


def test_studies_that_grew_by_other_steps_are_numbered_alike(tmp_path, experiment, batch_of):
    """The same point and replication has another number in a study that was extended: data follow their runs."""
    small = {"density": [0.5, 0.7], "homophily": [0.25, 0.5], "width": 20}

    def marked(study: Study, replications: Any) -> Study:
        """Results that tell which point and replication they are of."""
        tasks = [task for task in study.tasks(study.pending()) if task[2] in replications]
        with study.writing() as writer:
            batch = batch_of(tasks)
            value = [task[4]["density"] * 100 + task[4]["homophily"] + task[2] for task in tasks]
            ids = [task[0] for task in tasks]
            series = {"run_id": ids, "step": [0] * len(ids), "time": [0.0] * len(ids), "mark": value}
            agents = {"run_id": ids, "step": [0] * len(ids), "agent_id": ids, "mark": value}
            writer.add(
                altered(
                    batch,
                    outcome_names=("mark",),
                    finals=tuple((v,) for v in value),
                    series=encode_columns(series),
                    agents={"Wolf": encode_columns(agents)},
                )
            )
        return study

    grown = Study.create(tmp_path / "grown.study", experiment.replace(parameters=small))
    marked(grown, [0])
    grown.extend(experiment)
    marked(grown, [0])
    fresh = marked(Study.create(tmp_path / "fresh.study", experiment), [1])
    merged = merge([fresh.path, grown.path], tmp_path / "whole.study")
    assert merged.status.state == "finished"
    whole = Study(tmp_path / "whole.study")
    whole.check()
    one = marked(Study.create(tmp_path / "one.study", experiment), [0, 1])
    ours, theirs = tables(whole), tables(one)
    for name in ("runs", "series", "points"):
        pd.testing.assert_frame_equal(ours[name], theirs[name])
    pd.testing.assert_series_equal(ours["Wolf"]["mark"], theirs["Wolf"]["mark"])
    again = merge(
        [grown.path], whole.path
    )  # numbered anew, its blocks have other checksums: compared by what is in them
    assert again.status.state == "finished"


def test_a_shard_that_is_still_run_is_merged_as_it_is_by_now(tmp_path, experiment, shards, batch_of):
    shards[2].unlink()
    study = Study.create(shards[2], experiment, shard=Shard(3, 3))
    with study.writing() as writer:
        writer.add(batch_of(study.tasks(study.pending()[:1])))
        writer.commit()
        merged = merge(shards, tmp_path / "whole.study")
        assert merged.status.pending == 3
        assert any("is still being run: what it had by now is in" in notice for notice in merged.notices)
        writer.add(batch_of(study.tasks(study.pending())))
    assert merge(shards, tmp_path / "whole.study").status.pending == 0


def test_a_merged_study_that_is_being_run_is_left_alone(tmp_path, shards):
    merge(shards[:2], tmp_path / "whole.study")
    with Study(tmp_path / "whole.study").writing(), pytest.raises(StudyBusyError, match="is being run by"):
        merge(shards, tmp_path / "whole.study")


def test_a_merge_that_breaks_off_leaves_what_was_there(tmp_path, shards, monkeypatch):
    target = tmp_path / "whole.study"
    merge(shards[:1], target)
    before = rows(target)

    def break_off(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(transfers, "_transfer_blocks", break_off)
    with pytest.raises(KeyboardInterrupt):
        merge(shards, target)
    assert rows(target) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [*(path.name for path in shards), "whole.study"]
    )


def test_damage_in_an_input_is_said_and_not_copied(tmp_path, shards):
    connection = sqlite3.connect(shards[1])
    connection.execute("UPDATE blocks SET series = zeroblob(length(series)) WHERE block = 2")
    connection.commit()
    connection.close()
    with pytest.raises(StudyFormatError, match="x-2-of-3.study' is damaged:\n  - the series of 2 runs "):
        merge(shards, tmp_path / "whole.study")
    assert not (tmp_path / "whole.study").exists()


def test_what_is_no_study_is_refused(tmp_path, shards):
    (tmp_path / "notes.study").write_text("Dear diary, today I merged studies. " * 9)
    with pytest.raises(StudyFormatError, match="'.*notes.study' is no study file"):
        merge([*shards, tmp_path / "notes.study"], tmp_path / "whole.study")
    with pytest.raises(StudyFormatError, match="'.*notes.study' is no study file"):
        merge(shards, tmp_path / "notes.study")
    with pytest.raises(StudyError, match="There is no study"):
        merge([*shards, tmp_path / "absent.study"], tmp_path / "whole.study")
    with pytest.raises(StudyError, match=r"No file matches '.*nothing-\*.study'"):
        merge(str(tmp_path / "nothing-*.study"), tmp_path / "whole.study")
    with pytest.raises(StudyError, match="nothing to merge"):
        merge([], tmp_path / "whole.study")
    with pytest.raises(StudyError, match="There is no folder"):
        merge(shards, tmp_path / "absent" / "whole.study")


def test_other_code_and_another_mesa_are_said(tmp_path, shards):
    for number, path in enumerate(shards[:2]):
        connection = sqlite3.connect(path)
        connection.execute("UPDATE sessions SET packages = ?", (f'{{"mesa": "3.{number}.0"}}',))
        connection.execute(
            "UPDATE sessions SET model_source = ?", (f'{{"reference": "m:M", "sha256": "{number}"}}',)
        )
        connection.commit()
        connection.close()
    first, second = merge(shards[:2], tmp_path / "whole.study").notices[-2:]
    assert first.startswith("The code of m:M was not the same in all sessions")
    assert second == "The runs were made with different releases of Mesa: 3.0.0, 3.1.0."
