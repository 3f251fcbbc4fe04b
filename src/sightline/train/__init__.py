"""Floor 3: one training loop for every stage. A stage is a choice of objectives and numbers."""
