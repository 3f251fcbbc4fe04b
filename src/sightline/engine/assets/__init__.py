"""Objects: procedural meshes with convex collision pieces, in nameable kinds, colours and sizes."""

from sightline.engine.assets.catalogue import Catalogue
from sightline.engine.assets.fingerprint import content_hash
from sightline.engine.assets.model import Collider, Grasp, ObjectModel, Shape, Visual
from sightline.engine.assets.splits import SPLITS
from sightline.engine.assets.variant import Variant

__all__ = ["SPLITS", "Catalogue", "Collider", "Grasp", "ObjectModel", "Shape", "Variant", "Visual", "content_hash"]
