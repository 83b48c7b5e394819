"""A demo of its own, and one person at its page, in the words of a test."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

CHROMIUM = os.environ.get("CARAVAN_CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 60_000  # milliseconds


expect.set_options(timeout=PATIENCE)


@contextlib.contextmanager
def demo(*options: str) -> Iterator[str]:
    """`caravan demo` as a process of its own; the address that it prints."""
    command = [sys.executable, "-m", "bot", "demo", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        lines = (re.search(r"http://\S+", line) for line in process.stdout)
        found = next(filter(None, lines), None)
        assert found is not None, "the demo ended without an address"
        yield found[0]
    finally:
        process.terminate()
        process.wait(timeout=60)
        assert process.stdout is not None
        process.stdout.close()


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


class Visitor:
    """Somebody at the page. `acts_as` turns them into another person; everything is found as a screen reader finds it.

    `pictures` is a folder for what the page looked like on the way.
    """

    def __init__(self, page: Page, address: str, pictures: Path | None = None) -> None:
        self.page = page
        self.pictures = pictures
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        self.clock = page.get_by_role("region", name="Clock")
        self.welcome = page.get_by_role("region", name="How this page works")
        self.composer = page.get_by_role("textbox", name="Write a message")
        self.log = page.get_by_role("log", name="Conversation")
        self.dialog = page.get_by_role("dialog")
        expect(self.clock.get_by_role("button", name="Go to it")).to_be_visible()
        if self.welcome.is_visible():
            self.welcome.get_by_role("button", name="Got it").click()

    def acts_as(self, name: str) -> Visitor:
        person = self.page.get_by_role("navigation", name="Act as").get_by_role("link", name=name)
        person.click()
        expect(person).to_have_attribute("aria-current", "true")
        return self.goes_to("Caravan")

    def goes_to(self, room: str) -> Visitor:
        self.page.get_by_role("navigation", name="Rooms").get_by_role("link", name=room).first.click()
        expect(self.page.get_by_role("heading", level=1, name=room)).to_be_visible()
        return self

    def says(self, line: str) -> Visitor:
        before = self.messages.count()
        self.composer.fill(line)
        self.composer.press("Escape")
        self.page.get_by_role("button", name="Send", exact=True).click()
        expect(self.messages).not_to_have_count(before)
        return self

    def asks(self, line: str) -> Visitor:
        """Says it, and has an answer that is no form."""
        self.says(line)
        expect(self.newest).to_have_class(re.compile(r"\bbot\b"))
        return self

    def presses(self, label: str | re.Pattern[str]) -> Visitor:
        self.log.get_by_role("button", name=label).last.click()
        return self

    @property
    def messages(self) -> Locator:
        return self.page.locator("#messages > li")

    @property
    def newest(self) -> Locator:
        return self.page.locator("#messages > li").last

    def reads(self, words: str | re.Pattern[str]) -> Visitor:
        expect(self.log).to_contain_text(words)
        return self

    def fills_in(self, words: str) -> Visitor:
        """The open form, page by page."""
        expect(self.dialog).to_be_visible()
        for _ in range(10):
            title = self.dialog.inner_text()
            for group in self.dialog.get_by_role("group").all():
                group.locator("input").first.check()
            for text in self.dialog.get_by_role("textbox").all():
                link = text.get_attribute("type") == "url"
                number = text.get_attribute("inputmode") == "decimal"
                text.fill("https://build.example.com/one" if link else "25" if number else words)
            self.dialog.locator("button[type=submit]").click()
            self.page.wait_for_function(
                "before => { const d = document.querySelector('#form-dialog');"
                " return !d.open || d.innerText !== before; }",
                arg=title,
            )
            if not self.dialog.is_visible():
                return self
        raise AssertionError("the form never ends")

    def turns_the_page(self) -> Visitor:
        """On to the second page of the open form."""
        self.dialog.locator("button[type=submit]").click()
        expect(self.dialog).to_contain_text("2 of")
        return self

    def submits(self) -> Visitor:
        """The open form as it stands; it was its last page."""
        self.dialog.locator("button[type=submit]").click()
        expect(self.dialog).not_to_be_visible()
        return self

    def waits(self, control: str, times: int = 1) -> Visitor:
        """Move the clock by one of its buttons."""
        for _ in range(times):
            with self.page.expect_response("**/api/clock") as moved:
                self.clock.get_by_role("button", name=control, exact=True).click()
            assert moved.value.ok
            expect(self.clock).not_to_have_attribute("aria-busy", "true")
        return self

    @property
    def coming(self) -> str:
        """What the clock says will happen next, and to whom."""
        return self.page.locator("#next-what").inner_text()

    def waits_until_next_is(self, words: str, most: int = 120) -> Visitor:
        """From thing to thing, until the clock says that this is what comes next."""
        for _ in range(most):
            if words in self.coming:
                return self
            self.waits("Go to it")
        raise AssertionError(f"{words!r} never came next")

    def photo(self, name: str) -> Visitor:
        if self.pictures is not None:
            self.pictures.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=self.pictures / f"{name}.png", animations="disabled")
        return self
