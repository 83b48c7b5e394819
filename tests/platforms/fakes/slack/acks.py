"""What may come with an acknowledgement, and what an app may send to a response_url."""

from __future__ import annotations

from .limits import check_message, check_view
from .state import Json, SlackError

RESPONSE_FIELDS = frozenset(
    [
        "text",
        "blocks",
        "response_type",
        "replace_original",
        "delete_original",
        "thread_ts",
        "metadata",
        "unfurl_links",
        "unfurl_media",
        "mrkdwn",
        "attachments",
    ]
)


def check_response(body: Json) -> None:
    """A message for a response_url, or in the acknowledgement of a command."""
    if unknown := set(body) - RESPONSE_FIELDS:
        raise SlackError("invalid_arguments", *(f"no such field: {name}" for name in sorted(unknown)))
    if body.get("response_type", "ephemeral") not in ("ephemeral", "in_channel"):
        raise SlackError("invalid_arguments", "must be ephemeral or in_channel [json-pointer:/response_type]")
    if not body.get("delete_original"):
        check_message(body, total=False)


def check_answer(kind: str, payload: Json, answer: Json) -> None:
    """Refuses what an acknowledgement of this kind may not carry."""
    if kind == "slash_commands":
        check_response(answer)
    elif kind == "view_submission":
        _check_submission(payload, answer)
    else:
        raise SlackError("invalid_arguments", f"nothing may come with the acknowledgement of {kind}")


def _check_submission(payload: Json, answer: Json) -> None:
    action = answer.get("response_action")
    match action:
        case "clear" if set(answer) == {"response_action"}:
            return
        case "update" | "push" if set(answer) == {"response_action", "view"}:
            check_view(answer["view"])
        case "errors" if set(answer) == {"response_action", "errors"}:
            errors = answer["errors"]
            inputs = {each["block_id"] for each in payload["view"]["blocks"] if each["type"] == "input"}
            if not isinstance(errors, dict) or not errors:
                raise SlackError("invalid_arguments", "must be an object that is not empty [json-pointer:/errors]")
            for block, words in errors.items():
                if block not in inputs:
                    raise SlackError("invalid_arguments", f"no input has this block_id [json-pointer:/errors/{block}]")
                if not isinstance(words, str) or not words.strip():
                    raise SlackError("invalid_arguments", f"must say something [json-pointer:/errors/{block}]")
        case _:
            raise SlackError("invalid_arguments", f"unknown response_action or fields: {sorted(answer)}")
