"""Points that are made before a study, within limits of time and memory."""

import pytest

import mesa_lab as ml
from mesa_lab.errors import DesignError, MesaLabError, StudyError
from mesa_lab.preparation.limited_work.limited_process import OutOfLimitsError
from mesa_lab.study import Study
from mesa_lab.workspace import points_limit
from mesa_lab.workspace.access import Access, grant
from mesa_lab.workspace.workspace import Workspace

SCHELLING = "mesa.examples:Schelling"


@pytest.fixture
def visitor(tmp_path):
    grant(Access(local=False, studies=tmp_path, models=(SCHELLING,)))
    yield Workspace(tmp_path / "visitors" / "anna", tmp_path, local=False)
    grant(None)


def test_others_start_nothing_that_is_too_large(visitor, monkeypatch):
    with pytest.raises(StudyError, match=r"2,000,000 runs; at most 1,000,000"):
        visitor.make("large", ml.Experiment(SCHELLING, {"density": [0.5, 0.6]}, replications=10**6))

    def too_long(*_, seconds):
        assert seconds == 20
        raise OutOfLimitsError("Too long.")

    monkeypatch.setattr(points_limit, "run_limited", too_long)
    with pytest.raises(DesignError, match="could not be made within 20 seconds"):
        visitor.make(
            "hard", ml.Experiment(SCHELLING, {"density": ml.from_distribution("zipf", a=1.0001)}, ml.Sobol(8))
        )
    assert visitor.studies() == []


def test_points_made_with_limits_are_those_of_the_study(visitor):
    slow = ml.Experiment(
        SCHELLING,
        {"density": ml.from_distribution("skewnorm", a=2, loc=0.5, scale=0.01)},
        ml.Sobol(4),
        max_steps=1,
    )
    expected = slow.replace().design_matrix()
    ref = visitor.make("slow", slow)
    with Study.open(ref.path) as study:
        assert study.points_frame()["density"].tolist() == expected["density"].tolist()


def test_points_that_are_wrong_say_so_from_their_process():
    with pytest.raises(MesaLabError, match="constraints leave none"):
        points_limit.make_points(
            ml.Experiment(
                SCHELLING,
                {"density": ml.from_distribution("skewnorm", a=2)},
                ml.Sobol(4),
                constraints=["density > 1000"],
            ),
            seconds=60,
        )
