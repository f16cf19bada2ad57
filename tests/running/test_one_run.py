"""To look into one run: its model at a step is that of the study; errors are raised where they happen."""

import random
import traceback
import warnings

import mesa
import pytest
from mesa.examples import BoltzmannWealth, Schelling, VirusOnNetwork, WolfSheep

import mesa_lab as ml

SMALL = {
    BoltzmannWealth: {"n": [5, 20]},
    Schelling: {"width": 8, "height": 8, "density": [0.6, 0.8]},
    VirusOnNetwork: {"num_nodes": [10, 20]},
    WolfSheep: {"width": 10, "height": 10, "initial_sheep": [10, 20]},
}


class Drawing(mesa.Model):
    """Not all that it draws from is seeded by Mesa; what measures it draws too; it collects for itself."""

    def __init__(self, size=3, rng=None):
        super().__init__(rng=rng)
        self.size = size
        self.total = 0.0
        self.datacollector = mesa.DataCollector({"total": "total", "drawn": lambda m: m.random.random()})
        self.datacollector.collect(self)

    def step(self):
        self.total += self.random.random() + random.random()
        self.datacollector.collect(self)
        if self.size == 4 and self.count == 2:
            raise ValueError("broke")

    @property
    def count(self):
        return len(self.datacollector.model_vars["total"]) - 1


@pytest.mark.parametrize("model", [*SMALL, Drawing], ids=lambda model: model.__name__)
def test_the_model_is_that_of_the_study(model):
    experiment = ml.Experiment(model, SMALL.get(model, {"size": [2, 3]}), replications=2, max_steps=6, seed=3)
    results = ml.run(experiment, progress=False, n_jobs=1)
    series = results.series()
    for run_id in (0, 3):
        for step in (0, 3, 6, None):
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # it says so where values differ
                rebuilt = results.rebuild(run_id, step)
            assert type(rebuilt) is model
            theirs = series[series["run_id"] == run_id]
            records = rebuilt.datacollector.get_model_vars_dataframe()
            assert len(records) == (6 if step is None else step) + 1
            for name in results.outcomes:
                if records[name].dtype.kind in "if":
                    assert records[name].tolist() == theirs[name].tolist()[: len(records)]


def test_it_goes_on_as_the_run_did():
    results = ml.run(ml.Experiment(Drawing, {"size": [2]}, max_steps=5, seed=1), progress=False, n_jobs=1)
    model = results.rebuild(0, 3)
    model.step()
    model.step()
    assert model.datacollector.model_vars["total"] == results.series("total")["total"].tolist()
    assert type(model.datacollector) is mesa.DataCollector


def test_a_failed_run_is_rebuilt_up_to_the_step_before():
    results = ml.run(ml.Experiment(Drawing, {"size": [4]}, max_steps=5), progress=False, n_jobs=1)
    model = results.rebuild(0)
    assert model.count == results.runs["steps"].iloc[0] == 1
    with pytest.raises(ml.RunError, match=r"Run 0 came to step 1, and step 2 is asked for"):
        results.rebuild(0, 2)
    with pytest.raises(ml.ParameterError):
        results.rebuild(9)


def test_what_differs_from_the_study_is_said():
    drawn = random.SystemRandom()

    class Unseeded(mesa.Model):
        def __init__(self, rng=None):
            super().__init__(rng=rng)
            self.datacollector = mesa.DataCollector({"drawn": lambda m: drawn.random()})

        def step(self):
            self.datacollector.collect(self)

    results = ml.run(ml.Experiment(Unseeded, max_steps=2), progress=False, backend="sequential")
    with pytest.warns(
        UserWarning, match=r"may not be that of run 0: 'drawn' is .* now and .* in the study at step 2"
    ):
        results.rebuild(0)


def test_errors_are_raised_where_they_happen():
    (configuration,) = ml.Experiment(Drawing, {"size": [4]}, max_steps=5).configurations()
    with pytest.raises(ValueError, match="broke") as caught:
        ml.simulate(configuration, raise_errors=True)
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "step"
    assert ml.simulate(configuration).status == "failed"
    asked = ml.Experiment(
        Drawing, {"size": [2]}, max_steps=5, outcomes={"x": lambda m: m.nothing}
    ).configurations()
    with pytest.raises(AttributeError, match="nothing") as caught:
        ml.simulate(asked[0], raise_errors=True)
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "<lambda>"
