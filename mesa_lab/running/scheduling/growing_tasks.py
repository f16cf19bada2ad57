"""Tasks that come in while others are carried out, as in a search."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from mesa_lab.study.records import Task

__all__ = ["GrowingTasks"]


class GrowingTasks:
    """An iterator over tasks that may have more after it has ended.

    `next` raises StopIteration when there is no task at the moment; after `add` there are tasks again. May be used from
    several threads: joblib takes tasks from its own.

    Args:
        tasks: The first tasks, in order.

    Example:
        >>> tasks = GrowingTasks([])
        >>> list(tasks), tasks.add([Task(0, 0, 0, 1, {})]), len(list(tasks))
        ([], None, 1)
    """

    may_grow = True

    def __init__(self, tasks: Iterable[Task] = ()) -> None:
        self._tasks = deque(tasks)

    def add(self, tasks: Iterable[Task]) -> None:
        """Put tasks at the end."""
        self._tasks.extend(tasks)

    def __iter__(self) -> GrowingTasks:
        return self

    def __next__(self) -> Task:
        try:
            return self._tasks.popleft()
        except IndexError:
            raise StopIteration from None

    def __bool__(self) -> bool:
        return bool(self._tasks)
