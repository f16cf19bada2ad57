import base64
import dataclasses
import re
import subprocess
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

import mesa_lab as ml
from mesa_lab.errors import ExportError, OutcomeError
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.processing.charts import find_chart
from mesa_lab.processing.charts.theme import BOTH, theme_of
from mesa_lab.processing.report import figures
from mesa_lab.processing.report.report import write_report

EVIL = "<img src=x onerror=alert(1)>"
TEMPLATE = "{{ 7*7 }}{% raw %}"


class Page(HTMLParser):
    """What a browser would see: elements, and the attributes that fetch something."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.fetched, self.ids, self.targets, self.images = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        self.fetched += [
            found[name] for name in ("src", "srcset", "href", "action", "data") if found.get(name)
        ]
        self.fetched += re.findall(r"url\(([^)]*)\)", found.get("style") or "")
        self.ids += [found["id"]] if "id" in found else []
        if tag == "a":
            self.targets.append(found.get("href", ""))
        if tag == "img":
            self.images.append(found)


def study_like(results, **parts):
    """Dress a fake up with what only real studies have."""
    real = Experiment("mesa.examples:Schelling", {"density": [0.6, 0.8]}, replications=3, max_steps=10)
    fake = results.study.experiment
    fields = ("design", "max_time", "stop_when", "timeout", "constraints", "common_random_numbers", "seeds")
    for name in fields:
        setattr(fake, name, getattr(real, name))
    fake.to_toml = lambda: f'model = "{results.study.experiment.model}"'
    for name, value in parts.items():
        setattr(results.study, name, value)
    return results


def written(results, tmp_path, monkeypatch=None, **options):
    path = write_report(results, tmp_path / "report.html", **options)
    text = path.read_text(encoding="utf-8")
    return text, Page(text)


@pytest.fixture
def quick(monkeypatch):
    """Leave the pictures out where they do not matter."""
    monkeypatch.setattr(figures, "convert", lambda spec, kind: "<svg/>")


def test_it_fetches_nothing_and_runs_nothing(make, tmp_path):
    results = study_like(make({"n": [1, 2, 3], "m": ["a", "b", "a"]}, failed=[1]))
    text, page = written(results, tmp_path)
    assert not {"script", "iframe", "link", "object", "embed"} & set(page.tags)
    assert all(address.startswith(("data:", "#")) for address in page.fetched)
    assert "@import" not in text
    assert "http" not in re.sub(r"data:[\w/+;=-]*base64,[\w+/=]*", "", text).replace("http-equiv", "")
    for image in page.images:
        picture = base64.b64decode(image["src"].partition("base64,")[2]).decode()
        assert "<script" not in picture
        assert "href" not in picture


def test_it_holds_everything(make, tmp_path, quick):
    sessions = [
        {
            "started": "2026-01-02T03:04:05.6+00:00", "ended": None, "ending": None, "runs": 9, "python": "3.13.0",
            "packages": {"mesa": "3.5.1"}, "machine": {"system": "Linux", "cpus": 4, "memory_gib": 8.0},
            "settings": {"n_jobs": 2, "backend": "loky"},
            "model_source": {"commit": "c0ffee", "dirty": True, "sha256": "abc123"},
        }
    ]  # fmt: skip
    results = make(
        {"n": [1, 2, 3], "mode": ["a", "b", "a"]},
        failed=[1, 4],
        timed_out=[2],
        model="mesa.examples:Schelling",
    )
    results.study.experiment.model = "mesa.examples:Schelling"
    text, page = written(
        study_like(results, sessions=lambda: sessions, path="/somewhere/wolves.study"),
        tmp_path,
        title="Wolves & co",
    )
    for expected in (
        "<h1>Wolves &amp; co</h1>", "wolves.study", "Schelling", "segregation", "model = &#34;mesa.examples:Schelling&#34;",
        "no grass left in run 1", "Traceback", "mesa-lab run experiment.toml", "mesa 3.5.1", "c0ffee", "not committed",
        "abc123", "2026-01-02 03:04:05 UTC", "4 processors", "ml.simulate", "held fixed", "All design points",
    ):  # fmt: skip
        assert expected in text, expected
    assert "/somewhere" not in text
    assert {target.removeprefix("#") for target in page.targets if target.startswith("#")} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert all(image["alt"] for image in page.images)
    assert page.tags.count("caption") == page.tags.count("table")
    assert page.tags.count("h1") == 1


def test_names_and_texts_are_escaped(make, tmp_path):
    points = {EVIL: [1.0, 2.0, 1.0, 2.0], TEMPLATE: [EVIL, EVIL, TEMPLATE, TEMPLATE]}
    results = make(
        points,
        outcomes={f"{EVIL}o": lambda p, g: g.random(len(p)), TEMPLATE + "o": lambda p, g: [EVIL] * len(p)},
        failed=[1],
    )
    results = study_like(results, path=f"{EVIL}.study")
    failures = results.study.failures_frame().assign(message=EVIL, traceback=EVIL + TEMPLATE, error_type=EVIL)
    results.study.failures_frame = lambda: failures
    text, page = written(results, tmp_path, title=EVIL + TEMPLATE)
    assert "<img src=x" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "{{ 7*7 }}" in text
    assert "49{%" not in text
    assert all(image["src"].startswith("data:image/svg+xml;base64,") for image in page.images)
    assert "onerror" not in {name for image in page.images for name in image}


def test_failures_are_grouped_and_what_they_share_is_said(make, tmp_path, quick):
    results = make({"grass": [True, False], "n": [1, 2]}, replications=3, failed=[1, 3, 5])
    failures = results.study.failures_frame().assign(message="no grass")
    results.study.failures_frame = lambda: failures
    text, _ = written(study_like(results), tmp_path)
    assert "3 runs: ValueError" in text
    assert "All of them have grass = False and n = 2." in text


def test_a_study_under_way_says_what_is_missing(make, tmp_path, quick):
    results = study_like(make({"n": [1, 2]}, replications=2))
    results.study.experiment.replications = 5
    text, _ = written(results, tmp_path)
    assert "runs not yet done" in text


@pytest.mark.parametrize("options", [{"replications": 0}, {"failed": [0, 1, 2, 3, 4, 5]}])
def test_without_results_it_is_still_a_report(make, tmp_path, quick, options):
    text, _ = written(study_like(make({"n": [1, 2]}, **options)), tmp_path)
    assert "No run has left an outcome that is a number." in text


def test_an_outcome_without_a_mean_has_no_lowest_point(make, tmp_path, quick):
    outcomes = {"far": lambda p, g: [float("inf")] * len(p), "near": lambda p, g: p["n"].tolist()}
    text, _ = written(study_like(make({"n": [1, 2]}, outcomes=outcomes)), tmp_path)
    overview = text[text.index("Outcomes at the end of the runs") :]
    row = next(row for row in re.findall(r"<tr.*?</tr>", overview, re.DOTALL) if ">far<" in row)
    assert row.count(">–<") >= 4


def test_without_anything_that_varies(make, tmp_path, quick):
    import pandas as pd

    text, _ = written(study_like(make(pd.DataFrame(index=[0]))), tmp_path)
    assert "no parameter varies" in text


def test_outcomes_can_be_chosen(make, tmp_path, quick):
    outcomes = {
        name: lambda p, g: g.random(len(p)) for name in ("alpha", "beta", "gamma", "delta", "epsilon")
    }
    results = study_like(make({"n": [1, 2]}, outcomes=outcomes))
    text, _ = written(results, tmp_path)
    assert "Measured too, and not drawn here: epsilon." in text
    text, page = written(results, tmp_path, outcomes=["epsilon"])
    assert "outcome-1" in page.ids
    assert "outcome-2" not in page.ids
    with pytest.raises(OutcomeError, match="Unknown outcome 'zeta'"):
        written(results, tmp_path, outcomes="zeta")


def test_what_is_being_done_is_told(make, tmp_path, quick):
    said = []
    results = make({"n": [1, 2]}, replications=2)
    write_report(study_like(results), tmp_path / "r.html", progress=said.append)
    of = len(list(results.outcomes)[:4])
    assert said[0].startswith("Charts of ")
    assert said[0].endswith(f"(1 of {of} outcome{'s' if of > 1 else ''})")
    assert said[of].startswith("Questions about ")
    assert len(said) == 2 * of


def test_what_was_lost_in_runs_is_said(make, tmp_path, quick):
    results = make({"n": [1, 2]})
    results.study.runs.loc[0, "notes"] = "x could not be measured at step 3"
    text, _ = written(study_like(results), tmp_path)
    assert "x could not be measured at step 3" in text


def test_a_failing_disk_leaves_nothing(make, tmp_path, quick):
    with pytest.raises(ExportError, match="no folder"):
        write_report(study_like(make({"n": [1]})), tmp_path / "missing" / "r.html")
    assert list(tmp_path.iterdir()) == []


def test_a_model_says_what_it_is_without_being_run(tmp_path):
    from mesa_lab.processing.report.description import model_doc

    file = tmp_path / "model.py"
    file.write_text('raise SystemExit("run!")\nclass Forest:\n    """Trees that burn."""\n')
    assert model_doc(f"{file}:Forest") == "Trees that burn."
    assert "Schelling" in model_doc("mesa.examples:Schelling")
    assert model_doc("no.such:Thing") == ""
    assert model_doc(SimpleNamespace) != ""


def pictures(page, attribute="src"):
    return [base64.b64decode(image[attribute].partition("base64,")[2]).decode() for image in page.images]


def test_each_chart_of_a_package_is_drawn_in_each_theme(make, tmp_path, monkeypatch):
    """It may know the colours of light and dark alone."""
    drawn = []

    def found(name):
        own = find_chart(name)

        def draw(table, theme, **options):
            drawn.append(theme)
            return own.draw(table, theme=theme, **options)

        return dataclasses.replace(own, draw=draw)

    monkeypatch.setattr(figures, "find_chart", found)
    written(study_like(make({"n": [1, 2]})), tmp_path, outcomes="happy")
    assert drawn == ["light", "dark"] * (len(drawn) // 2)
    assert drawn


def test_a_text_like_a_colour_stays(make, tmp_path):
    stand_in = theme_of(BOTH).accent
    results = make({"mode": [stand_in, f'fill="{stand_in}"', "c"]})
    _, page = written(study_like(results), tmp_path)
    found = [picture for picture in pictures(page) if stand_in in picture]
    assert found
    for picture in found:
        outside = re.sub(r">[^<]*<|aria-label=\"[^\"]*\"", "", picture)
        assert stand_in not in outside


def test_the_design_is_described_by_the_points_of_the_study(tmp_path):
    """A report takes no second to import what would draw them anew."""
    code = (
        "import sys, mesa_lab as ml\n"
        "ml.open_study(sys.argv[1]).results.report(sys.argv[2])\n"
        "assert not {'scipy.stats', 'mesa'} & set(sys.modules), 'imported'\n"
    )
    experiment = ml.Experiment(
        "mesa.examples:Schelling",
        {"density": ml.Real(0.5, 0.9), "homophily": ml.Real(0.1, 0.5)},
        ml.LatinHypercube(5),
        max_steps=2,
    )
    ml.run(experiment, tmp_path / "s.study", n_jobs=1, progress=False)
    report = tmp_path / "s.html"
    subprocess.run([sys.executable, "-c", code, tmp_path / "s.study", report], check=True)
    text = report.read_text(encoding="utf-8")
    seen = ml.preview(experiment)
    assert f"centred discrepancy (lower is more even)</dt><dd>{seen.discrepancy:.3g}" in re.sub(
        r">\s+<", "><", text
    )


def test_a_comparison_that_was_asked_for_and_cannot_be_made_is_said(tmp_path):
    experiment = ml.Experiment(
        "mesa.examples:Schelling", {"width": 6, "height": 6}, replications=3, max_steps=1
    )
    results = ml.run(experiment, tmp_path / "one.study", progress=False, n_jobs=1, backend="sequential")
    page = tmp_path / "report.html"
    results.report(page, compare={"base": 0, "scenario": 1})
    text = page.read_text(encoding="utf-8")
    assert "Is A better than B?" in text
    assert "This cannot be answered as it was asked for" in text
    results.report(page)
    assert "This cannot be answered as it was asked for" not in page.read_text(encoding="utf-8")
