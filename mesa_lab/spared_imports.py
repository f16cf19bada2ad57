"""What need not be imported, in whichever process.

Where JupyterLab is installed too, jsonschema, which altair imports, comes upon `rfc3987_syntax` and has it compile the
grammars of addresses in all alphabets: 2.5 s of a processor, to check a format of which no chart has any. jsonschema does
without it where it is missing.
"""

from __future__ import annotations

import sys

__all__ = ["import_without_grammars", "spare_grammars"]

_GRAMMARS = "rfc3987_syntax"


def spare_grammars() -> None:
    """Have altair imported without these grammars; for processes that are Mesa Lab's alone, such as its command and its server."""
    if _GRAMMARS not in sys.modules:
        sys.modules[_GRAMMARS] = None  # type: ignore[assignment]  # an import of it fails as if it were not installed


def import_without_grammars() -> None:
    """Import altair without these grammars, and leave them to others; for processes in which a model runs, which finds all it may import."""
    spare_grammars()
    import altair  # noqa: F401  which imports them where they are there

    if sys.modules.get(_GRAMMARS, ...) is None:
        del sys.modules[_GRAMMARS]
