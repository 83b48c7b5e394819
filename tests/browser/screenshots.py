"""`make screenshot`: the pictures of the README, taken of a demo that has lived through its first session."""

from __future__ import annotations

from pathlib import Path

from tests.browser.page import Visitor, browser, demo
from tests.browser.test_demo_page import accept_everybody

PICTURES = Path(__file__).parents[2] / ".pictures"


def take() -> None:
    PICTURES.mkdir(exist_ok=True)
    with demo() as address, browser() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        visitor = Visitor(page, address)
        visitor.acts_as("Sam Rivera").says("/apply")
        page.screenshot(path=PICTURES / "apply.png")
        visitor.fills_in("The weekly report writes itself")
        visitor.waits("+1 day", 2)
        visitor.acts_as("Fay Okafor").says("/program applications")
        page.wait_for_timeout(300)
        page.screenshot(path=PICTURES / "applications.png")
        accept_everybody(visitor)
        visitor.presses("decisions").says("/program launch").presses("Yes, start")
        visitor.acts_as("Sam Rivera")
        visitor.waits_until_next_is("A session starts")
        page.screenshot(path=PICTURES / "reminder.png")
        visitor.waits("To the next thing that happens")
        visitor.goes_to("value-accelerator").presses("I'm here")
        visitor.waits_until_next_is("The session ends").goes_to("value-accelerator")
        page.wait_for_timeout(300)
        page.screenshot(path=PICTURES / "demo.png")
        phone = chromium.new_page(viewport={"width": 390, "height": 780}, reduced_motion="reduce")
        Visitor(phone, address).says("/cohort")
        phone.wait_for_timeout(500)
        phone.screenshot(path=PICTURES / "phone.png")


def shrink() -> None:
    """A palette is enough for a page, and a third of the bytes."""
    from PIL import Image

    for file in PICTURES.glob("*.png"):
        Image.open(file).convert("RGB").quantize(colors=160).save(file, optimize=True)


if __name__ == "__main__":
    take()
    shrink()
