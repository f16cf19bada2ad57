"""The page on which parameters are turned."""

import ipyvue
import pytest

import mesa_lab as ml
from mesa_lab.app.explore.source import Source
from mesa_lab.workspace.workspace import Workspace


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explore")
    experiment = ml.Experiment(
        "mesa.examples:Schelling",
        {"density": ml.Real(0.5, 0.9), "homophily": ml.Real(0.1, 0.9)},
        design=ml.LatinHypercube(8),
        replications=2,
        max_steps=3,
        outcomes=["happy", "pct_happy"],
    )
    ml.run(experiment, folder / "schelling.study", n_jobs=1, backend="sequential", progress=False)
    return folder


def profiler(view):
    found = []
    view.until(
        lambda: (
            found.extend(widget for widget in view.widgets(ipyvue.VueTemplate) if "dials" in widget.traits())
            or found
        )
    )
    return found[-1]


def test_a_study_is_shown_with_its_curves(show, folder):
    view = show(Source(Workspace(folder, folder), "study=schelling", None, ""))
    widget = profiler(view)
    assert [dial["name"] for dial in widget.dials] == ["density", "homophily"]
    view.until(lambda: widget.rows and widget.rows[0]["cells"][0]["pieces"])
    row = widget.rows[0]
    assert (row["outcome"], row["kind"]) == ("happy", "predicted")
