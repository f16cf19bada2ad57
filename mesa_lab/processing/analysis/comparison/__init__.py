"""Is A better than B? Differences between scenarios, paired where they share their seeds."""
