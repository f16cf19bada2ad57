"""Which tasks go out, in which order and how many at a time."""

from itertools import count, islice
from random import Random

import pytest

from mesa_lab.running.scheduling.growing_tasks import GrowingTasks
from mesa_lab.running.scheduling.task_queue import BATCH_SECONDS, TaskQueue
from mesa_lab.study.records import RunRecord, Task


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
    assert sizes[0] == BATCH_SECONDS / 0.001
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-2] <= 5
    assert len(sizes) < 40


def learn(queue, runs):
    queue.learn(len(runs), sum(run.run_seconds for run in runs))
    queue.learn_points(runs)


def surprised():
    """A queue that knows fast points and two slow ones at the end of the design."""
    queue = TaskQueue([Task(number, number, 0, 0, {"place": number}) for number in range(2_000)], workers=2)
    batches = []
    while len(batches) < 8:
        batches.append(queue.take())
        learn(queue, [ran(task.point, 0.3 if task.point >= 1_990 else 0.001) for task in batches[-1]])
    return queue, {task.point for batch in batches for task in batch}


def test_a_slow_run_leaves_the_batches_of_the_others_as_large():
    queue = TaskQueue(tasks(1000), workers=2)
    for _ in range(4):
        learn(queue, [ran(number, 0.001) for number in range(90)])
    before = len(queue.take())
    learn(queue, [ran(5_000, 0.3)])
    learn(queue, [ran(5_001, 0.4), *(ran(number, 0.001) for number in range(100, 120))])
    assert before == pytest.approx(len(queue.take()), rel=0.02)
    assert queue.at_hand == 1


def test_many_runs_say_more_than_one():
    queue = TaskQueue(tasks(1000), workers=2)
    learn(queue, [ran(0, 0.01)])  # its first run takes a process longer
    learn(queue, [ran(number, 0.001) for number in range(1, 60)])
    assert len(queue.take()) > 15
    learn(queue, [ran(60, 0.003)])
    assert len(queue.take()) > 30


def test_slow_ones_go_out_first_and_never_behind_another_run():
    queue, done = surprised()
    slow = set(range(1_990, 2_000)) - done
    assert 3 < len(slow) < 10
    assert not queue.at_hand  # nobody should have one of them waiting behind another run
    first = []
    while not queue.at_hand:
        first.append(queue.take())
    assert all(len(batch) < 5 for batch in first)
    assert slow <= {task.point for batch in first for task in batch}
    assert len(first) < 20
    assert len(queue.take()) > 50


def test_what_comes_back_is_sorted_with_the_rest():
    queue = TaskQueue([Task(number, number, 0, 0, {"place": number}) for number in range(400)], workers=2)
    learn(queue, [ran(number, 0.001) for number in range(0, 380, 4)])
    batch = [task for _ in range(4) for task in queue.take()]
    queue.put_back([task for task in batch if task.point != 396])
    learn(queue, [ran(396, 0.3), ran(398, 0.3), ran(399, 0.3)])
    assert queue.take()[0].point >= 390


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_lost_or_doubled_whatever_is_learned(workers, seed):
    choose = Random(seed)
    waiting = [Task(r * 300 + p, p, r, 0, {"place": p % 20}) for r in range(3) for p in range(300)]
    queue = TaskQueue(waiting, workers=workers)
    under_way, done = [], []
    while True:
        if (batch := queue.take()) and choose.random() < 0.7:
            under_way.append(batch)
            continue
        if batch:
            under_way.append(batch)
        if not under_way:
            break
        batch = under_way.pop(choose.randrange(len(under_way)))
        count = choose.randint(0, len(batch))
        done += batch[:count]
        queue.put_back(batch[count:])
        learn(queue, [ran(task.point, choose.choice([0.0, 0.001, 0.03, 0.3])) for task in batch[:count]])
    assert sorted(done) == waiting


def test_what_comes_back_goes_out_first():
    queue = TaskQueue(tasks(50), workers=2)
    for _ in range(4):
        queue.learn(10, 0.1)
    first = queue.take()
    queue.put_back(first[1:])
    assert queue.take()[:3] == first[1:4]


def test_of_a_large_design_the_first_tasks_go_out_before_the_others_are_read():
    source = iter(tasks(3_000))
    queue = TaskQueue(source, workers=2)
    first = [*queue.take(), *queue.take()]
    assert len(first) == 64
    assert next(source).run_id < 600
    queue.read_on()
    assert next(source, None) is None
    learn(queue, [ran(task.point, 0.001) for task in first])
    assert len({task.point // 100 for task in queue.take()}) > 3  # mixed, as the first ones are


@pytest.mark.parametrize("count", [100, 511, 512, 513, 600, 5_000])
def test_the_first_batches_leave_something_for_every_worker(count):
    queue = TaskQueue(tasks(count), workers=64)
    sizes = [len(queue.take()) for _ in range(64)]
    assert min(sizes) >= 1
    assert max(sizes) <= 32


def test_no_more_is_read_than_is_soon_needed():
    source = (Task(number, number, 0, 0, {}) for number in count())
    queue = TaskQueue(source, workers=2)
    assert all(queue.take() for _ in range(100))
    assert next(source).run_id < 10_000
    assert len(list(islice(source, 3))) == 3


@pytest.mark.parametrize(
    ("seconds", "size", "at_hand"), [(0.04, 1, 13), (0.005, 3, 34), (0.2, 1, 3), (1.0, 1, 0)]
)
def test_while_further_tasks_are_decided_on_workers_have_short_ones_at_hand(seconds, size, at_hand):
    queue = TaskQueue(GrowingTasks(tasks(12)), workers=2)
    for _ in range(4):
        learn(queue, [ran(0, seconds)])
    assert len(queue.take()) == size
    assert queue.at_hand == at_hand
