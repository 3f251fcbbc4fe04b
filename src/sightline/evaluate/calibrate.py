"""A policy whose confidence means what it says: the probability that its box is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sightline.core.console import say
from sightline.core.errors import SightlineError
from sightline.evaluate.grounding_metrics import RIGHT, evaluate_grounding
from sightline.evaluate.policies import load_checkpoint
from sightline.evaluate.reliability import calibration_error, reliability
from sightline.language.paraphrases import SPOKEN
from sightline.models.grounding.confidence import fitted_calibration, probability
from sightline.models.policy import Policy

FEWEST = 50  # answers that a calibration is fitted to
ITSELF = (1.0, 0.0)  # the calibration that changes nothing


def calibrate(policy: str, data: Sequence[Path], out: Path, pictures: int = 150, seed: int = 0) -> dict:
    """Ask a policy about labelled pictures, in all words that data are made in, and write it to ``out`` with a
    confidence that fits how often it was right.

    Args:
        policy: checkpoint folder or ``tiny``.
        data: labelled datasets that it has not learned from.

    Returns:
        ``calibration`` (slope, offset), ``calibration_error`` with ``before`` and ``after``, ``questions``.

    Raises:
        SightlineError: no such policy, one without a pointer, too few labelled pictures, or a folder that is there.
    """
    if out.exists() and any(out.iterdir()):
        raise SightlineError(f"{out} is not empty: choose a new folder for the calibrated policy.")
    found = load_checkpoint(policy)
    if not found.config.points:
        raise SightlineError(f"The policy {policy} has no pointer, so there is no confidence to calibrate.")
    before = found.config.grounding.calibration
    _set(found, ITSELF)
    rows = [
        row
        for phrasing in SPOKEN
        for row in evaluate_grounding(found, data, -(-pictures // len(SPOKEN)), seed=seed, phrasing=phrasing).rows
    ]
    if len(rows) < FEWEST:
        raise SightlineError(f"{len(rows)} answers are too few to calibrate by: give data with at least {FEWEST}.")
    raw, right = np.array([row.sure for row in rows]), np.array([row.box_iou >= RIGHT for row in rows])
    calibration = fitted_calibration(raw, right)
    errors = {
        name: calibration_error(reliability(probability(raw, values).tolist(), right.tolist()))
        for name, values in (("before", before), ("after", calibration))
    }
    _set(found, calibration)
    found.save_pretrained(out)
    say(
        f"Confidence was off by {errors['before']:.1%} in the mean over {len(rows)} answers and is off by "
        f"{errors['after']:.1%} now. The calibrated policy is in {out}."
    )
    return {"calibration": list(calibration), "calibration_error": errors, "questions": len(rows)}


def _set(policy: Policy, calibration: tuple[float, float]) -> None:
    config = policy.system.config
    policy.system.config = replace(config, grounding=replace(config.grounding, calibration=calibration))
