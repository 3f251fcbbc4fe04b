"""The robot's model: where its tool is, what its cache survives, what it says when its files are missing."""

from __future__ import annotations

import importlib.util
from concurrent.futures import ProcessPoolExecutor

import mujoco
import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.engine.robots import panda


def build(_: int = 0) -> mujoco.MjModel:
    spec = mujoco.MjSpec()
    panda.attach(spec)
    return spec.compile()


@pytest.fixture(scope="module")
def model():
    return build()


@pytest.fixture
def home(model):
    data = mujoco.MjData(model)
    for joint, angle in zip(panda.ARM_JOINTS, panda.HOME_QPOS, strict=True):
        data.joint(joint).qpos[:] = angle
    mujoco.mj_forward(model, data)
    return data


def test_home_points_straight_down_above_the_workspace(home):
    tool = home.site(panda.TOOL_SITE)
    np.testing.assert_allclose(tool.xpos, [0.45, 0, 0.25], atol=1e-3)
    np.testing.assert_allclose(tool.xmat.reshape(3, 3), np.diag([1, -1, -1]), atol=1e-3)


def test_tool_is_between_the_pads(model, home):
    left, right = (home.geom(name).xpos for name in panda.PAD_GEOMS)
    tool = home.site(panda.TOOL_SITE).xpos
    np.testing.assert_allclose(((left + right) / 2)[:2], tool[:2], atol=1e-3)
    assert left[1] < tool[1] < right[1]  # they close along y
    half = model.geom(panda.PAD_GEOMS[0]).size[2]
    assert left[2] - half < tool[2] < left[2] + half


def test_wrist_camera_sees_tool_and_table_below(model, home):
    camera = home.camera(panda.WRIST_CAMERA)
    axes = camera.xmat.reshape(3, 3)
    for point in (home.site(panda.TOOL_SITE).xpos, np.array([0.45, 0.0, 0.0]), np.array([0.5, 0.05, 0.0])):
        right, up, back = axes.T @ (point - camera.xpos)
        assert back < 0
        assert np.degrees(np.arctan2(np.hypot(right, up), -back)) < model.camera(panda.WRIST_CAMERA).fovy[0] / 2


def test_visual_meshes_are_light_and_closed_enough(model):
    visual = model.geom_group == 2
    faces = model.mesh_facenum[model.geom_dataid[visual]]
    assert 10_000 < faces.sum() < 25_000
    size = np.ptp(model.mesh_vert, axis=0)
    assert np.all(size < 1.0)  # no vertex was thrown far away by the decimation
    assert not model.geom_contype[visual].any() and not model.geom_conaffinity[visual].any()


def test_robot_shapes_meet_objects_but_not_one_another(model):
    solid = np.flatnonzero(model.geom_group == 3)
    assert len(solid) == 6
    kind, other = model.geom_contype[solid], model.geom_conaffinity[solid]
    assert not np.any(kind[:, None] & other[None, :])
    assert np.all(other & 1)  # the default bit of everything else


def test_cache_is_shared_by_processes_and_repaired(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with ProcessPoolExecutor(2) as pool:
        vertices = [model.nmeshvert for model in pool.map(build, range(2))]
    assert vertices[0] == vertices[1]
    (path,) = tmp_path.rglob("*.npz")
    assert list(path.parent.iterdir()) == [path]  # no temporary files are left
    path.write_bytes(b"PK damaged")
    assert build().nmeshvert == vertices[0]
    assert path.stat().st_size > 10_000


def test_missing_files_and_unwritable_cache_are_explained(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    with pytest.raises(SightlineError, match="XDG_CACHE_HOME"):
        build()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SightlineError, match="pip install --no-deps robosuite"):
        build()
