"""Statistics of states and actions (from parquet alone) and of pictures (while they are at hand)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError
from sightline.data.columns import read_columns
from sightline.data.dataset import Dataset

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
BINARY_REACH = 1.1  # a range of 0..1 or -1..1, a little noise allowed
NAMES = ("min", "max", "mean", "std", "count", *QUANTILES)
Statistics = dict[str, NDArray]


def array_statistics(values: NDArray) -> Statistics:
    """Statistics over the rows of [T] or [T,d]: each [d] (float64), ``count`` [1] (int64)."""
    values = np.asarray(values, np.float64).reshape(len(values), -1)
    found = {"min": values.min(0), "max": values.max(0), "mean": values.mean(0), "std": values.std(0)}
    found["count"] = np.array([len(values)])
    found |= dict(zip(QUANTILES, np.quantile(values, list(QUANTILES.values()), axis=0), strict=True))
    return found


def require_binary(values: NDArray, modes: list[tuple[str, str]], where: str) -> None:
    """Raise SightlineError where a dimension of values [N,D] in the mode ``binary`` leaves -1..1.

    It is split at 0.5, which halves ranges of 0 to 1 and of -1 to 1, and nothing else.

    Args:
        modes: name and mode of each dimension; where: whose they are, for the message.
    """
    for at, (name, mode) in enumerate(modes):
        if mode != "binary" or not len(values):
            continue
        low, high = float(values[:, at].min()), float(values[:, at].max())
        if max(abs(low), abs(high)) > BINARY_REACH:
            raise SightlineError(
                f"{where}: '{name}' cannot be binary: it goes from {low:g} to {high:g}, but binary splits 0..1 or "
                f"-1..1 at 0.5. If it counts 0 to 100 the middle is 50, if {low:g} and {high:g} are its two ends it is "
                f"{(low + high) / 2:g}; which one cannot be known: set mode: min_max to learn the values as they are."
            )


def image_statistics(frames: NDArray[np.uint8], stride: int = 4) -> Statistics:
    """Statistics of each colour in 0..1 over every ``stride``-th pixel of frames [T,H,W,3].

    Each is [3,1,1]; ``count`` [1] is the number of frames.
    """
    pixels = np.asarray(frames)[:, ::stride, ::stride].reshape(-1, 3)
    counts = np.stack([np.bincount(pixels[:, colour], minlength=256) for colour in range(3)])
    levels = np.arange(256) / 255.0
    total = len(pixels)
    mean = counts @ levels / total
    share = counts.cumsum(1) / total
    found = {
        "min": levels[(counts > 0).argmax(1)],
        "max": levels[255 - (counts[:, ::-1] > 0).argmax(1)],
        "mean": mean,
        "std": np.sqrt(np.maximum(counts @ levels**2 / total - mean**2, 0.0)),
    }
    found |= {name: levels[(share >= level).argmax(1)] for name, level in QUANTILES.items()}
    return {name: value.reshape(3, 1, 1) for name, value in found.items()} | {"count": np.array([len(frames)])}


def pooled_statistics(parts: Iterable[Statistics]) -> Statistics:
    """Statistics of the union: exact but for the quantiles, which are the parts' mean weighted by count."""
    parts = list(parts)
    counts = np.array([float(part["count"][0]) for part in parts])
    weights = counts / counts.sum()

    def weighted(name: str) -> NDArray:
        return np.tensordot(weights, np.stack([part[name] for part in parts]), 1)

    mean = weighted("mean")
    square = np.tensordot(weights, np.stack([part["std"] ** 2 + part["mean"] ** 2 for part in parts]), 1)
    found = {name: weighted(name) for name in QUANTILES}
    found |= {"min": np.min([part["min"] for part in parts], 0), "max": np.max([part["max"] for part in parts], 0)}
    found |= {"mean": mean, "std": np.sqrt(np.maximum(square - mean**2, 0.0))}
    return found | {"count": np.array([int(counts.sum())])}


def dataset_statistics(dataset: Dataset, episodes: Iterable[int] | None = None) -> dict[str, Statistics]:
    """Feature -> exact statistics over all frames of the chosen episodes (default all); no video is decoded.

    Features are the numeric columns of the dataset under their own names, e.g. ``observation.state``.
    """
    columns: dict[str, list[NDArray]] = {}
    for _, found in read_columns(dataset, episodes=episodes):
        for name, values in found.items():
            columns.setdefault(name, []).append(values)
    return {name: array_statistics(np.concatenate(parts)) for name, parts in columns.items()}


def to_lists(statistics: dict[str, Statistics]) -> dict[str, dict[str, list]]:
    """JSON-ready form of feature -> statistics."""
    return {feature: {name: value.tolist() for name, value in found.items()} for feature, found in statistics.items()}
