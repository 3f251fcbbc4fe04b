"""The content of an object as a hash: two objects are distinct when what was built differs, whatever their seeds."""

from __future__ import annotations

import hashlib

import numpy as np

from sightline.engine.assets.model import ObjectModel

FORM_STEP = 0.01  # of an object's largest side: smaller differences of form are none
LENGTH_STEP = 1e-5  # metres: smaller differences are none
COLOUR_STEP = 1e-3


def content_hash(model: ObjectModel) -> str:
    """SHA-256 of an object's vertices, faces, colours, textures, collision pieces, grasp, mass and friction.

    Names, colours' words and numbers do not count. Equal on all machines up to rounding.
    """
    digest = hashlib.sha256()

    def add(values: object, step: float = 1.0) -> None:
        rounded = np.round(np.asarray(values, float) / step).astype(np.int64)
        digest.update(np.array(rounded.shape, np.int64).tobytes() + rounded.tobytes())

    for visual in model.shape.visuals:
        add(visual.mesh.vertices, LENGTH_STEP)
        add(visual.mesh.faces)
        add((*visual.rgb, visual.shine), COLOUR_STEP)
        digest.update(b"-" if visual.texture is None else visual.texture.tobytes())
        if visual.texture is not None:
            add(visual.mesh.uv, COLOUR_STEP)
    for collider in model.shape.colliders:
        digest.update(collider.shape.encode())
        add((*collider.size, *collider.pos), LENGTH_STEP)
        add(collider.quat, COLOUR_STEP)
    if model.grasp is not None:
        add((*model.grasp.point, model.grasp.width), LENGTH_STEP)
    add((model.mass, model.friction), COLOUR_STEP)
    return digest.hexdigest()


def form_hash(model: ObjectModel) -> str:
    """SHA-256 of an object's form alone: its vertices at a common size. Colour, texture, size and mass do not count."""
    points = model.shape.points() / model.extent.max()
    return hashlib.sha256(np.round(points / FORM_STEP).astype(np.int64).tobytes()).hexdigest()
