"""What is drawn: the author's pictures of Mesa's examples, and a default for spaces of every kind."""

import base64
import enum
import io

import mesa
import networkx as nx
import pytest
from mesa.discrete_space import CellAgent, FixedAgent, HexGrid, Network, OrthogonalMooreGrid, VoronoiGrid
from mesa.experimental.continuous_space import ContinuousSpace, ContinuousSpaceAgent
from PIL import Image

from mesa_lab.preparation.models import installed_models, load_model
from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.running.collection.collection_plan import Plan
from mesa_lab.study.records import Task
from mesa_lab.viewing import default_drawing
from mesa_lab.viewing.author_pictures import find_author_pictures
from mesa_lab.viewing.default_drawing import _Colours, default_pictures
from mesa_lab.viewing.pictures import pictures_of
from mesa_lab.viewing.replay import Replay

EXAMPLES = [entry.reference for entry in installed_models() if entry.reference.startswith("mesa.examples")]


def colours_of(picture) -> int:
    image = Image.open(io.BytesIO(base64.b64decode(picture["png"]))).convert("RGB")
    return len(set(image.resize((200, 200)).getdata()))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("reference", EXAMPLES)
def test_the_author_s_pictures_of_every_example(reference):
    model_cls = load_model(reference)
    author = find_author_pictures(model_cls)
    assert author is not None
    replay = Replay(Plan(model_cls, Protocol(reference, max_steps=3)), Task(0, 0, 0, 1, {}), author.model_cls)
    replay.go(2)
    assert (replay.step, replay.problem) == (2, "")
    shown = pictures_of(replay.model, author.renderer_for(replay.model), author.components)
    assert any("png" in picture for picture in shown)
    assert not [picture["text"] for picture in shown if "could not be drawn" in picture.get("text", "")]
    assert all(colours_of(picture) > 2 for picture in shown if "png" in picture)


class Walker(CellAgent):
    pass


class Soil(FixedAgent):
    pass


def grid(space_cls):
    model = mesa.Model(rng=1)
    model.grid = space_cls((6, 6), random=model.random)
    for cell in list(model.grid.all_cells)[::4]:
        Walker(model).cell = cell
    for cell in model.grid.all_cells:
        Soil(model).cell = cell
    return model


def network():
    model = mesa.Model(rng=1)
    model.grid = Network(nx.cycle_graph(8), random=model.random)
    for number, cell in enumerate(model.grid.all_cells):
        agent = Walker(model)
        agent.cell, agent.state = cell, ["ill", "well"][number % 2]
    return model


def continuous():
    model = mesa.Model(rng=1)
    model.space = ContinuousSpace([[0, 5], [0, 5]], torus=True, random=model.random, n_agents=9)
    for number in range(9):
        ContinuousSpaceAgent(model.space, model).position = [number / 2, number / 3]
    return model


def layer():
    model = mesa.Model(rng=1)
    model.world = OrthogonalMooreGrid((5, 5), random=model.random)
    model.world.create_property_layer("sugar", default_value=1.0)
    model.world.sugar.data[2, 2] = 5.0
    return model


def voronoi():
    model = mesa.Model(rng=1)
    model.grid = VoronoiGrid([[0, 0], [1, 3], [2, 1], [4, 2], [3, 4]], random=model.random)
    for cell in model.grid.all_cells:
        Walker(model).cell = cell
    return model


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "make",
    [lambda: grid(OrthogonalMooreGrid), lambda: grid(HexGrid), network, continuous, layer, voronoi],
    ids=["grid", "hexagons", "network", "continuous", "property layer", "voronoi"],
)
def test_a_default_drawing_for_every_kind_of_space(make):
    first, *_ = default_pictures(make())
    assert first["title"] == "Space"
    assert "png" in first, first
    assert colours_of(first) > 2


def test_agents_of_one_type_are_told_apart_by_their_state():
    pictures = default_pictures(network())
    assert {"title": "Agents", "text": "4 state: ill, 4 state: well"} in pictures


def test_a_model_without_a_space_shows_its_agents_and_outcomes():
    model = mesa.Model(rng=1)
    mesa.Agent(model)
    model.datacollector = mesa.DataCollector(
        {"small": lambda m: 1.0, "large": lambda m: 1e6, "text": lambda m: "x"}
    )
    model.datacollector.collect(model)
    assert [picture["title"] for picture in default_pictures(model)] == ["Agents", "Outcomes", "Outcomes 2"]


class State(enum.Enum):
    WELL = 1
    ILL = 2


class Person(mesa.Agent):
    def __init__(self, model):
        super().__init__(model)
        self.state = State.WELL


def test_colours_and_words_stay_when_what_they_stand_for_comes_and_goes():
    town = mesa.Model(rng=1)
    people = Person.create_agents(town, 3)
    before = _Colours(town)
    assert default_pictures(town)[0]["text"] == "3 state: WELL, 0 state: ILL"
    people.set("state", State.ILL)
    assert _Colours(town).of == before.of
    assert default_pictures(town)[0]["text"] == "0 state: WELL, 3 state: ILL"

    zoo = grid(OrthogonalMooreGrid)
    before = _Colours(zoo)
    zoo.agents_by_type[Walker].do("remove")
    assert _Colours(zoo).of == before.of
    assert "0 Walker" in default_pictures(zoo)[1]["text"]


def test_a_value_of_another_kind_among_many_agents_is_a_value_like_the_others():
    town = mesa.Model(rng=1)
    people = Person.create_agents(
        town, 1000
    )  # so many that not all are looked at to find what tells them apart
    list(people)[1].state = ["no", "state"]
    assert default_pictures(town)[0]["text"] == "999 state: WELL, 1 state: ['no', 'state']"


def test_outcomes_keep_their_colours_and_one_that_is_zero_its_axis(monkeypatch):
    drawn = []
    monkeypatch.setattr(
        default_drawing, "_lines", lambda series, colours: drawn.append((series, colours)) or ""
    )
    model = mesa.Model(rng=1)
    model.late, model.small, model.large = None, 0, 1000.0
    model.datacollector = mesa.DataCollector({name: name for name in ("late", "small", "large")})
    model.datacollector.collect(model)
    default_pictures(model)
    [(together, first)] = drawn
    assert list(together) == ["small", "large"]
    model.late, model.small = 5.0, 3
    model.datacollector.collect(model)
    drawn.clear()
    default_pictures(model)
    assert [list(series) for series, _ in drawn] == [["late", "small"], ["large"]]
    assert all(colours == first for _, colours in drawn)


def test_the_first_step_of_lines_is_step_0_and_no_hundredth_of_one(monkeypatch):
    drawn = []
    monkeypatch.setattr(default_drawing, "png_of_figure", lambda figure: drawn.append(figure) or "")
    for values in ([3.0], [3.0, 4.0, 6.0]):
        default_drawing._lines({"cost": values}, {"cost": "black"})
    first, later = (figure.axes[0].get_xticks().tolist() for figure in drawn)
    assert first == [0]
    assert all(float(tick).is_integer() for tick in later)
