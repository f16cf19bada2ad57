"""Calibration: which parameters fit observed values or series, and what the data cannot tell apart."""
