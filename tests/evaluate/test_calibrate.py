"""A calibrated policy says what it is worth and does the same as before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nano import nano_observation, nano_policy, nano_tokenizer
from small import write_dataset

from sightline.core.errors import SightlineError
from sightline.evaluate.calibrate import calibrate
from sightline.models.policy import Policy


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labelled")
    write_dataset(folder)
    return folder


def test_confidence_becomes_the_share_that_is_right(data: Path, tmp_path: Path) -> None:
    policy = nano_policy(nano_tokenizer())
    policy.save_pretrained(tmp_path / "policy")
    result = calibrate(str(tmp_path / "policy"), [data], tmp_path / "out", pictures=15)
    after = Policy.from_pretrained(tmp_path / "out")
    assert after.config.grounding.calibration == tuple(result["calibration"]) != (1.0, 0.0)
    assert result["calibration_error"]["after"] < 0.1 and result["questions"] >= 50
    seen = nano_observation(1)
    np.testing.assert_array_equal(after.act(seen).actions, policy.act(seen).actions)
    with pytest.raises(SightlineError, match="is not empty"):
        calibrate(str(tmp_path / "policy"), [data], tmp_path / "out")


def test_too_few_answers_are_refused(data: Path, tmp_path: Path) -> None:
    nano_policy(nano_tokenizer()).save_pretrained(tmp_path / "policy")
    with pytest.raises(SightlineError, match="too few to calibrate by"):
        calibrate(str(tmp_path / "policy"), [data], tmp_path / "out", pictures=1)
    assert not (tmp_path / "out").exists()
