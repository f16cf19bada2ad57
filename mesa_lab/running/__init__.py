"""Running: run configurations in, a stream of run results out, and the study file in between."""
