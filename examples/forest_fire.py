"""Forest fire: a model in a file of its own, written with nothing but Mesa.

Trees stand on a grid at random. The trees of the left edge are set on fire, and a burning tree sets
fire to its neighbours. Below a critical density the fire dies out in some pocket; above it, the fire
crosses the whole forest. Where the critical density lies depends on who counts as a neighbour: on an
infinite grid it is 0.593 with four neighbours and 0.407 with eight (site percolation on a square
lattice; D. Stauffer and A. Aharony, Introduction to Percolation Theory, 1994).
"""

from typing import Literal

from mesa import DataCollector, Model
from mesa.discrete_space import FixedAgent, OrthogonalMooreGrid, OrthogonalVonNeumannGrid


class Tree(FixedAgent):
    """A tree that stands in one cell and burns once."""

    def __init__(self, model, cell):
        super().__init__(model)
        self.cell = cell
        self.burnt = False


class ForestFire(Model):
    """A fire that spreads from the left edge of a forest, from tree to neighbouring tree.

    Args:
        density: Chance of each cell to hold a tree.
        neighbours: Who catches fire from a burning tree: the 4 nearest cells, or the 8 around it.
        size: Cells along each side of the forest.
        rng: Seed of the model's random numbers.
    """

    def __init__(
        self,
        density: float = 0.6,
        neighbours: Literal[4, 8] = 4,
        size: int = 40,
        rng: int | None = None,
    ):
        super().__init__(rng=rng)
        grid = OrthogonalVonNeumannGrid if neighbours == 4 else OrthogonalMooreGrid
        self.forest = grid((size, size), torus=False, capacity=1, random=self.random)
        for cell in self.forest.all_cells:
            if self.random.random() < density:
                Tree(self, cell)
        self.burning = []
        self.burnt = 0
        self.depth = 0.0
        self.ignite(tree for tree in self.agents if tree.cell.coordinate[0] == 0)
        self.datacollector = DataCollector(
            model_reporters={
                "burnt_share": lambda model: model.burnt / max(len(model.agents), 1),
                "depth": "depth",
            }
        )
        self.datacollector.collect(self)

    def ignite(self, trees):
        """Set fire to those trees that have not burnt yet."""
        self.burning = []
        for tree in trees:
            if not tree.burnt:
                tree.burnt = True
                self.burning.append(tree)
                self.depth = max(self.depth, (tree.cell.coordinate[0] + 1) / self.forest.width)
        self.burnt += len(self.burning)
        self.running = bool(self.burning)

    def step(self):
        """Let every burning tree set fire to its neighbours, then burn out."""
        self.ignite(
            neighbour for tree in self.burning for cell in tree.cell.neighborhood for neighbour in cell.agents
        )
        self.datacollector.collect(self)
