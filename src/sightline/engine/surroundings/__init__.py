"""What worlds stand in: the starter's room, and varied rooms with textures, furniture, lights, viewpoints, sensors."""
