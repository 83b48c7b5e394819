"""Whatever people type is shown as text, or refused in a sentence. Generated from the registry: every field of every
form, every option of every command (typed, and through the fill-in form), every column of every export.
"""

from __future__ import annotations

import csv
import inspect
import io
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel, col, select
from structlog.testing import capture_logs

from bot import catalogue, sheets
from bot.ask import COMMAND, Ask, Asking
from bot.command_text import Kind
from bot.directory import look_up
from bot.message import Answer, Field, FieldKind, Form, Message, Scalar
from bot.platforms.base import Deed, Filled, Inbound, Outcome, Picked, Pressed, Profile, Typed, Wrote
from bot.platforms.local.draw import DrawnBlock, DrawnForm, DrawnInline, DrawnMessage, draw_form, draw_message, text_of
from bot.registry import Declared
from bot.sheets import Format
from bot.understanding import CHOOSE, FILL
from cohorts import chatham, meeting, people
from cohorts.applications import Application
from cohorts.cohort import Cohort
from cohorts.errors import Invalid, Refused, Unclear
from cohorts.facts import clean, thaw
from cohorts.outbox import Effect
from cohorts.people import Role
from cohorts.sessions import Session
from cohorts.store import Db
from tests.support.chat import World
from tests.support.stories import answer, running

MARK = "zebra"  # stands in every hostile text, so that it can be followed
HOSTILE: Mapping[str, str] = {
    "plain": f"{MARK}",
    "slack channel": f"<!channel> {MARK} <!here>",
    "slack everyone": f"<!everyone> {MARK}",
    "slack mention": f"<@U123> {MARK} <#C123|general> <!subteam^S1>",
    "discord everyone": f"@everyone {MARK} @here <@&1> <@!2>",
    "bold": f"**{MARK}** __{MARK}__ *{MARK}* _{MARK}_ ~~{MARK}~~ ||{MARK}||",
    "heading": f"# {MARK}\n## {MARK}\n{MARK}\n===",
    "list": f"- {MARK}\n* {MARK}\n1. {MARK}\n- [ ] {MARK}",
    "quote and rule": f"> {MARK}\n\n---\n\n>>> {MARK}",
    "table": f"| {MARK} | b |\n|---|---|\n| 1 | 2 |",
    "image": f"![{MARK}](https://evil.example/x.png)",
    "code fence": f"```\n{MARK}\n``` `{MARK}`",
    "html": f"<h1>{MARK}</h1><b>{MARK}</b><a href='https://evil.example'>{MARK}</a>",
    "script": f"<script>alert('{MARK}')</script><img src=x onerror=alert(1)>",
    "entities": f"&lt;b&gt; {MARK} &#60; &amp;",
    "jinja expression": f"{{{{ 7*7 }}}} {MARK} {{{{ ''.__class__ }}}}",
    "jinja statement": f"{{% raw %}}{MARK}{{% endraw %}}{{# {MARK} #}}{{% include 'errors/bug.md.j2' %}}",
    "quoted answer": f"{{{{ my.goal }}}} {MARK} {{count}} {{name}}",
    "masked link": f"[{MARK}](https://evil.example) [{MARK}](https://evil.example 'x')",
    "reference link": f"[{MARK}][1]\n\n[1]: https://evil.example",
    "slack masked link": f"<https://evil.example|{MARK}>",
    "autolink": f"<https://evil.example/{MARK}>",
    "bare link": f"https://evil.example/{MARK}?a=1&b=*x* and {MARK}",
    "javascript": f"javascript:alert('{MARK}')",
    "data": f"data:text/html,<b>{MARK}</b>",
    "masked javascript": f"[{MARK}](javascript:alert(1))",
    "long": f"{MARK} " * 1667,
    "one long word": MARK * 2000,
    "emoji": f"🦓 {MARK} 👩‍👩‍👧‍👦 :wave:",
    "right to left": f"\u202e{MARK}\u202c \u05e9\u05dc\u05d5\u05dd \u2067{MARK}\u2069",
    "private use": f"\ue000{MARK}\ue001 \ue0000\ue001 \U000f0000{MARK}\U0010fffd",
    "slot": f"\ue0000\ue001{MARK}",
    "nul": f"{MARK}\x00 \x00{MARK}",
    "control": f"{MARK}\x07\x1b[31m{MARK}\x85{MARK}\x0c",
    "lone surrogates": f"{MARK}\ud800 \udfff{MARK}",
    "zero width": f"\u200b{MARK}\u200d\ufeff{MARK}",
    "equals": f"=1+1 {MARK}",
    "command": f"=cmd|'/c calc'!{MARK}",
    "plus": f"+{MARK}",
    "minus": f"-{MARK}",
    "at": f"@SUM({MARK})",
    "tab": f"\t={MARK}",
    "full width": f"\uff1d1+1 {MARK}",
    "quotes": f"\"{MARK}\" “{MARK}” '{MARK}' „{MARK}",
    "named option": f"words:{MARK} link=javascript:{MARK}",
    "sql": f"'; drop table person; -- {MARK} %_\\",
}
PROGRAM = """
key = "everything"
name = "Everything once"
promise = "Every kind of question stands in it."
hosts = "rotate"
place = "https://meet.test/room"

{application}

[people]
goal = "a-paragraph"

[leader]
name = "Ada Osei"
letter = "Well walked."

[[surveys]]
key = "exit"
name = "Looking back"
when = "session-end"

{survey}

[[surveys]]
key = "team"
name = "For those who lead"
when = "session-end"
for = ["facilitators"]

[[surveys.questions]]
key = "well"
ask = "What went well?"
kind = "paragraph"

[[sessions]]
key = "first"
title = "The first hour"
minutes = 60

[[sessions.homework]]
key = "made"
title = "What you made"
ask = "Show it."

[[sessions.homework]]
key = "written"
title = "What you think"
ask = "Write it."
evidence = "text"
peer_review = 1
wall = "names"

[[sessions.homework]]
key = "linked"
title = "Where it is"
ask = "Link it."
evidence = "link"

[[sessions]]
key = "second"
title = "The second hour"
minutes = 60

[[prompts]]
key = "midweek"
when = "day 40 at 09:00"
ask = "How is it going?"
"""
KINDS = {
    "choice": 'choices = ["One", "Two"]',
    "choices": 'choices = ["One", "Two"]',
    "scale": "low = 1\nhigh = 5",
}


def questions(table: str) -> str:
    """One question of every kind there is."""
    return "\n".join(
        f'[[{table}]]\nkey = "a-{kind.replace("_", "-")}"\nask = "A {kind}?"\nkind = "{kind}"\n{KINDS.get(kind, "")}\n'
        for kind in FieldKind
        if kind is not FieldKind.FILE  # homework takes files, questions don't
    )


@dataclass(frozen=True)
class Open:
    """A page of a form, as somebody has it before them."""

    who: str
    form: Form


class Stage:
    """One cohort after its first session, a second one that takes applications, and people who type what they like."""

    def __init__(self, folder: Path, migrated: Path) -> None:
        programs = folder / "programs"
        programs.mkdir()
        program = PROGRAM.format(application=questions("application.questions"), survey=questions("surveys.questions"))
        (programs / "everything.toml").write_text(program, "utf-8")
        self.world = World(folder, template=migrated, programs=programs)
        self.ids = itertools.count()
        members = [*running(self.world, 4, "everything")]
        self.world.until(self.world.clock.now().replace(year=2027, month=1, day=11, hour=15))
        self.room = members[0].room()
        for member in members:
            member.presses("I'm here", room=self.room)
        self.world.fay.says("/session start")
        self.world.passes(minutes=50)
        self.world.fay.says("/session end")
        for member in members[:3]:
            member.says("/submit homework:written words:Read this.")
        self.world.fay.says("/program open everything 2027-04-05 zone:Europe/Berlin").presses("Open for applications")
        self.world.person("pia", "Pia")
        answer(self.world.pia.says("/apply"))
        self.registry = self.world.app.registry
        self.listed = catalogue.load(programs)
        self.world.store.write(self._names_nobody)
        self.forms = list(self._forms())

    def ask(self, who: str, deed: Deed, *, name: str | None = None, room: str | None = None) -> Outcome:
        profile = Profile(name or who.capitalize(), "Europe/Berlin")
        inbound = Inbound(f"e{next(self.ids)}", "local", who, profile, deed, room)
        outcome = self.world.run(self.world.app.doors["local"](inbound))
        assert outcome is not None
        return outcome

    def by(self, declared: Declared) -> str:
        return {Role.HOST: "fay", Role.FACILITATOR: "fay", Role.OWNER: "olu"}.get(declared.role or Role.ANYONE, "ana")

    def _names_nobody(self, db: Db) -> None:
        """In the second session, so that the forms without a name are found there."""
        second = db.exec(select(Session).where(Session.key == "second").order_by(col(Session.id))).first()
        assert second is not None
        chatham.begin(db, second, now=self.world.clock.now())

    def _forms(self) -> Iterator[Open]:
        """Every page of every form that some button or shortcut opens, found by pressing all that change nothing.

        And the one that only a command opens.
        """
        yield from self._pages("ana", self.ask("ana", Typed("/cohort stuck")).form)
        for declared in self.registry.of("button").values():
            for who in ("ana", "pia", "fay"):
                for args in self._possible(declared):
                    if self._opens(declared, who, args):
                        yield from self._pages(who, self.ask(who, Pressed(declared.name, args)).form)
        for shortcut in self.registry.of("shortcut"):
            picked = Picked(shortcut, "Read this.", "https://example.org/a", author="ben")
            yield from self._pages("ana", self.ask("ana", picked).form)

    def _pages(self, who: str, opened: Form | None) -> Iterator[Open]:
        while opened is not None:
            yield Open(who, opened)
            filled = Filled(opened.name, {one.key: fitting(one) for one in opened.fields}, opened.args)
            opened = self.ask(who, filled).form

    def _possible(self, declared: Declared) -> Iterator[dict[str, str | int | bool]]:
        wanted = list(inspect.signature(declared.handler).parameters)[1:]
        pool: dict[str, list[Scalar]] = {
            "cohort_id": self._all("cohort"),
            "cohort": self._all("cohort"),
            "session_id": self._all("session")[:2],
            "homework_id": self._all("homework")[:3],
            "application_id": self._all("application"),
            "survey": ["exit", "team"],
            "prompt": ["midweek"],
            "review_id": self._all("review"),
            "program": ["everything"],
            "starts_on": ["2027-09-06"],
            "zone": ["Europe/Berlin"],
            "token": self._tokens(),
        }
        if all(name in pool for name in wanted):
            for values in itertools.product(*(pool[name] for name in wanted)):
                yield dict(zip(wanted, values, strict=True))

    def _all(self, table: str) -> list[Scalar]:
        column = SQLModel.metadata.tables[table].c.id
        return self.world.store.read(lambda db: list(db.execute(sa.select(column).order_by(column)).scalars()))

    def _tokens(self) -> list[Scalar]:
        keys = sa.select(col(Effect.key)).where(col(Effect.key).startswith("stuck/"))
        return self.world.store.read(lambda db: [key.partition("/")[2] for key in db.execute(keys).scalars()])

    def _opens(self, declared: Declared, who: str, args: Mapping[str, object]) -> bool:
        """Tried on the engine that cannot write: what opens a form writes nothing."""

        def attempt(db: Db) -> bool:
            place = people.workspace_known(db, "local", "local")
            assert place is not None
            person = people.known(db, place, who)
            assert person is not None
            ask = Ask(
                db,
                self.world.clock.now(),
                person,
                place,
                "attempt",
                registry=self.registry,
                catalogue=self.listed,
            )
            return isinstance(declared.handler(ask, **args), Asking)

        try:
            return self.world.store.read(attempt)
        except (Refused, Invalid, Unclear, sa.exc.DBAPIError):  # the last: it wanted to write, so it opens no form
            return False

    def forgets_homework(self) -> None:
        """What was set from chat under other texts; its titles would stand beside those of this one."""
        own = SQLModel.metadata.tables["homework"]
        self.world.store.write(lambda db: db.execute(sa.delete(own).where(own.c.ask != "")))

    def bugs(self, entries: Iterable[Mapping[str, object]]) -> list[object]:
        return [one for one in entries if one.get("log_level") in ("error", "critical")]


def fitting(field: Field) -> Answer:
    if field.key in ("due", "when"):
        return "2027-02-02 10:00"
    fit: dict[FieldKind, Answer] = {
        FieldKind.CHOICE: field.choices[0].value if field.choices else None,
        FieldKind.CHOICES: [one.value for one in field.choices[:1]],
        FieldKind.SCALE: field.low,
        FieldKind.NPS: 7,
        FieldKind.NUMBER: 3,
        FieldKind.YES_NO: True,
        FieldKind.DATE: "2027-01-01",
        FieldKind.LINK: "https://build.test/one",
    }
    return fit.get(field.kind, "Some words.")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("hostile"), migrated)
    yield made
    made.world.close()


# What no hostile text is an answer to.
STRICT = (FieldKind.CHOICE, FieldKind.CHOICES, FieldKind.SCALE, FieldKind.NPS, FieldKind.NUMBER, FieldKind.DATE)

hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())


# What may be drawn


def inlines_of(drawn: DrawnMessage) -> Iterator[list[DrawnInline]]:
    yield drawn["title"]
    for blocks in (drawn["blocks"], *(card["blocks"] for card in drawn["cards"])):
        yield from within(blocks)


def within(blocks: Iterable[DrawnBlock]) -> Iterator[list[DrawnInline]]:
    for block in blocks:
        if block["b"] == "paragraph" or block["b"] == "heading":
            yield block["inlines"]
        elif block["b"] == "list":
            yield from block["items"]
        elif block["b"] == "quote":
            yield from within(block["blocks"])


def lines_of(inlines: list[DrawnInline]) -> Iterator[str]:
    line = ""
    for node in inlines:
        if node["t"] == "break":
            yield line
            line = ""
        elif node["t"] == "text" or node["t"] == "link":
            line += node["text"]
    yield line


def shown_as_text(drawn: DrawnMessage, text: str, accounts: Iterable[str], *, whole: bool) -> None:
    """Marked words stand in literal nodes, in bare links, or are somebody's name. `whole`: as they were typed."""
    known = {None, *accounts}
    typed = [line.strip() for line in clean(text).splitlines() if MARK in line]
    for inlines in inlines_of(drawn):
        for node in inlines:
            if node["t"] == "text" and MARK in node["text"]:
                assert node.get("literal") is True, node
            elif node["t"] == "link":
                assert node["url"].lower().startswith(("http://", "https://")), node
                assert node["text"] == node["url"] or "evil" not in node["url"], node
            elif node["t"] == "mention":
                assert node["account"] in known, node
        for line in lines_of(inlines):
            if whole and MARK in line:
                assert any(one[:20].strip() in line for one in typed), (line, typed)
    kept(drawn)


def kept(drawn: DrawnMessage | DrawnForm) -> None:
    """Nothing that no database keeps, and none of our own marks, reaches a screen."""
    as_json = json.dumps(drawn, ensure_ascii=False)
    assert clean(as_json) == as_json
    assert "\\u0000" not in as_json


def settled(stage: Stage, outcome: Outcome, text: str, *, whole: bool) -> None:
    accounts = [one.id for one in stage.world.chat.people()] + ["mal"]
    if outcome.message is not None:
        drawn = draw_message(outcome.message)
        shown_as_text(drawn, text, accounts, whole=whole)
    if outcome.form is not None:
        kept(draw_form(outcome.form))
    for remark in outcome.errors.values():
        assert clean(remark) == remark


# The tests


def test_every_form_that_a_feature_declares_is_found_by_pressing_buttons(stage: Stage) -> None:
    assert {one.form.name for one in stage.forms} == set(stage.registry.of("form"))
    assert {field.kind for one in stage.forms for field in one.form.fields} == set(FieldKind)


@hostile
def test_in_a_field_of_a_form(stage: Stage, text: str) -> None:
    stage.forgets_homework()
    with capture_logs() as logs:
        for one in stage.forms:
            for field in one.form.fields:
                good: dict[str, Answer] = {other.key: fitting(other) for other in one.form.fields}
                value: Answer = [text] if field.kind is FieldKind.CHOICES else text
                filled = Filled(one.form.name, {**good, field.key: value}, one.form.args)
                if field.kind is FieldKind.PARAGRAPH:
                    settled(stage, stage.ask(one.who, replace(filled, closed=True)), text, whole=True)
                outcome = stage.ask(one.who, filled)
                settled(stage, outcome, text, whole=True)
                if field.kind in STRICT:
                    assert field.key in outcome.errors
        stage.world.settle()
    assert stage.bugs(logs) == []
    delivered(stage, text)


def titled(message: Message | None) -> str:
    return "".join(getattr(node, "text", "") for node in message.title) if message is not None else ""


def delivered(stage: Stage, text: str) -> None:
    """What reached anybody meanwhile."""
    accounts = [one.id for one in stage.world.chat.people()] + ["mal"]
    for message in stage.world.chat.visible_to("fay") + stage.world.chat.visible_to("ben"):
        if message.author == "bot":
            shown_as_text(message.payload, text, accounts, whole=False)


# What stands in the required options beside the hostile one.
OTHERS: Mapping[Kind, Answer] = {Kind.PERSON: "@ben", Kind.NUMBER: 60, Kind.MOMENT: "2027-02-02 10:00"}


@hostile
def test_in_an_option_of_a_command(stage: Stage, text: str) -> None:
    stage.forgets_homework()
    with capture_logs() as logs:
        for path, declared in stage.registry.commands.items():
            who = stage.by(declared)
            for option in declared.options:
                others: dict[str, Answer] = {
                    one.name: OTHERS.get(one.kind, "x")
                    for one in declared.options
                    if one.required and one is not option
                }
                for deed in (
                    Typed(f"/{path} {text}"),
                    Typed(f'/{path} {option.name}:"{text}"'),
                    Typed(f"/{path} {option.name}:{text}"),
                    Filled(FILL, {**others, option.name: text}, {COMMAND: path}),
                    Filled(CHOOSE, {"cohort": text}, {COMMAND: path, option.name: text}),
                ):
                    outcome = stage.ask(who, deed, room=stage.room)
                    assert outcome.message or outcome.form or outcome.errors, (path, option.name)
                    settled(stage, outcome, text, whole=False)
        stage.world.settle()
    assert stage.bugs(logs) == []
    delivered(stage, text)


@hostile
def test_as_words_to_the_bot_an_unknown_command_or_a_completion(stage: Stage, text: str) -> None:
    door = stage.world.app.doors["local"]
    with capture_logs() as logs:
        for deed in (
            Wrote(text),
            Typed(text),
            Typed(f"/{text}"),
            Typed(f"/cohort {text}"),
            Pressed(text),
            Filled(text, {text: text}),
        ):
            settled(stage, stage.ask("ana", deed), text, whole=False)
        for path, declared in stage.registry.commands.items():
            for option in declared.options:
                inbound = Inbound("x", "local", stage.by(declared), Profile("X"), Typed(f"/{path} {text}"), stage.room)
                stage.world.run(door.complete(inbound, option.name, text))
    assert stage.bugs(logs) == []


@hostile
def test_what_is_taken_reaches_others_word_for_word(stage: Stage, text: str) -> None:
    """Thanks to a peer, a shared reflection in the recap, an application in the queue."""
    lines = [line.rstrip() for line in clean(text).strip().splitlines() if MARK in line]
    with capture_logs() as logs:
        thanked = stage.ask("ana", Filled(FILL, {"person": "@ben", "words": text}, {COMMAND: "cohort kudos"}))
        stage.world.settle()
        assert ("Passed on" in titled(thanked.message)) == (len(clean(text).strip()) <= 500)
        if "Passed on" in titled(thanked.message):
            has_all(text_of(thanks(stage)), lines)

        reflect = next(one for one in stage.forms if one.form.name == "reflections/reflect")
        kept_ = stage.ask("ana", Filled(reflect.form.name, {"words": text, "share": True}, reflect.form.args))
        assert bool(kept_.errors) == (len(text) > 2000)
        if not kept_.errors:
            has_all(text_of(recap(stage, text)), lines)

        apply_ = next(one for one in stage.forms if one.who == "pia" and one.form.page == 1)
        answers = {one.key: fitting(one) for one in apply_.form.fields}
        wordy = next(one.key for one in apply_.form.fields if one.kind is FieldKind.PARAGRAPH)
        applied = stage.ask("pia", Filled(apply_.form.name, {**answers, wordy: text}, apply_.form.args))
        assert bool(applied.errors) == (len(text.strip()) > 3000)
        if not applied.errors:
            queue = stage.ask("fay", Pressed("applications/queue", {"cohort_id": apply_.form.args["cohort_id"]}))
            assert queue.message is not None
            has_all(text_of(draw_message(queue.message)), lines)
    assert stage.bugs(logs) == []


def has_all(shown: str, lines: list[str]) -> None:
    for line in lines:
        assert line in shown, (line, shown)


def thanks(stage: Stage) -> DrawnMessage:
    """The last that were passed on, as they are told with a letter."""

    def drawn(db: Db) -> DrawnMessage:
        newest = col(Effect.id).desc()
        effect = db.exec(select(Effect).where(Effect.template == "kudos/received").order_by(newest)).first()
        assert effect is not None
        facts = thaw(effect.facts)  # type: ignore[arg-type]
        assert isinstance(facts, dict)
        return draw_message(stage.world.app.renderer.message(effect.template, facts, directory=look_up(db, [facts])))

    return stage.world.store.read(drawn)


def recap(stage: Stage, text: str) -> DrawnMessage:
    def facts(db: Db) -> DrawnMessage:
        session = db.exec(select(Session).where(Session.key == "first")).first()
        assert session is not None
        found = meeting.recap(db, db.get_one(Cohort, session.cohort_id), session, stage.world.clock.now())
        message = stage.world.app.renderer.message("sessions/recap-words", found, directory=look_up(db, [found]))
        return draw_message(message)

    drawn = stage.world.store.read(facts)
    shown_as_text(drawn, text, [one.id for one in stage.world.chat.people()], whole=True)
    return drawn


@hostile
def test_as_somebody_s_name(stage: Stage, text: str) -> None:
    """They apply, are thanked, are looked up and stand in the queue; their name is a name and nothing else."""
    with capture_logs() as logs:
        assert stage.ask("mal", Typed("/cohort help"), name=text).message
        assert stage.ask("mal", Typed("/program list"), name=text).message
        apply_ = next(one for one in stage.forms if one.who == "pia" and one.form.page == 1)
        page: Form | None = apply_.form
        while page is not None:
            answers = {one.key: fitting(one) for one in page.fields}
            page = stage.ask("mal", Filled(page.name, answers, page.args), name=text).form
        queue = stage.ask("fay", Pressed("applications/queue", {"cohort_id": apply_.form.args["cohort_id"]}))
        assert queue.message is not None
        drawn = draw_message(queue.message)
        shown_as_text(drawn, text, ["mal", "pia", "ana", "fay"], whole=False)
        named = [node["name"] for one in inlines_of(drawn) for node in one if node["t"] == "mention"]
        assert clean(text)[:200].strip() in named
        refused = stage.ask("ana", Filled(FILL, {"person": "mal", "words": "thanks"}, {COMMAND: "cohort kudos"}))
        assert refused.message is not None
        shown_as_text(draw_message(refused.message), text, ["mal"], whole=False)
        content, _ = exported(stage, "applications", "csv", newest=True)
        assert "pia" in content.lower()
    assert stage.bugs(logs) == []


# Files


def exported(stage: Stage, name: str, format: Format, *, newest: bool = False) -> tuple[str, list[dict[str, object]]]:
    """The file as text (of Excel: nothing) and its rows, as a reader of that format finds them."""

    def make(db: Db) -> bytes:
        cohorts = list(db.exec(select(Cohort).order_by(col(Cohort.id))).all())
        sheet = stage.registry.handlers("export")[name](db, cohorts[-1 if newest else 0])
        return sheets.write(sheet, format)[0]

    content = stage.world.store.read(make)
    if format == "csv":
        text = content.decode("utf-8-sig")
        return text, list(csv.DictReader(io.StringIO(text, newline="")))
    if format == "json":
        return content.decode("utf-8"), json.loads(content)
    page = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    rows = list(page.iter_rows())
    for row in rows:
        assert all(cell.data_type != "f" for cell in row), name
    head = [str(cell.value) for cell in rows[0]]
    return "", [dict(zip(head, (cell.value for cell in row), strict=True)) for row in rows[1:]]


REACHED = {
    ("applications", "name"),
    ("applications", "answer_a-line"),
    ("applications", "answer_a-paragraph"),
    ("homework", "words"),
    ("nps", "comment"),
}


@hostile
def test_in_a_column_of_an_export(stage: Stage, text: str) -> None:
    typed = text[:400]
    stage.ask("mal", Typed("/cohort pause"), name=typed)
    for one in stage.forms:
        answers = {
            field.key: typed if field.kind in (FieldKind.LINE, FieldKind.PARAGRAPH) else fitting(field)
            for field in one.form.fields
        }
        stage.ask(one.who, Filled(one.form.name, answers, one.form.args))
    stage.ask("mal", Pressed("applications/apply", {"cohort_id": 2}), name=typed)
    reached: set[tuple[str, str]] = set()
    for name in stage.registry.of("export"):
        for newest in (False, True):
            raw, exact = exported(stage, name, "json", newest=newest)
            if MARK not in raw:
                continue
            for format_ in ("csv", "xlsx"):
                rows = exported(stage, name, format_, newest=newest)[1]
                assert len(rows) == len(exact)
                for row, true in zip(rows, exact, strict=True):
                    for column, value in row.items():
                        if MARK in str(true[column]):
                            reached.add((name, column))
                            harmless(format_, str(value), str(true[column]))
    assert reached >= REACHED - ({("applications", "name")} if "mal" not in applicants(stage) else set())


def applicants(stage: Stage) -> set[str]:
    def read(db: Db) -> set[str]:
        same = col(Application.person_id) == col(people.Account.person_id)
        return set(db.exec(select(people.Account.external).join(Application, same)).all())

    return stage.world.store.read(read)


def harmless(format: str, found: str, true: str) -> None:
    printable = sheets._UNPRINTABLE.sub("", true)
    if format == "xlsx":
        assert norm(found) == norm(printable)
        return
    # A quote stands before whatever a spreadsheet might run, also inside, where it might cut.
    assert norm(found.replace("'", "")) == norm(printable.replace("'", ""))
    assert found[:1] not in ("=", "+", "-", "@", "\t", "\r", "\uff1d")


def norm(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
