"""I'm stuck: the room reads it, and nothing that is kept leads to who said it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import SQLModel, select

from bot.platforms.base import Filled, Inbound, Profile
from cohorts.outbox import Effect
from cohorts.people import Account
from cohorts.store import Db
from tests.support.builders import building
from tests.support.chat import Person, World

WORDS = "I don't know whom to ask for the permission"


def says_so(person: Person) -> Person:
    return person.says("/cohort stuck").fills(words=WORDS)


def tables(chat: World) -> dict[str, set[str]]:
    def read(db: Db) -> dict[str, set[str]]:
        return {
            name: {repr(sorted(row.items())) for row in map(dict, db.execute(sa.select(table)).mappings())}
            for name, table in SQLModel.metadata.tables.items()
        }

    return chat.store.read(read)


def new_rows(before: Mapping[str, set[str]], after: Mapping[str, set[str]]) -> dict[str, set[str]]:
    return {name: rows - before[name] for name, rows in after.items() if rows - before[name]}


def test_it_is_always_a_form_and_the_room_reads_the_words_without_a_name(site: World) -> None:
    ana, ben, _ = building(site, 3)
    ana.says("/cohort stuck", ana.room())
    assert ana.form["name"] == "stuck/say"
    ana.fills(words=WORDS)
    assert ana.sees("Asked, without your name", ana.room())
    (posted,) = (text for text in ben.texts(ben.room()) if "Somebody is stuck" in text)
    assert WORDS in posted and "Ana" not in posted
    assert not ben.sees("Asked, without your name", ben.room())


def test_plain_words_open_the_same_form(site: World) -> None:
    ana = building(site, 2)[0]
    assert ana.says("I'm stuck").form["name"] == "stuck/say"


def test_whoever_has_been_there_answers_beneath_it_with_a_name(site: World) -> None:
    ana, ben, _ = building(site, 3)
    says_so(ana)
    ben.presses("I've been there", on="Somebody is stuck", room=ben.room())
    ben.fills(helped="Ask the second person on the list")
    answer = next(one for one in ana.client.seen(ana.room()) if "second person" in str(one.payload))
    asked = next(one for one in ana.client.seen(ana.room()) if "Somebody is stuck" in str(one.payload))
    assert answer.under == asked.id
    assert any("Ben has been there" in text for text in ana.texts(ana.room()))


def test_what_is_kept_of_it_is_one_message_and_that_something_came_that_day(site: World) -> None:
    ana = building(site, 3)[0]
    site.passes(minutes=17)
    before = tables(site)
    ana.says("/cohort stuck")
    assert new_rows(before, tables(site)) == {}, "to open the form is written down nowhere"
    ana.fills(words=WORDS)
    kept = new_rows(before, tables(site))
    assert set(kept) == {"arrival", "effect"}
    (arrival,), (effect,) = kept["arrival"], kept["effect"]
    assert "untraced/" in arrival
    assert "datetime.datetime(2026, 12, 1, 0, 0" in arrival, "the day alone"
    number, account = site.store.read(
        lambda db: db.exec(select(Account.person_id, Account.external).where(Account.external == "ana")).one()
    )
    for row in (arrival, effect):
        assert account not in row.lower()
        assert f"'person_id', {number}" not in row
        assert "'membership_id', None" in row or row is arrival
        assert "'person_id', None" in row or row is arrival


def test_no_byte_of_the_database_file_links_the_words_to_whoever_wrote_them(site: World, tmp_path: Path) -> None:
    ana = building(site, 3)[0]
    ana.says("/cohort stuck")
    form = ana.client.open_form
    assert form is not None
    args = form.form["args"]
    deed = Filled("stuck/say", {"words": WORDS}, args)
    inbound = Inbound("the-platforms-own-id", "local", "ana", Profile("Ana", "Europe/Berlin"), deed)
    outcome = site.run(site.app.doors["local"](inbound))
    site.settle()
    assert outcome is not None and outcome.template == "stuck/said"
    again = site.run(site.app.doors["local"](inbound))
    assert again is not None and again.message is None, "the same again changes nothing"
    posted = site.store.read(lambda db: db.exec(select(Effect).where(Effect.template == "stuck/asked")).all())
    assert len(posted) == 1
    assert posted[0].facts == {"words": WORDS}
    assert (posted[0].created_at.minute, posted[0].created_at.second, posted[0].created_at.microsecond) == (0, 0, 0)
    assert posted[0].due_at == posted[0].created_at
    site.store.write(lambda db: None)
    files = b"".join(file.read_bytes() for file in tmp_path.glob("caravan.sqlite*") if file.suffix != ".lock")
    assert WORDS.encode() in files
    assert b"the-platforms-own-id" not in files


def test_what_was_refused_leaves_no_trace_either(site: World) -> None:
    ana = building(site, 3)[0]
    before = tables(site)
    ana.says("/cohort stuck").fills(words=" ")
    assert ana.errors == {"words": "Please fill this in."}
    kept = new_rows(before, tables(site))
    assert set(kept) <= {"arrival"}
    assert all("untraced/" in row for row in kept.get("arrival", ()))


def test_an_answer_goes_to_a_question_of_the_own_room_only(site: World) -> None:
    ana = building(site, 2)[0]
    deed = Filled("stuck/answer", {"helped": "This"}, {"cohort_id": 1, "token": "nothing-asked"})
    inbound = Inbound("forged", "local", ana.id, Profile("Ana"), deed)
    outcome = site.run(site.app.doors["local"](inbound))
    assert outcome is not None and outcome.template == "commands/gone"
