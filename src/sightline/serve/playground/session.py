"""What one person does: commands, one or two lanes, the clock. Everything here happens in the engine's thread."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from sightline.core.errors import SightlineError, require_known
from sightline.engine.collections import COLLECTIONS, STARTER
from sightline.engine.robots import DEFAULT, ROBOTS
from sightline.models.steering import Steer
from sightline.serve.answers import grounding_map
from sightline.serve.observations import decoded
from sightline.serve.playground.actors import Actor
from sightline.serve.playground.gallery import Gallery
from sightline.serve.playground.lane import Lane
from sightline.serve.playground.scene import Moment, PlayScene
from sightline.serve.playground.wire import Command, packed
from sightline.tasks.kinds import PLACE, TASKS

EXAMPLES = 6
UNDO = 20  # episodes that can be undone
FRESH = 10_000  # seeds of new scenes are drawn below this: short enough to be told to somebody
SCENELESS = ("new", "ask", "replay")  # commands that need no scene

Event = dict[str, Any]


class Send(Protocol):
    """Takes what the page is to be told; of frames of one lane only the newest needs to arrive."""

    def __call__(self, message: Event | bytes, lane: int | None = None) -> None: ...


class Session:
    """One person's playground.

    Args:
        actors: by name, the first is the one to begin with.
        gallery: of kept episodes.
        rows: numbers for the actors' rows, each given once.
        send: takes events and packed messages to the page.
    """

    def __init__(self, actors: dict[str, Actor], gallery: Gallery, rows: Iterator[int], send: Send) -> None:
        self.actors, self.gallery, self.rows, self.send = actors, gallery, rows, send
        self.names = [next(iter(actors))]
        self.world = {"collection": STARTER, "robot": DEFAULT, "tasks": PLACE}
        self.seed, self.playing, self.speed, self.due = 0, False, 1.0, 0.0
        self.lanes: list[Lane] = []
        self._past: list[list[Moment]] = []
        self._fresh = True  # whether nothing has been done since the words were said
        self._random = np.random.default_rng()

    # ---- the clock ----------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Take the step that is due."""
        if not self.playing or time.monotonic() < self.due:
            return
        hz = self.lanes[0].scene.card.control_hz
        self.due = max(self.due + 1 / (hz * self.speed), time.monotonic() - 1 / hz)
        self._step()

    def _step(self) -> None:
        if all(lane.done for lane in self.lanes):
            self._stop()
            return
        if self._fresh:
            self._past = [*self._past, [lane.scene.moment() for lane in self.lanes]][-UNDO:]
            self._fresh = False
        for lane in self.lanes:
            lane.step()
            self.send(lane.message(), lane.number)
        if all(lane.done for lane in self.lanes):
            self._stop()

    def _stop(self) -> None:
        self.playing = False
        self._tell()

    # ---- commands -----------------------------------------------------------------------------------------------

    def do(self, command: Command, file: bytes = b"") -> None:
        """Carry out a command; what is wrong with it is told to the page."""
        fields = {key: value for key, value in command.items() if key != "do"}
        try:
            if not self.lanes and command["do"] not in SCENELESS:
                raise SightlineError("There is no scene yet; begin with a new one.")
            if command["do"] == "ask":
                fields["file"] = file
            getattr(self, f"_do_{command['do']}")(**fields)
        except SightlineError as error:
            self.note(str(error), "problem")

    def note(self, text: str, kind: str = "note") -> None:
        """Say something to the person."""
        self.send({"type": "note", "kind": kind, "text": text})

    def _do_new(
        self, seed: int | None, collection: str | None, robot: str | None, tasks: str | None, say: str | None
    ) -> None:
        chosen = {"collection": collection, "robot": robot, "tasks": tasks}
        world = self.world | {name: value for name, value in chosen.items() if value is not None}
        require_known("collection", world["collection"], COLLECTIONS)
        require_known("robot", world["robot"], ROBOTS)
        require_known("kind of tasks", world["tasks"], TASKS[:-1])
        self.seed = int(self._random.integers(FRESH)) if seed is None else seed
        self.world = world
        self._begin()
        if say is not None and say != self.lanes[0].scene.instruction:
            self._do_say(say)

    def _begin(self) -> None:
        """Scenes and lanes anew, as the settings say."""
        guided = [lane.guided for lane in self.lanes]
        self.close()
        self.playing, self._fresh, self._past = False, True, []
        for number, name in enumerate(self.names):
            scene = PlayScene(split="seen", **self.world)
            self.lanes.append(Lane(number, next(self.rows), self.actors[name], scene))
            self.lanes[-1].guided = guided[number] if number < len(guided) else True
            self.lanes[-1].reset(self.seed)
        self._tell()
        self._show()

    def _do_say(self, words: str) -> None:
        self._fresh = True
        for lane in self.lanes:
            lane.say(words)
        if not self.lanes[0].scene.judged:
            self.note("These words name no single task of this scene that I could judge; the policy does what it can.")
        if any(not lane.actor.looks for lane in self.lanes) and not self.lanes[0].scene.judged:
            self.note("The scripted expert understands only tasks of this scene; it goes on with the one before.")
        self._go()

    def _go(self) -> None:
        self.playing, self.due = True, time.monotonic()
        self._tell()
        self._show()

    def _do_play(self, on: bool) -> None:
        if on and all(lane.done for lane in self.lanes):
            self.note("This episode is over: say something else, undo it, or take a new scene.")
            on = False
        self.playing, self.due = on, time.monotonic()
        self._tell()

    def _do_step(self) -> None:
        self.playing = False
        self._step()
        self._tell()

    def _do_speed(self, value: float) -> None:
        self.speed, self.due = value, time.monotonic()
        self._tell()

    def _do_reset(self) -> None:
        self.playing, self._fresh, self._past = False, True, []
        for lane in self.lanes:
            lane.reset(self.seed)
        self._tell()
        self._show()

    def _do_undo(self) -> None:
        if not self._past:
            self.note("There is nothing to undo.")
            return
        self.playing, self._fresh = False, True
        for lane, moment in zip(self.lanes, self._past.pop(), strict=True):
            lane.back_to(moment)
        self._tell()
        self._show()

    def _do_steer(self, lane: int, camera: str, role: str | None, **shapes: Any) -> None:
        chosen, given = self._lane(lane), {name: value for name, value in shapes.items() if value is not None}
        require_known("camera", camera, chosen.scene.card.cameras)
        self.note(chosen.steer(Steer(camera, role=role or "target", **given)), "steer")
        self._go()

    def _do_guidance(self, lane: int, on: bool) -> None:
        self._lane(lane).guide(on)
        self._tell()
        self._show()

    def _do_policies(self, names: list[str]) -> None:
        for name in names:
            require_known("policy of this playground", name, self.actors)
        self.names = names
        self._begin()

    def _do_see(self, lane: int) -> None:
        things = self._lane(lane).describe()
        self.send({"type": "seen", "lane": lane, "things": things})

    def _do_ask(self, words: str | None, file: bytes) -> None:
        picture = decoded("picture", file)
        actor = next((actor for actor in self.actors.values() if actor.looks), None)
        if actor is None:
            raise SightlineError("Nobody here looks at pictures; start the playground with a trained policy.")
        things = actor.describe(picture)
        answer = None if words is None else grounding_map(actor.ground(picture, words))
        height, width = picture.shape[:2]
        self.send({"type": "answer", "words": words, "size": [height, width], "grounding": answer, "things": things})

    def _do_keep(self, lane: int) -> None:
        chosen = self._lane(lane)
        about = {
            "seed": self.seed, "instruction": chosen.scene.instruction, "policy": chosen.actor.name,
            "success": chosen.success, "outcome": chosen.outcome or "not finished", "steered": bool(chosen.steered),
        }  # fmt: skip
        self.gallery.keep(chosen.episode(), chosen.scene.card, chosen.films, about)
        self.note("Kept.")
        self.send(self.gallery.listed())

    def _do_replay(self, number: int) -> None:
        kept = self.gallery.find(number)
        files = [file for step in kept.film for file in step]
        self.send(packed({"type": "replay", **kept.about}, files))

    def _lane(self, number: int) -> Lane:
        if number >= len(self.lanes):
            raise SightlineError("There is one policy here; choose a second one to see them side by side.")
        return self.lanes[number]

    # ---- what the page is told ----------------------------------------------------------------------------------

    def _show(self) -> None:
        for lane in self.lanes:
            self.send(lane.message(), lane.number)

    def _tell(self) -> None:
        first = self.lanes[0].scene
        self.send(
            {
                "type": "state", "seed": self.seed, **self.world, "instruction": first.instruction,
                "examples": first.examples(EXAMPLES), "playing": self.playing, "speed": self.speed,
                "policies": self.names, "undo": len(self._past), "robot": first.card.robot,
                "action_names": list(first.card.action_names), "hz": first.card.control_hz,
                "lanes": [{"guided": lane.guided, "looks": lane.actor.looks} for lane in self.lanes],
            }
        )  # fmt: skip

    def welcome(self) -> None:
        """Tell what there is to choose from; a scene comes when it is asked for."""
        choices = {
            "policies": list(self.actors), "collections": list(COLLECTIONS), "robots": list(ROBOTS),
            "tasks": list(TASKS[:-1]),
        }  # fmt: skip
        self.send({"type": "welcome", **choices})
        self.send(self.gallery.listed())

    def close(self) -> None:
        """Give back what the lanes hold."""
        for lane in self.lanes:
            lane.actor.forget(lane.row)
            lane.scene.close()
        self.lanes = []
