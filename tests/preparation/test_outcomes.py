"""Outcomes as people write them."""

from typing import Any

import pytest

from mesa_lab.errors import OutcomeError
from mesa_lab.preparation.outcome_kinds.agent_statistic import AgentStatistic
from mesa_lab.preparation.outcomes import Outcome, parse_agents, parse_outcomes


def energy(model: Any) -> float:
    return float(model.energy)


def test_nothing_means_the_default() -> None:
    assert parse_outcomes(None) is None


def test_names_functions_and_mappings() -> None:
    assert parse_outcomes("Wolves") == (Outcome("Wolves", "Wolves"),)
    assert parse_outcomes([energy, "R over S"]) == (
        Outcome("energy", energy),
        Outcome("R over S", "R over S"),
    )
    assert parse_outcomes({"alive": "sum(Cell.state)"}) == (Outcome("alive", "sum(Cell.state)"),)


@pytest.mark.parametrize(
    ("text", "statistic"),
    [
        ("count(Wolf)", AgentStatistic("count", "Wolf")),
        ("mean( Wolf.energy )", AgentStatistic("mean", "Wolf", "energy")),
        ("sd(Agent.wealth)", AgentStatistic("sd", "Agent", "wealth")),
        ("R over S", None),
        ("#Traders", None),
        ("package.module:function", None),
    ],
)
def test_statistics_are_read_from_the_text(text: str, statistic: AgentStatistic | None) -> None:
    assert Outcome("x", text).statistic == statistic


def test_functions_are_told_by_where_they_are() -> None:
    assert Outcome("e", energy).text.endswith(":energy")
    assert Outcome("e", "models.wolves:energy").is_reference
    assert not Outcome("e", "energy").is_reference


@pytest.mark.parametrize(
    ("outcomes", "message"),
    [
        ([], "outcomes is empty"),
        (["a", "a"], "Two outcomes are named 'a'"),
        (["mena(Wolf.energy)"], "Unknown statistic 'mena'.*Did you mean 'mean'"),
        (["mean(Wolf)"], r"should read 'mean\(Wolf.attribute\)'"),
        (["count(Wolf.energy)"], r"should read 'count\(Wolf\)'"),
        ([lambda model: 1], "A lambda has no name"),
        ([3], "3 is no outcome"),
        (7, "outcomes is 7"),
        ({"": "Wolves"}, "needs a name"),
        ({"a": 3}, "Outcome 'a' is 3"),
    ],
)
def test_mistakes_are_named(outcomes: Any, message: str) -> None:
    with pytest.raises(OutcomeError, match=message):
        parse_outcomes(outcomes)


def test_agents() -> None:
    assert parse_agents(True) is True
    assert parse_agents(["energy"]) == ("energy",)
    assert parse_agents({"Wolf": ["energy", "pos"]}) == {"Wolf": ("energy", "pos")}
    for wrong in (3, [], {"Wolf": []}, [1]):
        with pytest.raises(OutcomeError, match="Write True|Name what is measured"):
            parse_agents(wrong)
