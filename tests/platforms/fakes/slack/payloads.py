"""Objects as Slack writes them: users, channels, messages, views, files, and what an interaction carries."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote
from zoneinfo import ZoneInfo

from .state import Channel, Json, Message, UploadedFile, User, Value, View

if TYPE_CHECKING:
    from .team import Team


def user_object(team: Team, user: User) -> Json:
    offset = datetime.fromtimestamp(team.slack.clock(), ZoneInfo(user.tz)).utcoffset()
    profile: Json = {"real_name": user.name, "display_name": user.name.split()[0], "team": team.id}
    if user.email and "users:read.email" in team.scopes:
        profile["email"] = user.email
    body: Json = {
        "id": user.id,
        "team_id": team.id if user.kind != "connect" else f"T{user.id[1:]}",
        "name": user.handle,
        "deleted": user.kind == "deactivated",
        "profile": profile,
        "is_bot": user.kind == "bot",
        "is_app_user": False,
        "updated": int(team.slack.clock()),
    }
    if user.kind == "deactivated":
        return body  # Slack says no more of those who left
    return {
        **body,
        "real_name": user.name,
        "tz": user.tz,
        "tz_label": user.tz.rpartition("/")[2],
        "tz_offset": int(offset.total_seconds()) if offset else 0,
        "is_admin": False,
        "is_owner": False,
        "is_restricted": user.kind in ("guest", "single_channel_guest"),
        "is_ultra_restricted": user.kind == "single_channel_guest",
        **({"is_stranger": True} if user.kind == "connect" else {}),
    }


def short_user(team: Team, user: User) -> Json:
    return {"id": user.id, "username": user.handle, "name": user.handle, "team_id": team.id}


def channel_object(team: Team, channel: Channel) -> Json:
    if channel.kind == "im":
        other = next(each for each in channel.members if each != team.bot.id)
        return {
            "id": channel.id,
            "created": channel.created,
            "is_im": True,
            "is_archived": channel.archived,
            "is_org_shared": False,
            "user": other,
            "is_user_deleted": team.users[other].kind == "deactivated",
        }
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_im": False,
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.kind != "public",
        "is_archived": channel.archived,
        "is_general": channel.name == "general",
        "is_shared": False,
        "is_member": team.bot.id in channel.members,
        "created": channel.created,
        "creator": channel.creator,
        "topic": {"value": channel.topic, "creator": channel.creator, "last_set": 0},
        "purpose": {"value": channel.purpose, "creator": channel.creator, "last_set": 0},
        "num_members": len(channel.members),
        "context_team_id": team.id,
    }


def file_object(team: Team, file: UploadedFile) -> Json:
    shares: Json = {"public": {}, "private": {}}
    for channel, ts in file.shares.items():
        group = "public" if team.channels[channel].kind == "public" else "private"
        shares[group][channel] = [{"ts": ts, "channel_name": team.channels[channel].name, "team_id": team.id}]
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title or file.name,
        "filetype": file.name.rpartition(".")[2],
        "user": file.user,
        "size": file.length,
        "alt_txt": file.alt,
        "mode": "hosted",
        "is_external": False,
        "is_public": bool(shares["public"]),
        "channels": list(shares["public"]),
        "groups": [each for each in file.shares if team.channels[each].kind == "private"],
        "ims": [each for each in file.shares if team.channels[each].kind == "im"],
        "shares": shares,
        "permalink": f"https://{team.domain}.slack.com/files/{file.user}/{file.id}/{file.name}",
        "url_private": f"https://files.slack.com/files-pri/{team.id}-{file.id}/{file.name}",
    }


def given_file(team: Team, file: UploadedFile, media_type: str) -> Json:
    """A file as the state of a file input tells it. Whoever downloads it shows a token with files:read."""
    link = f"{team.slack.url}/files-pri/{team.id}-{file.id}/download/{quote(file.name)}"
    return {**file_object(team, file), "mimetype": media_type, "url_private": link, "url_private_download": link}


def _parent_author(team: Team, message: Message) -> str:
    parent = team.channels[message.channel].message(message.thread_ts)
    return parent.user if parent else message.user


def message_object(team: Team, message: Message, *, metadata: bool = False) -> Json:
    body: Json = {
        "type": "message",
        "user": message.user,
        "ts": message.ts,
        "text": message.text,
        "team": team.id,
    }
    if message.subtype:
        body["subtype"] = message.subtype
    if message.blocks:
        body["blocks"] = message.blocks
    if message.bot_id:
        body |= {
            "bot_id": message.bot_id,
            "app_id": message.app_id,
            "bot_profile": {"id": message.bot_id, "app_id": message.app_id, "name": team.bot.name, "team_id": team.id},
        }
    if message.thread_ts:
        body["thread_ts"] = message.thread_ts
        if message.is_reply:
            body["parent_user_id"] = _parent_author(team, message)
    if message.edited_ts:
        body["edited"] = {"user": message.user, "ts": message.edited_ts}
    if message.files:
        body |= {"files": [file_object(team, team.files[each]) for each in message.files], "upload": True}
    if message.reactions:
        body["reactions"] = [
            {"name": name, "users": users, "count": len(users)} for name, users in message.reactions.items()
        ]
    if metadata and message.metadata is not None:
        body["metadata"] = message.metadata
    channel = team.channels.get(message.channel)
    if channel is not None and not message.is_reply and (replies := channel.replies(message.ts)):
        body |= {"thread_ts": message.ts, "reply_count": len(replies), "latest_reply": replies[-1].ts}
    return body


def blank(element: Json) -> Value:
    """What `state.values` says of an element that nobody has touched."""
    kind: str = element["type"]
    value: Value = {"type": kind}
    match kind:
        case "plain_text_input" | "number_input" | "email_text_input" | "url_text_input":
            value["value"] = element.get("initial_value")
        case "rich_text_input":
            value["rich_text_value"] = element.get("initial_value")
        case "datepicker":
            value["selected_date"] = element.get("initial_date")
        case "timepicker":
            value["selected_time"] = element.get("initial_time")
        case "datetimepicker":
            value["selected_date_time"] = element.get("initial_date_time")
        case "checkboxes" | "multi_static_select" | "multi_external_select":
            value["selected_options"] = element.get("initial_options", [])
        case "static_select" | "radio_buttons" | "external_select":
            value["selected_option"] = element.get("initial_option")
        case "file_input":
            value["files"] = []
        case _:
            noun = kind.removeprefix("multi_").removesuffix("_select").removesuffix("s")
            if kind.startswith("multi_"):
                value[f"selected_{noun}s"] = element.get(f"initial_{noun}s", [])
            else:
                value[f"selected_{noun}"] = element.get(f"initial_{noun}")
    return value


def state_of(blocks: list[Json], values: dict[tuple[str, str], Value]) -> Json:
    """`state`: every input, filled or not, and whatever else holds a choice."""
    state: dict[str, dict[str, Value]] = {}
    for block in blocks:
        elements = [block.get("element"), block.get("accessory"), *(block.get("elements") or [])]
        for element in elements:
            if not isinstance(element, dict) or "action_id" not in element:
                continue
            if element["type"] in ("button", "overflow", "image"):
                continue
            place = (block["block_id"], element["action_id"])
            state.setdefault(place[0], {})[place[1]] = values.get(place) or blank(element)
    return {"values": state}


def view_object(team: Team, view: View, *, with_state: bool = True) -> Json:
    body = view.body
    return {
        "id": view.id,
        "team_id": team.id,
        "type": body["type"],
        "blocks": view.blocks,
        "private_metadata": body.get("private_metadata", ""),
        "callback_id": body.get("callback_id", ""),
        "external_id": body.get("external_id", ""),
        "state": state_of(view.blocks, view.values) if with_state else {"values": {}},
        "hash": view.hash,
        "title": body.get("title", {"type": "plain_text", "text": "View Title", "emoji": True}),
        "close": body.get("close"),
        "submit": body.get("submit"),
        "clear_on_close": body.get("clear_on_close", False),
        "notify_on_close": body.get("notify_on_close", False),
        "previous_view_id": view.previous,
        "root_view_id": view.root,
        "app_id": team.app.id,
        "app_installed_team_id": team.id,
        "bot_id": team.bot.bot_id,
    }


def interaction(team: Team, kind: str, user: User, trigger: str | None) -> Json:
    """What every interactive payload carries."""
    body: Json = {
        "type": kind,
        "user": short_user(team, user),
        "api_app_id": team.app.id,
        "token": team.app.verification_token,
        "team": {"id": team.id, "domain": team.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }
    if trigger is not None:
        body["trigger_id"] = trigger
    return body


def channel_in_payload(channel: Channel) -> Json:
    names = {"im": "directmessage", "private": "privategroup", "mpim": channel.name, "public": channel.name}
    return {"id": channel.id, "name": names[channel.kind]}


def event_wrapper(team: Team, event: Json) -> Json:
    return {
        "token": team.app.verification_token,
        "team_id": team.id,
        "context_team_id": team.id,
        "context_enterprise_id": None,
        "api_app_id": team.app.id,
        "event": event,
        "type": "event_callback",
        "event_id": team.slack.ids.next("Ev"),
        "event_time": int(team.slack.clock()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": team.id,
                "user_id": team.bot.id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{team.slack.ids.next('e')}",
    }
