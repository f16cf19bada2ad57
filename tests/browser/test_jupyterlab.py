"""Notebooks in a real JupyterLab, without internet: the lab as a widget, light and dark, and a model that is explored."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import expect

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 150  # seconds; a first JupyterLab compiles and compresses a lot
# What JupyterLab asks its user for, or looks up elsewhere, when it is started for the first time.
QUIET = {"fetchNews": "false", "checkForUpdates": False}
EXPLORED = """import mesa_lab as ml

ml.Explore("mesa.examples:BoltzmannWealth")"""


@pytest.fixture(scope="module")
def jupyter(cut_off, lacking, tmp_path_factory):
    """The address of a JupyterLab whose folder holds the example notebook, and one that explores a model."""
    if find_spec("jupyterlab") is None:
        lacking("No JupyterLab found: pip install jupyterlab")
    home, notebooks = tmp_path_factory.mktemp("jupyter"), tmp_path_factory.mktemp("notebooks")
    shutil.copy(ROOT / "examples" / "notebook.ipynb", notebooks)
    cell = {"cell_type": "code", "source": EXPLORED, "metadata": {}, "outputs": [], "execution_count": None}
    spoken = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    explored = {"cells": [cell], "metadata": spoken, "nbformat": 4, "nbformat_minor": 4}
    (notebooks / "explore.ipynb").write_text(json.dumps(explored))
    kernel = home / "share" / "kernels" / "python3" / "kernel.json"
    settings = home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    for path, content in (
        (kernel, {"argv": command, "display_name": "Python 3", "language": "python"}),
        (settings, QUIET),
    ):
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(content))
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = {
        "JUPYTER_PATH": os.pathsep.join([str(home / "share"), str(Path(sys.prefix) / "share" / "jupyter")]),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        **{f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")},
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    options = [
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--IdentityProvider.token=",
    ]
    log = home / "jupyter.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options, f"--ServerApp.root_dir={notebooks}"],
            cwd=home,
            env={**os.environ, **places},
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > until:
                    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def choose_theme(page, name):
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    for item in ("Theme", name):
        page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{item}$")).click()
    page.wait_for_selector(f"body[data-jp-theme-name='{name}']", state="attached")


def brightness(page, selector, what):
    """How bright the colour of an element is, from 0 to 765."""
    colour = page.locator(selector).first.evaluate(
        "(one, what) => { const ink = new OffscreenCanvas(1, 1).getContext('2d');"
        " ink.fillStyle = getComputedStyle(one)[what]; ink.fillRect(0, 0, 1, 1);"
        " return [...ink.getImageData(0, 0, 1, 1).data].slice(0, 3); }",
        what,
    )
    return sum(colour)


def assert_mode(page, dark):
    """Panels, words, fields and charts are all of the one mode."""
    for selector, what, ground in (
        (".ml-lab .ml-panel", "backgroundColor", True),
        (".ml-lab h1", "color", False),
        (".ml-lab .v-field input", "color", False),
        (".ml-lab .ml-chart svg .role-axis text", "fill", False),
    ):
        assert (brightness(page, selector, what) > 384) is (ground is not dark), selector


@pytest.fixture
def run_notebook(jupyter, browser):
    """A function that opens a notebook and runs all of its cells; at the end nothing may have gone wrong in its page."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    elsewhere, errors = [], []
    here = (jupyter, jupyter.replace("http", "ws"), "blob:", "data:")
    page.on("request", lambda request: request.url.startswith(here) or elsewhere.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))

    def run(name):
        page.goto(f"{jupyter}/lab/tree/{name}")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        page.get_by_text("Python 3 | Idle").wait_for()
        page.keyboard.press("Control+b")  # the list of files
        for item in ("Run", "Run All Cells"):
            page.get_by_role("menuitem", name=item, exact=True).click()
        return page

    yield run
    expect(page.locator("[data-mime-type$='stderr'], [data-mime-type$='error']")).to_have_count(0)
    assert not elsewhere
    assert not errors
    context.close()


def test_the_example_notebook_shows_the_lab(run_notebook, shoot):
    page = run_notebook("notebook.ipynb")

    # The last cell has the lab run its design, and shows what came out.
    page.locator(".jp-OutputArea table tbody tr").nth(5 + 3).wait_for()
    lab = page.locator(".ml-lab")
    lab.get_by_text("All 200 runs are done").wait_for()
    expect(page.locator("[data-mime-type$='stderr'], [data-mime-type$='error']")).to_have_count(0)
    steps = lab.get_by_role("navigation", name="Steps of an experiment")
    names = [text.split()[-1] for text in steps.get_by_role("button").all_inner_texts()]
    assert names == ["Model", "Design", "Run", "Results"]
    page.wait_for_selector(".ml-lab .ml-live svg")
    lab.scroll_into_view_if_needed()
    shoot(page, "notebook-run")
    steps.get_by_role("button", name="Model").click()
    lab.get_by_role("heading", name="Rumour").wait_for()
    lab.get_by_text("A rumour that spreads from one person to others.").first.wait_for()
    shoot(page, "notebook-model")
    steps.get_by_role("button", name="Design").click()
    lab.get_by_role("heading", name="Parameters").wait_for()
    lab.locator(".ml-total h2", has_text=re.compile("^200 runs$")).wait_for()
    page.wait_for_selector(".ml-lab .ml-preview .ml-chart svg")
    expect(lab.get_by_role("button", name="Copy link")).to_have_count(0)
    assert_mode(page, dark=False)
    shoot(page, "notebook-design")
    choose_theme(page, "JupyterLab Dark")
    page.wait_for_selector(".ml-lab.ml-lab-dark")
    assert_mode(page, dark=True)
    shoot(page, "notebook-design-dark")
    steps.get_by_role("button", name="Results").click()
    lab.get_by_role("tab", name="Charts", exact=True).click()
    page.wait_for_selector(".ml-lab [aria-label=Charts] .ml-chart-stage:not(.ml-chart-hidden) svg .role-axis")
    assert_mode(page, dark=True)
    shoot(page, "notebook-results-dark")


def test_a_model_is_explored_in_a_cell(run_notebook, shoot):
    page = run_notebook("explore.ipynb")
    page.get_by_role("heading", name="Explore Boltzmann Wealth", exact=True).wait_for()
    page.get_by_role("button", name=re.compile("First curves")).click()
    page.locator(".ml-ex-curve").first.wait_for(state="attached")
    mean = page.locator(".ml-ex-mean").first
    before = mean.inner_text()
    slider = page.get_by_role("slider", name="n", exact=True)
    slider.focus()
    slider.press("End")
    expect(mean).not_to_have_text(before)
    page.get_by_text(re.compile(r"^measured, \d+ runs$")).first.wait_for()
    shoot(page, "notebook-explore")
