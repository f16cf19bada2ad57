"""Explore: the page on which parameters are turned."""
