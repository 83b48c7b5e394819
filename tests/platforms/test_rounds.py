"""Rounds where people talk: on Slack by number, by link and in direct messages, on Discord by voice and in threads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from sqlmodel import col, select

from cohorts import room_styles, rounds, sessions
from cohorts.breakouts import Breakout
from cohorts.cohort import Cohort
from cohorts.outbox import EffectKind, EffectState
from cohorts.people import Person
from cohorts.room_styles import Style
from cohorts.sessions import Session
from cohorts.store import Db
from tests.platforms.discord_stage import DiscordStage
from tests.platforms.fakes.discord import Channel
from tests.platforms.fakes.discord.state import PRIVATE_THREAD, VOICE
from tests.platforms.mortal import applied, decided, launched, programs, recruiting
from tests.platforms.slack_stage import SlackStage
from tests.platforms.stage import Stage
from tests.support.evening import MINUTE, segment

T = TypeVar("T")
NAMES = ("Ana", "Ben", "Chi", "Dan")
SOON, BACK = "One minute left", "Back to everyone"
CALL = "https://meet.example.org/x"


def does(stage: Stage, work: Callable[[Db, Cohort, Session], T]) -> T:
    def both(db: Db) -> T:
        session = db.exec(select(Session)).one()
        return work(db, db.exec(select(Cohort)).one(), session)

    return stage.store.write(both)


async def begun(stage: Stage, place: str) -> None:
    """The evening of four who have said that they are there, held in that place."""
    await recruiting(stage)
    await applied(stage, *NAMES)
    await decided(stage, *NAMES)
    await launched(stage)
    does(stage, lambda db, cohort, session: setattr(session, "place", place))
    await until(stage, does(stage, lambda db, cohort, session: session.starts_at))
    for name in NAMES:
        await stage.person(name).says("I'm here")
        await stage.quiet()
    does(stage, lambda db, cohort, session: sessions.begin(db, session, now=stage.clock.now()))
    await stage.settle()


async def opens(stage: Stage, number: int, minutes: int = 8) -> Breakout:
    def work(db: Db, cohort: Cohort, session: Session) -> Breakout | None:
        now = stage.clock.now()
        ends = now + minutes * MINUTE
        return rounds.open_round(db, cohort, session, segment(), number, ends=ends, now=now)

    made = does(stage, work)
    assert made is not None
    await until(stage, stage.clock.now() + timedelta(seconds=6))
    return made


async def until(stage: Stage, moment: datetime) -> None:
    """Also what waits in the outbox happens at its own moment."""
    while True:
        await stage.quiet()
        waiting = (await stage.app.delivery.drain(), await stage.app.scheduler.next_due())
        sooner = [at for at in waiting if at is not None and at <= moment]
        if not sooner:
            break
        stage.clock.move_to(max(min(sooner), stage.clock.now()))
        await stage.app.scheduler.tick(stage.clock.now())
    stage.clock.move_to(moment)
    await stage.quiet()


async def passes(stage: Stage, **by: float) -> None:
    await until(stage, stage.clock.now() + timedelta(**by))


def with_(stage: Stage, name: str) -> list[str]:
    """Who is in somebody's room, themselves too."""

    def work(db: Db, cohort: Cohort, session: Session) -> list[str]:
        newest = db.exec(select(Breakout).order_by(col(Breakout.round).desc()).limit(1)).one()
        groups = [[db.get_one(Person, one.id).name for one in people] for _, people in rounds.board(db, newest)]
        return next((group for group in groups if name in group), [])

    return does(stage, work)


def failed(stage: Stage) -> list[tuple[str, str | None]]:
    return [(one.key, one.reason) for one in stage.effects(EffectState.FAILED)]


async def test_on_slack_everybody_has_a_line_of_their_own_a_link_or_a_small_conversation(tmp_path: Path) -> None:
    async with SlackStage(tmp_path, programs=programs(tmp_path)) as stage:
        await begun(stage, CALL)
        ana = stage.person("Ana").person
        fay = stage.person("Fay")

        numbered = await opens(stage, 1)
        assert numbered.style is Style.NUMBERED
        [partner] = [one for one in with_(stage, "Ana") if one != "Ana"]
        assert any(f"with {partner}" in one or f"with @{partner}" in one for one in ana.ephemerals)
        assert fay.sees("Please open breakout rooms in your call")
        assert not [one for one in stage.team.channels.values() if one.kind == "mpim"]
        await stage.person("Ana").presses("Not here", on=", with")
        await passes(stage, seconds=1)
        assert len(with_(stage, "Ana")) == 3 and partner not in with_(stage, "Ana")
        others = [one for one in with_(stage, "Ana") if one != "Ana"]
        assert all(any("just joined you" in text for text in stage.person(one).person.ephemerals) for one in others)
        await stage.person(partner).presses("I'm here", on="didn't find you")
        await passes(stage, seconds=1)
        assert with_(stage, partner)
        await until(stage, numbered.at + 8 * MINUTE)
        assert [sum(words in one for one in ana.ephemerals) for words in (SOON, BACK)] == [1, 1]

        does(stage, lambda db, cohort, session: room_styles.arrange(db, "auto", [f"{CALL}/1", f"{CALL}/2"]))
        linked = await opens(stage, 2)
        assert linked.style is Style.LINKS
        assert "Go to your room" in ana.ephemerals[-1] or "Go to your room" in ana.ephemerals[-2]
        await until(stage, linked.at + 9 * MINUTE)

        does(stage, lambda db, cohort, session: room_styles.arrange(db, "auto", []))
        long = await opens(stage, 3, minutes=20)
        assert long.style is Style.DM
        [small] = [one for one in stage.team.channels.values() if one.kind == "mpim" and ana.user.id in one.members]
        assert {stage.team.users[one].name for one in small.members} == {*with_(stage, "Ana"), "caravan"}
        assert len(small.messages) == 1
        await stage.person("Ana").presses("Not here", on="Nobody there?")
        await passes(stage, seconds=1)
        grown = [one for one in stage.team.channels.values() if one.kind == "mpim" and len(one.members) == 4]
        assert len(grown) == 1 and len(grown[0].messages) == 1

        assert failed(stage) == [] and list(stage.complaints()) == []
        assert not any(one.ping for one in stage.effects() if one.kind in (EffectKind.WHISPER, EffectKind.GROUP))


async def test_on_discord_voice_parts_them_brings_them_back_and_fetches_whoever_is_left_alone(tmp_path: Path) -> None:
    async with DiscordStage(tmp_path, programs(tmp_path)) as stage:
        await begun(stage, "voice")
        people = {name: stage.person(name).person for name in NAMES}
        [home] = [one for one in stage.guild.rooms(VOICE) if one.parent_id]
        for person in people.values():
            await person.joins_voice(home)

        def own() -> dict[frozenset[str], Channel]:
            rooms = [one for one in stage.guild.rooms(VOICE) if one.parent_id == home.parent_id and one is not home]
            return {frozenset(stage.guild.in_voice(one)): one for one in rooms}

        first = await opens(stage, 1)
        assert first.style is Style.VOICE
        assert set(own()) == {frozenset(with_(stage, "Ana")), frozenset(set(NAMES) - set(with_(stage, "Ana")))}
        [partner] = [one for one in with_(stage, "Ana") if one != "Ana"]
        await people[partner].leaves_voice()
        await stage.person("Ana").presses("Not here", on=f"{min('Ana', partner)}")
        await passes(stage, seconds=5)
        assert frozenset(with_(stage, "Ana")) in own() and len(with_(stage, "Ana")) == 3
        await passes(stage, minutes=1)
        assert len(own()) == 1  # the one that nobody is in has gone
        await until(stage, first.at + 7.4 * MINUTE)
        threads = stage.guild.rooms(PRIVATE_THREAD)
        assert not any("Half a minute left" in str(one.components) for thread in threads for one in thread.messages)
        await until(stage, first.at + 7.6 * MINUTE)
        assert any("Half a minute left" in str(one.components) for thread in threads for one in thread.messages)
        await until(stage, first.at + 8 * MINUTE)
        assert own() == {} and set(stage.guild.in_voice(home)) == set(NAMES) - {partner}

        await people[partner].joins_voice(home)
        await stage.person(partner).says("I'm here")
        await passes(stage, seconds=1)
        await opens(stage, 2)
        await passes(stage, minutes=1)
        assert {len(one) for one in own()} == {2}
        third = await opens(stage, 3)  # while the second is on: from room to room
        assert set(own()) == {frozenset(with_(stage, "Ana")), frozenset(set(NAMES) - set(with_(stage, "Ana")))}
        assert third.style is Style.VOICE
        assert failed(stage) == []


async def test_on_discord_a_group_that_meets_in_a_call_is_told_in_its_thread(tmp_path: Path) -> None:
    async with DiscordStage(tmp_path, programs(tmp_path)) as stage:
        await begun(stage, CALL)
        made = await opens(stage, 1)
        assert made.style is Style.NUMBERED

        def said(words: str) -> int:
            threads = stage.guild.rooms(PRIVATE_THREAD)
            return sum(words in str(one.components) for thread in threads for one in thread.messages)

        assert (said("Room 1"), said("Room 2"), said("What stings?")) == (1, 1, 2)
        await until(stage, made.at + 7 * MINUTE)
        assert (said(SOON), said(BACK)) == (2, 0)
        await until(stage, made.at + 8 * MINUTE)
        assert (said(SOON), said(BACK)) == (2, 2)
        assert failed(stage) == [] and list(stage.complaints()) == []
