"""processing/tables."""
