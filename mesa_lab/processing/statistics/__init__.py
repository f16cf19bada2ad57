"""processing/statistics."""
