"""The screen of a session in a real browser: it keeps up by itself, and is read from the back of a room."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.hour import an_hour
from tests.browser.page import PATIENCE, browser

pytestmark = pytest.mark.browser

SIZES = ((1280, 720), (1024, 768), (390, 844))
BEYOND = "[document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]"
HEIGHT = "node => node.getBoundingClientRect().height / innerHeight"


def test_an_hour_on_the_screen(tmp_path: Path) -> None:
    with an_hour(tmp_path) as hour, browser() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
        page.set_default_timeout(PATIENCE)
        broken: list[str] = []
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.on("console", lambda said: broken.append(said.text) if "Security Policy" in said.text else None)
        heading, clock = page.get_by_role("heading", level=1), page.locator(".clock")
        page.goto(hour.link())
        expect(heading).to_have_text("Ritual")
        expect(page.get_by_role("timer")).to_have_text(re.compile(r"^4:5\d$"))  # it counts by itself

        hour.is_at(5.3)
        expect(heading).to_have_text("Pair share")
        expect(page.get_by_role("status")).to_contain_text("Pair share, 8 minutes. What made you apply?")
        rooms = page.get_by_role("region", name="Who is with whom").get_by_role("listitem")
        expect(rooms).to_have_count(5)
        expect(rooms.first).to_have_text(re.compile(r"^Room 1 \w+ \+ \w+$"))
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for width, height in SIZES:
                page.set_viewport_size({"width": width, "height": height})
                assert page.evaluate(BEYOND) == [0, 0], (width, height)
                page.screenshot(path=tmp_path / f"pairs-{scheme}-{width}.png")
        page.set_viewport_size({"width": 1280, "height": 720})
        assert page.locator(".face").evaluate(HEIGHT) > 0.15
        assert page.locator(".prompt").evaluate(HEIGHT) > 0.1

        hour.is_at(12.4)
        expect(clock).to_have_attribute("data-state", "last")
        expect(clock).to_contain_text("last minute", use_inner_text=True)
        expect(page.get_by_role("status")).to_have_text("One minute left.")
        page.screenshot(path=tmp_path / "last-minute.png")

        hour.is_at(18.2)
        question = page.get_by_role("heading", name="What do we sharpen first?")
        expect(question).to_be_visible()
        hour.says(hour.people[0], "/cohort vote 2")
        expect(page.get_by_role("region", name="What do we sharpen first?")).to_contain_text("1 vote so far")
        expect(page.locator(".poll .first")).to_contain_text("The number")
        assert page.evaluate(BEYOND) == [0, 0]
        page.screenshot(path=tmp_path / "poll.png")

        hour.says(hour.world.fay, "hold the clock")
        expect(clock).to_contain_text("the clock stands still", use_inner_text=True)
        hour.says(hour.world.fay, "/session end")
        expect(heading).to_have_text("This screen is dark")
        assert not broken


def test_without_a_script_it_is_all_there(tmp_path: Path) -> None:
    with an_hour(tmp_path) as hour, browser() as chromium:
        page = chromium.new_context(java_script_enabled=False).new_page()
        page.goto(hour.link())
        expect(page.get_by_role("heading", level=1)).to_have_text("Ritual")
        expect(page.get_by_role("timer")).to_have_text("5:00")
        expect(page.locator("noscript meta, meta[http-equiv=refresh]")).to_have_count(1)
