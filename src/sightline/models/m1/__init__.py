"""Official InternVLA-M1 checkpoints: read and written with identical numbers."""

from sightline.models.m1.official import load_official, save_official

__all__ = ["load_official", "save_official"]
