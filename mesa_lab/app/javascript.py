"""The ES modules of the app's own components (`assets/*.js`): where a browser or a notebook gets them."""

from __future__ import annotations

import functools
import hashlib
from typing import Final

import ipyvue
import solara

from mesa_lab.app import asset_paths

__all__ = ["define_modules", "vega"]

MODULES: Final = {
    "mesa-lab-elements": "elements.js",
    "mesa-lab-browser": "browser.js",
    "mesa-lab-explore": "explore.js",
    "mesa-lab-chart": "chart.js",
}
"""The file of each; they need nothing of one another."""

_VEGA: Final = ("mesa-lab-vega", "vendor/vega.js")


def define_modules() -> None:
    """Tell the page where the modules are; in Jupyter, send them.

    The Solara server calls it before the first page, so that browsers fetch them early; in all other
    surroundings whatever is shown calls it.
    """
    if solara._using_solara_server():
        for name, file in MODULES.items():
            ipyvue.define_module(name, url=_address(file), dependencies=[])
        return
    for name, file in [*MODULES.items(), _VEGA]:
        if name not in ipyvue.esm.get_module_names() or ipyvue.esm._module_widgets[name].comm is None:
            ipyvue.define_module(name, asset_paths.assets() / file, dependencies=[])


def vega() -> str:
    """Return what a chart imports as Vega: in Solara an address, in Jupyter the name of a module that was sent."""
    return _address(_VEGA[1]) if solara._using_solara_server() else _VEGA[0]


@functools.cache
def _address(file: str) -> str:
    # With its hash in the address Solara lets browsers keep the file for good.
    digest = hashlib.md5((asset_paths.assets() / file).read_bytes(), usedforsecurity=False).hexdigest()
    return f"/static/assets/{file}?v={digest}"
