"""What was learned from the runs before does not change a run: in company it is as it is alone."""

import contextlib
import copy
import random
import time

import numpy as np
import pytest
from mesa import DataCollector, Model

from mesa_lab.preparation.outcomes import Outcome
from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.running.collection.arrow_columns import decode_table
from mesa_lab.running.collection.collection_plan import Plan
from mesa_lab.running.collection.data_collector import installed
from mesa_lab.running.simulation.cleanup import Surroundings
from mesa_lab.running.simulation.simulate import carry_out
from mesa_lab.running.workers.serialization import encode
from mesa_lab.study.records import Task

RUNS = 8
ODD = 5


class Walk(Model):
    """Draws a number at each step; run 5 of each kind does something else."""

    def __init__(self, rng=None, odd=False):
        super().__init__(rng=rng)
        self.odd = odd
        self.at, self.done = 0.0, 0
        self.datacollector = DataCollector(self.reporters())
        self.datacollector.collect(self)

    def reporters(self):
        return {"at": lambda model: model.at, "odd": "odd"}

    def step(self):
        self.done += 1
        self.at += self.random.random()
        if self.odd:
            self.be_odd()
        self.datacollector.collect(self)

    def be_odd(self):
        pass


class EndsEarly(Walk):
    def be_odd(self):
        self.running = self.done < 2


class Twice(Walk):
    def be_odd(self):
        self.datacollector.collect(self)
        self.at += 1


class Seldom(Walk):
    def step(self):
        self.done += 1
        self.at += self.random.random()
        if self.done % 2:
            self.datacollector.collect(self)


class Raises(Walk):
    def be_odd(self):
        if self.done == 3:
            self.datacollector.collect(self)
            raise ValueError("no further")


class RaisesAtOnce(Walk):
    def reporters(self):
        if self.odd:
            raise KeyError("at once")
        return super().reporters()


class Exits(Walk):
    def be_odd(self):
        raise SystemExit(3)


class StumblesOverRunning(Walk):
    @property
    def running(self):
        if self.odd and self.done == 2:
            raise RuntimeError("who knows")
        return True

    @running.setter
    def running(self, value):
        pass


class Huge(Walk):
    def be_odd(self):
        self.at = 2**70


class Listed(Walk):
    def be_odd(self):
        self.at = [1, 2] if self.done == 4 else self.at


class Unstorable(Walk):
    def be_odd(self):
        if self.done == 2:
            self.at = object()

    def step(self):
        self.at = 0.5
        super().step()


class Stumbling(Walk):
    def reporters(self):
        return {"at": lambda model: 1 / (model.done - 2) if model.odd else model.at}


class OtherReporters(Walk):
    def reporters(self):
        return {"else": "at"} if self.odd else super().reporters()


class MoreReporters(Walk):
    def reporters(self):
        return {**super().reporters(), **({"more": "done"} if self.odd else {})}


class OtherCollector(Walk):
    def __init__(self, **given):
        super().__init__(**given)
        if self.odd:
            self.datacollector = DataCollector({"at": lambda model: -model.at})
            self.datacollector.collect(self)


class LateCollector(Walk):
    def be_odd(self):
        if self.done == 2:
            self.datacollector = DataCollector(self.reporters())


class NoCollector(Walk):
    def __init__(self, **given):
        super().__init__(**given)
        if self.odd:
            del self.datacollector

    def step(self):
        self.done += 1
        self.at += 1
        if not self.odd:
            self.datacollector.collect(self)


class ReadsItsRecords(Walk):
    def be_odd(self):
        records = getattr(self.datacollector, "model_" + "vars")
        self.at += sum(records["at"])


class ReadsAndHidesIt(Walk):
    def be_odd(self):
        with contextlib.suppress(BaseException):
            self.at += sum(getattr(self.datacollector, "model_" + "vars")["at"])


class CopiesItself(Walk):
    def be_odd(self):
        self.at += len(getattr(copy.deepcopy(self).datacollector, "model_" + "vars")["at"])


class CollectsForAnother(Walk):
    def be_odd(self):
        other = Walk(rng=1)
        self.datacollector.collect(other)


class DrawsFromAnotherSource(Walk):
    def be_odd(self):
        self.at += random.random()


class DrawsFromNumpy(Walk):
    def be_odd(self):
        self.at += float(np.random.normal())


class AlwaysDrawsFromAnotherSource(Walk):
    def step(self):
        self.at += random.random()
        super().step()


class PutsGeneratorsBack(Walk):
    def be_odd(self):
        state = random.getstate()
        self.at += random.random()
        random.setstate(state)


class NeverCollects(Walk):
    def __init__(self, rng=None, odd=False):
        Model.__init__(self, rng=rng)
        self.odd, self.at, self.done = odd, 0.0, 0
        self.datacollector = DataCollector(self.reporters())

    def step(self):
        self.done += 1
        self.at += self.random.random()


class SometimesCollects(NeverCollects):
    """Collects late, and only in some of its runs."""

    def step(self):
        super().step()
        if self.odd and self.done > 2:
            self.datacollector.collect(self)


class SeldomCollects(NeverCollects):
    """Collects late, and in some of its runs not at all."""

    def step(self):
        super().step()
        if not self.odd and self.done > 2:
            self.datacollector.collect(self)


class FailsBeforeCollecting(NeverCollects):
    """Collects in the second step, which not every run comes to."""

    def step(self):
        super().step()
        if self.odd and self.done == 2:
            raise ValueError("too early")
        if self.done > 2:
            self.datacollector.collect(self)


class FailsAtOnce(NeverCollects):
    def step(self):
        if self.odd:
            raise ValueError("too early")
        super().step()
        self.datacollector.collect(self)


class ReadsAndSaysOtherwise(Walk):
    def be_odd(self):
        try:
            self.at += sum(self.datacollector.model_vars["at"])
        except BaseException:
            raise ValueError("no records") from None


class NamedAsAKey(Walk):
    def reporters(self):
        return {"step": "at"}


KINDS = sorted(
    [kind for kind in globals().values() if isinstance(kind, type) and issubclass(kind, Walk)],
    key=lambda kind: kind.__name__,
)
PROTOCOLS = {
    "every step": {"max_steps": 4},
    "outcomes": {"max_steps": 4, "outcomes": (Outcome("where", "at"), Outcome("odd", "odd"))},
    "time": {"max_time": 2.5},
    "nothing": {"max_steps": 0},
    "end": {"max_steps": 4, "period": -1},
    "stop": {"stop_when": "at > 2", "max_steps": 9},
    "timeout": {"max_steps": 4, "timeout": 60.0},
}


def tasks():
    return [Task(run_id, 0, run_id, 99 + run_id, {"odd": run_id == ODD}) for run_id in range(RUNS)]


def alone(kind, **protocol):
    """Do each run as if there were no other."""
    with installed():
        runs = [carry_out(Plan(kind, Protocol(kind, **protocol)), task, Surroundings()) for task in tasks()]
    return told([encode([run]) for run in runs])


def in_company(kind, backwards=False, **protocol):
    """Do all runs one after the other, as a worker does."""
    plan, surroundings = Plan(kind, Protocol(kind, **protocol)), Surroundings()
    with installed():
        runs = [carry_out(plan, task, surroundings) for task in tasks()[:: -1 if backwards else 1]]
    return told([encode([run]) for run in runs])


def told(batches):
    """All that is told of each run, but for how long it took."""
    runs = {}
    for batch in batches:
        for record, finals in zip(batch.runs, batch.finals, strict=True):
            values = dict(zip(batch.outcome_names, finals, strict=True))
            runs[record.run_id] = [record._replace(init_seconds=0, run_seconds=0), values, [], []]
        for row in decode_table(batch.series).to_pylist() if batch.series else ():
            runs[row["run_id"]][2].append(row)
        for failure in batch.failures:
            runs[failure.run_id][3] = failure._replace(traceback=failure.traceback.splitlines()[-1])
    return runs


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_is_the_same_alone_and_in_company(kind, protocol):
    expected = alone(kind, **protocol)
    assert len(expected) == RUNS
    assert in_company(kind, **protocol) == expected
    assert in_company(kind, backwards=True, **protocol) == expected


def test_a_model_that_never_collects_is_measured_at_every_step():
    for kind in (NeverCollects, SometimesCollects):
        _, values, rows, _ = alone(kind, max_steps=4)[0]
        assert [row["step"] for row in rows] == [0, 1, 2, 3, 4]
        assert rows[-1]["at"] == values["at"]


@pytest.mark.parametrize(("kind", "run"), [(SometimesCollects, ODD), (SeldomCollects, 0)])
def test_a_model_that_collects_late_is_measured_when_it_does(kind, run):
    for runs in (alone(kind, max_steps=4), in_company(kind, max_steps=4)):
        assert [row["step"] for row in runs[run][2]] == [3, 4]


def test_a_model_that_collects_by_chance_comes_to_an_end():
    class Fickle(NeverCollects):
        attempts = 0

        def __init__(self, **given):
            super().__init__(**given)
            Fickle.attempts += 1

        def step(self):
            super().step()
            if Fickle.attempts % 2:
                self.datacollector.collect(self)

    record, values, rows, _ = alone(Fickle, max_steps=4)[0]
    assert record.status == "done"
    assert len(rows) >= 1
    assert values["at"] > 0


def test_a_failure_that_hides_a_wish_for_records_is_none():
    runs = in_company(ReadsAndSaysOtherwise, max_steps=4)
    assert {record.status for record, *_ in runs.values()} == {"done"}


def test_each_attempt_has_the_whole_time_limit(monkeypatch, tmp_path):
    """What runs twice, because it reads its records, may take its time twice."""
    armed = []
    monkeypatch.setattr("faulthandler.dump_traceback_later", lambda seconds, **how: armed.append(seconds))
    monkeypatch.setattr("faulthandler.cancel_dump_traceback_later", lambda: armed.append(None))
    plan = Plan(ReadsItsRecords, Protocol(ReadsItsRecords, max_steps=4, timeout=60.0))
    with installed(), (tmp_path / "trace").open("w") as trace:
        run = carry_out(plan, tasks()[ODD], Surroundings(), trace)
    assert run.status == "done"
    assert armed == [61.0, None, 61.0, None]


def test_a_run_that_takes_too_long_keeps_the_rows_before():
    class Endless(Walk):
        def be_odd(self):
            while self.done == 3:
                time.sleep(0.01)

    asked = {"max_steps": 4, "timeout": 0.3}
    runs = in_company(Endless, **asked)
    assert runs == alone(Endless, **asked)
    record, _, rows, failure = runs[ODD]
    assert (record.status, record.steps, len(rows), failure.stage) == ("timed out", 2, 3, "stepping")
    assert "0.3 s" in failure.message


def test_a_model_is_shown_after_its_run_and_not_kept():
    seen = []
    plan = Plan(Walk, Protocol(Walk, max_steps=2))
    with installed():
        for task in tasks():
            carry_out(plan, task, Surroundings(), see=lambda model: seen.append(type(model)))
    assert seen == [Walk] * RUNS


def test_an_interrupt_is_no_result_of_a_run():
    class Interrupted(Walk):
        def be_odd(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_company(Interrupted, max_steps=4)
