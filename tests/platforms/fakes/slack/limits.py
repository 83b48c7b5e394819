"""How large, and of what shape, a text, a message and a view may be. Faults are said as Slack says them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from .state import Json, SlackError

BLOCKS_IN_MESSAGE = 50
BLOCKS_IN_VIEW = 100
MESSAGE_TEXT = 40_000
UPDATED_TEXT = 4_000  # chat.update is stricter than chat.postMessage
MESSAGE_BLOCKS_TOTAL = 13_200  # of all blocks together, as JSON; undocumented, measured by many
VIEW_TOTAL = 250_000
METADATA_TOTAL = 16_000
SECTION_TEXT = 3_000
FIELD_TEXT = 2_000
FIELDS = 10
HEADER_TEXT = 150
MARKDOWN_TEXT = 12_000
ACTIONS = 25
CONTEXT_ELEMENTS = 10
OVERFLOW_OPTIONS = 5
OPTIONS = 100
FILES = 10  # of one input
FEW_OPTIONS = 10  # of radio buttons and check boxes
BUTTON_TEXT = 75
BUTTON_VALUE = 2_000
OPTION_TEXT = 75
OPTION_VALUE = 150
PLACEHOLDER = 150
INPUT_LABEL = 2_000
INPUT_LENGTH = 3_000
IDENTIFIER = 255
PRIVATE_METADATA = 3_000
TITLE = 24
URL = 3_000
ALT_TEXT = 2_000


class Check:
    """Collects what is wrong with a payload, each fault with a pointer to where it stands."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def fault(self, message: str, at: str) -> None:
        self.faults.append(f"{message} [json-pointer:{at}]")

    def known(self, thing: object, at: str, required: Iterable[str], optional: Iterable[str] = ()) -> bool:
        """Whether `thing` is an object; its missing, unknown and null fields are faults."""
        if not isinstance(thing, dict):
            self.fault("must be an object", at)
            return False
        required = set(required)
        for name in sorted(required - set(thing)):
            self.fault(f"missing required field: {name}", at)
        for name in sorted(set(thing) - required - set(optional) - {"type"}):
            self.fault(f"no such field: {name}", f"{at}/{name}")
        for name, value in thing.items():
            if value is None:
                self.fault("must not be null", f"{at}/{name}")
        return True

    def string(self, value: object, at: str, most: int, least: int = 1) -> bool:
        if not isinstance(value, str):
            self.fault("must be a string", at)
            return False
        if len(value) < least:
            self.fault(f"must be more than {least - 1} characters", at)
        if len(value) > most:
            self.fault(f"must be less than {most + 1} characters", at)
        return True

    def items(self, value: object, at: str, most: int, least: int = 1) -> list[object]:
        if not isinstance(value, list):
            self.fault("must be an array", at)
            return []
        if len(value) < least:
            self.fault(f"no fewer than {least} items required", at)
        if len(value) > most:
            self.fault(f"no more than {most} items allowed", at)
        return value

    def flag(self, thing: Json, name: str, at: str) -> None:
        if name in thing and not isinstance(thing[name], bool):
            self.fault("must be a boolean", f"{at}/{name}")

    def one_of(self, thing: Json, name: str, choices: Iterable[object], at: str) -> None:
        if name in thing and thing[name] not in set(choices):
            self.fault(f"must be a valid enum value: {thing[name]!r}", f"{at}/{name}")

    def text(self, thing: object, at: str, most: int, *, plain: bool = False) -> None:
        """A text object: plain_text, or mrkdwn where that is allowed."""
        if not self.known(thing, at, ("type", "text"), ("emoji", "verbatim")):
            return
        assert isinstance(thing, dict)
        kind = thing.get("type")
        if kind not in ({"plain_text"} if plain else {"plain_text", "mrkdwn"}):
            self.fault(f"unsupported type: {kind}", f"{at}/type")
        if kind == "mrkdwn" and "emoji" in thing:
            self.fault("no such field: emoji", f"{at}/emoji")
        if kind == "plain_text" and "verbatim" in thing:
            self.fault("no such field: verbatim", f"{at}/verbatim")
        self.flag(thing, "emoji", at)
        self.flag(thing, "verbatim", at)
        if "text" in thing:
            self.string(thing["text"], f"{at}/text", most)


def check_message(args: Json, *, text_limit: int = MESSAGE_TEXT, total: bool = True) -> None:
    """Refuses the text, blocks and metadata of a message that Slack would refuse."""
    from .blocks import check_blocks

    text = args.get("text") or ""
    blocks = args.get("blocks")
    if not isinstance(text, str):
        raise SlackError("invalid_arguments", "must be a string [json-pointer:/text]")
    if blocks is not None and not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format", "must be an array [json-pointer:/blocks]")
    if not text.strip() and not blocks:
        raise SlackError("no_text")
    if len(text) > text_limit:
        raise SlackError("msg_too_long", f"must be less than {text_limit + 1} characters [json-pointer:/text]")
    if blocks:
        check = Check()
        check_blocks(check, blocks, "/blocks", surface="message")
        if check.faults:
            raise SlackError("invalid_blocks", *check.faults)
        if total and len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) > MESSAGE_BLOCKS_TOTAL:
            raise SlackError("msg_blocks_too_long", "the blocks together are too long [json-pointer:/blocks]")
    if args.get("attachments"):
        raise SlackError("invalid_arguments", "attachments are not known here [json-pointer:/attachments]")
    if args.get("metadata") is not None:
        check_metadata(args["metadata"])


def check_metadata(metadata: object) -> None:
    if not isinstance(metadata, dict) or set(metadata) - {"event_type", "event_payload"}:
        raise SlackError("invalid_metadata_format", "must hold event_type and event_payload [json-pointer:/metadata]")
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(kind, str) or not kind or len(kind) > IDENTIFIER or not isinstance(payload, dict):
        raise SlackError("invalid_metadata_format", "must hold event_type and event_payload [json-pointer:/metadata]")
    for name, value in payload.items():
        if value is None or isinstance(value, dict):
            raise SlackError("invalid_metadata_schema", f"unsupported value [json-pointer:/metadata/{name}]")
    if len(json.dumps(metadata, ensure_ascii=False)) > METADATA_TOTAL:
        raise SlackError("metadata_too_large")


def check_view(view: object, *, kinds: tuple[str, ...] = ("modal",)) -> None:
    """Refuses a modal or a home tab that Slack would refuse."""
    from .blocks import check_blocks

    check = Check()
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", "must be an object [json-pointer:/view]")
    if view.get("type") not in kinds:
        raise SlackError("invalid_arguments", f"must be one of {kinds} [json-pointer:/view/type]")
    modal = view["type"] == "modal"
    fields = ["callback_id", "private_metadata", "external_id"]
    if modal:
        fields += ["submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"]
    check.known(view, "/view", ["type", "blocks", *(["title"] if modal else [])], fields)
    for name in ("title", "submit", "close"):
        if modal and name in view:
            check.text(view[name], f"/view/{name}", TITLE, plain=True)
    for name in ("callback_id", "external_id"):
        if name in view:
            check.string(view[name], f"/view/{name}", IDENTIFIER, least=0)
    if "private_metadata" in view:
        check.string(view["private_metadata"], "/view/private_metadata", PRIVATE_METADATA, least=0)
    for name in ("clear_on_close", "notify_on_close"):
        check.flag(view, name, "/view")
    blocks = check.items(view.get("blocks", []), "/view/blocks", BLOCKS_IN_VIEW, least=0)
    check_blocks(check, blocks, "/view/blocks", surface=view["type"])
    inputs = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
    if modal and inputs and "submit" not in view:
        check.fault("missing required field: submit", "/view/submit")
    if check.faults:
        raise SlackError("invalid_arguments", *check.faults)
    if len(json.dumps(view, ensure_ascii=False)) > VIEW_TOTAL:
        raise SlackError("view_too_large")
