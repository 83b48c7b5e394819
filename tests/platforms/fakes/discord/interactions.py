"""An interaction's life: it is sent to the bot, answered once within three seconds, followed up for fifteen minutes."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .api import Upload
from .command_limits import check_choices
from .components import Path, number_components
from .errors import DiscordError, Json, Problems
from .limits import check_message, is_empty
from .modals import check_modal
from .payloads import channel_object, member_object, message_object, user_object
from .permissions import in_channel
from .posting import announce, fill, ping, post
from .state import COMPONENTS_V2, DM, EPHEMERAL, LOADING, Channel, Message, User

if TYPE_CHECKING:
    from .guild import FakeGuild
    from .server import FakeDiscord

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
ANSWERS = frozenset({4, 5, 6, 7, 8, 9})


@dataclass(slots=True, eq=False)
class Modal:
    """A form that is open before somebody."""

    custom_id: str
    title: str
    components: list[Json]
    source: Interaction


@dataclass(slots=True, eq=False)
class Interaction:
    id: int
    token: str
    type: int
    kind: str  # command, button, select, modal, autocomplete
    user: User
    guild: FakeGuild | None
    channel: Channel
    data: Json
    issued: float
    began: float
    message: Message | None = None  # the one the component stands on
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)  # nobody waits for more
    answer: int | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    modal: Modal | None = None
    choices: list[Json] = field(default_factory=list)

    @property
    def responded(self) -> bool:
        return self.answer is not None


def begin(
    discord: FakeDiscord,
    user: User,
    channel: Channel,
    type: int,
    kind: str,
    data: Json,
    message: Message | None = None,
) -> Interaction:
    """Makes the interaction and sends it to whoever listens."""
    guild = discord.guild_of(channel)
    made = Interaction(
        discord.ids.next(), secrets.token_urlsafe(48), type, kind, user, guild, channel, data, discord.clock(),
        time.perf_counter(), message,
    )  # fmt: skip
    discord.interactions[made.token] = made
    times, discord.redeliveries = discord.redeliveries, 1
    discord.gateway.dispatch("INTERACTION_CREATE", payload(discord, made), times=times)
    return made


def payload(discord: FakeDiscord, made: Interaction) -> Json:
    guild, channel = made.guild, made.channel
    where = channel_object(channel, made.user.id)
    body: Json = {
        "id": str(made.id),
        "application_id": str(discord.application_id),
        "type": made.type,
        "data": made.data,
        "token": made.token,
        "version": 1,
        "channel_id": str(channel.id),
        "channel": where,
        "locale": made.user.locale,
        "entitlements": [],
        "attachment_size_limit": 10 * 1024**2,
        "context": 1 if channel.type == DM else 0,
        "authorizing_integration_owners": {"0": str(guild.id) if guild else "0"},
    }
    if guild is None:
        body |= {"user": user_object(made.user), "app_permissions": str((1 << 53) - 1)}
    else:
        where["permissions"] = str(in_channel(guild, channel, made.user.id))
        member = {**member_object(guild.members[made.user.id]), "permissions": where["permissions"]}
        body |= {
            "member": member,
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
            "guild_locale": guild.locale,
            "app_permissions": str(in_channel(guild, channel, discord.bot.id)),
        }
    if made.message is not None:
        body["message"] = message_object(made.message, discord.url, guild)
    return body


def metadata(made: Interaction) -> Json:
    return {
        "id": str(made.id),
        "type": made.type,
        "user": user_object(made.user),
        "authorizing_integration_owners": {"0": str(made.guild.id) if made.guild else "0"},
    }


def answer(discord: FakeDiscord, made: Interaction, body: Json, files: dict[int, Upload]) -> None:
    """The first answer. A late one is 10062, a second one 40060, a bad one 50035 (and then it still may be given)."""
    if made.responded:
        raise DiscordError(40060)
    if discord.clock() - made.issued > discord.answer_within:
        raise DiscordError(10062)
    kind, data = body.get("type"), body.get("data") or {}
    problems = Problems()
    problems.one_of(("type",), kind, _allowed(made))
    problems.raise_if_any()
    match kind:
        case 4:
            _check(data, files, ("data",))
            _say(discord, made, data, files)
        case 5:
            _say(discord, made, {"flags": (data.get("flags") or 0) & EPHEMERAL}, {}, loading=True)
        case 6:
            made.original = made.message
        case 7:
            assert made.message is not None
            made.original = made.message
            change(discord, made, made.message, data, files, ("data",))
        case 8:
            check_choices(problems, ("data", "choices"), data.get("choices"))
            problems.raise_if_any()
            made.choices = data["choices"]
        case 9:
            check_modal(data)
            made.modal = Modal(data["custom_id"], data["title"], number_components(data["components"]), made)
            discord.people[made.user.id].modal = made.modal
    made.answer = kind
    discord.acks.append((made.kind, time.perf_counter() - made.began))
    made.answered.set()
    if kind not in (5, 6):
        made.settled.set()


def _allowed(made: Interaction) -> frozenset[int]:
    if made.type == AUTOCOMPLETE:
        return frozenset({8})
    allowed = ANSWERS - {8}
    if made.message is None:
        allowed -= {6, 7}
    return allowed - {9} if made.type == MODAL else allowed


def _check(data: Json, files: dict[int, Upload], path: Path = ()) -> None:
    named = {each.filename: len(each.content) for each in files.values()}
    check_message(data, named, answering=True, path=path)
    if is_empty(data, named):
        raise DiscordError(50006)


def _say(
    discord: FakeDiscord, made: Interaction, data: Json, files: dict[int, Upload], loading: bool = False
) -> Message:
    ephemeral = bool((data.get("flags") or 0) & EPHEMERAL)
    made.original = post(
        discord,
        made.channel,
        discord.bot,
        data,
        files,
        type=20 if made.type == COMMAND else 19 if made.message else 0,
        seen_by=made.user.id if ephemeral else None,
        interaction=metadata(made),
        extra_flags=LOADING if loading else 0,
    )
    return made.original


def change(
    discord: FakeDiscord, made: Interaction, message: Message, data: Json, files: dict[int, Upload], path: Path = ()
) -> None:
    """An edit through the interaction; what was loading is loaded now."""
    flags = message.flags | (data.get("flags") or 0) & COMPONENTS_V2
    named = {each.filename: len(each.content) for each in files.values()}
    stays = {int(each["id"]) for each in data.get("attachments") or [] if str(each.get("id", "")).isdigit()}
    kept = {each.filename for each in message.attachments if "attachments" not in data or each.id in stays}
    wholly = {"content": message.content, "embeds": message.embeds} | {
        name: value for name, value in data.items() if name != "flags"
    }
    check_message(wholly, named, editing=True, path=path, kept=frozenset(kept), flags=flags)
    if is_empty({"components": message.components, **wholly}, named) and not kept and not message.poll:
        raise DiscordError(50006)
    loading = message.loading
    message.flags = flags & ~LOADING
    fill(discord, message, data, files)
    message.edited_at = None if loading else discord.clock()
    if loading and not message.ephemeral:
        ping(discord, made.guild, made.channel, message, data)
    if not message.ephemeral:
        announce(discord, "MESSAGE_UPDATE", message)
    made.settled.set()


def follow_up(discord: FakeDiscord, made: Interaction, data: Json, files: dict[int, Upload]) -> Message:
    """A message more. After a deferred answer the first one is that answer."""
    _check(data, files)
    if made.original is not None and made.original.loading:
        change(discord, made, made.original, data, files)
        return made.original
    ephemeral = bool((data.get("flags") or 0) & EPHEMERAL)
    message = post(
        discord, made.channel, discord.bot, data, files,
        seen_by=made.user.id if ephemeral else None, interaction=metadata(made),
    )  # fmt: skip
    made.followups.append(message)
    made.settled.set()
    return message
