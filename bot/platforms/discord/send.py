"""Out: one parcel becomes one change in Discord; and what may have become one is looked for there.

A message's receipt is "CHANNEL:MESSAGE", a file's and a bookmark's too; a room's is its text channel. Nothing happened
when `send` raises a SendError: where a later step of several is refused, the answer counts as lost, and `find`
completes what it finds half done.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.message import Link, Message, Paragraph
from bot.platforms.base import Door, Kind, Parcel, Receipt, SendError
from bot.platforms.discord import events, groups, polls, posts, rooms, seats
from bot.platforms.discord.api import Api, Http, text
from bot.platforms.discord.errors import AnswerLost
from bot.platforms.discord.listen import listen
from bot.platforms.discord.pacing import Pace
from bot.platforms.discord.permissions import lacking
from bot.platforms.discord.posts import HISTORY, Part, Place
from bot.platforms.discord.setup import Setup
from bot.ways import Ways
from bot.words import Words

log = structlog.get_logger(__name__)

EARLIER = timedelta(seconds=60)  # our clock and Discord's may differ
WITHIN = 35.0  # seconds for a whole parcel; below delivery's lease
# Discord takes a message with the same nonce for the same one during two minutes, of which a parcel may take a part.
REPEATABLE = timedelta(minutes=2) - timedelta(seconds=WITHIN)
SETTLING = 3.0  # seconds in which what was asked for on a connection that broke may still appear


class DiscordPlatform:
    """The adapter. `hears` is set by whoever listens; `http` is shared with them. `settling` is less in tests, which
    have no time to lose."""

    name = "discord"
    ways = Ways(voice=True, threads=True, call=True)
    pace = 0.0  # each route's limits are known from Discord's answers

    def __init__(
        self, setup: Setup, words: Words, clock: Callable[[], datetime], *, settling: float = SETTLING
    ) -> None:
        self.setup = setup
        self.words = words
        self.clock = clock
        self.hears = False
        self._settling = settling
        self._api: Api | None = None
        self._dms: dict[str, str] = {}  # channels by account; they never change
        self._homes: dict[str, str] = {}  # servers by channel
        self._lost: dict[str, float] = {}  # keys of what may still appear, and until when it may

    @property
    def connected(self) -> bool:
        return self.hears

    @property
    def api(self) -> Api:
        if self._api is None:
            self._api = Api(Http(self.setup.api_url, Pace()), self.setup.token)
        return self._api

    @property
    def http(self) -> Http:
        """discord.py's HTTP part, which stays when the gateway comes and goes."""
        return self.api.http

    async def listen(self, door: Door) -> None:
        await listen(self, door)

    async def close(self) -> None:
        if self._api is not None:
            await self._api.http.let_go()

    async def send(self, parcel: Parcel) -> Receipt:
        async with self._watched(parcel):
            await self.api.enter()
            return await self._send(parcel)

    async def find(self, parcel: Parcel) -> Receipt | None:
        await asyncio.sleep(self._lost.pop(parcel.key, 0.0) - time.monotonic())
        async with self._watched(parcel):
            await self.api.enter()
            return await self._find(parcel)

    @asynccontextmanager
    async def _watched(self, parcel: Parcel) -> AsyncIterator[None]:
        """In time, and remembered when the answer is lost: what is on its way may take a moment to appear."""
        try:
            async with asyncio.timeout(WITHIN):
                yield
        except OSError:
            now = time.monotonic()
            self._lost = {key: until for key, until in self._lost.items() if until > now}
            self._lost[parcel.key] = now + self._settling
            raise

    async def _send(self, parcel: Parcel) -> Receipt:
        match parcel.kind:
            case Kind.POST | Kind.UPLOAD:
                return await self._post(parcel)
            case Kind.BOOKMARK:
                return await self._post(_bookmark(parcel))
            case Kind.EDIT:
                return await self._edit(parcel)
            case Kind.ROOM:
                return await rooms.make(self.api, parcel, self.words, self._since(parcel))
            case Kind.INVITE:
                return await seats.seat(self.api, parcel, self.words)
            case Kind.REMOVE:
                return await seats.unseat(self.api, parcel, self.words)
            case Kind.EVENT:
                return await events.settle(self.api, parcel, self.clock())
            case Kind.GROUP if parcel.voice:
                return await groups.part_ways(self.api, parcel, self.clock())
            case Kind.GROUP:
                return await groups.gather(self.api, parcel, self._since(parcel))
            case Kind.UNGROUP if not parcel.target:
                return Receipt("")  # nobody got a voice channel, or a thread
            case Kind.UNGROUP if parcel.message is not None:
                return await groups.tell(self.api, parcel)
            case Kind.UNGROUP:
                return await groups.bring_back(self.api, parcel)
            case Kind.WHISPER:
                return Receipt("")  # only an answer is seen by one alone; a group is written to in its thread

    async def _find(self, parcel: Parcel) -> Receipt | None:
        match parcel.kind:
            case Kind.POST | Kind.UPLOAD:
                return await self._find_post(parcel)
            case Kind.BOOKMARK:
                return await self._find_post(_bookmark(parcel))
            case Kind.ROOM:
                return await rooms.find(self.api, parcel, self.words, self._since(parcel))
            case Kind.GROUP if parcel.voice:
                return await groups.find_voice(self.api, parcel, self.clock())
            case Kind.GROUP:
                return await groups.find(self.api, parcel, self._since(parcel))
            case Kind.UNGROUP if parcel.target and parcel.message is not None:
                return await groups.find_told(self.api, parcel, self._since(parcel))
            case Kind.EDIT | Kind.INVITE | Kind.REMOVE | Kind.EVENT | Kind.UNGROUP | Kind.WHISPER:
                return None  # doing it again changes nothing

    def _since(self, parcel: Parcel) -> float:
        """What is older, in seconds, is none of this effect's doing."""
        return ((parcel.attempted_at or self.clock()) - EARLIER).timestamp()

    # Messages, with or without a file.

    async def _post(self, parcel: Parcel) -> Receipt:
        parts = posts.parts(parcel)
        place = await self._place(parcel, making=True)
        first = ""
        for part in parts:
            try:
                id = await self._say(parcel, place, part)
            except SendError as no:
                if first and not no.permanent:
                    raise AnswerLost("part of it is there") from no
                raise
            first = first or id
        return await posts.pinned(self.api, place.channel, first, wanted=parcel.pin)

    async def _find_post(self, parcel: Parcel) -> Receipt | None:
        parts = posts.parts(parcel)
        place = await self._place(parcel, making=False)
        after = posts.moment(self._since(parcel))
        there = await posts.found(self.api, place.channel, parts, after)
        if not there and parcel.message is not None and parcel.message.poll is not None:
            there = await polls.found(self.api, place.channel, parcel.message.poll, after)
        if not there:
            await self._check_sight(parcel, place)
            return None
        for part in parts:
            if part.number not in there:
                # What Discord has of it may be hidden for a moment: then the nonce finds it.
                there[part.number] = await self._say(parcel, place, part)
        return await posts.pinned(self.api, place.channel, there[parts[0].number], wanted=parcel.pin)

    async def _check_sight(self, parcel: Parcel, place: Place) -> None:
        """Nothing is there, or only nothing that the bot can see? It matters once repeating is no longer safe."""
        tried = parcel.attempted_at
        if tried is None or self.clock() - tried < REPEATABLE:
            return
        if lacks := await lacking(self.api, place.channel, HISTORY):
            raise SendError("cannot-verify", permanent=True, detail=lacks)

    async def _edit(self, parcel: Parcel) -> Receipt:
        """What no longer fits into the message follows beneath it, and stays there when it is edited again."""
        channel, id = posts.place_of(parcel.target)
        poll = parcel.message.poll if parcel.message is not None else None
        if poll is not None and await polls.settled(self.api, channel, id, closed=poll.closed):
            return Receipt(f"{channel}:{id}")
        first, *rest = posts.drawn(parcel, f"beneath:{channel}:{id}")
        await posts.change(self.api, channel, id, first)
        if rest:
            place = await self._beneath(parcel, channel, id, making=True)
            there = await posts.found(self.api, place.channel, rest, id)
            for part in rest:
                if part.number in there:
                    await posts.change(self.api, place.channel, there[part.number], part)
                else:
                    await self._say(parcel, place, part)
        return Receipt(f"{channel}:{id}")

    async def _say(self, parcel: Parcel, place: Place, part: Part) -> str:
        asked = polls.asked(parcel, self.clock()) if part.number == 0 else None
        if asked is not None:
            try:
                return await polls.say(self.api, place, asked, nonce=part.nonce, silent=not parcel.ping)
            except SendError as no:
                if not no.permanent:
                    raise
                log.warning("no poll of its own", reason=no.reason)  # there are buttons instead
        try:
            return await posts.say(self.api, place, part, silent=not parcel.ping)
        except SendError as no:
            if self._is_dm(parcel):
                raise _spoken_of_dm(no) from no
            raise await posts.explained(self.api, no, place, part) from no

    # Where to.

    async def _place(self, parcel: Parcel, *, making: bool) -> Place:
        """`making`: a thread that isn't there yet is begun."""
        if parcel.thread is not None:
            return await self._beneath(parcel, *posts.place_of(parcel.thread), making=making)
        if parcel.room is None:
            return Place(await self._dm(parcel))
        if parcel.room not in self._homes:
            channel = await self.api.call("GET", "/channels/{channel_id}", channel_id=parcel.room)
            self._homes[parcel.room] = text(channel, "guild_id")
        if self._homes[parcel.room] != parcel.workspace:
            raise SendError("room-gone", permanent=True)
        return Place(parcel.room)

    async def _beneath(self, parcel: Parcel, channel: str, id: str, *, making: bool) -> Place:
        """A thread on the message; where there can be none, an answer to it."""
        thread = ""
        if not self._is_dm(parcel):
            name = posts.heading(parcel.message) if making else ""
            thread = await posts.thread(self.api, channel, id, name)
        return Place(thread) if thread else Place(channel, answers=id)

    async def _dm(self, parcel: Parcel) -> str:
        if parcel.account is None:
            raise SendError("bug", permanent=True, detail="nobody to send to")
        if parcel.account not in self._dms:
            try:
                made = await self.api.call("POST", "/users/@me/channels", {"recipient_id": parcel.account})
            except SendError as no:
                raise _spoken_of_dm(no) from no
            self._dms[parcel.account] = text(made, "id")
        return self._dms[parcel.account]

    def _is_dm(self, parcel: Parcel) -> bool:
        return parcel.room is None


def _bookmark(parcel: Parcel) -> Parcel:
    """Discord has none: a message that is pinned, so that the link is found again."""
    return replace(parcel, message=Message(blocks=(Paragraph((Link(parcel.url, parcel.title),)),)), pin=True)


def _spoken_of_dm(no: SendError) -> SendError:
    """Direct messages have no room that could be missing, or closed to the bot."""
    if no.reason in ("room-gone", "not-in-room", "not-allowed", "missing-permission"):
        return SendError("dm-closed", permanent=True)
    return no
