"""What everybody read, as words that do not tell the platform: names for mentions, moments in one form, no markup, the
labels of buttons in brackets. Two platforms said the same when these are the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bot.message import MomentStyle
from bot.platforms.local.chat import BOT, ChatMessage
from bot.platforms.local.draw import DrawnBlock, DrawnButton, DrawnInline
from tests.platforms.discord_stage import GOES_ON, OPENS, DiscordActor, DiscordStage, has_button
from tests.platforms.fakes.discord import Message as DiscordMessage
from tests.platforms.fakes.discord.filling import LABEL
from tests.platforms.fakes.discord.seeing import lines, plain
from tests.platforms.fakes.slack.render import Reader, all_options
from tests.platforms.fakes.slack.state import Json, View
from tests.platforms.fakes.slack.state import Message as SlackMessage
from tests.platforms.local_stage import LocalActor, LocalStage
from tests.platforms.slack_stage import OPENS as WAITS
from tests.platforms.slack_stage import SlackActor, SlackStage
from tests.platforms.stage import Actor, Stage

_MARKS = {"-", "•", ">", "---", "———"}  # of lists, quotes and rules, each platform its own
_PAGE = re.compile(r"^Page \d of \d$| \(\d/\d\)$")
_POINTS_AT = re.compile(r"[@#](?=\w)")  # somebody or a room: by name where there is no link to them yet
_DISCORD_MOMENT = re.compile(r"<t:(\d+):([FDt])>")
_STYLES = {"F": MomentStyle.FULL, "D": MomentStyle.DAY, "t": MomentStyle.CLOCK}
ROOM, PUBLIC_THREAD = 0, 11  # sorts of channels
SAID = (0, 19)  # sorts of messages: with words of its own, an answer with such
PICTURES = (11, 12, 13)  # components that show what is attached


@dataclass(frozen=True)
class Glimpse:
    """Something that can be read. It was changed when its `version` is another object."""

    id: Hashable
    version: object
    text: Callable[[], str]


def words(text: str) -> str:
    """In one line."""
    return " ".join(word for word in _POINTS_AT.sub("", text).split() if word not in _MARKS)


def moment(at: datetime, style: MomentStyle) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}/{style.value}"


class Watching:
    """Keeps what each person hears alone, and what is said in each room, in order. Use `looks` after every act."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.eyes = eyes(stage)
        self.heard: dict[str, list[str]] = {}
        self._known: dict[Hashable, object] = {}

    def looks(self, actors: Iterable[Actor]) -> None:
        for actor in actors:
            told = self.heard.setdefault(actor.name, [])
            if actor.forms:
                told.append(f"(form) {self._asked(actor)}")
                actor.forms.clear()
            told += self._new(actor.name, self.eyes.private(actor))
        for room, shown in self.eyes.rooms().items():
            self.heard.setdefault(f"#{room}", []).extend(self._new(room, shown))

    def _new(self, where: str, shown: Iterable[Glimpse]) -> Iterator[str]:
        for one in shown:
            before = self._known.get((where, one.id))
            if before is not one.version:
                self._known[where, one.id] = one.version
                yield f"{'(changed) ' if before is not None else ''}{words(one.text())}"

    def _asked(self, actor: Actor) -> str:
        """All that a form says, in an order that no platform prescribes: some say first what they have no room for."""
        lines = {words(_PAGE.sub("", line)) for form in actor.forms for line in self.eyes.form(actor, form)}
        return " | ".join(sorted(lines - {""}))


# One pair of eyes for each.


class LocalEyes:
    def __init__(self, stage: LocalStage) -> None:
        self.stage = stage

    def private(self, actor: Actor) -> Iterator[Glimpse]:
        assert isinstance(actor, LocalActor)
        chat = self.stage.chat
        for one in chat.visible_to(actor.id):
            direct = chat.room(one.room).dm_of is not None
            if one.author == BOT and (direct or one.only_for == actor.id):
                yield self._glimpse(one)

    def rooms(self) -> Mapping[str, Sequence[Glimpse]]:
        chat = self.stage.chat
        return {
            room.name: [self._glimpse(one) for one in chat.messages(room.id) if one.author == BOT and not one.only_for]
            for room in chat.rooms()
            if room.dm_of is None
        }

    def form(self, actor: Actor, form: Any) -> Iterator[str]:
        yield from (form["title"], *_blocks(form["intro"]))
        for field in form["fields"]:
            yield from (field["label"], field["help"], *(choice["label"] for choice in field["choices"]))
            if field["kind"] == "scale":
                yield from map(str, range(field["low"], field["high"] + 1))
            elif field["kind"] == "nps":
                yield from map(str, range(11))
            elif field["kind"] == "yes_no":
                yield from ("Yes", "No")

    def _glimpse(self, one: ChatMessage) -> Glimpse:
        return Glimpse(one.id, one.payload, lambda: self._text(one))

    def _text(self, one: ChatMessage) -> str:
        drawn = one.payload
        lines = [_inlines(drawn["title"]), *_blocks(drawn["blocks"])]
        for card in drawn["cards"]:
            lines += [*_blocks(card["blocks"]), _labels(card["buttons"])]
        lines.append(_labels(drawn["buttons"]))
        return "\n".join([*lines, "[file]" if one.file else ""])


def _labels(buttons: Sequence[DrawnButton]) -> str:
    return " ".join(f"[{button['label']}]" for button in buttons)


def _blocks(blocks: Sequence[DrawnBlock]) -> Iterator[str]:
    for block in blocks:
        if block["b"] == "paragraph" or block["b"] == "heading":
            yield _inlines(block["inlines"])
        elif block["b"] == "list":
            for number, item in enumerate(block["items"], 1):
                yield f"{f'{number}.' if block['ordered'] else '-'} {_inlines(item)}"
        elif block["b"] == "quote":
            yield from _blocks(block["blocks"])


def _inlines(inlines: Sequence[DrawnInline]) -> str:
    said = []
    for node in inlines:
        if node["t"] == "moment":
            said.append(moment(datetime.fromisoformat(node["at"]), MomentStyle(node["style"])))
        elif node["t"] == "mention" or node["t"] == "room":
            said.append(node["name"])
        else:
            said.append("\n" if node["t"] == "break" else node["text"])
    return "".join(said)


class SlackEyes:
    def __init__(self, stage: SlackStage) -> None:
        self.stage = stage

    def private(self, actor: Actor) -> Iterator[Glimpse]:
        assert isinstance(actor, SlackActor)
        person = actor.person
        reader = TimelessReader(person.team, person.user)
        for view in person.stack:
            if not any(block["type"] == "input" for block in view.blocks):
                yield Glimpse(view.id, view.body, lambda view=view: _dialog(view, reader))  # type: ignore[misc]
        for one in (*person.whispers, *person.direct.messages):
            if one.user == person.team.bot.id and f"[{WAITS}]" not in reader.message(one):
                yield self._glimpse(one, reader)

    def rooms(self) -> Mapping[str, Sequence[Glimpse]]:
        team = self.stage.team
        found: dict[str, Sequence[Glimpse]] = {}
        for channel in team.channels.values():
            if channel.kind != "im":
                someone = next((team.users[id] for id in channel.members if id != team.bot.id), team.bot)
                reader = TimelessReader(team, someone)
                said = [one for one in channel.messages if one.user == team.bot.id and not one.subtype]
                found[channel.name] = [self._glimpse(one, reader) for one in said]
        return found

    def form(self, actor: Actor, form: Any) -> Iterator[str]:
        assert isinstance(actor, SlackActor)
        reader = TimelessReader(actor.person.team, actor.person.user)
        yield form["title"]["text"]
        for block in form["blocks"]:
            if block["type"] == "input":
                yield from (block["label"]["text"], block["hint"]["text"] if "hint" in block else "")
                yield from (each["text"]["text"] for each in all_options(block["element"]))
            else:
                yield from reader.block(block).split("\n")

    def _glimpse(self, one: SlackMessage, reader: Reader) -> Glimpse:
        files = "\n[file]" * len(one.files)
        return Glimpse(one.ts, one.blocks, lambda: reader.message(replace(one, files=[])) + files)


class TimelessReader(Reader):
    def date(self, timestamp: int, form: str) -> str:
        style = MomentStyle.FULL if "date" in form and "time" in form else MomentStyle.CLOCK
        style = MomentStyle.DAY if "time" not in form else style
        return moment(datetime.fromtimestamp(timestamp, UTC), style)


def _dialog(view: View, reader: Reader) -> str:
    title = view.body["title"]["text"] if "title" in view.body else ""
    return f"{'' if title == 'Caravan' else title}\n{reader.blocks(view.blocks, view)}"


class DiscordEyes:
    def __init__(self, stage: DiscordStage) -> None:
        self.stage = stage

    def private(self, actor: Actor) -> Iterator[Glimpse]:
        assert isinstance(actor, DiscordActor)
        for one in (*actor.person.whispers, *actor.person.dm.messages):
            steps = has_button(one, OPENS) or has_button(one, GOES_ON)  # of a form, which is kept as a whole
            if one.author.bot and not one.loading and not steps:
                yield self._glimpse(one, actor)

    def rooms(self) -> Mapping[str, Sequence[Glimpse]]:
        """With what is said in threads below their messages."""
        someone = self.stage.person("Fay")
        channels = self.stage.guild.channels
        said: dict[str, list[DiscordMessage]] = {}
        for channel in channels.values():
            above = channels[channel.parent_id or 0] if channel.type == PUBLIC_THREAD else channel
            if above.type == ROOM:
                ours = [one for one in channel.messages if one.author.bot and one.type in SAID]
                said.setdefault(above.name, []).extend(ours)
        return {
            name: [self._glimpse(one, someone) for one in sorted(messages, key=lambda one: one.id)]
            for name, messages in said.items()
        }

    def form(self, actor: Actor, form: Any) -> Iterator[str]:
        """What a label has no room for stands in full below it, inside it, or in the message before."""
        assert isinstance(actor, DiscordActor)
        if isinstance(form, DiscordMessage):
            yield from re.sub(rf"\[({OPENS}|{GOES_ON})\]", "", self._text(form, actor)).split("\n")
            return
        yield form.title
        for node in form.components:
            if node["type"] != LABEL:
                yield from (line for text in self._lines([node], actor) for line in text.split("\n"))
                continue
            label, help_, inside = node["label"], node.get("description") or "", node["component"]
            if label.endswith("…"):
                label, _, help_ = help_.partition(" — ")
                help_ = help_ or inside.get("placeholder", "")
            yield from (label, help_, *(each["label"] for each in inside.get("options") or []))

    def _lines(self, components: list[Json], actor: DiscordActor) -> list[str]:
        return lines(self.stage.discord, _timeless(components), actor.person.user)

    def _glimpse(self, one: DiscordMessage, actor: DiscordActor) -> Glimpse:
        return Glimpse(one.id, one.components, lambda: self._text(one, actor))

    def _text(self, one: DiscordMessage, actor: DiscordActor) -> str:
        shown = {"components": _timeless(one.components), "content": _timeless(one.content)}
        message = replace(one, attachments=[], **shown)
        files = "\n[file]" * len(one.attachments)
        return plain(self.stage.discord, message, actor.person.user) + files


def _discord_moment(found: re.Match[str]) -> str:
    return moment(datetime.fromtimestamp(int(found[1]), UTC), _STYLES[found[2]])


def _timeless(node: Any) -> Any:
    if isinstance(node, str):
        return _DISCORD_MOMENT.sub(_discord_moment, node)
    if isinstance(node, list):
        return [_timeless(one) for one in node if not isinstance(one, dict) or one.get("type") not in PICTURES]
    return {name: _timeless(one) for name, one in node.items()} if isinstance(node, dict) else node


def eyes(stage: Stage) -> LocalEyes | SlackEyes | DiscordEyes:
    if isinstance(stage, LocalStage):
        return LocalEyes(stage)
    if isinstance(stage, SlackStage):
        return SlackEyes(stage)
    assert isinstance(stage, DiscordStage)
    return DiscordEyes(stage)
