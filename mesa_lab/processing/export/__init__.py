"""processing/export."""
