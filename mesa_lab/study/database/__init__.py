"""study/database."""
