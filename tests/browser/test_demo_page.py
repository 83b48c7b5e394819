"""All three people walk one program on the demo's page, in a real browser."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.page import Visitor, browser, demo

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[Visitor]:
    with demo() as address:
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        yield Visitor(page, address)
        page.close()


def test_a_program_is_walked_from_application_to_export(visitor: Visitor) -> None:
    visitor.acts_as("Sam Rivera").says("/apply").fills_in("The weekly report writes itself")
    visitor.reads("Value Accelerator")
    visitor.waits("+1 day", 2)

    visitor.acts_as("Fay Okafor").says("/program applications")
    visitor.reads("Sam Rivera")
    accept_everybody(visitor)
    visitor.presses("decisions").reads("on the way")
    visitor.says("/program launch").presses("Yes, start").reads("Value Accelerator")

    visitor.acts_as("Sam Rivera")
    for n in range(1, 7):
        visitor.waits_until_next_is("A session starts").waits("To the next thing that happens")
        visitor.goes_to("value-accelerator").presses("I'm here")
        if n == 1:
            visitor.goes_to("Caravan").reads("Coming up").goes_to("value-accelerator")
        visitor.waits_until_next_is("The recap is drafted")
        visitor.reads(re.compile("pair", re.IGNORECASE)).goes_to("Caravan")
        visitor.presses("Answer").fills_in("Hearing that others are stuck too")
        visitor.says("/submit https://build.example.com/one what I learned").reads("build.example.com")
    visitor.waits_until_next_is("Graduates are named").waits("To the next thing that happens")
    visitor.reads(re.compile("graduat", re.IGNORECASE))
    visitor.says("/graduate")

    visitor.acts_as("Olu Adeyemi").says("/program export graduates")
    with visitor.page.expect_download() as downloading:
        visitor.page.locator("#messages").get_by_role("link", name=re.compile("graduates|Download")).last.click()
    rows = list(csv.DictReader(io.StringIO(Path(downloading.value.path()).read_text("utf-8-sig"))))
    assert "Sam Rivera" in {row["name"] for row in rows}


def accept_everybody(visitor: Visitor) -> None:
    for n in range(1, 20):
        newest = visitor.page.locator("#messages > li").last
        waiting = newest.get_by_role("button", name="Accept", exact=True)
        if not waiting.count():
            return
        waiting.first.click()
        expect(newest.get_by_role("button", name=re.compile(rf"Send {n} decisions?"))).to_be_visible()


def test_what_was_typed_is_kept_when_a_form_is_closed(visitor: Visitor) -> None:
    visitor.acts_as("Sam Rivera").says("/apply")
    visitor.dialog.locator("textarea").first.fill("Half a thought")
    visitor.page.keyboard.press("Escape")
    expect(visitor.page.locator("#form-dialog")).not_to_be_visible()
    visitor.says("/apply")
    expect(visitor.dialog.locator("textarea").first).to_have_value("Half a thought")


def test_everything_can_be_done_from_the_keyboard(visitor: Visitor) -> None:
    visitor.acts_as("Sam Rivera")
    composer = visitor.page.locator("#composer-text")
    composer.focus()
    composer.press_sequentially("/coh")
    expect(visitor.page.get_by_role("listbox")).to_be_visible()
    composer.press("ArrowDown")
    composer.press("Enter")
    expect(composer).to_have_value(re.compile("^/cohort"))
    composer.fill("/apply")
    composer.press("Escape")
    composer.press("Enter")
    expect(visitor.dialog).to_be_visible()
    visitor.page.keyboard.press("Tab")
    assert visitor.page.evaluate("document.activeElement.closest('#form-dialog') !== null")


def test_a_phone_shows_the_conversation_and_hides_the_rooms(chromium: Browser) -> None:
    with demo("--people", "3") as address:
        page = chromium.new_page(viewport={"width": 380, "height": 800})
        visitor = Visitor(page, address)
        expect(page.locator("#side")).not_to_be_in_viewport()
        visitor.says("/cohort help").reads("/apply")
        assert page.evaluate("document.documentElement.scrollWidth") <= 380
        page.close()
