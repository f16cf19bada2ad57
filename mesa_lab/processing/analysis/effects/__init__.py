"""What are the effects and interactions? Regression on the coded levels of a factorial design, on arrays throughout."""
