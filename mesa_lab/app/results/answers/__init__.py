"""What the results answer: the questions that fit, one card each, and what to run next."""
