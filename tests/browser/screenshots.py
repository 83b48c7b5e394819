"""`make screenshot`: the pictures of the README, taken while all three people walk a whole program."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser import walk
from tests.browser.hour import an_hour
from tests.browser.hour_page import stage_and_desk
from tests.browser.page import Visitor, browser, demo

PICTURES = Path(__file__).parents[2] / ".pictures"
LARGEST = 120_000  # bytes
PAPER = (255, 253, 250)  # of the page in daylight

# What each shows stands in the README, beneath it.
TAKEN = {
    "06-application": "apply",
    "08-applications": "applications",
    "15-home": "participant",
    "17-plan": "facilitator",
    "23-session": "demo",
    "28-graduated": "graduated",
    "30-report": "owner",
}


def take(folder: Path) -> None:
    with demo("--day-0") as address, browser() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        visitor = Visitor(page, address, folder)
        walk.the_owner_names_a_facilitator(visitor)
        walk.the_facilitator_opens(visitor)
        walk.a_participant_applies(visitor)
        walk.the_facilitator_decides(visitor)
        walk.the_participant_arrives(visitor)
        walk.the_facilitator_plans(visitor)
        for number in range(1, 7):
            walk.they_meet(visitor, number)
            if number == 1:
                on_a_phone(chromium, address, folder)
        walk.they_graduate(visitor)
        walk.the_owner_reports(visitor)


def on_a_phone(chromium: Browser, address: str, folder: Path) -> None:
    """The reminder before a session, as it reaches somebody on the way, after dark."""
    context = chromium.new_context(
        viewport={"width": 390, "height": 780}, color_scheme="dark", has_touch=True, is_mobile=True
    )
    page = context.new_page()
    visitor = Visitor(page, f"{address}", folder)
    page.get_by_role("button", name="Rooms and people").tap()
    page.get_by_role("link", name="Sam Rivera").tap()
    visitor.asks("/cohort").photo("phone")
    context.close()


def the_screen(chromium: Browser, folder: Path) -> None:
    """What is shared on the call while pairs talk."""
    with an_hour(folder) as hour:
        hour.is_at(5.3)
        page = chromium.new_page(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
        page.goto(hour.link())
        page.screenshot(path=folder / "screen.png")
        page.close()


def beside(left: Path, right: Path, made: Path) -> None:
    """Two pictures as one, as high as the higher."""
    from PIL import Image

    both = [Image.open(one).convert("RGB") for one in (left, right)]
    paper = Image.new("RGB", (sum(one.width for one in both) + 24, max(one.height for one in both)), PAPER)
    paper.paste(both[0], (0, 0))
    paper.paste(both[1], (both[0].width + 24, 0))
    paper.save(made)


def keep(taken: Path, name: str) -> None:
    """A palette is enough for a page, and a third of the bytes."""
    from PIL import Image

    kept = PICTURES / f"{name}.png"
    Image.open(taken).convert("RGB").quantize(colors=128).save(kept, optimize=True)
    assert kept.stat().st_size < LARGEST, f"{kept.name} has become too large"


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        take(folder)
        with browser() as chromium:
            the_screen(chromium, folder)
        hour = folder / "conducted"  # a life of its own, beside that of the screen
        hour.mkdir()
        stage, desk = asyncio.run(stage_and_desk(hour))
        beside(stage, desk, folder / "conducting.png")
        for taken, name in {**TAKEN, "phone": "phone", "conducting": "conducting", "screen": "screen"}.items():
            keep(folder / f"{taken}.png", name)


if __name__ == "__main__":
    main()
