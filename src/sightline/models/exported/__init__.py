"""A policy's system as graphs that inference engines run faster on a CPU than torch does."""
