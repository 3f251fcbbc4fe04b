"""Pictures are patched as Qwen2.5-VL's own image processor does it, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nano import nano_config, random_pictures
from PIL import Image
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize as official_resize

from sightline.core.errors import SightlineError
from sightline.models.config import SystemConfig
from sightline.models.vlm import picture_format
from sightline.models.vlm.images import PictureFormat, smart_resize
from sightline.models.vlm.qwen import QwenPlanner

SIZES = [(224, 224), (480, 640), (333, 517), (1, 1), (13, 100), (5, 990), (990, 5), (28, 28), (42, 70), (900, 1200)]


def picture(height: int, width: int) -> np.ndarray:
    """Random blocks with random noise, so that resizing has something to do."""
    rng = np.random.default_rng([height, width])
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("limits", [(3136, 3584 * 3584), (784, 50176)])
@pytest.mark.parametrize("size", SIZES)
def test_patches_are_those_of_the_official_processor(size: tuple[int, int], limits: tuple[int, int]) -> None:
    image = picture(*size)
    official = Qwen2VLImageProcessorPil(size={"shortest_edge": limits[0], "longest_edge": limits[1]})
    expected = official([Image.fromarray(image)], return_tensors="np")
    ours = PictureFormat(min_pixels=limits[0], max_pixels=limits[1]).patches(image)
    assert [list(ours.grid)] == expected["image_grid_thw"].tolist()
    assert ours.values.dtype == np.float32
    assert np.array_equal(ours.values, expected["pixel_values"])


@given(
    st.integers(1, 5000), st.integers(1, 5000), st.sampled_from([(3136, 3584 * 3584), (784, 50176), (3136, 1003520)])
)
def test_sizes_are_the_official_ones(height: int, width: int, limits: tuple[int, int]) -> None:
    if max(height, width) > 200 * min(height, width):
        with pytest.raises(SightlineError, match="too elongated"):
            smart_resize(height, width, 28, *limits)
        return
    found = smart_resize(height, width, 28, *limits)
    assert found == official_resize(height, width, 28, *limits)
    assert found[0] % 28 == found[1] % 28 == 0 and min(found) >= 28


def test_a_planner_with_a_pointer_sees_squares() -> None:
    config = nano_config()
    planner, images = QwenPlanner(config.planner), random_pictures(3, 1, 1)
    patches = picture_format(config).patches(images[0, 0].numpy())
    torch.testing.assert_close(torch.from_numpy(patches.values), planner.pixel_values(images), atol=1e-5, rtol=0)
    assert picture_format(config).patches(picture(50, 90)).grid == (1, 8, 8)


def test_the_tokens_announced_are_the_tokens_made() -> None:
    shape = picture_format(SystemConfig())
    for form in (PictureFormat(), shape):
        for size in SIZES:
            rows, columns = form.token_grid(*size)
            assert form.patches(picture(*size)).grid == (1, rows * 2, columns * 2)


@pytest.mark.parametrize("shape", [(10, 10), (10, 10, 4), (0, 10, 3)])
def test_what_is_no_rgb_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SightlineError, match="RGB"):
        PictureFormat().patches(np.zeros(shape, np.uint8))
    with pytest.raises(SightlineError, match="RGB"):
        PictureFormat().patches(np.zeros((8, 8, 3), np.float32))
