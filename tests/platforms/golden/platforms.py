"""The platforms whose drawings are kept: each with how it draws a message and a form, and whom it knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from bot.message import Form, Mention, Message, RoomMention
from bot.platforms.base import Kind, Parcel
from bot.platforms.discord import draw as discord
from bot.platforms.discord import forms as discord_forms
from bot.platforms.discord import polls as discord_polls
from bot.platforms.discord import shelf
from bot.platforms.slack import draw as slack
from bot.platforms.slack import forms as slack_forms
from bot.render import Directory
from bot.words import Words
from tests.features.test_words import TEMPLATES, TUESDAY

KEY = "k3pt4n4s"  # of a form on Discord's shelf


@dataclass(frozen=True)
class Golden:
    message: Callable[[Message], object]
    form: Callable[[Form], object]
    directory: Directory


def slack_message(message: Message) -> object:
    return [{"text": drawn.text, "blocks": drawn.blocks} for drawn in slack.draw(message)]


def slack_form(form: Form) -> object:
    return slack_forms.modal(form, Words([TEMPLATES]), kept=slack_forms.Kept(channel="D0ANA"))


def discord_message(message: Message) -> object:
    """A poll as one of Discord's own, before what stands there where that is not allowed."""
    parcel = Parcel("golden", Kind.POST, "guild", room="room", message=message)
    asked = discord_polls.asked(parcel, TUESDAY - timedelta(minutes=50))
    own: list[object] = [{"content": asked.words, "poll": asked.poll._to_dict()}] if asked is not None else []
    return own + [
        {"components": drawn.components, "allowed_mentions": drawn.allowed_mentions.to_dict()}
        for drawn in discord.draw(message, key="golden")
    ]


def discord_form(form: Form) -> object:
    """What is said before, if anything has to be, and each modal."""
    words = Words([TEMPLATES])
    introduced = discord_forms.must_introduce(form, words)
    kept = shelf.Kept(form, introduced=introduced)
    sheets = range(1, len(discord_forms.pages_of(form, words, introduced=introduced)) + 1)
    return {
        "before": discord_message(discord_forms.introduction(form, words, KEY)) if introduced else [],
        "modals": [discord_forms.modal(kept, words, key=KEY, sheet=sheet).json() for sheet in sheets],
    }


def _directory(ana: str, ben: str, room: str) -> Directory:
    return Directory(
        {1: Mention("Ana", ana), 2: Mention("Ben", ben), 3: Mention("Chi", None)}, {1: RoomMention("value", room)}
    )


PLATFORMS: Mapping[str, Golden] = MappingProxyType(
    {
        "slack": Golden(slack_message, slack_form, _directory("U0ANA", "U0BEN", "C0VALUE")),
        "discord": Golden(
            discord_message,
            discord_form,
            _directory("100000000000000001", "100000000000000002", "200000000000000001"),
        ),
    }
)
