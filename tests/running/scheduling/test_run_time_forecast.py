"""Which runs will take long, as far as it can be guessed from others."""

import pytest

from mesa_lab.running.scheduling.run_time_forecast import Forecast
from mesa_lab.running.scheduling.task_queue import TaskQueue
from mesa_lab.study.records import RunRecord, Task


def ran(task, seconds):
    return RunRecord(
        task.run_id, task.point, task.replication, 0, "done", 1, 1.0, seconds / 4, 3 * seconds / 4, ""
    )


def grid(columns, rows):
    return [
        Task(
            number, number, 0, 0, {"a": number // rows, "kind": "xyz"[number % rows % 3], "b": number % rows}
        )
        for number in range(columns * rows)
    ]


def is_slow(task):
    return task.parameters["a"] >= 15 and task.parameters["b"] >= 15


def forecast_of(tasks, seconds):
    forecast = Forecast(0.02)
    forecast.meet(tasks)
    better = forecast.learn(ran(task, seconds(task)) for task in tasks)
    return forecast, better


def test_a_point_takes_what_it_took():
    tasks = grid(5, 5)
    forecast, _ = forecast_of(tasks, lambda task: 0.1 + task.point)
    assert forecast.seconds(tasks) == pytest.approx([0.1 + task.point for task in tasks])


def test_neighbours_of_slow_points_are_slow():
    tasks = grid(20, 20)
    forecast, better = forecast_of(tasks[::3], lambda task: 0.5 if is_slow(task) else 0.001)
    assert better
    unknown = [task for task in tasks if task.point % 3]
    guesses = dict(zip((task.point for task in unknown), forecast.seconds(unknown), strict=True))
    inner = [guesses[task.point] for task in unknown if min(task.parameters["a"], task.parameters["b"]) > 16]
    outer = [guesses[task.point] for task in unknown if min(task.parameters["a"], task.parameters["b"]) < 13]
    assert sum(inner) / len(inner) > 5 * sum(outer) / len(outer)


def test_nothing_is_guessed_where_runs_take_much_the_same():
    tasks = grid(20, 20)
    forecast, better = forecast_of(tasks[::3], lambda task: 0.1 + task.point / 4000)
    assert not better
    unknown = [task for task in tasks if task.point % 3]
    assert len(set(forecast.seconds(unknown))) == 1


def test_short_runs_need_no_order():
    _, better = forecast_of(grid(20, 20), lambda task: 0.015 if is_slow(task) else 0.0001)
    assert not better


@pytest.mark.parametrize(
    "values", [[float("nan"), 1.0], [10**400, 1], ["a", None], [[1, 2], [3]], [{"x": 1}, True]]
)
def test_any_parameter_has_a_place(values):
    tasks = [Task(number, number, 0, 0, {"odd": values[number % 2]}) for number in range(60)]
    forecast, _ = forecast_of(tasks[:40], lambda task: 0.5 if task.point == 7 else 0.001)
    assert len(forecast.seconds(tasks)) == 60


def test_what_is_like_slow_points_starts_early():
    tasks = grid(20, 20)
    queue = TaskQueue(tasks, workers=2)
    order = []
    while batch := queue.take():
        order += batch
        runs = [ran(task, 0.5 if is_slow(task) else 0.001) for task in batch]
        queue.learn(len(batch), 0.02 * len(batch))
        queue.learn_points(runs)
    assert sorted(order) == tasks
    places = [place for place, task in enumerate(order) if is_slow(task)]
    assert max(places) < 200
