"""Worlds: which objects stand on which table, where, as one MuJoCo model."""
