"""What is the best setting tried? Which cannot be excluded, and what the winner is really worth."""
