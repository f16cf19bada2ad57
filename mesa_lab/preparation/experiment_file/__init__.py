"""Experiment files: TOML that a person likes to read and edit. Reading and writing are apart: who runs need not read."""
