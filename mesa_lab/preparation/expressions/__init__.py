"""preparation/expressions."""
