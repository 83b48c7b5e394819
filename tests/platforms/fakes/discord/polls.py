"""Polls: what one may be, who votes, when it is over, and how it looks to those who read it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from .errors import DiscordError, Json
from .state import Message, User

if TYPE_CHECKING:
    from .server import FakeDiscord

GUILD_POLLS, DM_POLLS = 1 << 24, 1 << 25
RESULT = 46  # type of the message that Discord itself adds when a poll is over
UNCHANGEABLE, OVER, NO_POLL = 520003, 520001, 520006


def made(poll: Json, now: float) -> Json:
    expiry = datetime.fromtimestamp(now, UTC) + timedelta(hours=poll.get("duration", 24))
    return {
        "question": poll["question"],
        "answers": [{"answer_id": number, **each} for number, each in enumerate(poll["answers"], 1)],
        "expiry": expiry.isoformat(),
        "allow_multiselect": poll.get("allow_multiselect", False),
        "layout_type": 1,
        "results": {"is_finalized": False, "answer_counts": []},
    }


def over(discord: FakeDiscord, message: Message) -> bool:
    """Ended, by its author or by the clock."""
    assert message.poll is not None
    expired = datetime.fromisoformat(message.poll["expiry"]).timestamp() <= discord.clock()
    return expired or message.poll["results"]["is_finalized"]


def end(discord: FakeDiscord, message: Message) -> Json:
    """For good; what the message with the result says."""
    if message.poll is None:
        raise DiscordError(NO_POLL)
    if over(discord, message):
        raise DiscordError(OVER)
    message.poll["results"]["is_finalized"] = True
    most = max((len(each) for each in message.votes.values()), default=0)
    first = [number for number, voters in message.votes.items() if most and len(voters) == most]
    fields = {
        "poll_question_text": message.poll["question"]["text"],
        "victor_answer_votes": str(most),
        "total_votes": str(sum(len(each) for each in message.votes.values())),
        **({"victor_answer_id": str(first[0])} if len(first) == 1 else {}),
    }
    shown = [{"name": name, "value": value, "inline": False} for name, value in fields.items()]
    return {"embeds": [{"type": "poll_result", "fields": shown}]}


def vote(discord: FakeDiscord, message: Message, user: User, chosen: set[int], *, times: int = 1) -> None:
    """Somebody's whole vote in a poll, in place of what they voted before; heard `times` over."""
    assert message.poll is not None
    guild, channel = discord.find_channel(message.channel_id)
    for answer in message.poll["answers"]:
        number = answer["answer_id"]
        voters = message.votes.setdefault(number, set())
        if (number in chosen) == (user.id in voters):
            continue
        (voters.add if number in chosen else voters.remove)(user.id)
        body: Json = {"user_id": str(user.id), "channel_id": str(channel.id), "message_id": str(message.id)}
        body["answer_id"] = number
        if guild is not None:
            body["guild_id"] = str(guild.id)
        event = "MESSAGE_POLL_VOTE_ADD" if number in chosen else "MESSAGE_POLL_VOTE_REMOVE"
        discord.gateway.dispatch(event, body, GUILD_POLLS if guild else DM_POLLS, times)
    message.poll["results"]["answer_counts"] = [
        {"id": number, "count": len(voters), "me_voted": False} for number, voters in message.votes.items()
    ]


def lines(discord: FakeDiscord, message: Message) -> list[str]:
    """As somebody reads it; how many voted for what stands there too."""
    assert message.poll is not None
    counts = {number: len(voters) for number, voters in message.votes.items()}
    found = [message.poll["question"]["text"]]
    for each in message.poll["answers"]:
        count = counts.get(each["answer_id"], 0)
        found.append(f"( ) {each['poll_media']['text']}" + (f" · {count}" if count else ""))
    return [*found, "(final results)"] if over(discord, message) else found
