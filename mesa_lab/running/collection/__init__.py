"""running/collection."""
