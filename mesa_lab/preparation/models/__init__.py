"""Everything Mesa Lab knows about a model class before it runs: find it, describe it, build it.

The differences between Mesa releases (3.4, 3.5, 4.0), and between the ways in which models take
parameters and seeds, end here: callers give names, values and one plain integer. How a model is
advanced and measured belongs to the running stage, which this module must not know. Its parts:

- `references`    from what a person writes to a class, and back; `files` for models in files
- `catalogue`     which models are installed
- `signatures`    what a class takes, read from its `declarations` and from its `scenarios` or other `parameter_objects`
- `suggestions`   what to vary each parameter over, with `sliders` and `docs`
- `description`   all of that about one model, and its reporters and agents
- `construction`  building one; `working_folder` where it finds its files
"""

from mesa_lab.preparation.models.catalogue import ModelEntry, installed_models, listed_model
from mesa_lab.preparation.models.construction import build, build_as_given, check_parameters, opened
from mesa_lab.preparation.models.declarations import REQUIRED, Required
from mesa_lab.preparation.models.description import ModelDescription, ModelSignature, describe, signature
from mesa_lab.preparation.models.references import (
    import_code,
    importable,
    load_enums,
    load_model,
    reference_of,
    reference_of_enum,
)
from mesa_lab.preparation.models.suggestions import ParameterInfo

__all__ = [
    "REQUIRED",
    "ModelDescription",
    "ModelEntry",
    "ModelSignature",
    "ParameterInfo",
    "Required",
    "build",
    "build_as_given",
    "check_parameters",
    "describe",
    "import_code",
    "importable",
    "installed_models",
    "listed_model",
    "load_enums",
    "load_model",
    "opened",
    "reference_of",
    "reference_of_enum",
    "signature",
]
