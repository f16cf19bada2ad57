"""running/workers."""
