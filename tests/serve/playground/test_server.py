"""The playground as a page meets it: scenes, words, steering, keeping, and who may come in."""

from __future__ import annotations

import io
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playing import Running, Visit, playing, playing_apart
from websockets.exceptions import InvalidStatus

from sightline.core.errors import SightlineError
from sightline.data.dataset import Dataset
from sightline.serve.playground.server import PlaySettings


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with playing_apart(tmp_path_factory.mktemp("playground")) as running:
        yield running


@pytest.fixture
def visit(ground: Running) -> Iterator[Visit]:
    with ground.visit() as page:
        yield page


def page(running: Running, path: str, **headers: str) -> tuple[int, bytes, Any]:
    """Status, body and headers of a page; redirections are not followed."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    request = urllib.request.Request(running.page + path, headers=headers)
    try:
        with urllib.request.build_opener(Stay).open(request) as found:
            return found.status, found.read(), found.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def jpeg(width: int = 64, height: int = 48) -> bytes:
    sink = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), 127, np.uint8)).save(sink, "JPEG")
    return sink.getvalue()


# ---- scenes and words -------------------------------------------------------------------------------------------


def test_a_shared_seed_is_the_same_scene(visit: Visit, ground: Running) -> None:
    visit.send("new", seed=11)
    first, state = visit.until("state"), visit.until("frame")
    with ground.visit() as other:
        other.send("new", seed=11)
        assert other.until("state") == first
        assert other.until("frame")["data"] == state["data"]
    assert first["seed"] == 11 and first["instruction"] == first["examples"][0] and len(first["examples"]) > 2


def test_another_scene_is_another_one(visit: Visit) -> None:
    visit.send("new", seed=1)
    one = visit.until("frame")
    visit.send("new")
    assert visit.until("frame")["data"] != one["data"]


def test_the_expert_does_what_it_is_told_and_it_can_be_undone(visit: Visit) -> None:
    visit.send("new", seed=3)
    visit.send("policies", names=["expert"])
    visit.send("speed", value=100)
    told = visit.until("state", policies=["expert"])["examples"]
    before = visit.until("frame")
    visit.send("say", words=told[1])
    ended = visit.until("frame", done=True)
    assert ended["success"] and ended["outcome"].startswith("Done in") and ended["judged"]
    visit.send("undo")
    assert visit.until("frame", step=0)["data"] == before["data"]


def test_words_that_name_nothing_are_not_judged(visit: Visit) -> None:
    visit.send("new", seed=3)
    visit.send("say", words="dance a waltz")
    assert "no single task" in visit.until("note")["text"]
    assert visit.until("frame")["judged"] is False


def test_what_is_not_there_is_said(visit: Visit) -> None:
    visit.send("new", seed=3)
    visit.send("say", words="take the ghost")
    assert visit.until("frame", executed=1)["grounding"]["found"] is False


def test_time_waits_while_paused_and_goes_on_step_by_step(visit: Visit) -> None:
    visit.send("new", seed=5)
    visit.until("frame")
    visit.send("step")
    assert visit.until("frame")["step"] == 1
    visit.send("step")
    frame = visit.until("frame")
    assert frame["step"] == frame["executed"] == 2 and len(frame["chunk"]) == 8
    assert frame["unsure"] == ["target"] and np.shape(frame["attention"]) == (8, 8)


def test_a_policy_of_another_robot_says_so_and_does_nothing(visit: Visit) -> None:
    visit.send("new", seed=2, robot="ur5e")
    frame = visit.until("frame")
    assert frame["done"] and "panda" in frame["outcome"] and not frame["success"]
    visit.send("play", on=True)
    assert "over" in visit.until("note")["text"]


def test_two_policies_stand_before_the_same_scene(visit: Visit) -> None:
    visit.send("new", seed=7)
    visit.until("frame")
    visit.send("policies", names=["waverer", "expert"])
    first, second = visit.until("frame", lane=0), visit.until("frame", lane=1)
    assert first["data"] == second["data"]
    visit.send("step")
    visit.send("step")
    assert visit.until("frame", lane=1, step=2)["grounding"] is None


# ---- steering and asking ----------------------------------------------------------------------------------------


def test_a_click_says_what_it_met_and_sets_the_arm_going(visit: Visit) -> None:
    visit.send("new", seed=4)
    visit.until("frame")
    visit.send("steer", lane=0, camera="front", point=[5, 5])
    note = visit.until("note", kind="steer")
    assert note["text"].startswith("There") and visit.until("state", playing=True)
    frame = visit.until("frame", executed=1)
    assert frame["steered"]["point"] == [5, 5] and frame["grounding"]["points"]["target"] == [5, 5]


def test_guidance_is_switched_and_stays_off_in_the_next_scene(visit: Visit) -> None:
    visit.send("new", seed=4)
    visit.send("guidance", lane=0, on=False)
    visit.until("frame", guided=False)
    visit.send("new", seed=5)
    visit.until("state", seed=5)
    assert visit.until("frame")["guided"] is False


def test_the_planner_tells_what_it_sees(visit: Visit) -> None:
    visit.send("new", seed=4)
    visit.send("see", lane=0)
    assert visit.until("seen")["things"][0]["label"] == "red mug"


def test_a_photograph_is_looked_at_and_searched(visit: Visit) -> None:
    visit.upload(jpeg(), words="the mug")
    answer = visit.until("answer")
    assert answer["size"] == [48, 64] and answer["grounding"]["boxes"] == {"target": [1, 2, 3, 4]}
    visit.upload(jpeg())
    assert visit.until("answer")["grounding"] is None


@pytest.mark.parametrize(("file", "said"), [(b"GIF89a", "JPEG or PNG"), (jpeg(3000, 2000), "3000 x 2000 pixels")])
def test_other_files_are_refused_unread(visit: Visit, file: bytes, said: str) -> None:
    visit.upload(file)
    assert said in visit.until("note", kind="problem")["text"]


# ---- keeping ----------------------------------------------------------------------------------------------------


def test_kept_episodes_become_a_dataset_that_can_be_taken_away(visit: Visit, ground: Running, tmp_path: Path) -> None:
    visit.send("new", seed=3)
    visit.send("keep", lane=0)
    assert "Nothing has been done" in visit.until("note", kind="problem")["text"]
    visit.send("policies", names=["expert"])
    visit.send("speed", value=100)
    visit.send("play", on=True)
    steps = visit.until("frame", done=True)["step"]
    visit.send("keep", lane=0)
    kept = visit.until("gallery")["episodes"][0]
    assert kept["success"] and kept["steps"] == steps
    visit.send("replay", number=kept["number"])
    film = visit.until("replay")
    assert len(film["data"]) == 2 * steps and film["data"][0][:2] == b"\xff\xd8"
    status, body, _ = page(ground, "/export/panda.zip")
    assert status == 200
    zipfile.ZipFile(io.BytesIO(body)).extractall(tmp_path)
    assert len(Dataset(tmp_path / "panda").episodes) >= 1


def test_what_was_not_kept_is_not_there(visit: Visit, ground: Running) -> None:
    visit.send("replay", number=4711)
    assert "no film 4711" in visit.until("note")["text"]
    assert page(ground, "/export/ur5e.zip")[0] == 404
    assert page(ground, "/export/..%2f..zip")[0] == 404


# ---- failures ---------------------------------------------------------------------------------------------------


def test_a_failure_is_told_without_its_inside_and_the_page_goes_on(visit: Visit, ground: Running) -> None:
    visit.send("step")
    assert "no scene yet" in visit.until("note")["text"]
    visit.send("new", seed=1, say="crash now")
    note = visit.until("note", kind="problem")["text"]
    assert "RuntimeError" in note and "secret" not in note and "a secret of the inside" in ground.log.read_text()
    visit.socket.send("no command")
    assert "JSON" in visit.until("note")["text"]
    visit.send("new", seed=2)
    assert visit.until("state", seed=2)


def test_what_cannot_be_loaded_ends_it(tmp_path: Path) -> None:
    def load() -> Any:
        raise SightlineError("There is no such policy.")

    with pytest.raises(SightlineError, match="no such policy"), playing(tmp_path, load):
        pass


# ---- who may come in --------------------------------------------------------------------------------------------


def test_pages_come_from_here_alone(ground: Running) -> None:
    status, body, headers = page(ground, "/?seed=3")
    assert status == 200 and b"<title>Sightline playground" in body
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    for path, kind in (("/main.js", "text/javascript"), ("/style.css", "text/css"), ("/icon.svg", "image/svg+xml")):
        status, body, headers = page(ground, path)
        assert status == 200 and headers["Content-Type"].startswith(kind)
        assert b"//" not in body.replace(b"http://www.w3.org/2000/svg", b"").replace(b"// ", b"").replace(b"://$", b"")
    assert page(ground, "/wire.py")[0] == page(ground, "/../server.py")[0] == 404
    assert page(ground, "/healthz")[:2] == (200, b"OK\n") and page(ground, "/readyz")[0] == 200


def test_other_sites_and_other_names_are_kept_out(ground: Running) -> None:
    assert page(ground, "/", Host="elsewhere.example")[0] == 403
    with pytest.raises(InvalidStatus, match="403"), ground.visit(origin="http://elsewhere.example"):
        pass
    with ground.visit(origin=ground.page) as visit:
        assert visit.hear()["type"] == "welcome"


def test_other_machines_need_a_key() -> None:
    with pytest.raises(SightlineError, match="SIGHTLINE_API_KEY"):
        PlaySettings(host="0.0.0.0")


def test_the_key_opens_the_door_and_becomes_a_cookie(tmp_path: Path) -> None:
    with playing(tmp_path, api_key="open sesame") as running:
        status, body, _ = page(running, "/")
        assert status == 401 and b"<form" in body
        assert page(running, "/main.js")[0] == page(running, "/export/panda.zip")[0] == 401
        assert page(running, "/?key=wrong")[0] == 401
        with pytest.raises(InvalidStatus, match="401"), running.visit():
            pass
        status, _, headers = page(running, "/?key=open%20sesame")
        assert status == 303 and headers["Location"] == "/" and "HttpOnly; SameSite=Strict" in headers["Set-Cookie"]
        cookie = headers["Set-Cookie"].partition(";")[0]
        assert "sesame" not in cookie and page(running, "/", Cookie=cookie)[0] == 200
        with running.visit(additional_headers={"Cookie": cookie}) as visit:
            assert visit.hear()["type"] == "welcome"
        with running.visit(additional_headers={"Authorization": "Api-Key open sesame"}) as visit:
            assert visit.hear()["type"] == "welcome"


def test_a_full_playground_says_so(tmp_path: Path) -> None:
    with playing(tmp_path, max_people=1) as running, running.visit() as visit:
        visit.until("welcome")
        with pytest.raises(InvalidStatus, match="503"), running.visit():
            pass


def test_frames_come_in_their_order_and_the_last_one_arrives(ground: Running) -> None:
    with ground.visit() as visit:
        visit.send("new", seed=6)
        for _ in range(12):
            visit.send("step")
        frames = []
        while not frames or frames[-1]["step"] < 12:
            told = visit.hear()
            frames += [told] if told["type"] == "frame" else []
        steps = [frame["step"] for frame in frames]
        assert steps == sorted(set(steps))
