"""Answers to interactions over REST: the callback, and the webhook that lives as long as the token."""

from __future__ import annotations

from types import MappingProxyType

from .api import Ask, Body, Handler
from .errors import DiscordError, Json
from .interactions import Interaction, answer, change, follow_up
from .posting import as_bot_sees
from .state import Message

TOKEN_SECONDS = 15 * 60


def callback(ask: Ask) -> Body:
    made = ask.discord.interactions.get(ask.params["token"])
    if made is None or str(made.id) != ask.params["interaction"]:
        raise DiscordError(10062)
    answer(ask.discord, made, ask.json, ask.files)
    if ask.query.get("with_response") not in ("1", "true", "True"):
        return None
    shown = made.original if made.answer in (4, 5, 7) else None
    response: Json = {"id": str(made.id), "type": made.type}
    body: Json = {"interaction": response, "resource": {"type": made.answer}}
    if shown is not None:
        response |= {
            "response_message_id": str(shown.id),
            "response_message_loading": shown.loading,
            "response_message_ephemeral": shown.ephemeral,
        }
        body["resource"]["message"] = as_bot_sees(ask.discord, shown)
    return body


def _living(ask: Ask) -> Interaction:
    if ask.params["app"] != str(ask.discord.application_id):
        raise DiscordError(10015)
    made = ask.discord.interactions.get(ask.params["token"])
    if made is None or not made.responded or made.answer == 8:
        raise DiscordError(10015)
    if ask.discord.clock() - made.issued > TOKEN_SECONDS:
        raise DiscordError(50027)
    return made


def _message(ask: Ask, made: Interaction) -> Message:
    wanted = ask.params["message"]
    every = [*made.followups, *([made.original] if made.original else [])]
    for message in every:
        if ((wanted == "@original" and message is made.original) or wanted == str(message.id)) and _stands(
            ask, message
        ):
            return message
    raise DiscordError(10008)


def _stands(ask: Ask, message: Message) -> bool:
    if message.ephemeral:
        return message in ask.discord.people[message.seen_by or 0].whispers
    try:
        _, channel = ask.discord.find_channel(message.channel_id)
    except DiscordError:
        return False
    return message in channel.messages


def create(ask: Ask) -> Body:
    made = _living(ask)
    message = follow_up(ask.discord, made, ask.json, ask.files)
    return as_bot_sees(ask.discord, message)


def get(ask: Ask) -> Body:
    return as_bot_sees(ask.discord, _message(ask, _living(ask)))


def edit(ask: Ask) -> Body:
    made = _living(ask)
    message = _message(ask, made)
    change(ask.discord, made, message, ask.json, ask.files)
    return as_bot_sees(ask.discord, message)


def delete(ask: Ask) -> Body:
    made = _living(ask)
    message = _message(ask, made)
    if message.ephemeral:
        ask.discord.people[message.seen_by or 0].whispers.remove(message)
    else:
        ask.discord.find_channel(message.channel_id)[1].messages.remove(message)
    made.settled.set()
    return None


# None of these asks for the bot's token: the interaction's own is proof enough.
ROUTES: MappingProxyType[str, Handler] = MappingProxyType(
    {
        "POST /interactions/{interaction}/{token}/callback": callback,
        "POST /webhooks/{app}/{token}": create,
        "GET /webhooks/{app}/{token}/messages/{message}": get,
        "PATCH /webhooks/{app}/{token}/messages/{message}": edit,
        "DELETE /webhooks/{app}/{token}/messages/{message}": delete,
    }
)
