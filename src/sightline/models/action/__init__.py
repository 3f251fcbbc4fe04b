"""The action expert: diffusion over chunks, guided by spatial tokens and what has been seen."""
