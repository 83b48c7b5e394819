"""A small chat server "out in the world": people, rooms, messages and files, kept in an append-only journal.

Like a real one it knows nothing of effects: what is sent twice shows twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot.message import Answers, File
from bot.platforms.local.draw import DrawnForm, DrawnMessage
from bot.platforms.local.journal import (
    Edited,
    Event,
    FormClosed,
    FormOpened,
    Invited,
    Journal,
    LinkKept,
    OpenForm,
    Person,
    PersonAdded,
    Posted,
    ReadTo,
    Removed,
    RoomMade,
    StoredFile,
)

BOT = "bot"


@dataclass(frozen=True, slots=True)
class Room:
    id: str
    name: str
    title: str
    members: tuple[str, ...]
    key: str | None = None
    dm_of: str | None = None  # the person, when it is their direct line to the bot
    links: tuple[tuple[str, str], ...] = ()  # kept on top: title, address

    @property
    def kind(self) -> str:
        return "room" if self.dm_of is None else "dm"


@dataclass(frozen=True, slots=True)
class ChatMessage:
    id: int
    room: str
    author: str  # BOT or a person's id
    payload: DrawnMessage
    at: datetime
    key: str | None = None
    edited_at: datetime | None = None
    only_for: str | None = None  # seen by this person alone
    file: str | None = None
    revision: int = 0  # the chat's sequence number at the last change
    under: int | None = None  # the message it answers beneath
    pinned: bool = False


class NameTaken(Exception):
    """A room of that name stands already; `room` is its id."""

    def __init__(self, name: str, room: str) -> None:
        super().__init__(name)
        self.room = room


class NotThere(LookupError):
    """No such person, room, message or file; or none that this person can see."""


class Chat:
    """One community's chat. Every change is journalled, then happens, then is told to those who listen."""

    def __init__(self, journal: Path | None = None, *, bot_name: str = "Caravan") -> None:
        self.bot_name = bot_name
        self.sequence = 0
        self._people: dict[str, Person] = {}
        self._rooms: dict[str, Room] = {}
        self._messages: dict[int, ChatMessage] = {}
        self._in_room: dict[str, list[int]] = {}
        self._files: dict[str, StoredFile] = {}
        self._by_key: dict[str, str] = {}
        self._read: dict[tuple[str, str], int] = {}
        self._forms: dict[str, OpenForm] = {}
        self._listeners: list[Callable[[Event], None]] = []
        self._journal = Journal(journal) if journal is not None else None
        if self._journal is not None:
            for event in self._journal.replay():
                self._happens(event)

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """`callback` hears every later event, after it happened; call what is returned to stop."""
        self._listeners.append(callback)

        def stop() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return stop

    # What may change.

    def add_person(self, id: str, name: str, zone: str, role: str = "", *, pretend: bool = False) -> Person:
        """Adds them with their direct line to the bot, or brings what is known of them up to date."""
        person = Person(id, name, zone, role, pretend)
        if id == BOT:
            raise ValueError("that id is the bot's own")
        if self._people.get(id) != person:
            self._commit(PersonAdded(person))
        return person

    def create_room(self, name: str, title: str = "", key: str | None = None) -> str:
        standing = self.room_named(name)
        if standing is not None:
            raise NameTaken(name, standing.id)
        id = f"room-{sum(1 for room in self._rooms.values() if room.dm_of is None) + 1}"
        self._commit(RoomMade(id, name, title, key))
        return id

    def invite(self, room: str, person: str) -> None:
        if self.person(person).id not in self.room(room).members:
            self._commit(Invited(room, person))

    def remove(self, room: str, person: str) -> None:
        if self.person(person).id in self.room(room).members:
            self._commit(Removed(room, person))

    def post(
        self,
        room: str,
        payload: DrawnMessage,
        *,
        at: datetime,
        author: str = BOT,
        key: str | None = None,
        only_for: str | None = None,
        file: File | None = None,
        under: int | None = None,
        pinned: bool = False,
    ) -> int:
        """Returns the new message's id. The same key twice makes two messages."""
        self.room(room)
        id = len(self._messages) + 1
        stored = None
        if file is not None:
            stored = StoredFile(f"file-{id}", file.name, file.media_type, file.content, file.alt)
        self._commit(Posted(id, room, author, payload, key, at, only_for, stored, under, pinned))
        return id

    def keep_link(self, room: str, title: str, url: str, key: str) -> None:
        self.room(room)
        self._commit(LinkKept(room, title, url, key))

    def upload(self, room: str, file: File, payload: DrawnMessage, *, at: datetime, key: str | None = None) -> int:
        """A file of the bot's, with the words around it; returns the message's id."""
        return self.post(room, payload, at=at, key=key, file=file)

    def edit(self, message: int, payload: DrawnMessage, *, at: datetime) -> None:
        self.message(message)
        self._commit(Edited(message, payload, at))

    def mark_read(self, person: str, room: str, upto: int) -> None:
        """Marks never go back."""
        self.room_seen_by(person, room)
        if upto > self._read.get((person, room), 0):
            self._commit(ReadTo(person, room, upto))

    def open_form(
        self,
        person: str,
        form: DrawnForm,
        *,
        room: str,
        message: int | None = None,
        answers: Answers | None = None,
        errors: Mapping[str, str] | None = None,
        same_as: OpenForm | None = None,
    ) -> OpenForm:
        """Puts a form before one person, in place of any other. `same_as`: the one that is shown again."""
        id = same_as.id if same_as is not None else self.sequence + 1
        opened = OpenForm(id, person, form, room, message, dict(answers or {}), dict(errors or {}))
        self._commit(FormOpened(opened))
        return opened

    def close_form(self, person: str) -> None:
        if person in self._forms:
            self._commit(FormClosed(person))

    # How it is asked.

    def people(self) -> tuple[Person, ...]:
        return tuple(self._people.values())

    def person(self, id: str) -> Person:
        if id not in self._people:
            raise NotThere("no such person")
        return self._people[id]

    def rooms(self) -> tuple[Room, ...]:
        return tuple(self._rooms.values())

    def room(self, id: str) -> Room:
        if id not in self._rooms:
            raise NotThere("no such room")
        return self._rooms[id]

    def room_named(self, name: str) -> Room | None:
        return next((r for r in self._rooms.values() if r.dm_of is None and r.name == name), None)

    def dm(self, person: str) -> Room:
        return self.room(dm_id(self.person(person).id))

    def rooms_of(self, person: str) -> tuple[Room, ...]:
        return tuple(room for room in self._rooms.values() if person in room.members)

    def room_seen_by(self, person: str, room: str) -> Room:
        found = self.room(room)
        if person not in found.members:
            raise NotThere("no such room")
        return found

    def message(self, id: int) -> ChatMessage:
        if id not in self._messages:
            raise NotThere("no such message")
        return self._messages[id]

    def messages(self, room: str) -> tuple[ChatMessage, ...]:
        """Everything in a room, oldest first, other people's private answers too."""
        return tuple(self._messages[id] for id in self._in_room[self.room(room).id])

    def visible_to(self, person: str, room: str | None = None) -> tuple[ChatMessage, ...]:
        """What one person sees, in one room or everywhere, oldest first."""
        rooms = self.rooms_of(person) if room is None else (self.room_seen_by(person, room),)
        ids = sorted(id for each in rooms for id in self._in_room[each.id])
        return tuple(m for m in map(self._messages.__getitem__, ids) if m.only_for in (None, person))

    def can_see(self, person: str, message: ChatMessage) -> bool:
        return message.only_for in (None, person) and person in self._rooms[message.room].members

    def seen_by(self, person: str, message: int) -> ChatMessage:
        found = self.message(message)
        if not self.can_see(person, found):
            raise NotThere("no such message")
        return found

    def unread(self, person: str, room: str) -> int:
        mark = self._read.get((person, room), 0)
        count = 0
        for id in reversed(self._in_room[room]):
            if id <= mark:
                break
            message = self._messages[id]
            count += message.author != person and message.only_for in (None, person)
        return count

    def file(self, id: str) -> StoredFile:
        if id not in self._files:
            raise NotThere("no such file")
        return self._files[id]

    def file_seen_by(self, person: str, id: str) -> StoredFile:
        if not any(message.file == id for message in self.visible_to(person)):
            raise NotThere("no such file")
        return self.file(id)

    def form_of(self, person: str) -> OpenForm | None:
        return self._forms.get(person)

    def find(self, key: str) -> str | None:
        """The id of the room or the (first) message that was made with this key."""
        return self._by_key.get(key)

    def keys(self) -> Iterator[str]:
        """The key of every message that has one, again for each time it was sent."""
        return (m.key for m in self._messages.values() if m.key is not None)

    # Happening.

    def _commit(self, event: Event) -> None:
        if self._journal is not None:
            self._journal.append(event)
        self._happens(event)
        for listener in tuple(self._listeners):
            listener(event)

    def _happens(self, event: Event) -> None:
        self.sequence += 1
        match event:
            case PersonAdded(person):
                self._people[person.id] = person
                if dm_id(person.id) not in self._rooms:
                    dm = Room(dm_id(person.id), self.bot_name, "", (person.id, BOT), dm_of=person.id)
                    self._add_room(dm)
            case RoomMade(id, name, title, key):
                self._add_room(Room(id, name, title, (BOT,), key))
            case Invited(room, person_id):
                members = self._rooms[room].members
                self._rooms[room] = replace(self._rooms[room], members=(*members, person_id))
            case Removed(room, person_id):
                members = tuple(member for member in self._rooms[room].members if member != person_id)
                self._rooms[room] = replace(self._rooms[room], members=members)
            case Posted():
                self._add_message(event)
            case LinkKept(room, title, url, key):
                self._rooms[room] = replace(self._rooms[room], links=(*self._rooms[room].links, (title, url)))
                self._by_key.setdefault(key, room)
            case Edited(id, payload, at):
                self._messages[id] = replace(self._messages[id], payload=payload, edited_at=at, revision=self.sequence)
            case ReadTo(person_id, room, upto):
                self._read[person_id, room] = upto
            case FormOpened(opened):
                self._forms[opened.person] = opened
            case FormClosed(person_id):
                self._forms.pop(person_id, None)

    def _add_room(self, room: Room) -> None:
        self._rooms[room.id] = room
        self._in_room[room.id] = []
        if room.key is not None:
            self._by_key.setdefault(room.key, room.id)

    def _add_message(self, posted: Posted) -> None:
        file = posted.file
        if file is not None:
            self._files[file.id] = file
        self._messages[posted.id] = ChatMessage(
            id=posted.id,
            room=posted.room,
            author=posted.author,
            payload=posted.payload,
            at=posted.at,
            key=posted.key,
            only_for=posted.only_for,
            file=None if file is None else file.id,
            revision=self.sequence,
            under=posted.under,
            pinned=posted.pinned,
        )
        self._in_room[posted.room].append(posted.id)
        if posted.key is not None:
            self._by_key.setdefault(posted.key, str(posted.id))


def dm_id(person: str) -> str:
    return f"dm-{person}"
