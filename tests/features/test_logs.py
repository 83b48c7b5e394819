"""Logs hold ids, keys and counts: never a name, an address, or a word that somebody wrote, also when things break."""

from __future__ import annotations

import importlib
import io
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import structlog

from bot import features, logs
from bot.bugs import traced
from bot.config import Settings
from bot.platforms.base import Inbound, Parcel, Profile, Receipt, SendError, Typed
from bot.platforms.local.send import LocalPlatform
from cohorts.people import Person
from cohorts.store import Store
from tests.support.chat import Person as Somebody
from tests.support.chat import World

WORD = "quagga"  # stands in everything that anybody writes here
NAMES = ("Annabel", "Benedikt", "Chidera", "Dorothea")
MAIL = "{}@mail.quagga-post.dev"

TROUBLE = """
from sqlalchemy import text

from bot.ask import Ask, Reply
from bot.command_text import Kind
from bot.registry import Option, command
from cohorts.kudos import Kudos
from cohorts.people import Role


def option():
    return [Option("words", "Anything", rest=True)]


@command("cohort raise", help="An error that quotes", role=Role.ANYONE, options=option())
def raise_(ask: Ask, words: str = "") -> Reply:
    secret = words + ask.person.name
    raise ValueError(secret) from KeyError(secret)


@command("cohort parameters", help="A statement that fails", role=Role.ANYONE, options=option())
def parameters(ask: Ask, words: str = "") -> Reply:
    ask.db.execute(text("insert into nowhere values (:words)"), {"words": words})


@command("cohort integrity", help="A row that does not fit", role=Role.ANYONE, options=option())
def integrity(ask: Ask, words: str = "") -> Reply:
    ask.db.add(Kudos(giver_id=-1, receiver_id=-1, words=words, at=ask.now))
    ask.db.flush()


@command("cohort template", help="A fact that is missing", role=Role.ANYONE, options=option())
def template(ask: Ask, words: str = "") -> Reply:
    return Reply("kudos/received", words=words)
"""


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything logged by us and by every library, at the level debug, as a terminal would show it."""
    stream = io.StringIO()
    root, settings = logging.getLogger(), Settings(log_level="debug", log_format="console")
    before, level = root.handlers[:], root.level
    logs.configure(settings, stream)
    root.setLevel(logging.DEBUG)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)


class Stumbling(LocalPlatform):
    """Loses every fifth answer, and refuses what goes to one person."""

    sent = 0

    async def send(self, parcel: Parcel) -> Receipt:
        self.sent += 1
        if parcel.account == "dot":
            raise SendError("dm-closed", permanent=True)
        if self.sent % 5 == 0:
            raise OSError(f"connection lost while sending {parcel.message}")
        if self.sent % 7 == 0:
            raise ValueError(f"could not send {parcel.message}")
        return await super().send(parcel)


def world(tmp_path: Path, migrated: Path) -> World:
    made = World(tmp_path, template=migrated, packages=(features, trouble(tmp_path)))
    stumbling = Stumbling(made.chat, made.clock.now)
    made.app.platforms["local"] = stumbling
    return made


def trouble(folder: Path) -> ModuleType:
    name = "features_that_quote"
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text("")
    (folder / name / "trouble.py").write_text(TROUBLE)
    sys.path.insert(0, str(folder))
    try:
        for module in [one for one in sys.modules if one.split(".")[0] == name]:
            del sys.modules[module]
        importlib.import_module(f"{name}.trouble")
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))


def found_in(text: str) -> list[str]:
    secrets = [WORD, *NAMES, "Facundo", "Oluwaseun", "@mail", "annabel", "benedikt"]
    return [f"{secret}: {line}" for line in text.splitlines() for secret in secrets if secret.lower() in line.lower()]


def wordy(person: Somebody) -> None:
    """Fill whatever is open, in words that can be found again."""
    for _ in range(5):
        if person.client.open_form is None:
            return
        fields = person.form["fields"]
        texts = [one["key"] for one in fields if one["kind"] in ("line", "paragraph")]  # type: ignore[attr-defined]
        answers: dict[str, object] = dict.fromkeys(texts, f"A {WORD} told me {person.id}")
        others = {one["key"]: one for one in fields if one["key"] not in texts}  # type: ignore[attr-defined]
        for key, one in others.items():
            choices = [choice["value"] for choice in one["choices"]]
            answers[key] = {"choice": choices[:1] and choices[0], "choices": choices[:1], "number": 25, "nps": 9}.get(
                one["kind"], {"yes_no": True, "scale": one["high"], "date": "2027-01-01"}.get(one["kind"])
            )
            if one["kind"] == "link":
                answers[key] = f"https://{WORD}.test/{person.id}"
        person.fills(**answers)
        assert not person.errors


def test_a_whole_cohort_with_everything_that_can_fail_leaves_no_word_in_the_logs(
    tmp_path: Path, migrated: Path, logged: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    chat = world(tmp_path, migrated)
    try:
        live(chat)
    finally:
        chat.close()
    printed = capfd.readouterr()
    text = logged.getvalue() + printed.out + printed.err
    for event in ("bug in delivery", "answer lost", "send refused", "bug "):
        assert event in text, event
    assert found_in(text) == []


def live(chat: World) -> None:
    ids = ("ann", "ben", "chi", "dot")
    people = [chat.person(id_, name) for id_, name in zip(ids, NAMES, strict=True)]
    fay, olu = chat.person("fay", "Facundo"), chat.person("olu", "Oluwaseun")
    fay.says("/cohort help")
    olu.says("/program facilitator @fay program:value-accelerator")
    fay.says("/program open value-accelerator 2027-01-11 zone:Europe/Berlin").presses("Open for applications")
    for person in people:
        with_mail(chat, person)
        wordy(person.says("/apply"))
        fay.says(f"/program decide @{person.id} accept")
    until(chat, lambda: fay.presses("Send 4 decisions"))
    fay.says("/program launch").presses("Yes, start")
    first = people[0]
    chat.until(chat.clock.now().replace(year=2027, month=1, day=11, hour=15, minute=1))
    fay.says("/session start")
    chat.passes(minutes=58)
    fay.says("/session end")
    for person in people:
        person.says(f"/cohort reflect the {WORD} was most valuable")
        person.says(f"/submit https://{WORD}.test/{person.id} what the {WORD} taught me")
        person.says(f"/cohort kudos @ben for the {WORD}")
        person.says(f"/cohort kudos @{WORD} for nothing")
        person.says(f"/cohort {WORD}").says(f"/submit link:{WORD}").says(f"what about the {WORD}?")
    for command in ("raise", "parameters", "integrity", "template"):
        first.says(f"/cohort {command} the {WORD} in it")
    chat.passes(hours=2)
    olu.says("/program export all")
    chat.passes(days=1)


def until(chat: World, act: object) -> None:
    """What was lost on the way comes again."""
    chat.passes(minutes=10)
    act()  # type: ignore[operator]


def with_mail(chat: World, person: Somebody) -> None:
    profile = Profile(chat.chat.person(person.id).name, "Europe/Berlin", MAIL.format(person.id))
    inbound = Inbound(f"mail-{person.id}", "local", person.id, profile, Typed("/cohort help"))
    chat.run(chat.app.doors["local"](inbound))


def test_an_error_is_told_by_its_kind_its_causes_and_its_places() -> None:
    try:
        try:
            raise KeyError(f"the {WORD}")
        except KeyError as cause:
            raise ValueError(f"the {WORD} again") from cause
    except ValueError as error:
        told = traced(error)
    assert "ValueError" in str(told) and "KeyError" in str(told)
    assert "test_logs.py" in str(told)
    assert WORD not in str(told)


def test_a_failing_statement_does_not_quote_what_it_was_given(tmp_path: Path, migrated: Path) -> None:
    (tmp_path / "one.sqlite").write_bytes(migrated.read_bytes())
    store = Store(f"sqlite:///{tmp_path / 'one.sqlite'}")
    try:
        with pytest.raises(Exception) as raised:
            store.write(lambda db: db.add(Person(workspace_id=-1, name=f"the {WORD}")))
        assert WORD not in str(raised.value)
    finally:
        store.close()


def test_no_line_of_code_logs_a_traceback_with_words_in_it() -> None:
    """`log.exception` and `exc_info` print an error's message: `traced` tells its places instead."""
    found = [
        f"{file.name}:{number}"
        for file in sorted((Path(features.__file__).parents[1]).rglob("*.py"))
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1)
        if re.search(r"\blog\w*\.exception\(|exc_info=True|print_exc\(", line)
    ]
    assert found == []
