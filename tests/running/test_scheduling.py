"""Which tasks go out, in which order and how many at a time."""

from itertools import count, islice

import pytest

from mesa_lab.running.recording import RunRecord, Task
from mesa_lab.running.scheduling import TaskQueue


def tasks(points, replications=1):
    return [Task(r * points + p, p, r, 0, {}) for r in range(replications) for p in range(points)]


def ran(point, seconds):
    return RunRecord(point, point, 0, 0, "done", 1, 1.0, 0.0, seconds, "")


def drain(queue):
    return list(iter(queue.take, []))


@pytest.mark.parametrize("workers", [1, 2, 7])
@pytest.mark.parametrize(
    ("points", "replications"), [(0, 0), (1, 5), (10, 3), (4096, 1), (2048, 2), (5000, 2)]
)
def test_each_task_goes_out_once(workers, points, replications):
    wanted = tasks(points, replications)
    queue = TaskQueue(wanted, workers=workers)
    queue.learn(1, 0.001)
    taken = [task for batch in drain(queue) for task in batch]
    assert sorted(taken) == wanted
    assert [task.replication for task in taken] == [task.replication for task in wanted]


def test_one_worker_gets_them_in_their_order():
    assert [batch[0] for batch in drain(TaskQueue(tasks(20)))] == tasks(20)


def test_slow_corners_do_not_come_last():
    order = [batch[0].point for batch in drain(TaskQueue(tasks(100), workers=2))]
    for start in range(0, 100, 20):  # each part of the design is met in each part of the time
        assert {point // 25 for point in order[start : start + 20]} == {0, 1, 2, 3}


def test_points_that_took_longest_go_first_in_later_replications():
    queue = TaskQueue(tasks(6, 2), workers=2)
    for _ in range(6):
        queue.take()
    queue.learn(6, 12)
    queue.learn_points([ran(0, 1), ran(1, 9), ran(2, 3), ran(3, 5)])
    assert [batch[0].point for batch in drain(queue)][:2] == [1, 3]


def test_batches_become_smaller_towards_the_end():
    queue = TaskQueue(tasks(1000), workers=2)
    for _ in range(6):
        queue.learn(100, 0.1)  # a millisecond each
    sizes = [len(batch) for batch in drain(queue)]
    assert sizes[0] == 100
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-2] <= 5
    assert len(sizes) < 40


def test_what_comes_back_goes_out_first():
    queue = TaskQueue(tasks(50), workers=2)
    for _ in range(4):
        queue.learn(10, 0.1)
    first = queue.take()
    queue.put_back(first[1:])
    assert queue.take()[:3] == first[1:4]


def test_no_more_is_read_than_is_soon_needed():
    source = (Task(number, number, 0, 0, {}) for number in count())
    queue = TaskQueue(source, workers=2)
    assert all(queue.take() for _ in range(100))
    assert next(source).run_id < 10_000
    assert len(list(islice(source, 3))) == 3
