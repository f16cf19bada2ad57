"""study/checksums."""
