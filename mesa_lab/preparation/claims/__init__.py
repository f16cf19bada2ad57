"""Claims: statements about results that an experiment file holds, in a small language of their own."""
