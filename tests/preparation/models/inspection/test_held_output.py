"""What a model prints while it is looked at is not heard; all else is."""

import io
import sys
import threading

from mesa_lab.preparation.models.inspection.held_output import silence


def test_other_threads_are_heard(monkeypatch):
    heard = io.StringIO()
    monkeypatch.setattr(sys, "stdout", heard)
    with silence():
        sys.stdout.write("mine")
        other = threading.Thread(target=lambda: sys.stdout.write("another's\n"))
        other.start()
        other.join()
    sys.stdout.write("after\n")
    assert heard.getvalue() == "another's\nafter\n"


def test_a_stream_that_was_put_in_place_meanwhile_stays(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    later = io.StringIO()
    with silence():
        sys.stdout = later
    assert sys.stdout is later


def test_there_may_be_no_standard_output(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    with silence():
        sys.stdout.write("nowhere")
        sys.stdout.flush()
    assert sys.stdout is None
