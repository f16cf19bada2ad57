"""Designs to which a quadratic response surface can be fitted."""
