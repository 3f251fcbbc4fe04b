"""What every surroundings of a world answers, and what a look is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

import mujoco
import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array
from sightline.engine.surroundings.sensor import Sensor

D = TypeVar("D")


@dataclass(frozen=True)
class Look:
    """How a scene looks, independent of any world.

    Attributes:
        dressing: what surfaces and lights look like, in terms of the surroundings that it was drawn for.
        object_seed: from which the small deviations of the objects' colours are drawn.
        front_pose [4,4] base_from_camera (OpenCV axes), front_fovy degrees.
        wrist_shift [3] metres, wrist_turn [3] radians (camera frame), wrist_fovy: deviation of the wrist camera.
    """

    dressing: object
    object_seed: int
    front_pose: Array
    front_fovy: float
    wrist_shift: Array
    wrist_turn: Array
    wrist_fovy: float

    def dressed_as(self, kind: type[D]) -> D:
        """The dressing, which must be of that kind. Raises SightlineError when it is for other surroundings."""
        if not isinstance(self.dressing, kind):
            raise SightlineError(
                "This look and this world belong to different collections: sample the look with the world's collection."
            )
        return self.dressing


class Surroundings(Protocol):
    """What a world stands in: compiled into it once; how it looks is changed in place, look by look.

    Attributes:
        key_light: name of the light that shadows are drawn for.
    """

    key_light: ClassVar[str]

    @classmethod
    def add(cls, spec: mujoco.MjSpec, rng: np.random.Generator, split: str) -> Surroundings:
        """Choose surroundings that ``split`` may use and add them and their lights to ``spec``.

        Their geoms are for show only: they neither collide nor weigh anything. Raises SightlineError on an unknown
        split.
        """

    @staticmethod
    def sample_look(rng: np.random.Generator, split: str) -> Look:
        """A random look that ``split`` may use: a pure function of both. The order of its draws is what a seed means.

        Raises SightlineError on an unknown split.
        """

    def holds(self, points: Array) -> NDArray[np.bool_]:
        """[...] whether things at points [...,2] (x, y; metres) stand on what is there to stand on."""

    def wear(self, model: mujoco.MjModel, look: Look) -> Sensor | None:
        """Change the model's materials and lights in place.

        Returns:
            How pictures are developed under this look; None leaves them as rendered.

        Raises SightlineError when the look was drawn for other surroundings.
        """
