"""``meta/info.json``: what a dataset says about itself, checked once, with LeRobot's own defaults where it has them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sightline.core.errors import SightlineError
from sightline.data import layout

CHUNK_SIZE = 1000
V2_DATA_PATH = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet"
V2_VIDEO_PATH = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"
PATHS = {"v2.": (V2_DATA_PATH, V2_VIDEO_PATH), "v3.": (layout.DATA_PATH, layout.VIDEO_PATH)}
VIDEO, IMAGE = "video", "image"  # types of features that hold pictures: films, and pictures in the tables
CAMERA_PREFIXES = (layout.IMAGE_PREFIX, "observation.image.", "video.", "observation.")


def read_info(root: Path) -> dict[str, Any]:
    """The contents of info.json; ``chunks_size``, ``data_path`` and ``video_path`` are filled in where they lack.

    Raises SightlineError naming the file, the key and what was found when the folder is no dataset, its version is
    unknown, or a key that is needed is missing or of another type.
    """
    if not root.is_dir():
        raise SightlineError(
            f"There is no dataset at {root}: the folder does not exist; make one with 'sightline generate'."
        )
    path = root / layout.INFO
    if not path.exists():
        raise SightlineError(f"{root} is not a dataset: it has no {layout.INFO}; give the folder that contains 'meta'.")
    info = layout.read_json(path)
    if not isinstance(info, dict):
        raise SightlineError(f"{path} must hold an object with keys, found {shown(info)}.")
    missing = {"codebase_version", "features", "fps"} - set(info)
    if missing:
        raise SightlineError(f"{path} lacks the keys {sorted(missing)}: it is not a LeRobot dataset.")
    version = str(info["codebase_version"])
    if version[:3] not in PATHS:
        raise SightlineError(f"{root} is a LeRobot {version} dataset; versions 2.x and 3.x can be read.")
    for key, default in zip(("data_path", "video_path"), PATHS[version[:3]], strict=True):
        info[key] = default if info.get(key) is None else info[key]
        if not isinstance(info[key], str):
            raise wrong(path, key, "a text", info[key])
    fps, chunks = info["fps"], info.setdefault("chunks_size", CHUNK_SIZE)
    if type(fps) not in (int, float) or not math.isfinite(fps) or fps <= 0:
        raise wrong(path, "fps", "a positive number", fps)
    if type(chunks) is not int or chunks < 1:
        raise wrong(path, "chunks_size", "a whole number from 1 on", chunks)
    _check_features(path, info["features"])
    return info


def _check_features(path: Path, features: Any) -> None:
    if not isinstance(features, dict):
        raise wrong(path, "features", "an object with a feature a column", features)
    for name, spec in features.items():
        if not isinstance(spec, dict) or not isinstance(spec.get("dtype"), str):
            found = spec.get("dtype") if isinstance(spec, dict) else spec
            raise wrong(path, f"features.{name}.dtype", "the name of a type", found)
        shape = spec.get("shape", [])
        if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
            raise wrong(path, f"features.{name}.shape", "a list of whole numbers", shape)


def shown(value: object) -> str:
    """A value as a message shows it, shortened."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def wrong(path: Path, key: str, expected: str, found: object) -> SightlineError:
    """The error that names file, key and what was found there."""
    return SightlineError(f"{path}: '{key}' must be {expected}, found {shown(found)}; repair the file.")


def place(root: Path, info: Mapping[str, Any], key: str, **values: object) -> Path:
    """A file by its pattern ``data_path`` or ``video_path``. Raises SightlineError on a pattern that asks for more."""
    try:
        return root / info[key].format(**values)
    except (KeyError, IndexError, ValueError, AttributeError, TypeError) as error:
        raise SightlineError(
            f"{root / layout.INFO}: '{key}' is {info[key]!r}, which cannot be filled in from {', '.join(values)} "
            f"({type(error).__name__}: {error}); repair the file."
        ) from None


def camera_name(feature: str) -> str:
    """``observation.images.front`` -> ``front``, ``video.ego_view`` -> ``ego_view``."""
    for prefix in CAMERA_PREFIXES:
        if feature.startswith(prefix) and feature != prefix:
            return feature[len(prefix) :]
    return feature


def camera_features(info: Mapping[str, Any]) -> dict[str, str]:
    """Camera -> feature name, of all films and pictures. Features whose short names are one keep their long ones."""
    features = [name for name, spec in info["features"].items() if spec.get("dtype") in (VIDEO, IMAGE)]
    names = {feature: camera_name(feature) for feature in features}
    while twice := {name for name, count in Counter(names.values()).items() if count > 1}:
        names = {feature: feature if name in twice else name for feature, name in names.items()}
    return {names[feature]: feature for feature in features}


def picture_size(info: Mapping[str, Any], feature: str) -> tuple[int, int]:
    """(height, width) of a camera's pictures, by the names of its axes or, without them, by where the colours are.

    Raises SightlineError when its shape has not three sizes.
    """
    spec = info["features"][feature]
    shape, axes = spec.get("shape", []), spec.get("names")
    if len(shape) != 3:
        raise SightlineError(f"{layout.INFO}: 'features.{feature}.shape' must have three sizes, found {shown(shape)}.")
    if not (isinstance(axes, list) and len(axes) == 3 and {"height", "width"} <= {str(axis) for axis in axes}):
        first = shape[0] in (1, 3, 4) and shape[2] not in (1, 3, 4)
        axes = ["channels", "height", "width"] if first else ["height", "width", "channels"]
    sizes = dict(zip(map(str, axes), shape, strict=True))
    return sizes["height"], sizes["width"]
