"""Experiment files: TOML that a person likes to read and edit."""

from __future__ import annotations

from mesa_lab.preparation.document.reading import from_toml, read
from mesa_lab.preparation.document.writing import HEADER, parameter_text, to_plain, to_toml, write

__all__ = ["HEADER", "from_toml", "parameter_text", "read", "to_plain", "to_toml", "write"]
