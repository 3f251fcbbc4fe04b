"""Depth maps as they are stored."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sightline.core.errors import SightlineError
from sightline.data.labels import compress_depth, decompress_depth


@given(arrays(np.float32, (5, 7), elements=st.floats(0, 70, width=32)))
def test_depth_maps_survive_to_the_millimetre(depth):
    again = decompress_depth(compress_depth(depth))
    near = np.round(depth * 1000) < 2**16
    assert np.abs(again - depth)[near].max(initial=0) <= 0.00051 and (again[~near] == 0).all()
    with pytest.raises(SightlineError, match="damaged"):
        decompress_depth(compress_depth(depth)[:40])
