import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesa_lab.errors import ExperimentError
from mesa_lab.preparation.expressions.parse import compile_expression

NOW = {"a": 2, "b": 3.5, "t": "x", "n": None, "yes": True, "zero": 0, "b c": 4, "größe": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a + b * 2", 9.0),
        ("a - b / 2", 0.25),
        ("7 // a", 3),
        ("7 % a", 1),
        ("a ** 10", 1024),
        ("-a", -2),
        ("+a", 2),
        ("a < b", True),
        ("1 < a <= 2 < b", True),
        ("1 < a < 2", False),
        ("a == 2 and b == 3.5", True),
        ("a == 3 or yes", True),
        ("not yes", False),
        ("a in (1, 2)", True),
        ("a not in [1, 2]", False),
        ("t in {'x', 'y'}", True),
        ("t == 'x'", True),
        ('t != "x"', False),
        ("n is None", True),
        ("n is not None", False),
        ("n == None", True),
        ("yes == True", True),
        ("t == 3", False),
        ("abs(-3) + min(a, b) + max(1, 2)", 7),
        ("round(b) + floor(b) + ceil(b)", 11),
        ("round(2.345, 1)", 2.3),
        ("sqrt(16) + exp(0) + log(1) + log(8, 2)", 8.0),
        ("len(t)", 1),
        ("`b c` > a", True),
        ("größe == 1", True),
        ("zero == 0 or 1 / zero > 3", True),
        ("zero != 0 and 1 / zero > 3", False),
        ("n is None or n < 3", True),
        ("a\n<\nb", True),
        ("t == 'a `b` = c'", False),
        ("1e3 > 999.5", True),
        ("yes + yes", 2),
    ],
)
def test_single_values(text: str, value: object) -> None:
    result = compile_expression(text).evaluate(NOW)
    assert result == value
    assert type(result) is type(value)


def test_names_in_order_of_appearance() -> None:
    assert compile_expression("b < a + `b c` and b > 1").names == ("b", "a", "b c")
    assert compile_expression("1 < 2").names == ()


def test_statistics_over_agents_are_names() -> None:
    expression = compile_expression("count(Wolf) == 0 or min(Wolf.energy) < 3 or min(a, 2) > 5")
    assert expression.names == ("count(Wolf)", "min(Wolf.energy)", "a")
    assert expression.evaluate({"count(Wolf)": 0, "min(Wolf.energy)": 9, "a": 1}) is True


COLUMNS = {
    "a": np.array([1, 2, 3]),
    "b": np.array([2.0, 2.0, 2.0]),
    "yes": np.array([True, False, True]),
    "t": np.array(["x", "y", "x"], dtype=object),
    "gap": np.array([1, None, 5], dtype=object),
    "zero": np.array([0, 1, 2]),
}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a < b", [True, False, False]),
        ("0 < a < 3", [True, True, False]),
        ("a in (1, 3)", [True, False, True]),
        ("a not in (1, 3)", [False, True, False]),
        ("yes", [True, False, True]),
        ("not yes", [False, True, False]),
        ("t == 'x' and a > 1", [False, False, True]),
        ("t in ('y', 'z') or a == 1", [True, True, False]),
        ("gap is None or gap < 3", [True, True, False]),
        ("gap is not None", [True, False, True]),
        ("zero == 0 or 4 // zero == 4", [True, True, False]),
        ("max(a, b) == 2", [True, True, False]),
        ("abs(a - 2) + sqrt(a) > 2", [False, False, True]),
        ("len(t) == 1", [True, True, True]),
        ("1 < 2", [True, True, True]),
        ("a * a == 9", [False, False, True]),
        ("a ** 2 >= 4", [False, True, True]),
        ("yes + a == 2", [True, True, False]),
        ("round(a / 2) == 1", [False, True, False]),
    ],
)
def test_columns(text: str, rows: list[bool]) -> None:
    expression = compile_expression(f"({text}) and (a < 9)")
    result = expression.evaluate(COLUMNS)
    assert result.dtype == bool
    assert result.tolist() == rows


@given(
    st.lists(
        st.tuples(st.integers(-50, 50), st.integers(1, 50), st.booleans(), st.sampled_from(["x", "y", None])),
        min_size=1,
    ),
    st.sampled_from(
        [
            "a < b",
            "a % b == 1 or flag",
            "a // b < 2 and not flag",
            "name == 'x' or (name is None and a > 0)",
            "-3 <= a - b <= 3",
            "min(a, b) ** 2 > max(a, b)",
            "a in (1, 2, b)",
            "round(a / b) > 1",
        ]
    ),
)
def test_columns_agree_with_single_values(rows: list[tuple], text: str) -> None:
    names = ("a", "b", "flag", "name")
    expression = compile_expression(text)
    columns = {}
    for name, values in zip(names, zip(*rows, strict=True), strict=True):
        columns[name] = np.array(values, dtype=object if name == "name" else None)
    singly = [expression.evaluate(dict(zip(names, row, strict=True))) for row in rows]
    assert expression.evaluate(columns).tolist() == singly


def test_large_integers_in_columns_do_not_wrap_round() -> None:
    columns = {"a": np.array([5_000_000_000]), "b": np.array([5_000_000_000])}
    assert compile_expression("a * b > 0 and a ** 3 > 0").evaluate(columns).tolist() == [True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Write one such as"),
        ("   ", "Write one such as"),
        (3, "The expression is 3"),
        ("a <", r"does not parse.*At its end"),
        ("a = 3", "Write '==' to compare"),
        ("a && b", r"Write 'and' instead of '&'.*At character 4"),
        ("a & b", "Write 'and'"),
        ("a || b", "Write 'or'"),
        ("!a", "Write 'not'"),
        ("a <> b", "Write '!=', '<=' or '>='"),
        ("a ^ b", "Write 'and', 'or' or"),
        ("a < 3)", "does not parse"),
        ("(a < 3", "never closed"),
        ("`` < 3", "no name in it"),
        ("a.b < 3", r"a name with a dot.*At character 1: 'a.b"),
        ("b < a.__class__", "At character 5"),
        ("__import__('os').system('true')", "by their plain name"),
        ("__import__('os')", "calls '__import__'"),
        ("foo(3)", "calls 'foo'. Did you mean 'floor'"),
        ("sqrt(1, 2)", "calls 'sqrt' with 2 values"),
        ("max(*a)", "calls 'max'"),
        ("round(a, ndigits=1)", "plain name only"),
        ("(lambda: 1)()", "plain name only"),
        ("lambda: 1", "may not contain a function"),
        ("[x for x in a]", "may not contain a ListComp"),
        ("a[0]", "square brackets"),
        ("{1: 2}", "may not contain a dict"),
        ("f'{a}'", "f-string"),
        ("1 if a else 2", "Write it with 'and' and 'or'"),
        ("(a := 3)", "an assignment"),
        ("~a", "this operator"),
        ("a in b", "needs a list after 'in'"),
        ("a is b", "with None, True and False only"),
        ("b'x' == a", "may not contain a Constant"),
        ("1j < a", "may not contain a Constant"),
        ("import os", "does not parse"),
        ("a; b", "does not parse"),
        ("a\x00", "does not parse"),
        ("a < 1 " * 500, "3000 characters"),
        ("not " * 150 + "a", "nested too deeply"),
        ("(" * 200 + "a" + ")" * 200, "does not parse"),
        ("-" * 900 + "a", "nested too deeply"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        compile_expression(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("t < 3", r"cannot be worked out where t = 'x': '<' does not compare 'x' \(text\) with 3"),
        ("t + 1 > 2", r"'\+' needs numbers, not 'x'"),
        ("t * 99 == t", "needs numbers"),
        ("n > 1", "does not compare None with 1"),
        ("a / zero > 1", "where a = 2, zero = 0: division by zero"),
        ("9 ** 9 ** 9 > 1", "is too large"),
        ("2 ** 600 * 2 ** 600 > 1", "is too large"),
        ("(-8) ** 0.5 > 1", "is no real number"),
        ("log(0) > 1", "cannot be worked out"),
        ("exp(99999) > 1", "cannot be worked out"),
        ("wolves > 1", "speaks of 'wolves', which has no value"),
        ("yess", "Did you mean 'yes'"),
    ],
)
def test_what_cannot_be_worked_out(text: str, message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        compile_expression(text).evaluate(NOW)


def test_a_column_that_cannot_be_worked_out_names_the_row() -> None:
    with pytest.raises(ExperimentError, match="where gap = None: '<' does not compare None with 3"):
        compile_expression("gap < 3").evaluate(COLUMNS)


@given(st.text(alphabet="ab()<>=!&|+-*/%`'\"., 019_\\\nandornoti", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        expression = compile_expression(text)
        expression.evaluate(dict.fromkeys(expression.names, 1))
    except ExperimentError:
        pass


def test_equal_and_pickled_by_text() -> None:
    expression = compile_expression("a < `b c`")
    assert pickle.loads(pickle.dumps(expression)) == expression == compile_expression("a < `b c`")
    assert repr(expression) == "Expression(text='a < `b c`', names=('a', 'b c'))"


def test_deep_chains_stay_within_python() -> None:
    with pytest.raises(ExperimentError, match="nested too deeply"):
        compile_expression("+".join(["a"] * 400))
