"""Out: one parcel becomes one change in the chat."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from bot.message import Message
from bot.platforms.base import Door, Kind, Parcel, Receipt, SendError
from bot.platforms.local.chat import Chat, ChatMessage, NameTaken, NotThere, dm_id
from bot.platforms.local.draw import draw_message
from bot.platforms.local.listen import serve
from bot.platforms.local.page import Page
from bot.ways import Ways


class LocalPlatform:
    """The adapter. Without `page` nothing is served: rehearsals and tests act through `Client` alone."""

    name = "local"
    ways = Ways()

    def __init__(self, chat: Chat, clock: Callable[[], datetime], page: Page | None = None) -> None:
        self.chat = chat
        self.clock = clock
        self.page = page

    async def listen(self, door: Door) -> None:
        if self.page is None:
            await asyncio.Event().wait()
        else:
            await serve(self.chat, door, self.clock, self.page)

    async def send(self, parcel: Parcel) -> Receipt:
        match parcel.kind:
            case Kind.ROOM:
                return self._make_room(parcel)
            case Kind.POST | Kind.UPLOAD | Kind.WHISPER:
                return self._post(parcel)
            case Kind.BOOKMARK:
                room = self._room(parcel.room or "")
                self.chat.keep_link(room, parcel.title, parcel.url, parcel.key)
                return Receipt(room)
            case Kind.EDIT:
                message = self._target(parcel)
                self.chat.edit(message.id, draw_message(parcel.message or Message()), at=self.clock())
                return Receipt(str(message.id))
            case Kind.INVITE:
                room, person = self._seat(parcel)
                self.chat.invite(room, person)
                return Receipt(room)
            case Kind.REMOVE:
                room, person = self._seat(parcel)
                self.chat.remove(room, person)
                return Receipt(room)
            case Kind.EVENT | Kind.GROUP | Kind.UNGROUP:
                return Receipt("")  # a chat has no calendar, and pairs are told in their room

    async def find(self, parcel: Parcel) -> Receipt | None:
        match parcel.kind:
            case Kind.ROOM | Kind.POST | Kind.UPLOAD | Kind.BOOKMARK | Kind.WHISPER:
                found = self.chat.find(parcel.key)
                return None if found is None else Receipt(found)
            case Kind.EDIT:
                message = self._target(parcel)
                same = message.payload == draw_message(parcel.message or Message())
                return Receipt(str(message.id)) if same else None
            case Kind.INVITE | Kind.REMOVE:
                room, person = self._seat(parcel)
                inside = person in self.chat.room(room).members
                return Receipt(room) if inside == (parcel.kind is Kind.INVITE) else None
            case Kind.EVENT | Kind.GROUP | Kind.UNGROUP:
                return None

    def _make_room(self, parcel: Parcel) -> Receipt:
        try:
            return Receipt(self.chat.create_room(parcel.name, parcel.title, parcel.key))
        except NameTaken as taken:
            if self.chat.room(taken.room).key == parcel.key:
                return Receipt(taken.room)
            raise SendError("name-taken", permanent=True) from taken

    def _post(self, parcel: Parcel) -> Receipt:
        where = parcel.room or dm_id(self._person(parcel))
        room = self._room(where)
        payload = draw_message(parcel.message or Message())
        under = int(parcel.thread) if parcel.thread is not None else None
        id = self.chat.post(
            room,
            payload,
            at=self.clock(),
            key=parcel.key,
            file=parcel.file,
            under=under,
            only_for=self._person(parcel) if parcel.kind is Kind.WHISPER else None,
            pinned=parcel.pin,
        )
        return Receipt(str(id))

    def _seat(self, parcel: Parcel) -> tuple[str, str]:
        return self._room(parcel.room or ""), self._person(parcel)

    def _room(self, id: str) -> str:
        try:
            return self.chat.room(id).id
        except NotThere as gone:
            raise SendError("room-gone", permanent=True) from gone

    def _person(self, parcel: Parcel) -> str:
        try:
            return self.chat.person(parcel.account or "").id
        except NotThere as gone:
            raise SendError("person-gone", permanent=True) from gone

    def _target(self, parcel: Parcel) -> ChatMessage:
        target = parcel.target or ""
        try:
            return self.chat.message(int(target) if target.isdecimal() else 0)
        except NotThere as gone:
            raise SendError("message-gone", permanent=True) from gone
