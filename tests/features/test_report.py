"""The page for whoever paid: each number on it, computed again from nothing but the exports of a rehearsed cohort."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import time
from dataclasses import dataclass
from datetime import date

import pytest
from markupsafe import escape
from sqlmodel import select

from bot import catalogue, report_page, report_picture
from bot.config import TEMPLATES
from bot.features.report import _report, facts_of
from bot.message import Mention
from bot.platforms.local.draw import draw_message, text_of
from bot.rehearsal import Rehearsed, Wish, _Rehearsal
from bot.render import Directory, Renderer
from bot.sheets import to_csv
from cohorts.cohort import Cohort, Membership
from cohorts.measures import nps
from cohorts.people import Person
from cohorts.reports import (
    PREPARING,
    READING,
    Attendance,
    Built,
    Goals,
    Hours,
    Presence,
    Report,
    Voice,
    excerpt,
    hours,
    percent,
    reached_question,
)
from cohorts.store import Db
from tests.support.chat import World
from tests.support.stories import running

Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Kept:
    """What the owner of a rehearsed cohort has: the page in its three forms, and every list."""

    page: Report
    text: str
    html: str
    picture: bytes
    alt: str
    lists: dict[str, Rows]


class _WithReport(_Rehearsal):
    """A rehearsal whose owner asks for the report at the end."""

    kept: Kept

    def _finish(self, db: Db, began: float) -> Rehearsed:
        cohort = db.exec(select(Cohort)).one()
        page = _report(db, cohort, self.app.registry)
        people = db.exec(select(Person)).all()
        members = db.exec(select(Membership)).all()
        names = {one.id: person.name for one, person in _pairs(members, people)}
        directory = Directory({one.id: Mention(one.name, None) for one in people})
        message = Renderer([TEMPLATES]).message("report/page", facts_of(page), directory=directory)
        sheets = [maker(db, cohort) for maker in self.app.registry.handlers("export").values()]
        self.kept = Kept(
            page,
            text_of(draw_message(message), cohort.zone),
            report_page.html(page, names, cohort.zone),
            report_picture.png(page),
            report_picture.alt(page),
            {one.name: list(csv.DictReader(io.StringIO(to_csv(one).decode("utf-8-sig")))) for one in sheets},
        )
        return super()._finish(db, began)


def _pairs(members: object, people: object) -> list[tuple[Membership, Person]]:
    by_id = {person.id: person for person in people}  # type: ignore[attr-defined]
    return [(one, by_id[one.person_id]) for one in members]  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("report")
    rehearsal = _WithReport(Wish(catalogue.load()["value-accelerator"]), folder, lambda _: None)
    asyncio.run(rehearsal.run(time.perf_counter()))
    return rehearsal.kept


def _of(rows: Rows, **wanted: str) -> Rows:
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def test_goals_are_counted_as_the_survey_list_says(kept: Kept) -> None:
    answers = _of(kept.lists["surveys"], survey="exit", question="reached")
    goals = kept.page.goals
    assert goals is not None and goals.n == len(answers) >= 5
    for words, count in goals.counts:
        assert count == len(_of(answers, answer=words))
        assert f"{words} {count}" in kept.text
        assert re.search(rf"{words}</th>.*<td>{count}</td>", kept.html)
        assert f"{words} {count}" in kept.alt
    assert f"as {len(answers)} said" in kept.text


def test_goals_are_told_in_the_words_of_those_who_had_them(kept: Kept) -> None:
    assert kept.page.goals is not None and len(kept.page.goals.voices) == 4
    assert {one.reached for one in kept.page.goals.voices} == {words for words, n in kept.page.goals.counts if n}
    wanted = {row["answer_goal"] for row in kept.lists["applications"]}
    shown = {row["answer"] for row in _of(kept.lists["surveys"], survey="exit", question="evidence")}
    for voice in kept.page.goals.voices:
        assert voice.goal in wanted and voice.evidence in shown
        assert escape(excerpt(voice.goal, 120)) in kept.html


def test_attendance_is_what_the_attendance_list_says(kept: Kept) -> None:
    rows = [row for row in _of(kept.lists["attendance"], kind="session") if row["attendance"]]
    there = _of(rows, attendance="present")
    share = percent(len(there), len(rows))
    assert f"Attendance {share} %." in kept.text and f"{share} % attendance" in kept.html
    for title in dict.fromkeys(row["title"] for row in rows):
        came, expected = len(_of(there, title=title)), len(_of(rows, title=title))
        assert f"{title} {came}/{expected}" in kept.text
        assert re.search(rf"{title}</th>.*<td>{came} of {expected}</td>", kept.html)
        assert f"{title} {came} of {expected}" in kept.alt


def test_who_would_recommend_it_is_what_the_nps_list_says(kept: Kept) -> None:
    scored = nps([int(row["score"]) for row in _of(kept.lists["nps"], survey="exit")])
    assert f"{scored.promoters} of {scored.n} would recommend it" in kept.text
    assert f"NPS of {scored.score}, and with so few people it may as well be {scored.low} or {scored.high}" in kept.text
    assert f"{scored.promoters} of {scored.n} would recommend it" in kept.html
    assert f"{scored.low} to {scored.high} (95 % interval)" in kept.html
    assert f"NPS {scored.score}; it may as well be {scored.low} or {scored.high}" in kept.alt


def test_what_was_made_is_what_the_homework_list_says(kept: Kept) -> None:
    handed_in = [row for row in kept.lists["homework"] if row["submitted_at"]]
    titles = dict.fromkeys(row["title"] for row in handed_in)
    assert len(titles) == 5
    for title in titles:
        count = len(_of(handed_in, title=title))
        assert f"{count} × {title}" in kept.text and f"<b>{count}</b> × {title}" in kept.html


def test_people_graduates_and_hours_are_what_the_lists_say(kept: Kept) -> None:
    members, graduates = len(kept.lists["members"]), len(kept.lists["graduates"])
    assert f"{members} people were in" in kept.text and f"{graduates} have graduated" in kept.text
    assert f"{members} people," in kept.html and f"{graduates} graduated" in kept.html
    held = _of(kept.lists["sessions"], state="held")
    spent = hours(sum(int(row["minutes"]) for row in held))
    around = hours(PREPARING * len(held) + READING * len(kept.lists["applications"]))
    told = f"{spent} hours of sessions, and about {around} around them"
    assert told in kept.text and told in kept.html


def test_three_are_quoted_once_each_and_all_of_them_agreed(kept: Kept) -> None:
    agreed = {(row["name"], row["words"]) for row in kept.lists["quotes"]}
    assert len({one.membership_id for one in kept.page.quotes}) == 3
    quoted = [(name, words) for name, words in agreed if excerpt(words) in kept.text and f"({name})" in kept.text]
    assert len(quoted) >= 3
    assert kept.html.count("who agreed to be quoted") == 3


def test_every_number_of_the_message_was_looked_at_above(kept: Kept) -> None:
    """What is left of the message without what the other tests compute holds no number."""
    known = (
        r"(?m)^>.*$|as \d+ said|(Yes|Partly|Not yet) \d+|\d+ of \d+ would|9 or 10|NPS of \d+|be -?\d+ or \d+",
        r"Attendance \d+ %|\d+/\d+|\d+ × |\d+ people were|11 January 2027|\d+ have graduated",
        r"[\d.]+ hours|about [\d.]+ around|30 minutes|5 an application",
    )
    left = kept.text
    for pattern in known:
        left = re.sub(pattern, "", left)
    assert re.findall(r"\d", left) == []


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(kept: Kept) -> None:
    assert "<script" not in kept.html and "http" not in kept.html.replace("http-equiv", "")
    assert "{{" not in kept.html


def test_the_picture_is_a_picture_and_its_words_say_the_same(kept: Kept) -> None:
    assert kept.picture.startswith(b"\x89PNG") and len(kept.picture) < 300_000
    assert kept.alt.startswith("Goals reached")


@pytest.mark.browser
def test_it_prints_on_one_page(kept: Kept) -> None:
    from tests.browser.page import browser

    with browser() as opened:
        page = opened.new_page()
        page.set_content(kept.html)
        assert page.locator("h1").inner_text() == "Value Accelerator: what came of it"
        printed = page.pdf(format="A4", prefer_css_page_size=True)
        assert re.findall(rb"/Type\s*/Page\b", printed) == [b"/Type /Page"]
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


# Too few


def test_of_fewer_than_five_people_it_shows_no_numbers_and_says_so(chat: World) -> None:
    running(chat, 4)
    chat.until(chat.clock.now().replace(year=2027, month=1, day=11, hour=15))
    chat.ana.presses("I'm here", room=chat.ana.room())
    chat.passes(hours=8)
    chat.olu.says("/program report")
    page = next(text for text in chat.olu.texts() if "what came of it" in text)
    assert page.count("Fewer than five") + page.count("fewer than five") == 4
    assert not re.search(r"\d+ %|\d/\d|NPS of|×", page)
    sent = [one.file for one in chat.chat.visible_to("olu") if one.file is not None]
    files = [chat.chat.file(one).name for one in sent]
    assert sorted(name.rpartition(".")[2] for name in files) == ["html", "png"]


def test_only_an_owner_has_it(chat: World) -> None:
    running(chat, 2)
    for person in (chat.fay, chat.ana):
        assert "This door is somebody else" in person.says("/program report").last


def test_words_of_people_stay_words_on_the_page() -> None:
    odd = "<b>$x_1$</b> & 😀 \u202e"
    page = Report(
        program=odd,
        promise=odd,
        starts_on=date(2027, 1, 11),
        ends_at=None,
        members=9,
        graduates=0,
        goals=Goals(((odd, 9),), (Voice(odd, odd, odd),)),
        built=Built(((odd, 9),), 9),
        attendance=Attendance((Presence(odd, 9, 9),), 9),
        quotes=(),
        nps=nps([9] * 9),
        hours=Hours(60, 30),
    )
    shown = report_page.html(page, {}, "Europe/Berlin")
    assert "<b>$x" not in shown and "&lt;b&gt;$x_1$&lt;/b&gt; &amp;" in shown
    assert report_picture.png(page).startswith(b"\x89PNG")


# Which question asks for the goal


def test_a_program_says_in_its_own_words_what_became_of_a_goal() -> None:
    program = catalogue.load()["value-accelerator"].program
    found = reached_question(program)
    assert found is not None and (found[0].key, found[1].key) == ("exit", "reached")
    own = [one.model_copy(update={"key": "there-yet"}) for one in found[0].questions if one.key == "reached"]
    other = program.model_copy(update={"surveys": (found[0].model_copy(update={"questions": tuple(own)}),)})
    again = reached_question(other)
    assert again is not None and again[1].key == "there-yet", "it quotes the goal"
    assert reached_question(program.model_copy(update={"surveys": ()})) is None
