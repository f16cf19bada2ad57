from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field
from typing import Any, Literal

import pytest

from mesa_lab.drafts.design_fields import fields_of, label_of, summary_of
from mesa_lab.errors import DesignError
from mesa_lab.preparation.designs import DESIGNS, Design, LatinHypercube, OneAtATime, Sobol, Table, Union


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.__name__)
def test_every_design_has_a_form_with_help_and_a_sentence_on_when_to_use_it(design):
    assert summary_of(design).endswith(".")
    assert all(form.help and form.label for form in fields_of(design))


def test_controls_fit_the_types_of_the_fields():
    def kinds(design):
        return {form.name: form.kind for form in fields_of(design)}

    assert kinds(LatinHypercube) == {"size": "whole", "optimization": "choice", "strength": "choice"}
    assert kinds(Sobol) == {"size": "whole", "scramble": "flag"}
    assert kinds(OneAtATime) == {"levels": "each", "base": "each"}
    assert kinds(Union) == {"designs": "designs"}
    assert kinds(Table) == {"data": "points"}  # a path would be one on the server's machine
    levels, base = fields_of(OneAtATime)
    assert (levels.common, levels.whole) == (True, True)
    assert (base.common, base.whole) == (False, False)
    optimization = fields_of(LatinHypercube)[1]
    assert optimization.choices == (None, "random-cd", "lloyd")


@dataclass(frozen=True)
class Unusual:
    """For oddities.

    Args:
        share: A share
            over two lines.
    """

    share: float
    steps: Sequence[int] = (1, 2)
    weights: Mapping[str, float] | None = None
    mode: Literal["a", "b"] = "a"
    anything: Any = field(default_factory=list)
    inner: "Sequence[Design]" = ()


def test_a_design_of_others_gets_a_form_too():
    forms = {form.name: form for form in fields_of(Unusual)}
    assert [form.kind for form in forms.values()] == ["number", "value", "each", "choice", "value", "designs"]
    assert forms["share"].help == "A share over two lines."
    assert forms["share"].default is MISSING
    assert forms["anything"].default == []
    assert forms["steps"].hint == "(1, 2)"
    assert forms["steps"].read("(3, 4)") == (3, 4)
    assert forms["steps"].read("") == (1, 2)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("share", "", "Share is missing"),
        ("share", "much", "'much' is not a number"),
        ("mode", "c", "There are: a, b"),
        ("steps", "(1", "bracket"),
    ],
)
def test_a_wrong_answer_is_explained(name, text, said):
    form = next(form for form in fields_of(Unusual) if form.name == name)
    with pytest.raises(DesignError, match=said):
        form.read(text)


def test_a_flag_is_yes_or_no():
    scramble = fields_of(Sobol)[1]
    assert scramble.read("false") is False
    with pytest.raises(DesignError, match="True or False"):
        scramble.read("maybe")


def test_names_of_code_become_headings():
    assert [label_of(name) for name in ("OneAtATime", "max_steps", "CCD", "LHSDesign")] == [
        "One at a time",
        "Max steps",
        "CCD",
        "LHS design",
    ]
