"""Measures of a design's points, whatever made them: coverage, associations, aliases, what single points carry."""
