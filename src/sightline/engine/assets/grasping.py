"""Grasp candidates of any mesh for a two-finger gripper that comes straight down.

Two points of the surface are a grasp when a line between them leaves the surface within the friction cone at both ends
(antipodal), the open fingers fit around them, and neither fingers nor palm touch the object's own collision pieces.
Whether the arm gets there, and which neighbours are in the way, depends on the scene: the expert looks at that when it
chooses among the candidates.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from sightline.core.geometry import Array, rotation_z, wrap_half_turn
from sightline.core.hand import Hand
from sightline.engine.assets import Grasp, ObjectModel
from sightline.engine.assets.model import FRICTION
from sightline.engine.assets.surface import Triangles, exits
from sightline.engine.robots import DEFAULT, robot

SLACK = 0.012  # metres that stay free between pads and object together: no tool is exactly where it should be
SURE_FRICTION = 0.5 * FRICTION  # of the surface: normals of a mesh are not exact, and a grasp should hold when lifted
RAYS = 400
CLOUD = 3000  # points that stand for the surface where it is asked what the pads will meet
SUPPORT = 0.001  # metres: the pads touch what lies within this of the outermost point between them
AGREE = 0.002  # metres between the sampled contacts and what the pads meet first
FULL_CONTACT = 1.5e-4  # square metres of contact on each side; more is no better
FULL_STANCE = 0.7  # of the pad's breadth that is in contact; a narrower patch lets the object turn; more is no better
LEVER = 0.03  # metres from the centre of mass at which a grasp is worth 37 % of one at it
CLEAR = 0.010  # metres between the hand and the object; more is no better
ALIKE = (0.008, np.radians(25.0))  # metres and radians: of candidates that differ by less only the best is kept
WEIGHTS = {"balance": 0.4, "contact": 0.3, "normals": 0.2, "clearance": 0.1}


@dataclass(frozen=True, eq=False)
class Candidate:
    """One sampled grasp. ``contacts`` [2,3] and outward ``normals`` [2,3] in the object frame; score within 0..1."""

    grasp: Grasp
    contacts: Array
    normals: Array
    score: float


def sample_grasps(
    model: ObjectModel,
    rng: np.random.Generator,
    hand: Hand | None = None,
    keep: int = 8,
    friction: float = SURE_FRICTION,
    rays: int = RAYS,
) -> tuple[Candidate, ...]:
    """At most ``keep`` clearly different grasps of ``model``, the best first; none when the hand fits nowhere.

    Args:
        hand: the gripper; by default that of the default robot.
        rng: the same generator state gives the same grasps.
        friction: between pads and surface; the normals at both contacts lie within its cone around the line between.
        rays: pairs of contacts that are tried.
    """
    surface, hand = Triangles.of(model), hand or robot(DEFAULT).hand
    probe = _Probe(model, hand)
    cloud, share = surface.sample(rng, CLOUD)[0], surface.area / CLOUD
    found = []
    for contacts, normals in _antipodal(surface, rng, hand, friction, rays):
        closing = contacts[1] - contacts[0]
        yaw = float(np.arctan2(closing[1], closing[0]))
        tool = (contacts[0] + contacts[1]) / 2
        tool[2] = max(tool[2], hand.lowest)
        met = _met_by_pads(cloud, tool, yaw, hand)
        if met is None or met.width > hand.opening - SLACK:
            continue
        if np.abs(_across(contacts, tool, yaw) - [met.low, met.high]).max() > AGREE:
            continue  # something else sticks out further and would be met first
        tool[:2] += met.middle * np.array([np.cos(yaw), np.sin(yaw)])
        clearance = probe.clearance(tool, yaw)
        if clearance <= 0:
            continue
        cosines = np.abs(normals @ (closing / np.linalg.norm(closing)))
        terms = {
            "balance": np.exp(-((_lever(tool, contacts, model) / LEVER) ** 2)),
            "contact": min(1.0, met.points * share / FULL_CONTACT) * min(1.0, met.stance / FULL_STANCE),
            "normals": float(cosines.mean()),
            "clearance": min(1.0, clearance / CLEAR),
        }
        score = float(sum(WEIGHTS[name] * value for name, value in terms.items()))
        point = (float(tool[0]), float(tool[1]), float(tool[2]))
        grasp = Grasp(point, float(yaw % np.pi), float(met.width))
        found.append(Candidate(grasp, contacts, normals, score))
    return _distinct(found, keep)


def _antipodal(
    surface: Triangles, rng: np.random.Generator, hand: Hand, friction: float, rays: int
) -> list[tuple[Array, Array]]:
    """Contacts [2,3] and their outward normals [2,3] of antipodal pairs that the opening spans."""
    points, outward = surface.sample(rng, rays)
    cone = np.arctan(friction)
    level = np.hypot(outward[:, 0], outward[:, 1])
    # Half of the rays go straight in, half of them leave the normal somewhere within the cone.
    turn = rng.uniform(-cone, cone, rays) * (rng.random(rays) < 0.5)
    heading = np.arctan2(-outward[:, 1], -outward[:, 0]) + turn
    inward = np.stack([np.cos(heading), np.sin(heading), np.zeros(rays)], -1)
    fits = (level > 1e-6) & (-np.einsum("ij,ij->i", outward, inward) >= np.cos(cone))
    pairs = []
    for start, normal, direction in zip(points[fits], outward[fits], inward[fits], strict=True):
        for distance, other in exits(surface, start, direction, hand.opening - SLACK):
            if float(other @ direction) >= np.cos(cone):
                pairs.append((np.stack([start, start + distance * direction]), np.stack([normal, other])))
    return pairs


@dataclass(frozen=True)
class _Met:
    """What lies between the pads: from ``low`` to ``high`` along the closing direction, seen from the tool point."""

    low: float
    high: float
    points: int  # of the cloud in contact, on the side that has fewer
    stance: float  # breadth of the contact over that of the pad, on the side where it is narrower

    @property
    def width(self) -> float:
        return self.high - self.low

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2


def _met_by_pads(cloud: Array, tool: Array, yaw: float, hand: Hand) -> _Met | None:
    """What the pads meet when they close; None when there is nothing."""
    local = (cloud - tool) @ rotation_z(yaw - np.pi / 2)  # x across, y along the closing direction
    here = (np.abs(local[:, 0]) < hand.finger_half) & (np.abs(local[:, 1]) < hand.opening / 2)
    here &= (local[:, 2] > -hand.tip) & (local[:, 2] < hand.pad_height)
    if not here.any():
        return None
    across, along = local[here, 0], local[here, 1]
    low, high = float(along.min()), float(along.max())
    sides = (across[along < low + SUPPORT], across[along > high - SUPPORT])
    # An evenly covered strip is the square root of twelve times as broad as its points spread.
    stance = min(float(side.std()) for side in sides) * np.sqrt(12) / (2 * hand.finger_half)
    return _Met(low, high, min(len(side) for side in sides), float(stance))


def _across(contacts: Array, tool: Array, yaw: float) -> Array:
    """[2] the contacts along the closing direction, seen from the tool point."""
    return (contacts - tool)[:, :2] @ np.array([np.cos(yaw), np.sin(yaw)])


def _lever(tool: Array, contacts: Array, model: ObjectModel) -> float:
    """Metres from the line between the pads to the centre of mass; a centre below it hangs, which is half as bad."""
    centre = np.array(model.centre_of_mass)
    rise = centre[2] - float(contacts[:, 2].mean())
    return float(np.hypot(np.hypot(*(centre - tool)[:2]), max(rise, 0.0) + 0.5 * max(-rise - 0.01, 0.0)))


def _distinct(candidates: list[Candidate], keep: int) -> tuple[Candidate, ...]:
    """The best ones, without near copies."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda one: -one.score):
        grasp = candidate.grasp
        for other in (one.grasp for one in kept):
            apart = np.linalg.norm(np.subtract(grasp.point, other.point))
            assert grasp.yaw is not None and other.yaw is not None
            if apart < ALIKE[0] and abs(wrap_half_turn(grasp.yaw - other.yaw)) < ALIKE[1]:
                break
        else:
            kept.append(candidate)
        if len(kept) == keep:
            break
    return tuple(kept)


def add_hand(
    body: mujoco.MjsBody, hand: Hand, apart: float, palm: float
) -> tuple[mujoco.MjsGeom, mujoco.MjsGeom, mujoco.MjsGeom]:
    """Add a hand made of boxes to a body whose frame is the tool's: two fingers and a palm, which are returned.

    Args:
        apart: metres between the fingers.
        palm: metres, half of the palm's height; its underside is where the hand has it.
    """
    across, along = 2 * hand.finger_half, hand.finger_reach - hand.opening / 2
    top = hand.palm_height
    size = [across / 2, along / 2, (top + hand.tip) / 2]
    box = mujoco.mjtGeom.mjGEOM_BOX
    left, right = (
        body.add_geom(type=box, pos=[0, side * (apart + along) / 2, (top - hand.tip) / 2], size=size)
        for side in (-1, 1)
    )
    above = body.add_geom(type=box, pos=[0, 0, top + palm], size=[hand.palm_half, hand.palm_reach, palm])
    return left, right, above


class _Probe:
    """The open hand beside the object, in the collision engine that the simulation uses."""

    def __init__(self, model: ObjectModel, hand: Hand) -> None:
        spec = mujoco.MjSpec()
        thing = spec.worldbody.add_body(name="thing")
        model.add_colliders(spec, thing)
        gripper = spec.worldbody.add_body(name="hand", mocap=True)
        # The palm reaches far up: what stands higher than it would be hit on the way down.
        add_hand(gripper, hand, hand.opening, 0.25)
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        bodies = self._model.geom_bodyid
        self._thing = np.flatnonzero(bodies == self._model.body("thing").id)
        self._hand = np.flatnonzero(bodies == self._model.body("hand").id)

    def clearance(self, tool: Array, yaw: float) -> float:
        """Metres between the hand at this pose and the object, CLEAR at most; 0 or less when they touch."""
        turn = yaw - np.pi / 2
        self._data.mocap_pos[0] = tool
        self._data.mocap_quat[0] = [np.cos(turn / 2), 0.0, 0.0, np.sin(turn / 2)]
        mujoco.mj_kinematics(self._model, self._data)
        free = CLEAR
        for ours in self._hand:
            for theirs in self._thing:
                free = min(free, mujoco.mj_geomDistance(self._model, self._data, ours, theirs, CLEAR, None))
                if free <= 0:
                    return free
        return free
