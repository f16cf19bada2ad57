"""Simple runs, recorded straight in columns: what `simulation` gives, for simple models and for those that only seem so."""

import contextlib
import copy
import random
import time

import pytest
from mesa import DataCollector, Model

from mesa_lab.preparation.outcomes import Outcome
from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.running.collection.arrow_columns import decode_table
from mesa_lab.running.collection.collection_plan import Plan
from mesa_lab.running.collection.data_collector import installed
from mesa_lab.running.simulation.cleanup import Surroundings
from mesa_lab.running.simulation.fast_path import SimpleRuns
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
        self.at = 0.0
        self.datacollector = DataCollector(self.reporters())
        self.datacollector.collect(self)

    def reporters(self):
        return {"at": lambda model: model.at, "odd": "odd"}

    def step(self):
        self.at += self.random.random()
        if self.odd:
            self.be_odd()
        self.datacollector.collect(self)

    def be_odd(self):
        pass


class EndsEarly(Walk):
    def be_odd(self):
        self.running = self.steps < 2


class Twice(Walk):
    def be_odd(self):
        self.datacollector.collect(self)
        self.at += 1


class Seldom(Walk):
    def step(self):
        self.at += self.random.random()
        if self.steps % 2:
            self.datacollector.collect(self)


class Raises(Walk):
    def be_odd(self):
        if self.steps == 3:
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
        if self.odd and self.steps == 2:
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
        self.at = [1, 2] if self.steps == 4 else self.at


class Unstorable(Walk):
    def be_odd(self):
        if self.steps == 2:
            self.at = object()

    def step(self):
        self.at = 0.5
        super().step()


class Stumbling(Walk):
    def reporters(self):
        return {"at": lambda model: 1 / (model.steps - 2) if model.odd else model.at}


class OtherReporters(Walk):
    def reporters(self):
        return {"else": "at"} if self.odd else super().reporters()


class MoreReporters(Walk):
    def reporters(self):
        return {**super().reporters(), **({"more": "steps"} if self.odd else {})}


class OtherCollector(Walk):
    def __init__(self, **given):
        super().__init__(**given)
        if self.odd:
            self.datacollector = DataCollector({"at": lambda model: -model.at})
            self.datacollector.collect(self)


class LateCollector(Walk):
    def be_odd(self):
        if self.steps == 2:
            self.datacollector = DataCollector(self.reporters())


class NoCollector(Walk):
    def __init__(self, **given):
        super().__init__(**given)
        if self.odd:
            del self.datacollector

    def step(self):
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


class AlwaysDrawsFromAnotherSource(Walk):
    def step(self):
        self.at += random.random()
        super().step()


class NamedAsAKey(Walk):
    def reporters(self):
        return {"step": "at"}


SEEMING = {OtherReporters, MoreReporters, OtherCollector, NoCollector, ReadsItsRecords, ReadsAndHidesIt}
SEEMING |= {CopiesItself, CollectsForAnother, DrawsFromAnotherSource, Unstorable, Stumbling}
FAILING = {Raises, RaisesAtOnce, Exits, StumblesOverRunning}
KINDS = sorted(
    [kind for kind in globals().values() if isinstance(kind, type) and issubclass(kind, Walk)],
    key=lambda kind: kind.__name__,
)


def tasks():
    return [Task(run_id, 0, run_id, 99 + run_id, {"odd": run_id == ODD}) for run_id in range(RUNS)]


def by_simulation(kind, **protocol):
    plan = Plan(kind, Protocol(model=kind, **protocol))
    with installed():
        return told([encode([carry_out(plan, task, Surroundings())]) for task in tasks()])


def simply(kind, **protocol):
    """Do the first run by simulation, which learns that the model is simple, and the others simply."""
    plan = Plan(kind, Protocol(model=kind, **protocol))
    first, *others = tasks()
    with installed():
        runs = [carry_out(plan, first, Surroundings(), own_process=True)]
        simple = SimpleRuns(plan, Surroundings(), own_process=True, see=lambda model: None)
        left = [simple.carry_out(task) for task in others]
    runs += [run for run in left if run is not None]
    batches = [encode([run]) for run in runs] + ([simple.encode()] if simple.records else [])
    return told(batches), {record.run_id for record in simple.records}


def told(batches):
    """All that is told of each run, but for how long it took."""
    runs = {}
    for batch in batches:
        for record, finals in zip(batch.runs, batch.finals, strict=True):
            values = dict(zip(batch.outcome_names, finals, strict=True))
            runs[record.run_id] = [record._replace(init_seconds=0, run_seconds=0), values, [], []]
        for row in decode_table(batch.series).to_pylist() if batch.series else ():
            # As text: beside a text, all numbers of a batch's column are.
            runs[row["run_id"]][2].append(
                {name: None if value is None else str(value) for name, value in row.items()}
            )
        for failure in batch.failures:
            runs[failure.run_id][3] = failure._replace(traceback=failure.traceback.splitlines()[-1])
    for _, values, rows, _ in runs.values():
        for row in rows:  # what another run of the same batch has, this one may lack
            for name in [name for name in row if row[name] is None and name not in values]:
                del row[name]
    return runs


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_differs(kind):
    simple, recorded = simply(kind, max_steps=4, period=1, agents=False)
    assert simple == by_simulation(kind, max_steps=4, period=1, agents=False)
    if kind in (LateCollector, NamedAsAKey):
        expected = recorded  # `simulation` knows from the code, or for the name
    elif kind in SEEMING:
        expected = set(range(1, ODD))  # and all that come later are left to `simulation`
    else:
        expected = set(range(1, RUNS)) - ({ODD} if kind in FAILING else set())
    assert recorded == expected


@pytest.mark.parametrize(
    "protocol",
    [
        {"max_steps": 4, "outcomes": (Outcome("where", "at"), Outcome("odd", "odd"))},
        {"max_time": 2.5},
        {"max_steps": 0},
        {"max_steps": 4, "timeout": 60.0},
    ],
    ids=["outcomes", "time", "nothing", "timeout"],
)
@pytest.mark.parametrize("kind", [Walk, EndsEarly, OtherReporters])
def test_nothing_differs_whatever_is_asked(kind, protocol):
    simple, recorded = simply(kind, period=1, agents=False, **protocol)
    assert simple == by_simulation(kind, period=1, agents=False, **protocol)
    assert {1, 2, 3, 4} <= recorded


@pytest.mark.parametrize(
    "protocol", [{"period": -1, "agents": False}, {"agents": True}, {"stop_when": "at > 2"}]
)
def test_what_is_not_simple_is_left_to_simulation(protocol):
    simple, recorded = simply(Walk, **{"max_steps": 4, "period": 1, "agents": False, **protocol})
    assert recorded == set()
    assert len(simple) == RUNS


def test_a_run_that_takes_too_long_keeps_the_rows_before():
    class Endless(Walk):
        def be_odd(self):
            while self.steps == 3:
                time.sleep(0.01)

    asked = {"max_steps": 4, "period": 1, "agents": False, "timeout": 0.3}
    simple, recorded = simply(Endless, **asked)
    assert simple == by_simulation(Endless, **asked)
    assert recorded == set(range(1, RUNS)) - {ODD}
    record, _, rows, failure = simple[ODD]
    assert (record.status, record.steps, len(rows), failure.stage) == ("timed out", 2, 3, "stepping")
    assert "0.3 s" in failure.message


def test_a_model_is_shown_after_its_run_and_not_kept():
    plan = Plan(Walk, Protocol(model=Walk, max_steps=2, period=1, agents=False))
    seen = []
    with installed():
        carry_out(plan, tasks()[0], Surroundings())
        simple = SimpleRuns(
            plan, Surroundings(), own_process=True, see=lambda model: seen.append(type(model))
        )
        for task in tasks():
            simple.carry_out(task)
    assert seen == [Walk] * RUNS
    assert simple._model is None
    assert simple._collector is None


def test_an_interrupt_is_no_result_of_a_run():
    class Interrupted(Walk):
        def be_odd(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simply(Interrupted, max_steps=4, period=1, agents=False)
