"""What Slack says happened, read into a deed and the place where its answer belongs. Nothing is asked of Slack here."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from bot.attached import Attached
from bot.message import Args
from bot.platforms.base import Changed, Deed, Filled, Invited, Picked, Pressed, Typed, Visited, Wrote
from bot.platforms.slack import limits
from bot.platforms.slack.draw import compact, pressed
from bot.platforms.slack.forms import answers

Payload: TypeAlias = Mapping[str, Any]  # JSON as Slack sends it

MOST_NAMED = 5
_NAMED = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")

AGAIN = "slack/again"  # a button that asks for the same once more, when the moment for a form has passed


class Place(StrEnum):
    """Where the person is looking while they wait."""

    COMMAND = "command"
    MESSAGE = "message"  # a button on a message
    DIALOG = "dialog"  # a button in a modal
    HOME = "home"  # a button on the bot's own page
    FORM = "form"
    SHORTCUT = "shortcut"
    WORDS = "words"  # in a direct message
    MENTION = "mention"
    PAGE = "page"
    NOWHERE = "nowhere"  # nobody waits


@dataclass(frozen=True, slots=True)
class Arrival:
    """One thing that happened. `trigger` opens a form for three seconds, `response_url` answers for half an hour."""

    event_id: str
    account: str
    deed: Deed
    place: Place
    channel: str = ""
    thread: str = ""  # the message beneath which it was said
    private: bool = False  # whether the message pressed is seen by this person alone
    trigger: str = field(default="", repr=False)
    response_url: str = field(default="", repr=False)
    view: Payload = field(default_factory=dict, repr=False)
    attached: Mapping[str, Sequence[Attached]] = field(default_factory=dict)  # to a form, by field

    @property
    def direct(self) -> bool:
        return self.channel.startswith("D")

    @property
    def room(self) -> str | None:
        return self.channel if self.channel and not self.direct else None


@dataclass(frozen=True, slots=True)
class Typing:
    """Something was typed or chosen in a modal that is still open: what it held at that moment, in Slack's seconds."""

    view: str
    at: float
    values: Payload = field(repr=False)


@dataclass(frozen=True, slots=True)
class Gone:
    """The workspace has sent the bot away."""


@dataclass(frozen=True, slots=True)
class Looks:
    """Somebody's name, zone or address is different now; `user` is the platform's own description."""

    arrival: Arrival
    user: Payload = field(repr=False)


News: TypeAlias = Arrival | Typing | Gone | Looks | None


def read(payload: Payload, *, bot_user: str, typed: Mapping[str, Typing]) -> News:
    """None for what is nobody's concern. `typed`: what open modals held when they were last heard of."""
    match payload.get("type"):
        case "event_callback":
            return _event(payload, payload["event"], bot_user)
        case "block_actions":
            return _pressed(payload)
        case "view_submission" | "view_closed":
            return _filled(payload, typed)
        case "message_action":
            return _picked(payload, bot_user)
        case None if "command" in payload:
            return _typed(payload)
        case _:
            return None


def _typed(payload: Payload) -> Arrival:
    line = f"{payload['command']} {entered(payload.get('text', ''))}".strip()
    return Arrival(
        event_id=_id(payload),
        account=payload["user_id"],
        deed=Typed(line, marked=True),
        place=Place.COMMAND,
        channel=payload.get("channel_id", ""),
        trigger=payload.get("trigger_id", ""),
        response_url=payload.get("response_url", ""),
    )


def _pressed(payload: Payload) -> Arrival | Typing | None:
    action = payload["actions"][0]
    view = payload.get("view") or {}
    container = payload.get("container") or {}
    if action.get("type") != "button":
        return Typing(view["id"], float(action.get("action_ts") or 0), _values(view)) if view else None
    channel = (payload.get("channel") or {}).get("id") or container.get("channel_id") or ""
    place = Place.MESSAGE if not view else Place.HOME if view.get("type") == "home" else Place.DIALOG
    message = container.get("message_ts") or (payload.get("message") or {}).get("ts") or ""
    ephemeral = bool(container.get("is_ephemeral"))
    name, args = pressed(action["action_id"], action.get("value", ""))
    stands_on = f"{channel}:{message}" if message and not ephemeral else None
    deed = _same_again(args) if name == AGAIN else Pressed(name, args, stands_on)
    if deed is None:
        return None
    return Arrival(
        event_id=_id(payload),
        account=payload["user"]["id"],
        deed=deed,
        place=place,
        channel=channel,
        thread=container.get("thread_ts") or (payload.get("message") or {}).get("thread_ts") or "",
        private=ephemeral or channel.startswith("D"),
        trigger=payload.get("trigger_id", ""),
        response_url=payload.get("response_url", ""),
        view=view,
    )


def _filled(payload: Payload, typed: Mapping[str, Typing]) -> Arrival | None:
    view = payload["view"]
    closed = payload["type"] == "view_closed"
    if closed and not _values(view) and view["id"] in typed:
        view = {**view, "state": {"values": typed[view["id"]].values}}
    returned = answers(view)
    if returned is None:
        return None
    form, given, args, kept, attached = returned
    return Arrival(
        event_id=f"{view['id']}/{view.get('hash', '')}/closed" if closed else _id(payload),
        account=payload["user"]["id"],
        deed=Filled(form, given, args, closed=closed),
        place=Place.NOWHERE if closed else Place.FORM,
        channel=kept.channel or "",
        thread=kept.thread or "",
        trigger=payload.get("trigger_id", ""),
        response_url=kept.response_url or "",
        view=view,
        attached={} if closed else attached,
    )


def _picked(payload: Payload, bot_user: str) -> Arrival:
    message, channel = payload.get("message") or {}, payload["channel"]["id"]
    text = message.get("text") or ""
    link = _link(text) or _permalink(payload, channel, message)
    return Arrival(
        event_id=_id(payload),
        account=payload["user"]["id"],
        deed=Picked(payload["callback_id"], plain(text), link, _author(message, bot_user)),
        place=Place.SHORTCUT,
        channel=channel,
        thread=message.get("thread_ts") or "",
        trigger=payload.get("trigger_id", ""),
        response_url=payload.get("response_url", ""),
    )


def _event(payload: Payload, event: Payload, bot_user: str) -> News:
    def arrival(deed: Deed, place: Place, account: str, channel: str = "", thread: str = "") -> Arrival:
        return Arrival(_id(payload), account, deed, place, channel=channel, thread=thread)

    match event.get("type"):
        case "message" if _is_for_the_bot(event, bot_user):
            words = Wrote(plain(event.get("text") or ""))
            return arrival(words, Place.WORDS, event["user"], event["channel"], event.get("thread_ts") or "")
        case "app_mention" if _is_by_a_person(event, bot_user) and not event["channel"].startswith("D"):
            words = Wrote(plain(_without_mention(event.get("text") or "", bot_user)))
            return arrival(words, Place.MENTION, event["user"], event["channel"], event.get("thread_ts") or "")
        case "app_home_opened" if event.get("tab", "home") == "home":
            return arrival(Visited(), Place.PAGE, event["user"])
        case "member_joined_channel" if event.get("user") == bot_user:
            # Its name is not told; whoever listens asks for it.
            return arrival(Invited(""), Place.NOWHERE, event.get("inviter") or bot_user, event["channel"])
        case "user_change":
            return Looks(arrival(Changed(), Place.NOWHERE, event["user"]["id"]), event["user"])
        case "app_uninstalled":
            return Gone()
        case "tokens_revoked" if (event.get("tokens") or {}).get("bot"):
            return Gone()
        case _:
            return None


def _is_by_a_person(event: Payload, bot_user: str) -> bool:
    machine = event.get("bot_id") or event.get("edited") or event.get("hidden")
    return not machine and event.get("user") not in (None, bot_user, "USLACKBOT")


def _author(message: Payload, bot_user: str) -> str | None:
    """Whoever wrote it, if that was a person."""
    user, machine = message.get("user"), message.get("bot_id") or message.get("subtype") == "bot_message"
    return str(user) if user not in (None, "", bot_user, "USLACKBOT") and not machine else None


def _is_for_the_bot(event: Payload, bot_user: str) -> bool:
    whole = event.get("subtype") in (None, "file_share")
    return event.get("channel_type") == "im" and whole and _is_by_a_person(event, bot_user)


def _without_mention(text: str, bot_user: str) -> str:
    return re.sub(rf"<@{re.escape(bot_user)}(?:\|[^<>]*)?>", " ", text).strip()


def _id(payload: Payload) -> str:
    """The platform's own, the same however often and by whatever way it comes."""
    own = payload.get("event_id") or payload.get("trigger_id")
    return str(own) if own else hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()


def _values(view: Payload) -> Payload:
    values: Payload = (view.get("state") or {}).get("values") or {}
    return values


def same_again(deed: Deed) -> Args | None:
    """What a button must carry to bring about the same deed; None when that is too long, or no use."""
    match deed:
        case Typed(text=text):
            told: dict[str, object] = {"typed": text}
        case Wrote(text=text):
            told = {"wrote": text}
        case Pressed(action=action, args=args, message=message):
            told = {"pressed": action, "args": dict(args), "message": message}
        case Picked(action=action, text=text, link=link, author=author):
            told = {"picked": action, "text": text, "link": link, "by": author or ""}
        case _:
            return None
    carried = {"deed": compact(told)}
    return carried if len(compact(carried)) <= limits.BUTTON_VALUE else None


def _same_again(args: Args) -> Deed | None:
    match json.loads(str(args.get("deed", "null"))):
        case {"typed": str(text)}:
            return Typed(text, marked=True)
        case {"wrote": str(text)}:
            return Wrote(text)
        case {"pressed": str(action), "args": dict(given), "message": message}:
            return Pressed(action, given, message)
        case {"picked": str(action), "text": str(text), "link": str(link), **more}:
            return Picked(action, text, link, str(more.get("by") or "") or None)
        case _:
            return None


# Slack escapes & < > in what people type and puts what it recognised between < and >.

_MARKER = re.compile(r"<([^<>]*)>")
_URL = re.compile(r"<(https?://[^<>|\s]+)(?:\|[^<>]*)?>|(https?://[^\s<>|]+)", re.IGNORECASE)


def entered(text: str) -> str:
    """The words of a command as they were typed; people, rooms and links stay between their < and >."""
    parts: list[str] = []
    end = 0
    for found in _MARKER.finditer(text):
        parts += [_as_typed(text[end : found.start()]), found[0].replace("&amp;", "&")]
        end = found.end()
    return "".join([*parts, _as_typed(text[end:])])


def mentions(deed: Deed) -> frozenset[str]:
    """The accounts that a deed is about, a few at most: whoever names a crowd means nobody."""
    match deed:
        case Typed(text=text):
            return frozenset(list(dict.fromkeys(_NAMED.findall(text)))[:MOST_NAMED])
        case Picked(author=str(author)):
            return frozenset({author})
        case _:
            return frozenset()


def plain(text: str) -> str:
    """Somebody's words as they read them: a link is its address, a person or room its name as far as it is told."""
    parts: list[str] = []
    end = 0
    for found in _MARKER.finditer(text):
        parts += [_as_typed(text[end : found.start()]), _as_read(found[1])]
        end = found.end()
    return "".join([*parts, _as_typed(text[end:])])


def _as_typed(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _as_read(inside: str) -> str:
    target, _, label = inside.partition("|")
    match target[:1]:
        case "@" | "#":
            return f"{target[0]}{_as_typed(label).removeprefix(target[0])}" if label else f"<{target}>"
        case "!":
            return _as_typed(label) or "@" + target[1:]
        case _:
            return _as_typed(target.removeprefix("mailto:"))


def _link(text: str) -> str:
    found = _URL.search(text)
    return _as_typed(found[1] or found[2].rstrip(".,;:!?)")) if found else ""


def _permalink(payload: Payload, channel: str, message: Payload) -> str:
    domain, ts = (payload.get("team") or {}).get("domain"), message.get("ts")
    if not domain or not ts:
        return ""
    return f"https://{domain}.slack.com/archives/{channel}/p{ts.replace('.', '')}"
