"""Labels from simulator truth: between episodes, arrow tables (one row a frame) and arrays over time."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from PIL import Image

from sightline.core.errors import SightlineError
from sightline.core.geometry import Array, Camera, resample_path
from sightline.core.types import Episode, ObjectInfo, SceneState, Task

TRACE_POINTS = 16
IDS_COMPRESSION = 6
SCENE_COLUMNS = (
    "positions",
    "yaws",
    "present",
    "grasp_points",
    "grasp_yaws",
    "tool",
    "tool_yaw",
    "gripper_width",
    "place",
)
JOINTS = "joints"  # column of scenes with fixtures only
EXECUTED = "executed"  # column of episodes whose states do not tell what was done where the robot was disturbed
DOING = "doing"  # column of episodes whose task has several steps, each with a target and a reference
DRAWN = "drawn"  # column of episodes that were not drawn at every step
DEPTH = "depth"  # column of each camera, in datasets that were made with depth
CAMERA_COLUMNS = ("camera", "boxes", "trace", "grasp", "place")


@dataclass
class EpisodeLabels:
    """Labels of one episode. T = frames, n = objects; base frame, metres, radians; pixels of the stored pictures.

    Attributes:
        objects: the n objects, in the order of every index.
        positions [T,n,3], yaws [T,n], present [T,n], grasp_points [T,n,3], grasp_yaws [T,n], tool [T,3], tool_yaw [T],
        gripper_width [T]: as in SceneState.
        place: [T,3] where the tool point should release the target; NaN without a task.
        cameras: camera -> [T,15] calibration vectors (Camera.from_vector).
        boxes: camera -> [T,n,4] boxes of the visible pixels; NaN when invisible.
        traces: camera -> [T,16,2] the tool point's path from this frame to the end of the episode, evenly spaced along
            the 3-D path; NaN behind the camera and without a task.
        grasp_pixels, place_pixels: camera -> [T,2] the target's grasp point and the place point; NaN without a task.
        subtasks: T strings.
        joints: [T,n] as in SceneState; None in a scene without fixtures.
        doing: [T,2] target and reference of the step at hand; None where they are the task's throughout.
        drawn: [T] whether a frame's pictures and masks are of its own moment; else they are the last ones that were
            drawn, and boxes are theirs, moved along. None: all are.
    """

    objects: tuple[ObjectInfo, ...]
    positions: Array
    yaws: Array
    present: NDArray[np.bool_]
    grasp_points: Array
    grasp_yaws: Array
    tool: Array
    tool_yaw: Array
    gripper_width: Array
    place: Array
    cameras: dict[str, NDArray[np.float32]]
    boxes: dict[str, Array]
    traces: dict[str, Array]
    grasp_pixels: dict[str, Array]
    place_pixels: dict[str, Array]
    subtasks: list[str]
    joints: Array | None = None
    doing: NDArray[np.int64] | None = None
    drawn: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.tool)

    def scene(self, t: int) -> SceneState:
        """The scene at frame ``t``."""
        return SceneState(
            self.objects,
            self.positions[t],
            self.yaws[t],
            self.present[t],
            self.grasp_points[t],
            self.grasp_yaws[t],
            self.tool[t],
            float(self.tool_yaw[t]),
            float(self.gripper_width[t]),
            None if self.joints is None else self.joints[t],
        )

    def roles(self, task: Task) -> NDArray[np.int64]:
        """[T,2] the task's target and reference at each frame: those of the step at hand."""
        return np.tile([task.target, task.reference], (len(self), 1)) if self.doing is None else self.doing

    def way(self, t: int) -> Array:
        """[N,3] the tool point's way in space from frame ``t`` to the end, metres; on the last frame it stays there."""
        return np.concatenate([self.tool[t:], self.tool[-1:]])

    def camera(self, t: int, name: str) -> Camera:
        """The calibration of camera ``name`` at frame ``t``."""
        return Camera.from_vector(self.cameras[name][t])


def compress_ids(ids: NDArray[np.uint8]) -> bytes:
    """An instance map [H,W] as bytes: lossless, about a kilobyte."""
    return zlib.compress(np.ascontiguousarray(ids, dtype=np.uint8).tobytes(), IDS_COMPRESSION)


def decompress_ids(blob: bytes, height: int, width: int) -> NDArray[np.uint8]:
    """Inverse of :func:`compress_ids`. Raises SightlineError when the bytes do not hold such a map."""
    try:
        values = np.frombuffer(zlib.decompress(blob), np.uint8)
        return values.reshape(height, width)
    except (zlib.error, ValueError) as error:
        raise SightlineError(f"an instance map is damaged ({error}); generate the dataset again.") from None


def compress_depth(depth: NDArray[np.float32]) -> bytes:
    """A depth map [H,W] in metres as a PNG of 16-bit millimetres; 0 is nothing, as is what is 65.5 m away and more."""
    millimetres = np.round(depth * 1000.0)
    picture = np.where(millimetres < 2**16, millimetres, 0).astype(np.uint16)
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "png", compress_level=3)
    return stream.getvalue()


def decompress_depth(blob: bytes) -> NDArray[np.float32]:
    """Inverse of :func:`compress_depth`, to the millimetre. Raises SightlineError when the bytes hold no such map."""
    try:
        with Image.open(io.BytesIO(blob), formats=("PNG",)) as picture:
            return np.asarray(picture, np.uint16).astype(np.float32) / 1000.0
    except (OSError, SyntaxError, ValueError) as error:
        raise SightlineError(f"a depth map is damaged ({error}); generate the dataset again.") from None


def trace_pixels(tool_path: Array, camera: Camera, count: int = TRACE_POINTS) -> Array:
    """[count,2] pixels of ``count`` points evenly spaced along the 3-D tool path [N,3]; NaN behind the camera."""
    return camera.project(resample_path(tool_path, count))[0]


def vector_column(values: NDArray, dtype: type = np.float32) -> pa.Array:
    """[T, ...] as a column of T fixed-size lists."""
    flat: NDArray = np.ascontiguousarray(np.asarray(values, dtype=dtype).reshape(len(values), -1))
    return pa.FixedSizeListArray.from_arrays(pa.array(flat.ravel()), flat.shape[1])


def labels_table(episode: Episode, cameras: tuple[str, ...]) -> pa.Table:
    """All labels of ``episode``, one row a frame. Poses, points and boxes are stored as float32."""
    scenes = [frame.scene for frame in episode.frames]
    columns: dict[str, pa.Array] = {
        name: vector_column(np.stack([getattr(scene, name) for scene in scenes]))
        for name in ("positions", "yaws", "grasp_points", "grasp_yaws", "tool")
    }
    columns["present"] = vector_column(np.stack([scene.present for scene in scenes]), np.bool_)
    for name in ("tool_yaw", "gripper_width"):
        columns[name] = pa.array(np.array([getattr(scene, name) for scene in scenes], np.float32))
    nowhere = np.full(3, np.nan)
    place = np.stack([nowhere if frame.place is None else frame.place for frame in episode.frames])
    columns["place"] = vector_column(place)
    joints = [scene.joints for scene in scenes if scene.joints is not None]
    if joints:
        columns[JOINTS] = vector_column(np.stack(joints))
    executed = [frame.executed for frame in episode.frames if frame.executed is not None]
    if executed:
        columns[EXECUTED] = vector_column(np.stack(executed))
    doing = [frame.doing for frame in episode.frames if frame.doing is not None]
    if doing:
        columns[DOING] = vector_column(np.array(doing), np.int64)
    if not all(frame.drawn for frame in episode.frames):
        columns[DRAWN] = pa.array([frame.drawn for frame in episode.frames], pa.bool_())
    for name in cameras:
        columns |= _camera_columns(episode, name, place)
    columns["subtask"] = pa.array([frame.subtask for frame in episode.frames], pa.string())
    return pa.table(columns)


def _camera_columns(episode: Episode, name: str, place: Array) -> dict[str, pa.Array]:
    """The columns of one camera."""
    tool = np.stack([frame.scene.tool for frame in episode.frames])
    views = [frame.views[name] for frame in episode.frames]
    trace, grasp, put = [], [], []
    for t, (frame, view) in enumerate(zip(episode.frames, views, strict=True)):
        if episode.task is None:
            trace.append(np.full((TRACE_POINTS, 2), np.nan))
            grasp.append(np.full(2, np.nan))
        else:
            target = episode.task.target if frame.doing is None else frame.doing[0]
            trace.append(trace_pixels(tool[t:], view.camera))
            grasp.append(view.camera.project(frame.scene.grasp_points[target])[0])
        put.append(view.camera.project(place[t])[0])
    depths = [compress_depth(view.depth) for view in views if view.depth is not None]
    extra = {f"{DEPTH}.{name}": pa.array(depths, pa.binary())} if depths else {}
    return extra | {
        f"camera.{name}": vector_column(np.stack([view.camera.to_vector() for view in views])),
        f"boxes.{name}": vector_column(np.stack([view.boxes for view in views])),
        f"ids.{name}": pa.array([compress_ids(view.ids) for view in views], pa.binary()),
        f"trace.{name}": vector_column(np.stack(trace)),
        f"grasp.{name}": vector_column(np.stack(grasp)),
        f"place.{name}": vector_column(np.stack(put)),
    }


def column_array(table: pa.Table, name: str) -> NDArray:
    """A numeric column as [T] or, for (fixed-size) lists of equal length, [T,d].

    Raises SightlineError when lists differ in length.
    """
    column = table.column(name).combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    if not (
        pa.types.is_list(column.type) or pa.types.is_large_list(column.type) or pa.types.is_fixed_size_list(column.type)
    ):
        return column.to_numpy(zero_copy_only=False)
    values = column.flatten()
    if pa.types.is_nested(values.type):
        return np.array(column.to_pylist())
    lengths = pc.min_max(pc.list_value_length(column)).as_py()
    if column.null_count or lengths["min"] != lengths["max"]:
        raise SightlineError(f"the column {name} holds lists of different lengths")
    return values.to_numpy(zero_copy_only=False).reshape(len(column), -1 if len(values) else 0)


def labels_from_table(table: pa.Table, objects: tuple[ObjectInfo, ...], cameras: tuple[str, ...]) -> EpisodeLabels:
    """Inverse of :func:`labels_table` (instance maps apart: :func:`decompress_ids`)."""
    frames, count = table.num_rows, len(objects)

    def read(name: str, *shape: int, dtype: type = np.float64) -> NDArray:
        return column_array(table, name).reshape(frames, *shape).astype(dtype)

    return EpisodeLabels(
        objects=objects,
        positions=read("positions", count, 3),
        yaws=read("yaws", count),
        present=read("present", count, dtype=np.bool_),
        grasp_points=read("grasp_points", count, 3),
        grasp_yaws=read("grasp_yaws", count),
        tool=read("tool", 3),
        tool_yaw=read("tool_yaw"),
        gripper_width=read("gripper_width"),
        place=read("place", 3),
        cameras={name: read(f"camera.{name}", 15, dtype=np.float32) for name in cameras},
        boxes={name: read(f"boxes.{name}", count, 4) for name in cameras},
        traces={name: read(f"trace.{name}", TRACE_POINTS, 2) for name in cameras},
        grasp_pixels={name: read(f"grasp.{name}", 2) for name in cameras},
        place_pixels={name: read(f"place.{name}", 2) for name in cameras},
        subtasks=table.column("subtask").to_pylist(),
        joints=read(JOINTS, count) if JOINTS in table.column_names else None,
        doing=read(DOING, 2, dtype=np.int64) if DOING in table.column_names else None,
        drawn=read(DRAWN, dtype=np.bool_) if DRAWN in table.column_names else None,
    )
