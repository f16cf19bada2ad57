"""Models that take their parameters as the fields of one object that is no Scenario of Mesa."""

import enum
import typing
from dataclasses import dataclass, field

import mesa
import pydantic
import pytest

import mesa_lab as ml
from mesa_lab.errors import ParameterError
from mesa_lab.preparation.models import REQUIRED, build, signature


class Trade(enum.Enum):
    BAKER = 1
    SMITH = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """How a town is laid out.

    Args:
        houses: How many houses there are.
    """

    houses: int = 10
    share: float = 0.5
    trade: Trade = Trade.BAKER
    names: list[str] = field(default_factory=lambda: ["Ada"])


@dataclass
class Seeded:
    houses: int
    seed: int | None = None


class Pair(typing.NamedTuple):
    houses: int = 3
    share: float = 1.5


class Checked(pydantic.BaseModel):
    houses: int = 4
    share: float = pydantic.Field(0.5, le=1)


class Town(mesa.Model):
    def settle(self, plan):
        self.plan = plan
        reporters = {"houses": lambda m: m.plan.houses, "drawn": lambda m: m.random.random()}
        self.datacollector = mesa.DataCollector(reporters)

    def step(self):
        self.datacollector.collect(self)


class ByDefault(Town):
    def __init__(self, plan=Plan(share=0.25), rng=None):  # noqa: B008
        super().__init__(rng=rng)
        self.settle(plan)


class ByHint(Town):
    def __init__(self, plan: Plan | None = None, rng=None):
        super().__init__(rng=rng)
        self.settle(plan or Plan())


class Required(Town):
    def __init__(self, plan: Seeded):
        super().__init__(rng=plan.seed)
        self.settle(plan)


class Named(Town):
    def __init__(self, plan: Pair = Pair(7)):  # noqa: B008
        super().__init__()
        self.settle(plan)


class Beside(Town):
    def __init__(self, plan: Checked, width: int = 3, rng=None):
        super().__init__(rng=rng)
        self.settle(plan)


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (ByDefault, ["houses", "share", "trade", "names"]),
        (ByHint, ["houses", "share", "trade", "names"]),
        (Required, ["houses"]),
        (Named, ["houses", "share"]),
        (Beside, ["width", "houses", "share"]),
    ],
)
def test_the_fields_are_the_parameters(model, names):
    assert list(signature(model).parameters) == names
    first = build(model, {"houses": 5}, seed=1)
    assert first.plan.houses == 5
    assert first.random.random() == build(model, {"houses": 6}, seed=1).random.random()


def test_defaults_are_those_of_the_default_object():
    takes = signature(ByDefault).parameters
    assert (takes["houses"].default, takes["share"].default, takes["names"].default) == (10, 0.25, ["Ada"])
    assert takes["trade"].choices == ("BAKER", "SMITH")
    assert takes["houses"].doc == "How many houses there are."
    assert build(ByDefault, {"trade": "SMITH"}, seed=1).plan == Plan(share=0.25, trade=Trade.SMITH)
    assert signature(Named).parameters["houses"].default == 7
    assert signature(Required).parameters["houses"].default is REQUIRED


def test_an_experiment_varies_fields(tmp_path):
    file = tmp_path / "town.toml"
    experiment = ml.Experiment(ByHint, {"houses": [1, 2], "trade": Trade.SMITH}, max_steps=1, seed=3)
    experiment.save(file)
    here = ml.run(ml.Experiment.load(file), backend="sequential", progress=False)
    assert here.runs["houses"].tolist() == [1, 2]
    there = ml.run(experiment, n_jobs=2, progress=False)
    assert there.runs["drawn"].tolist() == here.runs["drawn"].tolist()


def test_a_whole_object_holds_its_fields():
    experiment = ml.Experiment(ByDefault, {"plan": Plan(houses=5, names=["Bo"]), "share": [0.1, 0.2]})
    assert experiment.space.fixed == {"houses": 5}
    assert [point["names"] for point in experiment.points()] == [["Bo"], ["Bo"]]
    with pytest.raises(
        ParameterError, match="'plan'.* is a Plan, which cannot be kept as data. Give its fields"
    ):
        ml.Experiment(ByDefault, {"plan": [Plan(), Plan(houses=2)]})


def test_batch_run_takes_objects_and_fields():
    settings = {"rng": [1], "max_steps": 1, "display_progress": False, "number_processes": 1}
    rows = ml.batch_run(ByDefault, {"plan": [Plan(1), Plan(2)]}, **settings)
    assert [(row["plan"], row["houses"]) for row in rows] == [(Plan(1), 1), (Plan(2), 2)]
    rows = ml.batch_run(Required, {"plan": [Seeded(4)]}, **settings)
    assert [row["houses"] for row in rows] == [4]
    rows = ml.batch_run(ByDefault, {"houses": [3]}, **settings)
    assert [row["houses"] for row in rows] == [3]
