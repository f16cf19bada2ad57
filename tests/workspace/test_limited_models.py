"""`--models` limits what can be chosen, opened and run, also on one's own machine."""

import pytest

import mesa_lab as ml
from mesa_lab.drafts.draft import Draft
from mesa_lab.errors import ModelError
from mesa_lab.preparation.code_permission import parse_reference
from mesa_lab.workspace import access
from mesa_lab.workspace.access import Access
from mesa_lab.workspace.trust import is_trusted, offered_models, trust, untrusted

SCHELLING, WOLVES = "mesa.examples:Schelling", "mesa.examples:WolfSheep"


@pytest.fixture(params=[True, False], ids=["local", "for others"])
def limited(request, tmp_path):
    access.grant(Access(request.param, tmp_path, (SCHELLING,)))
    yield
    access.grant(None)


def test_only_the_listed_models_are_offered_and_nothing_else_opens(limited) -> None:
    assert [entry.reference for entry in offered_models()] == [SCHELLING]
    assert is_trusted(SCHELLING)
    trust(WOLVES)
    trust("my_model.py")
    assert not is_trusted(WOLVES)
    assert not is_trusted("my_model.py")
    assert not access.access().opens_code
    assert [code.text for code in untrusted(Draft(SCHELLING, outcomes=(("", "os:getcwd"),)))] == ["os:getcwd"]


def test_what_is_not_listed_does_not_run(limited) -> None:
    access.check(ml.Experiment(SCHELLING, {"density": [0.5, 0.8]}))
    with pytest.raises(ModelError, match="not offered here. These models are: mesa.examples:Schelling"):
        access.check(ml.Experiment(WOLVES, {"initial_sheep": [5, 8]}))
    with pytest.raises(ModelError, match="'os:getcwd' is not offered here"):
        access.check(ml.Experiment(SCHELLING, {"density": [0.5, 0.8]}, outcomes=["os:getcwd"]))


def test_without_a_list_a_local_app_offers_all_and_opens_files(tmp_path) -> None:
    access.grant(Access(True, tmp_path))
    try:
        assert len(offered_models()) > 5
        trust("my_model.py:Own")
        assert access.is_allowed(parse_reference("my_model.py:Own"))
    finally:
        access.grant(None)
