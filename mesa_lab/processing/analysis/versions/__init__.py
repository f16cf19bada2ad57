"""processing/analysis/versions."""
