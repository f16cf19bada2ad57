"""Steps without the way through Mesa's event list leave a model as Mesa's own steps do, whatever happens in them."""

import copy
import inspect
import warnings
from importlib.metadata import version

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mesa import Model
from mesa.examples import Schelling

from mesa_lab.running.simulation import step as stepping
from mesa_lab.running.simulation.step import has_usual_steps, stepper

KNOWN = version("mesa") in ("3.5.1", "4.0.0a0")
with_known_steps = pytest.mark.skipif(not KNOWN, reason="under this Mesa, steps are its own")

if KNOWN:
    from mesa.time import Priority, Schedule

ACTIONS = {
    "nothing": lambda model: None,
    "an event at once": lambda model: model.schedule_event(model.tick, after=0),
    "an event within the step": lambda model: model.schedule_event(model.tick, after=0.5),
    "an event with the next step": lambda model: model.schedule_event(model.tick, after=1.0),
    "an event before the next step": lambda model: model.schedule_event(
        model.tick, after=1.0, priority=Priority.HIGH
    ),
    "an event later": lambda model: model.schedule_event(model.tick, after=2.5),
    "an event that acts": lambda model: model.schedule_event(model.act, after=1.0),
    "an event that is cancelled": lambda model: model.schedule_event(model.tick, after=1.5).cancel(),
    "recurring events": lambda model: model.schedule_recurring(model.tick, Schedule(interval=0.75, count=3)),
    "stops": lambda model: model._default_schedule.stop(),
    "starts": lambda model: model._default_schedule.start(),
    "pauses": lambda model: model._default_schedule.pause(),
    "resumes": lambda model: model._default_schedule.resume(),
    "another schedule": lambda model: setattr(
        model._default_schedule, "schedule", Schedule(interval=0.5, count=5)
    ),
    "clears the list": lambda model: model._event_list.clear(),
    "tidies the list": lambda model: model._event_list.compact(),
    "a step within the step": lambda model: model.step(),
    "runs on": lambda model: model.run_for(0.5),
    "leaps": lambda model: setattr(model, "time", model.time + 0.25),
    "goes back": lambda model: setattr(model, "time", model.time - 1),
    "the same time": lambda model: setattr(model, "time", float(repr(model.time))),
    "time as a whole number": lambda model: setattr(model, "time", int(model.time)),
    "observes": lambda model: model.observe("time", "changed", model.see),
    "observes no more": lambda model: model.clear_all_subscriptions("time"),
    "copies itself": lambda model: model.log.append(inventory(copy.deepcopy(model))),
    "raises": lambda model: 1 / 0,
}


class Acting(Model):
    """Does what it is told, a list of actions for each of its steps and events that act."""

    def __init__(self, script, at_once=()):
        super().__init__(rng=1)
        self.script, self.log = [], []
        for action in at_once:
            ACTIONS[action](self)
        self.script = list(script)

    def step(self):
        self.note("step")
        self.act()

    def act(self):
        if self.script:
            for action in self.script.pop(0):
                ACTIONS[action](self)

    def tick(self):
        self.note("tick")

    def see(self, message):
        self.note("seen")

    def note(self, what):
        self.log.append((what, repr(self.time), self.random.random(), inventory(self)))


def inventory(model):
    """All that Mesa keeps of time and events."""
    schedule = model._default_schedule
    planned = sorted(model._event_list._events)
    ids = [event.unique_id for event in planned]  # of a counter that all models share
    return (
        repr(model.time),
        getattr(model, "steps", None),
        [(repr(event.time), event.priority, event.CANCELED, called(event)) for event in planned],
        [sorted(ids).index(one) for one in ids],
        (schedule.is_active, schedule._paused, schedule.execution_count, repr(schedule.next_scheduled_time)),
        len(model._event_generators),
    )


def called(event):
    return event.fn and event.fn().__name__


def history(model, advance, steps):
    """What a model and its surroundings can tell after each step."""
    told = []
    for _ in range(steps):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            raised = None
            try:
                advance()
            except Exception as error:
                raised = repr(error)
        told.append((raised, [str(warning.message) for warning in caught], model.log[:], inventory(model)))
        if raised:
            break
    return told


@with_known_steps
@settings(max_examples=300, deadline=None)
@given(
    script=st.lists(st.lists(st.sampled_from(sorted(ACTIONS)), max_size=2), max_size=6),
    at_once=st.lists(st.sampled_from(sorted(ACTIONS.keys() - {"raises", "copies itself"})), max_size=2),
)
def test_a_step_leaves_what_mesas_own_leaves(script, at_once):
    expected, given = Acting(script, at_once), Acting(script, at_once)
    assert history(given, stepper(given), 8) == history(expected, expected.step, 8)


@with_known_steps
@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_alone(action):
    script = [[], [action], [], []]
    expected, given = Acting(script), Acting(script)
    assert history(given, stepper(given), 6) == history(expected, expected.step, 6)


@with_known_steps
def test_the_steps_of_this_mesa_are_known():
    """Otherwise steps take Mesa's own way: right, but slow. Compare Mesa's code with `stepping`, then add its digest."""
    assert has_usual_steps(Model), f"mesa {version('mesa')}: {stepping._digest()}"
    assert has_usual_steps(Schelling)


@with_known_steps
def test_the_event_list_is_left_out_where_nothing_else_is_planned(monkeypatch):
    model = Acting([])
    advance = stepper(model)
    monkeypatch.setattr(type(model._event_list), "pop_event", lambda self: pytest.fail("took an event"))
    for _ in range(3):
        advance()
    assert (model.time, len(model.log)) == (3.0, 3)


@with_known_steps
@pytest.mark.parametrize(
    "name", ["_advance_time", "_wrapped_step", "__setattr__", "__getattribute__", "time"]
)
def test_a_class_that_changes_how_steps_are_made_takes_its_own(name):
    inherited = inspect.getattr_static(Model, name)
    own = 0.0 if name == "time" else lambda self, *args: inherited(self, *args)
    kind = type("Own", (Acting,), {name: own})
    assert not has_usual_steps(kind)
    expected, given = kind([]), kind([])
    assert history(given, stepper(given), 3) == history(expected, expected.step, 3)


class WithoutMesasOwn(Model):
    def __init__(self):
        self.taken = 0

    def step(self):
        self.taken += 1


class WithAStepOfItsInstance(Model):
    def __init__(self):
        super().__init__()
        self.taken = 0
        self.step = self.take

    def take(self):
        self.taken += 1


@pytest.mark.parametrize("kind", [WithoutMesasOwn, WithAStepOfItsInstance])
def test_a_model_that_makes_its_steps_itself_takes_these(kind):
    model = kind()
    advance = stepper(model)
    advance()
    assert model.taken == 1


@with_known_steps
def test_code_of_mesa_that_is_not_known_is_not_replaced(monkeypatch):
    monkeypatch.setattr(stepping, "_digest", lambda: "another")
    has_usual_steps.cache_clear()
    try:
        model = Acting([])
        assert stepper(model) == model.step
    finally:
        has_usual_steps.cache_clear()


@pytest.mark.skipif(KNOWN, reason="the steps of this Mesa are known")
def test_another_mesa_takes_its_own_steps():
    model = Model()
    assert stepper(model) == model.step
