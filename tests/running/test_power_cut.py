"""A power cut at any moment: what was reported as done is there, and the study is in order."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mesa_lab.errors import MesaLabError, StudyBusyError
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.running.driver import drive
from mesa_lab.study import Study
from mesa_lab.study.database import schema
from mesa_lab.study.merging.merge import merge
from mesa_lab.study.shards import Shard

FIXTURES = Path(__file__).parents[1] / "fixtures"


def load(name):
    specification = importlib.util.spec_from_file_location(name, FIXTURES / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


system_calls = load("system_calls")  # `power_cut` imports it by this name
power_cut = load("power_cut")


def results(study):
    """All results of each run, without what the clock says."""
    runs = study.runs_frame().drop(columns=["init_seconds", "run_seconds"])
    found = {row[0]: [row] for row in runs.itertuples(index=False, name=None)}
    for table in study.series_tables():
        for row in zip(*table.to_pydict().values(), strict=True):
            found.setdefault(row[0], []).append(row)
    return found


def driven(path, experiment):
    with Study.create(path, experiment) as study:
        drive(study, backend="sequential", progress=False)
        return results(study)


def driven_with_log(path, experiment):
    """Leave the latest commits in the log beside the study, as a driver does that is killed."""
    apart = path.parents[1] / "apart.study"
    with Study.create(apart, experiment) as study, closing(sqlite3.connect(apart)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM runs").fetchone()
        drive(study, backend="sequential", progress=False)
        for suffix in ("", "-wal"):
            shutil.copy(f"{apart}{suffix}", f"{path}{suffix}")
        wanted = results(study)
    for left in path.parents[1].glob("apart.study*"):
        left.unlink()
    return wanted


class Traced:
    """What was done to some studies, each in a folder of its own, by `traced.py`."""

    def __init__(self, place):
        self.place = place
        # Outside of the repository, so that git need not be asked.
        shutil.copy(FIXTURES / "driven_models.py", place)
        self.jobs, self.before, self.results = [], {}, {}

    def experiment(self, runs, seed=11):
        """Return an experiment of so many runs, and its file; with the same seed, one has the first runs of another."""
        model = f"{self.place / 'driven_models.py'}:Walk"
        paces = {"pace": [1.0, 2.0, 3.0]}
        made = Experiment(model, paces, replications=runs // 3, max_steps=4, seed=seed)
        file = self.place / f"{runs}-{seed}.toml"
        made.save(file)
        return made, file

    def add(self, name, what, *others, without="nothing", before=None):
        """Plan a job.

        Args:
            name: Its name.
            what: What to do.
            others: Files of experiments to run or studies to merge.
            without: What to leave out.
            before: Called with the study's path, to make what is there before.
        """
        folder = self.place / name
        folder.mkdir()
        path = folder / "a.study"
        if before is not None:
            before(path)
        self.before[name] = {file.name: file.read_bytes() for file in folder.iterdir()}
        self.jobs += ["then"] * bool(self.jobs) + [what, without, str(path), *map(str, others)]

    def run(self):
        system_calls.trace([sys.executable, str(FIXTURES / "traced.py"), *self.jobs], self.place / "notes")

    def cuts(self, name, seed, others):
        """Yield each cut, and the study's path in a folder with what was left."""
        folder = self.place / name
        reports = folder.with_suffix(".reports")
        events = system_calls.calls(self.place / "notes", folder, reports)
        disk = power_cut.Disk(folder, self.before[name])
        for cut in power_cut.cuts(disk, events, reports, seed=seed, others=others):
            left = self.place / f"left of {name}"
            cut.lay_out(left)
            yield cut, left / "a.study"
            shutil.rmtree(left)


@pytest.fixture(scope="module")
def strace():
    if (problem := system_calls.can_trace()) is not None:
        said = f"A power cut cannot be replayed: {problem}."
        if os.environ.get("CI") == "true":
            pytest.fail(f"{said} Install strace, and allow it to trace.")
        pytest.skip(said)


@pytest.fixture(scope="module")
def traced(tmp_path_factory, strace):
    traced = Traced(tmp_path_factory.mktemp("traced"))
    asked, whole = traced.experiment(36)
    _, half = traced.experiment(18)
    old, _ = traced.experiment(30)
    new, other = traced.experiment(9, seed=12)
    for name, wanted in (("asked", asked), ("new", new)):
        traced.results[name] = driven(traced.place / f"{name}.study", wanted)

    def before(path):
        traced.results["old"] = driven_with_log(path, old)

    def before_checksums(path):
        first, _ = traced.experiment(9)
        driven(path, first)
        with closing(sqlite3.connect(path)) as connection:
            later = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '%_checksums'")
            for (name,) in later.fetchall():
                connection.execute(f"DROP TABLE {name}")
            connection.execute("PRAGMA user_version = 1")

    shards = [traced.place / f"{number}.study" for number in (1, 2, 3)]
    for number, shard in enumerate(shards, 1):
        with Study.create(shard, asked, shard=Shard(number, 3)) as study:
            drive(study, backend="sequential", progress=False)

    def merged(path):
        merge(shards[:2], path)
        with Study.open(path) as study:
            traced.results["merged"] = results(study)

    traced.add("driving", "drive", half, whole)
    traced.add("raising", "drive", half, before=before_checksums)
    traced.add("careless", "drive", half, without="waiting")
    traced.add("overwriting", "overwrite", other, before=before)
    traced.add("overwriting-carelessly", "overwrite", other, without="log", before=before)
    traced.add("merging", "merge", *shards, before=merged)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEP_SECONDS", "0.003")
        traced.run()
    return traced


def problem(cut, path, wanted):
    """Return what is wrong with a study after a cut, None when nothing is."""
    if not path.exists():
        return "there is no study" if cut.reported else None
    try:
        with Study.open(path) as study:
            study.check()
            found = results(study)
            counted = study.status().done
    except MesaLabError as error:
        return str(error)
    if counted != len(found):
        return f"{counted} runs are counted, {len(found)} are there"
    reported = {int(run) for line in cut.reported if line[:1].isdigit() for run in line.split()}
    if missing := reported - found.keys():
        return f"of the runs that were reported these are lost: {missing}"
    if wrong := [run for run in found if found[run] != wanted.get(run)]:
        return f"these runs have other results: {wrong}"
    return None


WRITER = """
import os, sys
os.chdir(sys.argv[1])
one = os.open("one", os.O_RDWR | os.O_CREAT)
os.write(one, b"a" * 1024)
os.fsync(one)
os.lseek(one, 512, os.SEEK_SET)
os.write(one, b"b" * 512)
folder = os.open(".", os.O_RDONLY)
os.fsync(folder)
os.rename(os.path.abspath("one"), os.path.abspath("two"))
os.ftruncate(one, 100)
os.fsync(folder)
"""


def test_a_disk_keeps_what_was_waited_for_and_perhaps_the_rest(tmp_path, strace):
    folder, notes, reports = tmp_path / "disk", tmp_path / "notes", tmp_path / "reports"
    folder.mkdir()
    system_calls.trace([sys.executable, "-SEc", WRITER, str(folder)], notes)
    events = system_calls.calls(notes, folder, reports)
    found = {
        tuple((name, bytes(dict.fromkeys(content)), len(content)) for name, content in cut.files.items())
        for seed in range(60)
        for cut in power_cut.cuts(power_cut.Disk(folder, {}), events, reports, seed=seed, others=1.0)
    }
    assert found == {
        (),
        (("one", b"", 0),),
        (("one", b"a", 512),),
        (("one", b"\0a", 1024),),
        (("one", b"a", 1024),),
        (("one", b"ab", 1024),),
        (("two", b"a", 1024),),
        (("two", b"ab", 1024),),
        (("one", b"a", 100),),
        (("two", b"a", 100),),
    }


def test_runs_that_were_reported_survive_a_power_cut(traced):
    asked, _ = traced.experiment(36)
    wanted = traced.results["asked"]
    kept = set()
    for cut, path in traced.cuts("driving", seed=1, others=0.05):
        assert problem(cut, path, wanted) is None, cut.where
        if not path.exists():
            continue
        with Study.open(path) as study:
            if (done := study.status().done) not in kept:
                study.extend(asked)
                drive(study, backend="sequential", progress=False)
                assert results(study) == wanted, cut.where
            kept.add(done)
    assert len(kept) > 5


def test_a_study_of_an_older_version_survives_a_power_cut(traced):
    versions = set()
    for cut, path in traced.cuts("raising", seed=4, others=0.0):
        assert problem(cut, path, traced.results["asked"]) is None, cut.where
        with closing(sqlite3.connect(path)) as connection:
            versions.add(connection.execute("PRAGMA user_version").fetchone()[0])
            assert connection.execute("SELECT count(*) FROM runs").fetchone()[0] >= 9
    assert versions == {1, schema.VERSION}


def test_a_driver_that_does_not_wait_for_the_disk_is_noticed(traced):
    found = (problem(cut, path, traced.results["asked"]) for cut, path in traced.cuts("careless", 1, 0.0))
    assert any("of the runs that were reported these are lost" in (one or "") for one in found)


def either(cut, path, old, new):
    """Return what is wrong where a study takes the place of another one, which has the results that are old."""
    if not path.exists():
        return "there is no study"
    with Study.open(path) as study:
        if study.experiment.seed == 11 and not cut.reported:
            study.check()
            return None if results(study) == old else "the old study is not whole"
    return problem(cut, path, new)


def test_a_power_cut_leaves_the_old_study_or_the_new_one(traced):
    old, new = traced.results["old"], traced.results["new"]
    for cut, path in traced.cuts("overwriting", seed=2, others=0.1):
        assert either(cut, path, old, new) is None, cut.where


def test_an_old_study_without_its_log_is_noticed(traced):
    old, new = traced.results["old"], traced.results["new"]

    def said(cut, path):
        try:
            return either(cut, path, old, new)
        except StudyBusyError as error:  # the log of the new study beside the old one
            return str(error)

    # What is kept at a cut is drawn: another draw is made until one shows it.
    draws = (cut for seed in range(20) for cut in traced.cuts("overwriting-carelessly", seed, 1.0))
    assert any(said(cut, path) for cut, path in draws)


def test_a_merged_study_is_on_disk_when_it_is_made(traced):
    old, new = traced.results["merged"], traced.results["asked"]
    for cut, path in traced.cuts("merging", seed=3, others=0.2):
        with Study.open(path) as study:
            study.check()
            assert results(study) in ([new] if cut.reported else [old, new]), cut.where
