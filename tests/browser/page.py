"""A demo of its own, and one person at its page, in the words of a test."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator

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
PATIENCE = 30_000  # milliseconds


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
    """Somebody at the page. `acts_as` turns them into another person."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        welcome = page.get_by_role("button", name="Let’s go")
        if welcome.is_visible():
            welcome.click()

    def acts_as(self, name: str) -> Visitor:
        self.page.locator("#people a").filter(has_text=name).click()
        expect(self.page.locator("#people a[aria-current]")).to_contain_text(name)
        self.goes_to("Caravan")
        return self

    def goes_to(self, room: str) -> Visitor:
        self.page.locator(".side .rooms").get_by_role("link").filter(has_text=room).first.click()
        expect(self.page.locator("#room-name")).to_contain_text(room)
        return self

    def says(self, line: str) -> Visitor:
        before = self.messages.count()
        composer = self.page.locator("#composer-text")
        composer.fill(line)
        composer.press("Escape")
        self.page.get_by_role("button", name="Send", exact=True).last.click()
        expect(self.messages).not_to_have_count(before)
        return self

    def presses(self, label: str) -> Visitor:
        self.page.locator("#messages").get_by_role("button", name=label).last.click()
        return self

    @property
    def messages(self) -> Locator:
        return self.page.locator("#messages > li")

    @property
    def dialog(self) -> Locator:
        return self.page.locator("#form-dialog[open]")

    def reads(self, words: str | re.Pattern[str]) -> Visitor:
        expect(self.page.locator("#messages")).to_contain_text(words)
        return self

    def fills_in(self, words: str) -> Visitor:
        """The open form, page by page."""
        expect(self.dialog).to_be_visible()
        for _ in range(10):
            title = self.dialog.inner_text()
            for group in self.dialog.locator("fieldset").all():
                group.locator("input").first.check()
            for text in self.dialog.locator("textarea, input[type=text], input[type=url]").all():
                text.fill("https://build.example.com/one" if text.get_attribute("type") == "url" else words)
            for number in self.dialog.locator("input[inputmode=decimal]").all():
                number.fill("25")
            self.dialog.locator("button[type=submit]").click()
            self.page.wait_for_function(
                "before => { const d = document.querySelector('#form-dialog');"
                " return !d.open || d.innerText !== before; }",
                arg=title,
            )
            if not self.page.locator("#form-dialog").evaluate("dialog => dialog.open"):
                return self
        raise AssertionError("the form never ends")

    def waits(self, control: str, times: int = 1) -> Visitor:
        """Move the clock by one of its buttons."""
        for _ in range(times):
            with self.page.expect_response("**/api/clock") as moved:
                self.page.get_by_role("button", name=control).click()
            assert moved.value.ok
        return self

    def waits_until_next_is(self, words: str, most: int = 120) -> Visitor:
        """From thing to thing, until the clock says that this is what comes next."""
        for _ in range(most):
            if words in self.page.locator("#clock-next").inner_text():
                return self
            self.waits("To the next thing that happens")
            self.page.wait_for_timeout(60)
        raise AssertionError(f"{words!r} never came next")
