"""A model looked at before it runs: its code read, itself built within a time limit."""
