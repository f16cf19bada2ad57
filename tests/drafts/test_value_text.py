import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesa_lab.drafts.value_text import parse_number, parse_value, parse_values, show_value, show_values
from mesa_lab.errors import ParameterError

finite = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
nests = st.recursive(
    finite, lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner), max_leaves=5
)
values = nests | st.just(math.inf) | st.just(-math.inf)


@given(values)
def test_any_value_is_read_back_as_it_was_shown(value):
    again = parse_value(show_value(value))
    assert again == value
    assert type(again) is type(value)


@given(st.lists(values, max_size=5))
def test_so_is_any_list_of_values(listed):
    assert parse_values(show_values(listed)) == listed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("30", 30),
        (" 0.5 ", 0.5),
        ("1e-3", 0.001),
        ("TRUE", True),
        ("False", False),
        ("none", None),
        ("Von Neumann", "Von Neumann"),
        ("'30'", "30"),
        ("007", "007"),
        ("(1, 2)", (1, 2)),
        ("{'a': 1}", {"a": 1}),
        ("{1, 2}", "{1, 2}"),
        ("__import__('os')", "__import__('os')"),
        ("<img onerror=x>", "<img onerror=x>"),
        ("'{{ 1 }}'", "{{ 1 }}"),
    ],
)
def test_what_people_type_is_read_as_they_mean_it(text, value):
    assert parse_value(text) == value


def test_none_of_it_is_evaluated_and_endless_texts_are_refused():
    with pytest.raises(ParameterError, match="10,001 characters"):
        parse_value("(" * 10_001)
    with pytest.raises(ParameterError, match="close the bracket"):
        parse_value("(" * 9_000)
    assert math.isinf(parse_value("-inf"))


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "Write a value"), ("[1, 2", "close the bracket"), ("'a", "quote"), ("{{ 1 }}", "quotes around")],
)
def test_a_broken_value_is_explained(text, said):
    with pytest.raises(ParameterError, match=said):
        parse_value(text)


def test_a_list_may_stand_on_several_lines_and_hold_texts_with_an_apostrophe():
    assert parse_values("a;b\nc,, 'x, y', don't, (1, 2)") == ["a", "b", "c", "x, y", "don't", (1, 2)]


@pytest.mark.parametrize(
    ("text", "whole", "value"),
    [("5", False, 5), ("5", True, 5), ("1e3", True, 1000), ("1 000", True, 1000), ("−2.5", False, -2.5)],
)
def test_numbers_are_read(text, whole, value):
    number = parse_number(text, whole=whole)
    assert number == value
    assert type(number) is type(value)


@pytest.mark.parametrize(
    ("text", "whole", "said"),
    [
        ("", False, "Write a number"),
        ("", True, "Write a whole number"),
        ("0,5", False, "write 0.5"),
        ("abc", False, "'abc' is not a number"),
        ("2.5", True, "2.5 is not a whole number"),
        ("inf", False, "not a number"),
        ("nan", True, "not a whole number"),
    ],
)
def test_what_is_no_number_is_explained(text, whole, said):
    with pytest.raises(ParameterError, match=said):
        parse_number(text, whole=whole)
