"""Objects: procedural meshes with convex collision pieces, in nameable kinds, colours and sizes."""

from sightline.engine.assets.collection import build, catalogue, choices, confusable, kinds, role
from sightline.engine.assets.fingerprint import content_hash
from sightline.engine.assets.full import category, synonyms
from sightline.engine.assets.model import Collider, Grasp, ObjectModel, Shape, Visual
from sightline.engine.assets.splits import SPLITS
from sightline.engine.assets.starter.catalogue import is_held_out, model, variants
from sightline.engine.assets.variant import Variant

__all__ = [
    "SPLITS", "Collider", "Grasp", "ObjectModel", "Shape", "Variant", "Visual", "build", "catalogue",
    "category", "choices", "confusable", "content_hash", "is_held_out", "kinds", "model", "role", "synonyms",
    "variants",
]  # fmt: skip
