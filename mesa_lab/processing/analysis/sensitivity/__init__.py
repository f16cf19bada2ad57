"""Which parameters matter? One file per method, one that chooses and words the answer."""
