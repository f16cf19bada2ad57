"""app/components."""
