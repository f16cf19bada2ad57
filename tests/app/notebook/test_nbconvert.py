"""A notebook that is executed from end to end by nbconvert: it ends, and what it exports shows answers without a kernel."""

import json
import subprocess
import sys

CELLS = (
    "import mesa_lab as ml\n"
    "space = {'density': [0.6, 0.9], 'width': 10, 'height': 10}\n"
    "experiment = ml.Experiment('mesa.examples:Schelling', space, replications=5, max_steps=3, seed=1)\n"
    "results = ml.run(experiment, progress=False, backend='sequential')",
    "results.compare('happy')",
    "ml.Lab(experiment)",
)


def test_a_notebook_that_ends_in_a_lab_is_executed_and_exported(tmp_path):
    cells = [
        {
            "cell_type": "code",
            "id": f"c{at}",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": text,
        }
        for at, text in enumerate(CELLS)
    ]
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": about, "cells": cells}
    (tmp_path / "lab.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "html", "lab.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "lab.html").read_text(encoding="utf-8")
    assert "Is A better than B?" in page
    assert "5 runs each" in page
    assert 'src="data:image/svg+xml;base64,' in page
    assert "application/vnd.jupyter.widget-view+json" in page
