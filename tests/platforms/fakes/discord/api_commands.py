"""Application commands over REST, global and of one guild, and what the bot may ask about itself."""

from __future__ import annotations

from types import MappingProxyType

from .api import Ask, Body, Handler
from .command_limits import CHAT, check_all, check_command
from .errors import DiscordError, Json, Problems
from .payloads import channel_object, user_object

MOST_CREATES_A_DAY = 200
DAY = 24 * 3600
KEPT = (
    "name", "name_localizations", "description", "description_localizations", "options",
    "default_member_permissions", "dm_permission", "contexts", "integration_types", "nsfw",
)  # fmt: skip


def scope(ask: Ask) -> tuple[int | None, dict[int, Json]]:
    """The guild (None: global) and its commands by id."""
    if ask.params["app"] != str(ask.discord.application_id):
        raise DiscordError(20012)
    guild = ask.guild().id if "guild" in ask.params else None
    if guild is not None and not ask.discord.commands_allowed:
        raise DiscordError(50001)
    return guild, ask.discord.commands.setdefault(guild, {})


def _count_create(ask: Ask, guild: int | None) -> None:
    now = ask.discord.clock()
    made = [at for at in ask.discord.command_creates.get(guild, []) if now - at < DAY]
    if len(made) >= MOST_CREATES_A_DAY:
        raise DiscordError(30034)
    ask.discord.command_creates[guild] = [*made, now]


def _made(ask: Ask, guild: int | None, body: Json, id: int | None = None) -> Json:
    made: Json = {name: body.get(name) for name in KEPT if name in body}
    made |= {
        "id": str(id or ask.discord.ids.next()),
        "application_id": str(ask.discord.application_id),
        "version": str(ask.discord.ids.next()),
        "type": body.get("type", CHAT),
        "description": body.get("description") or "",
        "default_member_permissions": body.get("default_member_permissions"),
        "nsfw": bool(body.get("nsfw")),
    }
    if guild is not None:
        made["guild_id"] = str(guild)
    else:
        # By itself a global command works in servers and in the bot's DMs.
        made["contexts"] = body.get("contexts")
        made["dm_permission"] = body.get("dm_permission", True)
        made["integration_types"] = body.get("integration_types") or [0]
    return made


def _known(commands: dict[int, Json], body: Json) -> Json | None:
    key = (body.get("name"), body.get("type", CHAT))
    return next((each for each in commands.values() if (each["name"], each["type"]) == key), None)


def listing(ask: Ask) -> Body:
    return list(scope(ask)[1].values())


def replace(ask: Ask) -> Body:
    guild, commands = scope(ask)
    if not isinstance(ask.body, list):
        raise DiscordError(50035, {"_errors": [{"code": "LIST_TYPE_CONVERT", "message": "A list is needed"}]})
    for index, each in enumerate(ask.body):
        check_command(each, (index,))
    check_all(ask.body)
    made: dict[int, Json] = {}
    for each in ask.body:
        known = _known(commands, each)
        if known is None:
            _count_create(ask, guild)
        one = _made(ask, guild, each, int(known["id"]) if known else None)
        made[int(one["id"])] = one
    ask.discord.commands[guild] = made
    return list(made.values())


def create(ask: Ask) -> Body:
    guild, commands = scope(ask)
    check_command(ask.json)
    known = _known(commands, ask.json)
    if known is None:
        check_all([*commands.values(), ask.json])
        _count_create(ask, guild)
    made = _made(ask, guild, ask.json, int(known["id"]) if known else None)
    commands[int(made["id"])] = made
    return made


def one(ask: Ask) -> Body:
    if found := scope(ask)[1].get(ask.id("command")):
        return found
    raise DiscordError(10063)


def modify(ask: Ask) -> Body:
    guild, commands = scope(ask)
    if (known := commands.get(ask.id("command"))) is None:
        raise DiscordError(10063)
    body = {**known, **ask.json}
    check_command(body)
    made = commands[int(known["id"])] = _made(ask, guild, body, int(known["id"]))
    return made


def delete(ask: Ask) -> Body:
    if scope(ask)[1].pop(ask.id("command"), None) is None:
        raise DiscordError(10063)
    return None


# The bot itself.


def me(ask: Ask) -> Body:
    return {**user_object(ask.bot), "mfa_enabled": True, "verified": True, "email": None, "flags": 0, "locale": "en-US"}


def user(ask: Ask) -> Body:
    if found := ask.discord.users.get(ask.id("user")):
        return user_object(found)
    raise DiscordError(10013)


def application(ask: Ask) -> Body:
    discord = ask.discord
    return {
        "id": str(discord.application_id),
        "name": discord.bot.username,
        "icon": None,
        "description": "",
        "summary": "",
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": discord.application_flags,
        "owner": user_object(next(iter(discord.people.values())).user if discord.people else discord.bot),
        "team": None,
        "bot": user_object(discord.bot),
        "approximate_guild_count": sum(each.bot_in for each in discord.guilds.values()),
    }


def gateway_bot(ask: Ask) -> Body:
    gateway = ask.discord.gateway
    limit = {"total": 1000, "remaining": 1000 - gateway.identifies, "reset_after": DAY * 1000, "max_concurrency": 1}
    return {"url": ask.discord.gateway_url, "shards": 1, "session_start_limit": limit}


def open_dm(ask: Ask) -> Body:
    recipient = str(ask.json.get("recipient_id", ""))
    if not recipient:
        problems = Problems()
        problems.required(("recipient_id",))
        problems.raise_if_any()
    found = ask.discord.users.get(int(recipient)) if recipient.isdigit() else None
    if found is None or found.bot:
        raise DiscordError(50033)
    return channel_object(ask.discord.dm(found))


ROUTES: MappingProxyType[str, Handler] = MappingProxyType(
    {
        "GET /users/@me": me,
        "GET /users/{user}": user,
        "POST /users/@me/channels": open_dm,
        "GET /oauth2/applications/@me": application,
        "GET /applications/@me": application,
        "GET /gateway/bot": gateway_bot,
        "GET /applications/{app}/commands": listing,
        "PUT /applications/{app}/commands": replace,
        "POST /applications/{app}/commands": create,
        "GET /applications/{app}/commands/{command}": one,
        "PATCH /applications/{app}/commands/{command}": modify,
        "DELETE /applications/{app}/commands/{command}": delete,
        "GET /applications/{app}/guilds/{guild}/commands": listing,
        "PUT /applications/{app}/guilds/{guild}/commands": replace,
        "POST /applications/{app}/guilds/{guild}/commands": create,
        "GET /applications/{app}/guilds/{guild}/commands/{command}": one,
        "PATCH /applications/{app}/guilds/{guild}/commands/{command}": modify,
        "DELETE /applications/{app}/guilds/{guild}/commands/{command}": delete,
    }
)
