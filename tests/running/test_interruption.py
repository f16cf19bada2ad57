"""The first signal interrupts; those that follow at once do not, and what is not ours to handle is left alone."""

import os
import signal
import threading

import pytest

from mesa_lab.running import interruption
from mesa_lab.running.interruption import ENDING, Interruption


@pytest.fixture(autouse=True)
def handlers():
    before = {number: signal.getsignal(number) for number in ENDING}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number=signal.SIGINT):
    os.kill(os.getpid(), number)


def test_the_first_interrupts_and_the_next_do_not():
    with Interruption() as asked:
        with pytest.raises(KeyboardInterrupt, match="Ctrl-C"):
            send()
        for _ in range(4):
            send()
    assert asked.came == signal.SIGINT
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        send()


def test_one_that_comes_much_later_interrupts_again(monkeypatch):
    """A model may have caught the first."""
    with Interruption():
        with pytest.raises(KeyboardInterrupt):
            send()
        send()
        monkeypatch.setattr(interruption, "PATIENCE", 0.0)
        with pytest.raises(KeyboardInterrupt):
            send()


@pytest.mark.parametrize("number", ENDING)
def test_a_program_hears_all_that_ask_it_to_end(number):
    with Interruption(ENDING, for_good=True) as asked, pytest.raises(KeyboardInterrupt) as caught:
        send(number)
    assert asked.came == number
    assert str(caught.value) == ("Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name)
    send(number)  # its own end is not interrupted
    assert signal.getsignal(number) == signal.SIG_IGN


def test_a_library_leaves_other_signals_and_other_handlers_alone():
    heard = []
    signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    own = signal.getsignal(signal.SIGINT)
    term = signal.getsignal(signal.SIGTERM)
    with Interruption() as asked:
        assert signal.getsignal(signal.SIGINT) is own
        assert signal.getsignal(signal.SIGTERM) == term
        send()
    assert heard == [signal.SIGINT]
    assert asked.came is None


def test_what_is_ignored_stays_ignored():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    with Interruption(ENDING, for_good=True):
        send(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_in_another_thread_nothing_is_changed():
    found = []

    def enter():
        with Interruption():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


def test_within_another_it_leaves_that_in_place():
    with Interruption() as outer:
        handler = signal.getsignal(signal.SIGINT)
        with Interruption():
            assert signal.getsignal(signal.SIGINT) == handler
        with pytest.raises(KeyboardInterrupt):
            send()
    assert outer.came == signal.SIGINT
