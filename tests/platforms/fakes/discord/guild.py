"""A server and what its administrators may do to it: rooms, roles and people come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import Json
from .gateway import GUILD_MEMBERS, GUILDS, VOICE_STATES
from .payloads import (
    channel_object,
    event_object,
    guild_create,
    guild_object,
    member_object,
    role_object,
    user_object,
    voice_state_object,
)
from .people import Person
from .permissions import EVERYONE, EVERYTHING_BUT_ADMINISTRATOR, Permission
from .state import CATEGORY, TEXT, VOICE, Channel, Guild, Member, Overwrite, Role

if TYPE_CHECKING:
    from .server import FakeDiscord

KINDS = {"text": TEXT, "voice": VOICE, "category": CATEGORY}


class FakeGuild(Guild):
    """It starts with @everyone, the bot's own role on top, an owner, #general and a voice room."""

    def __init__(self, discord: FakeDiscord, name: str, community: bool, permissions: int, locale: str) -> None:
        self.discord = discord
        self.owner = discord.make_person("Owner")
        super().__init__(discord.ids.next(), name, self.owner.user.id, discord.clock(), community, locale)
        self.roles[self.id] = Role(self.id, "@everyone", EVERYONE, 0)
        self.bot_role = Role(discord.ids.next(), discord.bot.username, permissions, 1, managed=True)
        self.bot_role.bot_id = discord.bot.id
        self.roles[self.bot_role.id] = self.bot_role
        self.members[discord.bot.id] = Member(discord.bot, discord.clock(), {self.bot_role.id})
        self.welcome(self.owner)
        self.general = self.add_channel("general")
        self.lounge = self.add_channel("Lounge", "voice")

    # People.

    def add_person(
        self,
        name: str,
        dms_open: bool = True,
        zone: str = "UTC",
        roles: tuple[Role, ...] = (),
        locale: str = "en-US",
    ) -> Person:
        person = self.discord.make_person(name, dms_open, zone, locale)
        self.welcome(person)
        self.members[person.user.id].roles |= {each.id for each in roles}
        return person

    def welcome(self, person: Person) -> None:
        """Lets somebody in who may be in other servers too."""
        member = self.members[person.user.id] = Member(person.user, self.discord.clock())
        person.guilds.append(self)
        body = {**member_object(member), "guild_id": str(self.id)}
        self.discord.gateway.dispatch("GUILD_MEMBER_ADD", body, GUILD_MEMBERS)

    def lose(self, user_id: int) -> None:
        """Somebody left, or was sent away."""
        self.set_voice(user_id, None)
        member = self.members.pop(user_id)
        for channel in self.channels.values():
            channel.thread_members.pop(user_id, None)
        if (person := self.discord.people.get(user_id)) is not None:
            person.guilds.remove(self)
        body: Json = {"guild_id": str(self.id), "user": user_object(member.user)}
        self.discord.gateway.dispatch("GUILD_MEMBER_REMOVE", body, GUILD_MEMBERS)

    def set_voice(self, user_id: int, channel_id: int | None, times: int = 1) -> None:
        if channel_id is None:
            if self.voice.pop(user_id, None) is None:
                return
        else:
            self.voice[user_id] = channel_id
        body = voice_state_object(self, user_id, channel_id)
        self.discord.gateway.dispatch("VOICE_STATE_UPDATE", body, VOICE_STATES, times)

    def in_voice(self, channel: Channel) -> list[str]:
        """The names of those who are in a voice room."""
        return [self.members[user].user.name for user, where in self.voice.items() if where == channel.id]

    # The bot's own standing.

    def expel_bot(self) -> None:
        self.bot_in = False
        self.members.pop(self.discord.bot.id, None)
        self.discord.gateway.dispatch("GUILD_DELETE", {"id": str(self.id)}, GUILDS)

    def invite_bot(self) -> None:
        self.bot_in = True
        self.members[self.discord.bot.id] = Member(self.discord.bot, self.discord.clock(), {self.bot_role.id})
        self.discord.gateway.dispatch("GUILD_CREATE", self._as_new, GUILDS)

    def _as_new(self, intents: int) -> Json:
        # A guild that was merely away comes back with `unavailable: false`; a new one without it.
        body = guild_create(self, self.discord.bot.id, intents)
        del body["unavailable"]
        return body

    def lower_bot(self, below: Role) -> None:
        """The commonest mistake in setting a bot up: its role stands beneath what it should give."""
        position = below.position
        for role in self.roles.values():
            if role.position >= position:
                role.position += 1
        self.bot_role.position = position
        self._all_roles()

    def raise_bot(self) -> None:
        self.bot_role.position = max(each.position for each in self.roles.values()) + 1
        self._all_roles()

    def deny_bot(self, permission: Permission) -> None:
        self.bot_role.permissions &= ~permission
        self._all_roles()

    def allow_bot(self, permission: Permission) -> None:
        self.bot_role.permissions |= permission
        self._all_roles()

    def _all_roles(self) -> None:
        for role in self.roles.values():
            self.discord.gateway.dispatch("GUILD_ROLE_UPDATE", self.role_event(role), GUILDS)

    # Roles.

    def role_event(self, role: Role) -> Json:
        return {"guild_id": str(self.id), "role": role_object(role)}

    def add_role(self, name: str, permissions: int = 0, mentionable: bool = False) -> Role:
        """A new role stands just above @everyone; the others move up."""
        for other in self.roles.values():
            if other.position >= 1:
                other.position += 1
        role = Role(self.discord.ids.next(), name, int(permissions), 1, mentionable=mentionable)
        self.roles[role.id] = role
        self.discord.gateway.dispatch("GUILD_ROLE_CREATE", self.role_event(role), GUILDS)
        return role

    def drop_role(self, role: Role) -> None:
        del self.roles[role.id]
        for member in self.members.values():
            member.roles.discard(role.id)
        for channel in self.channels.values():
            channel.overwrites.pop(role.id, None)
        body = {"guild_id": str(self.id), "role_id": str(role.id)}
        self.discord.gateway.dispatch("GUILD_ROLE_DELETE", body, GUILDS)

    def role_named(self, name: str) -> Role:
        return next(each for each in self.roles.values() if each.name == name)

    def has_role(self, person: Person, name: str) -> bool:
        member = self.members.get(person.user.id)
        return member is not None and any(self.roles[each].name == name for each in member.roles)

    # Rooms.

    def add_channel(self, name: str, kind: str = "text", under: Channel | None = None, hidden: bool = False) -> Channel:
        """`kind` is text, voice or category; a hidden one is for administrators."""
        channel = Channel(self.discord.ids.next(), KINDS[kind], name, self.id, under.id if under else None)
        channel.created_at = self.discord.clock()
        channel.position = len(self.channels)
        if hidden:
            channel.overwrites[self.id] = Overwrite(self.id, True, 0, int(Permission.VIEW_CHANNEL))
        self.channels[channel.id] = channel
        self.discord.gateway.dispatch("CHANNEL_CREATE", channel_object(channel), GUILDS)
        return channel

    def drop_channel(self, channel: Channel) -> None:
        """Deleted by an administrator, or by the bot. Rooms of a category stay, threads of a room go."""
        bot = self.discord.bot.id
        for thread in self.threads_of(channel.id):
            self.channels.pop(thread.id, None)
        for other in self.channels.values():
            if other.parent_id == channel.id:
                other.parent_id = None
        for user, where in list(self.voice.items()):
            if where == channel.id:
                self.set_voice(user, None)
        self.channels.pop(channel.id, None)
        kind = "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE"
        self.discord.gateway.dispatch(kind, channel_object(channel, bot), GUILDS)
        for event in list(self.events.values()):
            if event.channel_id == channel.id:
                event.status = 4
                self.discord.gateway.dispatch("GUILD_SCHEDULED_EVENT_UPDATE", event_object(event), 1 << 16)

    def rename(self, name: str) -> None:
        self.name = name
        self.discord.gateway.dispatch("GUILD_UPDATE", guild_object(self), GUILDS)

    def overwrite(self, channel: Channel, target: Role | Person, allow: int = 0, deny: int = 0) -> None:
        """What an administrator sets in a room's permissions."""
        id = target.id if isinstance(target, Role) else target.user.id
        channel.overwrites[id] = Overwrite(id, isinstance(target, Role), int(allow), int(deny))
        self.discord.gateway.dispatch("CHANNEL_UPDATE", channel_object(channel), GUILDS)

    def room(self, name: str) -> Channel:
        """A channel or thread by its name, with or without the #."""
        name = name.removeprefix("#")
        for channel in self.channels.values():
            if channel.name == name:
                return channel
        raise KeyError(f"no room {name} in {self.name}: {[each.name for each in self.channels.values()]}")

    def rooms(self, kind: int | None = None) -> list[Channel]:
        return [each for each in self.channels.values() if kind is None or each.type == kind]


DEFAULT_PERMISSIONS = int(EVERYTHING_BUT_ADMINISTRATOR)
