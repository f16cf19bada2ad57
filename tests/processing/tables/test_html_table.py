import pandas as pd

from mesa_lab.processing.tables.html_table import html_table


def test_cells_keep_apart_and_numbers_stand_right():
    """marimo's pages give tables no margins: `run_id` and `point` were one word."""
    shown = html_table(pd.DataFrame({"run": [1, 2, 3], "name": ["<b>", "x", "y"]}), 2, "run")
    assert shown.count("padding: 0.2em 0.6em; text-align: right") == 3
    assert shown.count("padding: 0.2em 0.6em; text-align: left") == 3
    assert "&lt;b&gt;" in shown
    assert shown.endswith("<p>… 1 more run</p>")
    assert "overflow-x: auto" in shown  # wide ones
