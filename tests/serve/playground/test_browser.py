"""The page in a real browser (make test-playground): what a person does, and what they see come of it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playing import Running, playing_apart

api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make test-playground")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: make test-playground")

SECONDS = 120_000  # milliseconds for an episode on a busy machine
api.expect.set_options(timeout=60_000)
# Things of scenes, in pixels of the front picture; a seed is always the same scene.
SIZE = 224
CLICK: dict[str, Any] = {"seed": 1, "at": (180, 107), "thing": "black toy car", "named": "black cube"}
TRACE: dict[str, Any] = {"seed": 1, "from": (180, 107), "to": (52, 132), "thing": "black toy car"}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with playing_apart(tmp_path_factory.mktemp("playground"), ("tiny",)) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visitor:
    """Opens pages, and hears of everything that a page should not do."""

    def __init__(self, browser: Any, ground: Running) -> None:
        self.browser, self.ground = browser, ground
        self.faults: list[str] = []
        self.contexts: list[Any] = []

    def open(self, query: str, **context: Any) -> Any:
        self.contexts.append(self.browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context}))
        page = self.contexts[-1].new_page()
        page.set_default_timeout(SECONDS)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("console", lambda line: line.type in ("error", "warning") and self.faults.append(line.text))
        page.on("request", lambda request: self._watch(request.url))
        page.on("websocket", lambda socket: self._watch(socket.url.replace("ws:", "http:")))
        page.goto(f"{self.ground.page}/{query}")
        page.wait_for_selector(".lane[data-step='0']")
        return page

    def _watch(self, url: str) -> None:
        if not url.startswith((self.ground.page + "/", "blob:", "data:")):
            self.faults.append(f"request to {url}")


@pytest.fixture
def visitor(browser: Any, ground: Running) -> Iterator[Visitor]:
    visitor = Visitor(browser, ground)
    yield visitor
    for context in visitor.contexts:
        context.close()
    assert not visitor.faults


def expect(locator: Any) -> Any:
    return api.expect(locator)


def ended(page: Any, success: bool = True) -> None:
    lane = page.locator(".lane").first
    expect(lane).to_have_attribute("data-done", "true", timeout=SECONDS)
    assert lane.get_attribute("data-success") == str(success).lower(), page.locator(".outcome").inner_text()


def at(page: Any, u: float, v: float) -> tuple[float, float]:
    """Where a pixel of the front picture is on the page."""
    area = page.locator(".views canvas").first.bounding_box()
    return area["x"] + u / SIZE * area["width"], area["y"] + v / SIZE * area["height"]


def picture(page: Any) -> str:
    return page.locator(".views canvas").first.evaluate("canvas => canvas.toDataURL()")


def test_what_is_typed_is_done(visitor: Visitor) -> None:
    page = visitor.open("?seed=0")
    page.fill("#words", "move the white mug onto the plate")
    page.keyboard.press("Enter")
    ended(page)
    expect(page.locator(".outcome")).to_contain_text("Done in")
    expect(page.locator("#sure .meter")).to_have_count(3)
    page.click("#keep")
    expect(page.locator("#kept li")).to_have_count(1)
    expect(page.locator("#export a")).to_have_attribute("href", "export/panda.zip")
    page.keyboard.press("u")
    expect(page.locator(".lane")).to_have_attribute("data-step", "0")


def test_the_arm_goes_where_one_clicks_whatever_the_words_say(visitor: Visitor) -> None:
    page = visitor.open(f"?seed={CLICK['seed']}")
    assert CLICK["named"] in page.input_value("#words")
    page.mouse.click(*at(page, *CLICK["at"]))
    expect(page.locator("#notes")).to_contain_text(f"There: the {CLICK['thing']}")
    ended(page)
    assert page.locator(".lane").get_attribute("data-lifted") == CLICK["thing"]


def test_a_trace_says_what_and_where(visitor: Visitor) -> None:
    page = visitor.open(f"?seed={TRACE['seed']}")
    start, end = at(page, *TRACE["from"]), at(page, *TRACE["to"])
    page.keyboard.down("Shift")
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, min(start[1], end[1]) - 40, steps=5)
    page.mouse.move(*end, steps=5)
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(page.locator("#notes")).to_contain_text("to where you pointed")
    expect(page.locator(".lane")).to_have_attribute("data-lifted", TRACE["thing"], timeout=SECONDS)
    expect(page.locator(".outcome")).to_contain_text("from where you pointed", timeout=SECONDS)


def test_a_box_is_a_drag_and_the_keyboard_points_too(visitor: Visitor) -> None:
    page = visitor.open(f"?seed={CLICK['seed']}")
    (u, v), thing = CLICK["at"], f"There: the {CLICK['thing']}"
    page.mouse.move(*at(page, u - 12, v - 12))
    page.mouse.down()
    page.mouse.move(*at(page, u + 12, v + 12), steps=4)
    page.mouse.up()
    expect(page.locator("#notes")).to_contain_text(thing)
    page.click("#reset")
    expect(page.locator("body")).to_have_attribute("data-state", "paused")
    canvas = page.locator(".views canvas").first
    canvas.focus()
    for key, way in (("ArrowRight", u - 112), ("ArrowDown", v - 112)):
        for _ in range(round(abs(way) / 4)):
            page.keyboard.press(key if way > 0 else {"ArrowRight": "ArrowLeft", "ArrowDown": "ArrowUp"}[key])
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_have_attribute("data-state", "playing")


def test_a_photograph_is_dropped_and_boxed(visitor: Visitor) -> None:
    page = visitor.open("?seed=4")
    photograph = page.locator(".views canvas").first.screenshot().hex()
    dropped = page.evaluate_handle(
        """hex => {
            const bytes = new Uint8Array(hex.match(/../g).map((pair) => parseInt(pair, 16)));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "table.png", { type: "image/png" }));
            return data;
        }""",
        photograph,
    )
    page.dispatch_event("#photo", "drop", {"dataTransfer": dropped})
    expect(page.locator("#photo")).to_have_attribute("data-state", "answered")
    expect(page.locator("#found")).to_contain_text("yellow")
    page.fill("#question", "the orange carrot")
    page.click("#ask button")
    expect(page.locator("#found")).to_contain_text("target: the orange carrot")


def test_a_shared_link_is_the_same_scene(visitor: Visitor) -> None:
    first = visitor.open("?seed=7")
    first.click("#fresh")
    expect(first).not_to_have_url(re.compile("seed=7$"))
    second = visitor.open("?" + first.url.partition("?")[2])
    assert first.input_value("#words") == second.input_value("#words")
    assert first.input_value("#seed") == second.input_value("#seed")
    assert picture(first) == picture(second)


def test_two_side_by_side_and_guidance_off(visitor: Visitor) -> None:
    page = visitor.open("?seed=3&policy=tiny&policy=expert")
    expect(page.locator(".lane")).to_have_count(2)
    page.keyboard.press("g")
    expect(page.locator(".guided").first).not_to_be_checked()
    page.keyboard.press(".")
    for lane in (0, 1):
        expect(page.locator(".lane").nth(lane)).to_have_attribute("data-step", "1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_light_and_dark(visitor: Visitor, scheme: str, tmp_path: Path) -> None:
    page = visitor.open("?seed=4", viewport={"width": 390, "height": 844}, color_scheme=scheme, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(re.findall(r"\d+", colour)[0]) > 128) == (scheme == "light")
    page.locator("#see").tap()
    expect(page.locator("#seen")).to_contain_text("cube")
