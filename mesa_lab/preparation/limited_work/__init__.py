"""Work on points that may take long, within limits of time and memory: what is sure to be quick, and a process for the rest."""
