"""The settings that a search has tried over the space, and those that it tries next."""

from __future__ import annotations

import pytest

import mesa_lab as ml
from mesa_lab.processing.analysis.searched.tried import next_settings, settings_tried
from mesa_lab.processing.results import Results
from mesa_lab.search import carry_out, loop
from mesa_lab.search.carry_out import study_for
from tests.search.bowls import bowl

WHOLE = {"n": ml.Integer(1, 9)}


@pytest.fixture
def cut_short(tmp_path, monkeypatch):
    """A function that carries a search on until so many results have come; the first ones come alone, later ones by the dozen."""

    def results(runs, method=None, **changes):
        left, hear = [runs], loop.Loop.hear

        def counted(self, batch):
            left[0] -= len(batch.runs)
            if left[0] <= 0:
                raise KeyboardInterrupt
            return hear(self, batch)

        method = method or ml.Optimise("loss", engine="random", replications=2)
        search = ml.Search(bowl(**changes), method, budget=60)
        study = study_for(search, tmp_path / "a.study")
        with monkeypatch.context() as patched:
            patched.setattr(loop.Loop, "hear", counted)
            carry_out.drive_search(study, search, backend="sequential", progress=False)
        return Results(study)

    return results


def test_the_settings_that_are_asked_for_are_named_in_their_order(cut_short):
    results = cut_short(1, parameters=WHOLE)
    base, record = results.base, results.searched
    found = next_settings(results, record)
    asked = {
        (point, each)
        for batch in record.batches
        for point, first, stop in batch.runs
        for each in range(first, stop)
    }
    there = set(zip(base["point"], base["replication"], strict=True))
    assert sum(each.runs for each in found) == len(asked - there)
    assert [each.point for each in found] == sorted({point for point, _ in asked - there})
    assert {each.point: each.is_new for each in found} == {
        each.point: each.point not in set(base["point"]) for each in found
    }
    whole = results.points.loc[found[-1].point]
    assert f", n {whole['n']}" in found[-1].name
    assert f"kind {whole['kind']}" in found[-1].name


def test_settings_are_points_over_two_parameters_and_those_asked_for_are_rings(cut_short):
    results = cut_short(1, parameters=WHOLE)
    chart = settings_tried(results, results.searched, "y", "n")
    waiting = {each.point for each in next_settings(results, results.searched)}
    assert waiting
    means = results.runs.groupby("point")["loss"].mean()
    for row in chart.table.itertuples():
        assert (row.x, row.y) == tuple(results.points.loc[row.point, ["y", "n"]])
        assert row.value == pytest.approx(means[row.point]) if row.n else row.value != row.value
        assert (row.status == "asked for now") == (row.point in waiting)
    assert set(chart.table["point"]) == waiting | set(means.index)
    assert "asked for now" in chart.table.attrs["chart"]["alt"]
    for theme in ("light", "dark"):
        layers = chart.draw(chart.table, theme=theme).to_dict()["layer"]
        assert [layer["mark"]["type"] for layer in layers] == ["point", "point"]
        assert layers[0]["encoding"]["color"]["field"] == "value"


@pytest.mark.parametrize("axes", [("", ""), ("kind", "x"), ("x", "x"), ("gone", "gone")])
def test_axes_that_are_not_there_are_the_next_ones(cut_short, axes):
    results = cut_short(1)
    columns = settings_tried(results, results.searched, *axes).table.attrs["chart"]["columns"]
    assert (columns["x"], columns["y"]) == {"kind": ("kind", "x")}.get(axes[0], ("x", "y"))


def test_one_parameter_is_drawn_over_the_outcome(cut_short):
    results = cut_short(1, parameters={"y": 0.1, "kind": "a"})
    chart = settings_tried(results, results.searched)
    known = chart.table[chart.table["n"] > 0]
    assert (known["y"] == known["value"]).all()
    drawn = chart.draw(chart.table).to_dict()
    assert drawn["layer"][-1]["mark"]["type"] == "rule"
    assert drawn["layer"][0]["encoding"]["y"]["title"] == "loss"


def test_after_the_end_nothing_is_asked_for_and_where_nothing_varies_there_is_no_chart(cut_short):
    results = cut_short(10**6)
    assert next_settings(results, results.searched) == []
    assert set(settings_tried(results, results.searched).table["status"]) == {"tried"}
    single = {"x": 0.1, "y": 0.1, "kind": "a"}
    alone = ml.search(
        ml.Search(bowl(parameters=single), ml.UntilPrecise("loss", half_width=2, at_most=20)),
        backend="sequential",
        progress=False,
    )
    assert settings_tried(alone, alone.searched) is None


def test_runs_that_all_failed_are_no_settings_that_were_tried_with_success(cut_short):
    results = cut_short(1, parameters={"trouble": "all"})
    chart = settings_tried(results, results.searched)
    assert set(chart.table["status"]) == {"asked for now"}
    chart.draw(chart.table).to_dict()
