"""What notebooks other than Jupyter's show of results, charts and conclusions: VS Code's and marimo's take what an object says of itself.

Neither is imported: both look for these methods, with no server, kernel or widget of ours behind them.
"""

import pytest

from mesa_lab.processing.charts import find_chart


def as_vs_code_does(shown):
    """IPython's formatters make the bundle of a cell's output, of which VS Code draws the richest type that it knows."""
    from IPython.core.formatters import DisplayFormatter

    data, _ = DisplayFormatter().format(shown)
    return data


def as_marimo_does(shown):
    """The bundle comes first in marimo, with the types to leave out unnamed, and then the page."""
    if hasattr(shown, "_repr_mimebundle_"):
        bundle = shown._repr_mimebundle_()
        return bundle[0] if isinstance(bundle, tuple) else bundle
    return {"text/html": shown._repr_html_()}


@pytest.fixture
def shown(make):
    results = make(
        {"sheep": [1, 2, 3, 4]},
        replications=5,
        outcomes={"wolves": lambda p, g: p["sheep"] + g.random(len(p))},
    )
    return {
        "results": results,
        "chart": find_chart("effect").chart(results, "wolves"),
        "conclusion": results.best("wolves"),
    }


@pytest.mark.parametrize("notebook", [as_vs_code_does, as_marimo_does])
def test_results_and_conclusions_are_pages_that_need_nothing_else(shown, notebook):
    for name, said in (("results", "20 runs"), ("conclusion", "sheep")):
        page = notebook(shown[name])["text/html"]
        assert said in page
        assert "<script" not in page
        assert "http" not in page.replace("http://www.w3.org/", "")
    assert 'src="data:image/svg+xml;base64,' in notebook(shown["conclusion"])["text/html"]


@pytest.mark.parametrize("notebook", [as_vs_code_does, as_marimo_does])
def test_charts_are_of_a_type_that_both_draw_themselves(shown, notebook):
    drawn = notebook(shown["chart"])
    kinds = [kind for kind in drawn if kind.startswith("application/vnd.vegalite.v") or kind == "text/html"]
    assert kinds
