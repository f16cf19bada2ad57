"""A run that is watched is the run of the study: the same values at every step, whatever is drawn in between."""

import textwrap

import pytest

import mesa_lab as ml
from mesa_lab.preparation.models import installed_models
from mesa_lab.running.workers.worker import plan_here
from mesa_lab.study import Study
from mesa_lab.study.records import Task
from mesa_lab.viewing.author_pictures import find_author_pictures
from mesa_lab.viewing.process import _shown
from mesa_lab.viewing.replay import Replay
from mesa_lab.viewing.viewer import _compared, recorded_of

EXAMPLES = [entry.reference for entry in installed_models() if entry.reference.startswith("mesa.examples")]
STEPS = 3

KINDS = '''
    """Five models that draw from the model's generators at each step, with spaces of five kinds."""

    import mesa
    import networkx as nx
    from mesa.discrete_space import CellAgent, HexGrid, Network, OrthogonalMooreGrid
    from mesa.experimental.continuous_space import ContinuousSpace, ContinuousSpaceAgent


    class Walker(CellAgent):
        def step(self):
            self.cell = self.cell.neighborhood.select_random_cell()


    class Moving(mesa.Model):
        """Agents that go from cell to cell."""

        def __init__(self, n=6, rng=None):
            super().__init__(rng=rng)
            self.grid = self.space()
            cells = list(self.grid.all_cells)
            for _ in range(n):
                Walker(self).cell = self.random.choice(cells)
            self.datacollector = mesa.DataCollector({"where": self.where, "chance": lambda m: m.random.random()})

        def where(self):
            cells = list(self.grid.all_cells)
            return sum(cells.index(agent.cell) for agent in self.agents)

        def step(self):
            self.agents.shuffle_do("step")
            self.datacollector.collect(self)


    class OnNetwork(Moving):
        def space(self):
            return Network(nx.path_graph(12), random=self.random)


    class OnHexagons(Moving):
        def space(self):
            return HexGrid((5, 5), random=self.random)


    class OnLayer(Moving):
        def space(self):
            grid = OrthogonalMooreGrid((5, 5), random=self.random)
            grid.create_property_layer("sugar", default_value=0.0)
            grid.sugar.data[:] = self.rng.random((5, 5))
            return grid

        def where(self):
            return float(self.grid.sugar.data.sum())

        def step(self):
            self.grid.sugar.data[:] += self.rng.random((5, 5))
            super().step()


    class InContinuousSpace(mesa.Model):
        def __init__(self, n=6, rng=None):
            super().__init__(rng=rng)
            self.space = ContinuousSpace([[0, 5], [0, 5]], torus=True, random=self.random, n_agents=n)
            for _ in range(n):
                ContinuousSpaceAgent(self.space, self).position = 5 * self.rng.random(2)
            self.datacollector = mesa.DataCollector({"where": lambda m: float(sum(a.position[0] for a in m.agents))})

        def step(self):
            for agent in self.agents:
                agent.position = (agent.position + self.rng.random(2)) % 5
            self.datacollector.collect(self)


    class Nowhere(mesa.Model):
        def __init__(self, n=6, rng=None):
            super().__init__(rng=rng)
            for _ in range(n):
                mesa.Agent(self)
            self.datacollector = mesa.DataCollector({"agents": lambda m: len(m.agents), "chance": lambda m: m.random.random()})

        def step(self):
            if self.random.random() < 0.5:
                mesa.Agent(self)
            self.datacollector.collect(self)
'''
NAMES = ["OnNetwork", "OnHexagons", "InContinuousSpace", "OnLayer", "Nowhere"]


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    path = tmp_path_factory.mktemp("kinds") / "kinds.py"
    path.write_text(textwrap.dedent(KINDS))
    return path


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [*EXAMPLES, *NAMES])
def test_every_step_of_a_watched_run_is_as_in_the_study(kinds, tmp_path, name):
    reference = name if ":" in name else f"{kinds}:{name}"
    path = tmp_path / "some.study"
    experiment = ml.Experiment(reference, {}, replications=2, max_steps=STEPS, seed=8)
    ml.run(experiment, path, n_jobs=1, backend="sequential", progress=False)
    with Study.open(path) as study:
        recorded, task = recorded_of(study, 1), Task._make(next(iter(study.tasks([1]))))
        other = recorded_of(study, 0)
        plan = plan_here(study.experiment.protocol)
    author = find_author_pictures(plan.model_cls)
    assert (author is not None) == (name in EXAMPLES)
    replay = Replay(plan, task, author.model_cls if author else None)
    seen = {}
    for step in range(STEPS + 1):
        replay.go(step)
        # Drawn once in the middle, with the pictures that a page shows; what comes after must not know.
        shown = (
            _shown(replay, author, None)
            if step == 1
            else {"collected": replay.collected(), "problem": replay.problem}
        )
        assert shown["problem"] == ""
        if step == 1:
            assert shown["pictures"]
        seen[step] = _compared(shown["collected"], recorded.get(step, {}))
    assert seen.pop(0) in ("", "equal")
    assert set(seen.values()) == {"equal"}, seen
    if any(
        other[step] != recorded[step] for step in seen
    ):  # another seed is another run, where chance has a part
        assert any(_compared(recorded[step], other[step]) != "equal" for step in seen)


def test_what_else_was_asked_for_is_compared_too(kinds, tmp_path):
    outcomes = {
        "walkers": "count(Walker)",
        "place": "where",
        "most": ml.Outcome("most", "count(Walker)", over="max"),
    }
    experiment = ml.Experiment(f"{kinds}:OnNetwork", {}, outcomes=outcomes, max_steps=STEPS, seed=8)
    path = tmp_path / "some.study"
    ml.run(experiment, path, n_jobs=1, backend="sequential", progress=False)
    with Study.open(path) as study:
        recorded, task = recorded_of(study, 0), Task._make(next(iter(study.tasks([0]))))
        replay = Replay(plan_here(study.experiment.protocol), task)
    replay.go(2)
    assert {"walkers", "place"} <= replay.collected().keys() & recorded[2].keys()
    assert "most" not in replay.collected()
    assert _compared(replay.collected(), recorded[2]) == "equal"
    assert "walkers is 6 here and 7" in _compared(replay.collected(), {"walkers": 7})
