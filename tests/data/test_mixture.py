"""Mixtures: shares, passes without replacement, purity, pooled statistics."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from foreign import REAL, needs_real, write_groot, write_ipec
from hypothesis import given
from hypothesis import strategies as st
from keyed import ARM, write_v2

from sightline.core.config import save_yaml
from sightline.core.errors import SightlineError
from sightline.data import load_dataset
from sightline.data.embodiments import EMBODIMENTS
from sightline.data.mixture import MIXTURES, Mixture, MixtureConfig, Source, open_mixture
from sightline.data.recordings import Recordings
from sightline.data.weighted_order import ROUND

BRIDGE, RT1 = EMBODIMENTS["oxe_bridge"], EMBODIMENTS["oxe_rt1"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("mixture")
    write_ipec(root / "large", lengths=(30, 45), seed=1)
    write_ipec(root / "small", lengths=(6, 5), seed=2)
    write_ipec(root / "google", lengths=(9, 8), camera="image", seed=3)
    return root


def recordings(root: Path, folder: str, chunk: int = 4) -> Recordings:
    embodiment = RT1 if folder == "google" else BRIDGE
    return Recordings(load_dataset(root / folder), embodiment, chunk)


@pytest.fixture(scope="module")
def pair(root: Path) -> list[Recordings]:
    return [recordings(root, "large"), recordings(root, "small")]


def counted(mixture: Mixture, count: int) -> list[int]:
    drawn = Counter(id(mixture.draw(i).recordings) for i in range(count))
    return [drawn[id(part)] for part in mixture.recordings]


def test_probability_goes_by_weight_not_by_size(pair: list[Recordings]) -> None:
    assert counted(Mixture(pair, [3, 1]), ROUND) == [7500, 2500]
    # No stretch of the draws is all of one recording.
    assert 0.7 < counted(Mixture(pair, [3, 1]), 2000)[0] / 2000 < 0.8


def test_balanced_by_size(pair: list[Recordings]) -> None:
    shares = Mixture(pair, [1, 2], balance=True).shares
    sizes = np.array([len(part) for part in pair]) * [1, 2]
    np.testing.assert_allclose(shares, sizes / sizes.sum())


def test_every_frame_is_drawn_once_a_pass_and_passes_differ(pair: list[Recordings]) -> None:
    mixture = Mixture(pair, [1, 1], seed=5)
    drawn: list[list[tuple[int, int]]] = [[], []]
    for index in range(3 * ROUND // 2):  # beyond the first block
        found = mixture.draw(index)
        drawn[pair.index(found.recordings)].append((found.episode, found.t))
    for part, frames in zip(pair, drawn, strict=True):
        size = len(part)
        every = {part.frame(i) for i in range(size)}
        passes = [frames[i : i + size] for i in range(0, len(frames) - size, size)]
        assert all(set(turn) == every for turn in passes) and len(passes) > 60
        assert passes[0] != passes[1]


@given(index=st.integers(0, 10**9), seed=st.integers(0, 3))
def test_a_draw_depends_on_seed_and_number_alone(pair: list[Recordings], index: int, seed: int) -> None:
    fresh, used = Mixture(pair, [2, 1], seed), Mixture(pair, [2, 1], seed)
    for other in (index + 1, index // 2, 0):
        used.draw(other)
    assert used.draw(index)[1:] == fresh.draw(index)[1:]
    assert 0 <= fresh.draw(index).t < 45


def test_seeds_differ(pair: list[Recordings]) -> None:
    first, second = ([Mixture(pair, seed=seed).draw(i)[1:] for i in range(20)] for seed in (0, 1))
    assert first != second


def test_exact_statistics_count_every_frame_once(pair: list[Recordings]) -> None:
    found = Mixture(pair, [1, 9]).statistics()["action"]
    values = np.concatenate([part.actions for part in pair]).astype(float)
    np.testing.assert_allclose(found["q01"], np.quantile(values, 0.01, axis=0))
    np.testing.assert_allclose(found["mean"], values.mean(0))
    assert found["mode"] == ["q99"] * 6 + ["binary"] and found["count"] == [86]


def test_official_statistics_take_the_widest_quantiles(pair: list[Recordings]) -> None:
    found = Mixture(pair, [1, 3]).statistics("official")["action"]
    parts = [part.statistics()["action"] for part in pair]
    np.testing.assert_allclose(found["q01"], np.minimum(parts[0]["q01"], parts[1]["q01"]))
    np.testing.assert_allclose(found["q99"], np.maximum(parts[0]["q99"], parts[1]["q99"]))
    np.testing.assert_allclose(found["mean"], 0.25 * np.array(parts[0]["mean"]) + 0.75 * np.array(parts[1]["mean"]))
    # Frames repeated until a quarter are of the first dataset (75 frames) and the rest of the second (11).
    drawn = np.concatenate([np.tile(pair[0].actions, (11, 1)), np.tile(pair[1].actions, (225, 1))]).astype(float)
    np.testing.assert_allclose(found["std"], drawn.std(0), rtol=1e-6)
    assert found["count"] == [86]


def test_several_robots_keep_their_own_statistics(root: Path, pair: list[Recordings]) -> None:
    google = recordings(root, "google")
    mixture = Mixture([*pair, google])
    found = mixture.statistics()
    assert mixture.tags == ("oxe_bridge", "oxe_rt1") and list(found["embodiments"]) == ["oxe_bridge", "oxe_rt1"]
    assert found["action"] == found["embodiments"]["oxe_bridge"]["action"]
    assert found["embodiments"]["oxe_rt1"]["action"] == google.statistics()["action"]
    assert "embodiments" not in Mixture(pair).statistics()


def test_what_cannot_be_mixed_is_refused(root: Path, pair: list[Recordings]) -> None:
    with pytest.raises(SightlineError, match="chunk 4 against 5"):
        Mixture([pair[0], recordings(root, "small", chunk=5)])
    other = replace(BRIDGE, cameras=(replace(BRIDGE.cameras[0], name="front"),))
    with pytest.raises(SightlineError, match="cameras"):
        Mixture([pair[0], Recordings(load_dataset(root / "small"), other, 4)])
    for weights in ([1.0, 0.0], [1.0, float("nan")], [1.0, -1.0]):
        with pytest.raises(SightlineError, match="must be positive"):
            Mixture(pair, weights)
    for weights in ([1.0], [1.0, 1.0, 1.0]):
        with pytest.raises(SightlineError, match="a weight for each"):
            Mixture(pair, weights)
    renamed = replace(BRIDGE, name="other", action_space="something else")
    mixed = Mixture([pair[0], Recordings(load_dataset(root / "small"), renamed, 4)])
    with pytest.raises(SightlineError, match="share the tag 'oxe_bridge' but not the meaning"):
        mixed.statistics()
    with pytest.raises(SightlineError, match="did you mean 'exact'"):
        Mixture(pair).statistics("exakt")  # type: ignore[arg-type]


def at_rate(root: Path, fps: int, **changes: str) -> Recordings:
    write_v2(root, {0: 4}, fps=fps)
    return Recordings(load_dataset(root), replace(ARM, **changes), 2)


def test_datasets_of_one_robot_must_share_the_rate(tmp_path: Path) -> None:
    """Also where they are not the first: every two of a tag meet. The advice, another tag, works."""
    slow, fast, other = at_rate(tmp_path / "10", 10), at_rate(tmp_path / "30", 30), at_rate(tmp_path / "x", 5, tag="x")
    with pytest.raises(SightlineError, match=r"share the tag 'arm' but not the rate \(control_hz 10 against 30\)"):
        Mixture([other, slow, fast])
    assert Mixture([other, slow, at_rate(tmp_path / "y", 30, name="fast", tag="fast")]).tags == ("x", "arm", "fast")
    assert Mixture([slow, at_rate(tmp_path / "z", 10)]).tags == ("arm",)


@pytest.mark.parametrize("field", ["gripper", "rotation"])
def test_datasets_of_one_robot_must_mean_the_same(tmp_path: Path, field: str) -> None:
    mixture = Mixture([at_rate(tmp_path / "a", 10), at_rate(tmp_path / "b", 10, **{field: "else"})])
    with pytest.raises(SightlineError, match="share the tag 'arm' but not the meaning"):
        mixture.statistics()


def test_pictures_of_one_policy_are_turned_alike(tmp_path: Path) -> None:
    turned = at_rate(tmp_path / "b", 10, tag="b", image_rotation=180)  # type: ignore[arg-type]
    with pytest.raises(SightlineError, match="image_rotation 0 against 180"):
        Mixture([at_rate(tmp_path / "a", 10), turned])


def test_named_mixtures_name_known_embodiments() -> None:
    assert {part.embodiment for config in MIXTURES.values() for part in config.sources} <= set(EMBODIMENTS)
    assert len(MIXTURES["libero_all"].sources) == 5 and len(MIXTURES["bridge_rt_1"].sources) == 2


def test_own_mixtures(root: Path, tmp_path: Path) -> None:
    sources = (Source("large", "oxe_bridge", 3.0), Source("google", "oxe_rt1"))
    save_yaml(MixtureConfig(sources), tmp_path / "mine.yaml")
    mixture = open_mixture(tmp_path / "mine.yaml", root, 4)
    np.testing.assert_allclose(mixture.shares, [0.75, 0.25])
    save_yaml(MixtureConfig((sources[0], sources[0])), tmp_path / "twice.yaml")
    with pytest.raises(SightlineError, match="lists large twice"):
        open_mixture(tmp_path / "twice.yaml", root, 4)
    with pytest.raises(SightlineError, match="did you mean 'bridge'"):
        open_mixture("bridg", root, 4)
    with pytest.raises(SightlineError, match="There is no dataset"):
        open_mixture("bridge", root, 4)


def test_problems_name_the_folder(tmp_path: Path) -> None:
    dataset = load_dataset(write_groot(tmp_path, missing=((0, "ego_view"),)))
    mixture = Mixture([Recordings(dataset, EMBODIMENTS["custom_robot_config"], 4)])
    assert mixture.problems == [f"{tmp_path}: camera 'ego_view' is missing in 1 of 3 episodes (0): left out."]


@needs_real
def test_real_recording() -> None:
    mixture = open_mixture("demo_sim_pick_place", REAL.parent, 16)
    size = len(mixture.recordings[0])
    assert len({mixture.draw(i)[1:] for i in range(size)}) == size


def test_held_out_episodes_of_a_mixture(pair: list[Recordings]) -> None:
    kept, held = Mixture(pair, [3, 1], seed=2).split(0.5)
    assert held is not None and [part.episodes for part in kept.recordings] == [[0], [0]]
    assert [part.episodes for part in held.recordings] == [[1], [1]]
    np.testing.assert_allclose(kept.shares, held.shares)
    assert {held.draw(i).episode for i in range(50)} == {1} and {kept.draw(i).episode for i in range(50)} == {0}
    assert Mixture(pair).split(0.0)[1] is None
