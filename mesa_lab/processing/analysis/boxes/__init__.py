"""Boxes in the space of parameters: finding one in which something is frequent, and saying where it is."""
