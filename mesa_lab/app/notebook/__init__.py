"""app/notebook."""
