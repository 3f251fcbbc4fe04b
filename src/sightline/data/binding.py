"""Where a dataset keeps what an embodiment asks for: parts of states and actions bound to columns, once a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.core.errors import SightlineError, did_you_mean
from sightline.data.dataset import Dataset
from sightline.data.embodiments import Embodiment, Part
from sightline.data.info import camera_features
from sightline.data.modality import TASK_INDEX, Field, Modality
from sightline.data.rotations import DERIVATIONS, convert_rotation

Array = NDArray[np.float64]
STILL = 5e-4  # metres: frames that move less along every axis, and do not switch the gripper, are pauses


@dataclass(frozen=True)
class BoundPart:
    """A part and the fields that it is read from: one, or the sources of its derivation."""

    part: Part
    fields: tuple[Field, ...]
    derived: bool

    def values(self, columns: Mapping[str, NDArray]) -> Array:
        """[T,d] of an episode's columns. Raises SightlineError where a column is too narrow or holds no rotation."""
        part, found = self.part, [self._slice(field, columns[field.column]) for field in self.fields]
        # Of several sources the last is the rotation.
        form = self.fields[-1].rotation or part.stored or part.rotation
        if self.derived:
            values = DERIVATIONS[part.derive].make(found, form, part.rotation)
        else:
            values = convert_rotation(found[0], form, part.rotation) if part.rotation else found[0]
        if values.shape[1] != len(part.names):
            raise SightlineError(
                f"The part '{part.key}' has {len(part.names)} names but {values.shape[1]} dimensions in the dataset "
                f"(column {self.fields[0].column})."
            )
        return values

    def _slice(self, field: Field, column: NDArray) -> Array:
        rows = column.reshape(len(column), -1)
        if column.dtype.kind not in "fiub":
            pickled = any(isinstance(value, bytes) for value in column.flat)
            raise SightlineError(
                f"the column {field.column}, from which the part '{self.part.key}' is read, holds "
                f"{'bytes (pickled, perhaps)' if pickled else 'no numbers'} in some rows"
            )
        if field.end is not None and field.end > rows.shape[1]:
            raise SightlineError(
                f"The part '{self.part.key}' is at {field.start}:{field.end} of the column {field.column}, which has "
                f"only {rows.shape[1]} dimensions."
            )
        return rows[:, field.start : field.end].astype(np.float64)


@dataclass(frozen=True)
class Binding:
    """An embodiment bound to a dataset.

    Attributes:
        cameras: name for the policy -> camera of the dataset.
        state, action, motion: bound parts, in order.
        language: column of the instruction.
    """

    embodiment: Embodiment
    cameras: Mapping[str, str]
    state: tuple[BoundPart, ...]
    action: tuple[BoundPart, ...]
    motion: tuple[BoundPart, ...]
    language: str

    @property
    def columns(self) -> list[str]:
        """Numeric columns that are read, each once."""
        parts = (*self.state, *self.action, *self.motion)
        return list(dict.fromkeys(field.column for part in parts for field in part.fields))

    def numbers(self, columns: Mapping[str, NDArray]) -> tuple[Array, Array, NDArray[np.bool_]]:
        """State [T,S], action [T,A] and whether something moves [T] of an episode's columns."""
        rows = len(next(iter(columns.values())))
        state, action = (_join(parts, columns, rows) for parts in (self.state, self.action))
        if not self.motion:
            return state, action, np.ones(rows, bool)
        moving: NDArray[np.bool_] = np.any(np.abs(_join(self.motion, columns, rows)) > STILL, axis=1)
        for part in self.action:
            if part.part.key == self.embodiment.gripper_key:
                values = part.values(columns)
                moving[1:] |= (values[1:] != values[:-1]).any(1)
        return state, action, moving


def _join(parts: tuple[BoundPart, ...], columns: Mapping[str, NDArray], rows: int) -> Array:
    return np.concatenate([np.zeros((rows, 0)), *(part.values(columns) for part in parts)], 1)


def bind(embodiment: Embodiment, dataset: Dataset, modality: Modality) -> Binding:
    """Find everything that the embodiment asks for.

    Raises SightlineError naming the camera or part that the dataset lacks, and the nearest one that it has.
    """
    language = embodiment.language
    if language not in dataset.info["features"]:
        language = modality.find("annotation", language) if modality.declared else TASK_INDEX
    return Binding(
        embodiment,
        {camera.name: _camera(camera.key, camera.feature, dataset, modality) for camera in embodiment.cameras},
        state=tuple(_part(part, "state", dataset, modality) for part in embodiment.state),
        action=tuple(_part(part, "action", dataset, modality) for part in embodiment.action),
        motion=tuple(_part(part, "action", dataset, modality) for part in embodiment.motion),
        language=language,
    )


def _camera(key: str, feature: str, dataset: Dataset, modality: Modality) -> str:
    """The dataset's own name of a camera."""
    if modality.declared or feature not in dataset.info["features"]:
        feature = modality.find("video", key)
    for camera, known in camera_features(dataset.info).items():
        if feature == known:
            return camera
    raise SightlineError(
        f"{dataset.root} has no video '{feature}'{did_you_mean(feature, dataset.cameras)}; it has "
        f"{', '.join(dataset.cameras) or 'none'}."
    )


def _part(part: Part, group: str, dataset: Dataset, modality: Modality) -> BoundPart:
    features = dataset.info["features"]
    known: Mapping[str, Field] = getattr(modality, group)
    derived = False
    fields: tuple[Field, ...]
    if not modality.declared and part.column in features:
        # Stated places come before guesses by name: some conversions name two dimensions alike.
        fields = (Field(part.column, part.start, part.start + len(part.names)),)
    elif part.key not in known and part.derive and all(key in known for key in part.sources):
        fields, derived = tuple(known[key] for key in part.sources), True
    else:
        fields = (modality.find(group, part.key),)
    for field in fields:
        if field.column not in features:
            raise SightlineError(
                f"{modality.source} refers to the column '{field.column}', which {dataset.root} does not have"
                f"{did_you_mean(field.column, features)}."
            )
    if group == "action" and fields[0].relative and not (part.delta or derived):
        raise SightlineError(
            f"{modality.source} says that the action '{part.key}' is relative (absolute: false), but the embodiment "
            "takes it for a target; set delta: true there or repair the file."
        )
    return BoundPart(part, fields, derived)
