"""Two workspaces in one process share nothing. Generated from the registry: whatever somebody of one does with ids,
names and handles of the other, they see nothing of it and change nothing there; and each is spoken to with its own
token only.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlmodel import SQLModel, col, select
from structlog.testing import capture_logs

from bot import features
from bot.command_text import Kind
from bot.config import TEMPLATES
from bot.message import Button, Field, FieldKind, Form, Message, Paragraph, Scalar, Text
from bot.platforms.base import Inbound, Profile, Typed
from bot.platforms.slack.draw import draw
from bot.platforms.slack.forms import modal
from bot.registry import Declared, collect
from bot.words import Words
from cohorts.cohort import Cohort, CohortState
from cohorts.outbox import Effect, EffectState
from cohorts.people import Account, Granted, Person, Role, Workspace
from cohorts.people import Grant as GrantRow
from cohorts.program_kinds import SessionKind
from cohorts.sessions import Session, SessionState
from cohorts.store import Db
from cohorts.touchpoints import Touchpoint, TouchpointState
from tests.features.test_permissions import OPTIONS, PROGRAM, WORDS, is_id, parameters
from tests.platforms.fakes.slack import Person as Human
from tests.platforms.fakes.slack import Team
from tests.platforms.fakes.slack.state import Call
from tests.platforms.fakes.slack.state import Message as Posted
from tests.platforms.slack_stage import SlackActor
from tests.platforms.slack_world import SlackWorld, applied, opened, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

OURS = collect(features)
SORTS = ("command", "button", "form", "closed", "words", "shortcut")
DOORS = [(sort, declared) for sort in SORTS for declared in OURS.of(sort).values()]
AMBER_STARTS, BIRCH_STARTS = "2027-01-11", "2027-01-18"
MIDWAY = datetime(2027, 1, 18, 16, 15, tzinfo=UTC)  # both have met; homework, surveys and reflections are open
MORE = """
guest = "gus"

[[guests]]
key = "gus"
name = "Gus Ek"
brief = "Ten minutes of what they did."

[leader]
name = "Ada Osei"
letter = "Well walked."

[graduation]
attend = 0
reunion = "30d after graduation"

[[surveys]]
key = "later"
when = "day 41 at 09:00"

[[surveys.questions]]
key = "why"
ask = "What stays?"
kind = "paragraph"

[[touchpoints]]
key = "word"
when = "day 30 at 09:00"
text = "A word on the way."
"""
SAID = ("words", "question", "title", "ask")  # what one types oneself is shown to one's own people
Key = tuple[str, object]  # a row: its table and its id


@dataclass
class Side:
    """One workspace and its people. `words` may be read in it alone."""

    team: Team
    mark: str  # a word in every name and title of it
    lead: str
    members: tuple[str, ...]
    applicant: str
    rows: dict[str, list[int]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    handles: list[str] = field(default_factory=list)  # of its cohorts


class Towns(SlackWorld):
    """Amber and Birch: the same programs and the same roles, and one user id that both have."""

    amber: Side
    birch: Side
    told: int  # calls until the story ended and the forging began
    shown: list[tuple[Side, Human, str]]  # what everybody saw until then

    async def story(self) -> Towns:
        first, second = self.teams
        self.amber = Side(first, "Amber", "Fay Amber", ("Ana Amber", "Ben Amber", "Chi Amber"), "Pia Amber")
        self.birch = Side(second, "Birch", "Fin Birch", ("Ada Birch", "Bob Birch", "Cyd Birch"), "Pat Birch")
        self.same_id(self.of(first, "Ana Amber"), second, "Ada Birch")
        for side, starts in ((self.amber, AMBER_STARTS), (self.birch, BIRCH_STARTS)):
            await running(self, side.team, side.lead, "alpha", starts, side.members)
            await self.says_something_of_its_own(side)
        for side in (self.amber, self.birch):
            await self.meets(side)
        await self.until(MIDWAY)
        for side, starts in ((self.amber, "2027-05-03"), (self.birch, "2027-06-07")):
            await opened(self, side.team, side.lead, "beta", starts)
            await applied(self, self.of(side.team, side.applicant), "beta")
            first_of, second_of = (self.of(side.team, name) for name in side.members[:2])
            for person in (self.of(side.team, name) for name in side.members):
                await person.types(f"/submit https://{side.mark.lower()}.test the {side.mark} way")
                await self.quiet()
            await first_of.types(f"/cohort kudos @{second_of.user.handle} for {side.mark} tea")
        await self.settle()
        for side in (self.amber, self.birch):
            reader = SlackActor(self.of(side.team, side.members[0]))
            await reader.types("/cohort review")
            await self.quiet()
            await reader.presses("Review")
            await reader.answers()
            await self.settle()
            self.known(side)
        self.told = len(self.slack.calls)
        sides = (self.amber, self.birch)
        self.shown = [(side, one, self.screen(one)) for side in sides for one in side.team.people.values()]
        return self

    async def says_something_of_its_own(self, side: Side) -> None:
        fay = self.of(side.team, side.lead)
        day = "2027-02-01" if side is self.amber else "2027-02-02"
        await fay.types(f'/session schedule {day} 16:00 "The {side.mark} hour"')
        await self.quiet()
        await fay.presses("Yes, add it")
        await self.settle()
        await fay.types(f'/session poll choices:"{side.mark} tea, coffee" question:What do we of {side.mark} drink?')
        await self.settle()
        await self.of(side.team, side.members[0]).presses(f"{side.mark} tea")
        await self.settle()

    async def meets(self, side: Side) -> None:
        """Somebody is there, so that the next session begins by itself; nobody remembers to name people again."""

        def coming(db: Db) -> datetime:
            of_place = select(Session.starts_at).join(Cohort, col(Cohort.id) == col(Session.cohort_id))
            of_place = of_place.join(Workspace, col(Workspace.id) == col(Cohort.workspace_id))
            mine = of_place.where(
                Workspace.external == side.team.id,
                Cohort.state == CohortState.RUNNING,
                Session.state == SessionState.PLANNED,
                Session.kind == SessionKind.SESSION,
                col(Session.starts_at) > self.clock.now(),
            )
            return min(db.exec(mine).all())

        starts = self.store.read(coming)
        await self.until(starts)
        await self.of(side.team, side.members[0]).says("i'm here")
        await self.until(starts + timedelta(minutes=11))
        lead = self.of(side.team, side.lead)
        await lead.says("two more minutes")  # so that it runs over
        await self.quiet()
        await lead.says("chatham house")
        await self.settle()

    def known(self, side: Side) -> None:
        """The ids of its rows, by the names that buttons carry, and the words that only it may read."""
        owned = self.owned(side)
        for name in (
            "cohort",
            "session",
            "homework",
            "application",
            "membership",
            "effect",
            "person",
            "poll",
            "review",
        ):
            side.rows[f"{name}_id"] = sorted(int(str(key)) for table, key in owned if table == name)
        side.rows["cohort"] = side.rows["cohort_id"]
        side.handles = [str(row[2]) for (table, _), row in owned.items() if table == "cohort"]
        side.words = [side.mark, side.mark.lower(), side.team.id]
        side.words += [one for one in side.team.channels if self.is_own(one, side)]
        side.words += [one for one in side.team.users if self.is_own(one, side)]

    def is_own(self, id: str, side: Side) -> bool:
        other = self.birch if side is self.amber else self.amber
        return id not in other.team.users

    def other(self, side: Side) -> Side:
        return self.birch if side is self.amber else self.amber

    # Rows.

    def owned(self, side: Side) -> dict[Key, tuple[object, ...]]:
        """Every row that leads to the workspace, by whatever foreign keys."""

        def found(db: Db) -> dict[Key, tuple[object, ...]]:
            (place,) = db.exec(select(Workspace.id).where(Workspace.external == side.team.id)).all()
            mine: dict[Key, tuple[object, ...]] = {}
            tables = {
                name: list(db.execute(sa.select(table)).mappings()) for name, table in SQLModel.metadata.tables.items()
            }
            grown = True
            while grown:
                grown = False
                for name, rows in tables.items():
                    table = SQLModel.metadata.tables[name]
                    links = [(fk.parent.name, fk.column.table.name) for fk in table.foreign_keys]
                    for row in rows:
                        key = (name, next(row[one.name] for one in table.primary_key))
                        itself = name == "workspace" and row["id"] == place
                        if key not in mine and (itself or any((to, row[of]) in mine for of, to in links)):
                            mine[key] = tuple(row.values())
                            grown = True
            return mine

        return self.store.read(found)

    # What somebody sees.

    def breathes(self, person: Human) -> None:
        """A minute passes, so that Slack may be asked again; their screen is empty."""
        self.clock.forward(timedelta(minutes=1, seconds=1))
        person.whispers.clear()
        person.stack.clear()

    def screen(self, person: Human) -> str:
        """All that the workspace itself did not know before: everything the bot shows them."""
        bot = person.team.bot.id
        said = [person.reader.message(one) for one in person.visible_messages() if one.user == bot]
        raw = [json.dumps(one.blocks) + one.text for one in person.visible_messages() if one.user == bot]
        raw += [json.dumps(one.blocks) + one.text for one in person.whispers]
        raw += [json.dumps(view.body) for view in person.stack]
        if person.home_view is not None:
            raw.append(json.dumps(person.home_view.body))
        files = [one.content.decode("utf-8", "replace") for one in person.team.files.values()]
        return "\n".join((*said, *person.ephemerals, person.modal, person.home, *person.errors, *raw, *files))


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=[False, True], ids=["an app each", "one app for both"]
)
async def towns(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Towns]:
    folder = tmp_path_factory.mktemp("towns")
    programs = folder / "programs"
    programs.mkdir()
    for key in ("alpha", "beta"):
        text = (PROGRAM.rstrip() + MORE).replace("KEY", key)
        (programs / f"{key}.toml").write_text(
            text.replace('ask = "Show it."', 'ask = "Show it."\npeer_review = 1'), "utf-8"
        )
    async with Towns(folder, ("Amber Ltd", "Birch Inc"), one_app=request.param, programs=programs) as made:
        assert isinstance(made, Towns)
        yield await made.story()


# Forged deeds, made by hand as no honest client would.


def who(side: Side, world: Towns, declared: Declared) -> list[Human]:
    """Whoever the declared role lets in, the mightiest first."""
    names = {
        Role.ANYONE: ["Olu", f"Sam {side.mark}"],
        Role.MEMBER: [side.members[0]],
        Role.HOST: [side.lead],
        Role.FACILITATOR: [side.lead],
        Role.OWNER: ["Olu"],
    }
    assert declared.role is not None, declared.name
    return [world.of(side.team, name) for name in names[declared.role]]


def forged(world: Towns, side: Side, declared: Declared) -> Iterator[dict[str, Scalar]]:
    """Arguments with ids of the other workspace; where there are several, also beside one's own."""
    other = world.other(side)
    wanted = parameters(declared)
    ids = [name for name, kind in wanted.items() if is_id(name, kind)]
    rest: dict[str, Scalar] = {name: WORDS.get(name, "x") for name in wanted if name not in ids}
    for foreign in itertools.product((True, False), repeat=len(ids)):
        if ids and not any(foreign):
            continue
        pools = [some(other if is_foreign else side, name) for name, is_foreign in zip(ids, foreign, strict=True)]
        for values in itertools.product(*pools):
            yield {**rest, **dict(zip(ids, values, strict=True))}


def some(side: Side, name: str) -> list[int]:
    """The first row and the last; for a name that nobody told us of, of all kinds."""
    rows = side.rows.get(name) or sorted({one for ids in side.rows.values() for one in ids})
    return sorted({rows[0], rows[-1]})


def lines(world: Towns, side: Side, declared: Declared) -> Iterator[str]:
    """A command alone, and with whatever the other workspace calls its people, programs and rooms."""
    other = world.other(side)
    person = other.team.person(other.members[1])
    yield f"/{declared.name}"
    for shape in (
        person.id,
        f"@{person.user.handle}",
        f"<@{person.id}|{person.user.handle}>",
        f"{other.team.id}/{person.id}",
    ):
        given = {
            one.name: shape
            if one.kind is Kind.PERSON
            else "some words"
            if one.name in SAID
            else OPTIONS.get(one.kind, one.choices[0] if one.choices else shape)
            for one in declared.options
        }
        if given:
            yield f"/{declared.name} " + " ".join(f'{name}:"{value}"' for name, value in given.items())
    if any(one.name == "program" for one in declared.options):
        for name in (*other.handles, *other.rows["cohort_id"]):
            yield f'/{declared.name} program:"{name}"'


async def does(world: Towns, side: Side, person: Human, sort: str, declared: Declared) -> int:
    """Everything of one declaration that can be tried; how many tries that were."""
    tried = 0
    if sort == "command":
        for line in lines(world, side, declared):
            await person.types(line)
            tried += 1
    elif sort == "words":
        for phrase in declared.help.split("|"):
            await person.says(phrase)
            tried += 1
    elif sort == "shortcut":
        message = Posted(world.slack.ts(), person.direct.id, person.id, "I asked five people")
        person.team.post(person.direct, message)
        await person.picks(declared.name, message)
        tried += 1
    else:
        for args in itertools.islice(forged(world, side, declared), 12):
            if sort == "button":
                await pressed(world, person, declared.name, args)
            else:
                await filled(world, person, declared.name, args, closed=sort == "closed")
            tried += 1
    await world.quiet()
    return tried


async def pressed(world: Towns, person: Human, action: str, args: Mapping[str, Scalar]) -> None:
    (drawn,) = draw(Message(blocks=(Paragraph((Text("Forged."),)),), buttons=(Button(action, "Go", args),)))
    blocks = person.team.block_ids([dict(block) for block in json.loads(json.dumps(drawn.blocks))])
    message = Posted(world.slack.ts(), person.direct.id, person.team.bot.id, drawn.text, blocks)
    person.team.post(person.direct, message)
    await person.presses("Go", in_=message)
    person.direct.messages.remove(message)


async def filled(world: Towns, person: Human, name: str, args: Mapping[str, Scalar], *, closed: bool) -> None:
    fields = tuple(Field(key, FieldKind.LINE, key) for key in ("why", "words", "nps", "link"))
    body = json.loads(json.dumps(modal(Form(name, "Forged", fields, "Send", args=args), Words([TEMPLATES]))))
    view = world.slack.new_view(person.team, person.id, body)
    person.shows(view, instead=True)
    typed: dict[str, object] = {"why": "because", "words": "some words", "nps": "9", "link": "https://build.test/one"}
    if closed:
        await person.closes_form(typed)
    else:
        await person.fills(typed)


def named(one: tuple[str, Declared]) -> str:
    return f"{one[0]} {one[1].name}"


def leaks(world: Towns, side: Side, shown: str) -> list[str]:
    """What of the other workspace stands there."""
    return [word for word in world.other(side).words if word in shown]


async def test_all_that_led_here_was_said_with_each_ones_own_token(towns: Towns) -> None:
    own_tokens_only(towns, towns.slack.calls[: towns.told])
    for side, person, shown in towns.shown:
        assert leaks(towns, side, shown) == [], person


async def test_there_is_a_door_of_every_sort() -> None:
    assert {sort for sort, _ in DOORS} == set(SORTS)
    assert len(DOORS) > 60


@pytest.mark.parametrize("door", DOORS, ids=named)
async def test_nothing_of_one_workspace_can_be_seen_or_changed_from_the_other(
    towns: Towns, door: tuple[str, Declared]
) -> None:
    sort, declared = door
    side = towns.birch
    for person in who(side, towns, declared):
        theirs = towns.owned(towns.amber)
        towns.breathes(person)
        before = set(towns.screen(person).splitlines())
        with capture_logs() as logs:
            tried = await does(towns, side, person, sort, declared)
        assert tried
        news = "\n".join(line for line in towns.screen(person).splitlines() if line not in before)
        for echo in echoed(towns, side):
            news = news.replace(echo, "")
        assert leaks(towns, side, news) == [], news
        if sort == "button" and any(is_id(*one) for one in parameters(declared).items()):
            assert [view.body for view in person.stack if view.body["callback_id"] == "form"] == []
        assert towns.owned(towns.amber) == theirs
        assert [one for one in logs if one["log_level"] == "error"] == []


def echoed(world: Towns, side: Side) -> list[str]:
    """An answer may repeat what was asked."""
    other = world.other(side)
    person = other.team.person(other.members[1])
    return [f"{other.team.id}/{person.id}", person.user.handle, person.id, *other.handles]


async def test_no_list_no_page_and_no_completion_shows_the_other(towns: Towns) -> None:
    door = towns.app.doors["slack"]
    for side in (towns.amber, towns.birch):
        names = ["Olu", side.lead, side.members[0], side.applicant, f"Sam {side.mark}"]
        for person in (towns.of(side.team, name) for name in names):
            towns.breathes(person)
            before = set(towns.screen(person).splitlines())
            for declared in OURS.commands.values():
                if declared.reads or declared.role is Role.FACILITATOR:
                    await person.types(f"/{declared.name}")
                for option in declared.options:
                    line = Typed(f"/{declared.name} ")
                    inbound = Inbound("c", side.team.id, person.id, Profile(person.user.name), line)
                    found = await door.complete(inbound, option.name, "")
                    assert leaks(towns, side, str(found)) == []
            await person.opens_home()
            await towns.quiet()
            news = "\n".join(line for line in towns.screen(person).splitlines() if line not in before)
            assert leaks(towns, side, news) == [], person


async def test_no_export_holds_a_row_of_the_other(towns: Towns) -> None:
    for side in (towns.amber, towns.birch):
        olu, known = towns.of(side.team, "Olu"), set(side.team.files)
        for name in OURS.of("export"):
            towns.breathes(olu)
            await olu.types(f"/program export {name} csv")
            await towns.quiet()
            if olu.form is not None:  # which cohort
                await SlackActor(olu).answers()
        await towns.settle()
        made = [one for id, one in side.team.files.items() if id not in known]
        assert len(made) == len(OURS.of("export"))
        for file in made:
            assert leaks(towns, side, file.content.decode()) == [], file.name
            assert leaks(towns, side, file.name) == []
        assert any(side.mark in file.content.decode() for file in made)


async def test_the_same_user_id_in_both_is_two_people(towns: Towns) -> None:
    ana, ada = towns.of(towns.amber.team, "Ana Amber"), towns.of(towns.birch.team, "Ada Birch")
    assert ana.id == ada.id

    def people(db: Db) -> dict[str, str]:
        rows = db.exec(
            select(Workspace.external, Person.name)
            .join(Account, col(Account.person_id) == col(Person.id))
            .join(Workspace, col(Workspace.id) == col(Account.workspace_id))
            .where(Account.external == ana.id)
        ).all()
        return {str(place): name for place, name in rows}

    assert towns.store.read(people) == {towns.amber.team.id: "Ana Amber", towns.birch.team.id: "Ada Birch"}
    for person, side in ((ana, towns.amber), (ada, towns.birch)):
        towns.breathes(person)
        await person.types("/cohort home")
        await towns.quiet()
        (answer,) = person.ephemerals
        assert leaks(towns, side, answer) == []


async def test_everything_due_reaches_its_own_workspace_with_its_own_token(towns: Towns) -> None:
    """Both cohorts live on to their graduation; every kind of due work is done in both."""
    since = len(towns.slack.calls)
    for person in (one for team in towns.teams for one in team.people.values()):
        towns.breathes(person)
    for side in (towns.amber, towns.birch):
        room = next(one for one in side.team.channels.values() if one.name.startswith("alpha"))
        await towns.of(side.team, side.lead).types("/program prompt 2027-03-01 10:00 What is in your way?", room)
        await towns.settle()
    await towns.until(datetime(2027, 6, 30, 12, 0, tzinfo=UTC))

    def fired(db: Db) -> set[tuple[int, str]]:
        rows = db.exec(select(Touchpoint).where(Touchpoint.state == TouchpointState.FIRED)).all()
        return {(db.get_one(Cohort, one.cohort_id).workspace_id, one.rule) for one in rows}

    rules = towns.store.read(fired)
    places = {place for place, _ in rules}
    assert len(places) == 2
    assert {(place, rule) for place in places for rule in OURS.of("due")} - rules == set()
    own_tokens_only(towns, towns.slack.calls[since:])


def own_tokens_only(towns: Towns, calls: Sequence[Call]) -> None:
    for side in (towns.amber, towns.birch):
        own = [one for one in calls if one.team == side.team.id]
        assert len(own) > 20
        for call in own:
            assert leaks(towns, side, json.dumps(call.args)) == [], call.method
            assert call.error not in ("channel_not_found", "user_not_found"), call.method


async def test_no_row_belongs_to_both(towns: Towns) -> None:
    amber, birch = towns.owned(towns.amber), towns.owned(towns.birch)
    assert len(amber) > 100 and len(birch) > 100
    assert amber.keys() & birch.keys() == set()
    everything = towns.store.read(
        lambda db: {
            name: db.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in SQLModel.metadata.tables.items()
            if name not in ("arrangement", "platformways")  # what is the same everywhere: of rooms, and of platforms
        }
    )
    belonging = [name for name, _ in (*amber, *birch)]
    assert {name: belonging.count(name) for name in everything} == everything


async def test_nothing_failed_on_the_way(towns: Towns) -> None:
    failed = towns.store.read(lambda db: db.exec(select(Effect.key).where(Effect.state == EffectState.FAILED)).all())
    assert list(failed) == []
    assert towns.complaints() == []


# Owners.


async def owners_of(world: SlackWorld) -> set[tuple[str, str]]:
    """Who owns what, once everybody has said a word: the workspace and the name."""
    for team in world.teams:
        for person in list(team.people.values()):
            await person.types("/cohort help")
    await world.quiet()

    def found(db: Db) -> set[tuple[str, str]]:
        rows = db.exec(
            select(Workspace.name, Person.name)
            .join(Person, col(Person.workspace_id) == col(Workspace.id))
            .join(GrantRow, col(GrantRow.person_id) == col(Person.id))
            .where(GrantRow.role == Granted.OWNER)
        ).all()
        return {(str(place), str(name)) for place, name in rows}

    return world.store.read(found)


@pytest.mark.parametrize("one_app", [False, True], ids=["an app each", "one app for both"])
async def test_an_owner_by_a_plain_id_owns_the_workspace_they_are_in(tmp_path: Path, one_app: bool) -> None:
    async with SlackWorld(
        tmp_path, ("Amber Ltd", "Birch Inc"), one_app=one_app, owners=lambda world: [world.teams[0].person("Olu").id]
    ) as world:
        assert await owners_of(world) == {("Amber Ltd", "Olu")}


@pytest.mark.parametrize("one_app", [False, True], ids=["an app each", "one app for both"])
async def test_an_owner_by_workspace_and_id_owns_that_one_although_the_other_knows_the_same_id(
    tmp_path: Path, one_app: bool
) -> None:
    def owners(world: SlackWorld) -> list[str]:
        first, second = world.teams
        world.same_id(first.person("Olu"), second, "Olu's namesake")
        return [f"{second.id}/{first.person('Olu').id}"]

    async with SlackWorld(tmp_path, ("Amber Ltd", "Birch Inc"), one_app=one_app, owners=owners) as world:
        assert await owners_of(world) == {("Birch Inc", "Olu's namesake")}
        namesake, olu = world.teams[1].person("Olu's namesake"), world.teams[0].person("Olu")
        for person, words in ((namesake, "First"), (olu, "somebody else's")):
            person.whispers.clear()
            await person.types("/program export nps csv")
            await world.quiet()
            shown = "\n".join(person.ephemerals)
            assert ("This door is somebody else's" in shown) == (person is olu), (words, shown)
