"""Where the app's pages and front-end files lie.

In a wheel `pages/` and `assets/` are inside the package; in an editable install they are one level
up, where people look for them. Solara wants them beside each other, which both are. This module must
stay free of Solara, so that a notebook can find the chart's files without a server.
"""

from pathlib import Path

import mesa_lab
from mesa_lab.errors import MesaLabError

__all__ = ["assets", "pages", "vendor"]


def pages() -> Path:
    """Return the folder of the Solara pages."""
    return _find("pages")


def assets() -> Path:
    """Return the folder of style, icons and front-end libraries."""
    return _find("assets")


def vendor() -> Path:
    """Return the folder of the libraries of others, laid out as Solara asks for them."""
    return assets() / "vendor"


def _find(name: str) -> Path:
    package = Path(mesa_lab.__file__).resolve().parent
    for place in (package / name, package.parent / name):
        if place.is_dir():
            return place
    raise MesaLabError(
        f"The folder '{name}' is neither in {package} nor beside it, so the app cannot start. "
        "The installation is incomplete: install mesa-lab again."
    )
