"""Designs that find out which of many parameters matter, and how, from two or three levels of each."""
