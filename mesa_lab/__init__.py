"""Mesa Lab: design, run and understand experiments on Mesa models.

Three stages, each usable alone: preparation (`Experiment`, the designs, `full_factorial` and its
kin), running (`run`, `BatchRunner`, `simulate`) and processing (`Results`, charts, reports). Names
are imported when they are first used, so that `import mesa_lab` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mesa_lab.app.notebook.explore import Explore
    from mesa_lab.app.notebook.lab import Lab
    from mesa_lab.errors import (
        ConclusionError,
        DesignError,
        ExperimentError,
        ExportError,
        MesaLabError,
        ModelError,
        NotAllowedError,
        OutcomeError,
        ParameterError,
        RunError,
        StudyBusyError,
        StudyError,
        StudyFormatError,
        StudyMismatchError,
    )
    from mesa_lab.pipeline import compare, merge, open_study, run
    from mesa_lab.preparation.designs import (
        EFAST,
        BoxBehnken,
        CentralComposite,
        DefinitiveScreening,
        FractionalFactorial,
        FullFactorial,
        FunctionDesign,
        Halton,
        LatinHypercube,
        MonteCarlo,
        Morris,
        OneAtATime,
        OrthogonalArray,
        Part,
        PlackettBurman,
        Saltelli,
        Sobol,
        SparseGrid,
        Table,
        Union,
        Zip,
    )
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.models import describe
    from mesa_lab.preparation.outcomes import Outcome
    from mesa_lab.preparation.parameters.space import (
        Choice,
        Integer,
        Levels,
        ParameterSpace,
        Real,
        from_distribution,
    )
    from mesa_lab.preparation.preview import preview
    from mesa_lab.preparation.run_configuration import RunConfiguration
    from mesa_lab.preparation.run_lists import (
        base_case,
        full_factorial,
        halton,
        latin_hypercube,
        manual,
        monte_carlo,
        sobol,
        sparse_grid,
    )
    from mesa_lab.processing.analysis.conclusion import Conclusion
    from mesa_lab.processing.results import Results
    from mesa_lab.running.batch_run import batch_run
    from mesa_lab.running.batch_runner import BatchRunner
    from mesa_lab.running.simulation.simulate import simulate
    from mesa_lab.search.carry_out import search
    from mesa_lab.search.methods import Calibrate, Compare, Diversity, Optimise, Refine, Select, UntilPrecise
    from mesa_lab.search.search import Search
    from mesa_lab.study.records import RunResult

_MODULES = {
    "app.notebook.explore": "Explore",
    "app.notebook.lab": "Lab",
    "errors": """ConclusionError DesignError ExperimentError ExportError MesaLabError ModelError NotAllowedError OutcomeError
        ParameterError RunError StudyBusyError StudyError StudyFormatError StudyMismatchError""",
    "pipeline": "compare merge open_study run",
    "preparation.run_configuration": "RunConfiguration",
    "preparation.run_lists": """base_case full_factorial halton latin_hypercube manual monte_carlo sobol
        sparse_grid""",
    "preparation.designs": """BoxBehnken CentralComposite DefinitiveScreening EFAST FractionalFactorial FullFactorial
        FunctionDesign Halton LatinHypercube MonteCarlo Morris OneAtATime OrthogonalArray Part PlackettBurman Saltelli
        Sobol SparseGrid Table Union Zip""",
    "preparation.experiment": "Experiment",
    "preparation.models": "describe",
    "preparation.outcomes": "Outcome",
    "preparation.parameters.space": "Choice Integer Levels ParameterSpace Real from_distribution",
    "preparation.preview": "preview",
    "processing.analysis.conclusion": "Conclusion",
    "processing.results": "Results",
    "running.batch_run": "batch_run",
    "running.batch_runner": "BatchRunner",
    "search.carry_out": "search",
    "search.methods": "Calibrate Compare Diversity Optimise Refine Select UntilPrecise",
    "search.search": "Search",
    "study.records": "RunResult",
    "running.simulation.simulate": "simulate",
}
_HOMES = {name: f"mesa_lab.{module}" for module, names in _MODULES.items() for name in names.split()}

__version__ = "0.1.0"

__all__ = [  # noqa: RUF022  (plainly alphabetical, EFAST too)
    "BatchRunner",
    "BoxBehnken",
    "Calibrate",
    "CentralComposite",
    "Choice",
    "Compare",
    "Conclusion",
    "ConclusionError",
    "DefinitiveScreening",
    "DesignError",
    "Diversity",
    "EFAST",
    "Experiment",
    "ExperimentError",
    "Explore",
    "ExportError",
    "FractionalFactorial",
    "FullFactorial",
    "FunctionDesign",
    "Halton",
    "Integer",
    "Lab",
    "LatinHypercube",
    "Levels",
    "MesaLabError",
    "ModelError",
    "MonteCarlo",
    "Morris",
    "NotAllowedError",
    "OneAtATime",
    "Optimise",
    "OrthogonalArray",
    "Outcome",
    "OutcomeError",
    "ParameterError",
    "ParameterSpace",
    "Part",
    "PlackettBurman",
    "Real",
    "Refine",
    "Results",
    "RunConfiguration",
    "RunError",
    "RunResult",
    "Saltelli",
    "Search",
    "Select",
    "Sobol",
    "SparseGrid",
    "StudyBusyError",
    "StudyError",
    "StudyFormatError",
    "StudyMismatchError",
    "Table",
    "Union",
    "UntilPrecise",
    "Zip",
    "base_case",
    "batch_run",
    "compare",
    "describe",
    "from_distribution",
    "full_factorial",
    "halton",
    "latin_hypercube",
    "manual",
    "merge",
    "monte_carlo",
    "open_study",
    "preview",
    "run",
    "search",
    "simulate",
    "sobol",
    "sparse_grid",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mesa_lab' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
