"""Reading in the background: what is shown meanwhile, and that it stops."""

import logging
import threading
import time

import pytest
import solara

from mesa_lab.app.hooks import use_background
from mesa_lab.app.hooks.use_background import Reader, use_fresh
from mesa_lab.errors import StudyError


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def reader():
    """A function that makes a reader; it ends with the test."""
    made = []

    def make(read, **more):
        made.append(Reader(read, **more))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def test_it_reads_at_once_when_poked_and_after_a_while(reader):
    waits, times = [None, 0.01, None], []

    def read():
        times.append(1)
        return waits[len(times) - 1]

    each = reader(read)
    until(lambda: len(times) == 1)
    each.poke()
    until(lambda: len(times) == 3)


def test_a_mistake_does_not_end_it(reader, monkeypatch, caplog):
    monkeypatch.setattr(use_background, "_AWAY_SECONDS", 0.01)
    calls = []

    def read():
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("odd")

    with caplog.at_level(logging.ERROR):
        reader(read)
        until(lambda: len(calls) == 2)
    assert "could not be brought up to date" in caplog.text


def test_nothing_is_read_while_nobody_looks(reader, monkeypatch):
    looked_at, calls = threading.Event(), []
    monkeypatch.setattr(use_background, "_AWAY_SECONDS", 0.01)
    monkeypatch.setattr(use_background, "is_looked_at", looked_at.is_set)
    reader(lambda: calls.append(1))
    time.sleep(0.1)
    assert calls == []
    looked_at.set()
    until(lambda: calls == [1])


def test_its_end_comes_last_in_its_own_thread():
    ends = []
    each = Reader(lambda: None, at_end=lambda: ends.append(threading.current_thread().name))
    each.stop()
    until(lambda: ends == ["mesa-lab-reader"])


@solara.component
def Panel(read, version, topic):
    found = use_fresh(lambda: read(version.value, topic.value), version.value, topic=topic.value, least=0)
    solara.Text(f"{found.value} {found.problem} {'pending' if found.pending else 'here'}")


def test_the_old_stays_while_the_new_is_read_and_goes_when_something_else_is_wanted(show):
    version, topic, gate = solara.reactive(1), solara.reactive("a"), threading.Event()
    gate.set()

    def read(number, name):
        assert gate.wait(60)
        if number == 3:
            raise StudyError("It is gone.")
        return f"{name}{number}"

    view = show(Panel(read, version, topic))
    view.until("a1  here")
    gate.clear()
    version.value = 2
    assert "a1  here" in view.text
    gate.set()
    view.until("a2  here")
    gate.clear()
    topic.value = "b"
    view.until("None  pending")
    gate.set()
    view.until("b2  here")
    version.value = 3
    view.until("b2 It is gone. here")
