"""What people type on Slack is understood as they meant it, however their phone wrote it; what is missing is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from sqlmodel import col, select

from bot.platforms.slack.setup import Mode
from cohorts.applications import Application
from cohorts.homework import Submission
from cohorts.kudos import Kudos
from cohorts.people import Account
from cohorts.sessions import Session
from cohorts.store import Db
from tests.features.test_permissions import PROGRAM
from tests.platforms.fakes.slack import Person
from tests.platforms.slack_stage import SlackActor, SlackStage
from tests.platforms.slack_world import SlackWorld, opened, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = datetime(2027, 1, 11, 16, 30, tzinfo=UTC)  # a Monday, half past five in Berlin; the first session is over
TUESDAY = datetime(2027, 1, 12, 15, 0, tzinfo=UTC)


class Town(SlackWorld):
    """Ana and Ben are in a cohort that Fay conducts, and have met once; another one takes applications."""

    async def story(self) -> Town:
        (team,) = self.teams
        await running(self, team, "Fay", "alpha", "2027-01-11", ["Ana", "Ben Lima"])
        await self.until(NOW)
        await opened(self, team, "Gil", "beta", "2027-05-03")
        self.fay, self.ana, self.ben = (self.of(team, name) for name in ("Fay", "Ana", "Ben Lima"))
        return self

    def account(self, person: Person, db: Db) -> int:
        return db.exec(select(Account.person_id).where(Account.external == person.id)).one()

    def handed_in(self) -> tuple[str, str]:
        (one,) = self.store.read(lambda db: db.exec(select(Submission)).all())
        return one.link, one.words

    def sessions(self) -> list[Session]:
        return list(self.store.read(lambda db: db.exec(select(Session).order_by(col(Session.id))).all()))

    def shown(self, person: Person) -> str:
        whispers = [*person.ephemerals, person.modal, *person.errors]
        return "\n".join(whispers)

    def cleared(self, *people: Person) -> None:
        """Their screens are empty again."""
        for person in people:
            person.whispers.clear()
            person.stack.clear()


def programs(folder: Path) -> Path:
    made = folder / "programs"
    made.mkdir()
    for key in ("alpha", "beta"):
        (made / f"{key}.toml").write_text(PROGRAM.replace("KEY", key), "utf-8")
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["", "team-"], ids=["plain", "with a prefix"])
async def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    async with Town(folder, programs=programs(folder), prefix=request.param) as made:
        assert isinstance(made, Town)
        yield await made.story()
        assert made.complaints() == []


@pytest.fixture
def slash(town: Town) -> str:
    """What stands before a command here."""
    return f"/{town._prefix}"


def told(line: str, slash: str) -> str:
    """A line of a table, as it is typed where commands have a prefix: in the same capitals."""
    prefix = slash[1:].upper() if line[1:2].isupper() else slash[1:]
    return f"/{prefix}{line[1:]}"


URL = "https://build.example.com/one?a=1&b=2#part"
SUBMISSIONS = {
    "as in the help": (f'/submit {URL} what I learned "in quotes"', URL, 'what I learned "in quotes"'),
    "smart quotes": (f"/submit {URL} what I learned “in quotes”", URL, "what I learned “in quotes”"),
    "low and high quotes": (f"/submit {URL} was ich „gelernt“ habe", URL, "was ich „gelernt“ habe"),
    "the words in quotes": (f'/submit {URL} "what I learned"', URL, "what I learned"),
    "the words in smart quotes": (f"/submit {URL} “what I learned”", URL, "what I learned"),
    "extra spaces": (f"/submit    {URL}     what I learned", URL, "what I learned"),
    "spaces within the words": (f"/submit {URL} what  I   learned", URL, "what  I   learned"),
    "tabs": (f"/submit {URL}\twhat I learned", URL, "what I learned"),
    "spaces that do not break": (f"/submit {URL}\u00a0what I learned", URL, "what I learned"),
    "wide spaces": (f"/submit {URL}\u3000what I learned", URL, "what I learned"),
    "upper case": (f"/SUBMIT {URL} what I learned", URL, "what I learned"),
    "the link last": (f"/submit what I learned {URL}", "", f"what I learned {URL}"),
    "the link by name": (f"/submit link:{URL} words:“what I learned”", URL, "what I learned"),
    "the link in upper case": (
        "/submit HTTPS://Build.example.com/One what I learned",
        "HTTPS://Build.example.com/One",
        "what I learned",
    ),
    "a line break": (f"/submit {URL} one\ntwo", URL, "one\ntwo"),
    "signs that Slack escapes": (f"/submit {URL} 1 < 2 && 3 > 2 &amp; so on", URL, "1 < 2 && 3 > 2 &amp; so on"),
    "words alone": ("/submit I asked five people", "", "I asked five people"),
    "a link alone": (f"/submit {URL}", URL, ""),
    "a link with a full stop": (f"/submit {URL}. Then rest", URL, "Then rest"),
    "a colon in the words": (f"/submit {URL} learned: ask first", URL, "learned: ask first"),
}


@pytest.mark.parametrize(("line", "link", "words"), SUBMISSIONS.values(), ids=SUBMISSIONS.keys())
async def test_what_is_handed_in_is_what_was_typed(town: Town, slash: str, line: str, link: str, words: str) -> None:
    town.cleared(town.ana)
    assert (await town.ana.types(told(line, slash))).ok
    await town.quiet()
    assert town.handed_in() == (link, words), town.shown(town.ana)
    assert town.ana.form is None


async def test_a_person_and_a_room_within_the_words_stay_readable(town: Town, slash: str) -> None:
    await town.ana.types(f"{slash}submit {URL} thanks to @Ben Lima in #general")
    await town.quiet()
    assert town.handed_in() == (URL, "thanks to @ben.lima in #general")


SCHEDULES = {
    "as in the help": '/session schedule tue 16:00 "Set out"',
    "smart quotes": "/session schedule tue 16:00 “Set out”",
    "low quotes": "/session schedule tue 16:00 „Set out“",
    "angled quotes": "/session schedule tue 16:00 «Set out»",
    "without quotes": "/session schedule tue 16:00 title:“Set out”",
    "the title first": '/session schedule "Set out" tue 16:00',
    "extra spaces": '/session    schedule   tue    16:00    "Set out"',
    "tabs": '/session \tschedule\ttue\t16:00\t"Set out"',
    "spaces that do not break": '/session schedule\u00a0tue\u00a016:00\u00a0"Set out"',
    "narrow spaces that do not break": '/session schedule tue\u202f16:00 "Set out"',
    "wide spaces": '/session schedule\u3000tue\u300016:00\u3000"Set out"',
    "upper case": '/SESSION SCHEDULE TUE 16:00 "Set out"',
    "mixed case": '/Session Schedule Tuesday 16:00 "Set out"',
    "full-width digits": '/session schedule tue １６：００ "Set out"',
    "full-width quotes": "/session schedule tue 16:00 ＂Set out＂",
    "by name": '/session schedule time:"tue 16:00" title:"Set out"',
    "with an equals sign": '/session schedule time="tue 16:00" title="Set out"',
    "with smart quotes by name": "/session schedule time:“tue 16:00” title:“Set out”",
    "a clock of twelve hours": '/session schedule tue 4pm "Set out"',
    "the minutes said": '/session schedule tue 16:00 "Set out" 60',
    "the minutes by name": '/session schedule tue 16:00 "Set out" minutes:60',
    "a date": '/session schedule 12 jan 16:00 "Set out"',
    "a date with dashes": '/session schedule 2027-01-12 16:00 "Set out"',
}


@pytest.mark.parametrize("line", SCHEDULES.values(), ids=SCHEDULES.keys())
async def test_a_session_is_added_when_and_as_it_was_typed(town: Town, slash: str, line: str) -> None:
    town.cleared(town.fay)
    before = town.sessions()
    assert (await town.fay.types(told(line, slash))).ok
    await town.quiet()
    assert "Set out" in town.shown(town.fay)
    assert town.fay.form is None, town.shown(town.fay)
    await town.fay.presses("Yes, add it", on="Set out")
    await town.settle()
    (added,) = town.sessions()[len(before) :]
    assert (added.title, added.starts_at, added.minutes) == ("Set out", TUESDAY, 60)


async def test_quotes_of_the_title_and_signs_that_slack_escapes_are_kept(town: Town, slash: str) -> None:
    town.cleared(town.fay)
    before = town.sessions()
    await town.fay.types(f"{slash}session schedule tue 16:00 “Q&A: is 1 < 2?”")
    await town.quiet()
    await town.fay.presses("Yes, add it")
    await town.settle()
    (added,) = town.sessions()[len(before) :]
    assert added.title == "Q&A: is 1 < 2?"


APPLICATIONS = {
    "alone": "/apply",
    "upper case": "/APPLY",
    "mixed case": "/Apply",
    "spaces around": "/apply   ",
    "the program": "/apply beta",
    "the program in upper case": "/apply BETA",
    "in quotes": '/apply "beta"',
    "in smart quotes": "/apply “beta”",
    "by name": "/apply program:beta",
    "after a space that does not break": "/apply \u00a0beta",
    "after a tab": "/apply \tbeta",
    "the program by its name": "/apply “Program Beta”",
    "after a wide space": "/apply \u3000beta",
}


@pytest.mark.parametrize("line", APPLICATIONS.values(), ids=APPLICATIONS.keys())
async def test_a_form_to_apply_opens_and_what_is_said_in_it_is_kept(town: Town, slash: str, line: str) -> None:
    zoe = town.of(town.teams[0], f"Zoe {len(town.teams[0].people)}")
    assert (await zoe.types(told(line, slash))).ok
    await town.quiet()
    assert zoe.form is not None, town.shown(zoe)
    await zoe.fills({"What brings you?": "Because <b> & “that”"})
    await town.quiet()

    def given(db: Db) -> list[object]:
        rows = db.exec(select(Application).where(Application.person_id == town.account(zoe, db))).all()
        return [row.given["why"] for row in rows]

    assert town.store.read(given) == ["Because <b> & “that”"]


THANKS = {
    "a mention": '/cohort kudos @Ben for asking "why"',
    "a mention by handle": '/cohort kudos @ben.lima for asking "why"',
    "a mention in capitals": '/COHORT KUDOS @BEN.LIMA for asking "why"',
    "a comma": '/cohort kudos @Ben, for asking "why"',
    "extra spaces": '/cohort   kudos   @Ben   for asking "why"',
    "a space that does not break": '/cohort kudos @Ben\u00a0for asking "why"',
    "by name": '/cohort kudos person:@Ben words:for asking "why"',
}


@pytest.mark.parametrize("line", THANKS.values(), ids=THANKS.keys())
async def test_whoever_is_mentioned_is_thanked(town: Town, slash: str, line: str) -> None:
    town.cleared(town.ana)
    before = town.store.read(lambda db: len(db.exec(select(Kudos)).all()))
    await town.ana.types(told(line, slash))
    await town.settle()
    rows = list(town.store.read(lambda db: db.exec(select(Kudos).order_by(col(Kudos.id))).all()))[before:]
    assert [row.words for row in rows] == ['for asking "why"'], town.shown(town.ana)
    assert 'for asking "why"' in town.ben.inbox[-1]


async def test_names_reach_the_bot_even_where_slack_does_not_turn_them_into_mentions(town: Town, slash: str) -> None:
    app = town.teams[0].app
    app.should_escape = False
    try:
        town.cleared(town.ana)
        await town.ana.types(f"{slash}cohort kudos @ben for 1 < 2 & more")
        await town.settle()
    finally:
        app.should_escape = True
    assert "for 1 < 2 & more" in town.ben.inbox[-1], town.shown(town.ana)


# What is missing.


def prefilled(person: Person) -> dict[str, object]:
    """What stands in the fields of the open form, by their keys."""
    assert person.form is not None
    found = {}
    for block in person.form.blocks:
        if block["type"] == "input":
            element = block["element"]
            value = element.get("initial_value") or (element.get("initial_option") or {}).get("value")
            found[block["block_id"].rpartition(":")[2]] = value
    return found


MISSING = {
    "all of it": ("/session schedule", {"time": None, "title": None, "minutes": None}),
    "the title": ("/session schedule tue 16:00", {"time": "tue 16:00", "title": None, "minutes": None}),
    "the time": ("/session schedule “Set out”", {"time": None, "title": "Set out", "minutes": None}),
    "the time, in capitals": ("/SESSION SCHEDULE TITLE:“Set out”", {"time": None, "title": "Set out", "minutes": None}),
    "all but the length": ("/session schedule minutes:90", {"time": None, "title": None, "minutes": "90"}),
}


@pytest.mark.parametrize(("line", "given"), MISSING.values(), ids=MISSING.keys())
async def test_what_is_missing_is_asked_beside_what_was_given(
    town: Town, slash: str, line: str, given: dict[str, object]
) -> None:
    town.cleared(town.fay)
    await town.fay.types(told(line, slash))
    await town.asked(town.fay)
    assert prefilled(town.fay) == given
    before = town.sessions()
    missing = {"time": "tue 16:00", "title": "Set out", "minutes": "60"}
    await town.fay.fills({key: missing[key] for key, value in given.items() if value is None})
    await town.quiet()
    assert town.fay.errors == []
    await town.fay.presses("Yes, add it")
    await town.settle()
    (added,) = town.sessions()[len(before) :]
    minutes = int(str(given["minutes"] or 60))
    assert (added.title, added.starts_at, added.minutes) == ("Set out", TUESDAY, minutes)


async def test_whom_one_thanks_and_for_what_is_asked_too(town: Town, slash: str) -> None:
    town.cleared(town.ana)
    await town.ana.types(f"{slash}cohort kudos @Ben")
    await town.asked(town.ana)
    given = prefilled(town.ana)
    assert (given["person"], given["words"]) == (f"{town.ben.id}", None)
    await town.ana.fills({"words": "for staying late"})
    await town.settle()
    assert "for staying late" in town.ben.inbox[-1]


async def test_homework_without_a_word_opens_its_form(town: Town, slash: str) -> None:
    for line in ("submit", "submit   ", "SUBMIT"):
        town.cleared(town.ana)
        await town.ana.types(slash + line if line.islower() else slash.upper() + line)
        await town.asked(town.ana)
        assert "Show it." in town.ana.modal
        await SlackActor(town.ana).answers()
        assert town.handed_in()[0] == "https://build.example.com/one"


async def test_a_time_that_is_none_is_named_and_nothing_is_added(town: Town, slash: str) -> None:
    before = town.sessions()
    for line in ('session schedule someday "Set out"', 'session schedule tue 25:00 "Set out"'):
        town.cleared(town.fay)
        await town.fay.types(slash + line)
        await town.quiet()
        assert town.fay.form is not None or "someday" in town.shown(town.fay) or "25:00" in town.shown(town.fay)
    assert town.sessions() == before


@pytest.mark.parametrize("line", ["/submti x", "/session shedule tue 16:00", "/cohort hom"])
async def test_a_slip_of_the_finger_is_answered_with_what_was_likely_meant(town: Town, slash: str, line: str) -> None:
    town.cleared(town.fay)
    team = town.teams[0]
    known, team.app.commands = team.app.commands, None
    try:
        await town.fay.types(told(line, slash))
        await town.quiet()
    finally:
        team.app.commands = known
    meant = {"/submti x": "submit", "/session shedule tue 16:00": "schedule", "/cohort hom": "home"}[line]
    assert meant in town.shown(town.fay)


async def test_who_has_never_spoken_is_known_by_being_named(tmp_path: Path) -> None:
    async with SlackStage(tmp_path, Mode.SOCKET) as stage:
        olu, fay, ana = stage.person("Olu"), stage.person("Fay"), stage.person("Ana")
        await olu.types(f"/program facilitator {stage.mention(fay)} program:value-accelerator")
        await stage.settle()
        assert olu.sees("Fay") and not olu.sees("I don't know")
        await fay.types("/program open value-accelerator 2027-01-11 zone:Europe/Berlin")
        await stage.settle()
        await fay.presses("Open for applications")
        await stage.settle()
        await ana.types("/apply")
        await ana.answers()
        assert stage.complaints() == []
