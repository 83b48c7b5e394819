"""All three people at the demo's page, in a real browser: found by role and name, as a screen reader finds it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import walk
from tests.browser.page import Visitor, browser, demo

pytestmark = pytest.mark.browser

WIDE = {"width": 1280, "height": 800}
SHORT_OF_44 = """() => [...document.querySelectorAll('button, summary, input, textarea, select, .side a, a.button')]
  .filter((each) => each.checkVisibility() && !each.closest('.option, .visually-hidden, [inert]'))
  .filter((each) => Math.round(each.getBoundingClientRect().height) < 44)
  .map((each) => each.id || each.textContent.trim())"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A demo that the shorter tests share: each leaves the clock where it was."""
    with demo("--people", "3") as printed:
        yield printed


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport=WIDE)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def test_three_people_walk_a_whole_program(chromium: Browser, tmp_path: Path) -> None:
    with demo("--day-0") as address:
        page = chromium.new_page(viewport=WIDE, reduced_motion="reduce")  # type: ignore[arg-type]
        broken: list[str] = []
        page.on("pageerror", lambda error: broken.append(str(error)))
        visitor = Visitor(page, address, tmp_path)
        walk.the_owner_names_a_facilitator(visitor)
        walk.the_facilitator_opens(visitor)
        walk.a_participant_applies(visitor)
        walk.the_facilitator_decides(visitor)
        walk.the_participant_arrives(visitor)
        walk.the_facilitator_plans(visitor)
        for number in range(1, 7):
            walk.they_meet(visitor, number)
        walk.they_graduate(visitor)
        walk.the_owner_reports(visitor)
        rows = walk.the_owner_exports(visitor)
        assert "Sam Rivera" in {row["name"] for row in rows}
        assert not broken
        page.close()


def test_the_clock_goes_to_just_what_it_shows_and_whoever_hears_it_has_something_unread(page: Page) -> None:
    with demo("--people", "0") as address:
        visitor = Visitor(page, address)
        with page.expect_response("**/api/read"):
            visitor.acts_as("Fay Okafor")
        visitor.acts_as("Sam Rivera")
        fay = page.get_by_role("navigation", name="Act as").get_by_role("link", name="Fay Okafor")
        expect(fay).to_have_accessible_name("Fay Okafor facilitator")
        expect(visitor.clock).to_contain_text("Word that applications have closed, to Fay")
        shown = re.search(r"Next: \w+ (\d+) (\w+), ([\d:]+)", visitor.clock.inner_text())
        assert shown is not None
        visitor.waits("Go to it")
        expect(visitor.clock.get_by_role("time")).to_contain_text(re.compile(rf" {shown[1]} {shown[2]}.*, {shown[3]}$"))
        expect(visitor.messages).to_have_count(0)
        expect(fay).to_have_accessible_name("Fay Okafor facilitator 1 unread message")
        visitor.acts_as("Fay Okafor")
        expect(visitor.newest.get_by_role("button", name="Extend a week")).to_be_visible()


def test_a_first_visit_explains_itself_and_does_so_again_when_asked(page: Page, address: str) -> None:
    page.goto(address)
    welcome = page.get_by_role("region", name="How this page works")
    sentences = welcome.get_by_role("list").first.get_by_role("listitem").filter(visible=True)
    expect(sentences).to_have_count(3)
    expect(sentences.nth(0)).to_contain_text("You are Sam Rivera, who takes part:", use_inner_text=True)
    expect(sentences.nth(1)).to_contain_text("/apply")
    expect(sentences.nth(2)).to_contain_text("clock")
    welcome.get_by_role("button", name="Got it").click()
    expect(welcome).not_to_be_visible()
    button = page.get_by_role("button", name="How this page works")
    expect(button).to_be_focused()
    page.reload()
    expect(page.get_by_role("heading", level=1, name="Caravan")).to_be_visible()
    expect(welcome).not_to_be_visible()
    page.get_by_role("navigation", name="Act as").get_by_role("link", name="Fay Okafor").click()
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(welcome).to_be_focused()
    expect(sentences.nth(0)).to_contain_text("You are Fay Okafor, who leads the program:", use_inner_text=True)
    expect(sentences.nth(1)).to_contain_text("/program applications")
    page.keyboard.press("Escape")
    expect(welcome).not_to_be_visible()
    expect(button).to_be_focused()


def test_what_was_typed_is_kept_when_a_form_is_closed(page: Page, address: str) -> None:
    visitor = Visitor(page, address).acts_as("Sam Rivera").says("/apply")
    first = visitor.dialog.get_by_role("textbox").first
    first.fill("Half a thought")
    page.keyboard.press("Escape")
    expect(visitor.dialog).not_to_be_visible()
    visitor.says("/apply")
    expect(first).to_have_value("Half a thought")
    page.keyboard.press("Escape")
    expect(visitor.dialog).not_to_be_visible()


def test_the_keyboard_reaches_everything_and_never_gets_lost(page: Page, address: str) -> None:
    visitor = Visitor(page, address)
    page.reload()
    expect(visitor.composer).to_be_visible()

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to writing")).to_be_focused()
    page.keyboard.press("Enter")
    expect(visitor.composer).to_be_focused()

    people = page.get_by_role("navigation", name="Act as").get_by_role("link")
    people.nth(0).focus()
    page.keyboard.press("ArrowDown")
    expect(people.nth(1)).to_be_focused()
    page.keyboard.press("End")
    expect(people.nth(2)).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(people.nth(0)).to_have_attribute("aria-current", "true")

    page.keyboard.press("Control+k")
    expect(visitor.composer).to_be_focused()
    page.keyboard.type("/coh")
    expect(page.get_by_role("listbox", name="Ways to go on")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_have_count(1)
    page.keyboard.press("Enter")
    expect(visitor.composer).to_have_value(re.compile("^/cohort"))
    visitor.composer.fill("/cohort help")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(visitor.newest).to_have_class(re.compile(r"\bbot\b"))

    page.get_by_role("region", name="Messages").focus()
    page.keyboard.press("ArrowUp")
    expect(visitor.newest).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(visitor.messages.nth(-2)).to_be_focused()

    page.keyboard.press("Control+/")
    expect(visitor.welcome).to_be_focused()
    page.keyboard.press("Control+/")
    expect(visitor.welcome).not_to_be_visible()


def test_a_form_takes_the_focus_and_gives_it_back(page: Page, address: str) -> None:
    visitor = Visitor(page, address).acts_as("Olu Adeyemi")
    visitor.composer.fill("/program facilitator")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(visitor.dialog.get_by_role("textbox").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(visitor.dialog).not_to_be_visible()
    expect(visitor.composer).to_be_focused()

    visitor.presses("Name a facilitator")
    button = visitor.log.get_by_role("button", name="Say who").last
    button.focus()
    page.keyboard.press("Enter")
    expect(visitor.dialog).to_be_visible()
    for _ in range(8):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(button).to_be_focused()


def test_old_news_does_not_bring_a_form_back(page: Page, address: str) -> None:
    """A state that was asked for while a form was open may arrive after it was put away."""
    visitor = Visitor(page, address).acts_as("Olu Adeyemi")
    visitor.composer.fill("/program facilitator")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(visitor.dialog.get_by_role("textbox").first).to_be_focused()
    before = page.request.get(page.url.replace("/?", "/api/state?"))
    page.route("**/api/state*", lambda route: route.fulfill(response=before))
    with page.expect_response("**/api/fills"):
        page.keyboard.press("Escape")
    with page.expect_response("**/api/state*"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(visitor.dialog).not_to_be_visible()
    page.unroute("**/api/state*")
    visitor.composer.fill("/cohort help")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(visitor.newest).to_have_class(re.compile(r"\bbot\b"))
    expect(visitor.dialog).not_to_be_visible()


def test_an_answer_that_is_lost_is_asked_for_again(page: Page, address: str) -> None:
    visitor = Visitor(page, address)
    page.route("**/api/state*", lambda route: route.abort(), times=1)
    visitor.acts_as("Fay Okafor")
    page.route("**/api/state*", lambda route: route.abort(), times=1)
    page.reload()
    visitor.acts_as("Olu Adeyemi").says("/cohort help")
    expect(visitor.newest).to_have_class(re.compile(r"\bbot\b"))


def test_a_screen_reader_finds_its_way(page: Page, address: str) -> None:
    visitor = Visitor(page, address).acts_as("Fay Okafor").says("/program open value-accelerator")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    for landmark in ("banner", "complementary", "main"):
        expect(page.get_by_role(landmark, include_hidden=True)).to_have_count(1)
    expect(page.get_by_role("heading", level=1, include_hidden=True)).to_have_count(1)
    for field in visitor.dialog.get_by_role("textbox").all():
        expect(field).to_have_accessible_name(re.compile(r"\w"))
    page.keyboard.press("Escape")
    expect(visitor.dialog).not_to_be_visible()
    expect(visitor.log).to_have_attribute("aria-live", "polite")
    for button in page.get_by_role("button").all():
        expect(button).to_have_accessible_name(re.compile(r"\w{2}"))
    for picture in page.locator("img").all():
        assert picture.get_attribute("alt") is not None
    expect(visitor.clock.get_by_role("button", name="Go to it")).to_have_accessible_description(re.compile("Next"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_the_conversation_and_everything_within_reach(
    chromium: Browser, address: str, scheme: str
) -> None:
    context = chromium.new_context(
        viewport={"width": 360, "height": 740},
        color_scheme=scheme,  # type: ignore[arg-type]
        has_touch=True,
        is_mobile=True,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(address)
    expect(page.get_by_role("button", name="Got it")).to_be_in_viewport(ratio=1)
    visitor = Visitor(page, address)
    side = page.get_by_role("complementary", name="Rooms and people", include_hidden=True)
    expect(side).not_to_be_in_viewport()
    visitor.asks("/cohort help").reads("/apply")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate(SHORT_OF_44) == []
    menu = page.get_by_role("button", name="Rooms and people")
    menu.tap()
    expect(side).to_be_in_viewport()
    assert page.evaluate(SHORT_OF_44) == []
    page.keyboard.press("Escape")
    expect(side).not_to_be_in_viewport()
    expect(menu).to_be_focused()
    context.close()
