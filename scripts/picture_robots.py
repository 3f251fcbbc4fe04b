"""Draw every robot in the same scene: from aside, from the front camera and from the wrist (docs/robots.jpg).

python scripts/picture_robots.py docs/robots.jpg
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from sightline.core.draw import Picture, caption_bar
from sightline.core.geometry import look_at
from sightline.engine.robots import ROBOTS
from sightline.engine.simulation.randomization import apply_look
from sightline.engine.simulation.renderer import Renderer
from sightline.engine.simulation.simulation import Simulation
from sightline.engine.surroundings.starter_room import plain_look
from sightline.engine.worlds.contents import build_world
from sightline.engine.worlds.placement import sample_scene
from sightline.engine.worlds.spec import WorldSpec

SIZE, WORLD, SCENE = 400, 3, 1
TOOL, TURN = np.array([0.45, 0.02, 0.2]), 0.4
ASIDE, ASIDE_FOVY = look_at(np.array([1.55, 0.85, 0.75]), np.array([0.25, 0.0, 0.28])), 40.0


def row(name: str) -> Picture:
    """[SIZE+,3 SIZE,3] uint8: three views of this robot, its name below."""
    world, rng = build_world(WORLD, WorldSpec(robot=name)), np.random.default_rng(SCENE)
    simulation = Simulation(world)
    simulation.reset(sample_scene(world, rng), rng)
    simulation.set_tool(TOOL, TURN)
    plain = plain_look()
    aside = dataclasses.replace(plain, front_pose=ASIDE, front_fovy=ASIDE_FOVY)
    views = []
    with Renderer(world, SIZE) as renderer:
        for look, camera in ((aside, "front"), (plain, "front"), (plain, "wrist")):
            apply_look(world, look)
            views.append(renderer.picture(simulation.data, camera))
    return caption_bar(np.concatenate(views, axis=1), f"{name}: from aside, front camera, wrist camera")


if __name__ == "__main__":
    Image.fromarray(np.concatenate([row(name) for name in ROBOTS])).save(Path(sys.argv[1]), quality=88)
