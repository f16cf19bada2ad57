"""Watch a run: the page on which a model moves."""
