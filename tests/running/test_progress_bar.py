from __future__ import annotations

import io
import sys
import threading
import types

import pytest

from mesa_lab.running import progress_bar
from mesa_lab.running.progress_bar import Progress, Tally, in_notebook


class Clock:
    """A clock that is set by hand."""

    def __init__(self, monkeypatch):
        self.now = 1000.0
        monkeypatch.setattr(progress_bar.time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_rate_and_time_left_follow_the_last_half_minute(clock):
    tally = Tally(1000, finished=100)
    assert (tally.rate, tally.seconds_left) == (None, None)
    clock.now += 50  # workers start
    tally.update(110, 0)
    for _ in range(20):
        clock.now += 2
        tally.update(tally.finished + 20, 0)
    assert tally.rate == 10
    assert tally.seconds_left == (1000 - 510) / 10
    for _ in range(20):
        clock.now += 2
        tally.update(tally.finished + 2, 0)
    assert tally.rate == 1


def test_text_says_all_in_one_line(clock):
    tally = Tally(1, 0)
    assert tally.text == "0 of 1 run"
    tally = Tally(3000, 0)
    tally.update(100, 0)
    clock.now += 1
    tally.update(200, 1)
    assert tally.text == "200 of 3,000 runs, 1 failed, 100 runs/s, 28 s left"
    tally.state = "paused"
    assert tally.text == "200 of 3,000 runs, 1 failed, paused"
    tally.state = "running"
    clock.now += 1
    tally.update(3000, 1)
    assert tally.text.endswith("took 2 s")


def test_a_long_run_is_seen_to_go_on(clock):
    tally = Tally(3, 0)
    clock.now += 1
    assert tally.text == "0 of 3 runs"
    clock.now += 59
    assert tally.text == "0 of 3 runs, 1 min so far"
    tally.update(1, 0)
    clock.now += 60
    assert tally.text == "1 of 3 runs, 2 min so far"
    tally.update(2, 0)
    assert tally.text == "2 of 3 runs, 0.017 runs/s, 1 min left"
    clock.now += 20
    assert tally.text == "2 of 3 runs, 0.017 runs/s, 40 s left"
    clock.now += 60
    assert tally.text == "2 of 3 runs, 0.017 runs/s, 3 min 20 s so far"
    tally.update(3, 0)
    assert tally.text.startswith("3 of 3 runs, ")
    assert tally.text.endswith(", took 3 min 20 s")


def test_a_log_gets_lines_while_nothing_is_finished(clock):
    stream = io.StringIO()
    with Progress(1, show="lines", stream=stream) as shown:
        for _ in range(50):
            clock.now += 3
            shown._view.show()
    lines = stream.getvalue().splitlines()
    assert 4 <= len(lines) <= 8
    assert lines[0] == "0 of 1 run, 3 s so far"
    assert lines[-1] == "0 of 1 run, 2 min 30 s so far"


def test_what_is_shown_moves_on_by_itself(monkeypatch):
    monkeypatch.setattr(progress_bar, "_BEAT_SECONDS", 0.01)
    monkeypatch.setattr(progress_bar, "_LINE_SECONDS", (0.05,))
    monkeypatch.setattr(progress_bar, "_LONG_SECONDS", 0.0)
    written = threading.Event()

    class Stream(io.StringIO):
        def write(self, text):
            if "so far" in text:
                written.set()
            return super().write(text)

    with Progress(1, show="lines", stream=Stream()):
        assert written.wait(60)
    (beating,) = [t for t in threading.enumerate() if t.name == "mesa-lab-progress"] or [threading.Thread()]
    if beating.ident is not None:
        beating.join(60)
    assert not beating.is_alive()


def test_a_log_gets_a_plain_line_now_and_then(clock):
    stream = io.StringIO()
    with Progress(1000, stream=stream) as shown:
        for finished in range(1, 1001):
            clock.now += 0.1
            shown.update(finished)
    lines = stream.getvalue().splitlines()
    assert 4 <= len(lines) <= 8
    assert lines[-1].startswith("1,000 of 1,000 runs")
    assert "\x1b" not in stream.getvalue()


def test_a_terminal_gets_a_bar(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with Progress(10, stream=stream) as shown:
        shown.update(4, failed=1)
        shown.say("paused")
        assert "4 of 10 runs, 1 failed, paused" in stream.getvalue()
        shown.say("running")
        shown.update(10, failed=1)
    assert "100%" in stream.getvalue()


def test_a_notebook_updates_one_output(monkeypatch, clock):
    shown = []
    handle = types.SimpleNamespace(update=lambda view: shown.append(view._repr_html_()))
    fake = types.ModuleType("IPython")
    fake.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    fake.display = types.ModuleType("IPython.display")
    fake.display.display = lambda view, display_id: handle
    monkeypatch.setitem(sys.modules, "IPython", fake)
    monkeypatch.setitem(sys.modules, "IPython.display", fake.display)
    assert in_notebook()
    with Progress(4) as view:
        view.update(1)
        view.update(2)  # too soon to be seen
        clock.now += 1
        view.update(3, failed=1)
    assert len(shown) == 2  # what has not changed is not sent again
    assert 'value="75.0"' in shown[-1]
    assert "3 of 4 runs, 1 failed" in shown[-1]


def test_nothing_is_shown_when_not_wanted():
    stream = io.StringIO()
    with Progress(4, show=False, stream=stream) as shown:
        shown.update(4)
        shown.say("stopped")
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("error", "said"), [(KeyboardInterrupt, "interrupted"), (OSError, "stopped by an error")]
)
def test_the_last_line_says_how_it_ended(error, said):
    stream = io.StringIO()

    def fail():
        with Progress(4, stream=stream) as shown:
            shown.update(1)
            raise error

    with pytest.raises(error):
        fail()
    assert stream.getvalue().splitlines()[-1] == f"1 of 4 runs, {said}"
