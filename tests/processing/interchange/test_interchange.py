"""Results for other tools: what xarray, the EMA workbench and SALib get, and that they can work with it."""

import builtins
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import mesa_lab as ml
from mesa_lab.testing import synthetic_results


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> ml.Results:
    """A study with series, a choice and a logarithmic range, of which some runs end early and some fail."""
    model = tmp_path_factory.mktemp("models") / "walk.py"
    model.write_text(
        "import mesa\n"
        "class Walk(mesa.Model):\n"
        "    def __init__(self, rate: float = 0.1, kind: str = 'calm', size: int = 3, rng=None):\n"
        "        super().__init__(rng=rng)\n"
        "        self.rate, self.kind, self.size = rate, kind, size\n"
        "        self.place = 0.0\n"
        "        self.mood = kind\n"
        "        self.datacollector = mesa.DataCollector({'place': 'place', 'mood': 'mood'})\n"
        "        self.datacollector.collect(self)\n"
        "    def step(self):\n"
        "        self.place += self.rate * self.size\n"
        "        if self.kind == 'odd' and self.rate > 0.5:\n"
        "            raise ValueError('too odd')\n"
        "        self.running = self.kind != 'short' or self.steps < 3\n"
        "        self.datacollector.collect(self)\n"
    )
    experiment = ml.Experiment(
        f"{model}:Walk",
        {"rate": [0.1, 1.0], "kind": ["calm", "odd", "short"], "size": 2},
        replications=2,
        max_steps=5,
        seed=1,
    )
    return ml.run(experiment, progress=False, n_jobs=1)


def test_xarray_has_points_replications_and_steps(real: ml.Results) -> None:
    data = real.to_xarray()
    assert isinstance(data, xr.Dataset)
    assert data["place"].dims == ("point", "replication", "step")
    assert data["place"].shape == (6, 2, 6)
    assert data["mood"].dims == ("point", "replication")
    calm = data["place"].where((data["kind"] == "calm") & (data["rate"] == 0.1), drop=True)
    assert np.allclose(calm.values[0, 0], 0.2 * np.arange(6))
    assert np.isnan(data["place"].where(data["kind"] == "short", drop=True).sel(step=[4, 5]).values).all()
    failed = data["place"].where(data["status"] == "failed", drop=True)
    assert failed.size
    assert np.isnan(failed.values).all()
    assert (
        data.attrs["notes"]
        == "2 runs failed or timed out: NaN. 4 runs ended before step 5: NaN after the end."
    )
    assert (data["seed"].values.ravel() > 0).all()


def test_xarray_equals_the_tables(real: ml.Results) -> None:
    data = real.to_xarray(over="final")
    runs = real.runs
    for row in runs[runs["status"] == "done"].to_dict("records"):
        cell = data.sel(point=row["point"], replication=row["replication"])
        assert float(cell["place"]) == row["place"]
        assert int(cell["seed"]) == row["seed"]
        assert str(cell["kind"].values) == row["kind"]
        assert cell["mood"].item() == row["mood"]
    series = real.series("place")
    of_series = real.to_xarray("place", over="series")["place"]
    done = series.merge(runs.loc[runs["status"] == "done", ["run_id"]])
    assert int(of_series.notnull().sum()) == len(done)


def test_a_mean_over_replications_is_one_line(real: ml.Results) -> None:
    means = real.to_xarray("place", over="final")["place"].mean("replication").to_series()
    expected = real.aggregate("place").set_index("point")["mean"]
    assert np.allclose(means[expected.notna()], expected.dropna())


def test_what_to_install_is_said_where_xarray_is_missing(real: ml.Results, monkeypatch: Any) -> None:
    true_import = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "xarray":
            raise ImportError(name)
        return true_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        ml.ExportError, match=r"needs xarray, which is not installed\. Run: pip install mesa-lab\[xarray\]"
    ):
        real.to_xarray()


def test_arrays_beyond_memory_are_refused(real: ml.Results, monkeypatch: Any) -> None:
    monkeypatch.setattr("mesa_lab.processing.interchange.arrays._MOST_BYTES", 100)
    with pytest.raises(
        ml.ExportError, match=r"1 outcomes? of 12 runs at 6 steps would take .* Name fewer outcomes"
    ):
        real.to_xarray()


def test_names_that_are_taken_stay_apart() -> None:
    experiment = ml.Experiment("none:None", {"step": [1, 2]}, replications=2)
    names = ("step", "point", "seed", "steps", "y")
    results = synthetic_results(experiment, {name: lambda runs, rng: 2.0 * runs["step"] for name in names})
    data = results.to_xarray()
    assert sorted(data.data_vars) == [
        "point (outcome)",
        "seed (outcome)",
        "step (outcome)",
        "steps (outcome)",
        "y",
    ]
    experiments, outcomes = results.to_ema()
    assert sorted(outcomes) == sorted(names)
    assert "step" in experiments


def test_a_study_in_which_all_failed_is_all_missing() -> None:
    experiment = ml.Experiment("none:None", {"a": [1, 2]}, replications=2)
    results = synthetic_results(experiment, {"y": lambda runs, rng: runs["a"]}, failed=range(4))
    data = results.to_xarray()
    assert np.isnan(data["y"].values.astype(float)).all()
    experiments, outcomes = results.to_ema()
    assert len(experiments) == len(outcomes["y"]) == 0
    assert experiments.attrs["left_out"] == 4


def test_the_workbench_has_the_columns_of_its_own_experiments(real: ml.Results) -> None:
    ema = pytest.importorskip("ema_workbench")
    model = ema.Model("Walk", function=lambda rate, kind: {"place": rate})
    model.uncertainties = [
        ema.RealParameter("rate", 0.1, 1),
        ema.CategoricalParameter("kind", ["calm", "odd"]),
    ]
    model.outcomes = [ema.ScalarOutcome("place")]
    theirs, their_outcomes = ema.perform_experiments(model, scenarios=4)
    ours, our_outcomes = real.to_ema()
    assert set(ours.columns) == set(theirs.columns)
    assert str(ours["kind"].dtype) == str(theirs["kind"].dtype) == "category"
    assert our_outcomes["place"].dtype == their_outcomes["place"].dtype
    assert len(ours) == len(our_outcomes["place"]) == 10
    assert ours.attrs["left_out"] == 2
    runs = real.runs[real.runs["status"] == "done"]
    assert ours["rate"].tolist() == runs["rate"].tolist()
    assert our_outcomes["place"].tolist() == runs["place"].tolist()


@pytest.fixture(scope="module")
def made() -> ml.Results:
    """Many points, of which one corner is of interest."""
    space = {"a": ml.Real(0, 1), "b": ml.Real(0, 1), "c": ml.Choice(["x", "y"])}
    experiment = ml.Experiment("none:None", space, design=ml.Sobol(128), replications=2)
    return synthetic_results(
        experiment, {"y": lambda runs, rng: 3 * runs["a"] + 0.1 * rng.normal(size=len(runs))}
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_the_workbench_finds_boxes_and_scores(made: ml.Results) -> None:
    from ema_workbench.analysis import feature_scoring, prim

    experiments, outcomes = made.to_ema()
    x = experiments.drop(columns=["scenario", "policy", "model"])
    box = prim.Prim(x, outcomes["y"] > 2.4).find_box()
    limits = box.box_lims[-1]
    assert limits["a"].iloc[0] > 0.6
    experiments, outcomes = made.to_ema(each="point")
    assert len(experiments) == 128
    scores = feature_scoring.get_feature_scores_all(experiments, outcomes)
    assert scores["y"].idxmax() == "a"


def test_series_are_arrays_of_rows_and_steps(real: ml.Results) -> None:
    experiments, outcomes = real.to_ema(over="series")
    assert outcomes["place"].shape == outcomes["TIME"].shape == (10, 6)
    assert outcomes["TIME"][0].tolist() == [0, 1, 2, 3, 4, 5]
    assert len(real.to_ema("place", each="point", over="series")[1]["place"]) == len(
        experiments["scenario"].unique()
    )


def test_salib_takes_the_problem(made: ml.Results) -> None:
    from SALib.analyze import pawn

    problem, x, y = made.to_salib("y")
    assert problem == {
        "names": ["a", "b", "c"],
        "num_vars": 3,
        "bounds": [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]],
    }
    assert np.allclose(y, made.aggregate("y")["mean"])
    found = pawn.analyze(problem, x, y, seed=1)
    assert int(np.argmax(found["median"])) == 0


def test_a_saltelli_design_comes_in_its_blocks() -> None:
    from SALib.analyze import sobol

    space = {"a": ml.Real(1, 100, log=True), "b": ml.Integer(0, 9)}
    experiment = ml.Experiment("none:None", space, design=ml.Saltelli(256), replications=1)
    results = synthetic_results(experiment, {"y": lambda runs, rng: np.log(runs["a"])})
    problem, _, y = results.to_salib()
    assert problem["dists"] == ["logunif", "unif"]
    first = sobol.analyze(problem, y, calc_second_order=False, seed=1)["S1"]
    assert first == pytest.approx([1, 0], abs=0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda results: results.to_xarray("plase"), "Did you mean 'place'"),
        (
            lambda results: results.to_xarray(over="mean"),
            "over is 'mean'. Give one of: 'final', 'series'",
        ),
        (lambda results: results.to_ema(each="runs"), "each is 'runs'. Give 'run' .* or 'point'"),
        (lambda results: results.to_ema("mood", each="point"), "'mood' is no number, so it has no mean"),
        (lambda results: results.to_salib("mood"), "'mood' is no number"),
    ],
)
def test_mistakes_are_named(real: ml.Results, call: Any, message: str) -> None:
    with pytest.raises(ml.OutcomeError, match=message):
        call(real)


def test_nothing_varies_no_problem() -> None:
    results = synthetic_results(
        ml.Experiment("none:None", {"a": 1}, replications=3), {"y": lambda runs, rng: pd.Series([1.0, 2, 3])}
    )
    with pytest.raises(ml.ParameterError, match="Nothing varies"):
        results.to_salib("y")


def test_outcomes_over_time_have_no_steps(real: ml.Results) -> None:
    experiment = real.experiment.replace(
        parameters={"rate": [0.1, 0.2], "kind": "calm", "size": 2},
        outcomes=["place", ml.Outcome("place", over="max")],
    )
    results = ml.run(experiment, progress=False, n_jobs=1)
    data = results.to_xarray()
    assert data["place"].dims == ("point", "replication", "step")
    assert data["max of place"].dims == ("point", "replication")
    assert list(results.to_xarray(over="series").data_vars) == ["place"]
    assert set(results.to_ema(over="series")[1]) == {"place", "TIME"}


def of_levels(tmp_path: Any, levels: list[Any]) -> ml.Results:
    """A study whose outcome `text` is None at the first level and text at the others."""
    model = tmp_path / "levels.py"
    model.write_text(
        "import mesa\n"
        "class Levels(mesa.Model):\n"
        "    def __init__(self, x=1, rng=None):\n"
        "        super().__init__(rng=rng)\n"
        f"        self.text, self.size = (None if repr(x) == {repr(levels[0])!r} else 'a'), 1.5\n"
    )
    experiment = ml.Experiment(
        f"{model}:Levels", {"x": levels}, max_steps=0, outcomes=["text", "size"], seed=1
    )
    return ml.run(experiment, progress=False, backend="sequential")


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_salib_is_not_given_bounds_that_are_no_numbers(tmp_path: Any, odd: float) -> None:
    with pytest.raises(ml.ParameterError, match=f"'x' has the value {odd} at a point"):
        of_levels(tmp_path, [1.0, odd]).to_salib("size")


def test_none_stays_none_beside_text_in_xarray(tmp_path: Any) -> None:
    data = of_levels(tmp_path, [None, "b"]).to_xarray("text")
    assert data["text"].values.tolist() == [[None], ["a"]]
    assert data["x"].values.tolist() == [None, "b"]


def test_a_number_and_the_same_number_as_text_stay_two_values_for_ema(tmp_path: Any) -> None:
    experiments, _ = of_levels(tmp_path, [1, "1", "b", None]).to_ema("size")
    assert experiments["x"].tolist() == ["1", "'1'", "b", "None"]
