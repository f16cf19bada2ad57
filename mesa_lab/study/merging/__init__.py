"""study/merging."""
