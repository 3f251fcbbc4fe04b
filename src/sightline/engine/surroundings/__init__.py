"""What a world of collection ``full`` stands in: textures, furniture, backdrops, lightings, viewpoints and sensors."""
