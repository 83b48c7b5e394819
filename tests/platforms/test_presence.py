"""Who is in a voice channel: what Discord tells of it, and an evening at which one member presses nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlmodel import select

from bot.platforms.base import Entered
from bot.platforms.discord.groups import rooms_of
from cohorts.attendance import Attendance
from cohorts.cohort import Membership
from cohorts.outbox import EffectState
from cohorts.people import Person
from cohorts.sessions import Session
from cohorts.store import Db
from tests.platforms.discord_door import Listening, until
from tests.platforms.discord_stage import DiscordStage
from tests.platforms.fakes.discord import FakeDiscord, Permission
from tests.platforms.fakes.discord.state import VOICE
from tests.platforms.mortal import applied, decided, launched, programs, recruiting
from tests.platforms.test_rounds import does, failed, with_
from tests.platforms.test_rounds import until as later

CHANNELS = (
    {"id": "1", "type": 4, "name": "Circle", "parent_id": None},
    {"id": "2", "type": 0, "name": "circle", "parent_id": "1"},
    {"id": "3", "type": 2, "name": "Circle", "parent_id": "1"},
    {"id": "4", "type": 2, "name": "Ana, Ben · 0a1b2c", "parent_id": "1"},
    {"id": "5", "type": 2, "name": "Coffee", "parent_id": "1"},
    {"id": "6", "type": 2, "name": "Circle", "parent_id": None},
)


def test_a_voice_channel_belongs_to_the_room_it_was_made_with_or_whose_group_it_is() -> None:
    found = {one: rooms_of(one, CHANNELS) for one in ("", *"123456")}
    assert {one: rooms for one, rooms in found.items() if rooms} == {"3": ("2",), "4": ("2",)}


async def test_being_in_a_voice_channel_is_told_and_leaving_it_is_not() -> None:
    async with FakeDiscord() as discord:
        guild = discord.add_guild("Acme")
        ana, ben = guild.add_person("Ana"), guild.add_person("Ben")
        await ben.joins_voice(guild.lounge)  # while nobody listens
        async with Listening(discord) as listening:
            await until(lambda: len(listening.door.heard) == 1)
            await ana.joins_voice(guild.lounge)
            await ana.mutes()
            guild.set_voice(discord.bot.id, guild.lounge.id)
            await ana.leaves_voice()
            discord.redeliver(2)
            await ana.joins_voice(guild.lounge)
            await until(lambda: len(listening.door.heard) == 5)
        link = f"https://discord.com/channels/{guild.id}/{guild.lounge.id}"
        told = [(one.account, one.deed) for one in listening.door.heard]
        came = [(ben, False), (ana, True), (ana, False), (ana, True), (ana, False)]
        assert told == [(one.id, Entered((), link, came=new)) for one, new in came]


def there(stage: DiscordStage) -> dict[str, str]:
    def found(db: Db) -> dict[str, str]:
        query = select(Person.name, Attendance.source).select_from(Attendance).join(Membership).join(Person)
        return dict(db.exec(query).all())

    return stage.store.read(found)


async def test_who_only_comes_into_the_voice_room_is_paired_and_counted(tmp_path: Path) -> None:
    names = ("Ana", "Ben", "Chi")
    async with DiscordStage(tmp_path, programs(tmp_path)) as stage:
        await recruiting(stage)
        await applied(stage, *names)
        await decided(stage, *names)
        await launched(stage)
        does(stage, lambda db, cohort, session: setattr(session, "place", "voice"))
        starts = stage.store.read(lambda db: db.exec(select(Session)).one().starts_at)
        [home] = [one for one in stage.guild.rooms(VOICE) if one.parent_id]
        ana, ben, chi = (stage.person(name).person for name in names)
        zoe = stage.person("Zoe").person
        stage.guild.overwrite(home, zoe, int(Permission.VIEW_CHANNEL | Permission.CONNECT))

        await later(stage, starts - timedelta(minutes=40))
        await ana.joins_voice(home)
        await stage.quiet()
        assert there(stage) == {}  # they may be there for anything
        await later(stage, starts - timedelta(minutes=20))
        whispers = len(ana.ephemerals)
        await ana.mutes()
        await zoe.joins_voice(home)
        await until(lambda: there(stage) == {"Ana": "voice"}, 60)
        await stage.leaves()
        await ben.joins_voice(home)
        await stage.begins()
        await until(lambda: there(stage) == {"Ana": "voice", "Ben": "voice"}, 60)
        assert len(ana.ephemerals) == whispers

        await later(stage, starts)
        await stage.person("Fay").types("/session start")
        await later(stage, starts + timedelta(seconds=10))
        [doors] = [one for one in stage.effects(EffectState.SENT) if one.template == "sessions/open-doors"]
        assert "'in_voice': True" in str(doors.facts), "the doors say that there is nothing to press"
        assert with_(stage, "Ana") == ["Ana", "Ben"]
        assert ana.voice is ben.voice is not home

        stage.discord.redeliver(2)
        await chi.joins_voice(home)
        await until(lambda: "Chi" in there(stage), 60)
        await later(stage, starts + timedelta(seconds=30))
        assert sorted(with_(stage, "Ana")) == sorted(names)
        assert chi.voice is ana.voice
        await ana.leaves_voice()
        await stage.quiet()
        assert there(stage) == dict.fromkeys(names, "voice")
        assert sorted(with_(stage, "Ana")) == sorted(names)
        assert failed(stage) == [] and list(stage.complaints()) == []
        assert not any(one.template == "sessions/here" for one in stage.effects(EffectState.SENT))
