"""From a seed to verified episodes in a dataset, on one core or many."""
