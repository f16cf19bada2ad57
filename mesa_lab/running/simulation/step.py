"""One step of a model, without the way through Mesa's event list where nothing is planned there but the next step.

From Mesa 3.5 on, `model.step()` takes the event that stands for the step from the model's event list, carries it out,
makes the event of the next step, takes that as well, sees that it is too early for it and puts it back. While no
other event is planned and nobody observes the model, one event does for all steps. A step that leaves more behind
is finished as Mesa would have done it.

This knows Mesa's code, so it is used only where that code is known word for word: other releases take their own steps.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable
from typing import Any

from mesa import Model

try:
    from mesa.time.events import Event, EventGenerator, EventList, Schedule
except ImportError:  # before Mesa 3.5, a step was a call
    Event = EventGenerator = EventList = Schedule = None

__all__ = ["stepper"]

_KNOWN = {"228d6afce8ddacbe", "f1ed2786c131ef79"}
"""Digests of Mesa's code whose steps are known here: 3.5.1 and 4.0.0a0."""

_CODE: tuple[tuple[Any, str], ...] = (
    (Model, "_wrapped_step _advance_time _has_subscribers"),
    (type(inspect.getattr_static(Model, "time", None)), "__get__ __set__"),
    (Event, "__init__ execute cancel"),
    (EventList, "add_event pop_event compact"),
    (
        EventGenerator,
        "_get_interval _should_stop _execute_and_reschedule _schedule_next start stop pause resume",
    ),
)
_MESAS_OWN = ("time", "subscribers", "_wrapped_step", "_advance_time", "__getattribute__", "__setattr__")

_EVERY_STEP = None if Schedule is None else Schedule(interval=1.0, start=1.0)


def stepper(model: Any) -> Callable[[], Any]:
    """Return what takes a model one step further.

    Args:
        model: A model that was set up and is between two steps.

    Example:
        >>> from mesa import Model
        >>> model = Model(rng=1)
        >>> advance = stepper(model)
        >>> advance()
        >>> model.time
        1.0
    """
    simulator = getattr(model, "_simulator", None)
    if simulator is not None and not hasattr(model, "run_for"):
        # Until Mesa 3.5 only the simulator knew the events between two steps.
        return lambda: simulator.run_for(1)
    model_cls: Any = type(model)
    if simulator is None and has_usual_steps(model_cls) and "_advance_time" not in model.__dict__:
        return _shortcut(model)
    return model.step  # type: ignore[no-any-return]


@functools.lru_cache(maxsize=256)
def has_usual_steps(model_cls: Any) -> bool:
    """Whether the steps of a class are made by Mesa's code, and that code is known here."""
    own = all(
        inspect.getattr_static(model_cls, name, None) is inspect.getattr_static(Model, name, None)
        for name in _MESAS_OWN
    )
    return own and _digest() in _KNOWN


@functools.cache
def _digest() -> str:
    functions = ((owner, name) for owner, names in _CODE for name in names.split())
    try:
        code = "".join(inspect.getsource(getattr(owner, name)) for owner, name in functions)
    except (AttributeError, OSError, TypeError):  # another Mesa, or installed without its sources
        return ""
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def _shortcut(model: Any) -> Callable[[], Any]:
    """Return what does as `model.step` does."""
    plain = model.step
    if getattr(plain, "__func__", None) is not Model._wrapped_step:
        return plain  # type: ignore[no-any-return]
    planned, generator = model._event_list, model._default_schedule
    function = generator.function()
    if (
        type(planned) is not EventList
        or type(generator) is not EventGenerator
        or generator.schedule != _EVERY_STEP
        or function is None
    ):
        return plain  # type: ignore[no-any-return]
    schedule = generator.schedule
    of_all_models = getattr(model, "_class_subscribers", None)  # since Mesa 4

    def advance() -> None:
        events, event, now = planned._events, generator._current_event, model._time
        until = now + 1
        if (
            len(events) != 1
            or events[0] is not event
            or event.time != until
            or event._canceled
            or type(now) is not float
            or model.subscribers
            or of_all_models
            or generator._paused
            or not generator._active
            or generator.schedule is not schedule
        ):
            plain()
            return
        events.clear()
        model._time = until
        function()
        generator._execution_count += 1
        events = planned._events
        if (
            events
            or generator._current_event is not event
            or model._time is not until
            or generator.schedule is not schedule
        ):
            _finish(model, generator, until)
        else:
            event.time = until + 1.0
            event.unique_id = next(Event._ids)
            events.append(event)

    return advance


def _finish(model: Any, generator: Any, until: float) -> None:
    """Finish a step in which more was planned, as EventGenerator and Model do."""
    next_time = model.time + generator._get_interval()
    if generator._should_stop(next_time):
        generator._active, generator._current_event = False, None
        model._event_generators.discard(generator)
    else:
        generator._schedule_next(next_time)
    while True:
        try:
            event = model._event_list.pop_event()
        except IndexError:
            break
        if not event.time <= until:
            model._event_list.add_event(event)
            break
        model.time = event.time
        event.execute()
    model.time = until
