"""Sheets of pictures to look at: kinds, objects, scenes, libraries."""
