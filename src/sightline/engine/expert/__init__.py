"""The scripted expert: a file for each skill, and what disturbs it."""
