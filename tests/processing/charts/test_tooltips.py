"""Names and values of the user stay text in every chart, wherever it is drawn: no picture, no heading, no script."""

import json
import re
import shutil

import altair as alt
import pandas as pd
import pytest

from mesa_lab.app.components.chart import specification
from mesa_lab.app.components.series_chart import line_chart
from mesa_lab.app.design.points_chart import points_chart
from mesa_lab.processing.charts import CHARTS
from mesa_lab.processing.charts.caption import marks, points_of_mark
from mesa_lab.processing.charts.tooltips import tooltips, with_plain_texts
from mesa_lab.processing.export.chart_image import convert, render
from mesa_lab.testing.conclusion_suite import check_titles
from mesa_lab.testing.study_kinds import SPECIAL

NAMES = [*SPECIAL, "url", "href", "toString", "</script><script>alert(1)</script>", "<!--<script>"]
KINDS = pytest.mark.parametrize("kind", CHARTS, ids=lambda kind: kind.name)


def named(make, name, other):
    points = {name: [1.5, 2.5, 1.5, 2.5], other: ["constructor", "__proto__", "__proto__", "constructor"]}
    return make(points, replications=3, outcomes={name: lambda p, g: g.random(len(p))})


@KINDS
@pytest.mark.parametrize("name", NAMES)
def test_names_stay_text(kind, make, name):
    results = named(make, name, NAMES[NAMES.index(name) - 1])
    chart = kind.chart(results, name)
    for spec in (chart.to_dict(), specification(chart)):
        check_titles(spec)
    assert render(chart, "svg").startswith("<svg")


@KINDS
def test_levels_stay_text(kind, make):
    """Lines, labels and keys of levels that are called like what every JavaScript object has are drawn."""
    results = named(make, "density", "mode")
    by = {"by": "mode"} if "by" in kind.options else {}
    picture = render(kind.chart(results, "density", **by), "svg")
    assert ("constructor" in picture) == (kind.name != "outcomes")  # which shows no parameter


def test_charts_of_pages_keep_names_text():
    points = pd.DataFrame([[0.5, "constructor"] * 4] * 3, columns=list(SPECIAL))
    check_titles(specification(points_chart(points, SPECIAL[:5])))
    series = pd.DataFrame({"step": [0, 1], **{name: [1.0, 2.0] for name in SPECIAL}})
    for name in SPECIAL:
        check_titles(specification(line_chart(series, name)))
        convert(specification(line_chart(series, name)) | {"width": 300}, "svg")


def test_a_chart_of_another_package_is_kept_from_it_too():
    table = pd.DataFrame({"image": ["https://example.org/x.png"], "x": [1]})
    chart = alt.Chart(table).mark_point().encode(x=alt.X("x:Q", title="a\\"), tooltip=["image:N", "x:Q"])
    spec = specification(chart)
    check_titles(spec)
    assert [tip["field"] for tip in spec["encoding"]["tooltip"]] == ["image", "x"]
    check_titles(json.loads(convert(chart.to_dict(), "json")))


def test_titles_that_come_twice_have_a_row_each():
    tips = tooltips({"a": "mean", "b": "mean", "c": "mean"}, {"a": ".2f"})
    assert [tip["title"].strip("\u00a0") for tip in tips] == ["mean"] * 3
    assert len({tip["title"] for tip in tips}) == 3
    assert tooltips({"a": "mean"}, {}, interactive=False) is alt.Undefined


def test_it_can_be_done_again_and_leaves_the_rest_as_it_is():
    spec = {
        "mark": "point",
        "datasets": {"d": [{"constructor": "a\\b", "k": "valueOf"}]},
        "encoding": {"x": {"field": "constructor", "title": ["a\\", "image"]}, "tooltip": {"value": "x"}},
    }
    once = with_plain_texts(spec)
    assert with_plain_texts(once) == once
    assert once["datasets"]["d"] == [{"constructor": "a\\b", "k": "valueOf\u00a0"}]
    assert once["encoding"]["x"] == {"field": "constructor", "title": ["a∖", "image"]}


def test_a_mark_leads_to_its_points_whatever_its_group_is_called():
    known = marks({"group": ["constructor", "b"]}, [[0, 1], [2]])
    assert points_of_mark(known, {"group": "constructor\u00a0"}) == [0, 1]


def test_a_page_with_a_chart_has_no_script_but_its_own(make):
    evil = "</script><script>alert(1)</script><!--<script>"
    chart = CHARTS[1].chart(named(make, evil, "const spec = {"), evil)
    page = str(render(chart, "html"))
    plain = str(render(CHARTS[1].chart(named(make, "a", "b"), "a"), "html"))
    for tag in ("<script", "</script", "<!--"):
        assert page.count(tag) == plain.count(tag)
    assert "default-src 'none'" in page.split("<script")[0]
    written = re.search(r"const spec = (\{.*\});\n", page)
    assert json.loads(written[1])["datasets"] == chart.to_dict()["datasets"]


@KINDS
def test_a_notebook_and_altairs_own_page_have_no_script_but_their_own(kind, make):
    evil = "</SCRIPT ><script>alert(1)</script><!--<script>"
    chart = kind.chart(named(make, evil, "b"), evil)
    shown = chart._repr_mimebundle_()
    shown = shown[0] if isinstance(shown, tuple) else shown
    for page in (chart.to_html(), *map(str, shown.values())):
        assert "<script>alert" not in page
        assert "</SCRIPT" not in page
        assert "<!--" not in page
    assert points_of_mark(marks({"group": [evil]}, [[7]]), {"group": with_plain_texts({"t": evil})["t"]}) == [
        7
    ]


def test_a_page_with_a_chart_fetches_nothing_in_a_browser(make, tmp_path):
    """In a real browser, with the tooltip that a page outside the app has."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    playwright = pytest.importorskip("playwright.sync_api")
    if browser is None:
        pytest.skip("There is no browser.")
    chart = CHARTS[1].chart(named(make, "image", "title"), "image")
    (tmp_path / "chart.html").write_text(str(render(chart, "html")), encoding="utf-8")
    with playwright.sync_playwright() as driver:
        page = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"]).new_page()
        asked, said = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.goto((tmp_path / "chart.html").as_uri())
        page.wait_for_selector("#vega-chart svg")
        page.locator(".mark-symbol path").first.hover(force=True)
        tip = page.locator("#vg-tooltip-element.visible")
        tip.wait_for()
        assert "image" in tip.inner_text()
        assert tip.locator("img, h2").count() == 0
        assert asked == [page.url]
        assert not said
