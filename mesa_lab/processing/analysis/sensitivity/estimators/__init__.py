"""Estimators of sensitivity on plain arrays: they know no study."""
