"""The screen of a session: who gets its link, and what it answers to whom."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.config import Settings
from bot.config_tables import Slack, Web
from bot.web.screen import countdown
from tests.support import screens
from tests.support.builders import builders, building
from tests.support.chat import Person, World
from tests.support.screens import ask, link
from tests.support.stories import running

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)


@pytest.fixture
def people(chat: World) -> list[Person]:
    found = running(chat, 4)
    chat.until(FIRST)
    for person in found:
        person.presses("I'm here", room=found[0].room())
    return found


@pytest.fixture
def address(chat: World) -> Iterator[str]:
    with screens.served(chat) as found:
        yield found


def test_the_link_comes_to_whoever_leads_by_word_button_and_phrase(
    chat: World, people: list[Person], address: str
) -> None:
    chat.fay.says("/session screen")
    assert "The screen of Set out" in chat.fay.last
    found = [link(chat.fay)]
    chat.fay.presses("Start")
    found.append(link(chat.fay.presses("Screen to share")))
    found.append(link(chat.fay.says("show the screen")))
    assert len(set(found)) == 3
    for one in found:
        assert one.startswith(f"{address}/screen/")
        assert ask(one).status == 200
    people[0].says("/session screen")
    assert "screen/" not in people[0].last


def test_whoever_has_the_link_sees_what_is_on_and_nothing_to_press(
    chat: World, people: list[Person], address: str
) -> None:
    url = link(chat.fay.presses("Start").says("/session screen"))
    chat.until(FIRST + timedelta(minutes=5, seconds=1))
    page = ask(url)
    assert page.status == 200
    assert "Pair share" in page.text and "What made you apply?" in page.text
    assert "Part 2 of 8" in page.text and "7:59" in page.text
    assert not re.search(r"<form|<button|<a |<script(?! type=\"module\" src=)|\sstyle=|\son\w+=", page.text)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["X-Robots-Tag"].startswith("noindex")
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Set-Cookie"] is None
    assert ask(url, "POST").status == 405
    for name in ("screen.css", "screen.js"):
        assert ask(f"{address}/screen/static/{name}").status == 200


def test_the_call_reads_the_icebreaker_too(tmp_path: Path, migrated: Path) -> None:
    agenda = 'agenda = [{ kind = "icebreaker", minutes = 5 }, { kind = "discussion", minutes = 55 }]'
    with builders(tmp_path, migrated, agenda=agenda) as site, screens.served(site):
        ana, *_ = building(site, 3)
        site.until(FIRST)
        ana.presses("I'm here", room=ana.room())
        url = link(site.fay.says("/session start").says("/session screen"))
        words = next(text for text in ana.texts(ana.room()) if "two minutes" in text).splitlines()
        assert all(line in html.unescape(ask(url).text) for line in words[1:])
        site.passes(minutes=5, seconds=1)
        assert words[1] not in html.unescape(ask(url).text)


def test_an_open_page_hears_when_something_is_new_and_what_time_it_is(
    chat: World, people: list[Person], address: str
) -> None:
    url = link(chat.fay.presses("Start").says("/session screen")) + "/now"
    first = ask(url)
    assert first.text.lstrip().startswith("<main") and "Ritual" in first.text
    chat.until(FIRST + timedelta(minutes=1))
    again = ask(url, If_None_Match=first.headers["ETag"])
    assert (again.status, again.text) == (304, "")
    assert datetime.fromisoformat(again.headers["Caravan-Now"]) == FIRST + timedelta(minutes=1)
    chat.fay.says("hold the clock")
    stands = ask(url, If_None_Match=again.headers["ETag"])
    assert stands.status == 200 and 'data-state="stands"' in stands.text


def test_without_the_token_and_after_the_end_there_is_a_kind_word(
    chat: World, people: list[Person], address: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = link(chat.fay.presses("Start").says("/session screen"))
    chat.fay.says("/session end")
    ended = ask(url)
    assert ended.status == 404 and "This screen is dark" in ended.text
    for elsewhere in (
        f"{address}/screen/{'x' * 43}",
        f"{address}/screen/{'x' * 43}/now",
        f"{address}/screen/short",
        f"{address}/screen/static/chat.js",
        f"{address}/screen/static/..%2Fchat.js",
    ):
        answer = ask(elsewhere)
        assert (answer.status, answer.text) == (404, ended.text)
    assert url.rpartition("/")[2] not in caplog.text


def test_what_people_call_things_stays_text(chat: World, people: list[Person], address: str) -> None:
    chat.fay.says("/session poll question:<script>alert(1)</script>? choices:<b>Yes</b>, No & never")
    page = ask(link(chat.fay.presses("Start").says("/session screen"))).text
    assert "<script>alert" not in page and "<b>Yes" not in page


def test_early_it_says_when_and_without_an_address_what_to_set(chat: World) -> None:
    running(chat, 2)
    chat.until(FIRST - timedelta(hours=2))
    chat.fay.says("/session screen")
    assert "public_url" in chat.fay.last
    with screens.served(chat):
        chat.fay.says("/session screen")
        assert "A little early" in chat.fay.last


def test_pages_are_where_the_config_says() -> None:
    slack = Slack(public_url="https://caravan.example/")
    assert Settings().pages == ""
    assert Settings(slack=slack).pages == "https://caravan.example"
    assert Settings(web=Web(public_url="https://screens.example"), slack=slack).pages == "https://screens.example"
    assert Settings(web=Web(port=0, public_url="https://screens.example")).pages == ""


@pytest.mark.parametrize(("seconds", "face"), [(0, "0:00"), (9, "0:09"), (754, "12:34"), (3661, "1:01:01")])
def test_time_is_counted_down(seconds: int, face: str) -> None:
    assert countdown(seconds) == face
