"""app/design."""
