"""The one way in: what is typed, pressed or filled in, and what comes of it when it is odd, late, twice or broken."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import sys
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel
from structlog.testing import capture_logs

from bot import features
from bot.config import Settings
from bot.message import Answers
from bot.platforms.base import Deed, Filled, Inbound, Outcome, Pressed, Profile, Typed, Wrote
from bot.platforms.local.draw import DrawnForm, draw_form, draw_message, text_of
from bot.threads import Threads
from cohorts.store import Db
from tests.support.chat import World
from tests.support.stories import answer, running

FOREIGN = """
from bot.ask import Ask, Reply
from bot.registry import afterwards, button, command
from cohorts import audit
from cohorts.people import Role


class Trouble(Exception):
    pass


@command("cohort break", help="Write something, then fall over", role=Role.ANYONE)
def break_(ask: Ask) -> Reply:
    audit.record(ask.db, ask.person, "about/to-break", now=ask.now)
    raise Trouble("the secret words of " + ask.person.name)


@command("cohort peek", help="Says that it only reads, and writes", role=Role.ANYONE, reads=True)
def peek(ask: Ask) -> Reply:
    audit.record(ask.db, ask.person, "peeked", now=ask.now)
    ask.db.flush()
    return Reply("cohort/none-of-yours")


@command("cohort count", help="Writes a row", role=Role.ANYONE)
def count(ask: Ask) -> Reply:
    audit.record(ask.db, ask.person, "counted", now=ask.now)
    return Reply("cohort/none-of-yours")
"""


@pytest.fixture
def broken(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A Caravan with a feature that has bugs."""
    name = "features_with_bugs"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    (tmp_path / name / "trouble.py").write_text(FOREIGN)
    monkeypatch.syspath_prepend(str(tmp_path))
    for module in (name, f"{name}.trouble"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    world = World(tmp_path, template=migrated, packages=(features, importlib.import_module(name)))
    yield world
    world.close()


_events = itertools.count()


def ask(
    world: World, who: str, deed: Deed, *, event: str | None = None, room: str | None = None, name: str | None = None
) -> Outcome:
    profile = Profile(name or who.capitalize(), "Europe/Berlin")
    inbound = Inbound(event or f"asked-{next(_events)}", "local", who, profile, deed, room)
    outcome = world.run(world.app.doors["local"](inbound))
    assert outcome is not None
    return outcome


def shown(outcome: Outcome) -> str:
    assert outcome.message is not None, outcome
    return text_of(draw_message(outcome.message))


def form_of(outcome: Outcome) -> DrawnForm:
    assert outcome.form is not None, outcome
    return draw_form(outcome.form)


def fill(world: World, who: str, outcome: Outcome, answers: Answers) -> Outcome:
    form = form_of(outcome)
    return ask(world, who, Filled(form["name"], answers, form["args"]))


def rows(world: World, *, but: tuple[str, ...] = ()) -> Mapping[str, int]:
    def count(db: Db) -> dict[str, int]:
        tables = SQLModel.metadata.tables.items()
        counted = ((name, db.execute(sa.select(sa.func.count()).select_from(table))) for name, table in tables)
        return {name: found.scalar_one() for name, found in counted if name not in but}

    return world.store.read(count)


# Twice, late, busy, broken


def test_an_event_that_is_delivered_again_changes_nothing_and_shows_nothing(broken: World) -> None:
    first = ask(broken, "ana", Typed("/cohort count"), event="one")
    before = rows(broken)
    again = ask(broken, "ana", Typed("/cohort count"), event="one")
    assert first.message is not None
    assert again == Outcome()
    assert rows(broken) == before
    assert ask(broken, "ana", Typed("/cohort count"), event="two").message is not None
    assert rows(broken) != before


def test_whoever_waits_too_long_hears_that_nothing_is_lost_and_nothing_is_done(tmp_path: Path, migrated: Path) -> None:
    chat = World(tmp_path, template=migrated, threads=partial(Threads, patience=0.05))
    ask(chat, "ana", Typed("/cohort help"))
    before = rows(chat)
    writing, may_go_on = threading.Event(), threading.Event()

    def hold(db: Db) -> None:
        writing.set()
        may_go_on.wait(30)

    holding = chat.loop.create_task(chat.app.threads.write(hold))
    try:
        assert chat.run(asyncio.to_thread(writing.wait, 30))
        assert "Nothing is lost" in shown(ask(chat, "ana", Typed("/apply"), event="late"))
        assert "What one can do" not in shown(ask(chat, "ana", Typed("/apply"), event="later"))
    finally:
        may_go_on.set()
        chat.run(_ended(holding))
    assert rows(chat) == before
    assert "Nothing is lost" not in shown(ask(chat, "ana", Typed("/apply"), event="late"))
    chat.close()


async def _ended(task: object) -> None:
    await task  # type: ignore[misc]


def test_a_bug_is_logged_once_with_the_token_that_the_person_sees(broken: World) -> None:
    ask(broken, "ana", Typed("/cohort help"))
    before = rows(broken)
    with capture_logs() as logs:
        outcome = ask(broken, "ana", Typed("/cohort break"), event="unlucky")
    (entry,) = [one for one in logs if one["log_level"] == "error"]
    assert entry["token"] in shown(outcome)
    assert entry["error"] == "Trouble"
    assert any("break_" in frame for frame in entry["trace"])
    assert "secret" not in str(logs) and "Ana" not in str(logs)
    assert rows(broken) == before


def test_after_a_bug_the_same_event_may_come_again(broken: World) -> None:
    with capture_logs():
        ask(broken, "ana", Typed("/cohort break"), event="unlucky")
    assert ask(broken, "ana", Typed("/cohort count"), event="unlucky").message is not None


@pytest.mark.parametrize("known", [True, False], ids=["somebody known", "somebody new"])
def test_what_says_that_it_only_reads_and_writes_fails_loudly(broken: World, known: bool) -> None:
    if known:
        ask(broken, "ana", Typed("/cohort help"))
    with capture_logs() as logs:
        outcome = ask(broken, "ana", Typed("/cohort peek"))
    assert "Something broke on my side" in shown(outcome)
    assert [one["event"] for one in logs if one["log_level"] == "error"] == ["bug"]
    assert rows(broken)["auditentry"] == 0


def test_a_refusal_leaves_no_trace_but_the_event(chat: World) -> None:
    people = running(chat, 3)
    before = rows(chat, but=("arrival",))
    assert "That one is you" in people[0].says("/cohort kudos @ana well done").last
    assert rows(chat, but=("arrival",)) == before


# What is typed


def test_what_a_command_still_needs_is_asked_in_a_form(chat: World) -> None:
    people = running(chat, 3)
    ana = people[0].says("/cohort kudos")
    assert ana.form["title"] == "/cohort kudos"
    assert [field["key"] for field in ana.form["fields"]] == ["person", "words"]  # type: ignore[attr-defined]
    ana.fills(person="@ben", words="for asking twice")
    assert "for asking twice" in people[1].last


def test_what_was_typed_already_stands_in_the_form(chat: World) -> None:
    people = running(chat, 3)
    ana = people[0].says("/cohort kudos @ben")
    assert [field["value"] for field in ana.form["fields"]] == ["@ben", None]  # type: ignore[attr-defined]


def test_a_form_that_is_still_not_enough_is_asked_again(chat: World) -> None:
    people = running(chat, 3)
    again = people[0].says("/cohort kudos").fills(person="@ben", words="")
    assert again.form["title"] == "/cohort kudos"


def test_what_does_not_fit_in_the_form_is_said_beside_its_field(chat: World) -> None:
    running(chat, 3)
    chat.fay.says("/session move")
    chat.fay.fills(number="the second", time="2027-01-12 17:00")
    assert set(chat.fay.errors) == {"number"}
    chat.ana.says("/cohort rsvp").fills(answer="perhaps")
    assert set(chat.ana.errors) == {"answer"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/cohort rsvp answer:soon", "not one of the choices"),
        ("/session move number:soon 2027-01-12 17:00", "I need a number"),
        ("/program decide somebody accept", "I need a person"),
        ("/submit link:ftp://example.test", "I need a link"),
        ("/cohort rsvp yes and thanks", "left over"),
        ("/session move 1 blursday", "blursday"),
        ("/cohort rsvp answer:yes answer:no", "twice"),
    ],
)
def test_the_wrong_kind_of_word_is_named(chat: World, line: str, said: str) -> None:
    running(chat, 3)
    outcome = ask(chat, "ana" if line.startswith(("/cohort", "/submit")) else "fay", Typed(line))
    assert said in shown(outcome)


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("/cohort hom", "/cohort home"),
        ("/cohort kudo @ben thanks", "/cohort kudos"),
        ("/sesion when", "/session"),
        ("/program lanch", "/program launch"),
        ("/cohort xyzzy", "/cohort help"),
        ("/", "/cohort help"),
        ("", "/cohort help"),
    ],
)
def test_an_unknown_command_suggests_the_nearest(chat: World, line: str, meant: str) -> None:
    assert meant in shown(ask(chat, "ana", Typed(line)))


@pytest.mark.parametrize("line", ["/COHORT HELP", "/Cohort Help", "cohort help", "/ cohort help", "  /cohort   help "])
def test_capitals_and_spaces_do_not_matter(chat: World, line: str) -> None:
    assert "/apply" in shown(ask(chat, "ana", Typed(line)))


@pytest.mark.parametrize("quoted", ["“{}”", '"{}"', "„{}“", "«{}»"])
def test_smart_quotes_are_quotes(chat: World, quoted: str) -> None:
    running(chat, 3)
    confirmed = ask(chat, "fay", Typed(f"/session schedule 2027-01-20 16:00 {quoted.format('Open door')}"))
    assert "Open door" in shown(confirmed)
    assert quoted.format("Open door") not in shown(confirmed)


def test_another_prefix_renames_every_command(tmp_path: Path, migrated: Path) -> None:
    world = World(tmp_path, template=migrated, settings=Settings(command_prefix="crew-", owners=("olu",)))
    try:
        paths = [one.path for one in world.app.doors["local"].commands()]
        assert all(path.startswith("crew-") for path in paths)
        assert "crew-cohort help" in paths
        assert ask(world, "ana", Typed("/crew-cohort help")).message is not None
    finally:
        world.close()


# Plain words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("when do we meet?", "Value Accelerator"),
        ("So, when DO we  meet next??", "Value Accelerator"),
        ("help", "/cohort kudos"),
        ("Hilfe!", "/cohort kudos"),
        ("where am I", "Value Accelerator"),
        ("good morning", "I didn't catch that"),
        ("", "I didn't catch that"),
        ("🦓", "I didn't catch that"),
    ],
)
def test_plain_words_to_the_bot_start_something_or_are_answered_kindly(chat: World, words: str, said: str) -> None:
    running(chat, 3)
    assert said in shown(ask(chat, "ana", Wrote(words)))


# Several cohorts


@pytest.fixture
def two_cohorts(chat: World) -> World:
    """Fay conducts two cohorts; Ana is in both."""
    running(chat, 2)
    chat.fay.says("/program open value-accelerator 2027-03-01 zone:Europe/Berlin").presses("Open for applications")
    answer(chat.ana.says("/apply"))
    later = choose(ask(chat, "fay", Typed("/program decide @ana accept")), "2027-03")
    fill(chat, "fay", ask(chat, "fay", Typed("/program decide @ana accept")), {"cohort": later})
    ask(chat, "fay", Pressed("applications/send", {"cohort_id": int(later)}))
    chat.settle()
    return chat


def choose(outcome: Outcome, label: str) -> str:
    form = form_of(outcome)
    assert form["title"] == "Which one do you mean?"
    (field,) = form["fields"]
    return next(one["value"] for one in field["choices"] if label in one["label"])


def test_with_several_cohorts_one_is_chosen_and_the_command_goes_on(two_cohorts: World) -> None:
    asked = ask(two_cohorts, "fay", Typed("/session move 2 2027-03-09 17:00"))
    later = choose(asked, "2027-03")
    echoed = fill(two_cohorts, "fay", asked, {"cohort": later})
    assert "17:00" in shown(echoed)
    assert echoed.message is not None
    button = echoed.message.cards[0].buttons[0]
    moved = ask(two_cohorts, "fay", Pressed(button.action, button.args))
    assert "2027" not in shown(moved) and "March" in shown(moved)


def test_a_choice_after_a_filled_form_keeps_what_was_filled_in(two_cohorts: World) -> None:
    filled = fill(
        two_cohorts, "fay", ask(two_cohorts, "fay", Typed("/session move")), {"number": 1, "time": "2027-03-02 17:00"}
    )
    echoed = fill(two_cohorts, "fay", filled, {"cohort": choose(filled, "2027-03")})
    assert "17:00" in shown(echoed)


def test_a_choice_for_plain_words_goes_on_as_well(two_cohorts: World) -> None:
    asked = ask(two_cohorts, "ana", Wrote("when do we meet?"))
    later = fill(two_cohorts, "ana", asked, {"cohort": choose(asked, "2027-03")})
    assert "March" in shown(later)


def test_in_a_cohort_s_own_room_there_is_nothing_to_choose(two_cohorts: World) -> None:
    rooms = [room.id for room in two_cohorts.chat.rooms_of("ana") if room.dm_of is None]
    answers = [shown(ask(two_cohorts, "ana", Typed("/session when"), room=room)) for room in rooms]
    assert ["March" in one for one in answers] == [False, True]


# Completion


def test_completion_offers_nothing_to_whoever_may_not_use_the_command(chat: World) -> None:
    ask(chat, "ana", Typed("/cohort help"))
    door = chat.app.doors["local"]
    for line, option in (("/program open ", "program"), ("/program export ", "what"), ("/submit ", "homework")):
        inbound = Inbound("x", "local", "ana", Profile("Ana", "Europe/Berlin"), Typed(line))
        assert list(chat.loop.run_until_complete(door.complete(inbound, option, ""))) == []


def test_completion_finds_what_is_typed_anywhere_in_a_name(chat: World) -> None:
    ask(chat, "olu", Typed("/cohort help"))
    ask(chat, "olu", Typed("/graduate"))
    door = chat.app.doors["local"]
    inbound = Inbound("x", "local", "olu", Profile("Olu", "Europe/Berlin"), Typed("/program open "))
    found = chat.loop.run_until_complete(door.complete(inbound, "program", "ACCEL"))
    assert [one.value for one in found] == ["value-accelerator"]


def test_an_owner_of_the_config_owns_from_their_first_word_on(chat: World) -> None:
    assert "/program export" in shown(ask(chat, "olu", Typed("/cohort help")))
