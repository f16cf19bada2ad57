"""running/scheduling."""
