"""One whole program at the page, by all three people, from the owner's first message to the last export."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.page import Visitor

PROGRAM = "value-accelerator"


def first_tuesday() -> date:
    """A first session late enough for every promised date to lie before it."""
    day = datetime.now(UTC).date() + timedelta(days=26)
    return day + timedelta(days=(1 - day.weekday()) % 7)


def the_owner_names_a_facilitator(visitor: Visitor) -> None:
    visitor.acts_as("Olu Adeyemi").reads("Hello, I am Caravan").photo("01-day-0")
    visitor.presses("Name a facilitator").reads("makes Fay lead")
    visitor.asks(f"/program facilitator @fay program:{PROGRAM}").reads("Fay Okafor leads Value Accelerator")
    visitor.photo("02-facilitator-named")


def the_facilitator_opens(visitor: Visitor) -> None:
    visitor.acts_as("Fay Okafor").asks(f"/program open {PROGRAM} {first_tuesday():%Y-%m-%d}")
    visitor.reads("Open Value Accelerator?").photo("03-open-preview")
    visitor.presses("Say what only you know")
    visitor.dialog.get_by_label("Where do you meet?").fill("voice")
    visitor.dialog.get_by_label("Who signs the letter?").fill("Olu Adeyemi")
    visitor.dialog.get_by_label("Their title").fill("Head of Customers")
    visitor.photo("04-open-form").submits()
    visitor.presses("Open for applications").reads("Value Accelerator is open").photo("05-opened")
    visitor.acts_as("Olu Adeyemi").reads("Your letter to the graduates").photo("05-letter")
    visitor.presses("Approve").reads("Approved, thank you")


def a_participant_applies(visitor: Visitor) -> None:
    visitor.acts_as("Sam Rivera").says("/apply")
    form = visitor.dialog
    form.get_by_label(re.compile("^What should run")).fill("Our weekly report writes itself by Friday noon.")
    form.get_by_label("I set it up").check()
    form.get_by_label(re.compile("^Where do you work")).fill("Harbour Logistics")
    form.get_by_label(re.compile("^How many people")).fill("14")
    form.get_by_role("group", name=re.compile("^Can you change something")).get_by_label("Yes").check()
    form.get_by_label(re.compile("^What should run")).focus()
    visitor.photo("06-application").turns_the_page()
    form.get_by_label(re.compile("^What have you tried")).fill("A template that nobody but me fills in.")
    visitor.submits().reads("Your application is in").photo("07-applied")


def the_facilitator_decides(visitor: Visitor) -> None:
    visitor.waits("+1 day", 2)
    visitor.acts_as("Fay Okafor").asks("/program applications").reads("Sam Rivera").photo("08-applications")
    accept_everybody(visitor)
    visitor.photo("09-drafts").presses("decisions").reads("on the way").photo("10-decided")
    visitor.asks("/program launch").photo("11-launch").presses("Yes, start")
    visitor.reads("Everyone is greeted in").photo("12-started")


def accept_everybody(visitor: Visitor) -> None:
    for n in range(1, 20):
        waiting = visitor.newest.get_by_role("button", name="Accept", exact=True)
        if not waiting.count():
            return
        waiting.first.click()
        expect(visitor.newest.get_by_role("button", name=re.compile(rf"Send {n} decisions?"))).to_be_visible()


def the_participant_arrives(visitor: Visitor) -> None:
    visitor.acts_as("Sam Rivera").waits_until_next_is("Sam").waits("Go to it").photo("13-accepted")
    visitor.presses("Answer the first questions").fills_in("Fridays without copying").photo("14-survey-answered")
    visitor.asks("/cohort").photo("15-home")
    visitor.goes_to(PROGRAM).photo("16-room")


def the_facilitator_plans(visitor: Visitor) -> None:
    visitor.acts_as("Fay Okafor").says("/session plan")
    goal = visitor.dialog.get_by_label(re.compile("^Goal of the hour"))
    goal.fill("Everybody leaves with one routine chosen, and somebody to build it with.")
    visitor.photo("17-plan").turns_the_page().photo("18-plan-homework").submits().reads("one routine chosen").photo(
        "19-plan-difference"
    )
    visitor.presses("Yes, change it")
    expect(visitor.newest.get_by_role("button", name="Yes, change it")).not_to_be_visible()
    visitor.photo("20-planned")


def they_meet(visitor: Visitor, number: int) -> None:
    first = number == 1
    visitor.waits_until_next_is("The start of a session")
    if first:
        visitor.acts_as("Sam Rivera").photo("21-reminder")
        visitor.acts_as("Fay Okafor").reads("How it runs").photo("22-brief")
    visitor.waits("Go to it").acts_as("Fay Okafor").presses("Start")
    visitor.reads("You only have to listen")
    visitor.acts_as("Sam Rivera").goes_to(PROGRAM).presses("I'm here")
    visitor.reads("Good to see you")
    if first:
        visitor.waits("Go to it").reads("who talks with whom").photo("23-session")
        visitor.acts_as("Fay Okafor").photo("24-session-led").presses("End the session")
        expect(visitor.log.get_by_role("button", name="End the session")).not_to_be_visible()
        visitor.photo("25-session-over")
    else:
        visitor.waits_until_next_is("The end of the session").waits("Go to it")
    visitor.acts_as("Sam Rivera")
    visitor.presses(re.compile("^Answer$")).fills_in("Hearing that others are stuck too")
    expect(visitor.newest).to_contain_text("Thank you")
    visitor.asks("/submit https://build.example.com/one what I learned").reads("build.example.com")
    if first:
        visitor.photo("26-handed-in").waits("+1 day", 2).goes_to(PROGRAM).reads("Recap").photo("27-room-after")
    elif number < 6:
        visitor.waits("+1 day", 5)


def they_graduate(visitor: Visitor) -> None:
    visitor.waits_until_next_is("The names of the graduates").waits("Go to it").acts_as("Sam Rivera")
    visitor.reads("You graduated from Value Accelerator").reads("the unglamorous part").photo("28-graduated")
    visitor.asks("/graduate").photo("29-graduate")


def the_owner_reports(visitor: Visitor) -> None:
    visitor.waits("+1 day", 3).acts_as("Olu Adeyemi").says("/program report")
    picture = visitor.log.get_by_role("img", name=re.compile("recommend")).last
    expect(picture).to_be_visible()
    visitor.page.wait_for_function(
        "() => { const p = [...document.querySelectorAll('#messages figure img')].at(-1);"
        " return p.complete && p.naturalWidth > 200; }"
    )
    visitor.photo("30-report")


def the_owner_exports(visitor: Visitor) -> list[dict[str, str]]:
    """The list of graduates, as a spreadsheet opens it."""
    visitor.says("/program export graduates")
    with visitor.page.expect_download() as downloading:
        visitor.log.get_by_role("link", name=re.compile(r"^Download .*graduates.*\.csv$")).last.click()
    visitor.photo("31-export")
    return list(csv.DictReader(io.StringIO(Path(downloading.value.path()).read_text("utf-8-sig"))))
