"""Objects of one's own: a folder of meshes becomes a collection."""
