"""study/reading."""
