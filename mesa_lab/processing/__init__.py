"""Third stage: from a study to tidy tables, statistics over replications, charts and exports."""
