"""app/studies."""
