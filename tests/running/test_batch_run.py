"""The rows of `batch_run` beside those of Mesa's own function, for models that hypothesis makes up."""

import datetime
import enum
import functools
import importlib.util
import math
import multiprocessing
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mesa
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mesa_lab as ml

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mesa.batchrunner") is None, reason="Mesa 4 has no batch_run to compare with"
)


class Mood(enum.Enum):
    """What some reporters return."""

    CALM = "calm"
    WILD = "wild"


class Sheep(mesa.Agent):
    """An agent that changes when it acts."""

    def __init__(self, model: mesa.Model) -> None:
        super().__init__(model)
        self.energy = model.random.randrange(10)
        self.track: list[int] = []

    def act(self) -> None:
        """Change all that is reported."""
        self.energy += self.random.choice((-1, 1, 2))
        self.track.append(self.energy)


class Lamb(Sheep):
    """An agent of a type below another."""


class Wolf(mesa.Agent):
    """An agent of another type."""

    def __init__(self, model: mesa.Model) -> None:
        super().__init__(model)
        self.energy = float(model.rng.random())

    def act(self) -> None:
        """Change what is reported."""
        self.energy /= 2


KINDS = {"Sheep": Sheep, "Lamb": Lamb, "Wolf": Wolf}


def scaled(model: Any, factor: int) -> int:
    """A reporter with an argument of its own."""
    return len(model.agents) * factor


MODEL_REPORTERS: dict[str, Any] = {
    "count": lambda model: len(model.agents),
    "calls": "calls",
    "drawn": lambda model: model.random.random(),
    "mean": lambda model: np.mean([each.energy for each in model.agents]) if model.agents else math.nan,
    "pair": lambda model: (model.calls, "x"),
    "history": "history",
    "kinds": lambda model: {type(each).__name__ for each in model.agents},
    "raw": lambda model: bytes([model.calls % 256]),
    "when": lambda model: datetime.datetime(2026, 1, 1) + datetime.timedelta(hours=model.calls),
    "mood": lambda model: Mood.WILD if model.calls % 2 else Mood.CALM,
    "array": lambda model: np.arange(model.calls % 3),
    "scaled": functools.partial(scaled, factor=3),
    "value": "value",
    "absent": lambda model: None,
    "Step": lambda model: -model.calls,
    "agent_id": lambda model: model.calls,
    "run_id": lambda model: model.calls,
}
AGENT_REPORTERS: dict[str, Any] = {
    "energy": "energy",
    "kind": lambda agent: type(agent).__name__,
    "luck": lambda agent: agent.random.random(),
    "track": lambda agent: getattr(agent, "track", None),
    "place": lambda agent: (agent.unique_id, None),
    "type": lambda agent: type(agent),
    "AgentID": lambda agent: -agent.unique_id,
}


@dataclass(frozen=True)
class Plot:
    """What a model does: when it collects, who comes and goes, what it reports, when it stops."""

    at_start: int = 1
    before: int = 0
    during: int = 0
    after: int = 1
    every: int = 1
    born: tuple[str, ...] = ()
    dies: int = 0
    stops_at: int = 1000
    reports: tuple[str, ...] = ("count",)
    of_agents: tuple[str, ...] = ()
    of_types: tuple[tuple[str, tuple[str, ...]], ...] = ()
    steps_itself: int = 0
    counted: bool = field(default=True)


USUAL = Plot()


class Told(mesa.Model):
    """A model that does what its plot says."""

    def __init__(self, plot: Plot = USUAL, value: Any = 0, rng: Any = None) -> None:
        super().__init__(rng=rng)
        self.plot = plot
        self.value = value
        self.calls = 0
        self.history: list[int] = []
        self.datacollector = mesa.DataCollector(
            {name: MODEL_REPORTERS[name] for name in plot.reports},
            {name: AGENT_REPORTERS[name] for name in plot.of_agents} or None,
            {
                KINDS[kind]: {f"{kind}.{name}": AGENT_REPORTERS[name] for name in names}
                for kind, names in plot.of_types
            }
            or None,
        )
        if not plot.counted:
            del self.datacollector._collection_steps
        for kind in ("Sheep", "Wolf", "Lamb"):
            KINDS[kind](self)
        self.collect(plot.at_start)
        for _ in range(plot.steps_itself):
            self.step()

    def collect(self, times: int) -> None:
        """Collect, and change between collections."""
        for _ in range(times):
            self.calls += 1
            self.history.append(self.calls)
            self.datacollector.collect(self)

    def step(self) -> None:
        """Take one step."""
        plot = self.plot
        due = self.steps % plot.every == 0
        self.collect(plot.before * due)
        for place, agent in enumerate(list(self.agents)):
            agent.act()
            if place == 1:
                self.collect(plot.during * due)
        for kind in plot.born:
            KINDS[kind](self)
        for agent in list(self.agents)[: plot.dies]:
            agent.remove()
        self.collect(plot.after * due)
        if self.steps >= plot.stops_at:
            self.running = False


class ToldBySeed(Told):
    """The same, for a model whose seed has its older name beside the new one."""

    def __init__(self, plot: Plot = USUAL, value: Any = 0, seed: Any = None, rng: Any = None) -> None:
        super().__init__(plot, value, rng=rng if seed is None else seed)


names_of = st.lists(st.sampled_from(sorted(AGENT_REPORTERS)), max_size=3, unique=True).map(tuple)
plots = st.builds(
    Plot,
    at_start=st.integers(0, 2),
    before=st.integers(0, 1),
    during=st.integers(0, 1),
    after=st.integers(0, 2),
    every=st.integers(1, 4),
    born=st.lists(st.sampled_from(sorted(KINDS)), max_size=2).map(tuple),
    dies=st.integers(0, 3),
    stops_at=st.sampled_from([1, 3, 1000]),
    reports=st.lists(st.sampled_from(sorted(MODEL_REPORTERS)), min_size=1, max_size=4, unique=True).map(
        tuple
    ),
    of_agents=names_of,
    of_types=st.lists(
        st.tuples(st.sampled_from(sorted(KINDS)), names_of.filter(bool)),
        max_size=2,
        unique_by=lambda each: each[0],
    ).map(tuple),
    steps_itself=st.sampled_from([0, 0, 0, 2]),
)
values = st.sampled_from(
    [
        0,
        1.5,
        "text",
        [1, 2],
        (3, 4),
        [[1, 2], [3]],
        [{"a": 1}],
        [b"x"],
        np.arange(2),
        np.linspace(0, 1, 2),
        [None, True],
        [Mood.CALM, Mood.WILD],
        range(2),
        [np.float32(0.5)],
        [len, max],
        [Plot(dies=1)],
    ]
)
seeds = st.sampled_from([3, [3], (4, 5), range(2), [[1, 2], [3, 4]], [np.random.SeedSequence(8)]])


def seen(value: Any) -> Any:
    """A value with its type, such that it can be compared with another: NaN equals NaN."""
    if isinstance(value, np.ndarray):
        return np.ndarray, value.dtype, value.tolist()
    if isinstance(value, list | tuple):
        return type(value), [seen(each) for each in value]
    if isinstance(value, np.random.SeedSequence):
        return type(value), value.entropy
    return type(value), "NaN" if isinstance(value, float) and value != value else value


def all_seen(rows: list[dict[str, Any]]) -> list[list[tuple[str, Any]]]:
    """Rows with the order of their columns."""
    return [[(name, seen(value)) for name, value in row.items()] for row in rows]


@pytest.fixture(autouse=True)
def _start_method() -> Iterator[None]:
    """Mesa sets it for the whole process."""
    before = multiprocessing.get_start_method(allow_none=True)
    yield
    multiprocessing.set_start_method(before, force=True)


def both(model: type[Any], parameters: dict[str, Any], **options: Any) -> tuple[Any, Any]:
    """The rows of Mesa's function, and ours."""
    from mesa.batchrunner import batch_run

    options = {"display_progress": False, **options}
    return batch_run(model, parameters, **options), ml.batch_run(model, parameters, **options)


@given(
    plot=plots,
    value=values,
    rng=seeds,
    period=st.sampled_from([-1, 1, 2, 7]),
    max_steps=st.integers(0, 9),
    model=st.sampled_from([Told, ToldBySeed]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@pytest.mark.filterwarnings("ignore:The use of the `seed`")
def test_the_rows_are_those_of_mesas_function(
    plot: Plot, value: Any, rng: Any, period: int, max_steps: int, model: type[Any]
) -> None:
    theirs, ours = both(
        model, {"plot": [plot], "value": value}, rng=rng, data_collection_period=period, max_steps=max_steps
    )
    assert all_seen(ours) == all_seen(theirs)


@given(st.lists(plots, min_size=12, max_size=12), st.sampled_from([-1, 1, 2, 7]))
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_rows_of_two_processes_are_those_of_mesas_function(plots: list[Plot], period: int) -> None:
    theirs, ours = both(
        Told,
        {"value": [Mood.WILD, 2.5], "plot": plots},
        rng=[1, 2],
        number_processes=2,
        data_collection_period=period,
        max_steps=5,
    )
    theirs.sort(key=lambda row: row["RunId"])  # Mesa gives runs in the order in which they end
    assert all_seen(ours) == all_seen(theirs)


@pytest.mark.parametrize("period", [1, 2, 3])
def test_a_collector_that_does_not_know_when_it_collected_is_read_as_mesa_reads_it(period: int) -> None:
    plot = Plot(counted=False, of_agents=("energy",), every=2)
    theirs, ours = both(Told, {"plot": [plot]}, rng=[1], data_collection_period=period, max_steps=7)
    assert all_seen(ours) == all_seen(theirs)
    assert len(ours) > 1


class OnlyAgents(mesa.Model):
    """A model of whose agents alone something is reported."""

    def __init__(self, rng: Any = None) -> None:
        super().__init__(rng=rng)
        Sheep(self)
        self.datacollector = mesa.DataCollector(agent_reporters={"energy": "energy"})

    def step(self) -> None:
        """Collect."""
        self.datacollector.collect(self)


def test_agents_data_are_kept_where_no_model_reporter_counts_collections() -> None:
    theirs, ours = both(OnlyAgents, {}, rng=[1], data_collection_period=1, max_steps=2)
    assert theirs == []
    assert [(row["Step"], row["AgentID"]) for row in ours] == [(1, 1), (2, 1)]


@pytest.mark.parametrize("model", [Told, ToldBySeed])
def test_a_sweep_over_seeds_is_done_with_these_seeds(model: type[Any]) -> None:
    keyword = "seed" if model is ToldBySeed else "rng"
    plot = Plot(reports=("drawn",))
    rows = ml.batch_run(
        model, {keyword: [4, 5], "plot": [plot]}, iterations=None, max_steps=2, display_progress=False
    )
    expected = ml.batch_run(model, {"plot": [plot]}, rng=[4, 5], max_steps=2, display_progress=False)
    assert [row["drawn"] for row in rows] == [row["drawn"] for row in expected]
    assert [(row["RunId"], row["iteration"], row[keyword]) for row in rows] == [(0, 0, 4), (1, 0, 5)]
    assert list(rows[0])[3] == keyword  # where the script wrote it
    assert list(rows.seeds.values()) == [4, 5]


class OfMesa33(mesa.Model):
    """A model that takes the seed under its older name, and hands on whatever else it gets."""

    def __init__(self, n: int = 1, **others: Any) -> None:
        super().__init__(**others)
        self.datacollector = mesa.DataCollector({"drawn": lambda model: model.random.random()})
        self.datacollector.collect(self)


@pytest.mark.filterwarnings("ignore:The use of the `seed`")
def test_a_sweep_over_seeds_that_mesa_passes_on_has_the_rows_of_mesa() -> None:
    theirs, ours = both(OfMesa33, {"n": [1], "seed": [1, 10]}, max_steps=1)
    assert all_seen(ours) == all_seen(theirs)
    assert list(ours[0]) == ["RunId", "iteration", "Step", "n", "seed", "rng", "drawn"]


def test_seeds_are_given_once() -> None:
    with pytest.raises(
        ml.ExperimentError, match=r"given twice, by parameters\['seed'\] and rng\. Give them once: rng="
    ):
        ml.batch_run(ToldBySeed, {"seed": [1]}, rng=[1])


def test_integers_of_numpy_are_seeds() -> None:
    rows = ml.batch_run(
        Told, {"plot": [Plot(reports=("drawn",))]}, rng=np.arange(2), max_steps=1, display_progress=False
    )
    plain = ml.batch_run(
        Told, {"plot": [Plot(reports=("drawn",))]}, rng=[0, 1], max_steps=1, display_progress=False
    )
    assert [row["drawn"] for row in rows] == [row["drawn"] for row in plain]
    assert type(rows[0]["rng"]) is np.int64


class Failing(mesa.Model):
    """A model one of whose reporters raises now and then."""

    def __init__(self, at: int = 2, rng: Any = None) -> None:
        super().__init__(rng=rng)
        self.datacollector = mesa.DataCollector(
            {"steps": "steps", "share": lambda model: 1 / (model.steps - at)}
        )

    def step(self) -> None:
        """Collect."""
        self.datacollector.collect(self)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_reporter_that_raises_costs_its_cell_and_is_said(processes: int) -> None:
    options: dict[str, Any] = {"data_collection_period": 1, "max_steps": 3, "display_progress": False}
    with pytest.warns(
        RuntimeWarning, match=r"In 2 runs of 3, first in run 0: 'share' is missing .* ZeroDivisionError"
    ):
        rows = ml.batch_run(Failing, {"at": [2, 2, 9]}, processes, **options)
    assert [(row["steps"], row["share"]) for row in rows[:3]] == [(1, -1.0), (2, None), (3, 1.0)]


@pytest.mark.parametrize("processes", [1, 2])
def test_what_cannot_travel_is_named_and_stays_where_it_need_not(processes: int) -> None:
    class Odd(mesa.Model):
        def __init__(self, rng: Any = None) -> None:
            super().__init__(rng=rng)
            self.datacollector = mesa.DataCollector({"kept": lambda model: 1})
            self.datacollector.model_vars["stream"] = []

        def step(self) -> None:
            self.datacollector.collect(self)
            self.datacollector.model_vars["stream"].append(iter_of(self.steps))

    def iter_of(number: int) -> Any:
        return (each for each in range(number))

    call = functools.partial(
        ml.batch_run, Odd, {}, processes, max_steps=2, rng=[1, 2], display_progress=False
    )
    if processes == 1:
        assert all(next(row["stream"]) == 0 for row in call())
        return
    with pytest.warns(
        RuntimeWarning, match="'stream' is missing: a generator cannot be sent back .*number_processes=1"
    ):
        rows = call()
    assert [(row["kept"], row["stream"]) for row in rows] == [(1, None), (1, None)]


def test_runs_that_did_not_collect_have_no_rows_as_in_mesa_and_that_is_known() -> None:
    plots = [Plot(at_start=0, after=0), USUAL]
    rows = ml.batch_run(Told, {"plot": plots}, max_steps=2, display_progress=False)
    assert [row["RunId"] for row in rows] == [1]
    [(note, run_ids)] = rows.notes.items()
    assert "never asked to collect" in note
    assert run_ids == [0]


SCRIPT = """
from enum import Enum
from dataclasses import dataclass
import mesa
import mesa_lab as ml

class Pace(Enum):
    SLOW = 1
    FAST = 2

@dataclass
class Setting:
    k: int

class Runner(mesa.Model):
    def __init__(self, value, rng=None):
        super().__init__(rng=rng)
        self.datacollector = mesa.DataCollector({
            "fast": lambda model: value is Pace.FAST,
            "k": lambda model: value.k if isinstance(value, Setting) else None,
            "called": lambda model: value(4) if callable(value) else None,
            "pace": lambda model: Pace.SLOW,
        })

    def step(self):
        self.datacollector.collect(self)

values = [Pace.FAST, Setting(3), lambda x: x + 1]
for processes in (1, 2):
    rows = ml.batch_run(Runner, {"value": values}, processes, max_steps=1, display_progress=False)
    assert [(row["fast"], row["k"], row["called"]) for row in rows] == [
        (True, None, None), (False, 3, None), (False, None, 5)
    ], rows
    assert all(row["value"] is value for row, value in zip(rows, values))
    assert all(row["pace"] is Pace.SLOW for row in rows), rows
print("right")
"""


def test_values_may_be_of_classes_and_functions_of_the_script(tmp_path: Any) -> None:

    (tmp_path / "script.py").write_text(SCRIPT)  # with no guard of __main__
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.strip() == "right", done.stderr


def test_the_python_of_the_guide_runs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "batch_run.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, names)
    steps = [row["Step"] for row in names["rows"] if row["RunId"] == 0]
    assert sorted(set(steps)) == [0, 1, 2, 3, 4, 5]
    assert {(row["density"], row["rng"]) for row in names["rows"]} == {(0.6, 1), (0.8, 1), (0.6, 2), (0.8, 2)}
