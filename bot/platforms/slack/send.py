"""Out: one parcel becomes one change in Slack; and what may have become one is looked for there.

A message's receipt is "CHANNEL:TS", a file's "CHANNEL:FILE", a room's its channel, a bookmark's its own id.
Nothing happened when `send` raises a SendError: where a later step of several is refused, the answer counts as lost,
and `find` completes what it finds half done.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import PurePosixPath

import structlog
from aiohttp import web

from bot.message import Message
from bot.platforms.base import Door, Kind, Parcel, Receipt, SendError
from bot.platforms.slack import limits, rooms
from bot.platforms.slack.api import Answer, part, rows, text
from bot.platforms.slack.draw import Drawn, draw
from bot.platforms.slack.errors import AnswerLost, SlackRefusal
from bot.platforms.slack.listen import Hearing, listen
from bot.platforms.slack.setup import Setup
from bot.platforms.slack.unpinged import unpinged
from bot.platforms.slack.workspaces import Seconds, Sleep, Workspace, Workspaces
from bot.ways import Ways
from bot.words import Words

log = structlog.get_logger(__name__)

EVENT_TYPE = "caravan_effect"
EARLIER = timedelta(seconds=60)  # our clock and Slack's may differ
WITHIN = 35.0  # seconds for a whole parcel; with the opening of the workspaces below delivery's lease
ALT_LENGTH = 1000
SETTLING = 3.0  # seconds in which a post whose connection broke may still appear


class SlackPlatform:
    """The adapter. `hears` is set by whoever listens. `settling`, `seconds` and `sleep` are others in tests, which have
    no time to lose."""

    name = "slack"
    ways = Ways(call=True, largest_dm=limits.IN_A_DM)
    pace = 1.0

    def __init__(
        self,
        setup: Setup,
        words: Words,
        clock: Callable[[], datetime],
        *,
        settling: float = SETTLING,
        seconds: Seconds = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.setup = setup
        self.words = words
        self.clock = clock
        self.workspaces = Workspaces(setup, seconds, sleep)
        self.hears = False
        self._settling = settling
        self._hearing: Hearing | None = None
        self._lost: dict[str, float] = {}  # keys of what may still appear, and until when it may

    @property
    def connected(self) -> bool:
        """Whether it hears, and speaks in every workspace."""
        return self.hears and self.workspaces.complete

    def hearing(self, door: Door) -> Hearing:
        """The one way in, whether by sockets or by the web server."""
        if self._hearing is None or self._hearing.door is not door:
            self._hearing = Hearing(self, door)
        return self._hearing

    async def listen(self, door: Door) -> None:
        await listen(self, door)

    def routes(self, door: Door) -> Sequence[web.RouteDef]:
        from bot.platforms.slack.http import routes

        return routes(self, door)

    async def close(self) -> None:
        await self.workspaces.close()

    async def send(self, parcel: Parcel) -> Receipt:
        await self.workspaces.open()
        workspace = self.workspaces.of(parcel.workspace)
        async with self._watched(parcel):
            return await self._send(workspace, parcel)

    async def find(self, parcel: Parcel) -> Receipt | None:
        await self.workspaces.open()
        workspace = self.workspaces.of(parcel.workspace)
        await asyncio.sleep(self._lost.pop(parcel.key, 0.0) - asyncio.get_running_loop().time())
        try:
            async with self._watched(parcel):
                return await self._find(workspace, parcel)
        except SlackRefusal as no:
            if no.reason == "missing-scope":
                raise SendError("cannot-verify", permanent=True, detail=no.detail) from no
            raise

    @asynccontextmanager
    async def _watched(self, parcel: Parcel) -> AsyncIterator[None]:
        """In time, and remembered when the answer is lost: what is on its way may take a moment to appear."""
        now = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(WITHIN):
                yield
        except OSError:
            self._lost = {key: until for key, until in self._lost.items() if until > now()}
            self._lost[parcel.key] = now() + self._settling
            raise

    async def _send(self, workspace: Workspace, parcel: Parcel) -> Receipt:
        match parcel.kind:
            case Kind.POST:
                return await self._post(workspace, parcel)
            case Kind.EDIT:
                return await self._edit(workspace, parcel)
            case Kind.ROOM if self.setup.minimal:
                return await rooms.by_hand(workspace, parcel)
            case Kind.ROOM:
                return await rooms.make(workspace, parcel, self._since(parcel))
            case Kind.INVITE if self.setup.minimal:
                return await rooms.seated_by_hand(workspace, parcel, "invite-by-hand", there=True)
            case Kind.REMOVE if self.setup.minimal:
                return await rooms.seated_by_hand(workspace, parcel, "remove-by-hand", there=False)
            case Kind.BOOKMARK if self.setup.minimal:
                return Receipt(parcel.room or "")  # links are in what the bot writes; the manifest says what is missing
            case Kind.INVITE:
                settled = ("already_in_channel", "cant_invite_self")
                return await rooms.seat(workspace, parcel, "conversations.invite", "users", settled)
            case Kind.REMOVE:
                settled = ("not_in_channel", "user_not_in_channel")
                return await rooms.seat(workspace, parcel, "conversations.kick", "user", settled)
            case Kind.UPLOAD:
                return await self._upload(workspace, parcel)
            case Kind.BOOKMARK:
                return await self._bookmark(workspace, parcel)
            case Kind.WHISPER:
                return await _whisper(workspace, parcel)
            case Kind.GROUP if not parcel.voice:
                return await self._post(workspace, parcel)
            case Kind.EVENT | Kind.GROUP | Kind.UNGROUP:
                return Receipt("")  # no calendar, and no voice

    async def _find(self, workspace: Workspace, parcel: Parcel) -> Receipt | None:
        match parcel.kind:
            case Kind.BOOKMARK if self.setup.minimal:
                return None
            case Kind.POST:
                return await self._find_post(workspace, parcel)
            case Kind.ROOM if self.setup.minimal:
                return await rooms.find_by_hand(workspace, parcel)
            case Kind.ROOM:
                return await rooms.find(workspace, parcel, self._since(parcel))
            case Kind.UPLOAD:
                return await self._find_upload(workspace, parcel)
            case Kind.BOOKMARK:
                return await _find_bookmark(workspace, parcel)
            case Kind.GROUP if not parcel.voice:
                return await self._find_post(workspace, parcel)
            case Kind.EDIT | Kind.INVITE | Kind.REMOVE | Kind.EVENT | Kind.GROUP | Kind.UNGROUP:
                return None  # doing it again changes nothing
            case Kind.WHISPER:
                return None  # nobody can look for it: delivery sends it once

    # Messages.

    async def _post(self, workspace: Workspace, parcel: Parcel) -> Receipt:
        channel = await _channel(workspace, parcel)
        first = ""
        for number, drawn in enumerate(_drawn(parcel), 1):
            try:
                ts = await _say(workspace, channel, drawn, parcel.key, number, _thread(parcel))
            except SendError as no:
                if first and not no.permanent:
                    raise AnswerLost("part of it is there") from no
                raise _spoken_of_dm(no, parcel) from no
            first = first or ts
        return await _pinned(workspace, parcel, channel, first)

    async def _find_post(self, workspace: Workspace, parcel: Parcel) -> Receipt | None:
        channel = await _channel(workspace, parcel)
        there: dict[int, str] = {}
        async for message in _messages(workspace, channel, self._since(parcel), _thread(parcel)):
            number = _number(message, parcel.key)
            if number:
                there[number] = text(message, "ts")
        if 1 not in there:
            return None
        for number, drawn in enumerate(_drawn(parcel), 1):
            if number not in there:
                await _say(workspace, channel, drawn, parcel.key, number, _thread(parcel))
        return await _pinned(workspace, parcel, channel, there[1])

    async def _edit(self, workspace: Workspace, parcel: Parcel) -> Receipt:
        """What no longer fits into the message follows beneath it, and stays there when it is edited again."""
        channel, ts = _place(parcel.target)
        first, *rest = _drawn(parcel)
        await _change(workspace, channel, ts, first)
        if rest:
            there: dict[int, str] = {}
            key = f"beneath:{channel}:{ts}"
            async for message in _messages(workspace, channel, 0, ts):
                number = _number(message, key)
                if number:
                    there[number] = text(message, "ts")
            for number, drawn in enumerate(rest, 2):
                if number in there:
                    await _change(workspace, channel, there[number], drawn)
                else:
                    await _say(workspace, channel, drawn, key, number, ts)
        return Receipt(f"{channel}:{ts}")

    def _since(self, parcel: Parcel) -> float:
        """What is older, in Slack's seconds, is none of this effect's doing."""
        return ((parcel.attempted_at or self.clock()) - EARLIER).timestamp()

    # Files and links.

    async def _upload(self, workspace: Workspace, parcel: Parcel) -> Receipt:
        if parcel.file is None:
            raise SendError("bug", permanent=True, detail="no file")
        channel = await _channel(workspace, parcel)
        place = await workspace.call(
            "files.getUploadURLExternal",
            filename=file_name(parcel.file.name, parcel.key),
            length=len(parcel.file.content),
            alt_txt=parcel.file.alt[:ALT_LENGTH] or None,
        )
        await workspace.api.upload(text(place, "upload_url"), parcel.file.content)
        id = text(place, "file_id")
        try:
            await workspace.call(
                "files.completeUploadExternal",
                files=[{"id": id, "title": parcel.file.name}],
                channel_id=channel,
                initial_comment="\n".join(drawn.text for drawn in _drawn(parcel)) if parcel.message else None,
                thread_ts=_thread(parcel),
            )
        except SlackRefusal as no:
            raise _spoken_of_dm(no, parcel) from no
        return Receipt(f"{channel}:{id}")

    async def _find_upload(self, workspace: Workspace, parcel: Parcel) -> Receipt | None:
        if parcel.file is None:
            return None
        channel = await _channel(workspace, parcel)
        name = file_name(parcel.file.name, parcel.key)
        async for message in _messages(workspace, channel, self._since(parcel), _thread(parcel)):
            for file in rows(message, "files"):
                if text(file, "name") == name:
                    return Receipt(f"{channel}:{text(file, 'id')}")
        return None

    async def _bookmark(self, workspace: Workspace, parcel: Parcel) -> Receipt:
        if parcel.attempted_at is not None:
            try:
                there = await _find_bookmark(workspace, parcel)
            except SlackRefusal as no:
                if no.reason != "missing-scope":
                    raise
                there = None
            if there is not None:
                return there
        answer = await workspace.call(
            "bookmarks.add", channel_id=parcel.room, title=parcel.title, type="link", link=parcel.url
        )
        return Receipt(text(part(answer, "bookmark"), "id"))


def _drawn(parcel: Parcel) -> tuple[Drawn, ...]:
    """At least one. What goes to a room quietly points at nobody."""
    message = parcel.message or Message()
    drawn = draw(message if parcel.ping or parcel.room is None else unpinged(message))
    if not drawn:
        raise SendError("bug", permanent=True, detail="no words")
    return drawn


def _place(receipt: str | None) -> tuple[str, str]:
    channel, _, ts = (receipt or "").partition(":")
    if not channel or not ts:
        raise SendError("message-gone", permanent=True)
    return channel, ts


def _thread(parcel: Parcel) -> str | None:
    return None if parcel.thread is None else _place(parcel.thread)[1]


async def _channel(workspace: Workspace, parcel: Parcel) -> str:
    if parcel.kind is Kind.GROUP:
        return await workspace.group(parcel.accounts)
    if parcel.room is not None:
        return parcel.room
    if parcel.account is None:
        raise SendError("bug", permanent=True, detail="nobody to send to")
    try:
        return await workspace.dm(parcel.account)
    except SlackRefusal as no:
        raise _spoken_of_dm(no, parcel) from no


def _spoken_of_dm(no: SendError, parcel: Parcel) -> SendError:
    """Direct messages have no room that could be missing, or closed to the bot."""
    if parcel.room is None and no.reason in ("room-gone", "not-in-room", "not-allowed"):
        return SendError("dm-closed", permanent=True)
    return no


async def _say(workspace: Workspace, channel: str, drawn: Drawn, key: str, number: int, thread: str | None) -> str:
    answer = await workspace.call(
        "chat.postMessage",
        channel=channel,
        text=drawn.text,
        blocks=drawn.blocks,
        metadata={"event_type": EVENT_TYPE, "event_payload": {"key": key, "part": number}},
        thread_ts=thread,
        unfurl_links=False,
        unfurl_media=False,
    )
    return text(answer, "ts")


async def _whisper(workspace: Workspace, parcel: Parcel) -> Receipt:
    """Seen while their client runs, and found by nobody afterwards."""
    for drawn in _drawn(parcel):
        await workspace.call(
            "chat.postEphemeral", channel=parcel.room, user=parcel.account, text=drawn.text, blocks=drawn.blocks
        )
    return Receipt("")


async def _change(workspace: Workspace, channel: str, ts: str, drawn: Drawn) -> None:
    await workspace.call("chat.update", channel=channel, ts=ts, text=drawn.text, blocks=drawn.blocks)


async def _pinned(workspace: Workspace, parcel: Parcel, channel: str, ts: str) -> Receipt:
    """The message is there whatever becomes of its pin."""
    if parcel.pin:
        try:
            await workspace.call("pins.add", channel=channel, timestamp=ts)
        except SendError as no:
            code = no.code if isinstance(no, SlackRefusal) else no.reason
            if not no.permanent:
                raise AnswerLost("not pinned yet") from no
            if code != "already_pinned":
                log.warning("not pinned", team=workspace.team, channel=channel, reason=code)
    return Receipt(f"{channel}:{ts}")


def _number(message: Answer, key: str) -> int:
    """Which part of the effect with this key a message is; 0 for none."""
    metadata = part(message, "metadata")
    payload = part(metadata, "event_payload")
    number = payload.get("part")
    ours = text(metadata, "event_type") == EVENT_TYPE and text(payload, "key") == key
    return number if ours and isinstance(number, int) else 0


async def _messages(workspace: Workspace, channel: str, since: float, thread: str | None) -> AsyncIterator[Answer]:
    """What the bot itself has said in a channel or beneath a message."""
    method = "conversations.history" if thread is None else "conversations.replies"
    async for message in workspace.paged(
        method, "messages", channel=channel, ts=thread, oldest=f"{since:.6f}", include_all_metadata=True
    ):
        if text(message, "user") == workspace.bot_user or text(message, "bot_id") == workspace.bot_id != "":
            yield message


def file_name(name: str, key: str) -> str:
    """With a trace of the key, by which it is found again."""
    path = PurePosixPath(name)
    return f"{path.stem}-{rooms.digest(key)}{path.suffix}"


async def _find_bookmark(workspace: Workspace, parcel: Parcel) -> Receipt | None:
    answer = await workspace.call("bookmarks.list", channel_id=parcel.room)
    for bookmark in rows(answer, "bookmarks"):
        if text(bookmark, "title") == parcel.title and text(bookmark, "link") == parcel.url:
            return Receipt(text(bookmark, "id"))
    return None
