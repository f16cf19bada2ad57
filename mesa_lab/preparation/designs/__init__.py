"""Designs: how points are chosen from a parameter space. A new design is one file here and one line in the list.

A design knows the parameter space and a seed. It does not know the model, how often each point will
be run, or what is measured. Other packages add theirs through the entry point group `mesa_lab.designs`.
"""

from typing import Any, Final

from mesa_lab.errors import DesignError
from mesa_lab.plug_ins import load_plug_ins
from mesa_lab.preparation.designs.design import Design, UnitDesign
from mesa_lab.preparation.designs.factorial import FullFactorial
from mesa_lab.preparation.designs.function import FunctionDesign
from mesa_lab.preparation.designs.latin_hypercube import LatinHypercube
from mesa_lab.preparation.designs.low_discrepancy import Halton, Sobol
from mesa_lab.preparation.designs.monte_carlo import MonteCarlo
from mesa_lab.preparation.designs.names import near_design
from mesa_lab.preparation.designs.one_at_a_time import OneAtATime
from mesa_lab.preparation.designs.response_surface.box_behnken import BoxBehnken
from mesa_lab.preparation.designs.response_surface.central_composite import CentralComposite
from mesa_lab.preparation.designs.screening.definitive_screening import DefinitiveScreening
from mesa_lab.preparation.designs.screening.fractional_factorial import FractionalFactorial
from mesa_lab.preparation.designs.screening.orthogonal_array import OrthogonalArray
from mesa_lab.preparation.designs.screening.plackett_burman import PlackettBurman
from mesa_lab.preparation.designs.sensitivity.efast import EFAST
from mesa_lab.preparation.designs.sensitivity.morris import Morris
from mesa_lab.preparation.designs.sensitivity.saltelli import Saltelli
from mesa_lab.preparation.designs.sparse_grid import SparseGrid
from mesa_lab.preparation.designs.table import Table
from mesa_lab.preparation.designs.union import Part, Union, as_design
from mesa_lab.preparation.designs.zipped import Zip
from mesa_lab.preparation.settings import DESIGN_WORDS, explain_keywords

__all__ = [
    "DESIGNS",
    "EFAST",
    "BoxBehnken",
    "CentralComposite",
    "DefinitiveScreening",
    "Design",
    "FractionalFactorial",
    "FullFactorial",
    "FunctionDesign",
    "Halton",
    "LatinHypercube",
    "MonteCarlo",
    "Morris",
    "OneAtATime",
    "OrthogonalArray",
    "Part",
    "PlackettBurman",
    "Saltelli",
    "Sobol",
    "SparseGrid",
    "Table",
    "Union",
    "UnitDesign",
    "Zip",
    "all_designs",
    "as_design",
    "find_design",
]

ENTRY_POINTS: Final = "mesa_lab.designs"

DESIGNS: Final[list[type[Design]]] = [
    FullFactorial,
    OneAtATime,
    LatinHypercube,
    Sobol,
    Halton,
    MonteCarlo,
    FractionalFactorial,
    PlackettBurman,
    DefinitiveScreening,
    OrthogonalArray,
    CentralComposite,
    BoxBehnken,
    Morris,
    Saltelli,
    EFAST,
    SparseGrid,
    Table,
    Zip,
    Union,
    Part,
    FunctionDesign,
]

for _design in DESIGNS:  # the generated __init__ speaks of itself, and knows no other names
    _explain = explain_keywords(_design.__name__, DESIGN_WORDS, error=DesignError)
    _design.__init__ = _explain(_design.__init__)  # type: ignore[method-assign]


def all_designs() -> list[type[Design]]:
    """Return the designs of Mesa Lab, then those of other packages.

    Raises:
        DesignError: If another package offers something that is no design.
    """
    return [*DESIGNS, *load_plug_ins(ENTRY_POINTS, "design", _is_design, DesignError)]


def _is_design(given: Any) -> bool:
    return isinstance(given, type) and callable(getattr(given, "points", None))


def find_design(name: str) -> type[Design]:
    """Return the class of a design by its name.

    Raises:
        DesignError: If there is none.

    Example:
        >>> find_design("Sobol")(8)
        Sobol(size=8, scramble=True)
    """
    known = {design.__name__: design for design in all_designs()}
    if name not in known:
        near = near_design(str(name), known)
        raise DesignError(f"Unknown design '{name}'.{near} There are: {', '.join(known)}.")
    return known[name]
