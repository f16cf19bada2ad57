"""HTML elements within one another are one widget; what has a life of its own keeps its place."""

import ipyvuetify
import solara

from mesa_lab.app.components.html import HtmlTree, icon, tag
from tests.app.elements import Element, walk


def raw(widget):
    """All widgets below one, as they are sent."""
    for child in widget.children:
        if not isinstance(child, str):
            yield child
            yield from raw(child)


def test_elements_within_one_another_are_one_widget(show):
    @solara.component
    def Page():
        with tag("section", "ml-a", aria_label="A"):
            tag("h1", "", "Title")
            with tag("p"):
                tag("b", "", "strong", icon("mdi-check"))
                tag("span", "", "text")

    (tree,) = (each for each in raw(show(Page()).box) if isinstance(each, HtmlTree))
    assert tree.attributes == {
        "of": [
            "section",
            "ml-a",
            {"aria-label": "A"},
            ["h1", "", {}, "Title"],
            [
                "p",
                "",
                {},
                ["b", "", {}, "strong", ["i", "mdi mdi-check", {"aria-hidden": "true"}]],
                ["span", "", {}, "text"],
            ],
        ]
    }
    assert tree.children == []


def test_a_field_keeps_what_was_typed_when_the_elements_around_it_change(show):
    said = solara.reactive("before")

    @solara.component
    def Page():
        with tag("div"):
            with tag("p"):
                tag("span", "", said.value)
            with tag("div", "ml-row"):
                solara.v.TextField(label="Name")
                tag("span", "", said.value)

    view = show(Page())
    field = view.field("Name")
    field.v_model = "Hedy"
    said.set("after")
    view.until("after")
    assert view.field("Name") is field
    assert field.v_model == "Hedy"
    assert view.text == "after\nName\nafter"


def test_each_component_keeps_its_place_and_its_state(show):
    many = solara.reactive(1)

    @solara.component
    def Counter(name):
        count, set_count = solara.use_state(0)
        button = tag("button", "", f"{name} {count}")
        solara.v.use_event(button, "click", lambda *_: set_count(count + 1))

    @solara.component
    def Page():
        with tag("div"):
            with tag("ul", "first"):
                for number in range(many.value):
                    with tag("li"):
                        Counter(f"a{number}")
            with tag("ul", "second"), tag("li"):
                Counter("b")

    view = show(Page())
    view.press("b 0")
    view.press("a0 0")
    view.until("a0 1")
    many.set(3)
    view.until("a2 0")
    assert [button.children for button in view.tags("button")] == [["a0 1"], ["a1 0"], ["a2 0"], ["b 1"]]
    lists = view.tags("ul")
    assert [len(each.children) for each in lists] == [3, 1]


def test_what_can_be_pressed_or_has_a_key_is_a_widget_of_its_own(show):
    @solara.component
    def Page():
        with tag("div"):
            tag("a", "", "link")
            tag("button", "", "button")
            tag("p", "", "kept").key("kept")
            tag("p", "", "plain")

    box = show(Page()).box
    kinds = [each.attributes["of"][0] for each in raw(box) if isinstance(each, HtmlTree)]
    assert kinds == ["div", "a", "button", "p"]


def test_elements_made_before_they_are_placed_stand_once(show):
    @solara.component
    def Page():
        first = tag("b", "", "made first")
        with tag("div"):
            field = solara.v.TextField(label="Field")
            tag("p", "", first, field)

    view = show(Page())
    assert view.text == "made first\nField"
    assert len(view.widgets(ipyvuetify.TextField)) == 1
    assert [each.tag for each in walk(view.box) if isinstance(each, Element)] == ["div", "p", "b"]


def test_text_that_looks_like_markup_or_a_number_is_text(show):
    @solara.component
    def Page():
        tag("p", "", "<b>0</b>", "0")

    assert show(Page()).text == "<b>0</b>\n0"
