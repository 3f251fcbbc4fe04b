"""One actor in one scene, step by step, with everything that the page shows of it."""

from __future__ import annotations

import io
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.core.errors import SightlineError
from sightline.core.types import Episode, Frame, Grounding, Observation
from sightline.envs.tabletop import TIME_LIMIT
from sightline.evaluate.action_chunks import ChunkPlayer
from sightline.models.steering import Steer
from sightline.serve.answers import grounding_map
from sightline.serve.playground.actors import Actor, Thought
from sightline.serve.playground.scene import Moment, PlayScene
from sightline.serve.playground.wire import packed
from sightline.tasks.goals import place_point

QUALITY = 88  # of the JPEG pictures
LONGEST = 240  # steps of an episode that are kept, from its beginning
OPEN = 3  # steps after which a hand that has opened has let go
NEAR = 25.0  # pixels from where a person pointed within which a thing has arrived
UNSURE = 0.5  # confidence below which an actor is said not to be sure
STEER_ORDER = ("point", "box", "trace")


class Lane:
    """An actor and its scene.

    Attributes:
        number: 0, or 1 beside another.
        row: of the actor, its own.
        actor, scene: who acts, and where.
        done: whether the episode is over.
        outcome: how it ended, or why nothing happens, in a sentence.
        success: whether it ended well.
        guided: whether the actor is shown what its planner points at.
        lifted: what left the table first, as a person would say it; "" as long as nothing did.
        films: (front, wrist, ..) JPEG files of every step so far.
    """

    def __init__(self, number: int, row: int, actor: Actor, scene: PlayScene) -> None:
        self.number, self.row, self.actor, self.scene = number, row, actor, scene
        self.guided, self.seed, self.misfit = True, 0, actor.misfit(scene.card)
        self.observation: Observation | None = None
        self.films: list[tuple[bytes, ...]] = []
        self._frames: list[Frame] = []
        self._now: tuple[bytes, ...] = ()
        self._clear()

    # ---- beginnings ---------------------------------------------------------------------------------------------

    def reset(self, seed: int) -> None:
        """Set up the scene of this seed."""
        self.seed = seed
        self.scene.reset(seed=seed)
        self._begin()

    def say(self, words: str) -> None:
        """Go on with other words."""
        self.scene.say(words)
        self._begin()

    def back_to(self, moment: Moment) -> None:
        """Go back to a moment of the scene."""
        self.scene.back_to(moment)
        self._begin()

    def _begin(self) -> None:
        self._clear()
        if self.misfit:
            self.done, self.outcome = True, self.misfit
        else:
            self.actor.begin(self.row, self.scene)
            self.actor.guided(self.guided, self.row)
        self.look()

    def _clear(self) -> None:
        self.player, self.thought = ChunkPlayer(), Thought(np.zeros((0, 7), np.float32))
        self.before: Grounding | None = None
        self.steered: dict[str, Any] | None = None
        self.films, self._frames = [], []
        self.done, self.success, self.outcome, self.steps, self.executed = False, False, "", 0, 0
        self.lifted, self._open, self._since = "", 0, 0
        self.goal: tuple[str, NDArray[np.float64]] | None = None
        self.milliseconds: dict[str, float] = {}

    # ---- going on -----------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Take the pictures of this moment."""
        began = time.monotonic()
        self.observation = self.scene.observe()
        self._now = tuple(_jpeg(picture) for picture in self.observation.images.values())
        self.milliseconds["pictures"] = 1000 * (time.monotonic() - began)

    def step(self) -> None:
        """One action, and a chunk before it where one is due."""
        if self.done:
            return
        if self.player.wants_chunk:
            self._think()
        action = self.player.next()
        self._remember(action)
        began = time.monotonic()
        info = self.scene.advance(action)
        self.milliseconds["physics"] = 1000 * (time.monotonic() - began)
        self.steps, self.executed, self._since = self.steps + 1, self.executed + 1, self._since + 1
        self._judge(dict(info))
        self.look()

    def _think(self) -> None:
        assert self.observation is not None
        self.before = self.thought.grounding
        self.thought, self.executed = self.actor.think(self.observation, self.row), 0
        self.player.add(self.thought.chunk)
        self.milliseconds |= self.thought.milliseconds

    def _judge(self, info: dict[str, Any]) -> None:
        self.lifted = _readable(info["lifted"])
        self.success = self.scene.judged and bool(info["is_success"])
        if self.success:
            self.done, self.outcome = True, f"Done in {self.steps} steps."
        elif self._let_go(info):
            far = self.scene.away(self.goal)
            self.done, self.success = True, far < NEAR
            self.outcome = f"Let go {far:.0f} pixels from where you pointed, after {self.steps} steps."
        elif info["truncated"] or self._since >= TIME_LIMIT:  # what was asked before may be done: that ends nothing
            self.done, self.outcome = True, self._what_went_wrong(info)

    def _let_go(self, info: dict[str, Any]) -> bool:
        """Whether what was lifted has been let go of, where a person has pointed at the place for it."""
        self._open = self._open + 1 if info["target_lifted"] and not self.scene.holding() else 0
        return self.goal is not None and self._open >= OPEN

    def _what_went_wrong(self, info: dict[str, Any]) -> str:
        if not self.scene.judged:
            return f"Stopped after {self.steps} steps; these words name no task that can be judged here."
        told = {
            "wrong object lifted": f"it lifted the {self.lifted}",
            "grasp missed": "the fingers closed on nothing",
            "timeout": "time ran out",
            "object fell": "something fell off the table",
            "dropped": "it let go too early",
            "goal not reached": "it let go beside the goal",
        }
        return f"Not done after {self.steps} steps: {told.get(info['failure'], info['failure'])}."

    # ---- steering and asking ------------------------------------------------------------------------------------

    def steer(self, steer: Steer) -> str:
        """Point something out; a sentence says what was understood. Raises SightlineError where that cannot be."""
        assert self.observation is not None
        points = steer.points()
        if self.misfit:
            raise SightlineError(self.misfit)
        if "target" in points and self.scene.holding():
            raise SightlineError("The hand is closed on something; point out another thing when it has let go.")
        self.actor.steer(self.observation, steer, self.row)
        self.player, self.done, self.outcome, self.success = ChunkPlayer(), False, "", False
        self._since = 0
        told = "Understood."
        if "target" in points:
            index = self.scene.at(steer.camera, *points["target"])
            if index >= 0:
                told = f"There: {self.scene.named(index)}."
                self.scene.retarget(index)
            else:
                told = "There: I see nothing of mine at that pixel, but go to it."
                self.scene.judged = False
        if "place" in points:
            self.scene.judged, self.goal = False, (steer.camera, points["place"])
            told = told.removesuffix(".") + ", to where you pointed."
        shapes = {name: getattr(steer, name) for name in STEER_ORDER}
        self.steered = {"camera": steer.camera, "role": steer.role}
        self.steered |= {name: np.asarray(shape).tolist() for name, shape in shapes.items() if shape is not None}
        return told

    def guide(self, on: bool) -> None:
        """Show the actor what its planner points at, or do not."""
        self.guided, self.player = on, ChunkPlayer()
        self.actor.guided(on, self.row)

    def describe(self) -> list[dict[str, Any]]:
        """The things in the present picture."""
        assert self.observation is not None
        return self.actor.describe(self.observation.images[self.scene.card.cameras[0]])

    # ---- keeping ------------------------------------------------------------------------------------------------

    def _remember(self, action: NDArray[np.float32]) -> None:
        assert self.observation is not None and self.scene.task is not None
        if len(self._frames) >= LONGEST:
            return
        scene = self.scene.scene()
        place = place_point(scene, self.scene.task) if self.scene.judged else None
        self._frames.append(Frame(scene, self.scene.views, self.observation.state, action, "", place))
        self.films.append(self._now)

    def episode(self) -> Episode:
        """What was done so far, ready for a dataset. Raises SightlineError where nothing was."""
        if not self._frames:
            raise SightlineError("Nothing has been done yet that could be kept; let it act first.")
        task = self.scene.task if self.scene.judged else None
        return Episode(self.seed, task, list(self._frames), self.success, "" if self.success else self.outcome)

    # ---- the page -----------------------------------------------------------------------------------------------

    def message(self) -> bytes:
        """The moment as the page is sent it."""
        grounding, cameras = self.thought.grounding, self.scene.card.cameras
        sure = {} if grounding is None else grounding.confidence
        attention = self.thought.attention
        head = {
            "type": "frame", "lane": self.number, "step": self.steps, "cameras": list(cameras),
            "size": self.scene.size, "grounding": _short(grounding_map(grounding)),
            "before": _short(grounding_map(self.before)),
            "attention": None if attention is None else attention.round(2).tolist(),
            "chunk": self.thought.chunk.round(4).tolist(), "executed": self.executed,
            "ms": {name: round(value, 1) for name, value in self.milliseconds.items()},
            "unsure": [role for role in ("target", "place") if sure.get(role, 1.0) < UNSURE],
            "steered": self.steered, "guided": self.guided, "done": self.done, "success": self.success,
            "outcome": self.outcome, "lifted": self.lifted, "judged": self.scene.judged,
        }  # fmt: skip
        return packed(head, self._now)


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    sink = io.BytesIO()
    Image.fromarray(picture).save(sink, "JPEG", quality=QUALITY)
    return sink.getvalue()


def _short(grounding: dict[str, Any] | None) -> dict[str, Any] | None:
    """Numbers with one digit, confidences with three."""
    if grounding is None:
        return None
    return {
        "boxes": {name: [round(x, 1) for x in box] for name, box in grounding["boxes"].items()},
        "points": {name: [round(x, 1) for x in point] for name, point in grounding["points"].items()},
        "trace": [[round(x, 1) for x in point] for point in grounding["trace"]],
        "confidence": {name: round(value, 3) for name, value in grounding["confidence"].items()},
        "presence": round(grounding["presence"], 3),
        "found": grounding["found"],
    }


def _readable(name: str) -> str:
    """What an object with this id is called: red mug for mug_red_0; "" for none."""
    *kind, colour = name.rsplit("_", 1)[0].split("_")
    return " ".join([colour, *kind])
