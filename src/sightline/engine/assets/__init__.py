"""Objects: procedural meshes with convex collision pieces, in nameable kinds, colours and sizes."""

from sightline.engine.assets.catalogue import SPLITS, catalogue, is_held_out, kinds, model, role, variants
from sightline.engine.assets.model import Collider, Grasp, ObjectModel, Shape, Visual

__all__ = [
    "SPLITS", "Collider", "Grasp", "ObjectModel", "Shape", "Visual",
    "catalogue", "is_held_out", "kinds", "model", "role", "variants",
]  # fmt: skip
