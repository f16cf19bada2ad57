"""running/simulation."""
