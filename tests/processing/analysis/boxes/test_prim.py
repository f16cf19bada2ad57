"""PRIM: the boxes of EMA's workbench, and what is ours: shares of runs, judgement against chance."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest

from mesa_lab.processing.analysis.boxes.prim import (
    Space,
    find_boxes,
    members,
    quasi_p,
    simplified,
)
from mesa_lab.processing.analysis.discovery import selection
from mesa_lab.processing.analysis.discovery.selection import chosen, judge, search
from tests.processing.analysis.sensitivity.conftest import ishigami


def space_of(columns, share, unordered=None):
    codes = np.column_stack([np.unique(column, return_inverse=True)[1] for column in columns])
    levels = codes.max(axis=0) + 1
    free = np.zeros(len(levels), bool) if unordered is None else np.asarray(unordered)
    return Space(codes, levels, free, np.asarray(share, dtype=float))


def ishigami_event(n, seed=7):
    unit = np.random.default_rng(seed).random((n, 3))
    return unit, ishigami(unit) > 7


@pytest.fixture(scope="module")
def workbench():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ema_workbench.analysis import prim
    return prim


@pytest.mark.parametrize("n", [500, 1000, 2000])
def test_the_workbench_finds_the_same_boxes_on_ishigami(workbench, n):
    unit, event = ishigami_event(n)
    own = find_boxes(space_of(unit.T, event))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = workbench.Prim(pd.DataFrame(unit, columns=list("abc")), event.copy()).find_box()
    trajectory = theirs.peeling_trajectory
    assert len(own) == len(trajectory)
    np.testing.assert_allclose([box.coverage for box in own], trajectory["coverage"])
    np.testing.assert_allclose([box.density for box in own], trajectory["density"])
    assert [box.n for box in own] == trajectory["n"].tolist()
    assert [len(box.restricted(space_of(unit.T, event))) for box in own] == trajectory["res_dim"].tolist()


def test_the_workbench_peels_choices_alike(workbench):
    rng = np.random.default_rng(3)
    n = 600
    a, choice = rng.random(n), rng.choice(["p", "q", "r", "s"], n)
    event = (a > 0.6) & np.isin(choice, ["p", "r"]) & (rng.random(n) < 0.9)
    own = find_boxes(space_of([a, choice], event, [False, True]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = pd.DataFrame({"a": a, "choice": choice.astype(object)})
        theirs = workbench.Prim(frame, event.copy()).find_box().peeling_trajectory
    assert own[-1].density == pytest.approx(theirs["density"].iloc[-1])
    assert own[-1].coverage == pytest.approx(theirs["coverage"].iloc[-1])
    kept = own[-1].kept[1]
    assert not kept[[1, 3]].any()


def test_quasi_p_is_that_of_the_workbench(workbench):
    unit, event = ishigami_event(500)
    space = space_of(unit.T, event)
    own = find_boxes(space)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = workbench.Prim(pd.DataFrame(unit, columns=list("abc")), event.copy()).find_box()
    for at in (10, 20):
        restricted = own[at].restricted(space)
        for place in restricted:
            both_ends = [p for p in theirs.p_values[at]["abc"[place]] if p >= 0]
            if len(both_ends) == 1:  # theirs is for each end, ours for both together
                assert quasi_p(space, own[at], place) == pytest.approx(both_ends[0])


def test_a_box_that_is_there_is_found():
    rng = np.random.default_rng(1)
    unit = rng.random((400, 4))
    inside = (unit[:, 0] > 0.6) & (unit[:, 1] < 0.5)
    share = rng.binomial(5, np.where(inside, 0.95, 0.05)) / 5
    space = space_of(unit.T, share)
    boxes, _ = search(space)
    assert boxes[0].restricted(space) == [0, 1]
    found = members(space, boxes[0])
    assert (found == inside).mean() > 0.97
    judged = judge(space, boxes[0])
    assert judged.p <= 0.02
    assert judged.again[:2].min() > 0.9
    assert judged.again[2:].max() < 0.3
    assert abs(judged.fresh - 0.95) < 0.1
    assert judged.overlap > 0.85


def test_two_boxes_are_two_boxes():
    rng = np.random.default_rng(2)
    unit = rng.random((600, 2))
    event = (unit[:, 0] < 0.3) | (unit[:, 1] > 0.8)
    space = space_of(unit.T, event)
    boxes, _ = search(space)
    assert len(boxes) == 2
    assert sum(box.coverage for box in boxes) > 0.95
    assert min(box.density for box in boxes) > 0.9


def test_peeling_follows_the_share_of_runs_not_one_lucky_run():
    rng = np.random.default_rng(5)
    unit = rng.random((300, 3))
    truth = np.where(unit[:, 0] > 0.5, 0.7, 0.3)
    share = rng.binomial(10, truth) / 10
    space = space_of(unit.T, share)
    box = simplified(space, chosen(find_boxes(space)))
    assert box.restricted(space) == [0]


def test_chance_is_seldom_taken_for_a_box(monkeypatch):
    monkeypatch.setattr(selection, "RESAMPLES", 2)  # only p is looked at
    monkeypatch.setattr(selection, "SHUFFLES", 39)
    alarms = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        unit = rng.random((100, 3))
        space = space_of(unit.T, rng.binomial(4, 0.3, 100) / 4)
        boxes, _ = search(space)
        alarms += judge(space, boxes[0], seed=seed).p < 0.05
    assert alarms <= 4


def test_the_density_at_fresh_points_is_honest(monkeypatch):
    """The box looks denser where it was searched than it is."""
    monkeypatch.setattr(selection, "SHUFFLES", 1)  # only the resamples are looked at
    found, fresh, truth = [], [], []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        unit = rng.random((120, 4))
        probability = np.where(unit[:, 0] > 0.5, 0.6, 0.2)
        space = space_of(unit.T, (rng.random(120) < probability).astype(float))
        boxes, _ = search(space)
        judged = judge(space, boxes[0], seed=seed)
        box = boxes[0]
        more = rng.random((4000, 4))
        keep = np.ones(4000, bool)
        for at in range(4):
            inner = unit[members(space, box), at]
            if at in box.restricted(space):
                keep &= (more[:, at] >= inner.min()) & (more[:, at] <= inner.max())
        found.append(box.density)
        fresh.append(judged.fresh)
        truth.append(np.where(more[keep, 0] > 0.5, 0.6, 0.2).mean())
    assert np.mean(found) - np.mean(truth) > 0.03
    assert abs(np.mean(fresh) - np.mean(truth)) < abs(np.mean(found) - np.mean(truth))


def test_a_density_can_be_asked_for():
    unit, event = ishigami_event(1000)
    trajectory = find_boxes(space_of(unit.T, event))
    assert chosen(trajectory, 0.5).density >= 0.5
    assert chosen(trajectory, 0.5).coverage > chosen(trajectory, 0.55).coverage
    assert chosen(trajectory, 0.99) is max(trajectory, key=lambda box: box.density)


def test_levels_go_whole():
    rows = np.array(list(itertools.product(range(4), range(5))) * 5)
    space = space_of(rows.T, rows[:, 0] >= 2)
    boxes, _ = search(space)
    assert boxes[0].low.tolist() == [2, 0]
    assert (boxes[0].density, boxes[0].coverage) == (1.0, 1.0)


def noisy_event(seed, n, below, above, k=3):
    """An event above 0.6 of the first of some parameters, with one run for each point: its space, and where points lie."""
    rng = np.random.default_rng(seed)
    x = rng.random((n, k))
    codes = np.argsort(np.argsort(x, axis=0), axis=0).astype(np.int64)
    share = (rng.random(n) < np.where(x[:, 0] > 0.6, above, below)).astype(float)
    return Space(codes, np.full(k, n), np.zeros(k, bool), share), x


@pytest.mark.parametrize(("n", "below", "above"), [(100, 0.0, 1.0), (100, 0.1, 0.9), (150, 0.1, 0.7)])
def test_a_box_has_the_edge_that_is_there_and_no_other(n, below, above):
    """40 seeds: the edge at 0.6 is found in nearly all, and an upper one, or one of another parameter, in hardly any."""
    found = upper = other = 0
    edges = []
    for seed in range(40):
        space, x = noisy_event(seed, n, below, above)
        box = search(space)[0][0]
        found += box.low[0] > 0
        upper += box.high[0] < n - 1
        other += bool((box.low[1:] > 0).any() or (box.high[1:] < n - 1).any())
        edges.append(np.sort(x[:, 0])[box.low[0]])
    assert found >= 39
    assert upper <= 1
    assert other <= 3
    assert abs(np.median(edges) - 0.6) < 0.03


def test_an_end_that_is_there_on_both_sides_is_kept_on_both():
    space, _ = noisy_event(1, 300, 0.05, 0.05)
    middle = (space.codes[:, 0] > 90) & (space.codes[:, 0] < 210)
    box = search(Space(space.codes, space.levels, space.unordered, middle.astype(float)))[0][0]
    assert abs(int(box.low[0]) - 91) <= 1  # cuts take a twentieth of the points at once
    assert abs(int(box.high[0]) - 209) <= 1
