"""Space on the disk is taken before it is needed; where there is none, a sentence names the folder."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from keyed import opened, picture, write_v2

from sightline.core.errors import SightlineError
from sightline.data.mixture import Mixture
from sightline.train.image_cache import ImageCache
from sightline.train.scratch import scratch


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may be larger than 64 KiB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_room_is_really_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    taken = []
    create = tempfile.TemporaryFile

    def kept(*args: object) -> object:
        taken.append(create(*args))  # type: ignore[call-overload]
        return taken[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", kept)
    array = scratch((3, 100_000), np.float32)
    assert not array.any() and array.shape == (3, 100_000) and array.dtype == np.float32
    array[1] = 7
    assert (array[1] == 7).all() and not list(tmp_path.iterdir())
    assert scratch((0, 4), np.uint8).shape == (0, 4) and len(taken) == 1


@pytest.mark.usefixtures("small_files")
def test_no_room_is_a_sentence_that_names_the_folder() -> None:
    with pytest.raises(SightlineError, match=r"no room for 3 MiB .*TMPDIR") as caught:
        scratch((3, 1 << 20), np.uint8)
    assert tempfile.gettempdir() in str(caught.value)
    assert scratch((1 << 10,), np.uint8).size == 1 << 10, "what fits is given"


def test_training_goes_on_without_its_cache(
    tmp_path: Path, small_files: None, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_v2(tmp_path / "data", {0: 4, 1: 5})
    recordings = opened(folder)
    cache = ImageCache(Mixture([recordings]), 256, lambda image: image, 2**30)
    assert not cache.fits and cache.at(Mixture([recordings]).draw(0)) is None
    assert "decoded again each time" in capsys.readouterr().out.replace("\n", " ")
    assert picture(0, 0).shape == (32, 32, 3)
