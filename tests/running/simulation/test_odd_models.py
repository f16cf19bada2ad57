"""Models that do to their process what nobody expects: each costs at most its own run, and the next finds all in order."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.running.collection.arrow_columns import decode_table
from mesa_lab.running.stream import stream
from mesa_lab.running.workers import pool
from mesa_lab.running.workers.memory import MemoryWatch
from mesa_lab.study.records import Task

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture(scope="module", autouse=True)
def _no_workers_left():
    yield
    pool.end_idle()


def run(model, parameters, backend="loky", **protocol):
    """Run a model by one worker, once for each dict of parameters; returns records, final values, failures and series."""
    protocol.setdefault("max_steps", 2)
    tasks = [Task(i, i, 0, 7, each) for i, each in enumerate(parameters)]
    batches = list(stream(Protocol(f"{FIXTURES / model}", **protocol), tasks, 1, backend))
    records, finals, failures, rows = {}, {}, {}, []
    for batch in batches:
        for record, values in zip(batch.runs, batch.finals, strict=True):
            records[record.run_id] = record
            finals[record.run_id] = dict(zip(batch.outcome_names, values, strict=True))
        failures |= {failure.run_id: failure for failure in batch.failures}
        rows += decode_table(batch.series).to_pylist() if batch.series else []
    assert len(records) == len(parameters)
    return records, finals, failures, rows


def statuses(records):
    return [records[run_id].status for run_id in sorted(records)]


@pytest.mark.parametrize("name", ["Talks", "Wanders", "MakesThreads"])
def test_what_a_model_does_to_its_process_does_not_change_results(name):
    records, finals, _, _ = run(f"faulty_models.py:{name}", [{}] * 4)
    assert statuses(records) == ["done"] * 4
    _, plain, _, _ = run("faulty_models.py:Base", [{}] * 4, backend="sequential")
    assert finals == plain


def test_threads_that_go_on_after_their_run_are_noted():
    records, _, _, _ = run("faulty_models.py:MakesThreads", [{}])
    assert records[0].notes == "The model left 4 of its threads running, which may disturb later runs."


def test_three_hundred_thousand_cycles_are_gone_afterwards(monkeypatch):
    footprints = []
    monkeypatch.setattr(MemoryWatch, "is_full", lambda self, worker, now: footprints.append(now) or False)
    records, _, _, _ = run("faulty_models.py:LeavesCycles", [{"cycles": n} for n in (0, 300_000, 0)])
    assert statuses(records) == ["done"] * 3
    # With its last model gone, nothing but noise is left of four lists and two references for each pair.
    assert footprints[-1].blocks - footprints[0].blocks < 50_000
    assert footprints[-1].models <= 1


def test_a_run_that_needs_too_much_memory_says_so():
    records, _, failures, _ = run("faulty_models.py:IsTooLarge", [{}, {"fault": 1}, {}])
    assert statuses(records) == ["done", "failed", "done"]
    assert failures[1].error_type == "MemoryError"
    assert failures[1].message == (
        "The run needed more memory than it could get. Use fewer workers at a time (n_jobs), or a smaller model."
    )


def test_a_run_whose_worker_the_system_kills_says_so():
    records, _, failures, _ = run("faulty_models.py:IsKilled", [{}, {"fault": 1}, {}, {}])
    assert statuses(records) == ["done", "failed", "done", "done"]
    assert "SIGKILL" in failures[1].message
    assert "short of memory. Use fewer workers" in failures[1].message


@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_an_exception_whose_message_cannot_be_made_costs_its_run_alone(backend):
    records, _, failures, _ = run("faulty_models.py:SaysNothing", [{}, {"fault": 1}, {}], backend)
    assert statuses(records) == ["done", "failed", "done"]
    assert failures[1].error_type == "Unspeakable"
    assert "cannot be read" in failures[1].message


def test_a_model_that_raises_what_ctrl_c_raises_costs_its_run_alone():
    records, _, failures, _ = run("faulty_models.py:IsPressed", [{}, {"fault": 1}, {}])
    assert statuses(records) == ["done", "failed", "done"]
    assert (failures[1].error_type, failures[1].stage) == ("KeyboardInterrupt", "stepping")


@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_limits_that_a_run_changes_are_those_of_before_in_the_next(backend):
    starts = [{}, {"fault": 1}, {}]
    _, finals, _, _ = run("faulty_models.py:ChangesLimits", starts, backend, outcomes=["limits"])
    assert len({finals[run_id]["limits"] for run_id in finals}) == 1


KEPT = {
    "infinite": math.inf,
    "negative": -math.inf,
    "float32": 0.5,
    "float128": 0.25,
    "int8": -3,
    "uint64": float(2**64),
    "yes": True,
    "nothing": None,
    "text": "naïve ☃",
    "broken text": "\\ud800",
    "array": "[1.5,2.5]",
    "none in array": '["a",null]',
    "zero-dimensional": 4,
    "list": '[1,"two",null]',
    "dict": '{"a":1,"2":[3.0]}',
    "decimal": 1.5,
    "date": "2026-01-02T00:00:00",
    "not a time": None,
    "huge": math.inf,
    "large": float(2**63),
    "missing": None,
    "series": '{"a":1,"b":2}',
    "complex": "(1+2j)",
    "frame": '{"a":[1]}',
}
REFUSED = {
    "function": "a function fits",
    "lock": "a _thread.lock fits",
    "generator": "a generator fits",
    "agent": "a mesa.agent.Agent fits",
    "itself": "a list that contains itself fits",
}
MIXED = [False, 3, 0.5, "many", None, math.nan, "[1]"]


@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_whatever_a_reporter_answers_is_kept_or_said(backend):
    starts = [{"start": start} for start in range(7)]
    records, finals, _, rows = run("odd_reporters.py:Odd", starts, backend, max_steps=7, agents=True)
    assert statuses(records) == ["done"] * 7
    assert {name: finals[0][name] for name in KEPT} == KEPT
    assert type(finals[0]["yes"]) is bool
    assert math.isnan(finals[0]["nan"])
    notes = dict(zip(REFUSED, records[0].notes.splitlines(), strict=True))
    for name, said in REFUSED.items():
        assert finals[0][name] is None
        assert notes[name].startswith(f"'{name}' is missing at step 0: {said}")
        assert "report a number, a text or a short list of them (and 7 more)" in notes[name]
    # Types that differ between runs stay as they are; in a column of a series the widest holds them all.
    assert repr([finals[run_id]["mixed"] for run_id in range(7)]) == repr(MIXED)
    first = [row["mixed"] for row in rows if row["run_id"] == 0]
    assert first == [None if value is None else str(value) for value in [*MIXED, False]]
