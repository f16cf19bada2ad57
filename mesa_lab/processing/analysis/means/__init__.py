"""Means with intervals: what a value is, which values are independent, and how sure a mean is."""
