"""app/hooks."""
