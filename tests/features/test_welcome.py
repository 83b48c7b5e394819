"""Day 0: one message to whoever brings the bot in, or owns it, with three ways to begin."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from bot.config import Settings
from cohorts import installations, people, welcome
from cohorts.people import Granted
from cohorts.store import Db
from tests.support.chat import World

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
HELLO = "Hello, I am Caravan"


def test_the_first_owner_who_appears_is_greeted_once(chat: World) -> None:
    chat.olu.says("/program list").says("/program list")
    chat.passes(days=2)
    assert sum(HELLO in text for text in chat.olu.texts()) == 1
    chat.ana.says("/program list")
    assert not chat.ana.sees(HELLO), "it is for owners"


def test_each_button_leads_to_its_command(chat: World) -> None:
    chat.olu.says("/cohort help").presses("Rehearse it")
    assert "caravan rehearse" in chat.olu.last and "--people 8" in chat.olu.last
    chat.olu.presses("See what a member gets")
    assert "what a member gets" in chat.olu.last
    chat.olu.presses("Open a program", on=HELLO)
    assert "/program open value-accelerator 11 january" in chat.olu.last
    chat.olu.presses("Say which one, and when")
    assert [field["key"] for field in chat.olu.form["fields"]][:2] == ["program", "starts"]  # type: ignore[attr-defined]
    chat.olu.presses("Name a facilitator", on=HELLO)
    assert "/program facilitator @fay" in chat.olu.last


def test_plain_words_show_it_again(chat: World) -> None:
    chat.olu.says("/cohort help")
    assert HELLO in chat.olu.says("how do I begin?").last


def test_two_owners_of_one_workspace_hear_it_once_together(tmp_path: Path, migrated: Path) -> None:
    chat = World(tmp_path, template=migrated, settings=Settings(owners=("olu", "uma")))
    try:
        chat.olu.says("/cohort help")
        chat.person("uma").says("/cohort help")
        assert [one.sees(HELLO) for one in (chat.olu, chat.person("uma"))] == [True, False]
    finally:
        chat.close()


def test_whoever_is_named_owner_after_they_were_met_is_greeted_at_the_next_start(
    tmp_path: Path, migrated: Path
) -> None:
    before = World(tmp_path, template=migrated, settings=Settings())
    before.olu.says("/cohort help")
    before.close()
    chat = World(tmp_path, settings=Settings(owners=("olu",)), chat=before.chat)
    try:
        chat.settle()
        assert chat.olu.sees(HELLO)
    finally:
        chat.close()


def test_who_lets_the_bot_in_owns_that_workspace_and_no_other(chat: World) -> None:
    def install(db: Db) -> None:
        for team, by in (("T1", "U1"), ("T2", "U2")):
            installations.keep(db, "slack", team, name=team, sealed=b"-", by=by, now=NOW)
            welcome.let_in(db, "slack", team, name=team, by=by, now=NOW)

    def owners(db: Db) -> set[tuple[str, str]]:
        found = set()
        for team in ("T1", "T2"):
            place = people.workspace(db, "slack", team)
            for account in ("U1", "U2"):
                person = people.known(db, place, account)
                if person is not None and people.is_owner(db, person):
                    found.add((team, account))
        return found

    chat.store.write(install)
    assert chat.store.read(owners) == {("T1", "U1"), ("T2", "U2")}
    chat.app.prepare()
    assert chat.store.read(owners) == {("T1", "U1"), ("T2", "U2")}, "also after a start"
    chat.store.write(lambda db: installations.drop(db, "slack", "T2"))
    chat.app.prepare()
    assert chat.store.read(owners) == {("T1", "U1")}, "not after the app was removed"


def test_installing_again_does_not_greet_again(chat: World) -> None:
    def sent(db: Db) -> int:
        from sqlmodel import select

        from cohorts.outbox import Effect

        return len(db.exec(select(Effect).where(Effect.template == "welcome/first")).all())

    for _ in range(2):
        chat.store.write(lambda db: welcome.let_in(db, "slack", "T1", name="Acme", by="U1", now=NOW))
    assert chat.store.read(sent) == 1
    person = chat.store.read(lambda db: people.known(db, people.workspace(db, "slack", "T1"), "U1"))
    assert person is not None
    assert not chat.store.write(lambda db: people.grant(db, person, Granted.OWNER)), "they have it"
