"""The page on which parameters are turned."""

import shutil
from types import SimpleNamespace

import ipyvue
import pytest

import mesa_lab as ml
from mesa_lab.app.explore.open_sessions import _open
from mesa_lab.app.explore.page import no_curves_yet
from mesa_lab.app.explore.source import Source
from mesa_lab.exploring.dials import Dial
from mesa_lab.exploring.follow_ups import finding_of
from mesa_lab.search.carry_out import search_of
from mesa_lab.study import Study
from mesa_lab.workspace.access import Access, grant
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


def test_sliders_move_all_curves_and_settings_are_remembered_and_compared(show, folder):
    designs = []
    view = show(
        Source(
            Workspace(folder, folder),
            "study=schelling",
            None,
            "",
            lambda experiment, source: designs.append((source, experiment)),
        )
    )
    widget = profiler(view)
    stop = widget.dials[0]["stop"]
    view.press("Remember")
    view.until("Go there")
    widget.vue_moved({"density": stop + 20})
    view.until(lambda: profiler(view).dials[0]["stop"] == stop + 20)
    view.press("Remember")
    view.until("Setting 2")
    widget.vue_typed({"name": "density", "text": "7"})
    view.until("density = 7 lies outside of its range")
    widget.vue_locked("density")
    view.until(lambda: profiler(view).dials[0]["locked"])
    widget.vue_moved({"density": 0})
    assert profiler(view).dials[0]["stop"] == stop + 20
    view.press("Setting 1")
    view.press("Setting 2")
    view.until("Compare Setting 1 and Setting 2")
    view.press("Compare Setting 1 and Setting 2")
    assert designs[0][0] == "The comparison of two settings"
    assert designs[0][1].common_random_numbers
    view.press("As a design")
    assert designs[1][1].n_points == 2
    (surface,) = [each for each in view.widgets(ipyvue.VueTemplate) if "cells" in each.traits()]
    assert len(surface.cells) == 25 * 25
    assert surface.words.startswith("happy from")
    surface.vue_picked({"across": 0.1, "up": 0.9})  # density is locked
    view.until(lambda: profiler(view).dials[1]["stop"] == 90)
    assert profiler(view).dials[0]["stop"] == stop + 20


def test_a_search_begins_here_and_what_it_found_is_gone_to(show, folder, tmp_path, monkeypatch):
    shutil.copy(folder / "schelling.study", tmp_path / "schelling.study")
    workspace = Workspace(tmp_path, tmp_path)
    started = []
    monkeypatch.setattr(Workspace, "start", lambda self, ref: started.append(ref))
    view = show(Source(workspace, "study=schelling", None, ""))
    profiler(view)
    view.until("Find the best setting")
    view.field("Runs at most").v_model = "a few"
    view.press("Find the best setting")
    view.until("a few")
    assert not started
    view.field("Runs at most").v_model = "20"
    view.press("Find the best setting")
    view.until(lambda: started)
    view.until("Not started")
    assert started[0].name.startswith("schelling_best")
    with Study.open(started[0].path) as study:
        search = search_of(study)
    ml.search(search, started[0].path, n_jobs=1, backend="sequential", progress=False)
    view.until("Finished")
    session = next(iter(_open.values()))[0]
    view.until(lambda: session.measured.n_runs > 16)
    view.until("Go there")
    view.press("Go there")
    best = finding_of(started[0].path, session.dials).setting
    view.until(lambda: session.setting == best)


def test_a_session_ends_with_its_last_page(show, folder):
    views = [show(Source(Workspace(folder, folder), "study=schelling", None, "")) for _ in range(2)]
    for view in views:
        profiler(view)
    assert len(_open) == 1
    views[0].context.close()
    assert len(_open) == 1
    views[1].context.close()
    assert not _open


def test_nothing_to_explore_and_a_study_that_is_not_there_are_said(show, folder):
    view = show(Source(Workspace(folder, folder), "", None, ""))
    assert "Choose a model" in view.text
    view = show(Source(Workspace(folder, folder), "study=none", None, ""))
    assert "There is no study 'none' here." in view.text


def test_code_that_nobody_agreed_to_is_asked_for_first(show, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "import mesa\n\nclass Mine(mesa.Model):\n    def __init__(self, a=1, rng=None):\n        super().__init__(rng=rng)\n"
    )
    experiment = ml.Experiment(f"{file}:Mine", {"a": [1, 2]}, max_steps=1, outcomes=["steps"])
    ml.run(experiment, tmp_path / "mine.study", n_jobs=1, backend="sequential", progress=False)
    grant(Access(local=True, studies=tmp_path))
    try:
        view = show(Source(Workspace(tmp_path, tmp_path), "study=mine", None, ""))
        view.until("Go on only if you know where it comes from")
        view.press("Explore it")
        assert profiler(view).dials[0]["name"] == "a"
    finally:
        grant(None)


def test_a_model_alone_is_explored_over_what_it_suggests(show, tmp_path):
    experiment = ml.Experiment("mesa.examples:Schelling", {"density": ml.Real(0.5, 0.9)}, max_steps=3)
    view = show(Source(Workspace(tmp_path, tmp_path), "", experiment, "mesa.examples:Schelling"))
    widget = profiler(view)
    assert widget.dials[0]["name"] == "density"
    assert len(widget.dials) > 2
    assert "Curves over" in view.text
    assert not list(tmp_path.glob("*.study"))


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (
            (ml.Real(0, 1), ml.Real(0, 1)),
            "Curves over 2 parameters need 5 measured settings, and 4 are measured so far. Run settings all over",
        ),
        (
            (ml.Integer(0, 1), ml.Choice(["a", "b"])),
            "Curves take 5 settings; here there are 4: the marks show",
        ),
    ],
)
def test_curves_that_cannot_be_there_are_not_promised(parameters, said):
    dials = [Dial(name, each) for name, each in zip("ab", parameters, strict=True)]
    session = SimpleNamespace(dials=dials, missing=1, measured=SimpleNamespace(settings=range(4)))
    assert no_curves_yet(session).startswith(said)
