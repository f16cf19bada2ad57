import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest

from mesa_lab.processing.charts import find_chart


@pytest.fixture
def plain(make):
    points = pd.DataFrame(list(itertools.product([1, 2, 3], [True, False])), columns=["n", "torus"])
    return make(points, replications=4, outcomes={"happy": lambda p, g: p["n"] + g.random(len(p))})


def test_a_distribution_holds_quartiles_of_all_runs_though_it_draws_some(make):
    results = make({"n": [1]}, replications=6000)
    table = find_chart("distribution").table(results, "happy")
    assert len(table) <= 2400
    assert table["n"].iloc[0] == 6000
    assert table["median"].iloc[0] == pytest.approx(results.runs["happy"].median())
    assert "One run in 3 is drawn" in table.attrs["chart"]["subtitle"][0]


def test_a_distribution_names_its_runs(plain):
    table = find_chart("distribution").table(plain, "happy", points=[2])
    assert table["run_id"].tolist() == [2, 8, 14, 20]
    assert table["seed"].tolist() == plain.runs["seed"][[2, 8, 14, 20]].astype(str).tolist()


def test_a_design_has_one_row_per_point(make):
    frame = pd.DataFrame(np.random.default_rng(0).random((30, 7)), columns=list("abcdefg"))
    table = find_chart("design").table(make(frame), "happy")
    assert len(table) == 30
    assert [name for name in table if re.fullmatch(r"p\d", str(name))] == ["p0", "p1", "p2", "p3", "p4"]
    assert "5 of 7 parameters are shown." in table.attrs["chart"]["subtitle"][0]


def test_a_design_offers_a_brush(plain):
    spec = find_chart("design").chart(plain, "happy").to_dict()
    assert spec["params"][0]["name"] == "brush"
    assert "params" not in find_chart("design").chart(plain, "happy", interactive=False).to_dict()


def test_long_names_and_levels_keep_to_their_panels(make):
    name = "the_kind_of_place_where_all_agents_meet_and_trade_with_other"
    levels = [f"a level with a text of sixty letters that ends in {end}" for end in range(4)]
    points = pd.DataFrame(
        list(itertools.product(levels, [0.1, 0.5], [1, 10_000, 120_000])), columns=[name, "share", "size"]
    )
    spec = find_chart("design").draw(find_chart("design").table(make(points), "happy"), width=560).to_dict()
    assert spec["bounds"] == "flush"  # panels stand where those above them stand
    sides = [
        panel["layer"][0]["encoding"][side]
        for panel in spec["concat"]
        if "layer" in panel
        for side in ("x", "y")
    ]
    wide = max(panel["width"] for panel in spec["concat"])
    titles = [side["title"] for side in sides if side["title"]]
    lines = [line for title in titles for line in ([title] if isinstance(title, str) else title)]
    assert max(map(len, lines)) <= wide / 6.2
    marked = next(side["axis"] for side in sides if "labelExpr" in side["axis"])
    assert [text[-1] for text in json.loads(marked["labelExpr"].removesuffix("[datum.value]"))] == list(
        "0123"
    )
    assert marked["labelAngle"] == -40
    assert not marked["labelOverlap"]
