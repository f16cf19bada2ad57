"""running/backends."""
