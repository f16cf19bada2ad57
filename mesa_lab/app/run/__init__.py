"""app/run."""
