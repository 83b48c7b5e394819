"""What one person sees, as JSON for the page: all of it at first, then every change as it happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NotRequired, TypedDict

from bot.message import Answer
from bot.platforms.base import CommandInfo, ShortcutInfo
from bot.platforms.local.chat import BOT, Chat, ChatMessage, Room, dm_id
from bot.platforms.local.draw import DrawnForm, DrawnMessage
from bot.platforms.local.journal import Edited, Event, FormClosed, FormOpened, OpenForm, Posted, ReadTo

LATEST = 300  # messages of a room that the page shows


@dataclass(frozen=True, slots=True)
class Upcoming:
    """What the clock says will happen next, and to whom, in words."""

    at: datetime
    what: str
    whom: str = ""


class PersonView(TypedDict):
    id: str
    name: str
    zone: str
    role: str
    pretend: bool
    unread: int


class FileView(TypedDict):
    id: str
    name: str
    media_type: str
    size: int
    alt: str


class MessageView(TypedDict):
    id: int
    room: str
    author: str
    payload: DrawnMessage
    at: str
    edited: bool
    private: bool
    file: FileView | None
    revision: int
    under: int | None
    pinned: bool


class LinkView(TypedDict):
    title: str
    url: str


class RoomView(TypedDict):
    id: str
    kind: str
    name: str
    title: str
    members: list[str]
    links: list[LinkView]
    unread: int
    messages: list[MessageView]


class FormView(TypedDict):
    id: int
    form: DrawnForm
    answers: dict[str, Answer]
    errors: dict[str, str]


class CommandView(TypedDict):
    path: str
    help: str
    options: list[str]


class ShortcutView(TypedDict):
    action: str
    label: str


class NextView(TypedDict):
    at: str
    what: str
    whom: str


class ClockView(TypedDict):
    now: str
    pace: float
    next: NextView | None
    movable: bool


class StateView(TypedDict):
    """`sequence`: the last event that is in it, so that the page can tell what it heard since."""

    sequence: int
    me: str
    bot: str
    bot_name: str
    people: list[PersonView]
    rooms: list[RoomView]
    form: FormView | None
    commands: list[CommandView]
    shortcuts: list[ShortcutView]
    clock: ClockView


class Change(TypedDict):
    """`refresh`: fetch the state again, people or rooms changed. `elsewhere`: another person has news."""

    kind: Literal["message", "form", "read", "elsewhere", "clock", "refresh"]
    sequence: NotRequired[int]
    message: NotRequired[MessageView]
    form: NotRequired[FormView | None]
    room: NotRequired[str]
    upto: NotRequired[int]
    person: NotRequired[str]
    unread: NotRequired[int]
    clock: NotRequired[ClockView]


def state_of(
    chat: Chat, person: str, commands: Sequence[CommandInfo], shortcuts: Sequence[ShortcutInfo], clock: ClockView
) -> StateView:
    form = chat.form_of(person)
    return {
        "sequence": chat.sequence,
        "me": person,
        "bot": BOT,
        "bot_name": chat.bot_name,
        "people": [
            {
                "id": each.id,
                "name": each.name,
                "zone": each.zone,
                "role": each.role,
                "pretend": each.pretend,
                "unread": chat.unread(each.id, dm_id(each.id)),
            }
            for each in chat.people()
        ],
        "rooms": [_room(chat, person, room) for room in chat.rooms_of(person)],
        "form": None if form is None else form_view(form),
        "commands": [{"path": each.path, "help": each.help, "options": list(each.options)} for each in commands],
        "shortcuts": [{"action": each.action, "label": each.label} for each in shortcuts],
        "clock": clock,
    }


def change_for(chat: Chat, person: str, event: Event) -> Change | None:
    """What one person's page should hear of an event; None when it is nothing to them."""
    match event:
        case Posted(id=id) | Edited(id=id):
            message = chat.message(id)
            if not chat.can_see(person, message):
                return _elsewhere(chat, chat.room(message.room).dm_of)
            return {"kind": "message", "message": message_view(chat, message)}
        case FormOpened(form):
            return _form_now(chat, form_view(form)) if form.person == person else None
        case FormClosed(owner):
            return _form_now(chat, None) if owner == person else None
        case ReadTo(owner, room, upto):
            if owner != person:
                return _elsewhere(chat, owner)
            return {"kind": "read", "room": room, "upto": upto}
        case _:
            return {"kind": "refresh"}


def _form_now(chat: Chat, form: FormView | None) -> Change:
    return {"kind": "form", "form": form, "sequence": chat.sequence}


def clock_view(
    now: datetime, pace: float = 0, following: Upcoming | None = None, *, movable: bool = False
) -> ClockView:
    return {
        "now": iso(now),
        "pace": pace,
        "next": _next(following),
        "movable": movable,
    }


def _next(following: Upcoming | None) -> NextView | None:
    if following is None:
        return None
    return {"at": iso(following.at), "what": following.what, "whom": following.whom}


def message_view(chat: Chat, message: ChatMessage) -> MessageView:
    return {
        "id": message.id,
        "room": message.room,
        "author": message.author,
        "payload": message.payload,
        "at": iso(message.at),
        "edited": message.edited_at is not None,
        "private": message.only_for is not None,
        "file": None if message.file is None else _file(chat, message.file),
        "revision": message.revision,
        "under": message.under,
        "pinned": message.pinned,
    }


def form_view(opened: OpenForm) -> FormView:
    return {
        "id": opened.id,
        "form": opened.form,
        "answers": dict(opened.answers),
        "errors": dict(opened.errors),
    }


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _room(chat: Chat, person: str, room: Room) -> RoomView:
    return {
        "id": room.id,
        "kind": room.kind,
        "name": room.name,
        "title": room.title,
        "members": list(room.members),
        "links": [{"title": title, "url": url} for title, url in room.links],
        "unread": chat.unread(person, room.id),
        "messages": [message_view(chat, each) for each in chat.visible_to(person, room.id)[-LATEST:]],
    }


def _elsewhere(chat: Chat, person: str | None) -> Change | None:
    """For the mark beside a name in the chooser: how much waits in that person's direct line."""
    if person is None:
        return None
    return {"kind": "elsewhere", "person": person, "unread": chat.unread(person, dm_id(person))}


def _file(chat: Chat, id: str) -> FileView:
    file = chat.file(id)
    return {
        "id": file.id,
        "name": file.name,
        "media_type": file.media_type,
        "size": len(file.content),
        "alt": file.alt,
    }
