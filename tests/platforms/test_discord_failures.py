"""Whatever breaks between Caravan and Discord, nothing is lost and nothing is there twice; and whoever can mend what
an administrator set up wrongly is told so in a sentence, while everything else goes on.

Stories of a whole cohort are compared with the same one undisturbed, as every person reads it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import pytest
from alembic import command
from sqlmodel import select
from structlog.testing import capture_logs

from bot.platforms.discord.check import examined
from bot.platforms.discord.posts import file_name
from cohorts.attendance import Attendance
from cohorts.migrations import _config, pending
from cohorts.outbox import EffectKind, EffectState
from cohorts.rooms import Room
from cohorts.store import Store
from tests.platforms.discord_stage import DiscordActor, DiscordStage, fitting, offers, seen, until
from tests.platforms.fakes.discord import CannotDo, Channel, Interaction, Message, Permission
from tests.platforms.fakes.discord.filling import fields
from tests.platforms.fakes.discord.interactions import payload
from tests.platforms.fakes.discord.people import NO_ANSWER
from tests.platforms.fakes.discord.posting import announce
from tests.platforms.fakes.discord.state import CATEGORY, TEXT, VOICE
from tests.platforms.mortal import (
    EVERYBODY,
    LINK,
    NAMES,
    PAUSED,
    MortalStage,
    begun,
    evening,
    no_bugs_in_the_log,
    programs,
    recruiting,
    running,
    sent_once,
    states,
    told,
    told_and_kept,
    told_with_a_death_at_every,
    told_with_a_death_where,
)
from tests.support.crash_story import contents

POST = "POST /channels/{channel}/messages"
OUT = (
    POST,
    "POST /users/@me/channels",
    "POST /guilds/{guild}/channels",
    "POST /guilds/{guild}/roles",
    "PUT /guilds/{guild}/members/{user}/roles/{role}",
    "PUT /channels/{channel}/messages/pins/{message}",
)
FAILED = "Something could not be delivered"

pytestmark = pytest.mark.slow


class Mortal(MortalStage, DiscordStage):
    def __init__(self, folder: Path, *, community: bool = True) -> None:
        super().__init__(folder, programs(folder), community=community)

    def rooms(self) -> list[Channel]:
        """Those that the bot made for people to write in."""
        return [one for one in self.guild.rooms(TEXT) if one is not self.guild.general]

    def refused(self, code: int) -> int:
        return sum(one == code for _, one in self.discord.refusals)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Counter[str]]:
    """What everybody reads when nothing breaks."""

    async def play() -> Mapping[str, Counter[str]]:
        async with Mortal(tmp_path_factory.mktemp("calm")) as world:
            await told(world)
            everything_is_there_once(world)
            assert world.complaints() == []
            return seen(world, EVERYBODY)

    return asyncio.run(play())


@pytest.fixture(autouse=True)
def no_bugs(request: pytest.FixtureRequest) -> Iterator[None]:
    with no_bugs_in_the_log():
        yield


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Mortal]:
    async with Mortal(tmp_path) as made:
        yield made


def everything_is_there_once(world: Mortal) -> None:
    """By the rows of the database, by the numbers in Discord's messages, by the names of files and rooms."""
    sent = sent_once(world)
    rooms = world.store.read(lambda db: [one.external for one in db.exec(select(Room)).all() if one.external])
    assert rooms == [str(one.id) for one in world.rooms()]
    for kind, ours in ((CATEGORY, len(rooms)), (VOICE, len(rooms) + 1)):
        assert len(world.guild.rooms(kind)) == ours
    assert len([one for one in world.guild.roles.values() if one.permissions == 0]) == 2 * len(rooms)
    files = Counter(one.filename for message in world.bot_messages() for one in message.attachments)
    traces = {file_name("", one.key).partition("-")[2] for one in sent if one.kind is EffectKind.UPLOAD}
    assert {name.rpartition("-")[2].partition(".")[0] for name in files} == traces
    assert set(files.values()) <= {1}


def nothing_lost_nothing_double(world: Mortal, calm: Mapping[str, Counter[str]]) -> None:
    everything_is_there_once(world)
    assert seen(world, EVERYBODY) == calm
    (room,) = world.rooms()
    members = {world.person(name).name for name in EVERYBODY if world.person(name).person.can_see(room)}
    assert members == {"Fay", *NAMES}


# -- the way out -----------------------------------------------


@pytest.mark.parametrize("route", OUT)
async def test_discord_answers_500_and_did_nothing(world: Mortal, calm: Mapping[str, Counter[str]], route: str) -> None:
    world.discord.fail(route, 500, times=4)
    await told(world)
    assert sum(call.status == 500 for call in world.discord.calls) == 4
    nothing_lost_nothing_double(world, calm)


@pytest.mark.parametrize("route", OUT)
async def test_discord_answers_502_and_did_it_all_the_same(
    world: Mortal, calm: Mapping[str, Counter[str]], route: str
) -> None:
    world.discord.fail_after(route, 502, times=3)
    await told(world)
    assert sum(call.status == 502 for call in world.discord.calls) > 0
    nothing_lost_nothing_double(world, calm)


@pytest.mark.parametrize("route", OUT)
async def test_answers_of_discord_are_lost(world: Mortal, calm: Mapping[str, Counter[str]], route: str) -> None:
    world.discord.lose_answer(route, times=3)
    await told(world)
    assert sum(call.status == 0 for call in world.discord.calls) > 0
    nothing_lost_nothing_double(world, calm)


@pytest.mark.parametrize("everywhere", [False, True], ids=["on-a-route", "globally"])
@pytest.mark.parametrize("seconds", [0.05, 30.0], ids=["for-a-moment", "for-long"])
async def test_discord_asks_for_patience(
    world: Mortal, calm: Mapping[str, Counter[str]], everywhere: bool, seconds: float
) -> None:
    world.discord.rate_limit(POST, seconds, global_=everywhere, times=3)
    await told(world)
    await world.passes(minutes=10)
    assert world.discord.rate_limited >= 3
    nothing_lost_nothing_double(world, calm)


# -- the process is killed -------------------------------------


def a_message_is_there(world: Mortal) -> bool:
    return any("You are in" in text or "begins" in text for text in world.person("Ana").person.messages())


def the_room_is_there(world: Mortal) -> bool:
    return bool(world.rooms())


def a_member_is_in_the_room(world: Mortal) -> bool:
    return any(world.person("Ana").person.can_see(room) for room in world.rooms())


def the_file_is_there(world: Mortal) -> bool:
    return any(message.attachments for message in world.bot_messages())


def something_is_pinned(world: Mortal) -> bool:
    return any(message.pinned for message in world.bot_messages())


@pytest.mark.parametrize(
    "there", [a_message_is_there, the_room_is_there, a_member_is_in_the_room, the_file_is_there, something_is_pinned]
)
async def test_the_process_is_killed_between_sending_and_recording(
    world: Mortal, calm: Mapping[str, Counter[str]], there: Callable[[Mortal], bool]
) -> None:
    await told_with_a_death_where(lambda: there(world), world)
    nothing_lost_nothing_double(world, calm)


async def test_the_process_is_killed_after_every_fourth_thing_that_it_sends(
    world: Mortal, calm: Mapping[str, Counter[str]]
) -> None:
    await told_with_a_death_at_every(4, world)
    nothing_lost_nothing_double(world, calm)


# -- the gateway -----------------------------------------------


async def test_what_people_do_while_the_gateway_is_away_is_done_once_when_it_resumes(world: Mortal) -> None:
    await running(world)
    ana, ben = world.person("Ana"), world.person("Ben")
    identifies = world.discord.gateway.identifies
    world.discord.answer_within = 60  # how soon the gateway comes back is left to chance, and to the machine
    world.discord.drop_gateway(for_seconds=0.5)
    made, _ = await asyncio.gather(ana.person.uses("/cohort pause"), ben.says("pause me"))
    await world.settle()
    assert made.responded
    assert (world.discord.gateway.identifies, world.discord.gateway.resumes) == (identifies, 1)
    assert states(world) == {"Ana": "paused", "Ben": "paused", "Chi": "active"}
    assert [answers_to(one, PAUSED) for one in (ana, ben)] == [1, 1]
    everything_is_there_once(world)


async def test_where_resuming_is_refused_the_person_sees_it_and_asks_again(world: Mortal) -> None:
    await running(world)
    ana = world.person("Ana")
    identifies = world.discord.gateway.identifies
    world.discord.answer_within = 1.0
    world.discord.refuse_resume()
    world.discord.drop_gateway(for_seconds=0.3)
    made = await ana.person.uses("/cohort pause")
    assert not made.responded
    assert ana.sees(NO_ANSWER)
    assert states(world)["Ana"] == "active"
    await until(lambda: world.platform.connected)
    assert world.discord.gateway.identifies == identifies + 1
    await ana.types("/cohort pause")
    await world.settle()
    assert states(world)["Ana"] == "paused"
    assert answers_to(ana, PAUSED) == 1
    everything_is_there_once(world)


async def test_a_whole_evening_goes_on_with_a_gateway_that_comes_and_goes(
    world: Mortal, calm: Mapping[str, Counter[str]]
) -> None:
    """Cut, asked to come again, and thrown out, from the first command to the last file."""
    troubles: list[Callable[[], object]] = [
        world.discord.drop_gateway,
        world.discord.reconnect,
        world.discord.invalidate,
    ]
    settled = world.settle

    async def settle() -> None:
        await settled()
        gateway = world.discord.gateway
        before = gateway.identifies + gateway.resumes
        troubles[0]()
        troubles.append(troubles.pop(0))
        await until(lambda: gateway.identifies + gateway.resumes > before and world.platform.connected)

    world.settle = settle  # type: ignore[method-assign]
    await told(world)
    assert world.discord.gateway.resumes > 3
    nothing_lost_nothing_double(world, calm)


MALFORMED = ("INTERACTION_CREATE", "MESSAGE_CREATE", "GUILD_CREATE", "CHANNEL_UPDATE", "GUILD_ROLE_DELETE", "NO_SUCH")


async def test_malformed_gateway_events_are_lost_alone(tmp_path: Path) -> None:
    async with Mortal(tmp_path) as world:
        await running(world)
        with capture_logs() as entries:
            for event in MALFORMED:
                world.discord.send_malformed(event)
            await until(lambda: bool(entries))
            await world.quiet()
        assert world.platform.connected
        assert (world.discord.gateway.identifies, world.discord.gateway.resumes) == (1, 0)
        assert entries
        assert "not a number" not in str(entries)
        ana = world.person("Ana")
        await ana.types("/cohort pause")
        await world.settle()
        assert answers_to(ana, PAUSED) == 1
        everything_is_there_once(world)


# -- the same again --------------------------------------------

Act = Callable[[Mortal, DiscordActor], Awaitable[object]]


async def by_command(world: Mortal, actor: DiscordActor) -> object:
    return await actor.person.uses("/submit", link=LINK, words="It went well")


async def by_button(world: Mortal, actor: DiscordActor) -> object:
    return await actor.person.presses("I'm here")


async def by_words(world: Mortal, actor: DiscordActor) -> object:
    return await actor.person.says("pause me")


ACTS = pytest.mark.parametrize("act", [by_command, by_button, by_words])


async def about_to_act(world: Mortal) -> DiscordActor:
    """The evening begins: everybody is asked whether they are here, and may hand in."""
    await running(world)
    await evening(world)
    return world.person("Ana")


@pytest.mark.parametrize("act", [by_command, by_button])
async def test_an_interaction_that_is_delivered_three_times_is_done_once(world: Mortal, act: Act) -> None:
    await about_to_act(world)
    await adds(world, world.person("Chi"), act)  # the first who hands something in begins the wall as well
    once = await adds(world, world.person("Ana"), act)
    world.discord.redeliver(3)
    thrice = await adds(world, world.person("Ben"), act)
    assert thrice == once
    assert sum(once) > 1
    everything_is_there_once(world)


async def adds(world: Mortal, actor: DiscordActor, act: Act) -> tuple[int, ...]:
    return await told_and_kept(world, actor.person.messages, lambda: act(world, actor))


@ACTS
@pytest.mark.parametrize("restarted", [False, True], ids=["at-once", "after-a-restart"])
async def test_what_comes_again_changes_nothing(world: Mortal, act: Act, restarted: bool) -> None:
    ana = await about_to_act(world)
    acted = await act(world, ana)
    await world.settle()
    before, page = contents(world.file), ana.person.messages()
    if restarted:
        await world.restarts()
    comes_again(world, acted)
    await asyncio.sleep(0.1)
    await world.settle()
    assert contents(world.file) == before
    assert ana.person.messages() == page


def comes_again(world: Mortal, acted: object) -> None:
    """Discord tells of it once more."""
    if isinstance(acted, Interaction):
        world.discord.gateway.dispatch("INTERACTION_CREATE", payload(world.discord, acted))
    else:
        assert isinstance(acted, Message)
        announce(world.discord, "MESSAGE_CREATE", acted)


# -- a button outlives processes and databases -----------------


async def test_a_button_from_before_a_restart_works(world: Mortal) -> None:
    ana = await about_to_act(world)
    for _ in range(3):
        await world.restarts()
    await ana.presses("I'm here")
    await world.settle()
    assert world.rows(Attendance) == 1
    await world.person("Fay").types("/session attendance")
    assert world.person("Fay").sees("Ana")
    everything_is_there_once(world)


async def test_a_button_from_before_an_upgrade_of_the_database_works(world: Mortal) -> None:
    ana = await about_to_act(world)
    await world.leaves()
    as_a_release_before_left_it(world.file, "0002")
    await world.begins()
    assert list(world.file.parent.glob("caravan.sqlite.before-*"))
    assert not pending(world.store)
    await ana.presses("I'm here")
    await world.settle()
    assert world.rows(Attendance) == 1


def as_a_release_before_left_it(file: Path, revision: str) -> None:
    """The same rows in the tables of an earlier version, as far as those know them."""
    now = file.with_name("now.sqlite")
    file.rename(now)
    for beside in file.parent.glob("caravan.sqlite-*"):
        beside.unlink()
    old = Store(f"sqlite:///{file}", durable=False)
    config = _config()
    with old.engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    old.close()
    with sqlite3.connect(file) as db:
        db.execute(f"ATTACH '{now}' AS now")
        tables = [name for (name,) in db.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]
        for table in tables:
            if table in ("alembic_version", "sqlite_sequence"):
                continue
            columns = ", ".join(f'"{row[1]}"' for row in db.execute(f'PRAGMA main.table_info("{table}")'))
            known = "WHERE kind IN ('post', 'edit', 'room', 'invite', 'remove', 'upload')" if table == "effect" else ""
            db.execute(f'INSERT INTO main."{table}" ({columns}) SELECT {columns} FROM now."{table}" {known}')
    db.close()


# -- what an administrator set up wrongly ----------------------


async def test_a_role_that_was_dragged_above_the_bots_keeps_nobody_out_and_the_doctor_says_how_to_mend_it(
    world: Mortal,
) -> None:
    """Who comes later is let in without it."""
    await recruiting(world)
    fay, late = world.person("Fay"), world.person("Chi")
    for name in NAMES:
        await world.person(name).types("/apply")
        await world.person(name).answers()
        await world.settle()
    for name in NAMES[:2]:
        await fay.types(f"/program decide @{name} accept")
    await world.settle()
    await fay.presses("Send 2 decisions")
    await world.settle()
    role, leads = reversed([one for one in world.guild.roles.values() if one.permissions == 0])
    world.guild.lower_bot(role)
    await fay.types("/program decide @Chi accept")
    await world.settle()
    await fay.presses("Send 1 decision")
    await world.settle()
    (room,) = world.rooms()
    assert world.refused(50013) > 0
    assert late.person.can_see(room)
    assert not world.guild.has_role(late.person, role.name)
    assert not any(FAILED in text for text in fay.person.dms)
    assert sum("is in" in text and f"below {role.name}, {leads.name}" in text for text in fay.person.dms) == 1
    found = [str(one) async for one in examined(world.setup(), world.clock.now) if one.mend]
    assert any("drag the bot's own role above them" in line and role.name in line for line in found)
    everything_is_there_once(world)


async def test_without_manage_channels_the_facilitator_is_told_the_permission_and_one_press_mends_it(
    world: Mortal,
) -> None:
    world.guild.deny_bot(Permission.MANAGE_CHANNELS)
    await running(world)
    fay = world.person("Fay")
    notices = [text for text in fay.person.dms if FAILED in text]
    assert len(notices) == 1
    assert "I could not make the room" in notices[0]
    assert "I lack the permission Manage Channels" in notices[0]
    assert all(answers_to(world.person(name), "You are in") == 1 for name in NAMES)
    world.guild.allow_bot(Permission.MANAGE_CHANNELS)
    await fay.presses("Try again", on=FAILED)
    await world.settle()
    await world.passes(minutes=5)
    (room,) = world.rooms()
    assert all(world.person(name).person.can_see(room) for name in NAMES)
    everything_is_there_once(world)


async def test_without_manage_roles_the_facilitator_is_told_the_permission_and_all_else_goes_on(world: Mortal) -> None:
    await recruiting(world)
    world.guild.deny_bot(Permission.MANAGE_ROLES)
    await begun(world)
    fay = world.person("Fay")
    notices = [text for text in fay.person.dms if FAILED in text]
    assert notices
    assert all("I lack the permission Manage Roles" in text for text in notices)
    assert not any(FAILED in text for name in (*NAMES, "Olu") for text in world.person(name).person.dms)
    assert all(answers_to(world.person(name), "You are in") == 1 for name in NAMES)


async def test_closed_direct_messages_are_told_to_the_facilitator_and_keep_nobody_else_waiting(
    world: Mortal, calm: Mapping[str, Counter[str]]
) -> None:
    world.person("Ben").person.closes_dms()
    await told(world)
    fay = world.person("Fay")
    notices = [text for text in fay.person.dms if FAILED in text]
    assert notices
    assert all("Their direct messages are closed to me" in text and "@Ben" in text for text in notices)
    assert not world.person("Ben").person.dms
    (room,) = world.rooms()
    assert world.person("Ben").person.can_see(room)
    here = seen(world, EVERYBODY)
    for name in ("Olu", "Ana", "Chi"):
        assert here[name] == calm[name]
    assert {one.reason for one in world.effects(EffectState.FAILED)} == {"dm-closed"}


async def test_a_server_without_community_lacks_nothing(tmp_path: Path, calm: Mapping[str, Counter[str]]) -> None:
    async with Mortal(tmp_path, community=False) as world:
        await told(world)
        nothing_lost_nothing_double(world, calm)
        assert world.complaints() == []


async def test_a_room_that_was_deleted_is_told_of_and_direct_messages_go_on(world: Mortal) -> None:
    await running(world)
    (room,) = world.rooms()
    world.guild.drop_channel(room)
    await evening(world)
    fay = world.person("Fay")
    assert any("I can't find the room any more" in text for text in fay.person.dms)
    with pytest.raises(CannotDo):
        await world.person("Ana").presses("I'm here", on="no room")
    await world.person("Ana").types("/cohort pause")
    await world.settle()
    assert states(world)["Ana"] == "paused"


# -- what there is to see --------------------------------------


def answers_to(actor: DiscordActor, words: str) -> int:
    return sum(words in text for text in actor.person.messages())


# -- what is typed by halves -----------------------------------


async def test_the_first_part_of_a_long_application_survives_a_restart(world: Mortal) -> None:
    await recruiting(world)
    fay, chi = world.person("Fay"), world.person("Chi")
    await world.person("Olu").types("/program facilitator @Fay program:value-accelerator")
    await fay.types("/program open value-accelerator 2027-01-11 zone:Europe/Berlin")
    await world.settle()
    await fay.presses("Open for applications")
    await world.settle()
    await chi.types("/apply value-accelerator")
    await chi.form_opened()
    assert chi.person.modal is not None
    goal = "The weekly report writes itself"
    given = {node["custom_id"]: fitting(label, node) for label, node in fields(chi.person.modal)}
    made = await chi.person.fills(given | {one: goal for one in given if one.endswith("goal")})
    assert offers(made, "Continue")
    await world.settle()
    await world.restarts()
    await chi.types("/apply value-accelerator")
    await chi.form_opened()
    assert goal in chi.person.form
