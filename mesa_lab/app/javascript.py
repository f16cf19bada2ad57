"""The ES modules of the app's own components (`assets/*.js`): where a browser or a notebook gets them."""

from __future__ import annotations

import functools
import hashlib
from typing import Final

import ipyvue
import solara

from mesa_lab.app import asset_paths

__all__ = ["define_modules"]

MODULES: Final[dict[str, tuple[str, list[str]]]] = {
    "mesa-lab-elements": ("elements.js", []),
    "mesa-lab-vega": ("vendor/vega.js", []),
    "mesa-lab-chart": ("chart.js", ["mesa-lab-vega"]),
}
"""The file of each, and the modules that it imports."""


def define_modules() -> None:
    """Tell the page where the modules are; in Jupyter, send them.

    The Solara server calls it before the first page, so that browsers fetch them early; in all other
    surroundings whatever is shown calls it.
    """
    for name, (file, imported) in MODULES.items():
        if solara._using_solara_server():
            ipyvue.define_module(name, url=_address(file), dependencies=imported)
        elif name not in ipyvue.esm.get_module_names() or ipyvue.esm._module_widgets[name].comm is None:
            ipyvue.define_module(name, asset_paths.assets() / file, dependencies=imported)


@functools.cache
def _address(file: str) -> str:
    # With its hash in the address Solara lets browsers keep the file for good.
    digest = hashlib.md5((asset_paths.assets() / file).read_bytes(), usedforsecurity=False).hexdigest()
    return f"/static/assets/{file}?v={digest}"
