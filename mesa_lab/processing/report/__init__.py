"""processing/report."""
