"""A world in motion: physics, pictures, what varies in pictures, and when a task is done."""
