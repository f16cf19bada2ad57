"""Searches in the app: questions that fill one in, and what is known while it runs."""
