"""The scripted expert: picks and places by geometry, from wherever it finds the robot.

What to do next is read from the present state (what the fingers hold, where the tool is), not from a memory of earlier
steps, so the expert can label states that another policy, or noise, has brought about.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sightline.core.geometry import Array, rotation_z, wrap_half_turn
from sightline.core.types import SceneState, Task
from sightline.engine.simulation.simulation import Simulation, limited, vector_from_rotation
from sightline.tasks.goals import is_done, place_point, stages
from sightline.tasks.pick_place import ABOVE
from sightline.tasks.scene_graph import tops

SPEED = 0.06  # metres per action
SLOW = 0.03  # metres per action, at the end of a descent
TURN = 0.35  # radians per action
SPARE = 0.002  # metres by which the fingers' shape is rounded up
NEAR = 0.03  # metres from above the goal, in the table plane, within which the tool descends
MARGIN = 0.015  # metres of clearance kept from things passed over
HOLDS = 0.03  # metres between the tool and the grasp point of an object that is held
CLOSED_WIDTH = 0.01  # metres between fingers that hold nothing, unless what they hold is thinner still
CLOSING_SPEED = -0.06  # metres per second: fingers that close faster have not met anything yet
NEARLY_OPEN = 0.005  # metres short of the widest opening that count as open
FORBIDDING = 100.0  # radians of turning that one metre of neighbours in the way costs, or a grasp out of reach
WORSE = 0.2  # radians of turning that each better candidate is worth when one of several grasps is chosen


class Expert:
    """Solves one task in one simulation, one action at a time.

    Of several grasps it takes the best that is in reach and free of neighbours, and another one after a miss.

    Attributes:
        subtask: one of goals.stages, what the last action was for.
        done: whether the goal holds and the gripper has left.
        retries: how often an object was missed or lost.
    """

    def __init__(self, simulation: Simulation, task: Task, started: SceneState | None = None) -> None:
        self.simulation = simulation
        self.hand = simulation.robot.hand
        self.task = task
        self.started = started or simulation.scene()
        self.subtask = next(iter(stages(task)))
        self.done = False
        self.retries = 0
        self._leaving = False
        self._aimed = False
        self._missed: set[int] = set()

    def leeway(self, action: NDArray[np.float32], scene: SceneState) -> float:
        """How far (m) the tool may be off while it carries out ``action``: little where it comes down on the target."""
        near = self.simulation.tool[2] + action[2] < scene.grasp_points[self.task.target, 2] + 0.06
        return self.slack(self.task.target) if action[6] > 0 and near else np.inf

    def may_slip(self, scene: SceneState) -> bool:
        """Whether the expert can make good what a slip of the gripper does here."""
        return True

    def act(self) -> NDArray[np.float32]:
        """The next action [7] (metres, radians, gripper) for the present state."""
        simulation, scene = self.simulation, self.simulation.scene()
        return self._close(scene) if simulation.command.gripper < 0 else self._leave_or_pick(scene)

    # --- with closed fingers --------------------------------------------------------------------------------------

    def _close(self, scene: SceneState) -> NDArray[np.float32]:
        """Wait while the fingers close; carry the target when it has stopped them, else open and try again."""
        simulation = self.simulation
        apart = float(np.linalg.norm(simulation.tool - scene.grasp_points[self.task.target]))
        grasp = simulation.world.grasp(self.task.target)
        closed = CLOSED_WIDTH if grasp is None else min(CLOSED_WIDTH, 0.5 * grasp.width)
        if apart < HOLDS and simulation.width > closed and simulation.finger_speed > CLOSING_SPEED:
            return self._carry(scene)
        self.subtask = "grasp"
        if apart < HOLDS and simulation.finger_speed < CLOSING_SPEED:
            return self._action(simulation.command.position, None, -1.0)
        self.retries += 1
        self._give_up_grasp()
        return self._action(simulation.command.position, None, 1.0)

    def _carry(self, scene: SceneState) -> NDArray[np.float32]:
        """Lift, carry and lower the held target; let it go at the place point."""
        simulation, target = self.simulation, self.task.target
        position, tool = simulation.command.position, simulation.tool
        # The object may sit a little off its nominal place in the fingers.
        goal = place_point(scene, self.task) + tool - scene.grasp_points[target]
        away = float(np.hypot(*(goal - position)[:2]))
        if away < 0.006 and position[2] - goal[2] < 0.006:
            self.subtask, self._leaving = "place", True
            return self._action(position, None, 1.0)
        if away < NEAR:
            self.subtask = "place"
            return self._action(self._eased(_funnel(goal, away, 0.01, 0.03)), None, -1.0)
        below = max(tool[2] - (scene.positions[target, 2] - scene.objects[target].height / 2), self.hand.tip)
        travel = max(place_point(scene, self.task)[2], self.started.grasp_points[target, 2]) + ABOVE
        travel = max(travel, self._clear_height(scene, goal, below, scene.objects[target].radius))
        return self._travel(goal, travel, None, -1.0, "lift", "carry")

    # --- with open fingers ----------------------------------------------------------------------------------------

    def _leave_or_pick(self, scene: SceneState) -> NDArray[np.float32]:
        simulation, target = self.simulation, self.task.target
        position = simulation.command.position
        if self._is_opening():
            self.subtask = "place" if self._leaving else "grasp"
            return self._action(position, None, 1.0)
        finished = is_done(scene, self.task, self.started)
        apart = float(np.linalg.norm(simulation.tool - scene.grasp_points[target]))
        self.done = finished and apart > 0.05
        if self._leaving and not finished and apart > 0.08:
            self._leaving = False  # the object did not stay where it was put: try again
            self.retries += 1
            self._aimed = False
        if finished or self._leaving:
            self.subtask = "retreat"
            return self._action(position + [0, 0, SPEED], None, 1.0)
        return self._pick(scene)

    def _is_opening(self) -> bool:
        """Whether the fingers still move apart."""
        simulation = self.simulation
        return simulation.width < self.hand.opening - NEARLY_OPEN and simulation.finger_speed > 0.01

    def _pick(self, scene: SceneState) -> NDArray[np.float32]:
        """Move above the target, down to its grasp point, close."""
        target = self.task.target
        if not self._aimed:
            scene = self._choose_grasp(scene)
        position, grasp = self.simulation.command.position, scene.grasp_points[target].copy()
        grasp[2] = max(grasp[2], self.hand.lowest)
        yaw, _ = self._choose_yaw(scene)
        turn = abs(wrap_half_turn(yaw - self.simulation.command.yaw))
        away = float(np.hypot(*(grasp - position)[:2]))
        slack = self.slack(target)
        if away < min(0.006, slack) and abs(position[2] - grasp[2]) < 0.006 and turn < 0.08:
            self.subtask = "grasp"
            return self._action(position, None, -1.0)
        self.subtask = "move to the grasp"
        top = scene.positions[target, 2] + scene.objects[target].height / 2
        if away < NEAR and turn < 0.15:
            rise = max(top + self.hand.tip + 0.01 - grasp[2], 0.03)
            goal = _funnel(grasp, away, min(0.012, slack), rise)
            if position[2] < goal[2] - 0.02:  # the fingers would push it aside: up first
                goal[:2] = position[:2]
            return self._action(self._eased(goal), yaw, 1.0)
        hover = max(grasp[2] + ABOVE, top + self.hand.tip + MARGIN)
        clear = self._clear_height(scene, grasp, self.hand.tip, self.hand.finger_reach, skip_target=False)
        hover = max(hover, clear)
        return self._travel(grasp, hover, yaw, 1.0, self.subtask, self.subtask)

    # --- geometry -------------------------------------------------------------------------------------------------

    def slack(self, target: int) -> float:
        """How far (m) the open gripper may be off the middle of the target without touching it."""
        grasp = self.simulation.world.grasp(target)
        width = 0.06 if grasp is None else grasp.width
        return float(np.clip((self.hand.opening - width) / 2 - 0.002, 0.004, 0.02))

    def _clear_height(
        self, scene: SceneState, goal: Array, below: float, reach: float, skip_target: bool = True
    ) -> float:
        """Height (m) of the tool point at which the way to ``goal`` is clear of all objects.

        Args:
            below: how far the fingers, or what they hold, reach below the tool point.
            reach: how far they reach sideways.
        """
        start = self.simulation.command.position[:2]
        way = goal[:2] - start
        along = np.clip((scene.positions[:, :2] - start) @ way / max(float(way @ way), 1e-9), 0, 1)
        apart = np.linalg.norm(start + along[:, None] * way - scene.positions[:, :2], axis=1)
        apart -= np.array([info.radius for info in scene.objects])
        high = tops(scene)
        others = scene.present.copy()
        if skip_target:
            others[self.task.target] = False
        under = others & (apart < max(reach, self.hand.finger_reach))
        beside = others & (apart < self.hand.palm_reach)
        return max(
            float(np.max(high[under], initial=0.0)) + below + MARGIN,
            float(np.max(high[beside], initial=0.0)) - self.hand.palm_height + MARGIN,
        )

    def _choose_grasp(self, scene: SceneState) -> SceneState:
        """Settle on one of the target's grasps that have not missed; the scene with its grasp point and yaw."""
        world, target = self.simulation.world, self.task.target
        self._aimed = True
        grasps = world.models[target].grasps
        if len(grasps) < 2 or not world.graspable[target]:
            return scene
        spanned = [k for k, grasp in enumerate(grasps) if world.spans(grasp)]
        if self._missed.issuperset(spanned):
            self._missed.clear()
        costs = {}
        for number in spanned:
            if number not in self._missed:
                world.choose_grasp(target, number)
                costs[number] = WORSE * number + self._cost_of_grasp(self.simulation.scene())
        world.choose_grasp(target, min(costs, key=lambda number: costs[number]))
        return self.simulation.scene()

    def _cost_of_grasp(self, scene: SceneState) -> float:
        """What the chosen grasp of the target costs, in radians of turning (see _choose_yaw)."""
        point = scene.grasp_points[self.task.target].copy()
        point[2] = max(point[2], self.hand.lowest)
        yaw, cost = self._choose_yaw(scene)
        return cost if self.simulation.reaches(point, yaw) else cost + FORBIDDING

    def _give_up_grasp(self) -> None:
        """The fingers closed on nothing or lost their hold: another grasp next, all of them again after the last."""
        if self._aimed:
            self._missed.add(int(self.simulation.world.chosen[self.task.target]))
            self._aimed = False

    def _choose_yaw(self, scene: SceneState) -> tuple[float, float]:
        """Tool yaw for the grasp, and its cost: nearest to the present one, of those that keep the hand free of
        neighbours. The cost is radians of turning, and a hundred for each metre of neighbours in the way."""
        target, now = self.task.target, self.simulation.command.yaw
        best, least = now, np.inf
        for yaw in self._yaws(scene):
            for turned in (yaw - np.pi, yaw, yaw + np.pi):
                if abs(turned) > self.simulation.robot.max_yaw - 0.05:
                    continue
                cost = abs(turned - now) + FORBIDDING * self._crowding(scene, scene.grasp_points[target], turned)
                if cost < least - 1e-9:
                    best, least = turned, cost
        return float(best), float(least)

    def _yaws(self, scene: SceneState) -> list[float]:
        """Tool yaws that close the fingers across the target (modulo pi)."""
        target, now = self.task.target, self.simulation.command.yaw
        grasp = self.simulation.world.grasp(target)
        if grasp is None or grasp.yaw is None:
            return [now, *(now + np.arange(1, 12) * np.pi / 12)]
        # At yaw zero the fingers close along y, at right angles to the x axis from which grasp yaws are measured.
        yaw = float(wrap_half_turn(scene.grasp_yaws[target] - np.pi / 2))
        return [yaw, float(wrap_half_turn(yaw + np.pi / 2))] if grasp.square else [yaw]

    def _crowding(self, scene: SceneState, point: Array, yaw: float) -> float:
        """How deep (m) neighbours would reach into the hand and the open fingers at this pose; zero when free."""
        target = self.task.target
        others = scene.present & (np.arange(len(scene.objects)) != target)
        local = (scene.positions[others, :2] - point[:2]) @ rotation_z(yaw)[:2, :2]  # x across, y along closing
        radii = np.array([info.radius for info in scene.objects])[others]
        reaching = tops(scene)[others]

        def depth(low: tuple[float, float], high: tuple[float, float], floor: float) -> float:
            gap = np.linalg.norm(local - np.clip(local, low, high), axis=1)
            return float(np.sum(np.clip(radii + 0.004 - gap, 0, None) * (reaching > floor)))

        hand = self.hand
        half, inner, outer = hand.finger_half + SPARE, hand.opening / 2 - SPARE, hand.finger_reach
        across, along = hand.palm_half, hand.palm_reach
        palm = depth((-across, -along), (across, along), point[2] + hand.palm_height)
        left = depth((-half, inner), (half, outer), point[2] - hand.tip)
        right = depth((-half, -outer), (half, -inner), point[2] - hand.tip)
        return palm + left + right

    # --- actions --------------------------------------------------------------------------------------------------

    def _travel(
        self, goal: Array, height: float, yaw: float | None, gripper: float, rising: str, moving: str
    ) -> NDArray[np.float32]:
        """One step on the way to above ``goal``: up to ``height`` first, then across."""
        position = self.simulation.command.position
        if position[2] < height - 0.025:
            self.subtask = rising
            return self._action(np.array([position[0], position[1], height]), yaw, gripper)
        self.subtask = moving
        high = height if gripper > 0 else float(np.clip(position[2], height, height + 0.05))
        return self._action(np.array([goal[0], goal[1], high]), yaw, gripper)

    def _eased(self, goal: Array) -> Array:
        """A nearer goal where the tool comes down on something: it slows down, so that it arrives without overshoot."""
        position = self.simulation.command.position
        drop = position[2] - goal[2]
        if drop <= SLOW:
            return goal
        return np.array([goal[0], goal[1], position[2] - min(SPEED, max(SLOW, drop - SLOW))])

    def _action(self, goal: Array, yaw: float | None, gripper: float) -> NDArray[np.float32]:
        """The action towards a tool position and yaw (None: keep the yaw), upright."""
        command = self.simulation.command
        wanted = rotation_z(command.yaw if yaw is None else yaw)
        turn = limited(vector_from_rotation(wanted @ command.rotation.T), TURN)
        move = limited(np.asarray(goal, float) - command.position, SPEED)
        return np.concatenate([move, turn, [gripper]]).astype(np.float32)


def _funnel(goal: Array, away: float, tolerance: float, rise: float) -> Array:
    """``goal``, raised by up to ``rise`` (m) while the tool is more than ``tolerance`` (m) off to the side.

    A tool pushed aside close to its goal corrects its way without starting over from high above.
    """
    return goal + np.array([0.0, 0.0, rise * float(np.clip((away - tolerance) / 0.01, 0, 1))])
