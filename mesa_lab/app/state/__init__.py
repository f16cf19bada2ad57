"""app/state."""
