"""What can be said: the scene graph, the words for it, and what words mean in it. Numpy only, no simulator."""
