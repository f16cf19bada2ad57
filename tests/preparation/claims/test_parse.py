"""The language of claims: what it takes, what it refuses, and that it runs nothing."""

import pickle

import pytest

import mesa_lab as ml
from mesa_lab.errors import ClaimError, ExperimentError
from mesa_lab.preparation.claims.claim import Claim, parse_claims
from mesa_lab.preparation.claims.parse import Comparison, Joined, Negated, parse_claim
from mesa_lab.preparation.experiment_file.python_script import to_python
from mesa_lab.preparation.experiment_file.read import from_toml
from mesa_lab.preparation.experiment_file.write import to_toml


def test_a_comparison_holds_its_quantity_and_its_number():
    found = parse_claim("sensitivity('Wolves', level=0.9).total['wolf gain'] >= 0.3")
    assert isinstance(found, Comparison)
    assert (found.symbol, found.number) == (">=", 0.3)
    quantity = found.quantity
    assert (quantity.function, quantity.subject, quantity.attribute, quantity.key) == (
        "sensitivity",
        "Wolves",
        "total",
        "wolf gain",
    )
    assert quantity.options == (("level", 0.9),)


def test_a_number_may_stand_on_either_side_and_between():
    assert parse_claim("-3 < mean('y')").symbol == ">"
    assert parse_claim("-3 < mean('y')").number == -3
    both = parse_claim("9 < mean('y') <= 11")
    assert isinstance(both, Joined)
    assert both.all_of
    assert [(part.symbol, part.number) for part in both.parts] == [(">", 9), ("<=", 11)]


def test_statements_are_joined():
    found = parse_claim("mean('y') > 1 or not (share('y > 2', grass=True) < 0.5 and mean('y', a=None) < 2)")
    assert isinstance(found, Joined)
    assert not found.all_of
    assert isinstance(found.parts[1], Negated)
    assert [each.function for each in found.quantities] == ["mean", "share", "mean"]
    assert found.quantities[1].options == (("grass", True),)


def test_a_claim_may_run_over_lines():
    assert parse_claim("mean('y')\n  > 1").number == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Write a comparison"),
        (5, "Write a comparison"),
        ("mean('y')", "is no comparison"),
        ("mean('y') == 3", "An estimate equals no number"),
        ("mean('y') > mean('z')", "compares two quantities"),
        ("1 < 2", "compares two numbers"),
        ("mean('y') >", "does not parse"),
        ("y > 3", "neither a number nor a quantity"),
        ("mean(y) > 3", "no plain value"),
        ("mean('y', 'z') > 3", "more than an outcome"),
        ("mean('y', **{}) > 3", "more than an outcome"),
        ("mean(3) > 3", "Name an outcome as text"),
        ("share() > 3", "does not say of what"),
        ("mean('y').low > 3", "which is a number itself"),
        ("compare('y') > 3", "which number of the answer is meant"),
        ("sensitivity('y')['a'] > 3", "a row without a column"),
        ("sensitivity('y').__class__ > 3", "begins with an underscore"),
        ("sensitivity('y').total.mean() > 3", "neither a number nor a quantity"),
        ("().__class__.__bases__[0] > 3", "neither a number nor a quantity"),
        ("__import__('os').system('touch gone') > 3", "neither a number nor a quantity"),
        ("mean('y') > 1e999", "too large"),
        ("mean('y') > 9" + "9" * 400, "too large"),
        ("[mean('y') for y in 'abc'] > 3", "neither a number nor a quantity"),
        ("mean('y', a=[1]) > 3", "no plain value"),
        ("mean('y') > 3; mean('y') > 2", "does not parse"),
        ("mean('y') > " + "3" * 2000, "more than 1,000 characters"),
        (" and ".join(["mean('y')>1"] * 200)[:999] + "1", "too many parts|does not parse|1,000 characters"),
        ("not " * 240 + "mean('y') > 3", "too many parts|does not parse"),
        ("(" * 300 + "mean('y') > 3" + ")" * 300, "does not parse"),
    ],
)
def test_what_is_no_claim_is_refused(text, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ClaimError, match=message):
        parse_claim(text)
    assert not list(tmp_path.iterdir())


def experiment(claims):
    return ml.Experiment("mesa.examples:Schelling", {"density": [0.5, 0.8]}, claims=claims, max_steps=5)


CLAIMS = [
    {"name": "happy in the end", "holds": "mean('happy') > 100"},
    {
        "name": 'odd [name] = "x" \\ y',
        "holds": "share('happy > 3', density=0.8) > 0.5\nand mean(\"happy\") < 1e6",
    },
]


def test_claims_come_back_from_a_file_a_script_and_a_worker():
    before = experiment(CLAIMS)
    assert [claim.name for claim in before.claims] == [each["name"] for each in CLAIMS]
    text = to_toml(before)
    assert text.count("[[claims]]") == 2
    assert from_toml(text, ml.Experiment) == before
    scope = {}
    exec(to_python(before), scope)
    assert scope["experiment"].claims == before.claims
    assert pickle.loads(pickle.dumps(before.claims)) == before.claims


def test_claims_change_no_run():
    plain, claimed = experiment(()), experiment(CLAIMS)
    assert [each.seed for each in plain.configurations()] == [each.seed for each in claimed.configurations()]


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ("mean('y') > 3", "Give a list"),
        (["mean('y') > 3"], "is no claim"),
        ([{"name": "a"}], "does not say what holds"),
        ([{"name": "a", "hold": "mean('y') > 3"}], "Did you mean 'holds'"),
        (
            [{"name": "a", "holds": "mean('y') > 3"}, {"name": "a", "holds": "mean('y') > 4"}],
            "Two claims are named 'a'",
        ),
        ([{"name": "bad", "holds": "mean('y')"}], "The claim 'bad'"),
        ([{"name": "x" * 2000, "holds": "mean('y') > 1"}], "needs a name"),
    ],
)
def test_claims_that_are_none_are_refused(claims, message):
    with pytest.raises(ClaimError, match=message):
        parse_claims(claims)


def test_a_mistake_in_a_file_is_said_with_the_file():
    with pytest.raises(ExperimentError, match="claims is"):
        from_toml('model = "m:M"\nclaims = 3\n', ml.Experiment)
    with pytest.raises(ClaimError, match="does not parse"):
        from_toml('model = "m:M"\n[[claims]]\nname = "a"\nholds = "mean("\n', ml.Experiment)


def test_a_name_may_be_left_out():
    assert parse_claims([{"holds": "mean('y') > 3"}]) == (Claim("mean('y') > 3", "mean('y') > 3"),)
