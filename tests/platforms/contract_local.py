"""The local chat under the contract: people act through its client, and fill forms as its page reads them."""

from __future__ import annotations

from collections.abc import Mapping

from bot.message import Answer
from bot.platforms.base import Platform, ShortcutInfo
from bot.platforms.local.chat import BOT, Chat, ChatMessage, NotThere
from bot.platforms.local.client import Client
from bot.platforms.local.draw import DrawnField, buttons_of, draw_words, text_of
from bot.platforms.local.send import LocalPlatform
from tests.platforms.contract import Adapter, Human, Seen, SeenFile, Shown


class LocalAdapter(Adapter):
    has_page = False
    closes_dms = False
    reads_history = False
    redelivers = False
    tells_changes = False
    workspace = "local"

    async def opens(self) -> None:
        self.chat = Chat()

    async def closes(self) -> None:
        self.chat.close()

    def started(self) -> Platform:
        return LocalPlatform(self.chat, self.clock.now)

    async def quiet(self) -> None:
        """Nothing is ever under way: everything happens at once."""

    def person(self, name: str, zone: str = "Europe/Berlin") -> LocalHuman:
        self.chat.add_person(name.casefold(), name, zone)
        return LocalHuman(self, name.casefold(), name)

    def room(self, name: str, *members: Human) -> str:
        id = self.chat.create_room(name)
        for member in members:
            self.chat.invite(id, member.account)
        return id

    def foreign_room(self, name: str, *members: Human) -> str:
        return self.room(name, *members)

    def crowd(self, count: int, where: str | Human, by: Human) -> None:
        room = where if isinstance(where, str) else self.chat.dm(where.account).id
        for number in range(count):
            author = BOT if number % 2 else by.account
            self.chat.post(room, draw_words(f"Something else {number}"), at=self.clock.now(), author=author)

    def loses_room(self, room: str) -> None:
        self.chat._rooms.pop(room)

    def nobody(self) -> str:
        return "nobody"

    def members(self, room: str) -> set[str]:
        return {one for one in self.chat.room(room).members if one != BOT}

    def rooms(self) -> set[str]:
        return {one.id for one in self.chat.rooms() if one.dm_of is None}

    def links(self, room: str) -> list[tuple[str, str]]:
        return list(self.chat.room(room).links)


class LocalHuman(Human):
    def __init__(self, adapter: LocalAdapter, account: str, name: str) -> None:
        self.adapter = adapter
        self.account = account
        self.name = name
        self.troubles: list[Exception] = []

    @property
    def client(self) -> Client:
        door = self.adapter.door
        assert door is not None, "nobody listens"
        return Client(self.adapter.chat, door, self.account, clock=self.adapter.clock.now)

    async def types(self, line: str) -> None:
        await self.says(line)

    async def says(self, text: str, room: str | None = None) -> None:
        try:
            await self.client.says(text, room)
        except RuntimeError as bug:
            self.troubles.append(bug)  # the page says that something went wrong

    async def presses(self, label: str, on: str = "") -> None:
        await self.client.presses(label, on)

    async def fills(self, answers: Shown) -> None:
        await self.client.fills(self._read(answers))

    async def puts_away(self, answers: Shown) -> None:
        await self.client.fills(self._read(answers), close=True)

    async def picks(self, shortcut: ShortcutInfo, words: str) -> None:
        messages = self.adapter.chat.visible_to(self.account)
        found = [one for one in messages if words in text_of(one.payload)]
        await self.client.picks(shortcut.action, found[-1].id)

    def _read(self, answers: Shown) -> dict[str, Answer]:
        opened = self.adapter.chat.form_of(self.account)
        assert opened is not None, "no form is open"
        labels = {field["label"] for field in opened.form["fields"]}
        assert set(answers) <= labels, labels
        return {
            field["key"]: read(field, answers[field["label"]])
            if field["label"] in answers
            else kept(field, opened.answers)
            for field in opened.form["fields"]
        }

    @property
    def asked(self) -> list[str]:
        opened = self.adapter.chat.form_of(self.account)
        return [] if opened is None else [field["label"] for field in opened.form["fields"]]

    @property
    def remarks(self) -> dict[str, str]:
        opened = self.adapter.chat.form_of(self.account)
        if opened is None:
            return {}
        return {
            each["label"]: opened.errors[each["key"]] for each in opened.form["fields"] if each["key"] in opened.errors
        }

    def seen(self, room: str | None = None) -> list[Seen]:
        chat = self.adapter.chat
        try:
            messages = chat.visible_to(self.account, room or chat.dm(self.account).id)
        except NotThere:
            return []
        return [self._seen(one) for one in messages if one.author == BOT and one.only_for is None]

    def _seen(self, one: ChatMessage) -> Seen:
        file = None if one.file is None else self.adapter.chat.file_seen_by(self.account, one.file)
        return Seen(
            id=str(one.id),
            text=text_of(one.payload),
            buttons=tuple(button["label"] for button, _ in buttons_of(one.payload)),
            beneath=None if one.under is None else str(one.under),
            pinned=one.pinned,
            files=() if file is None else (SeenFile(file.name, file.content, file.alt),),
        )

    def sees(self, words: str) -> bool:
        form = self.adapter.chat.form_of(self.account)
        shown = [text_of(one.payload) for one in self.adapter.chat.visible_to(self.account)]
        return any(words in text for text in (*shown, "" if form is None else str(form.form)))


def kept(field: DrawnField, before: Mapping[str, Answer]) -> Answer:
    """What stands in a field that nobody touched."""
    value = before.get(field["key"], field["value"])
    return [] if value is None and field["kind"] == "choices" else value


def read(field: DrawnField, shown: object) -> Answer:
    """As the page reads it: what is chosen by its value, what counts as a number, all else as text."""
    values = {choice["label"]: choice["value"] for choice in field["choices"]}
    match field["kind"]:
        case "choice":
            return values[str(shown)]
        case "choices":
            assert isinstance(shown, list)
            return [choice["value"] for choice in field["choices"] if choice["label"] in shown]
        case "yes_no":
            return bool(shown)
        case "scale" | "nps":
            return int(str(shown))
        case "number":
            try:
                number = float(str(shown).replace(",", "."))
            except ValueError:
                return str(shown)
            return int(number) if number.is_integer() else number
    return str(shown) or None
