"""Members of an Enum reach models that say nothing of them, from a program, a file and a study."""

import enum
import sys
import textwrap

import mesa
import pytest

import mesa_lab as ml
from mesa_lab.errors import ExperimentError, ParameterError
from mesa_lab.preparation.experiment_file.python_script import to_python
from mesa_lab.preparation.models import load_model
from mesa_lab.preparation.parameters.enum_members import enums_among, with_members

TOWN = """
    import mesa
    from moods import Mood


    class Town(mesa.Model):
        def __init__(self, mood=None, pair=(), rng=None):
            super().__init__(rng=rng)
            self.glad, self.second = int(mood is Mood.GLAD), repr(pair[1])
            self.datacollector = mesa.DataCollector({"glad": "glad", "second": "second"})

        def step(self):
            self.datacollector.collect(self)
"""
EXPECTED = [[1, "<Mood.SAD: 2>"], [0, "<Mood.SAD: 2>"]]


class Mood(enum.Enum):
    GLAD = 1
    SAD = 2


class Tone(enum.StrEnum):
    SAD = "s"
    LOUD = "l"


class Here(mesa.Model):
    def __init__(self, mood=None, rng=None):
        super().__init__(rng=rng)
        self.glad = int(mood is Mood.GLAD)


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "model.py").write_text(textwrap.dedent(TOWN))
    (folder / "moods.py").write_text("import enum\n\nclass Mood(enum.Enum):\n    GLAD = 1\n    SAD = 2\n")
    model = load_model("town/model.py:Town")
    moods = sys.modules[model.__module__].Mood
    values = {"mood": ml.Choice([moods.GLAD, moods.SAD]), "pair": (1, moods.SAD)}
    yield ml.Experiment(model, values, max_steps=1)
    sys.modules.pop("moods", None)


def values(results):
    assert results.failures.empty, results.failures["message"].tolist()
    return results.runs.sort_values("mood")[["glad", "second"]].to_numpy().tolist()


def test_members_reach_the_model_in_workers_and_from_a_study(experiment, tmp_path):
    assert values(ml.run(experiment, backend="sequential", progress=False)) == EXPECTED
    results = ml.run(experiment, tmp_path / "town.study", n_jobs=2, progress=False)
    assert values(results) == EXPECTED
    assert results.runs["mood"].tolist() == ["GLAD", "SAD"]
    opened = ml.open_study(tmp_path / "town.study")
    assert opened.results.rebuild(0).glad == 1
    assert [ml.simulate(each).outcomes["glad"] for each in opened.experiment.configurations()] == [1, 0]


def test_a_file_says_where_they_are(experiment, tmp_path):
    experiment.save(tmp_path / "town.toml")
    assert 'mood = "town/moods.py:Mood"' in (tmp_path / "town.toml").read_text()
    loaded = ml.Experiment.load(tmp_path / "town.toml")
    assert [code.text for code in loaded.named_code][1:] == [f"{tmp_path.as_posix()}/town/moods.py:Mood"] * 2
    assert values(ml.run(loaded, backend="sequential", progress=False)) == EXPECTED
    assert "enums={'mood': ['town/moods.py:Mood']" in to_python(experiment)


def test_members_of_the_program_itself():
    results = ml.run(
        ml.Experiment(Here, {"mood": [Mood.GLAD, Mood.SAD]}, max_steps=1, outcomes=["glad"]),
        n_jobs=1,
        progress=False,
    )
    assert results.runs["glad"].tolist() == [1, 0]


def test_an_enum_that_no_file_can_name_is_refused_there(tmp_path):
    class Inner(enum.Enum):
        A = 1

    inner = ml.Experiment(Here, {"mood": Inner.A}, max_steps=1)
    with pytest.raises(ExperimentError, match="The Enum of 'mood' is .*Give the parameter's values"):
        inner.save(tmp_path / "here.toml")


def test_names_that_stand_for_two_things_are_refused():
    with pytest.raises(
        ParameterError, match="'mood' has <Mood.SAD: 2> and <Tone.SAD: 's'>.*cannot tell apart"
    ):
        enums_among({"mood": [Mood.SAD, Tone.SAD]})
    with pytest.raises(ParameterError, match="'mood' has 'SAD' and <Mood.SAD: 2>"):
        enums_among({"mood": ["SAD", Mood.SAD]})


def test_names_within_collections_become_members():
    kinds = {"mood": (Mood, Tone)}
    given = {"mood": {"a": ["GLAD", ("LOUD", 1)], "GLAD": None}, "n": "GLAD"}
    assert with_members(given, kinds) == {
        "mood": {"a": [Mood.GLAD, (Tone.LOUD, 1)], Mood.GLAD: None},
        "n": "GLAD",
    }


@pytest.mark.parametrize(
    ("reference", "values", "said"),
    [
        ("moody.py:Nope", ["SAD", "GLAD"], "moody.py:Nope': module"),
        ("moody.py:Moody", ["SAD", "GLAD"], "is no Enum but"),
        ("none.py:Mood", ["SAD", "GLAD"], "enums names what is not there. No Enum"),
        ("moody.py:Mood", ["SAD", "GALD"], "'GALD', which is no member of Mood. Did you mean 'GLAD'"),
    ],
)
def test_an_enum_that_is_not_there_is_refused_before_anything_runs(tmp_path, reference, values, said):
    (tmp_path / "moody.py").write_text(
        "import enum\nimport mesa\n"
        "class Mood(enum.Enum):\n    SAD = 1\n    GLAD = 2\n"
        "class Moody(mesa.Model):\n"
        "    def __init__(self, mood=Mood.SAD, rng=None):\n        super().__init__(rng=rng)\n"
    )
    file = tmp_path / "moody.toml"
    file.write_text(
        f'model = "moody.py:Moody"\nenums = {{ mood = "{reference}" }}\n[parameters]\nmood = {values}\n'
    )
    with pytest.raises(ParameterError) as caught:
        ml.Experiment.load(file).check()
    assert said in str(caught.value)
