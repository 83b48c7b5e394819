"""What one person can do in the chat. The page, pretend people and tests all act through this."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from uuid import uuid4

from bot.attached import unfit
from bot.message import Answers, FieldKind, File, Unread
from bot.platforms.base import (
    Deed,
    Door,
    Filled,
    Inbound,
    Outcome,
    Picked,
    Pressed,
    Profile,
    Typed,
    Wrote,
)
from bot.platforms.local.chat import BOT, Chat, ChatMessage, NotThere
from bot.platforms.local.completion import Suggestion, command_lines, option_at
from bot.platforms.local.draw import (
    DrawnButton,
    DrawnForm,
    buttons_of,
    draw_form,
    draw_message,
    draw_words,
    text_of,
)
from bot.platforms.local.journal import OpenForm

_MENTION = re.compile(r"(?<!\S)@([\w.-]+)")

Offered: TypeAlias = File | Unread  # what somebody attaches, or what of it did not even come here


class FormGone(LookupError):
    """The form that was filled in is no longer the one that is open."""


@dataclass(frozen=True, slots=True)
class _Scene:
    """Where an act happened, so that its answer lands there."""

    room: str
    message: int | None = None


class Client:
    """One person at the chat. `ids` makes event ids, `clock` dates messages: give both to repeat a run."""

    def __init__(
        self,
        chat: Chat,
        door: Door,
        person_id: str,
        workspace: str = "local",
        *,
        clock: Callable[[], datetime],
        ids: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self.chat = chat
        self.door = door
        self.id = chat.person(person_id).id
        self.workspace = workspace
        self.clock = clock
        self.ids = ids

    # What they see.

    @property
    def inbox(self) -> tuple[ChatMessage, ...]:
        """What the bot wrote to them in their direct line, oldest first."""
        return tuple(m for m in self.seen() if m.author != self.id)

    def seen(self, room: str | None = None) -> tuple[ChatMessage, ...]:
        """Everything they see in a room, oldest first; without one, in their direct line."""
        return self.chat.visible_to(self.id, room or self.chat.dm(self.id).id)

    @property
    def form(self) -> DrawnForm | None:
        opened = self.chat.form_of(self.id)
        return None if opened is None else opened.form

    @property
    def open_form(self) -> OpenForm | None:
        """The open form with what was typed and the remarks beside its fields."""
        return self.chat.form_of(self.id)

    # What they do.

    async def says(self, text: str, room: str | None = None) -> Outcome:
        """A slash command, words to the bot, or, in a room, just words to the others."""
        text = text.strip()
        place = self.chat.dm(self.id) if room is None else self.chat.room_seen_by(self.id, room)
        if not text:
            raise ValueError("nothing was said")
        command = text.startswith("/")
        self.chat.post(
            place.id,
            draw_words(text),
            at=self.clock(),
            author=self.id,
            only_for=self.id if command else None,  # others don't see what one asks of the bot
        )
        if not command and place.dm_of is None:
            return Outcome()
        return await self._acts(Typed(text) if command else Wrote(text), _Scene(place.id))

    async def clicks(self, message_id: int, button: DrawnButton) -> Outcome:
        """Presses a button as drawn; refused unless it stands on a message that this person sees now."""
        message = self.chat.seen_by(self.id, message_id)
        if not any(button == drawn for drawn, _ in buttons_of(message.payload)):
            raise NotThere("no such button")
        pressed = Pressed(button["action"], dict(button["args"]), str(message.id))
        return await self._acts(pressed, _Scene(message.room, message.id))

    async def presses(self, label: str, on: str = "", room: str | None = None) -> Outcome:
        """Presses the newest button so labelled that stands beside words containing `on`."""
        seen = self.chat.visible_to(self.id, room)
        for message in reversed(seen):
            for button, beside in buttons_of(message.payload):
                if button["label"] == label and on in beside:
                    return await self.clicks(message.id, button)
        raise NotThere("no such button")

    async def picks(self, action: str, message_id: int) -> Outcome:
        """Chooses a shortcut on a message they see; the answer comes beneath it, for them alone."""
        message = self.chat.seen_by(self.id, message_id)
        if action not in {each.action for each in self.door.shortcuts()}:
            raise NotThere("no such shortcut")
        author = None if message.author == BOT else message.author
        picked = Picked(action, text_of(message.payload, "UTC"), author=author)
        return await self._acts(picked, _Scene(message.room))

    async def fills(
        self,
        answers: Answers,
        close: bool = False,
        form_id: int | None = None,
        attached: Mapping[str, Sequence[Offered]] | None = None,
    ) -> Outcome:
        """Submits the open form, or puts it away half done. `form_id`: only if that one is still open."""
        opened = self.chat.form_of(self.id)
        if opened is None or form_id not in (None, opened.id):
            raise FormGone("that form is no longer open")
        keys = {field["key"] for field in opened.form["fields"] if field["kind"] != FieldKind.FILE}
        kept = {key: value for key, value in answers.items() if key in keys}
        takes = {field["key"] for field in opened.form["fields"] if field["kind"] == FieldKind.FILE}
        given = {key: some for key, some in (attached or {}).items() if key in takes}
        if not close:
            # Kept before the bot is asked, so that a failure on the way loses nothing typed.
            opened = self._show_again(opened, kept, {})
        filled = Filled(opened.form["name"], kept, dict(opened.form["args"]), closed=close)
        if not close:
            filled = _with_files(filled, given)
        scene = _Scene(opened.room, opened.message)
        outcome = await self._asks(filled, scene)
        if outcome.errors and not close:
            self._show_again(opened, kept, {**outcome.lost, **outcome.errors})
        elif self._still_open(opened):
            self.chat.close_form(self.id)
        self._takes(outcome, scene)
        return outcome

    async def complete(self, text: str, room: str | None = None) -> tuple[Suggestion, ...]:
        """How the line typed so far could go on: commands, then choices for the option under the cursor."""
        if not text.startswith("/"):
            return ()
        commands = self.door.commands()
        spot = option_at(text, commands)
        lines = command_lines(text, commands)
        if spot is None or lines:
            return lines
        place = self.chat.dm(self.id) if room is None else self.chat.room_seen_by(self.id, room)
        inbound = self._inbound(Typed(text), _Scene(place.id))
        choices = await self.door.complete(inbound, spot.option, spot.typed)
        return tuple(spot.suggest(choice) for choice in choices)

    # Putting outcomes into effect.

    async def _acts(self, deed: Deed, scene: _Scene) -> Outcome:
        outcome = await self._asks(deed, scene)
        self._takes(outcome, scene)
        return outcome

    async def _asks(self, deed: Deed, scene: _Scene) -> Outcome:
        return await self.door(self._inbound(deed, scene))

    def _inbound(self, deed: Deed, scene: _Scene) -> Inbound:
        room = self.chat.room(scene.room)
        return Inbound(
            event_id=self.ids(),
            workspace=self.workspace,
            account=self.id,
            profile=self._profile(self.id),
            deed=deed,
            room=room.id if room.dm_of is None else None,
            mentioned={account: self._profile(account) for account in self._named(deed)},
        )

    def _named(self, deed: Deed) -> set[str]:
        """Accounts that it names, as any chat tells them apart from other words."""
        match deed:
            case Picked(author=str(author)):
                return {author}
            case Typed(text=text):
                known = {person.id for person in self.chat.people()}
                return known.intersection(_MENTION.findall(text))
        return set()

    def _profile(self, account: str) -> Profile:
        person = self.chat.person(account)
        return Profile(name=person.name, zone=person.zone)

    def _takes(self, outcome: Outcome, scene: _Scene) -> None:
        if outcome.message is not None:
            payload = draw_message(outcome.message)
            pressed = self._own(scene.message) if outcome.replaces else None
            if pressed is not None:
                self.chat.edit(pressed.id, payload, at=self.clock())
            else:
                self.chat.post(scene.room, payload, at=self.clock(), only_for=self.id)
        if outcome.form is not None:
            self.chat.open_form(self.id, draw_form(outcome.form), room=scene.room, message=scene.message)

    def _own(self, message_id: int | None) -> ChatMessage | None:
        """The pressed message when nobody else sees it; what others see too is left alone."""
        if message_id is None:
            return None
        message = self.chat.message(message_id)
        private = message.only_for == self.id or self.chat.room(message.room).dm_of == self.id
        return message if private else None

    def _still_open(self, opened: OpenForm) -> bool:
        now_open = self.chat.form_of(self.id)
        return now_open is not None and now_open.id == opened.id

    def _show_again(self, opened: OpenForm, answers: Answers, errors: dict[str, str]) -> OpenForm:
        shown = replace(opened, answers=dict(answers), errors=errors)
        return self.chat.open_form(
            self.id,
            shown.form,
            room=shown.room,
            message=shown.message,
            answers=shown.answers,
            errors=shown.errors,
            same_as=opened,
        )


def _with_files(filled: Filled, attached: Mapping[str, Sequence[Offered]]) -> Filled:
    files: dict[str, tuple[File, ...]] = {}
    unread: dict[str, Unread] = {}
    for key, offered in attached.items():
        whole = tuple(one for one in offered if isinstance(one, File))
        missing = next((one for one in offered if isinstance(one, Unread)), None)
        refused = missing or unfit([(one.name, len(one.content)) for one in whole])
        if refused is not None:
            unread[key] = refused
        elif whole:
            files[key] = whole
    return replace(filled, files=files, unread=unread)
