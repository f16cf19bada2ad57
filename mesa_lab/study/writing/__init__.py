"""study/writing."""
