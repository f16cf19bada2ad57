"""First stage: from a model class and its parameters to a design and its run configurations."""
