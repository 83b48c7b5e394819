"""What Discord says happened, read into a deed and the scene of its answer. Nothing is asked of Discord here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TypeAlias

from bot.attached import Attached
from bot.message import Message
from bot.platforms.base import (
    CommandInfo,
    Deed,
    Filled,
    Inbound,
    Picked,
    Pressed,
    Profile,
    ShortcutInfo,
    Typed,
    Voted,
    Wrote,
)
from bot.platforms.discord import tree
from bot.platforms.discord.forms import AGAIN, CONTINUE, Forgotten, Modal, forgotten, further, modal, returned, where
from bot.platforms.discord.gateway import Payload
from bot.platforms.discord.ids import PRESS, SPILLED
from bot.platforms.discord.ids import read as read_id
from bot.platforms.discord.shelf import Kept, Shelf
from bot.words import Words

_BUTTON = 2  # type of a component
_SUB, _GROUP = 1, 2  # types of options that hold others
_EPHEMERAL = 1 << 6
_ORDINARY, _REPLY = 0, 19  # types of messages that people write
_OWN_BUTTON = f"{PRESS}{CONTINUE.partition('/')[0]}/"


class Kind(IntEnum):
    """Of interactions, as Discord numbers them."""

    COMMAND = 2
    COMPONENT = 3
    OPTION = 4
    SUBMIT = 5


class Place(StrEnum):
    """Where the person is looking while they wait."""

    COMMAND = "command"
    SHORTCUT = "shortcut"
    MESSAGE = "message"  # a button on a message
    FORM = "form"
    OPTION = "option"  # of a command that is being typed
    WORDS = "words"  # in a direct message


@dataclass(frozen=True, slots=True)
class Scene:
    """Where something happened, and by what it can be answered: `token`, for fifteen minutes. Words have none."""

    id: str
    account: str
    place: Place
    channel: str
    guild: str = ""  # "" in a direct message
    name: str = ""  # what the person is called there
    token: str = field(default="", repr=False)
    message: Payload = field(default_factory=dict, repr=False)  # the one a button, or the form's button, stands on

    @property
    def direct(self) -> bool:
        return not self.guild

    @property
    def room(self) -> str | None:
        return self.channel if self.guild and self.channel else None

    @property
    def private(self) -> bool:
        """Whether the message is seen by this person alone."""
        return bool(self.message) and (self.direct or bool((self.message.get("flags") or 0) & _EPHEMERAL))

    @property
    def is_turning(self) -> bool:
        """Whether the message only led to this form, so that nothing is lost with it."""
        return self.place is Place.FORM and any(
            str(one.get("custom_id", "")).startswith(_OWN_BUTTON) for one in parts(self.message)
        )


@dataclass(frozen=True, slots=True)
class Arrival:
    """One thing that somebody did. `kept`: the form that was filled in, as far as it is remembered. `mentioned`: what
    those are called whom a command names, or whose message it is about. `attached`: to a form, by field."""

    scene: Scene
    deed: Deed
    kept: Kept | None = None
    mentioned: Mapping[str, str] = field(default_factory=dict)
    attached: Mapping[str, Sequence[Attached]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Looking:
    """An option is being typed; `line` is what stands in the others."""

    scene: Scene
    line: Typed
    option: str
    typed: str


@dataclass(frozen=True, slots=True)
class Turned:
    """What is answered without asking anybody: the next part of a form, or that it is forgotten.

    `half_done`: what was filled in so far, which has to outlive a restart.
    """

    scene: Scene
    shown: Modal | Message
    replaces: bool = False
    half_done: Filled | None = None


# What is Inbound at once has nobody who waits for an answer: a vote in a poll, the bot's or anybody's.
News: TypeAlias = Arrival | Looking | Turned | Inbound | None


@dataclass(frozen=True, slots=True)
class Reader:
    """What is known when something is read."""

    commands: Sequence[CommandInfo]
    shortcuts: Sequence[ShortcutInfo]
    words: Words
    shelf: Shelf

    def read(self, event: str, payload: Payload) -> News:
        """None for what is nobody's concern."""
        if event == "MESSAGE_CREATE":
            return _wrote(payload)
        if event in ("MESSAGE_POLL_VOTE_ADD", "MESSAGE_POLL_VOTE_REMOVE"):
            return _voted(payload, taken_back=event == "MESSAGE_POLL_VOTE_REMOVE")
        data = payload.get("data") or {}
        match payload.get("type"), data.get("type"):
            case Kind.COMMAND, tree.MESSAGE:
                return self._picked(payload, data)
            case Kind.COMMAND, _:
                return Arrival(_scene(payload, Place.COMMAND), Typed(self.line(data)), mentioned=_named(data))
            case Kind.OPTION, _:
                return self._looking(payload, data)
            case Kind.COMPONENT, _ if data.get("component_type") == _BUTTON:
                return self._pressed(payload, data)
            case Kind.SUBMIT, _:
                return self._filled(payload, data)
            case _:
                return None

    def line(self, data: Payload) -> str:
        """A command as if it had been typed by hand, each option by its name."""
        path, given = _leaf(data)
        command = next((one for one in self.commands if one.path == path), None)
        rests = {one.name for one in command.details if one.rest} if command is not None else set()
        ordered = sorted(given, key=lambda one: one["name"] in rests)  # that one takes all there is to the end
        options = (_option(one, rest=one["name"] in rests) for one in ordered if not one.get("focused"))
        return " ".join([f"/{path}", *(option for option in options if option)])

    def _looking(self, payload: Payload, data: Payload) -> Looking | None:
        _, given = _leaf(data)
        focused = next((one for one in given if one.get("focused")), None)
        if focused is None:
            return None
        scene = _scene(payload, Place.OPTION)
        return Looking(scene, Typed(self.line(data)), focused["name"], str(focused.get("value") or ""))

    def _picked(self, payload: Payload, data: Payload) -> Arrival | None:
        scene = _scene(payload, Place.SHORTCUT)
        shortcut = next((one for one in self.shortcuts if tree.menu(one) == data["name"]), None)
        message = ((data.get("resolved") or {}).get("messages") or {}).get(str(data.get("target_id")))
        if shortcut is None or message is None:
            return None
        text = _words_of(message)
        place = f"{scene.guild or '@me'}/{scene.channel}/{message['id']}"
        link = _link(text) or f"https://discord.com/channels/{place}"
        by = _author(message)
        return Arrival(scene, Picked(shortcut.action, text, link, next(iter(by), None)), mentioned=by)

    def _pressed(self, payload: Payload, data: Payload) -> News:
        message = payload.get("message") or {}
        scene = _scene(payload, Place.MESSAGE, message)
        action, args = read_id(data["custom_id"])
        if action in (CONTINUE, AGAIN):
            key = str(args.get("k", ""))
            kept = self.shelf.form(scene.account, key)
            if kept is None:
                return Turned(scene, forgotten({}, self.words), replaces=True)
            return Turned(scene, modal(kept, self.words, key=key, sheet=int(args.get("s", 1))))
        if SPILLED in args:
            spilled = self.shelf.args(scene.account, str(args[SPILLED]))
            if spilled is None:
                return Turned(scene, forgotten({}, self.words))
            args = dict(spilled)
        ephemeral = (message.get("flags") or 0) & _EPHEMERAL
        stands_on = f"{scene.channel}:{message['id']}" if message and not ephemeral else None
        return Arrival(scene, Pressed(action, args, stands_on))

    def _filled(self, payload: Payload, data: Payload) -> News:
        scene = _scene(payload, Place.FORM, payload.get("message") or {})
        kept = self.shelf.form(scene.account, where(data["custom_id"]).key)
        try:
            form = returned(data, kept, self.words)
        except Forgotten:
            return Turned(scene, forgotten(data, self.words))
        if kept is not None:
            kept = replace(kept, given=form.answers, attached=form.attached)
            if form.more is not None:
                key = self.shelf.keep(scene.account, kept)
                so_far = Filled(form.form, form.answers, form.args, closed=True)
                return Turned(scene, further(self.words, key, form.more), half_done=so_far)
        return Arrival(scene, Filled(form.form, form.answers, form.args), kept, attached=form.attached)


def parts(message: Payload) -> Iterator[Payload]:
    """All components of a message, those inside others too."""
    waiting = list(message.get("components") or ())
    while waiting:
        one = waiting.pop(0)
        yield one
        waiting += one.get("components") or ()


_PLACES: Mapping[object, Place] = MappingProxyType(
    {Kind.COMMAND: Place.COMMAND, Kind.COMPONENT: Place.MESSAGE, Kind.SUBMIT: Place.FORM}
)


def scene_of(payload: Payload) -> Scene | None:
    """Of an interaction that could not be read any further; None when nobody waits for words, or none can be told."""
    place = _PLACES.get(payload.get("type"))
    try:
        return _scene(payload, place, payload.get("message") or {}) if place is not None else None
    except (KeyError, TypeError, AttributeError):
        return None


def called(member: Payload, user: Payload) -> str:
    """What somebody is called in a server, or else everywhere."""
    return str(member.get("nick") or user.get("global_name") or user.get("username") or "")


def _scene(payload: Payload, place: Place, message: Payload | None = None) -> Scene:
    member = payload.get("member") or {}
    user = member.get("user") or payload["user"]
    return Scene(
        id=payload["id"],
        account=user["id"],
        place=place,
        channel=payload.get("channel_id") or (payload.get("channel") or {}).get("id") or "",
        guild=payload.get("guild_id") or "",
        name=called(member, user),
        token=payload["token"],
        message=message or {},
    )


def _wrote(payload: Payload) -> Arrival | None:
    """Words to the bot alone, by a person. Everything else is none of ours, and comes without its text."""
    author = payload["author"]
    whole = payload.get("type", _ORDINARY) in (_ORDINARY, _REPLY)
    if payload.get("guild_id") or author.get("bot") or author.get("system") or payload.get("webhook_id") or not whole:
        return None
    name = called({}, author)
    scene = Scene(payload["id"], author["id"], Place.WORDS, payload["channel_id"], name=name)
    return Arrival(scene, Wrote(_words_of(payload)))


def _voted(payload: Payload, *, taken_back: bool) -> Inbound | None:
    guild, channel = payload.get("guild_id") or "", payload["channel_id"]
    vote = Voted(f"{channel}:{payload['message_id']}", int(payload["answer_id"]) - 1, taken_back)
    return Inbound("", guild, payload["user_id"], Profile(""), vote, channel) if guild else None


# A command's options, written so that they are read back as what they were.

_QUOTES = (('"', '"'), ("«", "»"), ("»", "«"))  # those that one mark alone ends
_OPENING = '"“„”«»'


def _named(data: Payload) -> dict[str, str]:
    """People among the options; bots take part in nothing."""
    resolved = data.get("resolved") or {}
    members = resolved.get("members") or {}
    return {
        id: str((members.get(id) or {}).get("nick") or user.get("global_name") or user.get("username") or "")
        for id, user in (resolved.get("users") or {}).items()
        if not user.get("bot")
    }


def _author(message: Payload) -> dict[str, str]:
    """Who wrote it and what they are called, if that was a person."""
    user = message.get("author") or {}
    machine = message.get("webhook_id") or user.get("bot") or user.get("system") or "id" not in user
    return {} if machine else {user["id"]: called(message.get("member") or {}, user)}


def _leaf(data: Payload) -> tuple[str, Sequence[Payload]]:
    """The whole path of a command, and the options that were given to it."""
    path, options = [data["name"]], data.get("options") or []
    while options and options[0]["type"] in (_SUB, _GROUP):
        path.append(options[0]["name"])
        options = options[0].get("options") or []
    return " ".join(path), options


def _option(option: Payload, *, rest: bool) -> str:
    name, value = option["name"], option.get("value")
    match option["type"]:
        case tree.USER:
            return f"{name}:<@{value}>"
        case tree.CHANNEL:
            return f"{name}:<#{value}>"
        case tree.BOOLEAN:
            return f"{name}:{'yes' if value else 'no'}"
    text = str(value).strip()
    if not text:
        return ""
    if rest and text[0] not in _OPENING:
        return f"{name}:{text}"
    return f"{name}:{quoted(text)}"


def quoted(text: str) -> str:
    """In the first quotation marks that do not end inside of it."""
    for opens, closes in _QUOTES:
        if closes not in text:
            return f"{opens}{text}{closes}"
    return '"' + text.replace('"', "'") + '"'


# Somebody's words, as people read them.

_MENTION = re.compile(r"<@!?([0-9]+)>")
_URL = re.compile(r"https?://[^\s<>|]+", re.IGNORECASE)


def _words_of(message: Payload) -> str:
    names = {user["id"]: called(user.get("member") or {}, user) for user in message.get("mentions") or ()}
    texts = [message.get("content") or "", *(one["content"] for one in parts(message) if one.get("content"))]
    text = "\n\n".join(each for each in texts if each)
    return _MENTION.sub(lambda found: f"@{names[found[1]]}" if names.get(found[1]) else found[0], text).strip()


def _link(text: str) -> str:
    found = _URL.search(text)
    return found[0].rstrip(".,;:!?)*_~]") if found else ""
