"""The way in: what Discord says comes over the gateway, is understood, asked at the door, and answered.

Interactions are taken as they come. Nothing is registered for a button or a form beforehand, so that one from before
a restart is like any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

import aiohttp
import discord
import structlog

from bot.bugs import traced
from bot.message import Choice, Message, Paragraph, Text
from bot.platforms.base import Door, Inbound, Outcome, Profile
from bot.platforms.discord.answer import Answer
from bot.platforms.discord.api import Api
from bot.platforms.discord.callbacks import BadAnswer, Callback, Callbacks, Expired, Json, Taken
from bot.platforms.discord.direct import Directions
from bot.platforms.discord.files import brought
from bot.platforms.discord.gateway import BETWEEN_IDENTIFIES, VOICE, Client, Payload
from bot.platforms.discord.inbound import Arrival, Looking, Place, Reader, Scene, Turned, scene_of
from bot.platforms.discord.presence import entered
from bot.platforms.discord.setup import Setup
from bot.platforms.discord.shelf import Shelf
from bot.platforms.discord.tree import sync, tree
from bot.words import Words

log = structlog.get_logger(__name__)

T = TypeVar("T")

EARLY = 1.5  # seconds until Discord hears from us, whether or not the answer is ready
RIDE = 0.01  # the same for what only reads: there is nothing to lose
REMEMBERED = 5000  # events, for those that come again
CLOSING = 5.0  # seconds for answers that are being given when listening ends
SYNC_AGAIN = (5.0, 30.0, 300.0)  # seconds between attempts to tell Discord the commands, the last again and again
MOST_CHOICES, CHOICE_NAME, CHOICE_VALUE = 25, 100, 100


class Discord(Protocol):
    """What the way in needs of the adapter."""

    @property
    def setup(self) -> Setup: ...

    @property
    def words(self) -> Words: ...

    @property
    def clock(self) -> Callable[[], datetime]: ...

    @property
    def api(self) -> Api: ...

    hears: bool


async def listen(
    platform: Discord, door: Door, *, early: float = EARLY, between_identifies: float = BETWEEN_IDENTIFIES
) -> None:
    """Serve until cancelled; raises when Discord lets the bot in no more, such as for a token that was withdrawn."""

    def hears(connected: bool) -> None:
        platform.hears = connected

    client = Client(platform.setup, platform.api.http, hears=hears, between_identifies=between_identifies)
    await client.enter()
    assert client.application_id is not None
    async with aiohttp.ClientSession() as session:
        callbacks = Callbacks(session, platform.setup.api_url, client.application_id)
        hearing = Hearing(platform, door, client, callbacks, session, early)
        telling = asyncio.create_task(_tell_commands(client, door, platform.setup))
        try:
            await client.serve(hearing.heard)
        finally:
            telling.cancel()
            await hearing.close()
            await asyncio.gather(telling, return_exceptions=True)


async def _tell_commands(client: Client, door: Door, setup: Setup) -> None:
    """Listening does not wait for it: buttons and most commands work as Discord knows them."""
    assert client.application_id is not None
    try:
        wanted = tree(door.commands(), door.shortcuts())
    except ValueError as unfit:
        log.error("discord commands unfit", why=str(unfit))
        return
    for wait in _and_again(SYNC_AGAIN):
        try:
            told = await sync(client.http, client.application_id, wanted, setup.guilds_for_development)
        except (discord.RateLimited, discord.DiscordServerError, OSError, aiohttp.ClientError) as failed:
            log.warning("discord commands not told yet", error=type(failed).__name__, again_in=wait)
            await asyncio.sleep(wait)
        except discord.HTTPException as no:
            log.error("discord commands refused", code=no.code, status=no.status)
            return
        else:
            log.info("discord commands", told=told)
            return


class Hearing:
    """Everything that comes in while the adapter listens."""

    def __init__(
        self,
        platform: Discord,
        door: Door,
        client: Client,
        callbacks: Callbacks,
        session: aiohttp.ClientSession,
        early: float,
    ) -> None:
        self._door = door
        self._client = client
        self._callbacks = callbacks
        self._early = early
        self._api = platform.api
        self._session = session
        self._api_url = platform.setup.api_url
        self._words = platform.words
        self._shelf = Shelf()
        self._reader = Reader(door.commands(), door.shortcuts(), platform.words, self._shelf)
        self._directions = Directions(platform.api)
        self._reading = asyncio.Lock()
        self._seen: dict[str, None] = {}
        self._tasks: set[asyncio.Task[object]] = set()

    def heard(self, event: str, payload: Payload) -> None:
        """Returns at once; what has to be done is done beside."""
        if event == VOICE:
            there = entered(payload, self._client.get_guild(int(payload["guild_id"])))
            if there is not None:
                self._task(self._told(there))
            return
        began = asyncio.get_running_loop().time()
        id = str(payload.get("id", ""))
        if id in self._seen:
            return
        if id:  # a vote has none: it changes nothing when it comes again
            self._seen[id] = None
        while len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]
        try:
            news = self._reader.read(event, payload)
        except Exception as bug:
            log.error("bug", platform="discord", kind=event, inbound=id, **traced(bug))
            if (scene := scene_of(payload)) is not None:
                self._task(self._apologised(self._answer(scene)))
            return
        match news:
            case Arrival() as arrival:
                self._task(self._answered(arrival, began))
            case Turned() as turned:
                self._task(self._turned(turned))
            case Looking() as looking:
                self._task(self._suggested(looking))
            case Inbound() as told:
                self._task(self._told(told))

    async def close(self) -> None:
        """What is being answered is finished, if that is soon."""
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=CLOSING)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _answered(self, arrival: Arrival, began: float) -> None:
        answer = self._answer(arrival.scene)
        reads = arrival.scene.place is Place.COMMAND and self._door.only_reads(arrival.deed)
        if reads and self._reading.locked():
            await answer.early()  # in a crowd everybody hears something first
        early = min(RIDE, self._early) if reads else self._early
        deciding = self._task(self._in_turn(arrival, answer) if reads else self._decided(arrival, answer))
        done, _ = await asyncio.wait({deciding}, timeout=began + early - asyncio.get_running_loop().time())
        try:
            if not done:
                await answer.early()
            await answer.give(arrival, await deciding)
        except Exception as bug:
            self._bug(arrival.scene, bug)
            await self._apologised(answer)

    async def _in_turn(self, arrival: Arrival, answer: Answer) -> Outcome:
        async with self._reading:
            return await self._decided(arrival, answer)

    async def _decided(self, arrival: Arrival, answer: Answer) -> Outcome:
        try:
            inbound = await self._inbound(arrival, answer)
            return await self._door(inbound) if inbound is not None else self._said("nowhere")
        except Exception as bug:
            self._bug(arrival.scene, bug)
            return self._said("bug")

    async def _inbound(self, arrival: Arrival, answer: Answer) -> Inbound | None:
        """None when nobody can tell which server it is about."""
        scene = arrival.scene
        answer.guild, name = await self._whereabouts(scene)
        if not answer.guild:
            return None
        return Inbound(
            event_id=scene.id,
            workspace=answer.guild,
            account=scene.account,
            profile=Profile(name=name),
            deed=await brought(arrival, self._session, self._api_url),
            room=scene.room,
            workspace_name=self._called(answer.guild),
            mentioned={account: Profile(name=named) for account, named in arrival.mentioned.items()},
        )

    async def _whereabouts(self, scene: Scene) -> tuple[str, str]:
        """The server, and what the person is called in it."""
        if scene.guild:
            self._directions.seen(scene.account, scene.guild, scene.name)
            return scene.guild, scene.name
        return await self._directions.of(scene, [str(guild.id) for guild in self._client.guilds])

    def _called(self, guild: str) -> str:
        known = self._client.get_guild(int(guild))
        return (known.name or "") if known is not None else ""

    async def _turned(self, turned: Turned) -> None:
        answer = self._answer(turned.scene)
        if turned.half_done is not None:
            # Discord never tells when a form is put away: each part of it counts as if it had been, then.
            self._task(self._decided(Arrival(turned.scene, turned.half_done), self._answer(turned.scene)))
        try:
            await answer.show(turned.shown, replace=turned.replaces)
        except Exception as bug:
            self._bug(turned.scene, bug)
            await self._apologised(answer)

    async def _told(self, news: Inbound) -> None:
        await self._door(news)

    async def _suggested(self, looking: Looking) -> None:
        scene = looking.scene
        found: Sequence[Choice] = ()
        try:
            guild, name = await self._whereabouts(scene)
            if guild:
                inbound = Inbound(scene.id, guild, scene.account, Profile(name), looking.line, scene.room)
                found = await self._door.complete(inbound, looking.option, looking.typed)
        except Exception as bug:
            self._bug(scene, bug)
        try:
            await self._callbacks.first(scene, Callback.CHOICES, {"choices": choices(found)})
        except (Expired, Taken, BadAnswer) as late:
            log.info("discord suggestions too late", inbound=scene.id, reason=str(late))

    def _answer(self, scene: Scene) -> Answer:
        return Answer(scene, self._callbacks, self._api, self._words, self._shelf)

    async def _apologised(self, answer: Answer) -> None:
        message = self._said("bug").message
        assert message is not None
        try:
            await answer.tell(message)
        except BadAnswer as no:
            log.error("discord apology refused", code=no.code)

    def _said(self, name: str) -> Outcome:
        line = self._words.get("discord", "answers", name)
        return Outcome(message=Message(blocks=(Paragraph((Text(line),)),)))

    def _bug(self, scene: Scene, bug: Exception) -> None:
        log.error("bug", platform="discord", inbound=scene.id, place=scene.place.value, **traced(bug))

    def _task(self, work: Coroutine[object, object, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (bug := task.exception()) is not None:
            log.error("bug", platform="discord", **traced(bug))


def choices(found: Sequence[Choice]) -> list[Json]:
    """As Discord takes them: short, each by a name of its own."""
    names: dict[str, str] = {}
    for choice in found:
        name = (choice.label.strip() or choice.value)[:CHOICE_NAME]
        if name in names:
            name = f"{name[: CHOICE_NAME - len(choice.value) - 3]} ({choice.value})"
        if choice.value.strip() and len(choice.value) <= CHOICE_VALUE and len(names) < MOST_CHOICES:
            names.setdefault(name, choice.value)
    return [{"name": name, "value": value} for name, value in names.items()]


def _and_again(waits: Sequence[float]) -> Iterator[float]:
    yield from waits
    while True:
        yield waits[-1]
