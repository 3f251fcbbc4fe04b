"""Robots, one module each: how its model is joined to a scene and where its tool is."""
