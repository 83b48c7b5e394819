"""What Slack refuses, and people who may not do everything: one clear sentence to the right person each time, with the
mend, while the rest of the cohort gets everything.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.cli.run import listening
from bot.platforms.slack.setup import Installed, SlackApp
from bot.web.health import health_app
from cohorts.cohort import Membership
from cohorts.homework import Submission
from cohorts.outbox import EffectState
from tests.platforms.fakes.slack import CannotDo
from tests.platforms.slack_mortal import (
    NAMES,
    ROOM,
    Mortal,
    applied,
    decided,
    evening,
    everything_is_there_once,
    exported,
    launched,
    met,
    recruiting,
    running,
)
from tests.platforms.slack_stage import SlackActor

pytestmark = pytest.mark.slow

FAILED = "Something could not be delivered"


@pytest.fixture(autouse=True)
def no_bugs() -> Iterator[None]:
    """What Slack refuses is no bug of ours, and nothing that falls."""
    with capture_logs() as entries:
        yield
    assert not [one for one in entries if "bug" in str(one["event"]) or "trace" in one]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Mortal]:
    async with Mortal(tmp_path) as made:
        yield made


def notices(actor: SlackActor) -> list[str]:
    """What somebody was told of failures."""
    return [text for text in actor.person.messages() if FAILED in text]


def nobody_else_hears(world: Mortal, *told: str) -> None:
    others = [actor for name, actor in world._actors.items() if name not in told]
    assert not [notices(actor) for actor in others if notices(actor)]


def failed(world: Mortal) -> list[str]:
    """What could not be sent, and why: once for each message, however many parts it has."""
    whole = {one.letter or one.key: one for one in world.effects(EffectState.FAILED)}
    return [f"{one.kind.value}: {one.reason}" for one in whole.values()]


# -- the installation ------------------------------------------


@pytest.mark.parametrize("told", [True, False], ids=["slack-says-so", "slack-only-refuses"])
async def test_a_token_that_is_revoked_in_the_middle_keeps_what_waits_and_others_go_on(
    tmp_path: Path, told: bool
) -> None:
    world = Mortal(tmp_path)
    globex = world.slack.add_team("Globex", scopes=world.scopes)
    world.others = [globex]
    async with world:
        gil = SlackActor(globex.add_person("Gil", "Europe/Berlin", "olu@example.org"))
        await running(world)
        assert await health(world) == (200, True, [])
        ana = world.member("Ana")
        read = len(ana.person.messages())
        if told:
            await world.team.revoke_token()
        else:
            world.team.revoked.add(world.team.bot_token)
        await evening(world)
        assert len(ana.person.messages()) == read
        assert world.effects(EffectState.PENDING)
        assert not failed(world)
        # A workspace that sent the bot away doesn't make Slack as a whole be away.
        away = [] if told else ["slack is not listening"]
        assert await health(world) == (503, told, [*away, "messages are stuck"])
        await gil.types("/program open small 2027-02-11 zone:Europe/Berlin")
        await world.quiet()
        await gil.presses("Open for applications")
        await world.quiet()
        assert gil.sees("Small Circle")
        if told:
            world.team.install(set(world.scopes))
            app = SlackApp(world.team.app.app_token, world.team.app.signing_secret)
            await world.platform.workspaces.add(Installed(world.team.bot_token, app))
        else:
            world.team.revoked.clear()
            await world.platform.workspaces.retry()
        await world.passes(minutes=6)
        assert await health(world) == (200, True, [])
        assert not world.effects(EffectState.PENDING, EffectState.SENDING)
        for name in NAMES:
            assert world.member(name).sees("I'm here")
        everything_is_there_once(world)
        nobody_else_hears(world)


async def health(world: Mortal) -> tuple[int, bool, list[str]]:
    """What a container's check gets: the status, whether Slack is up, and what is wrong."""
    served = health_app(world.app.threads, world.app.clock, lambda: listening(world.app))
    runner = web.AppRunner(served, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        async with aiohttp.ClientSession() as session, session.get(f"http://{host}:{port}/health") as answer:
            said = await answer.json()
            return answer.status, said["platforms"]["slack"], said["problems"]
    finally:
        await runner.cleanup()


async def test_without_the_scope_to_invite_the_facilitator_hears_which_and_one_press_mends_it(world: Mortal) -> None:
    await recruiting(world)
    await applied(world, *NAMES)
    await decided(world, "Ana", "Ben")
    fay = world.member("Fay")
    world.team.take_scope("groups:write", "channels:manage")
    await decided(world, "Chi")
    await launched(world)
    (notice,) = notices(fay)
    assert "I could not bring @Chi into #small-2027-01" in notice
    assert "I lack the permission groups:write" in notice
    assert "adds that scope to the app and installs it again" in notice
    assert world.member("Chi").sees("You are in: Small Circle")
    assert all(world.member(name).sees("Small Circle begins") for name in ("Ana", "Ben"))
    world.team.install({"groups:write"})
    await world.platform.workspaces.add(installed_anew(world))
    await fay.presses("Try again")
    await world.settle()
    assert world.member("Chi").sees("Small Circle begins")
    nobody_else_hears(world, "Fay")
    everything_is_there_once(world)


def installed_anew(world: Mortal) -> Installed:
    app = SlackApp(world.team.app.app_token, world.team.app.signing_secret)
    return Installed(world.team.bot_token, app)


async def test_without_the_scope_to_make_rooms_the_facilitator_makes_it_and_all_goes_on(world: Mortal) -> None:
    world.team.take_scope("groups:write")
    await recruiting(world)
    await applied(world, *NAMES)
    await decided(world, *NAMES)
    await launched(world)
    fay = world.member("Fay")
    (notice,) = notices(fay)
    assert "I may not make rooms here. Make a private one called small-2027-01 and invite me" in notice
    nobody_else_hears(world, "Fay")
    world.team.scopes.add("groups:write")
    room = world.team.add_channel(ROOM, fay.person.user, private=True)
    await world.team.invite_bot(room, fay.person)
    await world.settle()
    assert all(world.member(name).sees("Small Circle begins") for name in NAMES)
    everything_is_there_once(world)


async def test_without_the_scope_to_open_direct_messages_the_facilitator_hears_which(world: Mortal) -> None:
    await running(world)
    fay, ana = world.member("Fay"), world.member("Ana")
    await world.passes(hours=1)
    await fay.person.says("help")
    await world.passes(minutes=1)
    world.platform.workspaces.drop(world.team.id)  # forgets which direct messages are open
    await world.platform.workspaces.add(installed_anew(world))
    await world.platform.workspaces.of(world.team.id).dm(fay.person.id)
    world.team.take_scope("im:write")
    await evening(world)
    reminders = [one for one in failed(world) if one == "post: missing-scope im:write"]
    days = {one.due_at.date() for one in world.effects(EffectState.FAILED)}
    assert len(reminders) == len(failed(world)) == 4 * len(NAMES)
    assert len(notices(fay)) == len(days) > 1  # one for each of the days on which there was something to say
    for one in notices(fay):  # whoever came first stands for all whom it concerns
        assert any(f"I could not send @{name} a message" in one for name in NAMES)
        assert "I lack the permission im:write" in one
    nobody_else_hears(world, "Fay")
    assert ana.sees("The doors are open") or ana.sees("I'm here")
    world.team.scopes.add("im:write")
    for name in NAMES:
        await world.member(name).presses("I'm here")
    assert world.rows(Membership) == len(NAMES)


async def test_without_the_scope_for_files_an_owner_hears_which_and_one_press_sends_the_list(tmp_path: Path) -> None:
    world = Mortal(tmp_path)
    world.owners = ("olu@example.org", "oda@example.org")
    async with world:
        oda = world.person("Oda")
        await oda.types("/cohort help")
        await running(world)
        await met(world)
        world.team.take_scope("files:write")
        await exported(world)
        (notice,) = notices(oda)
        assert "I could not send @Olu a file" in notice
        assert "I lack the permission files:write" in notice
        assert failed(world) == ["upload: missing-scope files:write"]
        nobody_else_hears(world, "Oda", "Olu")
        world.team.scopes.add("files:write")
        await oda.presses("Try again")
        await world.settle()
        assert b"It went well" in world.member("Olu").file("homework")
        everything_is_there_once(world)


# -- the room --------------------------------------------------


async def test_an_archived_room_is_told_once_and_what_was_for_it_arrives_after_the_mend(world: Mortal) -> None:
    await running(world)
    fay = world.member("Fay")
    world.room.archived = True
    await evening(world)
    (heard,) = notices(fay)
    assert len(failed(world)) > 1
    assert "The room is archived. Unarchive it, then press the button." in heard
    assert "I could not post in #small-2027-01" in heard
    assert all(reminded(world, name) == 2 for name in NAMES)
    nobody_else_hears(world, "Fay")
    world.room.archived = False
    await fay.presses("Try again")
    await world.settle()
    assert all(world.member(name).sees("I'm here") for name in NAMES)
    everything_is_there_once(world)


def reminded(world: Mortal, name: str) -> int:
    """How many reminders of the evening somebody has."""
    person = world.member(name).person
    return sum("Coming up: The evening" in text or "Starting soon: The evening" in text for text in person.inbox)


async def test_a_bot_that_was_taken_out_of_the_room_asks_to_be_invited_again(world: Mortal) -> None:
    await running(world)
    fay = world.member("Fay")
    room = world.room
    room.members.remove(world.team.bot.id)
    await evening(world)
    (heard,) = notices(fay)
    assert len(failed(world)) > 1
    assert "I was taken out of it" in heard and "invite me again" in heard
    assert all(reminded(world, name) == 2 for name in NAMES)
    nobody_else_hears(world, "Fay")
    await world.team.invite_bot(room, fay.person)
    await fay.presses("Try again")
    await world.settle()
    assert all(world.member(name).sees("I'm here") for name in NAMES)
    everything_is_there_once(world)


# -- people ----------------------------------------------------


async def test_somebody_whose_account_is_gone_is_named_and_the_others_get_everything(world: Mortal) -> None:
    await recruiting(world)
    await applied(world, *NAMES)
    await world.member("Chi").person.is_deactivated()
    await decided(world, *NAMES)
    await launched(world)
    fay = world.member("Fay")
    heard = "\n".join(notices(fay))
    assert "I could not bring @Chi into" in heard
    assert "I could not send @Chi a message" in heard
    assert heard.count("Their account is no longer part of this workspace") == len(notices(fay)) == 2
    assert "please reach them another way" in heard
    assert all(world.member(name).sees("Small Circle begins") for name in ("Ana", "Ben"))
    nobody_else_hears(world, "Fay")


async def test_somebody_whose_account_goes_in_the_middle_is_named_too(world: Mortal) -> None:
    await running(world)
    await world.member("Chi").person.is_deactivated()
    await evening(world)
    heard = notices(world.member("Fay"))
    assert len(heard) == len(failed(world)) == 4
    assert all("I could not send @Chi a message" in one for one in heard)
    assert all("Their account is no longer part of this workspace" in one for one in heard)
    assert all(reminded(world, name) == 2 for name in ("Ana", "Ben"))
    nobody_else_hears(world, "Fay")


async def test_somebody_who_is_called_otherwise_now_is_called_so_from_then_on(world: Mortal) -> None:
    await running(world)
    ana = world.member("Ana")
    await ana.person.changes(name="Anastasia Roe")
    await met(world)
    await exported(world)
    rows = list(csv.DictReader(io.StringIO(world.member("Olu").file("homework").decode("utf-8-sig"))))
    assert sorted(row["name"] for row in rows) == ["Anastasia Roe", "Ben", "Chi"]
    fay = world.member("Fay").person
    later = [text for text in fay.messages() if "@Anastasia Roe" in text]
    assert later
    assert not any("Ana " in text.replace("Anastasia", "") for text in later)
    nobody_else_hears(world)
    everything_is_there_once(world)


async def test_who_refuses_direct_messages_is_named_and_hears_all_the_rest_in_the_room(world: Mortal) -> None:
    await recruiting(world)
    await applied(world, *NAMES)
    chi = world.member("Chi")
    chi.person.user.dms_closed = True
    await decided(world, *NAMES)
    await launched(world)
    fay = world.member("Fay")
    (notice,) = notices(fay)
    assert "I could not send @Chi a message" in notice
    assert "Their direct messages are closed to me. Ask them to open those, and pass this one on yourself." in notice
    assert all(world.member(name).sees("Small Circle begins") for name in NAMES)
    nobody_else_hears(world, "Fay")
    chi.person.user.dms_closed = False
    await fay.presses("Try again")
    await world.settle()
    assert chi.sees("You are in: Small Circle")
    everything_is_there_once(world)


async def test_a_guest_without_commands_takes_part_by_buttons_and_words(world: Mortal) -> None:
    gus = world.actor("Gus", "guest")
    with pytest.raises(CannotDo):
        await gus.types("/apply")
    await recruiting(world)
    await gus.person.opens_home()
    await world.quiet()
    await gus.person.presses("Apply to Small Circle", in_="home")
    await gus.answers()
    await applied(world, "Ana", "Ben")
    await gus.says("home")
    await world.settle()
    assert gus.sees("Thank you") or gus.sees("hear from us")
    await decided(world, "Gus", "Ana", "Ben")
    await launched(world)
    assert gus.person.id in world.room.members
    await gus.says("help")
    await world.settle()
    await gus.presses("session when")
    await world.quiet()
    assert gus.sees("The evening")
    await gus.person.opens_home()
    await world.quiet()
    await gus.person.presses("I'll be there", in_="home")
    await evening(world)
    await gus.presses("I'm here")
    await gus.says("help")
    await world.settle()
    await gus.presses("submit")
    await gus.answers()
    await world.settle()
    assert world.rows(Submission) == 1
    await gus.says("pause me")
    await world.settle()
    assert gus.sees("Take your time")
    await gus.presses("I'm back")
    await world.settle()
    assert not gus.person.problems
    nobody_else_hears(world)
    everything_is_there_once(world)


async def test_a_guest_of_one_other_room_is_named_and_comes_in_when_that_is_mended(world: Mortal) -> None:
    await recruiting(world)
    sam = world.actor("Sam", "single_channel_guest")
    elsewhere = world.team.add_channel("customers", sam.person.user)
    await sam.person.opens_home()
    await world.quiet()
    await sam.person.presses("Apply to Small Circle", in_="home")
    await sam.answers()
    await applied(world, "Ana", "Ben")
    await decided(world, "Sam", "Ana", "Ben")
    await launched(world)
    fay = world.member("Fay")
    (notice,) = notices(fay)
    assert "I could not bring @Sam into #small-2027-01" in notice
    assert "They are a guest who may be in one room only" in notice
    assert "Ask an administrator to let them into this room, then press the button." in notice
    assert sam.sees("You are in: Small Circle")
    assert all(world.member(name).sees("Small Circle begins") for name in ("Ana", "Ben"))
    nobody_else_hears(world, "Fay")
    elsewhere.members.remove(sam.person.id)
    await fay.presses("Try again")
    await world.settle()
    assert sam.sees("Small Circle begins")
    everything_is_there_once(world)


@pytest.mark.parametrize("dms", [True, False], ids=["with-direct-messages", "without-direct-messages"])
async def test_somebody_of_another_organisation_takes_part_by_mention_and_buttons(world: Mortal, dms: bool) -> None:
    await recruiting(world)
    con = world.actor("Con", "connect")
    con.person.user.dms_closed = not dms
    shared = world.team.add_channel("with-globex", con.person.user, world.team.bot)
    await con.person.mentions_bot("help", shared)
    await world.quiet()
    await con.presses("program list")
    await world.quiet()
    await con.presses("Apply to Small Circle")
    await con.answers()
    await applied(world, "Ana", "Ben")
    await decided(world, "Con", "Ana", "Ben")
    await launched(world)
    fay = world.member("Fay")
    heard = notices(fay)
    assert len(heard) == (1 if dms else 2)
    (room,) = [one for one in heard if "I could not bring @Con into #small-2027-01" in one]
    assert "They belong to another organisation" in room
    assert "then press the button" in room
    if not dms:
        (direct,) = [one for one in heard if one is not room]
        assert "I could not send @Con a message" in direct
        assert "Their direct messages are closed to me" in direct
    assert con.sees("You are in: Small Circle") == dms
    assert all(world.member(name).sees("Small Circle begins") for name in ("Ana", "Ben"))
    nobody_else_hears(world, "Fay")
    world.room.members.append(con.person.id)  # the facilitator shares the room with their organisation
    await evening(world)
    await con.presses("I'm here")
    await con.person.mentions_bot("help", world.room)
    await world.quiet()
    await con.presses("submit")
    await con.answers()
    await world.settle()
    assert world.rows(Submission) == 1
    assert not con.person.problems
