"""Which outcomes are asked for never changes a run: it goes as it does with Mesa alone, whatever its reporters do."""

import math
import random
import sys
from pathlib import Path

import mesa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesa_lab.preparation.models import build, load_model
from mesa_lab.preparation.run_configuration import RunConfiguration
from mesa_lab.running.cells import cell
from mesa_lab.running.simulation.simulate import simulate

Town = load_model(f"{Path(__file__).parents[2] / 'fixtures' / 'disturbing_models.py'}:Town")
KINDS = sys.modules[Town.__module__]
MODEL_REPORTERS, AGENT_REPORTERS, TYPE_REPORTERS = (
    KINDS.MODEL_REPORTERS,
    KINDS.AGENT_REPORTERS,
    KINDS.TYPE_REPORTERS,
)
SEED = 7
# Mesa 3.4 calls a partial function without the model.
NAMES = [name for name in MODEL_REPORTERS if name != "partial" or not mesa.__version__.startswith("3.4")]
WHEN = [("set-up", "after"), ("before",), ("set-up", "before", "after"), ("seldom",), ("after",)]
EXTRAS = {
    "lucky": "mean(Member.luck)",
    "spread": "sd(Agent.luck)",
    "bosses": "count(Boss)",
    "rich": "max(Agent.wealth)",
    "omen": "omen",
    "sample": lambda model: model.random.choice(list(model.agents)).wealth,
    "global": lambda model: random.random(),
    "numpy": lambda model: float(np.random.normal()),
    "rng": lambda model: float(model.rng.random()),
}


def run(parameters, steps, **asked):
    result = simulate(RunConfiguration(Town, 0, 0, parameters, steps, asked.pop("period", 1), SEED, **asked))
    assert result.failure is None, result.failure.traceback
    return result


def rows(result):
    """The series by step, and the final values after it."""
    table = [] if result.series is None else result.series.to_pylist()
    kept = {row.pop("step"): row for row in table}
    for row in kept.values():
        del row["run_id"], row["time"]
    return kept, dict(result.outcomes)


def agents(result):
    return {
        (key, row["step"], row["agent_id"]): {
            name: row[name] for name in row if name not in ("run_id", "step", "agent_id", "agent_type")
        }
        for key, table in result.agents.items()
        for row in table.to_pylist()
    }


def plainly(parameters, steps):
    """Run with Mesa alone: what was recorded last at each step, of the model and of its agents."""
    model = build(Town, parameters, SEED)
    collector = model.datacollector
    recorded, found, of_agents = 0, {}, {}
    for step in range(steps + 1):
        if step:
            model.step()
        lengths = {len(values) for values in collector.model_vars.values()}
        assert len(lengths) == 1
        if (length := lengths.pop()) == recorded:
            continue
        recorded = length
        found[step] = {name: cell(values[-1]) for name, values in collector.model_vars.items()}
        # Collected before the first step and in it, the time differs, and both are recorded.
        time = model.time
        for _, agent, *values in collector._agent_records.get(time, ()):
            of_agents["", step, agent] = dict(zip(collector.agent_reporters, map(cell, values), strict=True))
        for kind, records in collector._agenttype_records.get(time, {}).items():
            for _, agent, *values in records:
                named = dict(zip(collector.agenttype_reporters[kind], map(cell, values), strict=True))
                of_agents[kind.__name__, step, agent] = named
    return found, of_agents


def subsets(names, least=0):
    return st.lists(st.sampled_from(list(names)), unique=True, min_size=least, max_size=len(names))


@settings(max_examples=120, deadline=None)
@given(
    reporters=subsets([name for name in NAMES if name != "total"]).flatmap(
        lambda names: st.permutations([*names, "total"])
    ),
    agent_reporters=subsets(AGENT_REPORTERS),
    type_reporters=subsets(TYPE_REPORTERS),
    when=st.sampled_from(WHEN),
    reads=st.booleans(),
    asked=st.data(),
    steps=st.integers(3, 7),
)
def test_asking_for_less_or_more_leaves_the_run_as_it_is_with_mesa(
    reporters, agent_reporters, type_reporters, when, reads, asked, steps
):
    parameters = {
        "model_reporters": tuple(reporters),
        "agent_reporters": tuple(agent_reporters),
        "type_reporters": tuple(type_reporters),
        "when": when,
        "reads": reads,
    }
    plain, plain_agents = plainly(parameters, steps)
    last = plain[max(plain)]

    every = run(parameters, steps, agents=True)
    kept, finals = rows(every)
    assert kept == plain
    assert finals == last
    if agent_reporters or type_reporters:
        assert agents(every) == plain_agents

    some = {name: name for name in asked.draw(subsets(reporters), "asked")} | {"sum": "total"}
    more = asked.draw(subsets(EXTRAS), "measured beside")
    some |= {f"own {name}": EXTRAS[name] for name in more}
    period = asked.draw(st.sampled_from([1, 2, -1]), "period")
    selection = asked.draw(
        st.sampled_from([False, True, ("luck", "wealth"), {"Boss": ("luck",), "Slotted": ("purse",)}]),
        "agents",
    )
    stop = asked.draw(st.sampled_from([None, "sum < -1e9", "total < -1e9 or fortune > 2"]), "stop")
    part = run(parameters, steps, outcomes=some, period=period, agents=selection, stop_when=stop)
    kept, finals = rows(part)
    for name, source in some.items():
        if not name.startswith("own "):
            assert finals[name] == last[source]
            assert [kept[step][name] for step in kept if step in plain] == [
                plain[step][source] for step in kept if step in plain
            ]
    # What was measured beside does not depend on what else was.
    for name in more:
        alone = run(parameters, steps, outcomes={"own": EXTRAS[name]}, period=period)
        assert alone.outcomes["own"] == finals[f"own {name}"]
    assert all(math.isfinite(value) for value in finals.values() if isinstance(value, float))


@pytest.mark.parametrize("name", NAMES)
def test_one_reporter_is_never_left_out(name):
    parameters = {"model_reporters": tuple(dict.fromkeys((name, "total")))}
    plain, _ = plainly(parameters, 6)
    totals = {step: row["total"] for step, row in plain.items()}
    kept, _ = rows(run(parameters, 6, outcomes=("total",)))
    assert {step: row["total"] for step, row in kept.items()} == totals
    assert run(parameters, 6, outcomes=("total",), period=-1).outcomes["total"] == plain[6]["total"]
    assert run(parameters, 6, outcomes={"other": "count(Boss)", "mine": lambda m: m.total()}).outcomes == {
        "other": 1,
        "mine": plain[6]["total"],
    }


class Idle(Town):
    """Never collects."""

    def __init__(self, rng=None):
        super().__init__(("rng", "fortune", "omen", "total"), ("property", "plain"), when=(), rng=rng)


class Own(Town):
    """Has a collector that collects in a way of its own, through a reporter that changes the model."""

    class Collector(mesa.DataCollector):
        def collect(self, model):
            super().collect(model)

    def __init__(self, rng=None):
        super().__init__((), when=(), rng=rng)
        self.when = ("after",)
        self.datacollector = self.Collector(
            {"log": KINDS.extended, "drawn": lambda model: model.random.random(), "total": "total_now"},
            {"luck": "luck"},
            tables={"rows": ["wealth"]},
        )

    @property
    def total_now(self):
        return self.total()


class Bare(Town):
    """Has no collector at all."""

    def __init__(self, rng=None):
        super().__init__((), when=(), rng=rng)
        self.book = self.datacollector
        del self.datacollector

    def total(self):
        return sum(agent.wealth * agent.unique_id for agent in self.agents) + self.chest + self.reads


def totals(kind, steps):
    model = build(kind, {}, SEED)
    found = []
    for _ in range(steps):
        model.step()
        found.append(model.total())
    return found


STOPS = {
    Idle: "fortune > 2 or rng > 99 or total < -1e9",
    Own: "fortune > 2 or drawn > 2 or total < -1e9",
    Bare: "fortune > 2 or omen > 99",
}


@pytest.mark.parametrize("kind", STOPS)
@pytest.mark.parametrize("period", [1, 3])
@pytest.mark.parametrize("stops", [False, True])
def test_measuring_leaves_no_trace_where_mesa_does_not_collect(kind, period, stops):
    expected = dict(enumerate(totals(kind, 6), start=1))
    asked = {"sum": lambda model: model.total(), **EXTRAS}
    for some in ({"sum": asked["sum"]}, asked):
        for of_agents in (False, True, ("luck",)):
            configuration = RunConfiguration(
                kind,
                0,
                0,
                {},
                6,
                period,
                SEED,
                outcomes=some,
                agents=of_agents,
                stop_when=STOPS[kind] if stops else None,
            )
            result = simulate(configuration)
            assert result.failure is None, result.failure
            kept, _ = rows(result)
            assert list(kept) == [step for step in range(7) if step % period == 0]
            assert {step: kept[step]["sum"] for step in kept if step} == {
                step: expected[step] for step in kept if step
            }


def test_a_stop_rule_reads_what_was_collected_whether_it_is_asked_for_or_not():
    parameters = {"model_reporters": ("fortune", "log", "total"), "when": ("set-up", "after")}
    ends = set()
    for outcomes in (None, ("total",), ("fortune",), {"fortune": "fortune", "x": "count(Boss)"}):
        result = run(parameters, 50, outcomes=outcomes, stop_when="fortune > 0.9")
        ends.add((result.steps, result.status))
    assert len(ends) == 1
    assert ends.pop()[0] < 50
