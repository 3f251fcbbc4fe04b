"""What can be done and asked: tasks, when they are done, and questions about a scene. Numpy only, no simulator."""
