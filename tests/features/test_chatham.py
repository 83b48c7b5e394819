"""A part of a session without names: people speak, vote and look back in it, and nothing tells who said what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel, select
from structlog.testing import capture_logs

from bot import features
from bot.message import Message
from bot.message import Poll as NeutralPoll
from bot.platforms.base import Kind, Parcel
from bot.platforms.discord.polls import asked as natively
from bot.registry import collect
from cohorts.ballots import Tally, Voter
from cohorts.chatham import UnnamedVoice, UnnamedWords
from cohorts.cohort import Cohort
from cohorts.store import Db
from tests.support.builders import FIRST, building
from tests.support.chat import Person, World

NAMES = ("Ana", "Ben", "Chi", "Dan", "Eve", "Fin")
SAID = {
    "ana": "Nobody reads the quarterly numbers.",
    "ben": "We lost the second customer over it.",
    "chi": "Our own support does not use it.",
    "dan": "The deadline was made up.",
    "eve": "It works better than we admit.",
    "fin": "Somebody above stops it each time.",
}
VALUABLE = {"ana": "That we finally spoke of the numbers", "ben": "Silence, for once", "chi": "Hearing of support"}
VOTES = {"ana": "Tell them", "ben": "Tell them", "chi": "Wait", "dan": "Tell them", "eve": "Wait"}


@pytest.fixture
def people(site: World) -> list[Person]:
    """Six are there, and the session is on."""
    found = building(site, 6)
    site.until(FIRST)
    for person in found:
        person.presses("I'm here", room=person.room())
    site.fay.says("/session start")
    return found


def speaks(person: Person, words: str, quotable: bool = False) -> None:
    person.presses("Say something", room=person.room()).fills(words=words, quotable=quotable)
    assert not person.errors and person.sees("Kept, without your name", person.room())


def tables(db: Db) -> dict[str, list[Mapping[str, object]]]:
    return {
        name: [dict(row) for row in db.execute(sa.select(table)).mappings()]
        for name, table in SQLModel.metadata.tables.items()
    }


def over(site: World, person: Person) -> str:
    return next(text for text in person.texts(person.room()) if text.startswith("Names count again"))


def test_several_speak_vote_and_look_back_and_nothing_tells_who_said_what(
    site: World, people: list[Person], tmp_path: Path
) -> None:
    room = people[0].room()
    with capture_logs() as logs:
        site.fay.says("Chatham House, please")
        assert people[1].sees("From here on, nobody is named", room)
        site.fay.says('/session poll choices:"Tell them; Wait" question:What now?')
        for number, person in enumerate(people):
            site.passes(seconds=20)
            speaks(person, SAID[person.id], quotable=number == 0)
            if person.id in VOTES:
                person.presses(VOTES[person.id], on="What now?", room=room)
        assert people[0].sees("1. Tell them\n2. Wait", room), "while it is open, nobody sees how it stands"
        people[0].presses("Wait", on="What now?", room=room)
        assert people[0].sees("can't be changed", room)
        for person in people[:3]:
            person.says("/cohort reflect")
            assert person.form["name"] == "chatham/reflect"
            person.fills(valuable=VALUABLE[person.id], quotable=person.id == "chi")
            assert "kept without your name" in person.last
        first = site.store.read(tables)
        copy = tmp_path / "copy.sqlite"
        site.store.backup(copy)
        linked(first, tmp_path)
        site.fay.says("/session close-poll").says("chatham house")
        site.passes(minutes=1)
        site.fay.says("/session end")
        site.passes(minutes=140)
    told = over(site, people[1])
    lines = [line for line in told.splitlines() if line.strip("> ") in SAID.values()]
    assert len(lines) == 6, "five or more: all of it is read out"
    assert people[0].sees("Tell them it is, with 3 of 5 votes", room)
    recap = next(text for text in people[0].texts(room) if "Said without a name" in text)
    assert VALUABLE["chi"] in recap and VALUABLE["ana"] not in recap, "fewer than five looked back; one agreed"
    last = site.store.read(tables)
    linked(last, tmp_path)
    assert last["voter"] == [] and last["unnamedvoice"] == []
    assert {(one["choice"], one["votes"]) for one in last["tally"]} == {(0, 3), (1, 2)} and last["vote"] == []
    written = json.dumps(logs, default=str)
    assert not any(words in written for words in (*SAID.values(), *VALUABLE.values(), *VOTES.values()))
    exported(site)


def linked(found: Mapping[str, list[Mapping[str, object]]], folder: Path) -> None:
    """No row that has somebody's words, or their vote, has anything of them; nor has any page of any file."""
    words = [*SAID.values(), *VALUABLE.values()]
    people = {one["id"]: one["name"] for one in found["person"] if one["name"] in NAMES}
    assert len(people) == 6
    for name, rows in found.items():
        for row in rows:
            text = json.dumps(row, default=str)
            if any(one in text for one in words):
                assert name in ("unnamedwords", "effect"), name
                assert not any(person in text for person in people.values()), text
                assert row.get("person_id") not in people and row.get("membership_id") is None
                for part in parts_with(row, words):
                    assert '"~": "person"' not in json.dumps(part, default=str), "what reads words out names nobody"
                assert name == "effect" or not {"at", "created_at"} & set(row), "and no time stands with them"
    if found["unnamedvoice"]:
        marks = {str(one["mark"]) for one in found["unnamedvoice"]}
        assert len(marks) == 6 and not any(str(id) in marks for id in people)
    said = [str(one["words"]) for one in found["unnamedwords"] if one["unnamed_id"]]
    assert len(said) == 6 and said != list(SAID.values()), "their order is another than that in which they came"
    for reflection in found["reflection"]:
        assert reflection["words"] == "" and str(reflection["at"]).startswith(str(FIRST)[:19]), "and no time of its own"
    traces = [f"event-{one}-".encode() for one in SAID] + [name.encode() for name in NAMES]
    files = [one for one in folder.glob("*.sqlite*") if one.suffix != ".lock"]
    assert len(files) >= 3, "the database, its log of writes and a copy"
    seen = 0
    for file in files:
        content = file.read_bytes()
        start = 32 if file.name.endswith("-wal") else 0
        size = 4096 + (24 if start else 0)
        for page in (content[at : at + size] for at in range(start, len(content), size)):
            if any(one.encode() in page for one in words):
                seen += 1
                assert not any(trace in page for trace in traces), file.name
    assert seen


def parts_with(value: object, words: list[str]) -> list[object]:
    """The innermost tables of a row that hold somebody's words: of a recap, the part that quotes them."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    deeper = [part for one in inside for part in parts_with(one, words)]
    has_words = isinstance(value, dict) and any(one in json.dumps(value, default=str) for one in words)
    return deeper or ([value] if has_words else [])


def exported(site: World) -> None:
    """Every list an owner can have: words stand there without a name, and votes as numbers."""

    def read(db: Db) -> dict[str, object]:
        cohort = db.exec(select(Cohort)).one()
        return {name: maker(db, cohort).rows for name, maker in collect(features).handlers("export").items()}

    for rows in site.store.read(read).values():
        for row in rows:  # type: ignore[attr-defined]
            text = json.dumps(row, default=str)
            assert not (
                any(one in text for one in (*SAID.values(), *VALUABLE.values())) and any(n in text for n in NAMES)
            )


def test_what_fewer_than_five_have_said_is_read_out_only_where_they_agreed_and_else_forgotten(
    site: World, people: list[Person]
) -> None:
    site.fay.says("chatham house")
    for person in people[:3]:
        speaks(person, SAID[person.id], quotable=person.id == "ben")
        speaks(person, f"And again: {SAID[person.id]}")
    assert len(site.store.read(lambda db: db.exec(select(UnnamedVoice)).all())) == 3, "three people, however often"
    site.fay.presses("Names count again")
    told = over(site, people[0])
    assert SAID["ben"] in told and SAID["ana"] not in told and "And again" not in told
    assert [one.words for one in site.store.read(lambda db: db.exec(select(UnnamedWords)).all())] == [SAID["ben"]]
    people[0].says("say it without a name")
    assert "Names count right now" in people[0].last


def test_to_open_the_form_or_to_put_it_away_half_done_writes_nothing(site: World, people: list[Person]) -> None:
    site.fay.says("chatham house")
    before = site.store.read(tables)
    people[0].presses("Say something", room=people[0].room())
    people[0].closes(words="Half of it", quotable=True)
    people[0].says("without my name")
    assert people[0].form["name"] == "chatham/say"
    assert site.store.read(tables) == before


def test_speaking_writes_nothing_of_the_one_who_speaks(site: World, people: list[Person]) -> None:
    site.fay.says("chatham house")
    before = site.store.read(tables)
    speaks(people[0], SAID["ana"])
    after = site.store.read(tables)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"arrival", "unnamedwords", "unnamedvoice"}
    (new,) = (one for one in after["arrival"] if one not in before["arrival"])
    assert str(new["event_id"]).startswith("untraced/") and "00:00:00" in str(new["at"])


def test_forgotten_it_ends_by_itself(site: World, people: list[Person]) -> None:
    site.fay.says("chatham house")
    speaks(people[0], SAID["ana"], quotable=True)
    site.passes(minutes=75)
    assert SAID["ana"] in over(site, people[1])


def test_a_vote_without_a_name_counts_once_and_few_of_them_are_no_numbers(site: World, people: list[Person]) -> None:
    room = people[0].room()
    site.fay.says("chatham house").says('/session poll choices:"Tell them; Wait" question:What now?')
    assert people[0].sees("kept without your name", room)
    for person in people[:2]:
        person.presses("Wait", on="What now?", room=room)
    people[0].says("take my vote back")
    assert "can't be changed" in people[0].last
    assert len(site.store.read(lambda db: db.exec(select(Voter)).all())) == 2
    site.fay.says("/session close-poll")
    assert "Wait it is." in site.fay.last and "2 of 2" not in site.fay.last
    assert people[0].sees("This poll is closed. Wait it is.\n", room) or people[0].sees("Wait it is.", room)
    assert not people[0].sees("2 of 2", room)
    assert site.store.read(lambda db: [one.votes for one in db.exec(select(Tally)).all()]) == [2]


def test_where_a_platform_would_show_who_voted_there_are_buttons() -> None:
    poll = NeutralPoll("polls/vote", "What now?", ("Tell them", "Wait"), (0, 0), FIRST, unnamed=True)
    parcel = Parcel("poll:1", Kind.POST, "w", room="r", message=Message(poll=poll))
    assert natively(parcel, FIRST) is None
