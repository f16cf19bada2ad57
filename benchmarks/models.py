"""The models that are measured, and how one is made without Mesa Lab.

Each takes its parameters and `rng` as keywords, so that Mesa's own batch_run can run it as well. Bundled models of Mesa
take a scenario instead; the functions at the end make them as anybody would.
"""

from __future__ import annotations

import time
from typing import Any

import mesa
from mesa import Agent, DataCollector, Model
from mesa.examples.advanced.sugarscape_g1mt.model import SugarscapeG1mt
from mesa.examples.basic.boltzmann_wealth_model.model import BoltzmannWealth


def _scenario(module: str, name: str) -> Any:
    """Return a scenario class, or nothing under a Mesa that has none."""
    return getattr(__import__(f"mesa.examples.{module}.model", fromlist=[name]), name, None)


def _make(model: type[Model], scenario: Any, rng: int, parameters: dict[str, Any]) -> Model:
    if scenario is None:
        return model(seed=rng, **parameters)
    return model(scenario=scenario(rng=rng, **parameters))


_BoltzmannScenario = _scenario("basic.boltzmann_wealth_model", "BoltzmannScenario")


class Giver(Agent):
    """Gives one unit of its wealth to somebody at each step, while it has some."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.wealth = 1

    def step(self) -> None:
        if self.wealth > 0:
            self.wealth -= 1
            self.random.choice(self.model.everybody).wealth += 1


class TinyWealth(Model):
    """The Boltzmann model without its grid, whose cells would take nine tenths of the time of so small a model."""

    def __init__(self, n: int = 10, rng: int | None = None) -> None:
        super().__init__(rng=rng)
        self.everybody = list(Giver.create_agents(self, n))
        self.datacollector = DataCollector(
            {"richest": lambda model: max(agent.wealth for agent in model.everybody)}
        )
        self.datacollector.collect(self)

    def step(self) -> None:
        self.agents.shuffle_do("step")
        self.datacollector.collect(self)


class Walker(Agent):
    """An agent that does next to nothing, so that collecting it is what counts."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.wealth = self.unique_id % 7
        self.energy = self.unique_id / 3


class Walkers(Model):
    """Reports two attributes of every agent at every step, by name."""

    reporters: Any = {"wealth": "wealth", "energy": "energy"}  # noqa: RUF012

    def __init__(self, n: int = 1000, rng: int | None = None) -> None:
        super().__init__(rng=rng)
        self.walkers = Walker.create_agents(self, n)
        self.list = list(self.agents)
        self.datacollector = DataCollector(
            model_reporters={"n": lambda model: len(model.list)}, agent_reporters=dict(self.reporters)
        )
        self.datacollector.collect(self)

    def step(self) -> None:
        for agent in self.list:
            agent.energy += 0.5
        self.datacollector.collect(self)


class WalkersByFunction(Walkers):
    """The same, reported by functions."""

    reporters: Any = {"wealth": lambda agent: agent.wealth, "energy": lambda agent: 2 * agent.energy}  # noqa: RUF012


class Series(Model):
    """Ten numbers, and one outcome at every step."""

    def __init__(self, n: int = 10, rng: int | None = None) -> None:
        super().__init__(rng=rng)
        self.levels = [1.0] * n
        self.datacollector = DataCollector({"total": lambda model: sum(model.levels)})
        self.datacollector.collect(self)

    def step(self) -> None:
        place = self.random.randrange(len(self.levels))
        self.levels[place] += self.random.random()
        self.datacollector.collect(self)


class Busy(Model):
    """Works for so many seconds in one step, whatever else the machine does."""

    def __init__(self, seconds: float = 0.001, rng: int | None = None) -> None:
        super().__init__(rng=rng)
        self.seconds = seconds
        self.running = True

    def step(self) -> None:
        end = time.perf_counter() + self.seconds
        while time.perf_counter() < end:
            pass


def boltzmann(rng: int, **parameters: Any) -> Model:
    return _make(BoltzmannWealth, _BoltzmannScenario, rng, parameters)


def schelling(rng: int, **parameters: Any) -> Model:
    return _make(mesa.examples.Schelling, _scenario("basic.schelling", "SchellingScenario"), rng, parameters)


def wolf_sheep(rng: int, **parameters: Any) -> Model:
    scenario = _scenario("advanced.wolf_sheep", "WolfSheepScenario")
    return _make(mesa.examples.WolfSheep, scenario, rng, parameters)


def boids(rng: int, **parameters: Any) -> Model:
    return _make(
        mesa.examples.BoidFlockers, _scenario("basic.boid_flockers", "BoidsScenario"), rng, parameters
    )


def sugarscape(rng: int, **parameters: Any) -> Model:
    return SugarscapeG1mt(rng=rng, **parameters)
