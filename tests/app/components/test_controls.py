"""The controls that forms are made of."""

from types import SimpleNamespace

import solara

from mesa_lab.app.components import controls
from mesa_lab.app.components.controls import TextInput


def test_a_page_drawn_late_takes_no_letter_back(show):
    """What somebody typed while a page was drawn stays, whatever the page held; what comes from elsewhere is shown."""
    texts = []
    text = solara.reactive("")

    @solara.component
    def Page():
        TextInput("Name", text.value, texts.append)
        TextInput("Lines", text.value, texts.append, lines=3)

    view = show(Page())
    for label in ("Name", "Lines"):
        field = view.field(label)
        for typed in ("a", "ab", "abc"):
            field.set_state({"v_model": typed})
        field.v_model = "ab"
        assert field.v_model == "abc"
        field.v_model = "from a file"
        assert field.v_model == "from a file"
    assert texts[:3] == ["a", "ab", "abc"]


def test_a_text_that_a_page_held_long_does_not_take_the_place_of_a_new_one(show, monkeypatch):
    """A filter that was typed while a page was drawn, a while after the filter before it, was lost."""
    clock = [100.0]
    monkeypatch.setattr(controls, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    texts = []
    field = show(TextInput("Filter", "", texts.append)).field("Filter")
    field.set_state({"v_model": "density > 0.7"})
    field.v_model = "density > 0.7"  # by the page
    clock[0] += 60
    field.set_state({"v_model": "densty > 1"})
    field.v_model = "density > 0.7"  # by the page that is still being drawn
    assert field.v_model == "densty > 1"
    assert texts == ["density > 0.7", "densty > 1"]


def test_a_text_may_come_back_once_the_page_holds_the_latest(show):
    text = solara.reactive("")

    @solara.component
    def Page():
        TextInput("Name", text.value, text.set)

    view = show(Page())
    field = view.field("Name")
    for typed in ("a", "", "ab"):
        field.set_state({"v_model": typed})
        assert (field.v_model, text.value) == (typed, typed)
    text.set("")  # as a form does once it is sent
    assert field.v_model == ""


def test_a_text_may_come_back_later(show, monkeypatch):
    monkeypatch.setattr("mesa_lab.app.components.controls._LATE", 0.0)
    view = show(TextInput("Name", "", lambda text: None))
    field = view.field("Name")
    for typed in ("a", "ab"):
        field.set_state({"v_model": typed})
    field.v_model = "a"
    assert field.v_model == "a"


def test_letters_that_come_after_enter_belong_to_the_text(show):
    """The browser holds letters back while it waits for an answer to those before, but not that Enter was pressed."""
    text, entered = solara.reactive(""), []

    @solara.component
    def Page():
        TextInput("Name", text.value, text.set, on_enter=entered.append)

    view = show(Page())
    field = view.field("Name")
    field.set_state({"v_model": "H"})
    field.fire_event("keydown.enter", {})
    field.set_state({"v_model": "Hedy"})
    view.until(lambda: entered == ["Hedy"])
    text.set("from a file")
    field.fire_event("keydown.enter", {})
    view.until(lambda: entered == ["Hedy", "from a file"])
