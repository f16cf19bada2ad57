"""study/damage."""
