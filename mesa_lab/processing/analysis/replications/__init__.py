"""The question how many replications are enough."""
