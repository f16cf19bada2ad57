"""How does the outcome respond? A quadratic surface where the design is made for one, else a Gaussian process."""
