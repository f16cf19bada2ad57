"""What workers are sent, and when."""

from mesa_lab.running.scheduling.growing_tasks import GrowingTasks
from mesa_lab.running.scheduling.task_queue import TaskQueue
from mesa_lab.running.workers.dispatch import Dispatch
from mesa_lab.running.workers.memory import MemoryWatch
from mesa_lab.study.records import Task


class _Worker:
    def __init__(self):
        self.sent, self.alone, self.is_full = [], False, False


class _Pool:
    payload, size = type("Payload", (), {"model": "none:None"}), 2

    def __init__(self):
        self.workers = [_Worker(), _Worker()]

    def send(self, worker, tasks, budget):
        worker.sent.append(tasks)


def fed(tasks, seconds):
    """How many runs each of two workers has, once they are known to take so long."""
    queue = TaskQueue(tasks, workers=2)
    for _ in range(4):
        queue.learn(1, seconds)
    dispatch = Dispatch(queue, _Pool(), lambda topic, text: None)
    assert isinstance(dispatch._memory, MemoryWatch)
    for _ in range(3):
        dispatch.feed()
    return [sum(map(len, worker.sent)) for worker in dispatch.pool.workers]


def tasks(count):
    return [Task(number, number, 0, 0, {}) for number in range(count)]


def test_all_short_runs_of_a_search_are_out_while_it_is_decided_on_more():
    assert fed(GrowingTasks(tasks(12)), 0.05) == [6, 6]


def test_long_runs_of_a_search_go_to_whoever_is_free():
    assert fed(GrowingTasks(tasks(12)), 2.0) == [1, 1]


def test_where_all_runs_are_known_one_batch_is_at_hand_at_most():
    assert fed(tasks(400), 0.1) == [2, 2]
    assert fed(tasks(400), 0.04) == [8, 8]
