"""What somebody gets for what they did: as the first answer if it is ready in time, else later or by other ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum, auto
from typing import Any, TypeAlias

import structlog

from bot.message import Form, Message, Paragraph, Quote, Text
from bot.platforms.base import Filled, Outcome, SendError
from bot.platforms.discord.api import Api, text
from bot.platforms.discord.callbacks import UNKNOWN_MESSAGE, BadAnswer, Callback, Callbacks, Expired, Lost, Taken
from bot.platforms.discord.direct import marked
from bot.platforms.discord.draw import draw
from bot.platforms.discord.forms import Modal, filled, introduction, modal, must_introduce, with_remarks
from bot.platforms.discord.inbound import Arrival, Place, Scene
from bot.platforms.discord.shelf import Kept, Shelf
from bot.words import Words

log = structlog.get_logger(__name__)

Json: TypeAlias = dict[str, Any]  # as Discord takes it

_EPHEMERAL, _COMPONENTS = 1 << 6, 1 << 15  # flags: seen by one person alone; drawn by components
_NOBODY: Json = {"parse": []}  # whoever is named in an answer is not notified by it


class _Standing(Enum):
    """What Discord has had from us so far."""

    OPEN = auto()  # nothing
    THINKING = auto()  # a message that waits for its words
    PUT_OFF = auto()  # the message with the button stays as it is for now
    ANSWERED = auto()
    TAKEN = auto()  # nothing, but it was answered all the same
    BY_MESSAGE = auto()  # nothing, and it takes nothing: only the direct message is left


class Answer:
    """The answer to one thing that happened: perhaps `early`, and then `give`. `guild` is what it is about."""

    def __init__(self, scene: Scene, callbacks: Callbacks, api: Api, words: Words, shelf: Shelf) -> None:
        self.guild = scene.guild
        self._scene = scene
        self._callbacks = callbacks
        self._api = api
        self._words = words
        self._shelf = shelf
        self._standing = _Standing.OPEN if scene.token else _Standing.BY_MESSAGE

    async def early(self) -> None:
        """When the answer is not ready. A message of theirs alone may yet be replaced, so nothing is put below it."""
        if self._standing is not _Standing.OPEN:
            return
        try:
            if self._scene.private:
                await self._first(Callback.NOTHING_YET, then=_Standing.PUT_OFF)
            else:
                await self._first(Callback.THINKING, self._seen_by(), then=_Standing.THINKING)
        except (Expired, BadAnswer) as no:
            self._log("interaction not put off", reason=str(no))

    async def give(self, arrival: Arrival, outcome: Outcome) -> None:
        """What can't be given is logged, by ids only."""
        if outcome.errors:
            await self.tell(self._remarks(arrival, outcome.errors))
        elif outcome.form is not None:
            await self._open(outcome.form)
        elif outcome.message is not None:
            await self.tell(outcome.message, replace=outcome.replaces)
        else:
            await self._nothing()

    async def show(self, shown: Modal | Message, *, replace: bool) -> None:
        """The next part of a form, or why there is none."""
        if isinstance(shown, Message):
            await self.tell(shown, replace=replace)
            return
        try:
            await self._first(Callback.FORM, shown.json())
        except Expired:
            self._log("form not opened")  # its button is still there

    async def tell(self, message: Message, *, replace: bool = False) -> None:
        """In as many messages as it takes."""
        replace = (replace or self._scene.is_turning) and self._scene.private
        bodies = self._bodies(message)
        for number, body in enumerate(bodies):
            if self._standing is _Standing.TAKEN:
                return
            if self._standing is not _Standing.BY_MESSAGE:
                try:
                    await self._say(body, replace=replace and number == 0)
                    continue
                except Lost as lost:
                    self._log("answer lost", reason=str(lost))
                    continue
                except Expired as late:
                    self._log("interaction expired", reason=str(late))
                    self._standing = _Standing.BY_MESSAGE
            await self._write(bodies[number:])
            return

    # Forms.

    async def _open(self, form: Form) -> None:
        """A modal can only be the very first answer, and to no modal. Else a message has a button that opens it."""
        scene = self._scene
        introduced = must_introduce(form, self._words)
        if not introduced and self._standing is _Standing.OPEN and scene.place is not Place.FORM:
            kept = Kept(form)
            key = self._shelf.keep(scene.account, kept)
            try:
                await self._first(Callback.FORM, modal(kept, self._words, key=key).json())
                return
            except Expired:
                self._log("form not opened")
        key = self._shelf.keep(scene.account, Kept(form, introduced=True))
        await self.tell(introduction(form, self._words, key))

    def _remarks(self, arrival: Arrival, errors: Mapping[str, str]) -> Message:
        if (kept := arrival.kept) is not None:
            stays = {key: files for key, files in kept.attached.items() if key not in errors}
            again = replace(kept, form=filled(kept.form, kept.given, stays), attached=stays)
            return with_remarks(again, errors, self._words, self._shelf.keep(self._scene.account, again))
        remarks = tuple(Paragraph((Text(remark, literal=True),)) for remark in errors.values())
        given = arrival.deed.answers.values() if isinstance(arrival.deed, Filled) else ()
        typed = tuple(Quote((Paragraph((Text(one, literal=True),)),)) for one in given if isinstance(one, str) and one)
        told = (Paragraph((Text(self._words.get("discord", "answers", "typed")),)),) if typed else ()
        return Message(blocks=(*remarks, *told, *typed))

    # Messages.

    def _bodies(self, message: Message) -> list[Json]:
        parts = draw(message, spill=lambda args: self._shelf.keep(self._scene.account, args))
        return [
            {
                "flags": _COMPONENTS,
                "components": marked(part.components, self.guild) if self._scene.direct else part.components,
                "allowed_mentions": _NOBODY,
            }
            for part in parts
        ]

    async def _say(self, body: Json, *, replace: bool) -> None:
        """By the interaction's own token: it reaches rooms that the bot is not in."""
        beneath = {**body, "flags": body["flags"] | self._seen_by()["flags"]}
        match self._standing:
            case _Standing.OPEN if replace:
                await self._first(Callback.UPDATE, body)
            case _Standing.OPEN:
                await self._first(Callback.MESSAGE, beneath)
            case _Standing.THINKING:
                await self._changed(body, beneath)
            case _Standing.PUT_OFF if replace:
                await self._changed(body, beneath)
            case _:
                await self._more(beneath)

    async def _changed(self, body: Json, beneath: Json) -> None:
        try:
            await self._callbacks.change(self._scene, body)
        except BadAnswer as no:
            if no.code != UNKNOWN_MESSAGE:
                raise
            await self._more(beneath)  # it was put away meanwhile
        self._standing = _Standing.ANSWERED

    async def _more(self, beneath: Json) -> None:
        await self._callbacks.more(self._scene, beneath)
        self._standing = _Standing.ANSWERED

    async def _nothing(self) -> None:
        """Discord wants to hear of everything, and whoever typed or filled in something wants to know that it came."""
        scene = self._scene
        match self._standing:
            case _Standing.BY_MESSAGE | _Standing.TAKEN:
                return
            case _ if scene.is_turning or scene.place is not Place.MESSAGE:
                line = self._words.get("discord", "answers", "done")
                await self.tell(Message(blocks=(Paragraph((Text(line),)),)))
            case _Standing.OPEN:
                await self._first(Callback.NOTHING_YET)
            case _Standing.THINKING:
                await self._callbacks.drop(scene)

    async def _first(self, kind: Callback, data: Json | None = None, *, then: _Standing = _Standing.ANSWERED) -> None:
        """Expired: only a message is left."""
        try:
            await self._callbacks.first(self._scene, kind, data)
        except Taken:
            self._standing = _Standing.TAKEN
        except Expired:
            self._standing = _Standing.BY_MESSAGE
            raise
        else:
            self._standing = then

    async def _write(self, bodies: Sequence[Json]) -> None:
        """In the direct message: to words that were said there, or because nothing else is left."""
        try:
            for body in bodies:
                components = marked(body["components"], self.guild)
                channel = await self._direct_channel()
                await self._api.call(
                    "POST", "/channels/{channel_id}/messages", {**body, "components": components}, channel_id=channel
                )
        except SendError as no:
            self._log("answer not given", reason=no.reason)
        except OSError as lost:
            self._log("answer not given", reason=type(lost).__name__)

    async def _direct_channel(self) -> str:
        if self._scene.direct and self._scene.channel:
            return self._scene.channel
        made = await self._api.call("POST", "/users/@me/channels", {"recipient_id": self._scene.account})
        return text(made, "id")

    def _seen_by(self) -> Json:
        """One person alone; in a direct message that needs no saying, and there it stays."""
        return {"flags": 0 if self._scene.direct else _EPHEMERAL}

    def _log(self, what: str, *, reason: str = "") -> None:
        log.warning(f"discord {what}", inbound=self._scene.id, place=self._scene.place.value, reason=reason)
