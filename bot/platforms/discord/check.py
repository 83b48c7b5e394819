"""What `caravan doctor` asks Discord: whose token it is, and what it may do, server by server and room by room."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp
from discord import Permissions

from bot.findings import Finding
from bot.platforms.discord.api import Answer, number, rows, text
from bot.platforms.discord.permissions import ROLE, VIEW, Standing, asked, invite_url, names
from bot.platforms.discord.rooms import OWN, VOICE, is_ours
from bot.platforms.discord.setup import Setup

TIMEOUT = 10.0  # seconds
MOST_DRIFT = 60.0  # seconds
VOICED = Permissions(view_channel=True, connect=True, move_members=True)
WRITTEN = OWN & ~Permissions(connect=True, speak=True, move_members=True, create_events=True)


class Silent(Exception):
    """No answer, or none of Discord's; the words say which."""


async def examined(setup: Setup, clock: Callable[[], datetime], *, patience: float = TIMEOUT) -> AsyncIterator[Finding]:
    """Line by line, for every server that the bot is in. No line holds the token."""
    limit = aiohttp.ClientTimeout(total=patience)
    async with aiohttp.ClientSession(timeout=limit) as session:
        discord = _Discord(session, setup, clock)
        try:
            me = await discord.one("/users/@me")
            yield discord.drift
            if me is None:
                mend = "copy it again from Bot of the application, after Reset Token, into DISCORD_TOKEN"
                yield Finding("discord", "Discord refuses DISCORD_TOKEN", mend)
                return
            yield Finding("discord", f"{text(me, 'username')}")
            async for finding in _servers(discord, text(me, "id")):
                yield finding
        except Silent as silent:
            mend = "see that this machine reaches it, and that api_url of [discord] and DISCORD_API_URL are right"
            yield Finding("discord", f"{urlsplit(setup.api_url).netloc} {silent}", mend)


class _Discord:
    """Questions only, each asked once. `drift` is known after the first."""

    def __init__(self, session: aiohttp.ClientSession, setup: Setup, clock: Callable[[], datetime]) -> None:
        self._session = session
        self._setup = setup
        self._clock = clock
        self.drift = Finding("clock", "Discord does not say what time it is")

    async def one(self, path: str) -> Answer | None:
        """None: refused."""
        answer = await self._ask(path)
        return answer if isinstance(answer, dict) else None

    async def many(self, path: str) -> tuple[Answer, ...] | None:
        answer = await self._ask(path)
        return tuple(row for row in answer if isinstance(row, dict)) if isinstance(answer, list) else None

    async def _ask(self, path: str) -> object:
        headers = {"Authorization": f"Bot {self._setup.token}"}
        before = self._clock()
        try:
            async with self._session.get(self._setup.api_url.rstrip("/") + path, headers=headers) as response:
                self.drift = _drift(response.headers.get("Date", ""), before + (self._clock() - before) / 2)
                if response.status == 429:
                    raise Silent("asks for patience; ask again in a minute")
                if response.status >= 500:
                    raise Silent(f"has trouble of its own (HTTP {response.status})")
                answer: object = await response.json(content_type=None)
                if response.status == 200:
                    return answer
                if not isinstance(answer, dict) or "code" not in answer:
                    raise Silent("does not answer as Discord does")
                return None
        except TimeoutError:
            raise Silent("does not answer in time") from None
        except aiohttp.ClientConnectorError:
            raise Silent("cannot be reached") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise Silent(f"does not answer as Discord does ({type(error).__name__})") from None


async def _servers(discord: _Discord, me: str) -> AsyncIterator[Finding]:
    guilds = await discord.many("/users/@me/guilds") or ()
    if not guilds:
        yield Finding("discord servers", "the bot is in none", f"let it in: {invite_url(me)}")
    for guild in guilds:
        id, name = text(guild, "id"), text(guild, "name")
        roles = await discord.many(f"/guilds/{id}/roles") or ()
        member = await discord.one(f"/guilds/{id}/members/{me}") or {}
        channels = await discord.many(f"/guilds/{id}/channels") or ()
        held = member.get("roles")
        own = frozenset(map(str, held)) if isinstance(held, list) else frozenset()
        standing = Standing(id, me, {text(role, "id"): role for role in roles}, own)
        yield Finding(f"discord server ({name})", id)
        yield _permissions(f"discord permissions ({name})", standing)
        yield _order(f"discord roles ({name})", standing, channels)
        for finding in _rooms(name, standing, channels):
            yield finding


def _permissions(what: str, standing: Standing) -> Finding:
    lacks = names(asked().value & ~standing.bits)
    if lacks:
        mend = (
            f"switch them on for its role in Server Settings, Roles, or let it in again: {invite_url(standing.account)}"
        )
        return Finding(what, f"missing: {lacks}", mend)
    if standing.bits & Permissions(administrator=True).value:
        return Finding(what, "all there; Administrator is more than it needs")
    return Finding(what, "all there")


def _order(what: str, standing: Standing, channels: Iterable[Answer]) -> Finding:
    """Nobody gives a role that stands above their own highest."""
    given = {
        text(one, "id")
        for channel in channels
        if is_ours(channel)
        for one in rows(channel, "permission_overwrites")
        if number(one, "type") == ROLE and number(one, "allow") & VIEW and text(one, "id") != standing.guild
    }
    roles = [role for id in given if (role := standing.roles.get(id)) is not None and not number(role, "permissions")]
    above = sorted(text(role, "name") for role in roles if number(role, "position") >= standing.top)
    if above:
        mend = "drag the bot's own role above them in Server Settings, Roles"
        return Finding(what, f"above the bot's, so that it can't give them: {', '.join(above)}", mend)
    return Finding(what, f"{len(roles)} of cohorts, all below the bot's own")


def _rooms(server: str, standing: Standing, channels: tuple[Answer, ...]) -> Iterable[Finding]:
    """Those that the bot made; into others it was brought by somebody who knows why."""
    for room in channels:
        if not is_ours(room):
            continue
        yield _room(f"discord #{text(room, 'name')} ({server})", standing, room, WRITTEN)
        category = text(room, "parent_id")
        for voice in channels:
            if number(voice, "type") == VOICE and category and text(voice, "parent_id") == category:
                yield _room(f"discord voice {text(voice, 'name')} ({server})", standing, voice, VOICED)


def _room(what: str, standing: Standing, room: Answer, needed: Permissions) -> Finding:
    # What is missing in the whole server has been said.
    lacks = names(needed.value & standing.bits & ~standing.within(room))
    if lacks:
        return Finding(what, f"missing: {lacks}", "switch them on for the bot in the channel's permissions")
    return Finding(what, "the bot may do there what it has to")


def _drift(date: str, ours: datetime) -> Finding:
    """Discord's Date header, which has whole seconds, against the middle of our question and its answer."""
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        return Finding("clock", "Discord does not say what time it is")
    if theirs.tzinfo is None:
        return Finding("clock", "Discord does not say what time it is")
    seconds = (ours - theirs).total_seconds()
    if abs(seconds) <= MOST_DRIFT:
        return Finding("clock", f"within {MOST_DRIFT:.0f} s of Discord's")
    found = f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} Discord's"
    return Finding("clock", found, "set this machine's clock, and let NTP keep it: sessions begin by it")
