"""A notebook that is executed from end to end by nbconvert: it ends, and what it exports shows answers without a kernel."""

import nbformat
from nbconvert import HTMLExporter
from nbconvert.preprocessors import ExecutePreprocessor

CELLS = (
    "import mesa_lab as ml\n"
    "space = {'density': [0.6, 0.9], 'width': 10, 'height': 10}\n"
    "experiment = ml.Experiment('mesa.examples:Schelling', space, replications=5, max_steps=3, seed=1)\n"
    "results = ml.run(experiment, progress=False, backend='sequential')",
    "results.compare('happy')",
    "ml.Lab(experiment)",
)


def test_a_notebook_that_ends_in_a_lab_is_executed_and_exported():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in CELLS])
    ExecutePreprocessor(timeout=300, kernel_name="python3").preprocess(notebook, {})
    outputs = [output.get("data", {}) for cell in notebook.cells for output in cell.outputs]
    assert "application/vnd.jupyter.widget-view+json" in outputs[-1]
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert "Is A better than B?" in page
    assert "10 runs" in page or "5 runs each" in page
    assert 'src="data:image/svg+xml;base64,' in page
