"""The relay's books, with a cluster that is made up: lists of batches as with ray, and tasks named as with dask."""

from itertools import islice

import pytest

from mesa_lab.errors import ModelError, RunError
from mesa_lab.running.backends.cluster_dispatch import relay
from mesa_lab.running.scheduling.task_queue import TaskQueue
from mesa_lab.study.records import Batch, RunRecord, Task


class LostError(Exception):
    """What a cluster says about a task that it has given up."""


class Cluster:
    client = None
    broken = None
    given_up = 0

    def lost(self, error):
        return str(error) if isinstance(error, LostError) else None

    def trouble(self):
        return self.broken

    def give_up(self):
        self.given_up += 1


class Always:
    def paused(self):
        return False

    def stopped(self):
        return False


def done(tasks):
    """What a worker answers: two batches, as when some of the runs were not simple."""
    return tuple(batch_of(part) for part in (tasks[1:], tasks[:1]) if part)


def batch_of(tasks):
    records = tuple(RunRecord(*task[:4], "done", 1, 1.0, 0.0, 0.01, "") for task in tasks)
    return Batch(records, (), tuple(() for _ in tasks))


def sending(deadly, *, names, at_a_time, times=99):
    """Return a way to send batches of which some tasks lose their workers, for so many times."""
    left = dict.fromkeys(deadly, times)
    sent = []

    def start(batches):
        while some := list(islice(batches, at_a_time)):
            sent.extend(task.run_id for batch in some for task in batch)
            for batch in some:
                killers = [task.run_id for task in batch if left.get(task.run_id)]
                for run_id in killers:
                    left[run_id] -= 1
                if killers:
                    raise LostError(f"batch_of_run_{batch[0].run_id}_1_calls" if names else "")
            yield from map(done, some)

    start.sent = sent
    return start


def statuses(start, count=60, cluster=None, **batch):
    tasks = [Task(i, i, 0, i, {}) for i in range(count)]
    found = {}
    for answer in relay(TaskQueue(tasks, 0.1), start, cluster or Cluster(), Always()):
        for record in answer.runs:
            assert record.run_id not in found, "a run came twice"
            found[record.run_id] = record.status
            assert (record.status == "failed") == any(f.run_id == record.run_id for f in answer.failures)
    assert sorted(found) == list(range(count))
    return [run_id for run_id, status in sorted(found.items()) if status == "failed"]


@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("at_a_time", [1, 4, 100])
@pytest.mark.parametrize("deadly", [(), (0,), (7,), (59,), (3, 4, 40)])
def test_only_the_runs_that_kill_their_workers_fail(deadly, names, at_a_time):
    assert statuses(sending(deadly, names=names, at_a_time=at_a_time)) == list(deadly)


@pytest.mark.parametrize("names", [True, False])
def test_a_run_that_lost_its_worker_by_chance_is_done_at_last(names):
    start = sending((5, 30), names=names, at_a_time=4, times=1)
    assert statuses(start) == []
    assert start.sent.count(5) >= 2


def test_a_cluster_that_is_gone_ends_the_stream_with_what_to_do():
    cluster = Cluster()

    def start(batches):
        cluster.broken = "The connection is lost"
        next(batches)
        raise OSError("gone")
        yield

    with pytest.raises(
        RunError, match=r"The connection is lost\. What is done is kept: run it again to go on"
    ):
        statuses(start, cluster=cluster)
    assert cluster.given_up == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            ModelError("There is no 'Wolf'."),
            "The cluster's workers cannot load the model: There is no 'Wolf'",
        ),
        (
            ModuleNotFoundError("No module named 'mesa_lab'"),
            "lack something: No module named 'mesa_lab'. Install the same",
        ),
        (RunError("Ray has one CPU only."), "^Ray has one CPU only.$"),
        (ZeroDivisionError("x"), r"failed outside of any run: ZeroDivisionError\('x'\)"),
    ],
)
def test_what_else_goes_wrong_is_said(error, said):
    def start(batches):
        raise error
        yield

    with pytest.raises(RunError, match=said):
        statuses(start)
