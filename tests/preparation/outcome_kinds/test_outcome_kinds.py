"""The list of outcome kinds, and what becomes of kinds of other packages that are none."""

import importlib.metadata
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from mesa_lab.errors import OutcomeError
from mesa_lab.preparation.outcome_kinds import OutcomeKind, installed_kinds, source_of
from mesa_lab.preparation.outcome_kinds.agent_statistic import AgentStatistic
from mesa_lab.preparation.outcome_kinds.function import Function, FunctionReference
from mesa_lab.preparation.outcome_kinds.model_value import ModelValue
from mesa_lab.preparation.outcomes import Outcome


class Entry:
    name = "mine"
    value = "my_package:KIND"

    def __init__(self, loaded: Any) -> None:
        self.loaded = loaded

    def load(self) -> Any:
        if isinstance(self.loaded, Exception):
            raise self.loaded
        return self.loaded


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def offered(*loaded: Any) -> None:
        installed_kinds.cache_clear()
        entries = {"mesa_lab.outcomes": [Entry(each) for each in loaded]}
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: entries.get(group, []))

    yield offered
    installed_kinds.cache_clear()


def refuse(text: str) -> Any:
    raise AssertionError(text)


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ("Wolves", ModelValue("Wolves")),
        (" Wolves ", ModelValue("Wolves")),
        ("R over S", ModelValue("R over S")),
        ("count( Wolf )", AgentStatistic("count", "Wolf")),
        ("package.module:function", FunctionReference("package.module:function")),
        (len, Function(len)),
    ],
)
def test_a_text_is_of_one_kind(given: Any, source: Any) -> None:
    assert source_of(given) == source
    sent = pickle.loads(pickle.dumps(Outcome("x", given)))
    assert sent == Outcome("x", given)
    assert sent.__dict__["parsed"] == source  # is not read again in each process


def test_other_packages_are_not_asked_about_what_is_known(offer: Any) -> None:
    offer(OutcomeKind("mine", refuse))
    for text in ("Wolves", "mean(Wolf.energy)", "package.module:function"):
        source_of(text)
    with pytest.raises(AssertionError, match="R over S"):
        source_of("R over S")


def test_what_is_no_kind_is_named(offer: Any) -> None:
    offer(ImportError("No module named 'my_package'"))
    with pytest.raises(OutcomeError, match=r"'mine' of the package 'my_package:KIND' cannot be imported"):
        source_of("R over S")
    offer(7)
    with pytest.raises(OutcomeError, match=r"'mine' \(my_package:KIND\) is no OutcomeKind"):
        source_of("R over S")
