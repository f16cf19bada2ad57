"""What the runs say: one file per question. Nothing here draws or writes."""
