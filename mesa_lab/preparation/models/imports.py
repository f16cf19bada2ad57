"""What went wrong when a model's file was imported, and what to do: in words for who wrote the model or found it somewhere."""

from __future__ import annotations

from pathlib import Path

from mesa_lab.preparation.models.older_mesa import remedy
from mesa_lab.preparation.models.working_folder import file_trouble

__all__ = ["import_trouble"]


def import_trouble(error: BaseException) -> str:
    """Say what stopped an import and how to mend it.

    Args:
        error: What was raised.

    Example:
        >>> import_trouble(ModuleNotFoundError("No module named 'pets'", name="pets"))
        "it needs the module 'pets', which was not found. Install it, or put it beside the model's file."
    """
    if said := remedy(error):
        return said
    if isinstance(error, ModuleNotFoundError):
        return f"it needs the module '{error.name}', which was not found. Install it, or put it beside the model's file."
    if isinstance(error, SystemExit):
        return (
            f"it ends the program while it is imported (SystemExit: {error.code}), as scripts do that read a command line. "
            'Put what is to happen only when it is run as a script below: if __name__ == "__main__":'
        )
    if isinstance(error, FileNotFoundError) and isinstance(error.filename, str):
        if Path(error.filename).is_absolute():
            return (
                f"it reads the file '{error.filename}', which is not there. Put it there, or change the path."
            )
        return f"it opens the file '{error.filename}', which is not there. {file_trouble(error)}"
    return f"{type(error).__name__}: {error}".strip(": ")
