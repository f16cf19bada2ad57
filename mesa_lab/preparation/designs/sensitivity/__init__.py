"""Designs that a method of global sensitivity analysis prescribes: their points come in blocks that belong together."""
