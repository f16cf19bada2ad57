"""Pictures of texts that no XML may hold: the converter, which draws by way of SVG, would end this process."""

import xml.dom.minidom

import pytest

import mesa_lab as ml
from mesa_lab.errors import StudyError
from mesa_lab.processing.export.chart_image import convert, render

MODEL = "tests/fixtures/measured_models.py:Awkward"
TEXTS = ["a\0b", "\x01", "\x1b[31m", "a\b\f\v", "\ufffe", "C:\\bin\\u0000"]


@pytest.fixture(scope="module")
def results():
    space = {"gain": [0.5, 1.5], "mode": TEXTS, "limit": None}
    return ml.run(ml.Experiment(MODEL, space, replications=2, max_steps=2, seed=1), n_jobs=1, progress=False)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("effect", {"parameter": "mode"}),
        ("effect", {"parameter": "gain", "by": "mode"}),
        ("heatmap", {"x": "mode", "y": "gain"}),
        ("distribution", {"by": "mode"}),
        ("design", {}),
    ],
)
def test_a_level_of_any_characters_is_drawn(kind, options, results):
    svg = render(results.chart(kind, None if kind == "design" else "rich", **options), "svg")
    xml.dom.minidom.parseString(svg.encode())


def test_a_report_of_such_levels_is_written(results, tmp_path):
    assert results.report(tmp_path / "x.html").stat().st_size > 10_000


@pytest.mark.parametrize("text", [*TEXTS, "\ud800"])
@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_a_specification_with_any_characters_is_drawn(kind, text):
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": text,
        "data": {"values": [{"x": text, "y": 1}]},
        "mark": "bar",
        "encoding": {"x": {"field": "x", "title": text}, "y": {"field": "y", "type": "quantitative"}},
    }
    assert len(convert(spec, kind)) > 1000


def test_other_texts_stay_as_they_are():
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": "C:/bin 👩‍👧",
        "mark": "bar",
    }
    assert "C:/bin 👩‍👧" in convert(spec, "svg")


def test_labels_with_backslashes_stay_as_they_are(tmp_path):
    levels = ["C:\\bin", "D:\\\\files\\u0001", "a\0b"]
    experiment = ml.Experiment(
        MODEL, {"gain": [0.5, 1.5], "mode": levels, "limit": None}, max_steps=2, seed=1
    )
    results = ml.run(experiment, n_jobs=1, progress=False)
    svg = render(results.chart("design"), "svg")
    for text in ("C:\\bin", "D:\\\\files\\u0001", "a\ufffdb"):
        assert f">{text}<" in svg, text


def test_half_a_character_is_no_damage(tmp_path):
    experiment = ml.Experiment(MODEL, {"mode": ["a\ud800", "b"]}, max_steps=1)
    with pytest.raises(StudyError, match="it has a half of a character, which no encoding has. Take it out"):
        ml.run(experiment, tmp_path / "x.study", n_jobs=1, progress=False)
