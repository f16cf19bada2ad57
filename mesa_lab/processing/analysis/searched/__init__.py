"""What a search found, and whether it would find more."""
