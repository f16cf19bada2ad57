"""Every method passes the suite that is offered to authors of others, and one of another package joins by an entry point."""

from __future__ import annotations

import pytest

import mesa_lab as ml
from mesa_lab.errors import ExperimentError
from mesa_lab.search import methods
from mesa_lab.testing import METHOD_TESTS, check_method

METHODS = {
    "random": ml.Optimise("loss", engine="random"),
    "tpe": ml.Optimise("loss", goal="max", surface=False),
    "front": ml.Optimise({"loss": "min", "other": "max"}, engine="nsga2", replications=2),
    "condition": ml.Optimise("loss", engine="random", subject_to=["other < 2"], holds_in=0.5),
    "until precise": ml.UntilPrecise("loss", half_width=0.05, at_least=5, at_most=40),
    "compare": ml.Compare("loss", margin=0.2, at_least=5, at_most=30),
    "select": ml.Select("loss", goal="max", indifference=0.1, at_least=5),
    "ocba": ml.Select("loss", at_least=4),
    "calibrate": ml.Calibrate({"loss": {"value": 1.2, "tolerance": 0.1}, "other": [[3, 1.4], [6, 1.5]]}),
    "abc": ml.Calibrate({"loss": {"value": 1.2, "tolerance": 0.1}, "other": 1.4}, engine="abc"),
    "refine": ml.Refine("loss"),
    "boundary": ml.Refine("loss", where=1.2, replications=2),
    "diversity": ml.Diversity(["loss", "other"], cells=5),
}


@pytest.mark.parametrize("test", METHOD_TESTS)
@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_methods_pass_the_suite(method, test):
    check_method(method, test)


def test_methods_are_found_by_name():
    assert methods.find_method("until-precise") is ml.UntilPrecise
    with pytest.raises(ExperimentError, match="Did you mean 'optimise'"):
        methods.find_method("optimize")
    with pytest.raises(ExperimentError, match="has no method. There are: until precise"):
        methods.find_method(None)


def test_one_of_another_package_joins(monkeypatch):
    class Entry:
        name, value = "mine", "package:Mine"

        @staticmethod
        def load():
            return type("Mine", (ml.Optimise,), {"name": "mine"})

    monkeypatch.setattr(
        "importlib.metadata.entry_points", lambda group: [Entry] if group == "mesa_lab.methods" else []
    )
    assert methods.find_method("mine").name == "mine"
    monkeypatch.setattr(Entry, "load", staticmethod(lambda: int))
    with pytest.raises(ExperimentError, match="is no method of searching"):
        methods.all_methods()


def test_a_search_comes_back_from_its_file(tmp_path):
    experiment = ml.Experiment("mesa.examples:Schelling", {"density": ml.Real(0.5, 0.9)}, max_steps=9)
    for method in (METHODS["front"], METHODS["condition"]):
        search = ml.Search(experiment.replace(outcomes=["loss", "other"]), method, budget="20 min", batch=30)
        search.save(tmp_path / "a.toml")
        again = ml.Search.load(tmp_path / "a.toml")
        assert (again.method, again.budget, again.batch) == (method, "20 min", 30)
        assert again.experiment == search.experiment
        assert ml.Experiment.load(tmp_path / "a.toml") == search.experiment
        assert search.to_toml() == (tmp_path / "a.toml").read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no table"),
        ('[search]\nmethod = "optimise"', "needs the setting 'outcome'"),
        (
            '[search]\nmethod = "optimise"\noutcome = "happy"\ngaol = "min"',
            "has no setting 'gaol'. Did you mean 'goal'",
        ),
        ('[search]\noutcome = "happy"', "has no method"),
        ('[search]\nmethod = "optimise"\noutcome = "happy"', "Give a budget"),
        ("search = 3", "Write a table, .search., with a method"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(tmp_path, text, said):
    file = tmp_path / "a.toml"
    head = 'model = "mesa.examples:Schelling"\n'
    body = "\n[parameters]\ndensity = {real = [0.5, 0.9]}\n"
    file.write_text(head + text + "\n" + body if text.startswith("search") else head + body + text)
    with pytest.raises(ExperimentError, match=said):
        ml.Search.load(file)
