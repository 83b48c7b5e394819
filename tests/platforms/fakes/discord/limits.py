"""What a message, an embed, a poll, a room's name and a scheduled event may be. Beyond that: 50035."""

from __future__ import annotations

import re
from datetime import datetime

from .components import Checker, Path, walk
from .errors import DiscordError, Json, Problems
from .state import COMPONENTS_V2, EPHEMERAL, LOADING, SUPPRESS_NOTIFICATIONS

MOST_CONTENT, MOST_NONCE, MOST_FILES, MOST_BYTES = 2000, 25, 10, 10 * 1024**2
EMBED_TEXTS = (("title", 256), ("description", 4096))
SENDABLE_FLAGS = (1 << 2) | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2
ANSWER_FLAGS = SENDABLE_FLAGS | EPHEMERAL
SNOWFLAKE = re.compile(r"\d{1,20}")


def check_message(
    body: Json,
    files: dict[str, int],
    *,
    answering: bool = False,
    editing: bool = False,
    path: Path = (),
    kept: frozenset[str] = frozenset(),
    flags: int | None = None,
) -> None:
    """A body for a message: new, edited (`editing`, with the attachments that are `kept`) or an interaction's answer.

    `files` are the names and sizes that came along; `flags` are those the message will have in the end.
    """
    problems = Problems()
    if flags is None:
        flags = body.get("flags") or 0
    if not editing:
        problems.number((*path, "flags"), flags, 0, 2**31)
        allowed = ANSWER_FLAGS if answering else SENDABLE_FLAGS
        if isinstance(flags, int) and flags & ~allowed & ~LOADING:
            problems.add((*path, "flags"), "MESSAGE_FLAGS_INVALID", "These flags can't be set on a message")
    v2 = isinstance(flags, int) and bool(flags & COMPONENTS_V2)
    if body.get("content") is not None:
        problems.length((*path, "content"), body["content"], 0, MOST_CONTENT)
    if v2:
        for name in ("content", "embeds", "poll", "sticker_ids"):
            if body.get(name):
                note = f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
                problems.add((*path, name), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", note)
    nonce = body.get("nonce")
    if nonce is not None and not (isinstance(nonce, (str, int)) and len(str(nonce)) <= MOST_NONCE):
        problems.length((*path, "nonce"), str(nonce), 0, MOST_NONCE)
    if body.get("embeds"):
        _embeds(problems, (*path, "embeds"), body["embeds"])
    if body.get("poll") is not None:
        _poll(problems, (*path, "poll"), body["poll"])
        for name in ("embeds", "components", "attachments"):
            if body.get(name) or (name == "attachments" and files):
                problems.add((*path, name), "MESSAGE_CANNOT_HAVE_BOTH", "A poll stands by itself")
    if body.get("allowed_mentions") is not None:
        _mentions(problems, (*path, "allowed_mentions"), body["allowed_mentions"])
    _attachments(problems, (*path, "attachments"), body.get("attachments"), files)
    if body.get("components") is not None:
        checker = Checker(problems, frozenset(files) | kept)
        checker.message(body["components"], v2, (*path, "components"))
    problems.raise_if_any()
    if sum(files.values()) > MOST_BYTES * MOST_FILES or any(size > MOST_BYTES for size in files.values()):
        raise DiscordError(40005)


def is_empty(body: Json, files: dict[str, int]) -> bool:
    return not (
        body.get("content") or body.get("embeds") or body.get("components") or body.get("poll") or files
        or body.get("sticker_ids") or body.get("message_reference", {}).get("type") == 1
    )  # fmt: skip


def texts(content: str, components: list[Json]) -> str:
    """Everything written in a message, where mentions are looked for."""
    shown = [str(each["content"]) for each in walk(components) if each.get("type") == 10]
    return "\n".join([content, *shown])


def _embeds(problems: Problems, path: Path, embeds: object) -> None:
    if not isinstance(embeds, list) or len(embeds) > 10:
        problems.add(path, "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
        return
    total = 0
    for index, embed in enumerate(embeds):
        for name, most in EMBED_TEXTS:
            if embed.get(name) is not None:
                problems.length((*path, index, name), embed[name], 0, most)
                total += len(str(embed[name]))
        fields = embed.get("fields") or []
        if len(fields) > 25:
            problems.add((*path, index, "fields"), "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
        for number, field in enumerate(fields):
            problems.length((*path, index, "fields", number, "name"), field.get("name"), 1, 256)
            problems.length((*path, index, "fields", number, "value"), field.get("value"), 1, 1024)
            total += len(str(field.get("name"))) + len(str(field.get("value")))
        for name, part, most in (("footer", "text", 2048), ("author", "name", 256)):
            if embed.get(name):
                problems.length((*path, index, name, part), embed[name].get(part), 1, most)
                total += len(str(embed[name].get(part)))
    if total > 6000:
        problems.add(path, "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")


def _poll(problems: Problems, path: Path, poll: Json) -> None:
    question = poll.get("question") or {}
    problems.length((*path, "question", "text"), question.get("text"), 1, 300)
    answers = poll.get("answers")
    if not isinstance(answers, list) or not 1 <= len(answers) <= 10:
        problems.add((*path, "answers"), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 10 in length.")
        answers = []
    for index, answer in enumerate(answers):
        text = (answer.get("poll_media") or {}).get("text")
        problems.length((*path, "answers", index, "poll_media", "text"), text, 1, 55)
    duration = poll.get("duration", 24)
    if not isinstance(duration, (int, float)) or not 1 <= duration <= 768:
        problems.add((*path, "duration"), "NUMBER_TYPE_RANGE", "int value should be between 1 and 768.")


def _mentions(problems: Problems, path: Path, mentions: Json) -> None:
    parse = mentions.get("parse", [])
    for index, each in enumerate(parse):
        problems.one_of((*path, "parse", index), each, frozenset({"users", "roles", "everyone"}))
    for name in ("users", "roles"):
        listed = mentions.get(name) or []
        if len(listed) > 100:
            problems.add((*path, name), "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")
        for index, each in enumerate(listed):
            if not SNOWFLAKE.fullmatch(str(each)):
                problems.add((*path, name, index), "NUMBER_TYPE_COERCE", f'Value "{each}" is not snowflake.')
        if listed and name in parse:
            note = f"parse:['{name}'] and {name}: [ids...] are mutually exclusive."
            problems.add(path, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", note)


def _attachments(problems: Problems, path: Path, attachments: object, files: dict[str, int]) -> None:
    if len(files) > MOST_FILES:
        problems.add(path, "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    for index, each in enumerate(attachments if isinstance(attachments, list) else ()):
        if each.get("description") is not None:
            problems.length((*path, index, "description"), each["description"], 0, 1024)
        if each.get("filename") is not None:
            problems.length((*path, index, "filename"), each["filename"], 1, 260)


def text_channel_name(name: str) -> str:
    """As Discord writes it: lower case, dashes for spaces, no punctuation."""
    name = re.sub(r"\s+", "-", name.strip().lower())
    name = re.sub(r"[!-,./:-@\[-^`{-~]", "", name)
    return re.sub(r"-{2,}", "-", name).strip("-")


def check_channel(body: Json, *, thread: bool = False) -> None:
    problems = Problems()
    if "name" in body:
        problems.length(("name",), body["name"], 1, 100)
        if body.get("type") == 0 and isinstance(body["name"], str) and not text_channel_name(body["name"]):
            problems.length(("name",), "", 1, 100)
    if body.get("topic") is not None:
        problems.length(("topic",), body["topic"], 0, 1024)
    if body.get("user_limit") is not None:
        problems.number(("user_limit",), body["user_limit"], 0, 99)
    if thread and body.get("auto_archive_duration") is not None:
        problems.one_of(("auto_archive_duration",), body["auto_archive_duration"], frozenset({60, 1440, 4320, 10080}))
    overwrites = body.get("permission_overwrites") or []
    if len(overwrites) > 100:
        problems.add(("permission_overwrites",), "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")
    problems.raise_if_any()


def check_event(body: Json, now: float, *, creating: bool) -> None:
    """`body` is the event as it shall be: with what stays when it is edited."""
    problems = Problems()
    problems.length(("name",), body.get("name"), 1, 100)
    if body.get("description") is not None:
        problems.length(("description",), body["description"], 0, 1000)
    if body.get("privacy_level", 2 if not creating else None) != 2:
        problems.one_of(("privacy_level",), body.get("privacy_level"), frozenset({2}))
    kind = body.get("entity_type")
    problems.one_of(("entity_type",), kind, frozenset({1, 2, 3}))
    starts = _moment(problems, "scheduled_start_time", body.get("scheduled_start_time"), needed=True)
    ends = _moment(problems, "scheduled_end_time", body.get("scheduled_end_time"), needed=kind == 3)
    if creating and starts and starts.timestamp() < now:
        note = "Cannot schedule event in the past."
        problems.add(("scheduled_start_time",), "GUILD_SCHEDULED_EVENT_SCHEDULE_PAST", note)
    if starts and ends and ends <= starts:
        note = "Cannot schedule event with end time before start time."
        problems.add(("scheduled_end_time",), "GUILD_SCHEDULED_EVENT_END_TIME_BEFORE_START_TIME", note)
    if kind == 3:
        place = (body.get("entity_metadata") or {}).get("location")
        problems.length(("entity_metadata", "location"), place, 1, 100)
        if body.get("channel_id") is not None:
            problems.add(("channel_id",), "BASE_TYPE_MAX_LENGTH", "An external event has no channel")
    elif body.get("channel_id") is None:
        problems.required(("channel_id",))
    problems.raise_if_any()


def _moment(problems: Problems, name: str, value: object, *, needed: bool) -> datetime | None:
    if value is None:
        if needed:
            problems.required((name,))
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        problems.add((name,), "DATE_TIME_TYPE_PARSE", f'Could not parse "{value}". Should be ISO8601.')
        return None
    return moment if moment.tzinfo else moment.astimezone()
